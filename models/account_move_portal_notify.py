from odoo import models


class AccountMovePortalNotify(models.AbstractModel):
    """An invoice's side of telling staff what happens on the portal."""

    _name = "account.move.portal.notify"
    _description = "Invoice: telling staff of the portal"

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Override of `mail` to tell by the way that a portal rule asks for."""
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        delivery = self.env.context.get("account_payment_portal_delivery")
        if delivery in ("email", "inbox"):
            for recipient in recipients:
                recipient["notif"] = delivery
        return recipients
