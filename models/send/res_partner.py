from odoo import fields, models


class ResPartner(models.Model):
    """A customer whose invoices leave as soon as they are confirmed."""

    _inherit = "res.partner"

    portal_send_at_confirmation = fields.Boolean(
        string="Email invoices when confirmed",
        help="Each invoice is emailed with its payment portal link as soon as it is"
        " confirmed, unless it was emailed before.",
        company_dependent=True,
    )
