from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    portal_link_expiry = fields.Selection(
        related="company_id.portal_link_expiry", readonly=False, required=True
    )
    portal_link_expiry_days = fields.Integer(
        related="company_id.portal_link_expiry_days", readonly=False
    )
    portal_event_months = fields.Integer(
        related="company_id.portal_event_months", readonly=False
    )
