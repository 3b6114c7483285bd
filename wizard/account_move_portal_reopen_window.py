from odoo import fields, models


class AccountMovePortalReopenWindow(models.TransientModel):
    """The window in which staff choose which invoices a refund reopens."""

    _name = "account.move.portal.reopen.window"
    _description = "Reopen Invoices of a Refund"

    refund_id = fields.Many2one(
        comodel_name="account.move.portal.refund",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    attempt_id = fields.Many2one(related="refund_id.attempt_id", related_sudo=False)
    currency_id = fields.Many2one(related="refund_id.currency_id", related_sudo=False)
    amount = fields.Monetary(
        string="Refunded", related="refund_id.amount", related_sudo=False
    )
    line_ids = fields.One2many(
        comodel_name="account.move.portal.reopen.line",
        inverse_name="window_id",
    )

    # === ACTION METHODS === #

    def action_reopen(self):
        """Have the refund reopen the invoices as chosen.

        :rtype: dict
        :raise ValidationError: If it cannot.
        """
        self.ensure_one()
        # Whoever settles payments may: refunds are written by Odoo only.
        self.env["account.move.portal.todo"].check_access("write")
        self.refund_id.check_access("read")
        self.refund_id.sudo()._assign(self.line_ids._get_shares())
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class AccountMovePortalReopenLine(models.TransientModel):
    """How much of an invoice a refund reopens, as staff enter it.

    With the user's own rights: which invoice it shows comes from the browser.
    """

    _name = "account.move.portal.reopen.line"
    _description = "Invoice to Reopen"

    window_id = fields.Many2one(
        comodel_name="account.move.portal.reopen.window", ondelete="cascade"
    )
    refund_wizard_id = fields.Many2one(
        comodel_name="payment.refund.wizard", ondelete="cascade"
    )
    line_id = fields.Many2one(
        comodel_name="account.move.portal.attempt.line",
        required=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(related="line_id.move_id", related_sudo=False)
    invoice_date_due = fields.Date(
        related="line_id.move_id.invoice_date_due", related_sudo=False
    )
    currency_id = fields.Many2one(related="line_id.currency_id", related_sudo=False)
    paid_amount = fields.Monetary(
        string="Paid", related="line_id.amount", related_sudo=False
    )
    most = fields.Monetary(
        string="Available",
        help="What was paid of the invoice, less what was refunded before.",
    )
    amount = fields.Monetary(
        string="Reopen", help="How much of the invoice is due again."
    )

    def _get_shares(self):
        """Return what was entered.

        :return: How much of each invoice is reopened, by the id of the attempt's line.
        :rtype: dict[int, float]
        """
        return {line.line_id.id: line.amount for line in self}
