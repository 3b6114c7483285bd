from odoo import fields, models


class AccountMovePortalRefundLine(models.Model):
    """How much of an invoice is due again since a refund."""

    _name = "account.move.portal.refund.line"
    _description = "Invoice Reopened by a Refund"
    _rec_name = "move_id"

    refund_id = fields.Many2one(
        comodel_name="account.move.portal.refund",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    line_id = fields.Many2one(
        comodel_name="account.move.portal.attempt.line",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(related="line_id.move_id")
    company_id = fields.Many2one(related="refund_id.company_id", store=True)
    currency_id = fields.Many2one(related="refund_id.currency_id")
    amount = fields.Monetary(
        string="Reopened",
        help="The part of the invoice that is due again.",
        readonly=True,
    )

    _once = models.UniqueIndex("(refund_id, line_id)")
    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A refund must reopen an amount greater than zero."
    )
