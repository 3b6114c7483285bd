from odoo import models


class AccountMove(models.Model):
    """An invoice, as one of those in its customer's account."""

    _inherit = "account.move"

    def _get_portal_receivable_account(self):
        """Return the account on which these invoices are due.

        :return: Several, if they are kept in different ones.
        :rtype: account.account
        """
        return self.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).account_id

    # === ACTION METHODS === #

    def action_email_account_statements(self):
        """Open the window that emails the customers of these invoices their accounts.

        :return: The action of the window.
        :rtype: dict
        """
        invoices = self.filtered(lambda move: move.move_type == "out_invoice")
        return self.env["account.move.portal.statement.window"]._open(
            invoices.commercial_partner_id, invoices
        )
