from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    portal_timezone = fields.Selection(
        related="company_id.partner_id.tz", string="Company Time Zone", readonly=False
    )
    portal_link_expiry = fields.Selection(
        related="company_id.portal_link_expiry", readonly=False, required=True
    )
    portal_link_expiry_days = fields.Integer(
        related="company_id.portal_link_expiry_days", readonly=False
    )
    portal_event_months = fields.Integer(
        related="company_id.portal_event_months", readonly=False
    )
    portal_shows_account = fields.Boolean(
        related="company_id.portal_shows_account", readonly=False
    )
    portal_allow_part_payment = fields.Boolean(
        related="company_id.portal_allow_part_payment", readonly=False
    )
    portal_minimum_part_payment = fields.Monetary(
        related="company_id.portal_minimum_part_payment", readonly=False
    )
    portal_is_default_report = fields.Boolean(
        related="company_id.portal_is_default_report", readonly=False
    )
    portal_replaces_send = fields.Boolean(
        related="company_id.portal_replaces_send", readonly=False
    )
    portal_send_receipt = fields.Boolean(
        related="company_id.portal_send_receipt", readonly=False
    )
    portal_mail_cc = fields.Char(related="company_id.portal_mail_cc", readonly=False)
    portal_mail_bcc = fields.Char(related="company_id.portal_mail_bcc", readonly=False)
    portal_mail_size_limit = fields.Integer(
        related="company_id.portal_mail_size_limit", readonly=False
    )
