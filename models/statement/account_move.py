from odoo import models


class AccountMove(models.Model):
    """An invoice, as one of those in its customer's account."""

    _inherit = "account.move"

    # === ACTION METHODS === #

    def action_email_account_statements(self):
        """Open the window that emails the customers of these invoices their accounts.

        :return: The action of the window.
        :rtype: dict
        """
        invoices = self.filtered(lambda move: move.move_type == "out_invoice")
        return self.env["account.move.portal.batch"]._open_account_window(
            invoices.commercial_partner_id, invoices
        )
