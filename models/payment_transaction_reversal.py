from odoo import fields, models

from odoo.addons.payment.const import CURRENCY_MINOR_UNITS
from odoo.addons.payment_stripe import const

from .payment_transaction_mail import FAILED_TEMPLATE

#: Stripe's states of a dispute that leaves, or has given back, the money.
GIVEN_BACK = ("won", "warning_closed")


class PaymentTransactionPortalReversal(models.AbstractModel):
    """A payment that the customer's bank took back, and perhaps gave back again."""

    _name = "payment.transaction.portal.reversal"
    _description = "Reversal of a Portal Payment"

    portal_is_taken_back = fields.Boolean(
        string="Taken back",
        help="The bank has taken the money back: the invoice is open again.",
        readonly=True,
    )
    portal_disputes = fields.Json(
        help="What was heard of each dispute: its status, and whether it holds money.",
        readonly=True,
    )
    portal_dispute_ref = fields.Char(string="Dispute", readonly=True)
    portal_dispute_status = fields.Char(string="Dispute status", readonly=True)
    portal_reversal_move_id = fields.Many2one(
        comodel_name="account.move", string="Reversal entry", readonly=True
    )

    def _portal_follow_disputes(self, disputes):
        """Follow the disputes of this payment: the books say where the money is.

        An inquiry moves no money; a dispute takes it at once; one that is won gives it
        back. Bank payments that come back after they settled are disputes as well. A
        payment may have several, of a part each or one after another: it is gone as
        long as one of them holds the whole of it. Staff book what is taken in part.

        Source: https://docs.stripe.com/disputes/how-disputes-work.

        Note: `self.ensure_one()`

        :param list[dict] disputes: All of them as Stripe has them now, newest first.
        """
        self.ensure_one()
        known = self.portal_disputes or {}
        found = {
            dispute["id"]: {
                "status": dispute["status"],
                "holds_money": _holds_money(dispute),
            }
            for dispute in disputes
        }
        news = [one for one in disputes if known.get(one["id"]) != found[one["id"]]]
        if not news:
            return
        self.write(
            {
                "portal_disputes": {**known, **found},
                "portal_dispute_ref": news[0]["id"],
                "portal_dispute_status": news[0]["status"],
            }
        )
        moved = [
            one
            for one in news
            if known.get(one["id"], {}).get("holds_money", False) != _holds_money(one)
        ]
        self._portal_book_disputes(disputes, moved)
        for dispute in reversed(news):
            self._portal_tell_staff_of_dispute(dispute, dispute in moved)

    def _portal_book_disputes(self, disputes, moved):
        """Take back, or give back, the whole of this payment, as its disputes did.

        Note: `self.ensure_one()`

        :param list[dict] disputes: All disputes.
        :param list[dict] moved: Those that have just taken money or given it back.
        """
        self.ensure_one()
        holders = [
            one for one in disputes if _holds_money(one) and self._is_portal_whole(one)
        ]
        if self.portal_is_taken_back:
            if not holders:
                self._portal_give_back()
            return
        # What was left to staff once is left to them. And of what was refunded, the
        # refund's own entry has to stay.
        takers = [one for one in holders if one in moved]
        if takers and not self._get_portal_refunded_amount():
            self._portal_take_back(_get_reason(takers[0]))
            # Bank debits are returned: the rules of the ACH network know no dispute.
            is_return = self._is_portal_bank_payment()
            self._portal_tell("returned" if is_return else "disputed")

    def _is_portal_whole(self, dispute):
        """Return whether a dispute is about the whole of this payment.

        Note: `self.ensure_one()`

        :param dict dispute: The dispute.
        :rtype: bool
        """
        self.ensure_one()
        currency = self.currency_id
        return (
            dispute["currency"].upper() == currency.name
            and currency.compare_amounts(_get_amount(dispute), self.amount) == 0
        )

    def _portal_take_back(self, reason):
        """Reverse the booked payment, by an entry of its own, and reopen the invoice.

        The entry of the payment stays, and so does what a bank statement was matched
        with: the money did come.

        Note: `self.ensure_one()`

        :param str reason: Why, for the journal entry.
        """
        self.ensure_one()
        payment = self.payment_id
        self.portal_is_taken_back = True
        if payment.move_id:
            lines = payment.move_id.line_ids
            lines.filtered(
                lambda line: line.account_id == payment.destination_account_id
            ).remove_move_reconcile()
            reversal = payment.move_id._reverse_moves(
                [
                    {
                        "date": fields.Date.context_today(self),
                        "ref": self.env._(
                            "Taken back: %(reference)s (%(reason)s)",
                            reference=self.reference,
                            reason=reason,
                        ),
                    }
                ]
            )
            reversal._post(soft=False)
            self._portal_reconcile_reversal(lines, reversal.line_ids)
            self.portal_reversal_move_id = reversal
        payment.action_reject()
        if self.operation != "refund":
            self._portal_mail(FAILED_TEMPLATE)

    def _get_portal_refunded_amount(self):
        """Return how much of this payment was given back to the customer.

        Note: `self.ensure_one()`

        :rtype: float
        """
        self.ensure_one()
        refunds = self.child_transaction_ids.filtered(
            lambda tx: tx.operation == "refund" and tx.state in ("pending", "done")
        )
        return -sum(refunds.mapped("amount"))

    def _portal_reconcile_reversal(self, lines, reversed_lines):
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

    def _portal_give_back(self):
        """Book the money that a dispute has given back as a new payment.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        self.write({"portal_is_taken_back": False, "payment_id": False})
        self.with_company(self.company_id)._create_payment()

    def _portal_tell_staff_of_dispute(self, dispute, has_moved):
        """Give whoever is responsible for the invoice something to do.

        Note: `self.ensure_one()`

        :param dict dispute: The dispute.
        :param bool has_moved: Whether it has just taken money or given it back.
        """
        self.ensure_one()
        is_whole = self._is_portal_whole(dispute)
        is_booked = is_whole and self.portal_is_taken_back == _holds_money(dispute)
        if _holds_money(dispute) and not (has_moved or is_booked):
            return  # They were asked to book it, once, when it was taken.
        amount = self._format_portal_disputed(dispute)
        if dispute["status"] == "won":
            summary = self.env._("Dispute won: %(amount)s is back", amount=amount)
        elif not _holds_money(dispute):
            summary = self.env._("Payment questioned: %(amount)s", amount=amount)
        else:
            summary = self.env._("Payment taken back: %(amount)s", amount=amount)
        note = self.env._(
            "The customer's bank says: %(reason)s. Stripe's dispute %(dispute)s is "
            "in the state “%(status)s”.",
            reason=_get_reason(dispute),
            dispute=dispute["id"],
            status=dispute["status"],
        )
        if has_moved and not is_booked:
            note += " " + self.env._(
                "This was not booked: please book %(amount)s of the payment "
                "%(reference)s yourself.",
                amount=amount,
                reference=self.reference,
            )
        self._portal_give_staff_to_do(summary, note)

    def _format_portal_disputed(self, dispute):
        """Return the amount of a dispute, for people.

        Note: `self.ensure_one()`

        :param dict dispute: The dispute.
        :rtype: str
        """
        self.ensure_one()
        amount, currency_name = _get_amount(dispute), dispute["currency"].upper()
        if currency_name != self.currency_id.name:
            return f"{amount} {currency_name}"
        return self.currency_id.format(amount)


def _holds_money(dispute):
    """Return whether a dispute has taken money and not given it back.

    Not by the sum of its entries: they are in the currency of the account, at the
    exchange rates of their days.

    :param dict dispute: The dispute as Stripe has it now.
    :rtype: bool
    """
    return dispute["status"] not in GIVEN_BACK and any(
        entry["amount"] < 0 for entry in dispute["balance_transactions"]
    )


def _get_amount(dispute):
    """Return the amount of a dispute in the major unit of its currency.

    :param dict dispute: The dispute.
    :rtype: float
    """
    name = dispute["currency"].upper()
    digits = const.CURRENCY_DECIMALS.get(name, CURRENCY_MINOR_UNITS.get(name, 2))
    return dispute["amount"] / 10**digits


def _get_reason(dispute):
    """Return why a payment is disputed, in words.

    :param dict dispute: The dispute.
    :rtype: str
    """
    return (dispute["reason"] or "").replace("_", " ")
