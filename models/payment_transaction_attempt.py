from datetime import timedelta

import stripe

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .account_move_payment import PROMISES

#: How long a started attempt keeps others out while nothing comes of it. Twice what
#: 3-D Secure takes at most.
ATTEMPT_MINUTES = 15


class PaymentTransactionPortalAttempt(models.AbstractModel):
    """A payment under way: it keeps others out until it is over, or given up."""

    _name = "payment.transaction.portal.attempt"
    _description = "Attempt to Pay on the Portal"

    def _portal_begin(self):
        """Put a new payment on record as the one that is under way on its invoice.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        values = {}
        if self.provider_code not in PROMISES:
            values["portal_open_move_id"] = self.portal_move_id.id
        if self.payment_method_code == "ach_direct_debit":
            values["portal_authorization"] = (
                self.portal_move_id._get_portal_authorization(
                    self.currency_id.format(self.amount)
                )
            )
        self.write(values)
        self.env.flush_all()  # Before the provider is asked for anything.

    def _portal_hurry(self):
        """Find out how this payment stands, now that the customer waits for it.

        Note: `self.ensure_one()`

        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        if self._is_portal_charge_due():
            self._portal_charge()
        elif self.state == "draft" and self._is_known_to_stripe():
            self._stripe_refresh()
        self._portal_book()

    def _is_portal_abandoned(self):
        """Return whether an attempt was started long ago and nothing came of it.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return (
            self.state in ("draft", "error")
            and self.create_date < self._get_portal_attempt_limit()
            and not self._is_portal_charge_unanswered()
        )

    @api.model
    def _get_portal_attempt_limit(self):
        """Return since when an attempt must have been started to keep others out.

        :rtype: datetime
        """
        return fields.Datetime.now() - timedelta(minutes=ATTEMPT_MINUTES)

    @api.model
    def _portal_find_core_attempt(self, move):
        """Return the last payment of an invoice under way on core's own pages.

        What comes of it cannot be asked for: core keeps no reference of a draft.

        :param account.move move: The invoice.
        :return: The payment; empty if there is none.
        :rtype: payment.transaction
        """
        return self.search(
            [
                ("invoice_ids", "in", move.ids),
                ("portal_move_id", "=", False),
                ("state", "=", "draft"),
                ("operation", "not in", ["refund", "validation"]),
                ("provider_id.code", "not in", PROMISES),
                ("create_date", ">=", self._get_portal_attempt_limit()),
            ],
            order="id desc",
            limit=1,
        )

    def _portal_release(self):
        """Give an attempt up, so that nothing can come of it any more.

        Afterwards the attempt is open still if that was not possible.

        Note: `self.ensure_one()`

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        self._portal_lock()
        if self.provider_code == "stripe" and self._stripe_find_intent():
            return self._stripe_release()
        if self.state == "draft":
            self._set_canceled()
        if self.state in ("cancel", "error"):
            self.portal_open_move_id = False

    def _portal_make_way(self, link, form_key, restart=False):
        """Give this attempt up for another one, or refuse.

        Note: `self.ensure_one()`

        :param account.move.portal.link link: Through which the other one is started.
        :param str form_key: The copy of the screen in which it is started.
        :param bool restart: Whether the customer asks to start over.
        :raise ValidationError: If this attempt has to be waited for.
        """
        self.ensure_one()
        try:
            if self._is_known_to_stripe():
                self._stripe_refresh()  # It may have failed, or succeeded, meanwhile.
            if self._portal_may_make_way(link, form_key, restart):
                self._portal_release()
        except stripe.StripeError as error:
            raise self._get_portal_unreachable_error() from error
        if self.portal_open_move_id:
            raise ValidationError(self._get_portal_progress_message())

    def _portal_may_make_way(self, link, form_key, restart):
        """Return whether this attempt may be given up for another one.

        Note: `self.ensure_one()`

        :param account.move.portal.link link: Through which the other one is started.
        :param str form_key: The copy of the screen in which it is started.
        :param bool restart: Whether the customer asks to start over.
        :rtype: bool
        """
        self.ensure_one()
        if self.state in ("error", "cancel") or self._is_portal_abandoned():
            return True
        if not self._is_portal_restartable(link):
            return False
        return restart or (self.state == "draft" and self.portal_form_key == form_key)

    def _is_portal_restartable(self, link):
        """Return whether who holds a link may call this attempt off.

        Note: `self.ensure_one()`

        :param account.move.portal.link link: The link.
        :rtype: bool
        """
        self.ensure_one()
        if self._is_portal_charge_unanswered():
            return False
        return self.portal_link_id == link and (
            self.state == "draft"
            or (self.state == "pending" and bool(self.portal_verification_url))
        )

    def _is_portal_repeated(self, form_key, values):
        """Return whether starting a payment is but a repetition of this attempt.

        Note: `self.ensure_one()`

        :param str form_key: The copy of the screen in which it is started.
        :param dict values: What identifies it: the method, the amount, the billing,
            the link.
        :rtype: bool
        """
        self.ensure_one()
        method = self.token_id or self.payment_method_id
        return (
            self.state == "draft"
            and self.operation in ("online_direct", "online_token")
            and self.portal_form_key == form_key
            and self.portal_link_id.id == values["portal_link_id"]
            and self.provider_id.id == values["provider_id"]
            and method.id == (values["token_id"] or values["payment_method_id"])
            and bool(self.token_id) == bool(values["token_id"])
            and self.currency_id.compare_amounts(self.amount, values["amount"]) == 0
            and self.portal_billing == values["portal_billing"]
        )

    def _get_portal_repeated_values(self, form_key, values):
        """Return what the form needs to go on with this attempt, if it repeats it.

        Note: `self.ensure_one()`

        :param str form_key: The copy of the screen in which it is started.
        :param dict values: What identifies it: the method, the amount, the billing.
        :return: The processing values; nothing if it is another attempt, or if this
            one has failed meanwhile.
        :rtype: dict | None
        :raise ValidationError: If Stripe cannot be asked.
        """
        self.ensure_one()
        if not self._is_portal_repeated(form_key, values):
            return None
        try:
            processing_values = self._get_processing_values()
        except stripe.StripeError as error:
            raise self._get_portal_unreachable_error() from error
        return None if self.state in ("error", "cancel") else processing_values

    def _get_portal_unreachable_error(self):
        """Return what to raise when Stripe cannot be asked.

        :rtype: ValidationError
        """
        return ValidationError(
            self.env._(
                "The payment service cannot be reached, so nothing was charged. "
                "Please try again in a minute."
            )
        )

    def _get_portal_progress_message(self):
        """Return why no other payment can be started now, in words for customers.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        amount = self.currency_id.format(self.amount)
        since = fields.Datetime.now() - self.create_date
        minutes = max(0, int(since.total_seconds() // 60))
        if self.state == "draft" and not self.portal_move_id:
            return self.env._(
                "A payment of %(amount)s was started elsewhere %(minutes)s minutes ago "
                "and is not finished. Please finish it where you started it, or wait "
                "%(wait)s minutes and try again.",
                amount=amount,
                minutes=minutes,
                wait=max(ATTEMPT_MINUTES - minutes, 1),
            )
        if self.state == "draft" and not self.portal_charge_is_uncertain:
            return self.env._(
                "A payment of %(amount)s was started %(minutes)s minutes ago and is "
                "not finished. Please finish it where you started it, or wait a few "
                "minutes and try again.",
                amount=amount,
                minutes=minutes,
            )
        if self.portal_verification_url:
            return self.env._(
                "A bank payment of %(amount)s waits for the verification of the bank "
                "account.",
                amount=amount,
            )
        return self.env._(
            "A payment of %(amount)s is being processed already. Please do not pay "
            "again.",
            amount=amount,
        )
