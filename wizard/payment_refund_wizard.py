from odoo import api, fields, models

from .. import const


class PaymentRefundWizard(models.TransientModel):
    """Refunds a payment of several invoices: staff choose which are due again."""

    _inherit = "payment.refund.wizard"

    portal_line_ids = fields.One2many(
        comodel_name="account.move.portal.reopen.line",
        inverse_name="refund_wizard_id",
        string="Invoices to reopen",
        compute="_compute_portal_line_ids",
        compute_sudo=False,
        store=True,
        readonly=False,
    )

    # === COMPUTE METHODS === #

    @api.depends("payment_id", "amount_to_refund")
    def _compute_portal_line_ids(self):
        refunds = self.env["account.move.portal.refund"]
        for wizard in self:
            attempt = wizard.transaction_id.portal_attempt_id
            if attempt.origin != "portal" or len(attempt.line_ids) < 2:
                wizard.portal_line_ids = False
                continue
            shares = refunds._suggest_shares(attempt, wizard.amount_to_refund)
            wizard.portal_line_ids = refunds._prepare_window_lines(attempt, shares)

    # === ACTION METHODS === #

    def action_refund(self):
        """Override of `account_payment` to reopen the invoices as chosen."""
        if self.portal_line_ids:
            shares = self.portal_line_ids._get_shares()
            self = self.with_context(**{const.CONTEXT_REOPENED: shares})
        return super().action_refund()
