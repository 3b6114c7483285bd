import hashlib
import logging
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from functools import lru_cache

import stripe

from odoo import api, fields, models
from odoo.tools import ormcache
from odoo.tools.urls import urljoin

from odoo.addons.payment_stripe import const as stripe_const
from odoo.addons.payment_stripe import utils as stripe_utils

from ...tools.amounts import to_decimal
from . import provider_limits

_logger = logging.getLogger(__name__)
# Below INFO the SDK logs whole requests and answers: addresses, client secrets, banks.
logging.getLogger("stripe").addFilter(lambda record: record.levelno >= logging.INFO)
STRIPE_SANDBOX_PARAMETER = "account_payment_portal.stripe_sandbox_url"
STRIPE_SDK_URL = "https://js.stripe.com/v3/"
#: What one request to Stripe may take, in seconds, and how often it is repeated when
#: the connection breaks or Stripe asks for it: with the same idempotency key.
TIMEOUT = 10
MAX_RETRIES = 2
#: What may change how a payment stands. Stripe takes up to 20 types in one question.
EVENT_TYPES = [
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refund.updated",
    "charge.refunded",
    "refund.created",
    "refund.failed",
    "refund.updated",
]
PAGE_SIZE = 100
#: What decides which ways to pay a customer has.
WAYS_TO_PAY_FIELDS = (
    *("available_country_ids", "available_currency_ids", "code", "company_id"),
    *("is_published", "maximum_amount", "payment_method_ids", "state"),
)


@lru_cache(maxsize=1)
def _get_http_client():
    """Return the client that keeps the connections to Stripe of this process.

    :rtype: stripe.RequestsClient
    """
    return stripe.RequestsClient(timeout=TIMEOUT)


