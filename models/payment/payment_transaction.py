import requests

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ... import const
from .errors import UnansweredChargeError


class PaymentTransaction(models.Model):
    """Core's hooks: each hands over to the attempt that the transaction stands for."""

    _inherit = "payment.transaction"

    portal_attempt_ids = fields.One2many(
        comodel_name="account.move.portal.attempt",
        inverse_name="transaction_id",
        help="The attempt. There is at most one.",
    )
    portal_attempt_id = fields.Many2one(
        comodel_name="account.move.portal.attempt",
        string="Payment attempt",
        compute="_compute_portal_attempt",
        search="_search_portal_attempt_id",
        compute_sudo=True,  # Whoever may see a payment need not see attempts.
    )
    portal_link_id = fields.Many2one(related="portal_attempt_id.link_id")
    portal_verification_url = fields.Char(related="portal_attempt_id.verification_url")
    portal_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Paid on the portal",
        help="The invoice on whose portal page this payment was started.",
        compute="_compute_portal_attempt",
        compute_sudo=True,
    )

    # === COMPUTE METHODS === #

    @api.depends("portal_attempt_ids.origin", "portal_attempt_ids.line_ids")
    def _compute_portal_attempt(self):
        for tx in self:
            tx.portal_attempt_id = attempt = tx.portal_attempt_ids[:1]
            is_ours = attempt.origin == "portal"
            tx.portal_move_id = is_ours and attempt.move_id

    @api.model
    def _search_portal_attempt_id(self, operator, value):
        return [("portal_attempt_ids", operator, value)]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `payment` to put what pays invoices on record as an attempt."""
        txs = super().create(vals_list)
        # In sudo mode because attempts are written by Odoo only.
        self.env["account.move.portal.attempt"].sudo()._create_for(txs.sudo())
        return txs

    # === BUSINESS METHODS === #

    def _get_portal_attempt_sudo(self):
        """Return the portal's attempt that this is, or of which it is a part.

        :return: The attempt in sudo mode, as it is written by Odoo only; empty if this
            was started elsewhere.
        :rtype: account.move.portal.attempt
        """
        self.ensure_one()
        tx_sudo = (self.source_transaction_id or self).sudo()
        return tx_sudo.portal_attempt_id.filtered(
            lambda attempt: attempt.origin == "portal"
        )

    def _is_portal_payment(self):
        """Return whether these are payments started on the portal, no parts of one.

        :rtype: bool
        """
        origins = self.sudo().portal_attempt_ids.mapped("origin")
        return bool(origins) and set(origins) == {"portal"}

    def _get_portal_paid_invoices(self):
        """Return the customer invoices that this payment pays.

        :rtype: account.move
        """
        self.ensure_one()
        if self.operation in ("refund", "validation"):
            return self.env["account.move"]
        return self.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")

    # === HOOKS OF CORE - REQUESTS TO PROVIDERS === #

    def _send_api_request(self, method, endpoint, *, params=None, data=None, **kwargs):
        """Override of `payment` to send what concerns the portal through Stripe's SDK.

        Here and not on the provider: other payments keep core's own way, with which
        other modules and core's tests reckon. And no answer to a charge is not a
        refusal: core takes it for one, and the customer would be told that nothing was
        charged.

        :raise UnansweredChargeError: If another provider may have charged a saved card.
        """
        attempt_sudo = self._get_portal_attempt_sudo()
        if attempt_sudo and self.provider_code == "stripe":
            return attempt_sudo._stripe_send(self, method, endpoint, params or data)
        try:
            return super()._send_api_request(
                method, endpoint, params=params, data=data, **kwargs
            )
        except ValidationError as error:
            cause = error.__context__
            is_asked = attempt_sudo and attempt_sudo._is_charge_unanswered()
            if is_asked and _is_undecided(cause):
                raise UnansweredChargeError from error
            raise

    def _stripe_create_intent(self):
        """Override of `payment_stripe` to keep the intent's id from the beginning.

        Without it an attempt could be neither asked for nor cancelled. An attempt that
        has an intent continues with it.
        """
        if self.provider_reference and (attempt := self._get_portal_attempt_sudo()):
            return attempt._stripe_refresh()
        intent = super()._stripe_create_intent()
        if self.portal_attempt_ids and intent:
            self.provider_reference = intent["id"]
        return intent

    def _refund(self, amount_to_refund=None):
        """Override of `payment` so that Stripe's word of a refund waits for its record.

        Otherwise the webhook would take a refund that is being made here for one made
        at Stripe, and record it a second time.
        """
        if attempt_sudo := self._get_portal_attempt_sudo():
            attempt_sudo._lock()
            amount = amount_to_refund or self.amount
            attempt_sudo._check_refund(amount)
            if refund_sudo := attempt_sudo._take_unanswered_refund(amount):
                attempt_sudo._after_refund_creation(refund_sudo)
                return refund_sudo.with_env(self.env)
        refund = super()._refund(amount_to_refund=amount_to_refund)
        if attempt_sudo:
            attempt_sudo._after_refund_creation(refund.sudo())
            attempt_sudo._book_refund(refund.sudo())
        return refund

    def _capture(self, amount_to_capture=None):
        """Override of `payment`: Stripe captures a portal payment as a whole.

        Core would make a transaction of its own for it, with the payment, of which
        neither the receipt nor the notifications nor a dispute would know.

        :raise ValidationError: If Stripe refuses, or cannot be reached.
        """
        self.ensure_one()
        asked = amount_to_capture or self.amount
        is_whole = self.currency_id.compare_amounts(asked, self.amount) == 0
        attempt_sudo = self._get_portal_attempt_sudo()
        if not (self.provider_code == "stripe" and attempt_sudo and is_whole):
            return super()._capture(amount_to_capture=amount_to_capture)
        self._ensure_provider_is_not_disabled()
        attempt_sudo._stripe_capture()
        return self

    # === HOOKS OF CORE - STATES === #

    def _process(self, provider_code, payment_data):
        """Override of `payment` to leave to staff what differs in its amount."""
        if not self:
            tx = self._search_by_reference(provider_code, payment_data)
            return tx and tx._process(provider_code, payment_data)
        attempt_sudo = self.sudo().portal_attempt_id
        if attempt_sudo._may_have_taken(payment_data):
            taken = self._extract_amount_data(payment_data) or {}
            if taken.get("amount") and attempt_sudo._is_mismatch(taken):
                attempt_sudo._hold_for_review(taken)
                return self
        return super()._process(provider_code, payment_data)

    def _set_pending(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment`: on the portal a failed attempt may be resumed."""
        if self._is_portal_payment():
            extra_allowed_states += ("error",)
        return super()._set_pending(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _set_done(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment` so that money that came is never turned away.

        An attempt that was given up here may still be paid at a provider that cannot
        be told. And booking does not wait for a browser or for the next interval.
        """
        if self._is_portal_payment():
            extra_allowed_states += ("cancel",)
            # In sudo mode because schedules are closed to customers.
            self.env.ref("payment.cron_post_process_payment_tx").sudo()._trigger()
        return super()._set_done(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _set_canceled(self, state_message=None, extra_allowed_states=()):
        """Override of `payment` to close what was started on core's pages."""
        txs = super()._set_canceled(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )
        txs.sudo().portal_attempt_ids._set_open(False)
        return txs

    def _set_error(self, state_message, extra_allowed_states=()):
        """Override of `payment` to tell that a payment failed."""
        txs = super()._set_error(
            state_message, extra_allowed_states=extra_allowed_states
        )
        txs._notify_outcome("failed")
        return txs

    # === HOOKS OF CORE - BOOKING === #

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment` to book what was offered, on the company's day.

        What was offered at the start of the payment is what is booked, see
        `account.move._is_eligible_for_early_payment_discount`.
        """
        company = self.company_id
        if self._get_portal_attempt_sudo():  # Refunds included.
            self = self.with_context(tz=company._get_portal_timezone())
            day = {"date": company._get_portal_day()}
            extra_create_values = {**day, **extra_create_values}
        if self._is_portal_payment():
            started_on = company._get_portal_day(self.create_date)
            self = self.with_context(**{const.CONTEXT_STARTED_ON: started_on})
            attempt_sudo = self._get_portal_attempt_sudo()
            if len(attempt_sudo.line_ids) > 1:
                return attempt_sudo._create_shared_payment(
                    super()._create_payment, **extra_create_values
                )
        return super()._create_payment(**extra_create_values)

    def _post_process(self):
        """Override of `payment` to close the attempt and to tell who wants to know."""
        attempts_sudo = self.sudo().portal_attempt_ids
        for attempt_sudo in attempts_sudo:
            attempt_sudo._lock()
        due = attempts_sudo._get_due()
        with attempts_sudo._hide_changed_invoices():
            result = super()._post_process()
        attempts_sudo._after_post_process(due)
        for refund_sudo in self.sudo().filtered("source_transaction_id"):
            # Whoever books it: the schedule of core does, too.
            if refund_sudo.operation == "refund" and refund_sudo.payment_id:
                for attempt_sudo in refund_sudo._get_portal_attempt_sudo():
                    attempt_sudo._match_refund(refund_sudo)
        for tx in self.filtered(lambda tx: tx.state == "done" and tx.payment_id):
            tx._notify_outcome("received")
            tx.sudo().portal_attempt_ids._after_booking()
        return result

    # === HOOKS OF THE ROOMS ABOVE === #

    def _notify_outcome(self, outcome):
        """Record what came of these payments, and queue the rules that want to know.

        Once for each outcome of a payment, however often it is called.

        :param str outcome: `received`, `failed`, `returned` or `disputed`.
        """
        for tx in self:
            # In sudo mode because the payment comes from a customer or a provider.
            link_sudo = tx.sudo().portal_link_id
            for move in tx._get_portal_paid_invoices():
                if move == link_sudo.move_id or link_sudo._is_account_of(move):
                    link_sudo.env["account.move.portal.event"]._record_payment(
                        link_sudo, const.OUTCOME_EVENTS[outcome], tx, move
                    )
                tx._after_portal_outcome(move, outcome)

    def _after_portal_outcome(self, move, outcome):
        """Tell who wants to know of this payment. Hook for the room `notify`.

        :param account.move move: The invoice that it pays.
        :param str outcome: A key of `const.OUTCOME_EVENTS`.
        """


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
