import stripe

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import float_round

#: Stripe's states of an intent that has taken money, or is about to.
TAKING = ("processing", "requires_capture", "succeeded")


class PaymentTransactionPortalMismatch(models.AbstractModel):
    """A payment whose provider tells of another amount than was asked for.

    Core takes it for a failure, and for a success when it hears of it again. Here it is
    neither: money was taken, so nobody is asked to pay again, and a person decides.
    """

    _name = "payment.transaction.portal.mismatch"
    _description = "Portal Payment of Another Amount"

    def _process(self, provider_code, payment_data):
        """Override of `payment` to leave to staff what differs in its amount."""
        if not self:
            tx = self._search_by_reference(provider_code, payment_data)
            return tx and tx._process(provider_code, payment_data)
        if self._may_portal_have_taken(payment_data):
            taken = self._extract_amount_data(payment_data) or {}
            if taken.get("amount") and self._is_portal_mismatch(taken):
                self._portal_hold(taken)
                return self
        return super()._process(provider_code, payment_data)

    def _may_portal_have_taken(self, payment_data):
        """Return whether the provider tells of money that was taken on the portal.

        Note: `self.ensure_one()`

        :param dict payment_data: What the provider tells.
        :rtype: bool
        """
        self.ensure_one()
        if not self.portal_move_id or self.operation == "refund":
            return False
        intent = payment_data.get("payment_intent")
        return not intent or intent["status"] in TAKING

    def _is_portal_mismatch(self, taken):
        """Return whether an amount is not the one that was asked for.

        Note: `self.ensure_one()`

        :param dict taken: As `_extract_amount_data` returns it.
        :rtype: bool
        """
        self.ensure_one()
        asked = self.amount
        if taken.get("precision_digits") is not None:
            # As core does: providers may know fewer decimals of a currency.
            asked = float_round(
                asked, taken["precision_digits"], rounding_method="DOWN"
            )
        return (
            taken["currency_code"] != self.currency_id.name
            or self.currency_id.compare_amounts(taken["amount"], asked) != 0
        )

    def _portal_hold(self, taken):
        """Keep others from paying until staff have looked at it, and tell them, once.

        Note: `self.ensure_one()`

        :param dict taken: As `_extract_amount_data` returns it.
        """
        self.ensure_one()
        if self.portal_is_mismatched or self.state == "done":
            return
        is_comparable = taken["currency_code"] == self.currency_id.name
        self._set_pending(
            state_message=False, extra_allowed_states=("authorized", "cancel")
        )
        self.write(
            {
                "portal_is_mismatched": True,
                "portal_mismatched_amount": is_comparable and taken["amount"],
            }
        )
        self._portal_give_staff_to_do(
            self.env._(
                "Payment of another amount: %(taken)s %(currency)s",
                taken=taken["amount"],
                currency=taken["currency_code"],
            ),
            self.env._(
                "%(amount)s were asked for. The customer has been told not to pay "
                "again. Book what was taken from the transaction %(reference)s, or "
                "refund it at the payment provider: then the invoice can be paid "
                "again.",
                amount=self.currency_id.format(self.amount),
                reference=self.reference,
            ),
        )

    def _is_portal_held(self):
        """Return whether this payment waits for staff because of its amount.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return self.portal_is_mismatched and self.state == "pending"

    def action_book_portal_mismatch(self):
        """Take what the provider took for what was asked for, and book it.

        Note: `self.ensure_one()`

        :raise UserError: If the amount is right, or in another currency, or if Stripe
            cannot be asked.
        """
        self.ensure_one()
        self.check_access("write")
        if not self._is_portal_held() or not self.portal_mismatched_amount:
            raise UserError(self.env._("There is no other amount that can be booked."))
        # In sudo mode because the provider's keys are closed to accountants.
        tx_sudo = self.sudo()
        tx_sudo.write(
            {"amount": self.portal_mismatched_amount, "portal_is_mismatched": False}
        )
        if not tx_sudo._is_known_to_stripe():
            tx_sudo._set_done()
            tx_sudo._portal_book()
            return
        try:
            tx_sudo._stripe_refresh()
        except stripe.StripeError as error:
            raise UserError(
                self.env._("Stripe cannot be reached. Please try again in a minute.")
            ) from error

    def _portal_drop_mismatch(self):
        """Give a payment up whose other amount was given back to the customer.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        self._set_canceled()
        self.portal_open_move_id = False
