from odoo import api, fields, models


class BaseModuleUninstall(models.TransientModel):
    """Whoever uninstalls the portal is told of the payments under way."""

    _inherit = "base.module.uninstall"

    portal_open_attempt_ids = fields.Many2many(
        comodel_name="account.move.portal.attempt",
        string="Payments under way",
        compute="_compute_portal_open_attempt_ids",
        # Whoever uninstalls need be no accountant; payments of all companies end.
        compute_sudo=True,
    )

    @api.depends("module_ids")
    def _compute_portal_open_attempt_ids(self):
        for wizard in self:
            names = wizard._get_modules().mapped("name")
            wizard.portal_open_attempt_ids = (
                "account_payment_portal" in names
                and wizard.env["account.move.portal.attempt"].search(
                    [("is_open", "=", True)]
                )
            )
