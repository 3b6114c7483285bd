from odoo import api, models


class AccountPartialReconcile(models.Model):
    """What settles an invoice may leave a payment under way without a reason."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `account` to look at the payments under way of the invoices."""
        partials = super().create(vals_list)
        lines = partials.debit_move_id + partials.credit_move_id
        lines.move_id._review_portal_attempts()
        # In sudo mode because whoever matches need not settle payments.
        todos_sudo = self.env["account.move.portal.todo"].sudo()
        todos_sudo._review_credits(lines.payment_id)
        return partials
