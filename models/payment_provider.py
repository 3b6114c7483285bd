from odoo import api, models
from odoo.tools.urls import urljoin

STRIPE_SANDBOX_PARAMETER = "account_payment_portal.stripe_sandbox_url"
STRIPE_SDK_URL = "https://js.stripe.com/v3/"


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    @api.model
    def _stripe_get_sandbox_url(self):
        """Return the base address of a stand-in for Stripe, if one is configured.

        Only the system administrator can set it, and an instance in production leaves
        it empty: it decides to whom the secret key is sent.

        :rtype: str
        """
        # In sudo mode because system parameters are closed to customers.
        return (
            self.env["ir.config_parameter"].sudo().get_param(STRIPE_SANDBOX_PARAMETER)
            or ""
        )

    @api.model
    def _stripe_get_sdk_url(self):
        """Return the address of Stripe.js, for the payment screen.

        :rtype: str
        """
        sandbox_url = self._stripe_get_sandbox_url()
        return urljoin(sandbox_url, "/v3/") if sandbox_url else STRIPE_SDK_URL

    def _build_request_url(self, endpoint, *, is_proxy_request=False, **kwargs):
        """Override of `payment` to let a sandbox stand in for Stripe."""
        url = super()._build_request_url(
            endpoint, is_proxy_request=is_proxy_request, **kwargs
        )
        if self.code != "stripe" or is_proxy_request:
            return url
        sandbox_url = self._stripe_get_sandbox_url()
        return urljoin(sandbox_url, f"/v1/{endpoint}") if sandbox_url else url
