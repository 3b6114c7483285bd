from odoo import models


class AccountMovePortalLinkCustomer(models.AbstractModel):
    """What a link gives its recipient: the addresses, the mail, the language."""

    _name = "account.move.portal.link.customer"
    _description = "Invoice Portal Link: what its recipient gets"

    def _get_path(self, screen=""):
        """Return the path of one of the link's screens, from the site's root.

        Note: `self.ensure_one()`

        :param str screen: `pay`, `result`, `pdf`…; empty for the invoice page.
        :rtype: str
        """
        self.ensure_one()
        # In sudo mode because the token is hidden from everyone; the callers are
        # those who were given it, or who send it to its recipient.
        path = f"/portal/invoice/{self.sudo().token}"
        return f"{path}/{screen}" if screen else path

    def _get_url(self):
        """Return the absolute URL of the invoice page, to be put into a mail.

        Note: `self.ensure_one()`

        :rtype: str
        """
        return f"{self.move_id.get_base_url()}{self._get_path()}"

    def _render_mail(self, subject, body, lang=None, downloads=()):
        """Render the mail that leads to the portal: layout, text and button.

        Note: `self.ensure_one()`

        :param str subject: The subject.
        :param Markup body: The text.
        :param str|None lang: The code of the text's language; the recipient's if None.
        :param list[str] downloads: Names of documents that only the page offers.
        :rtype: Markup
        """
        lang = lang or self._get_lang()
        # In sudo mode because the company's colours are for all who send its mails.
        move_sudo = self.move_id.sudo().with_context(lang=lang)
        return self.env["ir.qweb"]._render(
            "account_payment_portal.mail_portal_link",
            {
                "lang": lang,
                "direction": self.env["res.lang"]._get_data(code=lang).direction,
                "subject": subject,
                "body": body,
                "move": move_sudo,
                "company": move_sudo.company_id,
                "url": self._get_url(),
                "is_payable": move_sudo._is_payable_on_portal(),
                "downloads": downloads,
            },
            lang=lang,
            minimal_qcontext=True,
        )

    def _get_lang(self):
        """Return the code of the language in which to address the recipient.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        return (
            self.partner_id.lang or self.move_id.partner_id.lang or self.env.user.lang
        )

    def _is_customer(self, user):
        """Return whether a visitor is logged in as the invoice's customer.

        Note: `self.ensure_one()`

        :param res.users user: The visitor; possibly the public user.
        :rtype: bool
        """
        self.ensure_one()
        return (
            not user._is_public()
            and user.partner_id.commercial_partner_id
            == self.move_id.commercial_partner_id
        )

    def _get_payer(self, user):
        """Return the contact for whom a visitor pays.

        Not just anyone who is logged in: the payment has to settle this customer's
        account, whoever makes it.

        Note: `self.ensure_one()`

        :param res.users user: The visitor; possibly the public user.
        :rtype: res.partner
        """
        return user.partner_id if self._is_customer(user) else self.move_id.partner_id
