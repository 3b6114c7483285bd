from odoo import models

from ... import const


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
