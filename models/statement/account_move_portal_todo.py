from odoo import fields, models


class AccountMovePortalTodo(models.Model):
    """A refund for which nobody has chosen which invoices it reopens."""

    _inherit = "account.move.portal.todo"

    kind = fields.Selection(
        selection_add=[("refund", "Refund not assigned")],
        ondelete={"refund": "cascade"},
    )

    # === ACTION METHODS === #

    def action_reopen_invoices(self):
        """Open the window in which staff choose which invoices the refund reopens.

        It is settled once that is chosen for each of the payment's refunds.

        :rtype: dict
        :raise UserError: If it is settled, or about something else.
        """
        attempt_sudo = self._check_settle("refund")
        refund_sudo = attempt_sudo._get_unassigned_refunds().sorted("id")[:1]
        return refund_sudo.sudo(False).action_open_window()

    def action_done(self):
        """Override: a refund of which staff are done reopens no invoice."""
        result = super().action_done()
        # In sudo mode because refunds are written by Odoo only; what may be settled
        # was checked.
        attempts_sudo = self.filtered(lambda todo: todo.kind == "refund").sudo()
        for attempt_sudo in attempts_sudo.attempt_id:
            attempt_sudo._get_unassigned_refunds().is_assigned = True
        return result
