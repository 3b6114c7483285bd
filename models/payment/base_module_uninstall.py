from odoo import api, fields, models


class BaseModuleUninstall(models.TransientModel):
    """Whoever uninstalls the portal is told of the payments under way."""

    _inherit = "base.module.uninstall"

    portal_open_payments = fields.Text(
        string="Payments under way",
        help="One per line, for all companies. All of them will be cancelled.",
        compute="_compute_portal_open_payments",
        compute_sudo=True,  # Whoever uninstalls need be no accountant.
    )

    @api.depends("module_ids")
    def _compute_portal_open_payments(self):
        for wizard in self:
            names = wizard._get_modules().mapped("name")
            attempts = wizard.env["account.move.portal.attempt"]
            if "account_payment_portal" in names:
                attempts = attempts.search([("is_open", "=", True)])
            wizard.portal_open_payments = "\n".join(
                f"{attempt.reference}: {attempt.currency_id.format(attempt.amount)}, "
                f"{attempt.provider_id.name}"
                for attempt in attempts
            )
