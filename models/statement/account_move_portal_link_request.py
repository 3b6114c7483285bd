from odoo import models
from odoo.fields import Domain
from odoo.tools import formataddr


class AccountMovePortalLinkRequest(models.Model):
    """A request for a new link to a customer's account."""

    _inherit = "account.move.portal.link.request"

    def _get_recipient(self):
        """Override to answer the account's own recipient, and nobody else.

        At the address that the contact has now; where staff or a bounce has closed a
        link, not at the address that this was for.
        """
        link = self.link_id
        if not link.account_partner_id:
            return super()._get_recipient()
        contact = link.partner_id
        is_entitled = (
            link.audience == "customer"
            and link.state != "live"
            and link._is_recipient_of_account()
            and contact._get_portal_emails()
            and self._find_last_invoice()
        )
        if not is_entitled:
            return contact.browse()
        closed = link.search(
            [
                ("account_partner_id", "=", link.account_partner_id.id),
                ("company_id", "=", link.company_id.id),
                ("revocation_reason", "in", ["staff", "bounced"]),
            ]
        )
        is_closed = set(contact._get_portal_emails()) & set(closed.mapped("email"))
        return contact.browse() if is_closed else contact

    def _find_last_invoice(self):
        """Return the latest invoice of the account, with which its emails are listed.

        :rtype: account.move
        """
        return self.env["account.move"].search(
            self.link_id._get_account_domain()
            & Domain("move_type", "=", "out_invoice"),
            order="id desc",
            limit=1,
        )

    def _find_uncertain_delivery(self, recipient):
        """Override to look among the emails that lead to the account."""
        customer = self.link_id.account_partner_id
        if not customer:
            return (
                super()
                ._find_uncertain_delivery(recipient)
                .filtered(lambda each: not each.account_partner_id)
            )
        return self.env["account.move.portal.delivery"].search(
            [
                ("account_partner_id", "=", customer.id),
                ("company_id", "=", self.link_id.company_id.id),
                ("kind", "=", "new_link"),
                ("email", "=", recipient._get_portal_emails()[0]),
                ("state", "=", "uncertain"),
                ("link_id.state", "=", "live"),
            ],
            limit=1,
        )

    def _prepare_delivery(self, recipient):
        """Override to lead to the account."""
        link = self.link_id
        if not link.account_partner_id:
            return super()._prepare_delivery(recipient)
        company = link.company_id
        lang = recipient._get_portal_lang(company)
        email = recipient._get_portal_emails()[0]
        in_lang = self.with_context(lang=lang)
        move = self._find_last_invoice()
        return {
            "kind": "new_link",
            "request_id": self.id,
            "move_id": move.id,
            "account_partner_id": link.account_partner_id.id,
            "email": email,
            "formatted": formataddr((recipient._get_portal_name(), email)),
            "is_queued": True,
            "lang": lang,
            "subject": in_lang.env._(
                "%(company)s: Your new link to your account", company=company.name
            ),
            "body": in_lang.env["ir.qweb"]._render(
                "account_payment_portal.mail_new_account_link_text",
                {"recipient": recipient, "move": move.with_context(lang=lang)},
                lang=lang,
                minimal_qcontext=True,
            ),
        }
