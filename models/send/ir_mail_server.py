from odoo import api, models


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    @api.model
    def _prepare_smtp_to_list(self, message, smtp_session):
        """Override of `base` to name each recipient to the mail server once.

        A mail's one recipient may stand in To and in Cc: some servers would deliver it
        twice.
        """
        return list(dict.fromkeys(super()._prepare_smtp_to_list(message, smtp_session)))
