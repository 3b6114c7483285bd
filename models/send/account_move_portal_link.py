from odoo import api, models
from odoo.tools import format_amount, format_date

from ...tools import plain_text


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
        """Render the email that leads to the portal: layout, text and button.

        :param str subject: The subject.
        :param Markup body: The text.
        :param str|None lang: The code of the text's language; the recipient's if None.
        :param list[str] downloads: Names of documents that only the page offers.
        :rtype: Markup
        """
        lang = lang or self._get_lang()
        move_sudo = self._get_mail_move(lang)
        return self.env["ir.qweb"]._render(
            "account_payment_portal.mail_portal_link",
            {
                "lang": lang,
                "direction": self.env["res.lang"]._get_data(code=lang).direction
                or "ltr",
                "subject": subject,
                "preheader": self._get_preheader(move_sudo),
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

    def _render_mail_text(self, body, lang=None, downloads=()):
        """Write the same email as plain text, for who reads no HTML.

        :param Markup body: The text.
        :param str|None lang: The code of the text's language; the recipient's if None.
        :param list[str] downloads: Names of documents that only the page offers.
        :rtype: str
        """
        move_sudo = self._get_mail_move(lang or self._get_lang())
        env, company_sudo = move_sudo.env, move_sudo.company_id
        facts = "\n".join(
            f"{label}: {value}" for label, value in self._get_mail_facts(move_sudo)
        )
        invitation = (
            env._("View & Pay Invoice")
            if move_sudo._is_payable_on_portal()
            else env._("View Invoice")
        )
        files = "\n".join(f"- {name}" for name in downloads)
        contacts = [company_sudo.phone, company_sudo.email, company_sudo.website]
        parts = [
            plain_text.from_html(body),
            facts,
            f"{invitation}:\n{self._get_url()}",
            f"{env._('More documents on the invoice page:')}\n{files}" if files else "",
            # Programs know the signature by this line (RFC 3676, 4.3).
            "\n".join(["-- ", company_sudo.name, *filter(None, contacts)]),
        ]
        return "\n\n".join(filter(None, parts)) + "\n"

    def _get_mail_move(self, lang):
        """Return the invoice as the email shows it.

        :param str lang: The code of the language.
        :return: The invoice, in sudo mode.
        :rtype: account.move
        """
        # In sudo mode because the company's colours are for all who send its mails.
        return self.move_id.sudo().with_context(lang=lang)

    @api.model
    def _get_mail_facts(self, move):
        """Return what is known of the invoice at a glance.

        :param account.move move: The invoice, in the reader's language.
        :return: Pairs of a label and a value.
        :rtype: list[tuple[str, str]]
        """
        env, is_draft = move.env, move.state == "draft"
        amount = move.amount_total if is_draft else move.portal_balance_due
        facts = [
            (env._("Invoice"), move._get_portal_number()),
            (
                env._("Total") if is_draft else env._("Balance due"),
                format_amount(env, amount, move.currency_id),
            ),
        ]
        due_date = move._get_portal_due_date()
        if due_date and (is_draft or move._is_payable_on_portal()):
            due = format_date(env, due_date)
            facts.append((env._("Due date"), due))
        return facts

    @api.model
    def _get_preheader(self, move):
        """Return what inboxes show after the subject: not the same once more.

        :param account.move move: The invoice, in the reader's language.
        :rtype: str
        """
        return " · ".join(
            f"{label}: {value}" for label, value in self._get_mail_facts(move)[1:]
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
