from odoo import api, models
from odoo.fields import Domain
from odoo.tools import email_normalize_all, formataddr


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def search_portal_recipients(self, term, move_id=False, limit=8):
        """Return whom a typed beginning may mean: contacts, and addresses used before.

        The people of the invoice's customer come first.

        :param str term: What was typed: part of a name or an address.
        :param int|bool move_id: The id of the invoice, if there is one.
        :param int limit: How many to return, at most.
        :return: A dict of `name`, `email` and `formatted` for each.
        :rtype: list[dict]
        """
        if not (term or "").strip():
            return []
        move = self.env["account.move"].browse(move_id or [])
        customer = move.commercial_partner_id
        domain = Domain("email", "!=", False) & (
            Domain("email", "ilike", term) | Domain("display_name", "ilike", term)
        )
        found = self.search(
            domain & Domain("commercial_partner_id", "in", customer.ids), limit=limit
        )
        found |= self.search(domain, limit=limit)
        options = {
            partner.email_normalized: {
                "name": partner.display_name,
                "email": partner.email_normalized,
                "formatted": formataddr((partner.name or "", partner.email_normalized)),
            }
            for partner in found
            if partner.email_normalized
        }
        for email in self._get_portal_addresses(term, customer, limit):
            options.setdefault(email, {"name": "", "email": email, "formatted": email})
        return list(options.values())[:limit]

    @api.model
    def _get_portal_addresses(self, term, customer, limit):
        """Return addresses to which invoices of a customer were sent before.

        :param str term: Part of the addresses.
        :param res.partner customer: The customer's commercial entity.
        :param int limit: How many to look at, at most.
        :rtype: list[str]
        """
        links = self.env["account.move.portal.link"]
        if not customer or not links.has_access("read"):
            return []
        return links.search(
            [
                ("move_id.commercial_partner_id", "=", customer.id),
                ("audience", "=", "customer"),
                ("email", "ilike", term),
            ],
            limit=limit,
        ).mapped("email")

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
