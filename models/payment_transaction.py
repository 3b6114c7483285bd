import logging

import psycopg2
import stripe

from odoo import api, fields, models
from odoo.exceptions import UserError

from .account_move_payment import PROMISES
from .payment_transaction_stripe import UNDECIDED

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """A payment made on the portal: at most one per invoice may be under way."""

    _name = "payment.transaction"
    _inherit = [
        "payment.transaction.portal.charge",
        "payment.transaction.portal.mismatch",
        "payment.transaction.portal.notify",
        "payment.transaction",
        "payment.transaction.portal.attempt",
        "payment.transaction.portal.billing",
        "payment.transaction.portal.catch.up",
        "payment.transaction.portal.mail",
        "payment.transaction.portal.reversal",
        "payment.transaction.stripe",
    ]

    portal_link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        string="Portal link",
        help="The link through which the customer started this payment.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    portal_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Paid on the portal",
        help="The invoice on whose portal page this payment was started.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    portal_open_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Open attempt on",
        help="Set as long as this attempt may still take money: from its start until "
        "it is booked, or until the provider has ruled it out. An invoice has one.",
        readonly=True,
        ondelete="set null",
    )
    portal_form_key = fields.Char(
        help="The copy of the payment screen in which this payment was started.",
        readonly=True,
    )
    portal_verification_url = fields.Char(
        string="Bank account verification",
        help="Where the customer confirms the amounts that Stripe sent to the bank.",
        readonly=True,
    )
    portal_authorization = fields.Text(
        string="Debit authorization",
        help="What the customer authorized, word by word, as NACHA asks for.",
        readonly=True,
    )

    portal_is_mismatched = fields.Boolean(
        string="Amount differs",
        help="The provider took another amount than was asked for.",
        readonly=True,
    )
    portal_mismatched_amount = fields.Monetary(
        string="Amount taken",
        help="What the provider took. Nothing if it was in another currency.",
        readonly=True,
    )

    # Decided by the database: whoever looked before starting may have looked too early.
    _one_open_attempt = models.UniqueIndex(
        "(portal_open_move_id) WHERE portal_open_move_id IS NOT NULL",
        "A payment of this invoice is in progress. Please reload the page.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `payment` to keep what the customer entered on the form."""
        txs = super().create(vals_list)
        for tx in txs.filtered("portal_billing"):
            tx.write(tx._get_portal_partner_values())
        return txs

    # === BUSINESS METHODS - REQUESTS === #

    def _send_api_request(self, method, endpoint, *, params=None, data=None, **kwargs):
        """Override of `payment` to send what concerns the portal through the SDK.

        Here and not on the provider: other payments keep core's own way, with which
        other modules and core's tests reckon.

        :raise stripe.StripeError: If a saved card may have been charged, or not: core
            would take that for a failure. It is to be asked again.
        :raise UserError: The same of a refund. Nothing is recorded, so that it is asked
            for again under the same reference, which makes no second refund.
        """
        if self.provider_code != "stripe" or not self._is_portal_payment():
            return super()._send_api_request(
                method, endpoint, params=params, data=data, **kwargs
            )
        try:
            return self.provider_id._stripe_request_for(
                self.reference, method, endpoint, params or data
            )
        except stripe.StripeError as error:
            if isinstance(error, UNDECIDED):
                if self.operation == "online_token":
                    raise
                if self.operation == "refund":
                    raise self._get_undecided_refund_error() from error
            raise self._stripe_get_refusal(error) from error

    def _get_undecided_refund_error(self):
        return UserError(
            self.env._(
                "The payment service has not said whether the refund was made. Please "
                "try again in a minute: it will not be made twice."
            )
        )

    def _stripe_create_intent(self):
        """Override of `payment_stripe` to keep the intent's id from the beginning.

        Without it an attempt could be neither asked for nor cancelled. An attempt that
        has an intent continues with it.
        """
        if self.portal_move_id and self.provider_reference:
            return self._stripe_refresh()
        intent = super()._stripe_create_intent()
        if self.portal_move_id and intent:
            self.provider_reference = intent["id"]
        return intent

    def _is_portal_payment(self):
        """Return whether this is a payment made on the portal, or a refund of one.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return bool((self.source_transaction_id or self).portal_move_id)

    def _refund(self, amount_to_refund=None):
        """Override of `payment` so that Stripe's word of a refund waits for its record.

        Otherwise the webhook would take a refund that is being made here for one made
        at Stripe, and record it a second time.
        """
        if self._is_portal_payment():
            self._portal_lock()
        return super()._refund(amount_to_refund=amount_to_refund)

    def _capture(self, amount_to_capture=None):
        """Override of `payment`: Stripe captures a portal payment as a whole.

        Core would make a transaction of its own for it, with the payment, of which
        neither the receipt nor the notifications nor a dispute would know.

        :raise ValidationError: If Stripe refuses, or cannot be reached.
        """
        self.ensure_one()
        asked = amount_to_capture or self.amount
        is_whole = self.currency_id.compare_amounts(asked, self.amount) == 0
        if not (self.provider_code == "stripe" and self.portal_move_id and is_whole):
            return super()._capture(amount_to_capture=amount_to_capture)
        self._ensure_provider_is_not_disabled()
        try:
            self._stripe_capture()
        except stripe.StripeError as error:
            raise self._stripe_get_refusal(error) from error
        return self

    # === BUSINESS METHODS - STATES === #

    def _set_pending(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment`: on the portal a failed attempt may be resumed."""
        if self.portal_move_id:
            extra_allowed_states += ("error",)
        return super()._set_pending(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _set_done(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment` so that money that came is never turned away.

        An attempt that was given up here may still be paid at a provider that cannot
        be told. And booking does not wait for a browser or for the next interval.
        """
        if self.portal_move_id:
            extra_allowed_states += ("cancel",)
            # In sudo mode because schedules are closed to customers.
            self.env.ref("payment.cron_post_process_payment_tx").sudo()._trigger()
        return super()._set_done(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _portal_lock(self):
        """Keep others from this payment until the end of the database transaction.

        It is an update, so that whoever waited is run again and sees what was done.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        self.env.cr.execute(
            "UPDATE payment_transaction SET write_date = write_date WHERE id = %s",
            [self.id],
            log_exceptions=False,  # That somebody else was first is no error.
        )

    # === BUSINESS METHODS - BOOKING === #

    def _portal_book(self):
        """Book this payment if it is confirmed and not booked yet.

        A failure leaves it confirmed, for the scheduler to try again: what the
        customer paid is a fact, whatever keeps us from booking it.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        if self.state != "done" or self.is_post_processed:
            return
        try:
            with self.env.cr.savepoint():
                self._post_process()
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # Somebody else is booking it: to be run again.
        except Exception:
            self.env.invalidate_all()
            _logger.exception("Payment %s could not be booked yet", self.reference)
            self._portal_tell_unbooked()

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment` to book as of the start of the payment.

        See `account.move._is_eligible_for_early_payment_discount`.
        """
        if self.portal_move_id:
            self = self.with_context(
                portal_payment_started_on=fields.Date.context_today(
                    self, self.create_date
                )
            )
        return super()._create_payment(**extra_create_values)

    def _portal_tell_unbooked(self):
        """Give staff to do what keeps this payment from being booked, once.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        summary = self.env._("Online payment could not be booked")
        if summary in self.portal_move_id.activity_ids.mapped("summary"):
            return
        self._portal_give_staff_to_do(
            summary,
            self.env._(
                "%(amount)s were paid (%(reference)s). Odoo tries to book it again "
                "every few minutes. Please see what keeps it from doing so, such as a "
                "locked period or a journal without accounts.",
                amount=self.currency_id.format(self.amount),
                reference=self.reference,
            ),
        )

    def _post_process(self):
        """Override of `payment` to close the attempt and to tell who wants to know."""
        for tx in self.filtered("portal_move_id"):
            tx._portal_lock()
        result = super()._post_process()
        over = self.filtered(lambda tx: tx.state in ("done", "cancel"))
        over.filtered("portal_open_move_id").portal_open_move_id = False
        for tx in self.filtered(lambda tx: tx.state == "done" and tx.payment_id):
            tx._portal_tell("received")
            tx._portal_queue_receipt()
        return result

    def _get_portal_paid_invoices(self):
        """Return the customer invoices that this payment pays.

        Note: `self.ensure_one()`

        :rtype: account.move
        """
        self.ensure_one()
        if self.operation in ("refund", "validation"):
            return self.env["account.move"]
        return self.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")

    # === BUSINESS METHODS - ANSWER === #

    def _get_portal_answer(self):
        """Return how the payment went, as the customer is told.

        Note: `self.ensure_one()`

        :return: `waiting`, `verify`, `processing`, `paid`, `promised`, `failed`,
            `cancelled`, `held` or `taken_back`.
        :rtype: str
        """
        self.ensure_one()
        if self.portal_is_taken_back:
            return "taken_back"
        if self.state == "pending":
            if self._is_portal_held():
                return "held"
            if self.provider_code in PROMISES:
                return "promised"
            return "verify" if self.portal_verification_url else "processing"
        return {
            "draft": "waiting",
            "authorized": "processing",
            "done": "paid" if self.is_post_processed else "processing",
            "cancel": "cancelled",
            "error": "failed",
        }[self.state]

    def _get_portal_method_name(self):
        """Return how was paid, in the words of the payment screen.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        if self.payment_method_code == "ach_direct_debit":
            return self.env._("eCheck / Bank")
        return self.payment_method_id.name

    def _is_portal_bank_payment(self):
        """Return whether this payment takes days, as those by bank account do.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return self.primary_payment_method_id.code.endswith("direct_debit")
