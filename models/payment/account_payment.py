from odoo import api, models


class AccountPayment(models.Model):
    """A payment without a journal entry settles invoices by its state."""

    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `account` to look at the payments under way of the invoices."""
        payments = super().create(vals_list)
        payments.invoice_ids._review_portal_attempts()
        return payments

    def write(self, vals):
        """Override of `account` to look at the payments under way of the invoices."""
        result = super().write(vals)
        if not vals.keys().isdisjoint(("state", "invoice_ids", "amount")):
            self.invoice_ids._review_portal_attempts()
        return result
