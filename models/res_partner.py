from odoo import models
from odoo.tools import email_normalize_all


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """Override to close the portal links of an address that is left."""
        result = super().write(vals)
        if "email" in vals:
            self.env["account.move.portal.link"]._close_for_changed_emails(self)
        return result

    def _get_portal_emails(self):
        """Return the contact's addresses, as links know them.

        Note: `self.ensure_one()`

        :rtype: list[str]
        """
        self.ensure_one()
        return email_normalize_all(self.email)
