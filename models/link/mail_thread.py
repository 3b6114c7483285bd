from odoo import api, models

from ...tools import delivery_status


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Override of `mail` to close the links of addresses that do not exist.

        To core, whatever a mail server reports is a bounce: a delay, a full mailbox, a
        refusal for other reasons. And only for an answer to a message that we did send
        on an invoice: anybody can send a mail that looks like a bounce.
        """
        result = super()._routing_handle_bounce(email_message, message_dict)
        message = message_dict.get("bounced_message")
        if message and message.model == "account.move":
            gone = [
                status.recipient
                for status in delivery_status.read(email_message)
                if status.is_no_such_address
            ]
            # In sudo mode because the mail gateway has no user.
            self.env["account.move.portal.link"].sudo().search(
                [
                    ("move_id", "=", message.res_id),
                    ("email", "in", gone),
                    ("revoked_on", "=", False),
                ]
            )._revoke("bounced")
        return result