class PaymentProvider(models.Model):
    """Stripe, through its own SDK, for everything that is paid on the portal.

    The calls of core's `payment_stripe` for a portal payment (customers, intents,
    refunds, saved cards) come through here as well, see
    `payment.transaction._send_api_request`. What is paid elsewhere keeps core's own
    transport, which core's tests replace by a fake.
    """

    _inherit = "payment.provider"

    stripe_events_seen_on = fields.Datetime(
        string="Events seen until",
        help="The time, by Stripe's clock, of the last event that was caught up.",
        readonly=True,
        copy=False,
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()  # See `_get_portal_ways_to_pay`.
        return super().create(vals_list)

    def write(self, vals):
        """Override of `payment` to have new keys tried at once."""
        if not vals.keys().isdisjoint(WAYS_TO_PAY_FIELDS):
            self.env.registry.clear_cache()
        result = super().write(vals)
        if "stripe_secret_key" in vals:
            # Whether the new keys see what is under way is not to wait.
            self._find_portal_open_attempts_sudo().asked_on = False
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    # === BUSINESS METHODS === #

    def _find_portal_open_attempts_sudo(self):
        """Return the attempts under way with these providers.

        :return: The attempts in sudo mode: whoever sets providers up need not see them.
        :rtype: account.move.portal.attempt
        """
        return (
            self.env["account.move.portal.attempt"]
            .sudo()
            .search(
                [
                    ("is_open", "=", True),
                    ("transaction_id.provider_id", "in", self.ids),
                ]
            )
        )

    @api.model
    def _find_portal_options(self, company, payer, currency, amount=0.0):
        """Return the providers and methods with which a customer can pay an amount.

        What core finds, whoever asks: staff look at what their customer is offered, so
        that a provider that is not published counts for nobody. And a provider without
        a method for this customer offers nothing.

        :param res.company company: The company that is paid.
        :param res.partner payer: The customer.
        :param res.currency currency: The currency.
        :param float amount: The amount; zero for any.
        :return: Both in sudo mode.
        :rtype: tuple[payment.provider, payment.method]
        """
        # In sudo mode because providers are closed to customers. Limits in another
        # currency are converted on the company's day.
        provider_sudo = self.sudo().with_context(tz=company._get_portal_timezone())
        providers_sudo = provider_sudo._get_compatible_providers(
            company.id, payer.id, amount, currency_id=currency.id
        ).filtered("is_published")
        methods_sudo = provider_sudo.env[
            "payment.method"
        ]._get_compatible_payment_methods(
            providers_sudo.ids, payer.id, currency_id=currency.id
        )
        providers_sudo &= methods_sudo.provider_ids
        if amount:
            exact = to_decimal(amount, currency.decimal_places)
            providers_sudo = providers_sudo.filtered(
                lambda provider: (
                    (limits := provider._get_portal_provider_limits(company, currency))
                    and limits.takes(exact)
                )
            )
            methods_sudo = methods_sudo.filtered(
                lambda method: method.provider_ids & providers_sudo
            )
        return providers_sudo, methods_sudo

    @api.model
    @ormcache("company.id", "payer.country_id.id", "currency.id")
    def _get_portal_ways_to_pay(self, company, payer, currency):
        """Return the ways to pay that a customer has, whatever the amount is.

        Cached because each page and each email asks for them. The key is what core
        decides by.

        :param res.company company: The company that is paid.
        :param res.partner payer: The customer.
        :param res.currency currency: The currency.
        :return: The id, the code and the maximum, in the company's currency, of each
            provider; the id of each method. Both in core's order.
        :rtype: tuple[tuple[tuple[int, str, float]], tuple[int]]
        """
        providers_sudo, methods_sudo = self._find_portal_options(
            company, payer, currency
        )
        return (
            tuple(
                (provider.id, provider.code, provider.maximum_amount)
                for provider in providers_sudo
            ),
            methods_sudo._ids,
        )

    @api.model
    def _get_portal_options(self, company, payer, currency, amount):
        """Return the same as `_find_portal_options`, from what is cached, to be shown.

        A payment that starts looks anew.

        :param res.company company: The company that is paid.
        :param res.partner payer: The customer.
        :param res.currency currency: The currency.
        :param float amount: The amount.
        :return: Both in sudo mode.
        :rtype: tuple[payment.provider, payment.method]
        """
        providers, method_ids = self._get_portal_ways_to_pay(company, payer, currency)
        exact = to_decimal(amount, currency.decimal_places)
        provider_ids = [
            provider_id
            for provider_id, code, maximum in providers
            if (limits := self._compute_portal_limits(code, maximum, company, currency))
            and limits.takes(exact)
        ]
        # In sudo mode because providers are closed to customers.
        providers_sudo = self.sudo().browse(provider_ids)
        methods_sudo = providers_sudo.env["payment.method"].browse(method_ids)
        return providers_sudo, methods_sudo.filtered(
            lambda method: method.provider_ids & providers_sudo
        )

    @api.model
    def _get_portal_limits(self, company, payer, currency):
        """Return what each way to pay that a customer has takes at a time.

        :param res.company company: The company that is paid.
        :param res.partner payer: The customer.
        :param res.currency currency: The currency.
        :rtype: list[provider_limits.Limits]
        """
        providers, _method_ids = self._get_portal_ways_to_pay(company, payer, currency)
        found = (
            self._compute_portal_limits(code, maximum, company, currency)
            for code, maximum in {provider[1:] for provider in providers}
        )
        return [limits for limits in found if limits]

    def _get_portal_provider_limits(self, company, currency):
        """Return what this provider takes at a time.

        :param res.company company: Who is paid.
        :param res.currency currency: The currency of the payment.
        :return: The limits; None if it does not take the currency.
        :rtype: provider_limits.Limits | None
        """
        self.ensure_one()
        return self._compute_portal_limits(
            self.code, self.maximum_amount, company, currency
        )

    @api.model
    def _compute_portal_limits(self, code, maximum_amount, company, currency):
        """Return the narrower of what a provider documents and what staff have set.

        :param str code: The provider's code.
        :param float maximum_amount: The maximum that staff have set, in the company's
            currency, as core compares it; zero for none.
        :param res.company company: Who is paid.
        :param res.currency currency: The currency of the payment.
        :rtype: provider_limits.Limits | None
        """
        unit = Decimal(str(currency.rounding))
        limits = provider_limits.get_limits(code, currency.name, unit)
        if not limits or not maximum_amount:
            return limits
        main, when = company.currency_id, (company, company._get_portal_day())

        def convert(maximum):
            most = main._convert(maximum, currency, *when)
            exact = to_decimal(most, currency.decimal_places)
            return exact // limits.unit * limits.unit

        most = convert(maximum_amount)
        # Core converts the amount, not the limit: what is rounded up there is too much.
        converted = currency._convert(float(most), main, *when)
        if currency.compare_amounts(maximum_amount, converted) < 0:
            most = convert(maximum_amount - main.rounding)
        return replace(limits, maximum=min(limits.maximum, most))

    # === BUSINESS METHODS - STRIPE: REQUESTS === #

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

    @api.model
    def _stripe_get_policy_sources(self):
        """Return what Stripe.js needs a Content-Security-Policy to let in.

        Source: https://docs.stripe.com/security/guide#content-security-policy. The
        styles: the script may set attributes, which no nonce can allow.

        :return: The sources, by directive.
        :rtype: dict[str, str]
        """
        if sandbox_url := self._stripe_get_sandbox_url().rstrip("/"):
            script = frame = connect = image = sandbox_url
        else:
            script = "https://js.stripe.com https://*.js.stripe.com"
            frame = f"{script} https://hooks.stripe.com https://*.link.com"
            connect = "https://api.stripe.com https://*.link.com https://link.com"
            image = "https://*.stripe.com https://*.link.com"
        return {
            "script-src": script,
            "frame-src": frame,
            "connect-src": connect,
            "img-src": image,
            "style-src-attr": "'unsafe-inline'",
        }

    def _build_request_url(self, endpoint, *, is_proxy_request=False, **kwargs):
        """Override of `payment` to let a sandbox stand in for Stripe."""
        url = super()._build_request_url(
            endpoint, is_proxy_request=is_proxy_request, **kwargs
        )
        if self.code != "stripe" or is_proxy_request:
            return url
        sandbox_url = self._stripe_get_sandbox_url()
        return urljoin(sandbox_url, f"/v1/{endpoint}") if sandbox_url else url

    def _send_api_request(self, method, endpoint, *, data=None, **kwargs):
        """Override of `payment` to have the webhook told of disputes as well."""
        if self.code == "stripe" and endpoint == "webhook_endpoints" and data:
            events = {*data["enabled_events[]"], *EVENT_TYPES}
            data = {**data, "enabled_events[]": sorted(events)}
        return super()._send_api_request(method, endpoint, data=data, **kwargs)

    def _stripe_get_client(self):
        """Return a client of Stripe's API in the version whose objects core reads.

        :rtype: stripe.StripeClient
        """
        self.ensure_one()
        sandbox_url = self._stripe_get_sandbox_url()
        return stripe.StripeClient(
            stripe_utils.get_secret_key(self) or "",
            stripe_version=stripe_const.API_VERSION,
            max_network_retries=MAX_RETRIES,
            http_client=_get_http_client(),
            base_addresses={"api": sandbox_url.rstrip("/")} if sandbox_url else {},
        )

    def _stripe_request(self, method, endpoint, params=None, idempotency_key=None):
        """Send a request to Stripe.

        Nothing of its body is logged: it may hold secrets and addresses.

        :param str method: The HTTP method.
        :param str endpoint: The path below `/v1/`.
        :param dict params: The parameters.
        :param str idempotency_key: For a POST: repeats with this key change nothing.
        :return: The object that Stripe answers with.
        :rtype: dict
        :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
        """
        options = {}
        if method == "POST" and idempotency_key:
            options["idempotency_key"] = idempotency_key
        try:
            response = self._stripe_get_client().raw_request(
                method.lower(), f"/v1/{endpoint}", **(params or {}), **options
            )
        except stripe.StripeError as error:
            _logger.info(
                "Stripe: %s %s failed: %s %s (request %s)",
                method,
                endpoint,
                type(error).__name__,
                error.code or "",
                error.request_id,
            )
            raise
        _logger.info(
            "Stripe: %s %s done (request %s)", method, endpoint, response.request_id
        )
        return response.data

    def _stripe_request_for(self, reference, method, endpoint, params):
        """Send a request for a transaction.

        The idempotency key is made of the payment's reference and all that is asked
        for: the same request, run again after a rollback, gets the same answer from
        Stripe; and another one cannot collide with it.

        :param str reference: The reference of the transaction.
        :param str method: The HTTP method.
        :param str endpoint: The path below `/v1/`.
        :param dict params: The parameters.
        :return: The object that Stripe answers with.
        :rtype: dict
        :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
        """
        # In sudo mode to read the identity of this database.
        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        asked = repr((database, reference, endpoint, sorted((params or {}).items())))
        return self._stripe_request(
            method,
            endpoint,
            params,
            idempotency_key=hashlib.sha256(asked.encode()).hexdigest(),
        )

    # === BUSINESS METHODS - STRIPE: WEBHOOK === #

    @api.model
    def _stripe_find_signers(self, payload, header, tolerance):
        """Return the providers whose secret a webhook delivery is signed with.

        Several may share one: of a company and its branch, or of a copied database.

        :param str payload: The body of the request.
        :param str header: The header `Stripe-Signature`.
        :param int tolerance: How old a signature may be, in seconds.
        :return: The providers, in sudo mode; empty if nobody signed it.
        :rtype: payment.provider
        """
        if not header.isascii():
            return self.sudo().browse()  # No signature: the SDK cannot compare it.
        # In sudo mode to read the secrets.
        providers_sudo = self.sudo().search(
            [("code", "=", "stripe"), ("stripe_webhook_secret", "!=", False)]
        )
        signers_sudo = providers_sudo.browse()
        for provider_sudo in providers_sudo:
            try:
                stripe.WebhookSignature.verify_header(
                    payload,
                    header,
                    stripe_utils.get_webhook_secret(provider_sudo),
                    tolerance,
                )
            except stripe.SignatureVerificationError:
                continue
            signers_sudo += provider_sudo
        return signers_sudo

    def _stripe_get_account_providers(self):
        """Return the providers that share an account at Stripe with these.

        :return: These, and those with a key of theirs, in sudo mode.
        :rtype: payment.provider
        """
        # In sudo mode to read the keys.
        providers_sudo = self.sudo()
        keys = set(
            providers_sudo.mapped("stripe_secret_key")
            + providers_sudo.mapped("stripe_publishable_key")
        ) - {False}
        return providers_sudo.search([("code", "=", "stripe")]).filtered(
            lambda one: (
                one in providers_sudo
                or one.stripe_secret_key in keys
                or one.stripe_publishable_key in keys
            )
        )

    # === BUSINESS METHODS - STRIPE: EVENTS === #

    def _stripe_list_events(self, since):
        """Return the events since a moment.

        :param datetime since: The moment, in UTC.
        :return: The events, newest first.
        :rtype: list[dict]
        :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
        """
        params = {
            "types": EVENT_TYPES,
            "created": {"gte": int(since.replace(tzinfo=UTC).timestamp())},
            "limit": PAGE_SIZE,
        }
        events = []
        while True:
            page = self._stripe_request("GET", "events", params)
            events += page["data"]
            if not page["has_more"]:
                return events
            params["starting_after"] = events[-1]["id"]
