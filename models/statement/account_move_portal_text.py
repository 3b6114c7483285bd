from markupsafe import Markup

from odoo import api, models
from odoo.tools import is_html_empty

from ...tools import plain_text

#: How many invoices a text names one by one.
MAX_NAMED = 3


class AccountMovePortalText(models.AbstractModel):
    """The emails that lead to a customer's account."""

    _inherit = "account.move.portal.text"

    @api.model
    def _render_mail(self, link, subject, body, lang=None, downloads=()):
        """Override to lead to the account, and to say what is open there."""
        if not link.account_partner_id:
            return super()._render_mail(link, subject, body, lang, downloads)
        lang = lang or link._get_lang()
        link_sudo = self._get_mail_account(link, lang)
        facts = self._get_account_mail_facts(link_sudo)
        return self.env["ir.qweb"]._render(
            "account_payment_portal.mail_account_link",
            {
                "lang": lang,
                "direction": self.env["res.lang"]._get_data(code=lang).direction
                or "ltr",
                "subject": subject,
                "preheader": " · ".join(f"{label}: {text}" for label, text in facts),
                "body": body,
                "facts": facts,
                "company": link_sudo.company_id,
                "url": link._get_url(),
                "is_payable": link_sudo._is_account_payable(),
                "downloads": downloads,
            },
            lang=lang,
            minimal_qcontext=True,
        )

    @api.model
    def _render_mail_text(self, link, body, lang=None, downloads=()):
        """Override to write the same as plain text."""
        if not link.account_partner_id:
            return super()._render_mail_text(link, body, lang, downloads)
        link_sudo = self._get_mail_account(link, lang or link._get_lang())
        env, company_sudo = link_sudo.env, link_sudo.company_id
        facts = self._get_account_mail_facts(link_sudo)
        files = "\n".join(f"- {name}" for name in downloads)
        invitation = (
            env._("View & Pay Invoices")
            if link_sudo._is_account_payable()
            else env._("View Invoices")
        )
        contacts = [company_sudo.phone, company_sudo.email, company_sudo.website]
        parts = [
            plain_text.from_html(body),
            "\n".join(f"{label}: {text}" for label, text in facts),
            f"{invitation}:\n{link._get_url()}",
            f"{env._('More documents on the account page:')}\n{files}" if files else "",
            # Programs know the signature by this line (RFC 3676, 4.3).
            "\n".join(["-- ", company_sudo.name, *filter(None, contacts)]),
        ]
        return "\n\n".join(filter(None, parts)) + "\n"

    @api.model
    def _get_mail_account(self, link, lang):
        """Return the account's link as an email shows what it opens.

        :param account.move.portal.link link: The link.
        :param str lang: The code of the language.
        :return: The link, in sudo mode.
        :rtype: account.move.portal.link
        """
        # In sudo mode because the email is for its recipient, whoever sends it.
        return link.sudo().with_context(lang=lang)

    @api.model
    def _get_account_mail_facts(self, link):
        """Return what is known of the account at a glance.

        :param account.move.portal.link link: The link, in the reader's language.
        :return: Pairs of a label and a value.
        :rtype: list[tuple[str, str]]
        """
        env, parts = link.env, link._get_statement()
        facts = [
            (
                env._("Balance due"),
                " + ".join(part.currency.format(part.balance) for part in parts),
            )
        ]
        if overdue := [part for part in parts if part.overdue]:
            facts.append(
                (
                    env._("Overdue"),
                    " + ".join(part.currency.format(part.overdue) for part in overdue),
                )
            )
        if credit := [part for part in parts if part.credit > 0]:
            facts.append(
                (
                    env._("Your credit"),
                    " + ".join(part.currency.format(part.credit) for part in credit),
                )
            )
        facts.append(
            (env._("Open invoices"), str(sum(len(part.items) for part in parts)))
        )
        return facts

    # === THE TEXTS === #

    @api.model
    def _get_values(self, move):
        """Override to say of several invoices what they come to."""
        values = super()._get_values(move[:1])
        if len(move) < 2:
            return values
        names = move.mapped("name")
        values["invoice_number"] = ", ".join(names[:MAX_NAMED])
        if len(names) > MAX_NAMED:
            values["invoice_number"] = move.env._(
                "%(invoices)s and %(count)s more",
                invoices=values["invoice_number"],
                count=len(names) - MAX_NAMED,
            )
        for name, field in (
            ("invoice_total", "amount_total"),
            ("balance_due", "portal_balance_due"),
        ):
            values[name] = " + ".join(
                currency.format(sum(of_one.mapped(field)))
                for currency, of_one in move.grouped("currency_id").items()
            )
        return values

    @api.model
    def _get_account_subject(self, link, is_of_invoices=False):
        """Return the subject of an email that leads to an account.

        :param account.move.portal.link link: The link, in the reader's language.
        :param bool is_of_invoices: Whether it brings invoices, and no statement.
        :rtype: str
        """
        env, company = link.env, link.company_id
        if is_of_invoices:
            return env._("%(company)s: Your invoices", company=company.name)
        return env._("%(company)s: Account statement", company=company.name)

    @api.model
    def _get_account_body(
        self, link, recipient, moves, is_of_invoices=False, message=None
    ):
        """Return the text of an email that leads to an account.

        :param account.move.portal.link link: The link, in the reader's language.
        :param res.partner recipient: Who reads it.
        :param account.move moves: The invoices that it lists.
        :param bool is_of_invoices: Whether it brings invoices, and no statement.
        :param Markup|None message: What staff say instead of the standard words.
        :rtype: Markup
        """
        return (
            self.env["ir.qweb"]
            ._render(
                "account_payment_portal.mail_account_body",
                {
                    "name": recipient._get_portal_name(),
                    "company": link.company_id,
                    "day": link.company_id._get_portal_day(),
                    "items": link._get_account_items(moves),
                    "is_of_invoices": is_of_invoices,
                    "message": None
                    if is_html_empty(message)
                    else self._render(Markup(message), moves),
                },
                lang=link.env.lang,
                minimal_qcontext=True,
            )
            .strip()
        )
