from odoo import api, models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Override of `mail` to close the link of an address that does not exist.

        Only for an answer to a message that we did send on an invoice: anybody can send
        a mail that looks like a bounce.
        """
        result = super()._routing_handle_bounce(email_message, message_dict)
        message = message_dict.get("bounced_message")
        if message and message.model == "account.move":
            # In sudo mode because the mail gateway has no user.
            self.env["account.move.portal.link"].sudo().search(
                [
                    ("move_id", "=", message.res_id),
                    ("email", "=", message_dict.get("bounced_email")),
                    ("revoked_on", "=", False),
                ]
            )._revoke("bounced")
        return result
