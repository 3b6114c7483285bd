import stripe

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.payment_stripe.controllers.main import StripeController

#: States of our transactions by Stripe's states of a refund.
REFUND_STATES = {
    "pending": "pending",
    "succeeded": "done",
    "failed": "error",
    "canceled": "cancel",
}
#: Answers that leave open whether the request was fulfilled.
UNDECIDED = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.IdempotencyError,
    stripe.RateLimitError,
)


class PaymentTransactionStripe(models.AbstractModel):
    """A portal payment's intent at Stripe: found, asked for, followed, given up.

    An event never tells the state of a payment: it tells that there is something to
    ask for. So events may be lost, repeated, late and in any order.
    """

    _name = "payment.transaction.stripe"
    _description = "Stripe's Part of a Portal Payment"

    @api.model
    def _stripe_find_payment(self, provider, event):
        """Return the portal payment that an event of Stripe is about.

        :param payment.provider provider: Whose event it is.
        :param dict event: The event.
        :return: The payment; empty if it is not one of the portal's.
        :rtype: payment.transaction
        """
        about = event["data"]["object"]
        is_intent = about["object"] == "payment_intent"
        intent_ref = about["id"] if is_intent else about.get("payment_intent")
        if not intent_ref:
            return self.browse()
        domain = Domain(
            [
                ("provider_id", "=", provider.id),
                ("portal_move_id", "!=", False),
                ("operation", "!=", "refund"),
            ]
        )
        if tx := self.search(domain & Domain("provider_reference", "=", intent_ref)):
            return tx
        if not is_intent:
            return tx
        # The charge was made, and the server stopped before it could note the intent.
        tx = self.search(
            domain
            & Domain("reference", "=", about.get("description"))
            & Domain("provider_reference", "=", False)
        )
        tx.provider_reference = intent_ref
        return tx

    def _is_known_to_stripe(self):
        """Return whether this is a payment that Stripe can be asked for.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return self.provider_code == "stripe" and bool(self.provider_reference)

    def _stripe_find_intent(self):
        """Return whether this payment has an intent at Stripe.

        A saved card is charged in the same request that makes the intent: when its
        answer is lost, only Stripe knows.

        Note: `self.ensure_one()`

        :rtype: bool
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        if not self.provider_reference and self.token_id:
            intents = self.provider_id._stripe_request(
                "GET",
                "payment_intents",
                {"customer": self.token_id.provider_ref, "limit": 100},
            )["data"]
            self.provider_reference = next(
                (
                    intent["id"]
                    for intent in intents
                    if intent["description"] == self.reference
                ),
                False,
            )
        return bool(self.provider_reference)

    def _stripe_take_events(self, events):
        """Act on events of this payment that were not acted on before.

        Note: `self.ensure_one()`

        :param list[dict] events: The events.
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        self._portal_lock()
        recorder = self.env["payment.provider.event"]
        if any([recorder._record(self, event) for event in events]):
            self._stripe_refresh()

    def _stripe_get_refusal(self, error):
        """Return what core's payment flow expects to be raised when Stripe refuses.

        :param stripe.StripeError error: What the SDK raised.
        :rtype: ValidationError
        """
        if isinstance(error, stripe.CardError):
            message = error.user_message  # Written for the holder of the card.
        elif isinstance(error, stripe.APIConnectionError):
            message = self.env._(
                "Could not establish the connection to the payment provider."
            )
        else:
            message = self.env._(
                "The payment provider rejected the request.\n%(reason)s",
                reason=error.user_message or "",
            )
        return ValidationError(message)

    def _stripe_refresh(self):
        """Ask Stripe how this payment stands, and follow.

        Note: `self.ensure_one()`

        :return: The intent.
        :rtype: dict
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        intent = self.provider_id._stripe_request(
            "GET",
            f"payment_intents/{self.provider_reference}",
            {"expand": ["payment_method"]},
        )
        self._stripe_follow(intent)
        return intent

    def _stripe_follow(self, intent):
        """Bring this payment to the state of its intent.

        Note: `self.ensure_one()`

        :param dict intent: The intent as Stripe has it now.
        """
        self.ensure_one()
        self._portal_lock()
        if self._stripe_is_news(intent):
            before, data = self.state, {"reference": self.reference}
            StripeController._include_payment_intent_in_payment_data(intent, data)
            self._process("stripe", data)
            self._portal_tell_of_failure(before)
        if self._is_portal_held() and _is_refunded(intent):
            self._portal_drop_mismatch()
        self._stripe_follow_verification(intent)
        if intent["status"] == "canceled":
            self.portal_open_move_id = False
        self._portal_book()
        if self.is_post_processed and self.state == "done":
            self._stripe_follow_money_back(intent)

    def _stripe_is_news(self, intent):
        """Return whether core has to hear how the intent stands.

        Note: `self.ensure_one()`

        :param dict intent: The intent.
        :rtype: bool
        """
        if intent["status"] == "requires_payment_method":
            # Without an error the customer has not confirmed yet; core would take it
            # for a failure.
            return self.state in ("draft", "pending") and intent["last_payment_error"]
        if intent["status"] == "canceled":
            return self.state in ("draft", "pending", "authorized")
        return self.state != "done"

    def _stripe_follow_verification(self, intent):
        """Note whether the customer has a bank account to verify.

        Source: https://docs.stripe.com/payments/ach-direct-debit, micro-deposits.

        Note: `self.ensure_one()`

        :param dict intent: The intent.
        """
        action = intent["next_action"] or {}
        details = action.get("verify_with_microdeposits") or {}
        url = details.get("hosted_verification_url") or False
        if url == self.portal_verification_url:
            return
        self.portal_verification_url = url
        if url:
            self._set_pending(state_message=False)
            self._portal_mail("account_payment_portal.mail_template_portal_verify")

    def _stripe_release(self):
        """See to it, at Stripe, that nothing can come of this attempt any more.

        Note: `self.ensure_one()`

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        try:
            intent = self.provider_id._stripe_request(
                "POST",
                f"payment_intents/{self.provider_reference}/cancel",
                {"cancellation_reason": "abandoned", "expand": ["payment_method"]},
            )
        except stripe.InvalidRequestError:
            # It is beyond that: paid, being processed, or cancelled before.
            self._stripe_refresh()
        else:
            self._stripe_follow(intent)

    def _stripe_capture(self):
        """Take, as a whole, the money that the customer's bank has reserved.

        Note: `self.ensure_one()`

        :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
        """
        self.ensure_one()
        self._portal_lock()
        try:
            self.provider_id._stripe_request(
                "POST", f"payment_intents/{self.provider_reference}/capture"
            )
        except stripe.InvalidRequestError:
            # It may be beyond that: captured at Stripe, cancelled, or expired.
            self._stripe_refresh()
            if self.state == "authorized":
                raise
        else:
            self._stripe_refresh()

    # === BUSINESS METHODS - REFUNDS AND DISPUTES === #

    def _stripe_follow_money_back(self, intent):
        """Follow what was given or taken back of a finished payment.

        Note: `self.ensure_one()`

        :param dict intent: The intent, in an API version that lists its charges.
        """
        charges = intent["charges"]["data"]
        about = {"payment_intent": intent["id"], "limit": 100}
        is_refunded = any(charge["amount_refunded"] for charge in charges)
        if is_refunded or self.child_transaction_ids:  # One may have come back.
            self._stripe_follow_refunds(
                self.provider_id._stripe_request("GET", "refunds", about)["data"]
            )
        if any(charge["disputed"] for charge in charges):
            disputes = self.provider_id._stripe_request("GET", "disputes", about)
            self._portal_follow_disputes(disputes["data"])

    def _stripe_follow_refunds(self, refunds):
        """Follow the refunds of this payment, wherever they were made.

        Note: `self.ensure_one()`

        :param list[dict] refunds: Stripe's refunds, newest first.
        """
        known = {tx.provider_reference: tx for tx in self.child_transaction_ids}
        for refund in reversed(refunds):
            tx = known.get(refund["id"])
            if not tx:
                tx = StripeController._create_refund_tx_from_refund(self, refund)
            if REFUND_STATES.get(refund["status"], "draft") == tx.state:
                continue
            data = {}
            StripeController._include_refund_in_payment_data(refund, data)
            tx._process("stripe", data)
            tx._portal_book()
            if tx.state == "error" and tx.payment_id:
                # The money came back to us after the refund was booked.
                tx._portal_take_back(self.env._("The refund came back."))


def _is_refunded(intent):
    """Return whether all that an intent took was given back.

    :param dict intent: The intent, in an API version that lists its charges.
    :rtype: bool
    """
    return any(charge["refunded"] for charge in intent["charges"]["data"])
