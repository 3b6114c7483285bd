from odoo import models


def is_staff(user):
    """Return whether a user is one of the house who can be told something.

    :param res.users user: Perhaps somebody who has left, a customer or OdooBot.
    :rtype: bool
    """
    return user.active and user._is_internal()


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

    def _get_portal_staff(self, preferred=("invoice_user_id", "create_uid")):
        """Return who is told of the invoice: the first of these who still work here.

        Those preferred, the invoice's followers, the administrators of invoicing. The
        salesperson may have left, and an import, a scheduled action or a customer may
        have made the invoice.

        Note: `self.ensure_one()`

        :param tuple preferred: The invoice's fields with users to come first.
        :return: The users, in sudo mode; nobody, if there is not even an administrator.
        :rtype: res.users
        """
        self.ensure_one()
        move_sudo = self.sudo()  # Because it may be a customer who makes staff hear.
        for users in (
            *(move_sudo[name] for name in preferred),
            move_sudo.message_partner_ids.user_ids,
        ):
            if staff := users.filtered(is_staff):
                return staff
        return move_sudo._get_portal_administrators()

    def _get_portal_administrators(self):
        """Return the administrators of invoicing in the invoice's company.

        Note: `self.ensure_one()`

        :rtype: res.users
        """
        group = self.env.ref("account.group_account_manager")
        return (
            self.env["res.users"]
            .search(
                [
                    ("all_group_ids", "in", group.ids),
                    ("company_ids", "in", self.company_id.ids),
                ]
            )
            .filtered(is_staff)
        )
