from odoo import api, models


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
