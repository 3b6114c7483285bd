from odoo import api, models
from odoo.tools.mail import unfold_references


class MailThread(models.AbstractModel):
    """What comes back as an answer to a portal email."""

    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, *args, **kwargs):
        """Override of `mail` to bring answers to each portal email to its invoice.

        Some mail programs name the email that they answer only in In-Reply-To, and the
        invoice's note has the Message-Id of the first email alone.
        """
        parent = self._find_portal_parent(message_dict)
        if parent:
            answered = message_dict["references"] or message_dict["in_reply_to"]
            message_dict["references"] = f"{answered} {parent.message_id}"
        return super().message_route(message, message_dict, *args, **kwargs)

    def _get_parent_message(self, msg_dict):
        """Override of `mail` to find what an answer to any portal email answers."""
        parent = super()._get_parent_message(msg_dict)
        return parent or self._find_portal_parent(msg_dict) or None

    @api.model
    def _get_bounced_message_data(self, message, message_dict):
        """Override of `mail` to find the invoice of a portal email that bounces.

        Each email has a Message-Id of its own; the invoice has the first one's.
        """
        bounced, references = super()._get_bounced_message_data(message, message_dict)
        if not bounced and references:
            bounced = self._find_portal_note(references)
        return bounced, references

    @api.model
    def _find_portal_parent(self, msg_dict):
        """Return the invoice's message that an answer to a portal email belongs to.

        :param dict msg_dict: The incoming email, as `message_parse` read it.
        :return: The message; none if core finds one, or it answers no portal email.
        :rtype: mail.message
        """
        references = [
            each.strip()
            for header in (msg_dict.get("in_reply_to"), msg_dict.get("references"))
            for each in unfold_references(header or "")
        ][-32:]  # As many as core looks at.
        # In sudo mode because the mail gateway has no user.
        messages_sudo = self.env["mail.message"].sudo()
        if not references or messages_sudo.search_count(
            [("message_id", "in", references)], limit=1
        ):
            return messages_sudo.sudo(False).browse()
        return self._find_portal_note(references)

    @api.model
    def _find_portal_note(self, references):
        """Return the message on the invoice that stands for one of its emails.

        :param list[str] references: Message-Ids.
        :return: The note of the sending or, while there is none, the invoice's last
            message; none if no portal email has one of these ids.
        :rtype: mail.message
        """
        # In sudo mode because the mail gateway has no user.
        delivery_sudo = (
            self.env["account.move.portal.delivery"]
            .sudo()
            .search([("message_id", "in", references)], limit=1)
        )
        messages_sudo = delivery_sudo.move_id.message_ids
        note_sudo = messages_sudo.filtered(
            lambda each: each.message_id == delivery_sudo._get_thread_id()
        )
        return (note_sudo or messages_sudo)[:1].sudo(False)
