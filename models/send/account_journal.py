from odoo import fields, models


class AccountJournal(models.Model):
    """A journal whose invoices leave as soon as they are confirmed."""

    _inherit = "account.journal"

    portal_send_at_confirmation = fields.Boolean(
        string="Email invoices when confirmed",
        help="Each customer invoice is emailed with its payment portal link as soon as"
        " it is confirmed, unless it was emailed before.",
    )
