from odoo import models


class AccountMovePortalLink(models.Model):
    """A link that is sent once more."""

    _inherit = "account.move.portal.link"

    # === ACTION METHODS === #

    def action_send_again(self):
        """Open the window that mails the link, on this recipient.

        :return: The action of the window.
        :rtype: dict
        """
        self.ensure_one()
        return self.move_id._open_portal_send(email_to=self.email)
