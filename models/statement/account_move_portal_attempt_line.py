from odoo import fields, models

from ... import const


class AccountMovePortalAttemptLine(models.Model):
    """What of an invoice the customer's credit covers, beside what is paid."""

    _inherit = "account.move.portal.attempt.line"

    credit_amount = fields.Monetary(
        string="Credit",
        help="The part of this invoice that the customer's credit covers. It is "
        "matched as soon as the payment is booked.",
        readonly=True,
    )
    is_credit_matched = fields.Boolean(readonly=True, copy=False)

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
            [
                *link._get_credit_domain(),
                ("currency_id", "=", self.currency_id.id),
                ("account_id", "=", move._get_portal_receivable_account().id),
            ],
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
