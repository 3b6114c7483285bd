import logging
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import stripe

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import consteq

from odoo.addons.payment_stripe.controllers.main import StripeController

from . import decline_codes, stripe_errors, stripe_params

_logger = logging.getLogger(__name__)
#: States of our transactions by Stripe's states of a refund.
REFUND_STATES = {
    "pending": "pending",
    "succeeded": "done",
    "failed": "error",
    "canceled": "cancel",
}
#: Of a refund's metadata: the reference under which it was asked for here.
REFUND_MARK = "odoo_reference"
#: Events may be listed a little after the moment that they bear.
OVERLAP = timedelta(hours=1)


class AccountMovePortalAttempt(models.Model):
    """Attempts at Stripe: its intents, refunds and disputes, and what follows here.

    Of Stripe's events none tells the state of a payment: it tells that there is
    something to ask for. So events may be lost, repeated, late and in any order.
    """

    _inherit = "account.move.portal.attempt"

    unanswered_refund_ids = fields.Many2many(
        comodel_name="payment.transaction",
        relation="account_move_portal_attempt_unanswered_refund_rel",
        help="Refunds asked for here, of which only Stripe's events have told.",
        readonly=True,
        copy=False,
    )

    # === BUSINESS METHODS - FINDING EACH OTHER === #

    @api.model
    def _stripe_find_payment(self, providers, event):
        """Return the portal payment that an event of Stripe is about.

        Who signed an event and whose payment it is about are two questions: several
        providers may stand for one account.

        :param payment.provider providers: Those of the account whose event it is.
        :param dict event: The event.
        :return: The payment; empty if it is not one of the portal's.
        :rtype: account.move.portal.attempt
        """
        about = event["data"]["object"]
        is_intent = about.get("object") == "payment_intent"
        intent_ref = about["id"] if is_intent else about.get("payment_intent")
        if not intent_ref or not isinstance(intent_ref, str):
            return self.browse()
        domain = Domain("transaction_id.provider_id", "in", providers.ids) & Domain(
            "origin", "=", "portal"
        )
        known = Domain("transaction_id.provider_reference", "=", intent_ref)
        if attempt := self.search(domain & known):
            return attempt
        if not is_intent:
            return self.browse()
        # The charge was made, and the server stopped before it could note the intent.
        attempt = self.search(
            domain
            & Domain("transaction_id.reference", "=", about.get("description"))
            & Domain("transaction_id.provider_reference", "=", False)
        )
        attempt.transaction_id.provider_reference = intent_ref
        return attempt

    @api.model
    def _stripe_find_described(self, event):
        """Return the portal payment that an event names, though it is not about it.

        Anybody may have made an intent of the same description.

        :param dict event: The event.
        :rtype: account.move.portal.attempt
        """
        reference = event["data"]["object"].get("description")
        if not isinstance(reference, str):
            return self.browse()
        return self.search(
            [("origin", "=", "portal"), ("transaction_id.reference", "=", reference)]
        )

    def _stripe_return(self, secret):
        """Follow a payment whose payer comes back from Stripe, or from a bank.

        :param str secret: What the address holds of the intent's secret.
        :return: Whether it proves that it is the payer who comes back.
        :rtype: bool
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        self._sync_with_provider()
        if not (secret and self._is_known_to_stripe()):
            return False
        known = self._stripe_refresh().get("client_secret") or ""
        return bool(known) and consteq(known.encode(), secret.encode())

    def _is_known_to_stripe(self):
        """Return whether this is a payment that Stripe can be asked for.

        :rtype: bool
        """
        self.ensure_one()
        is_stripe = self.provider_id.code == "stripe"
        return is_stripe and bool(self.transaction_id.provider_reference)

    def _stripe_find_intent(self):
        """Return whether this payment has an intent at Stripe.

        A saved card is charged in the same request that makes the intent: when its
        answer is lost, only Stripe knows.

        :rtype: bool
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        tx = self.transaction_id
        if not tx.provider_reference and tx.token_id:
            intents = self.provider_id._stripe_request(
                "GET",
                "payment_intents",
                {"customer": tx.token_id.provider_ref, "limit": 100},
            )["data"]
            tx.provider_reference = next(
                (
                    intent["id"]
                    for intent in intents
                    if intent["description"] == tx.reference
                ),
                False,
            )
        return bool(tx.provider_reference)

    # === BUSINESS METHODS - REQUESTS === #

    def _stripe_send(self, tx, method, endpoint, params):
        """Send a request of core's payment flow to Stripe, through its SDK.

        :param payment.transaction tx: For which it is: this payment or a refund of it.
        :param str method: The HTTP method.
        :param str endpoint: The path below `/v1/`.
        :param dict params: The parameters.
        :return: The object that Stripe answers with.
        :rtype: dict
        :raise stripe.StripeError: If Stripe may have charged a saved card, or not. It
            is to be asked again.
        :raise UserError: The same of a refund. Nothing is recorded, so that it is asked
            for again under the same reference, which makes no second refund.
        :raise ValidationError: If Stripe refuses.
        """
        params = stripe_params.prepare(tx, endpoint, params)
        if (method, endpoint) == ("POST", "refunds"):
            # So that it is known for ours when only a webhook tells of it.
            params = {**params, "metadata": {REFUND_MARK: tx.reference}}
        try:
            return tx.provider_id._stripe_request_for(
                tx.reference, method, endpoint, params
            )
        except stripe.StripeError as error:
            if isinstance(error, stripe_errors.UNDECIDED):
                if tx.operation == "online_token":
                    raise
                if tx.operation == "refund":
                    raise self._get_undecided_refund_error() from error
            raise self._stripe_get_refusal(error, tx) from error

    def _take_unanswered_refund(self, amount):
        """Return a refund that was asked for here, and whose answer was lost.

        Whoever repeats it means that one: it is not made twice, as they were told.

        :param float amount: What is to be refunded, in the payment's currency.
        :return: The refund, for this once; empty if there is none of this amount.
        :rtype: payment.transaction
        """
        self.ensure_one()
        refund = self.unanswered_refund_ids.filtered(
            lambda tx: (
                tx.state in ("draft", "pending", "done")
                and self.currency_id.compare_amounts(-tx.amount, amount) == 0
            )
        )[:1]
        self.unanswered_refund_ids -= refund
        return refund

    def _get_undecided_refund_error(self):
        return UserError(
            self.env._(
                "The payment service has not said whether the refund was made. Please "
                "try again in a minute: it will not be made twice."
            )
        )

    def _stripe_get_refusal(self, error, tx=None):
        """Return what core's payment flow expects to be raised when Stripe refuses.

        :param stripe.StripeError error: What the SDK raised.
        :param payment.transaction|None tx: What was refused: this payment if None.
        :rtype: ValidationError
        """
        if isinstance(error, stripe.APIConnectionError):
            message = self.env._(
                "Could not establish the connection to the payment provider."
            )
        else:
            reason = (error.json_body or {}).get("error") or {}
            message = decline_codes.explain(tx or self.transaction_id, reason)
        return ValidationError(message)

    # === BUSINESS METHODS - THE INTENT === #

    def _stripe_process_events(self, events):
        """Act on events of this payment that were not acted on before.

        :param list[dict] events: The events.
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        self._lock()
        recorder = self.env["payment.provider.event"]
        if any([recorder._record(self.transaction_id, event) for event in events]):
            self._stripe_refresh()

    def _stripe_refresh(self):
        """Ask Stripe how this payment stands, and follow.

        :return: The intent.
        :rtype: dict
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        intent = self.provider_id._stripe_request(
            "GET",
            f"payment_intents/{self.transaction_id.provider_reference}",
            {"expand": ["payment_method"]},
        )
        self._stripe_apply_intent(intent)
        return intent

    def _stripe_apply_intent(self, intent):
        """Bring this payment to the state of its intent.

        :param dict intent: The intent as Stripe has it now.
        """
        self.ensure_one()
        self._lock()
        tx = self.transaction_id
        if self._stripe_has_news(intent):
            before, data = self.state, {"reference": tx.reference}
            if self._stripe_is_refused(intent):
                message = decline_codes.explain(tx, intent["last_payment_error"])
                intent = {**intent, "last_payment_error": {"message": message}}
            StripeController._include_payment_intent_in_payment_data(intent, data)
            tx._process("stripe", data)
            if before == "pending" and self.state == "error":
                self._tell_payer_of_failure()
        if self._is_on_hold() and _is_refunded(intent):
            self._cancel_mismatch()
        self._stripe_apply_method(intent)
        self._stripe_apply_verification(intent)
        if intent["status"] == "canceled":
            self._set_open(False)
        self._book()
        if tx.is_post_processed and self.state == "done":
            self._stripe_apply_reversals(intent)
            self.review_due = False

    def _tell_payer_of_failure(self):
        """Have the payer told that money did not arrive, or was returned."""
        self.ensure_one()
        if self.origin == "portal":
            self.transaction_id._after_portal_failure()

    def _stripe_is_refused(self, intent):
        """Return whether Stripe says of an intent why it was refused.

        :param dict intent: The intent.
        :rtype: bool
        """
        is_open = intent["status"] == "requires_payment_method"
        return is_open and bool(intent["last_payment_error"])

    def _stripe_has_news(self, intent):
        """Return whether core has to hear how the intent stands.

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

    def _stripe_apply_method(self, intent):
        """Note with which card or account is paid, for the answer and the receipt.

        :param dict intent: The intent, with its payment method.
        """
        method = intent.get("payment_method")
        details = method.get(method["type"]) if isinstance(method, dict) else None
        digits = (details or {}).get("last4")
        if digits and digits != self.method_digits:
            self.method_digits = digits

    def _stripe_apply_verification(self, intent):
        """Note whether the customer has a bank account to verify.

        Source: https://docs.stripe.com/payments/ach-direct-debit, micro-deposits.

        :param dict intent: The intent.
        """
        action = intent["next_action"] or {}
        details = action.get("verify_with_microdeposits") or {}
        url = details.get("hosted_verification_url") or False
        if url == self.verification_url:
            return
        self.verification_url = url
        if url:
            self.transaction_id._set_pending(state_message=False)
            if self.origin == "portal":
                self.transaction_id._after_portal_verification_request()

    def _stripe_cancel_intent(self):
        """See to it, at Stripe, that nothing can come of this attempt any more.

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        try:
            intent = self.provider_id._stripe_request(
                "POST",
                f"payment_intents/{self.transaction_id.provider_reference}/cancel",
                {"cancellation_reason": "abandoned", "expand": ["payment_method"]},
            )
        except stripe.InvalidRequestError:
            # It is beyond that: paid, being processed, or cancelled before.
            self._stripe_refresh()
        else:
            self._stripe_apply_intent(intent)

    def _stripe_capture(self):
        """Take, as a whole, the money that the customer's bank has reserved.

        :raise ValidationError: If Stripe refuses, or cannot be reached.
        """
        self.ensure_one()
        self._lock()
        reference = self.transaction_id.provider_reference
        try:
            try:
                self.provider_id._stripe_request(
                    "POST", f"payment_intents/{reference}/capture"
                )
            except stripe.InvalidRequestError:
                # It may be beyond that: captured at Stripe, cancelled, or expired.
                self._stripe_refresh()
                if self.state == "authorized":
                    raise
            else:
                self._stripe_refresh()
        except stripe.StripeError as error:
            raise self._stripe_get_refusal(error, self.transaction_id) from error

    # === BUSINESS METHODS - REFUNDS === #

    def _stripe_refund_intent(self):
        """Refund what an intent took that was never booked, and give the payment up.

        :raise UserError: If Stripe refuses, or does not say whether it was made.
        """
        self.ensure_one()
        tx = self.transaction_id
        try:
            # The key is made of the reference: run again, it makes no second refund.
            self.provider_id._stripe_request_for(
                tx.reference,
                "POST",
                "refunds",
                {"payment_intent": tx.provider_reference},
            )
            self._stripe_refresh()
        except stripe_errors.UNDECIDED as error:
            raise self._get_undecided_refund_error() from error
        except stripe.StripeError as error:
            raise UserError(str(self._stripe_get_refusal(error))) from error

    def _stripe_apply_reversals(self, intent):
        """Follow what was refunded or charged back of a finished payment.

        :param dict intent: The intent, in an API version that lists its charges.
        """
        charges = intent["charges"]["data"]
        about = {"payment_intent": intent["id"], "limit": 100}
        is_refunded = any(charge["amount_refunded"] for charge in charges)
        # One may have come back.
        if is_refunded or self.transaction_id.child_transaction_ids:
            self._stripe_apply_refunds(
                self.provider_id._stripe_request("GET", "refunds", about)["data"]
            )
        if any(charge["disputed"] for charge in charges):
            disputes = self.provider_id._stripe_request("GET", "disputes", about)
            self._apply_disputes(disputes["data"])

    def _stripe_apply_refunds(self, refunds):
        """Follow the refunds of this payment, wherever they were made.

        :param list[dict] refunds: Stripe's refunds, newest first.
        """
        source = self.transaction_id
        known = {tx.provider_reference: tx for tx in source.child_transaction_ids}
        for refund in reversed(refunds):
            tx = known.get(refund["id"])
            if not tx:
                tx = StripeController._create_refund_tx_from_refund(source, refund)
                if REFUND_MARK in (refund.get("metadata") or {}):
                    self.unanswered_refund_ids += tx
            if REFUND_STATES.get(refund["status"], "draft") == tx.state:
                continue
            data = {}
            StripeController._include_refund_in_payment_data(refund, data)
            tx._process("stripe", data)
            if not tx._portal_book():
                self._report_unbooked()
            if tx.state == "error" and tx.payment_id:
                # The money came back to us after the refund was booked.
                self._reverse(tx, self.env._("The refund came back."))

    # === BUSINESS METHODS - DISPUTES AND RETURNS === #

    def _apply_disputes(self, disputes):
        """Follow the disputes of this payment: the books say where the money is.

        An inquiry moves no money; a dispute takes it at once; one that is won gives it
        back. Bank payments that come back after they settled are disputes as well. A
        payment may have several, of a part each or one after another: it is gone as
        long as one of them holds the whole of it. Staff book what is taken in part.

        Source: https://docs.stripe.com/disputes/how-disputes-work.

        :param list[dict] disputes: All of them as Stripe has them now, newest first.
        """
        self.ensure_one()
        rows = self.dispute_ids
        news = moved = rows.browse()
        known = {row.provider_ref: row for row in rows}
        kind = "return" if self._is_bank_payment() else "dispute"
        for dispute in reversed(disputes):
            values = rows._parse_dispute(dispute)
            row = known.get(dispute["id"])
            held = row.holds_money if row else False
            if not row:
                row = rows.create({"attempt_id": self.id, "kind": kind, **values})
            elif (row.status, held) == (values["status"], values["holds_money"]):
                continue
            else:
                row.write(values)
            news += row
            if row.holds_money != held:
                moved += row
        if not news:
            return
        self._book_disputes(moved)
        for row in news:
            self._report_dispute(row, row in moved)

    def _book_disputes(self, moved):
        """Reverse or reinstate the whole of this payment, as its disputes did.

        :param account.move.portal.dispute moved: Those that have just taken money or
            given it back, oldest first.
        """
        self.ensure_one()
        holders = self.dispute_ids.filtered(
            lambda row: row.holds_money and row._is_about_whole()
        )
        if self.is_reversed:
            if not holders:
                self._reinstate()
            return
        # What was left to staff once is left to them. And of what was refunded, the
        # refund's own entry has to stay.
        taker = (moved & holders)[-1:]
        if taker and not self._get_refunded_amount():
            self.is_reversed = True
            taker.reversal_move_id = self._reverse(self.transaction_id, taker.reason)
            self._tell_payer_of_failure()
            is_return = taker.kind == "return"
            self.transaction_id._notify_outcome("returned" if is_return else "disputed")

    def _reverse(self, tx, reason):
        """Reverse a booked payment by an entry of its own, and reopen the invoice.

        The entry of the payment stays, and so does what a bank statement was matched
        with: the money did come.

        :param payment.transaction tx: This payment, or a refund of it.
        :param str reason: Why, for the journal entry.
        :return: The reversal; empty where the payment has no entry.
        :rtype: account.move
        """
        self.ensure_one()
        payment = tx.payment_id
        reversal = payment.move_id.browse()
        if payment.move_id:
            lines = payment.move_id.line_ids
            lines.filtered(
                lambda line: line.account_id == payment.destination_account_id
            ).remove_move_reconcile()
            reversal = payment.move_id._reverse_moves(
                [
                    {
                        "date": self.company_id._get_portal_day(),
                        "ref": self.env._(
                            "Taken back: %(reference)s (%(reason)s)",
                            reference=tx.reference,
                            reason=reason,
                        ),
                    }
                ]
            )
            reversal._post(soft=False)
            self._reconcile_reversal(lines, reversal.line_ids)
        payment.action_reject()
        return reversal

    def _reconcile_reversal(self, lines, reversed_lines):
        """Match what is open of a payment's entry with its reversal.

        :param account.move.line lines: The payment's lines.
        :param account.move.line reversed_lines: The reversal's.
        """
        for account in lines.account_id.filtered("reconcile"):
            both = (lines + reversed_lines).filtered(
                lambda line, account=account: (
                    line.account_id == account and not line.reconciled
                )
            )
            if both & lines:
                both.reconcile()

    def _reinstate(self):
        """Book the money that a dispute has given back as a new payment."""
        self.ensure_one()
        self.is_reversed = False
        tx = self.transaction_id
        tx.payment_id = False
        tx.with_company(self.company_id)._create_payment()

    def _report_dispute(self, row, has_moved):
        """Give whoever is responsible for the invoice something to do.

        :param account.move.portal.dispute row: The dispute.
        :param bool has_moved: Whether it has just taken money or given it back.
        """
        self.ensure_one()
        is_booked = row._is_about_whole() and self.is_reversed == row.holds_money
        if row.holds_money and not (has_moved or is_booked):
            return  # They were asked to book it, once, when it was taken.
        amount = row.currency_id.format(row.amount)
        if row.status == "won":
            summary = self.env._("Dispute won: %(amount)s is back", amount=amount)
        elif not row.holds_money:
            summary = self.env._("Payment questioned: %(amount)s", amount=amount)
        else:
            summary = self.env._("Payment taken back: %(amount)s", amount=amount)
        note = self.env._(
            "The customer's bank says: %(reason)s. Stripe's dispute %(dispute)s is "
            "in the state “%(status)s”.",
            reason=row.reason,
            dispute=row.provider_ref,
            status=row.status,
        )
        if has_moved and not is_booked:
            note += " " + self.env._(
                "This was not booked: please book %(amount)s of the payment "
                "%(reference)s yourself.",
                amount=amount,
                reference=self.reference,
            )
        self._report("disputed", summary, note, dispute=row)

    # === BUSINESS METHODS - CATCH-UP === #

    @api.model
    def _cron_catch_up(self):
        """Bring all portal payments to where Stripe has them.

        First by Stripe's events since the last one seen, which tell of what happened
        to finished payments as well; then each open attempt by itself.
        """
        providers = self.env["payment.provider"].search(
            [("code", "=", "stripe"), ("state", "!=", "disabled")]
        )
        for provider in providers:
            try:
                self._stripe_catch_up_events(provider)
            except stripe.StripeError:
                _logger.warning("Stripe: the events could not be listed", exc_info=True)
        self._catch_up_open_attempts()

    @api.model
    def _stripe_catch_up_events(self, provider):
        """Act on the events that nobody has acted on.

        :param payment.provider provider: Whose events.
        :raise stripe.StripeError: If the events cannot be listed.
        """
        since = self._stripe_get_catch_up_start(provider)
        if not since:
            return
        events = provider._stripe_list_events(since)
        by_attempt = defaultdict(list)
        for event in reversed(events):  # Stripe lists the newest first.
            if attempt := self._stripe_find_payment(provider, event):
                by_attempt[attempt].append(event)
        # Not a generator: one failure must not keep the others back.
        results = [
            attempt._try_step(attempt._stripe_process_events, its_events)
            for attempt, its_events in by_attempt.items()
        ]
        if events and all(results):
            # What failed is asked for again: the mark stays before it.
            provider.stripe_events_seen_on = datetime.fromtimestamp(
                events[0]["created"], UTC
            ).replace(tzinfo=None)
            self.env["ir.cron"]._commit_progress()

    @api.model
    def _stripe_get_catch_up_start(self, provider):
        """Return since when events are to be asked for.

        :param payment.provider provider: Whose events.
        :return: The moment; nothing if no payment was ever started on the portal.
        :rtype: datetime | None
        """
        if seen := provider.stripe_events_seen_on:
            return seen - OVERLAP
        first = self.search(
            [
                ("transaction_id.provider_id", "=", provider.id),
                ("origin", "=", "portal"),
            ],
            order="id",
            limit=1,
        )
        return first and first.create_date - OVERLAP


def _is_refunded(intent):
    """Return whether all that an intent took was given back.

    :param dict intent: The intent, in an API version that lists its charges.
    :rtype: bool
    """
    return any(charge["refunded"] for charge in intent["charges"]["data"])
