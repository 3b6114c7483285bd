from odoo import api, fields, models


class AccountMoveSendPortal(models.TransientModel):
    """What keeps customers from viewing or paying, said before the email leaves."""

    _inherit = "account.move.send.portal"

    setup_warnings = fields.Text(compute="_compute_setup_warnings")
    can_mend_setup = fields.Boolean(compute="_compute_can_mend_setup")

    # === COMPUTE METHODS === #

    @api.depends("move_id")
    def _compute_setup_warnings(self):
        checks = self.env["account.move.portal.check"]
        for window in self:
            move = window.move_id
            warnings = checks._get_window_warnings(move.company_id, move.currency_id)
            window.setup_warnings = "\n".join(warnings)

    @api.depends_context("uid")
    def _compute_can_mend_setup(self):
        self.can_mend_setup = self.env["account.move.portal.check"].has_access("read")

    # === ACTION METHODS === #

    def action_check_setup(self):
        """Open the self-check.

        :rtype: dict
        """
        return self.env["account.move.portal.check"].action_open()
