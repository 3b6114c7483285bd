from odoo import models


class AccountMovePortalLink(models.Model):
    """A link's side of emails: the one that leads to it, and that it was sent."""

    _inherit = "account.move.portal.link"

    # === ACTION METHODS === #

    def action_send_again(self):
        """Open the window that mails the link, on this recipient.

        :return: The action of the window.
        :rtype: dict
        """
        self.ensure_one()
        return self.move_id._open_portal_send(email_to=self.email)

    # === BUSINESS METHODS === #

    def _render_mail(self, subject, body, lang=None, downloads=()):
        """Render the mail that leads to the portal: layout, text and button.

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

    def _record_sent(self, message_id, attachments):
        """Record that the mail with the link was handed over to the mail server.

        :param str message_id: The mail's Message-Id.
        :param ir.attachment attachments: The files that went with it.
        """
        documents = attachments.filtered(
            lambda file: file.mimetype == "application/pdf"
        )
        # In sudo mode because nobody has the right to create events.
        self.env["account.move.portal.event"]._record_sent(
            self.sudo(), message_id, documents[:1].raw
        )
