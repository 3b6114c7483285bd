import logging

import stripe
from werkzeug.exceptions import BadRequest, Forbidden, ServiceUnavailable

from odoo.http import request

from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing
from odoo.addons.payment_stripe import const as stripe_const
from odoo.addons.payment_stripe import utils as stripe_utils
from odoo.addons.payment_stripe.controllers.main import StripeController

from .common import is_json_storable, is_storable, public_route, redirect_private

_logger = logging.getLogger(__name__)


def is_event(body):
    """Return whether the body of a request has the form of an event of Stripe's.

    :param body: What the JSON is.
    :rtype: bool
    """
    data = body.get("data") if isinstance(body, dict) else None
    stripe_object = data.get("object") if isinstance(data, dict) else None
    return (
        isinstance(stripe_object, dict)
        and isinstance(body.get("type"), str)
        # By which core looks for payments; a balance, for one, has no id.
        and (
            body["type"] not in stripe_const.HANDLED_WEBHOOK_EVENTS
            or isinstance(stripe_object.get("id"), str)
        )
        and isinstance(stripe_object.get("description"), str | None)
        # Any text of it may be what a payment is looked for by.
        and is_json_storable(body)
    )


class PortalStripe(StripeController):
    @public_route()
    def stripe_webhook(self):
        """Override of `payment_stripe` to follow the portal's payments.

        Who sent the event is checked before it is looked at. It then tells only that
        there is something to ask Stripe for. All else is left to core, which asks
        `_verify_signature` about what it knows and ignores what it does not.

        :raise ServiceUnavailable: If Stripe cannot be asked: it is to send again.
        :raise BadRequest: If it is no event at all.
        """
        event = self._read_event()
        signers_sudo = request.env["payment.provider"]._stripe_find_signers(
            request.httprequest.get_data(as_text=True),
            request.httprequest.headers.get("Stripe-Signature", ""),
            self.WEBHOOK_AGE_TOLERANCE,
        )
        if signers_sudo:
            if not isinstance(event.get("id"), str):
                raise BadRequest()
            attempts_sudo = signers_sudo.env["account.move.portal.attempt"]
            attempt_sudo = attempts_sudo._stripe_find_payment(
                signers_sudo._stripe_get_account_providers(), event
            )
            if attempt_sudo:
                try:
                    attempt_sudo._stripe_process_events([event])
                except stripe.StripeError as error:
                    raise ServiceUnavailable() from error
                return request.make_json_response("")
            if attempts_sudo._stripe_find_described(event):
                # Core would believe it.
                _logger.info("Event %s is about another intent", event.get("id"))
                return request.make_json_response("")
        return super().stripe_webhook()

    def _read_event(self):
        """Return the event that was sent.

        :rtype: dict
        :raise BadRequest: If it is none.
        """
        try:
            event = request.get_json_data()
        except (ValueError, RecursionError) as error:
            raise BadRequest() from error
        if not is_event(event):
            raise BadRequest()
        return event

    @public_route()
    def stripe_return(self, **data):
        """Override of `payment_stripe`: Stripe is asked about our own intent.

        Not about the one that the address names, which may be anybody's.
        """
        # In sudo mode because customers have no rights on transactions.
        tx_sudo = request.env["payment.transaction"].sudo()
        if is_storable(data.get("reference")):
            tx_sudo = tx_sudo._search_by_reference("stripe", data)
        if not tx_sudo:
            return redirect_private("/payment/status")
        attempt_sudo = tx_sudo._get_portal_attempt_sudo()
        if not attempt_sudo:
            return super().stripe_return(**data)
        secret = str(data.get("payment_intent_client_secret") or "")
        try:
            is_payer = attempt_sudo._stripe_return(secret)
        except stripe.StripeError:
            _logger.info("Payment %s could not be asked for", tx_sudo.reference)
            request.env.cr.rollback()
            is_payer = False
        if is_payer:
            # Perhaps in another browser than the one in which it was started.
            PaymentPostProcessing.monitor_transaction(tx_sudo)
            return redirect_private(tx_sudo.landing_route)
        return redirect_private("/payment/status")

    def _verify_signature(self, tx_sudo):
        """Override of `payment_stripe` to refuse what nobody signed.

        Core processes an event unverified when no signing secret is set: anyone could
        then declare an invoice paid.

        :param payment.transaction tx_sudo: The transaction, in sudo mode.
        :raise Forbidden: If no secret is set, or the signature is stale or wrong.
        """
        providers_sudo = tx_sudo.provider_id._stripe_get_account_providers()
        signers_sudo = providers_sudo._stripe_find_signers(
            request.httprequest.get_data(as_text=True),
            request.httprequest.headers.get("Stripe-Signature", ""),
            self.WEBHOOK_AGE_TOLERANCE,
        )
        if signers_sudo & providers_sudo:
            return None  # Another provider of the same account may have signed it.
        if not stripe_utils.get_webhook_secret(tx_sudo.provider_id):
            raise Forbidden()
        return super()._verify_signature(tx_sudo)
