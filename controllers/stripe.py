from werkzeug.exceptions import Forbidden

from odoo.addons.payment_stripe import utils as stripe_utils
from odoo.addons.payment_stripe.controllers.main import StripeController


class StripeWebhook(StripeController):
    def _verify_signature(self, tx_sudo):
        """Override of `payment_stripe` to refuse what nobody signed.

        Core processes an event unverified when no signing secret is set: anyone could
        then declare an invoice paid.

        :param payment.transaction tx_sudo: The transaction, in sudo mode.
        :raise Forbidden: If no secret is set, or the signature is stale or wrong.
        """
        if not stripe_utils.get_webhook_secret(tx_sudo.provider_id):
            raise Forbidden()
        return super()._verify_signature(tx_sudo)
