from odoo import models

from ... import const
from ...tools import plain_text


class AccountMove(models.Model):
    """An invoice's side of telling staff what happens on the portal."""

    _inherit = "account.move"

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Override of `mail` to tell by the way that a portal rule asks for."""
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        delivery = self.env.context.get(const.CONTEXT_DELIVERY)
        if delivery in ("email", "inbox"):
            for recipient in recipients:
                recipient["notif"] = delivery
        return recipients

    def _notify_by_email_get_base_mail_values(self, message, recipients_data, **kwargs):
        """Override of `mail` to write the plain text of what a portal rule tells.

        Core makes it of the HTML: layout and all, with numbered references.
        """
        values = super()._notify_by_email_get_base_mail_values(
            message, recipients_data, **kwargs
        )
        if self.env.context.get(const.CONTEXT_DELIVERY):
            address = self._notify_get_action_link("view")
            values["portal_text"] = "\n\n".join(
                (
                    plain_text.from_html(message.body),
                    f"{self.env._('View Invoice')}:\n{address}",
                    f"-- \n{self.company_id.name}",
                )
            )
        return values
