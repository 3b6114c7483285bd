import logging

import requests

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError

_logger = logging.getLogger(__name__)


class UnansweredCharge(Exception):
    """A provider was asked to charge a card, and did not say whether it has."""


class PaymentTransactionPortalCharge(models.AbstractModel):
    """The charging of a saved card, which Odoo asks the provider for: once."""

    _name = "payment.transaction.portal.charge"
    _description = "Charge of a Saved Card on the Portal"

    portal_charge_is_uncertain = fields.Boolean(
        string="Charge uncertain",
        help="The provider was asked to charge a saved card, and its answer is not on "
        "record. Such a card is not charged again.",
        readonly=True,
    )

    def _is_portal_charge_due(self):
        """Return whether a saved card is to be charged still.

        Not after a while: who waited in vain has paid in another way.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return (
            self.state == "draft"
            and self.operation == "online_token"
            and not self.provider_reference
            and not self.portal_charge_is_uncertain
            and not self._is_portal_abandoned()
        )

    def _portal_charge(self):
        """Charge a saved card, now that the attempt is on record.

        Whatever happens to this server, the attempt is there afterwards. Stripe is
        asked again then, under the same idempotency key, which makes no second charge.
        Other providers know no such key: they are asked once, see
        `_portal_note_charge`, and where no answer came, staff find out.

        Note: `self.ensure_one()`

        :raise stripe.StripeError: If Stripe cannot be asked, or does not say whether
            it has charged the card.
        """
        self.ensure_one()
        self._portal_lock()
        balance = self.portal_move_id.portal_balance_due
        if self.currency_id.compare_amounts(self.amount, balance) > 0:
            self._portal_release()  # It was paid in another way meanwhile.
            return
        if self.provider_code != "stripe":
            self._portal_note_charge()
        try:
            self._charge_with_token()
        except UnansweredCharge:
            _logger.warning("Payment %s: no answer to a charge", self.reference)
        if self.state == "error":
            self._portal_release()  # A declined card keeps nobody out.
        if self.provider_code != "stripe":
            self._portal_note_answer()

    def _send_api_request(self, *args, **kwargs):
        """Override of `payment` because no answer to a charge is not a refusal.

        Core takes it for one: the customer would be told that nothing was charged.

        :raise UnansweredCharge: If a saved card may have been charged, or not.
        """
        try:
            return super()._send_api_request(*args, **kwargs)
        except ValidationError as error:
            if self._is_portal_charge_unanswered() and _is_undecided(error.__context__):
                raise UnansweredCharge from error
            raise

    def _portal_note_charge(self):
        """Put on record, whatever comes, that a card is about to be charged.

        Note: `self.ensure_one()`

        :raise UserError: If the provider cannot be asked, because it is disabled.
        """
        self.ensure_one()
        self._ensure_provider_is_not_disabled()
        self.portal_charge_is_uncertain = True
        self._portal_commit()
        self._portal_lock()  # Again: it ended with the database transaction.

    def _portal_note_answer(self):
        """Put on record, whatever comes of booking, what a provider has answered.

        One that has not decided yet will tell, and meanwhile it is uncertain still.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        self.portal_charge_is_uncertain = self.state == "draft"
        self._portal_commit()

    def _portal_commit(self):
        """Make what was done so far last."""
        # Money cannot be rolled back: what is known of it must not be either.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _is_portal_charge_unanswered(self):
        """Return whether nobody here knows if a saved card was charged.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return self.state == "draft" and self.portal_charge_is_uncertain

    def _portal_leave_charge_to_staff(self):
        """Have staff find out whether a saved card was charged.

        Until then nobody is asked to pay again.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        self._set_pending(state_message=False)
        self._portal_give_staff_to_do(
            self.env._(
                "Was the saved card charged? %(amount)s",
                amount=self.currency_id.format(self.amount),
            ),
            self.env._(
                "%(provider)s was asked to charge the card, and no answer came. The "
                "customer is told not to pay again. Please look for %(reference)s at "
                "%(provider)s, and say on the transaction of this name whether the "
                "card was charged.",
                provider=self.provider_id.name,
                reference=self.reference,
            ),
        )

    def action_portal_charge_was_made(self):
        """Book a payment of which staff have found out that the card was charged.

        Note: `self.ensure_one()`

        :raise UserError: If nothing is uncertain about it.
        """
        tx_sudo = self._portal_answer_charge()
        tx_sudo._set_done()
        tx_sudo._portal_book()

    def action_portal_charge_was_not_made(self):
        """Give a payment up of which staff have found out that nothing was charged.

        Note: `self.ensure_one()`

        :raise UserError: If nothing is uncertain about it.
        """
        tx_sudo = self._portal_answer_charge()
        tx_sudo._set_canceled()
        tx_sudo.portal_open_move_id = False

    def _portal_answer_charge(self):
        """Note that staff know whether the card was charged.

        Note: `self.ensure_one()`

        :return: This payment, in sudo mode.
        :rtype: payment.transaction
        :raise UserError: If nothing is uncertain about it.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "pending" or not self.portal_charge_is_uncertain:
            raise UserError(self.env._("It is known whether this card was charged."))
        # In sudo mode because booking reads what is closed to accountants.
        tx_sudo = self.sudo()
        tx_sudo.portal_charge_is_uncertain = False
        return tx_sudo


def _is_undecided(cause):
    """Return whether a failed request may have been fulfilled all the same.

    :param Exception cause: Why core gave the request up.
    :rtype: bool
    """
    if isinstance(cause, requests.HTTPError):
        return cause.response.status_code >= 500
    # Without a connection nothing was asked for.
    return isinstance(cause, requests.RequestException) and not isinstance(
        cause, requests.ConnectTimeout
    )
