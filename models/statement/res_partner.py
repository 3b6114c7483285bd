from odoo import models


class ResPartner(models.Model):
    """A customer, as someone who has an account."""

    _inherit = "res.partner"

    # === ACTION METHODS === #

    def action_email_account_statement(self):
        """Open the window that emails these customers what is open in their accounts.

        :return: The action of the window.
        :rtype: dict
        """
        return self.env["account.move.portal.batch"]._open_account_window(
            self.commercial_partner_id
        )

    # === BUSINESS METHODS === #

    def _get_portal_account_contacts(self, company):
        """Return who can be sent a link to the customer's account: its own contacts.

        :param res.company company: Whose invoices the account has.
        :return: Contacts with an email address, the customer itself first.
        :rtype: res.partner
        """
        self.ensure_one()
        customer = self.commercial_partner_id
        return customer._group_portal_account_contacts(company)[customer]

    def _group_portal_account_contacts(self, company):
        """Return who can be sent links to the accounts of these commercial entities.

        :param res.company company: Whose invoices the accounts have.
        :return: As `_get_portal_account_contacts` returns it, by commercial entity.
        :rtype: dict[res.partner, res.partner]
        """
        found = self.search(
            [
                ("commercial_partner_id", "in", self.ids),
                ("email", "!=", False),
                # Contacts can be kept for one company: the others do not know them.
                ("company_id", "in", [False, *company.parent_ids.ids]),
            ],
            order="id",
        ).filtered(lambda contact: contact._get_portal_emails())
        contacts = found.grouped("commercial_partner_id")
        return {
            customer: contacts.get(customer, self.browse()).sorted(
                lambda contact, customer=customer: contact != customer
            )
            for customer in self
        }

    def _get_portal_account_companies(self):
        """Return the companies of which the customer has open invoices.

        :return: None for a contact without an email address, who can have no link.
        :rtype: res.company
        """
        self.ensure_one()
        companies = self.env["res.company"]
        if not self._get_portal_emails():
            return companies
        moves = self.env["account.move"]
        groups = moves._read_group(
            moves._get_portal_open_domain(self.commercial_partner_id), ["company_id"]
        )
        return companies.concat(*(company for (company,) in groups))

    def _get_portal_account_recipient(self, company):
        """Return who is sent the customer's account statement if nobody says otherwise.

        That is the contact for invoices, else the customer itself, else the first of
        its contacts.

        :param res.company company: Whose invoices the account has.
        :return: The contact; empty if none has an email address.
        :rtype: res.partner
        """
        self.ensure_one()
        customer = self.commercial_partner_id
        return customer._choose_portal_account_recipients(company)[customer]

    def _choose_portal_account_recipients(self, company):
        """Return who is sent the account statements of these commercial entities.

        :param res.company company: Whose invoices the accounts have.
        :return: As `_get_portal_account_recipient` returns it, by commercial entity.
        :rtype: dict[res.partner, res.partner]
        """
        recipients = {}
        for customer, contacts in self._group_portal_account_contacts(company).items():
            addressed = self.browse(customer.address_get(["invoice"])["invoice"])
            recipients[customer] = (addressed & contacts or contacts)[:1]
        return recipients
