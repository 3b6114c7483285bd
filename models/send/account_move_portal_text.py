import re
from html import unescape

from markupsafe import Markup, escape

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import (
    LazyTranslate,
    format_amount,
    format_date,
    html_normalize,
    html_sanitize,
    is_html_empty,
)

from ...tools import plain_text

_lt = LazyTranslate(__name__)

PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
# What stands in a text, and how it is explained to whoever writes one.
PLACEHOLDERS = {
    "invoice_number": _lt("Invoice number"),
    "invoice_total": _lt("Total, with its currency"),
    "balance_due": _lt("Balance due"),
    "due_date": _lt("Due date"),
    "invoice_date": _lt("Invoice date"),
    "payment_reference": _lt("Payment reference"),
    "customer_reference": _lt("The customer's own reference"),
    "customer_name": _lt("Name of the invoice's contact"),
    "customer_company": _lt("Name of the customer's company"),
    "company_name": _lt("Name of your company"),
    "salesperson_name": _lt("Name of the salesperson, else of your company"),
    "salesperson_email": _lt("Email of the salesperson, else of your company"),
    "salesperson_phone": _lt("Phone of the salesperson, else of your company"),
}


class AccountMovePortalText(models.AbstractModel):
    """Subject and body of the emails that lead to the portal.

    The texts are those of the company, in the customer's language, with placeholders
    from a fixed list: nothing in them is ever run as code, whoever wrote them.
    """

    _name = "account.move.portal.text"
    _description = "Invoice Portal Email Texts"

    # === PLACEHOLDERS === #

    @api.model
    def get_placeholders(self):
        """Return the explanation of each placeholder, in the user's language.

        :rtype: dict[str, str]
        """
        return {
            name: explanation._translate(self.env.lang)
            for name, explanation in PLACEHOLDERS.items()
        }

    @api.model
    def _get_values(self, move):
        """Return what the placeholders stand for.

        :param account.move move: The invoice, in the language of the reader.
        :return: The text of each placeholder, empty where there is nothing to say.
        :rtype: dict[str, str]
        """
        # In sudo mode to read of the salesperson what a mail signature tells.
        contact = move.sudo()._get_portal_contact()
        dates = {name: move[name] for name in ("invoice_date",)}
        dates["due_date"] = move._get_portal_due_date()
        amounts = {
            "invoice_total": move.amount_total,
            "balance_due": move.portal_balance_due
            if move.state == "posted"
            else move.amount_total,
        }
        customer = move.partner_id.commercial_partner_id
        return {
            "invoice_number": move._get_portal_number(),
            "payment_reference": move.payment_reference or "",
            "customer_reference": move.ref or "",
            "customer_name": move._get_portal_customer_name(move.partner_id),
            "customer_company": move._get_portal_customer_name(customer),
            "company_name": move.company_id.name,
            "salesperson_name": contact._get_portal_name(),
            "salesperson_email": contact.email or "",
            "salesperson_phone": contact.phone or "",
            **{
                name: format_date(move.env, date) if date else ""
                for name, date in dates.items()
            },
            **{
                name: format_amount(move.env, amount, move.currency_id)
                for name, amount in amounts.items()
            },
        }

    @api.model
    def _check(self, text):
        """Check that a text has only placeholders that there are.

        :param str text: The subject, or the body as HTML.
        :raise ValidationError: Naming the first that there is not.
        """
        for match in PLACEHOLDER.finditer(text or ""):
            name = _get_name(match)
            if name not in PLACEHOLDERS:
                raise ValidationError(
                    self.env._(
                        "“{{%(name)s}}” is not a placeholder. Pick one from the list:"
                        " %(names)s.",
                        name=name,
                        names=", ".join(PLACEHOLDERS),
                    )
                )

    @api.model
    def _render(self, text, move):
        """Put the values in for the placeholders.

        A placeholder that there is not stays as it is, for people to see.

        :param str|Markup text: The text; as `Markup` if it is HTML.
        :param account.move move: The invoice, in the language of the reader.
        :rtype: str|Markup
        """
        return _fill_in(text, self._get_values(move))

    # === THE TEXTS === #

    @api.model
    def _get_standard_subject(self, move=None):
        """Return the subject where a company has none of its own.

        :param account.move|None move: The invoice, to say that it is a draft.
        :rtype: str
        """
        if move and move.state == "draft":
            return self.env._("{{company_name}}: Draft of your invoice")
        return self.env._("{{company_name}}: Invoice {{invoice_number}}")

    @api.model
    def _get_standard_body(self, move=None):
        """Return the body where a company has none of its own.

        :param account.move|None move: The invoice, to say what can be done with it.
        :rtype: Markup
        """
        return (
            self.env["ir.qweb"]
            ._render(
                "account_payment_portal.mail_standard_body",
                {
                    "is_draft": bool(move) and move.state == "draft",
                    "is_payable": not move or move._is_payable_on_portal(),
                },
                lang=self.env.lang,
                minimal_qcontext=True,
            )
            .strip()
        )

    @api.model
    def _get_subject_and_body(self, move, lang, subject="", body=""):
        """Return what the email of an invoice says.

        :param account.move move: The invoice.
        :param str lang: The code of the reader's language.
        :param str subject: What staff have typed instead of the company's subject.
        :param str body: What they have typed instead of its text, as HTML.
        :rtype: tuple[str, Markup]
        """
        move = move.with_context(lang=lang)
        texts, company = self.with_context(lang=lang), move.company_id
        subject = (
            subject or company.portal_mail_subject or texts._get_standard_subject(move)
        )
        if is_html_empty(body):
            own = company.portal_mail_body
            body = (
                texts._get_standard_body(move)
                if is_html_empty(own)
                # The field does not do it, as one that does mixes the languages up.
                else html_sanitize(own, sanitize_style=True)
            )
        values = texts._get_values(move)
        return _fill_in(subject, values), _fill_in(Markup(body), values)

    # === THE COMPANY'S OWN TEXTS === #

    @api.model
    def _get_unfilled(self, company, lang):
        """Return what a company's mails say in a language, before values are put in.

        :param res.company company: The company.
        :param str lang: The code of the language.
        :return: The subject and the body.
        :rtype: tuple[str, str]
        """
        texts, company = self.with_context(lang=lang), company.with_context(lang=lang)
        body = company.portal_mail_body
        return (
            company.portal_mail_subject or texts._get_standard_subject(),
            texts._get_standard_body() if is_html_empty(body) else body,
        )

    @api.model
    def _set_unfilled(self, company, lang, subject, body):
        """Keep what a company's mails say in a language; what others say stays.

        Only what differs from the standard text is the company's own.

        :param res.company company: The company.
        :param str lang: The code of the language.
        :param str subject: The subject; empty for the standard one.
        :param str body: The body; empty for the standard one.
        :raise ValidationError: If there is an unknown placeholder.
        """
        texts = self.with_context(lang=lang)
        subject = (subject or "").strip()
        if subject == texts._get_standard_subject():
            subject = ""
        if is_html_empty(body) or _squeeze(body) == _squeeze(
            texts._get_standard_body()
        ):
            body = ""
        texts._set_own(company, "portal_mail_subject", subject)
        texts._set_own(company, "portal_mail_body", body)

    @api.model
    def _set_own(self, company, name, text):
        """Keep a company's own text in the language of the context.

        :param res.company company: The company.
        :param str name: Name of the field that has it.
        :param str text: The text; empty for the standard one.
        :raise ValidationError: If there is an unknown placeholder.
        """
        lang = self.env.context["lang"]
        if (company.with_context(lang=lang)[name] or "") == text:
            return
        self._check(text)
        # What is not translated is said in English: that must not become this text.
        english = company.with_context(lang="en_US")[name] or ""
        company.update_field_translations(name, {"en_US": english, lang: str(text)})

    # === THE EMAIL === #

    @api.model
    def _render_mail(self, link, subject, body, lang=None, downloads=()):
        """Render the email that leads to the portal: layout, text and button.

        :param account.move.portal.link link: Where it leads.
        :param str subject: The subject.
        :param Markup body: The text.
        :param str|None lang: The code of the text's language; the recipient's if None.
        :param list[str] downloads: Names of documents that only the page offers.
        :rtype: Markup
        """
        lang = lang or link._get_lang()
        move_sudo = self._get_mail_move(link, lang)
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
                "url": link._get_url(),
                "is_payable": move_sudo._is_payable_on_portal(),
                "downloads": downloads,
            },
            lang=lang,
            minimal_qcontext=True,
        )

    @api.model
    def _render_mail_text(self, link, body, lang=None, downloads=()):
        """Write the same email as plain text, for who reads no HTML.

        :param account.move.portal.link link: Where it leads.
        :param Markup body: The text.
        :param str|None lang: The code of the text's language; the recipient's if None.
        :param list[str] downloads: Names of documents that only the page offers.
        :rtype: str
        """
        move_sudo = self._get_mail_move(link, lang or link._get_lang())
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
            f"{invitation}:\n{link._get_url()}",
            f"{env._('More documents on the invoice page:')}\n{files}" if files else "",
            # Programs know the signature by this line (RFC 3676, 4.3).
            "\n".join(["-- ", company_sudo.name, *filter(None, contacts)]),
        ]
        return "\n\n".join(filter(None, parts)) + "\n"

    @api.model
    def _get_mail_move(self, link, lang):
        """Return the invoice as the email shows it.

        :param account.move.portal.link link: Where the email leads.
        :param str lang: The code of the language.
        :return: The invoice, in sudo mode.
        :rtype: account.move
        """
        # In sudo mode because the company's colours are for all who send its mails.
        return link.move_id.sudo().with_context(lang=lang)

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


def _get_name(match):
    """Return the name in a placeholder, as typed with an editor of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", match[1])).replace("\xa0", " ").strip()


def _squeeze(html):
    """Return HTML in the one form in which equal texts are equal."""
    return "".join(html_normalize(str(html)).split())


def _fill_in(text, values):
    """Put values in for the placeholders of a text.

    :param str|Markup text: The text; as `Markup` if it is HTML.
    :param dict[str, str] values: The values by placeholder.
    :rtype: str|Markup
    """
    is_html = isinstance(text, Markup)

    def replace(match):
        value = values.get(_get_name(match))
        if value is None:
            return match[0]
        return str(escape(value)) if is_html else value

    return type(text)(PLACEHOLDER.sub(replace, str(text)))
