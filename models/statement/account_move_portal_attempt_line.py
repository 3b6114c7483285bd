from odoo import api, fields, models
from odoo.fields import Command, Domain

from ... import const
from .account_move_portal_refund import EFFECTIVE_STATES


class AccountMovePortalAttemptLine(models.Model):
    """What of an invoice credit covers beside what is paid, and what refunds reopen."""

    _inherit = "account.move.portal.attempt.line"

    credit_amount = fields.Monetary(
        string="Credit",
        help="The part of this invoice that the customer's credit covers. It is "
        "matched as soon as the payment is booked.",
        readonly=True,
    )
    is_credit_matched = fields.Boolean(readonly=True, copy=False)
    refund_line_ids = fields.One2many(
        comodel_name="account.move.portal.refund.line",
        inverse_name="line_id",
        readonly=True,
    )
    reopened_amount = fields.Monetary(
        string="Reopened",
        help="The part of the share that was refunded and is due again.",
        compute="_compute_reopened_amount",
        store=True,
    )

    # === COMPUTE METHODS === #

    @api.depends("refund_line_ids.amount", "refund_line_ids.refund_id.is_booked")
    def _compute_reopened_amount(self):
        for line in self:
            booked = line.refund_line_ids.filtered("refund_id.is_booked")
            line.reopened_amount = sum(booked.mapped("amount"))

    # === BUSINESS METHODS - CREDIT === #

    def _match_credit(self):
        """Match the customer's credit with these invoices, as was chosen; once.

        What others have used meanwhile is not there any more: the invoice stays open by
        as much, and staff are told.
        """
        for line in self.sorted("id"):
            if line.is_credit_matched or not line.credit_amount:
                continue
            line.is_credit_matched = True
            left = line._match_credit_of_invoice()
            if line.currency_id.compare_amounts(left, 0.0) > 0:
                line.move_id._message_log(
                    body=self.env._(
                        "The customer paid the rest and chose to apply %(credit)s of"
                        " credit to this invoice. %(left)s of that credit is no longer"
                        " available or the invoice has changed, so this amount is still"
                        " open.",
                        credit=line.currency_id.format(line.credit_amount),
                        left=line.currency_id.format(left),
                    )
                )

    def _match_credit_of_invoice(self):
        """Match credit with this invoice, the oldest first.

        :return: How much of what was chosen could not be matched.
        :rtype: float
        """
        self.ensure_one()
        move, left = self.move_id, self.credit_amount
        link = self.attempt_id.link_id
        if move.state != "posted" or not self.is_same_invoice or not link:
            return left
        credit_items = self.env["account.move.line"].search(
            link._get_credit_domain()
            & Domain("currency_id", "=", self.currency_id.id)
            & Domain("account_id", "=", move._get_portal_receivable_account().id),
            order="date, id",
        )
        for credit in credit_items:
            due = move.line_ids.filtered(
                lambda item, credit=credit: (
                    item.account_id == credit.account_id and not item.reconciled
                )
            )
            if not due or self.currency_id.compare_amounts(left, 0.0) <= 0:
                break
            share = min(left, -credit.amount_residual_currency)
            before = move.amount_residual
            # As for a payment: no more of it than is meant for this invoice.
            (credit + due).with_context(
                **{const.CONTEXT_SHARE: (credit.id, share, due.ids)}
            ).reconcile()
            matched = before - move.amount_residual
            left = self.currency_id.round(left - matched)
        return left

    # === BUSINESS METHODS - REFUNDS === #

    def _get_reopenable_amount(self, refund=None):
        """Return how much of this invoice a refund can reopen.

        That is its share less what other refunds reopen, and no more than is matched.

        :param account.move.portal.refund|None refund: The refund, whose own choice does
            not count.
        :rtype: float
        """
        self.ensure_one()
        payment = self.attempt_id.transaction_id.payment_id
        if not self.is_same_invoice or self.move_id.state != "posted":
            return 0.0
        effective = self.refund_line_ids.filtered(
            lambda line: line.refund_id.state in EFFECTIVE_STATES
        )
        others = effective.filtered(lambda line: line.refund_id != refund)
        left = self.amount - sum(others.mapped("amount"))
        if payment.move_id:
            partials = self._get_partials(self._get_counterpart(payment))
            awaited = others.filtered(lambda line: not line.refund_id.is_booked)
            own = (effective - others).filtered("refund_id.is_booked")
            matched = (
                sum(partials.mapped("credit_amount_currency"))
                + sum(own.mapped("amount"))
                - sum(awaited.mapped("amount"))
            )
            left = min(left, matched)
        return max(self.currency_id.round(left), 0.0)

    def _get_partials(self, counterpart):
        """Return with what of this invoice a payment's entry is matched.

        :param account.move.line counterpart: The line of the payment's entry.
        :rtype: account.partial.reconcile
        """
        self.ensure_one()
        return counterpart.matched_debit_ids.filtered(
            lambda partial: partial.debit_move_id.move_id == self.move_id
        )

    def _change_matched_amount(self, payment, change):
        """Match more or less of a payment with this invoice.

        :param account.payment payment: The payment.
        :param float change: How much more, in the payment's currency.
        """
        self.ensure_one()
        counterpart = self._get_counterpart(payment)
        if not counterpart:
            # What is left of the share counts, see `_get_portal_share` of the invoice.
            # Without any the invoice is not one that this payment pays.
            is_paid = self.currency_id.compare_amounts(
                self.amount, self.reopened_amount
            )
            payment.invoice_ids = [
                Command.link(self.move_id.id)
                if is_paid > 0
                else Command.unlink(self.move_id.id)
            ]
            return
        partials = self._get_partials(counterpart)
        matched = sum(partials.mapped("credit_amount_currency"))
        # Core knows no smaller match: it is made anew, and so is what follows from it.
        partials.unlink()
        self._match_share(counterpart, matched + change)
