from odoo import api, models
from odoo.fields import Domain
from odoo.tools import email_normalize_all, formataddr

from ...tools import email_addresses


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
                "formatted": formataddr(
                    (partner._get_portal_name(), partner.email_normalized)
                ),
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
        if "email" not in vals:
            return super().write(vals)
        before = {partner: set(partner._get_portal_emails()) for partner in self}
        result = super().write(vals)
        left = {
            partner: addresses
            for partner, emails in before.items()
            if (addresses := emails.difference(partner._get_portal_emails()))
        }
        if left:
            self.env["account.move.portal.link"]._close_for_changed_emails(left)
        return result

    def _get_portal_name(self):
        """Return the name by which to address the contact.

        A contact that is only an address of its company has that one's.

        :return: The name; empty for nobody, or if there is none.
        :rtype: str
        """
        return self.name or self.parent_id.name or self.commercial_partner_id.name or ""

    def _format_portal_addresses(self):
        """Return the contact's addresses as text, to be sent to.

        What is no address stays as it was typed, for people to see and correct.

        :return: Formatted addresses, separated by commas; empty if there is none.
        :rtype: str
        """
        return email_addresses.join(
            formataddr((entry.name or self._get_portal_name(), entry.email))
            if entry.email
            else entry.text
            for entry in email_addresses.split(self.email)
        )

    def _get_portal_emails(self):
        """Return the contact's addresses, as links know them.

        :rtype: list[str]
        """
        self.ensure_one()
        return email_normalize_all(self.email)

    def _get_portal_lang(self, company):
        """Return the code of the language in which to address the contact.

        :param res.company company: Who writes.
        :rtype: str
        """
        self.ensure_one()
        languages = self.env["res.lang"]
        # In sudo mode because visitors may not read contacts.
        for partner_sudo in (self.sudo(), self.sudo().commercial_partner_id):
            if partner_sudo.lang and languages._get_data(code=partner_sudo.lang):
                return partner_sudo.lang
        lang = company.sudo().partner_id.lang  # Likewise.
        return (
            lang if languages._get_data(code=lang) else languages.get_installed()[0][0]
        )
