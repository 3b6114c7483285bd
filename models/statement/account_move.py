from odoo import api, models


class AccountMove(models.Model):
    """An invoice, as one of those in its customer's account."""

    _inherit = "account.move"

    # === COMPUTE METHODS === #

    @api.depends("portal_attempt_line_ids.reopened_amount")
    def _compute_portal_balance_due(self):
        """Override to follow what refunds reopen, see `_get_portal_share`."""
        return super()._compute_portal_balance_due()

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

    # === BUSINESS METHODS === #

    def _get_portal_share(self, payment):
        """Override to leave out what was refunded of a payment without an entry."""
        share = super()._get_portal_share(payment)
        lines = payment.payment_transaction_id.portal_attempt_id.line_ids
        reopened = sum(
            lines.filtered(lambda line: line.move_id == self).mapped("reopened_amount")
        )
        return self.currency_id.round(share - reopened) if reopened else share
