from odoo import api, models
from odoo.tools.mail import unfold_references


class MailThread(models.AbstractModel):
    """What comes back as an answer to a portal email."""

    _inherit = "mail.thread"

    @api.model
    def _get_bounced_message_data(self, message, message_dict):
        """Override of `mail` to find the invoice of a portal email that bounces.

        Each email has a Message-Id of its own; the invoice has the first one's.
        """
        bounced, references = super()._get_bounced_message_data(message, message_dict)
        if bounced or not references:
            return bounced, references
        # In sudo mode because the mail gateway has no user.
        delivery_sudo = (
            self.env["account.move.portal.delivery"]
            .sudo()
            .search([("message_id", "in", references)], limit=1)
        )
        if delivery_sudo:
            bounced = bounced.search(
                [("message_id", "=", delivery_sudo._get_thread_id())], limit=1
            )
        return bounced, references

    @api.model
    def _get_parent_message(self, msg_dict):
        """Override of `mail` to find the invoice of a portal email that is answered.

        Some programs name in an answer only the email that they got, and Odoo knows the
        first one of a sending. Core goes on with the references as they are then.
        """
        named = f"{msg_dict['references']} {msg_dict['in_reply_to']}"
        # In sudo mode because the mail gateway has no user.
        delivery_sudo = (
            self.env["account.move.portal.delivery"]
            .sudo()
            .search(
                [
                    ("message_id", "in", unfold_references(named)),
                    ("thread_id", "!=", False),
                ],
                limit=1,
            )
        )
        if delivery_sudo:
            references = f"{msg_dict['references']} {delivery_sudo.thread_id}"
            msg_dict["references"] = references.strip()
        return super()._get_parent_message(msg_dict)
