from email.utils import getaddresses

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, email_split, formataddr, is_html_empty

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

MAIL_TEMPLATE = "account_payment_portal.mail_template_portal_link"


class AccountMoveSendPortal(models.TransientModel):
    """The *Email Payment Portal Link* window of one invoice."""

    _name = "account.move.send.portal"
    _inherit = ["account.move.send"]
    _description = "Email Payment Portal Link"

    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="move_id.company_id")
    lang = fields.Char(compute="_compute_lang")
    email_to = fields.Char(
        string="To",
        help="One or more e-mail addresses, separated by commas.",
        compute="_compute_email_to",
        store=True,
        readonly=False,
    )
    customer_without_email = fields.Char(compute="_compute_customer_without_email")
    subject = fields.Char(
        compute="_compute_subject_and_body", store=True, readonly=False
    )
    body = fields.Html(
        compute="_compute_subject_and_body",
        store=True,
        readonly=False,
        sanitize="email_outgoing",
        sanitize_style=True,
    )
    attachment_filename = fields.Char(
        string="Attachment", compute="_compute_attachment_filename"
    )
    failure = fields.Text(
        help="Why some recipients of the last attempt did not get the mail.",
        readonly=True,
    )

    # === COMPUTE METHODS === #

    @api.depends("move_id")
    def _compute_lang(self):
        for wizard in self:
            wizard.lang = wizard.move_id.partner_id.lang or self.env.lang

    @api.depends("move_id")
    def _compute_email_to(self):
        for wizard in self:
            contact = wizard.move_id.partner_id
            contact = contact if contact.email else contact.commercial_partner_id
            wizard.email_to = contact.email and ", ".join(
                formataddr((contact.name or "", email))
                for email in email_split(contact.email)
            )

    @api.depends("move_id", "email_to")
    def _compute_customer_without_email(self):
        for wizard in self:
            wizard.customer_without_email = (
                False if wizard.email_to else wizard.move_id.partner_id.display_name
            )

    @api.depends("move_id")
    def _compute_subject_and_body(self):
        template = self.env.ref(MAIL_TEMPLATE)
        for wizard in self:
            move = wizard.move_id
            wizard.subject = self._get_mail_default_field_value_from_template(
                template, wizard.lang, move, "subject"
            )
            wizard.body = self._get_mail_default_field_value_from_template(
                template,
                wizard.lang,
                move,
                "body_html",
                options={"post_process": True},
            )

    @api.depends("move_id")
    def _compute_attachment_filename(self):
        for wizard in self:
            wizard.attachment_filename = (
                wizard.move_id.invoice_pdf_report_id.name
                or wizard.move_id._get_invoice_report_filename()
            )

    # === ACTION METHODS === #

    def action_send(self):
        """Send the link to each recipient now, while the user waits.

        Note: `self.ensure_one()`

        :return: A confirmation that names the recipients and closes the window; the
            window itself when some of them did not get the mail.
        :rtype: dict
        :raise UserError: If nobody got it: then nothing has changed.
        """
        self.ensure_one()
        self.move_id.check_access("write")
        self.move_id._check_portal_send()
        recipients = self._parse_recipients()
        self._check_subject_and_body()
        documents = self._generate_documents()
        message = self._post_message(documents)
        failures = {}
        for recipient in recipients:
            if reason := self._send_to(recipient, recipients, message):
                failures[recipient] = reason
        if len(failures) == len(recipients):
            raise UserError(self._describe_failures(failures))
        reached = [each for each in recipients if each not in failures]
        self._complete_message(message, reached)
        if failures:
            return self._reopen_for(failures)
        return self._confirm(reached)

    # === BUSINESS METHODS === #

    @api.model
    def _get_default_pdf_report_id(self, move):
        """Override of `account` to print core's default invoice with our engine."""
        report = super()._get_default_pdf_report_id(move)
        if report == self.env.ref("account.account_invoices"):
            return self.env.ref("account_payment_portal.action_report_invoice")
        return report

    def _parse_recipients(self):
        """Return the recipients' addresses, each once.

        :return: The formatted addresses: `"Name" <address>`.
        :rtype: list[str]
        :raise UserError: If there is none, or one of them is no address.
        """
        recipients = {}
        for name, address in getaddresses([(self.email_to or "").replace(";", ",")]):
            email = email_normalize(address)
            if not email:
                raise UserError(
                    self.env._(
                        "“%(address)s” is not an e-mail address.",
                        address=name or address or self.email_to,
                    )
                )
            recipients.setdefault(email, formataddr((name, email)))
        if not recipients:
            raise UserError(self.env._("Enter an e-mail address in “To” first."))
        return list(recipients.values())

    def _check_subject_and_body(self):
        """Check that there is something to read.

        :raise UserError: If the subject or the body is empty.
        """
        if not (self.subject or "").strip():
            raise UserError(self.env._("Enter a subject first."))
        if is_html_empty(self.body):
            raise UserError(self.env._("Enter a message first."))

    def _generate_documents(self):
        """Return the invoice's legal documents, made now if they were not yet.

        :return: The attachments.
        :rtype: ir.attachment
        :raise UserError: If they cannot be made.
        """
        # In sudo mode as core does it: the documents are system attachments.
        move_sudo = self.move_id.sudo()
        settings = self._get_default_sending_settings(
            self.move_id, sending_methods={"email"}
        )
        self._generate_invoice_documents({move_sudo: settings})
        if error := settings.get("error"):
            raise UserError(self._format_error_text(error))
        return self._get_invoice_extra_attachments(move_sudo)

    def _post_message(self, documents):
        """Post on the invoice what is being sent, for staff.

        :param ir.attachment documents: The files that go with the mail.
        :return: The message, which the mails are made from.
        :rtype: mail.message
        """
        author_id, email_from = self.move_id._message_compute_author(
            email_from=self._get_email_from()
        )
        return self.move_id.message_post(
            author_id=author_id,
            email_from=email_from,
            subject=self.subject,
            body=self.body,
            # A note reaches staff only: the customer gets the mail itself, once.
            subtype_xmlid="mail.mt_note",
            # Copies, because a message's attachments are deleted with it.
            attachments=[(document.name, document.raw) for document in documents],
        )

    def _get_email_from(self):
        """Return the address the mail comes from.

        :rtype: str
        """
        move = self.move_id
        return (
            move.invoice_user_id.email_formatted
            or move.company_id.email_formatted
            or self.env.user.email_formatted
        )

    def _send_to(self, recipient, recipients, message):
        """Send one recipient's mail, with that recipient's own link.

        :param str recipient: The recipient's formatted address.
        :param list[str] recipients: All recipients, to be shown in each mail.
        :param mail.message message: The message on the invoice.
        :return: Why the mail server refused; nothing if it took the mail.
        :rtype: str | None
        """
        try:
            with self.env.cr.savepoint():
                link = self._create_link(recipient)
                # In sudo mode because mails are the system's.
                self.env["mail.mail"].sudo().create(
                    {
                        "mail_message_id": message.id,
                        "is_notification": True,
                        "auto_delete": True,  # It holds the recipient's token.
                        "body_html": self._render_mail(link),
                        "email_to": recipient,
                        "headers": repr({"X-Forge-To": ", ".join(recipients)}),
                    }
                ).send(raise_exception=True)
                link._record_sent(message.message_id, message.attachment_ids)
        except MailDeliveryException as error:
            return self._explain_refusal(error)
        return None

    def _create_link(self, recipient):
        """Return the link of one recipient: a new one, unless there is one that works.

        :param str recipient: The formatted address.
        :rtype: account.move.portal.link
        """
        links = self.env["account.move.portal.link"]
        link = links._find_for_recipient(self.move_id, recipient) or links.create(
            links._prepare_link(self.move_id, recipient)
        )
        link._set_sent()
        return link

    def _render_mail(self, link):
        """Render the mail of one link: layout, text and button.

        :param account.move.portal.link link: The link that the button leads to.
        :rtype: Markup
        """
        move = self.move_id.with_context(lang=self.lang)
        return self.env["ir.qweb"]._render(
            "account_payment_portal.mail_portal_link",
            {
                "subject": self.subject,
                "body": self.body,
                "move": move,
                "company": move.company_id,
                "url": link._get_url(),
                "is_payable": move._is_payable_on_portal(),
            },
            lang=self.lang,
            minimal_qcontext=True,
        )

    def _explain_refusal(self, error):
        """Say in plain words why the mail server did not take a mail.

        :param MailDeliveryException error: What core raised.
        :rtype: str
        """
        reasons = [str(reason) for reason in error.args if reason]
        return reasons[-1] if reasons else self.env._("The mail server refused it.")

    def _describe_failures(self, failures):
        """Say who did not get the mail, and why.

        :param dict failures: The reason for each address.
        :rtype: str
        """
        return "\n".join(
            [
                self.env._("The mail was not sent:"),
                *(
                    f"{email_normalize(recipient)}: {reason}"
                    for recipient, reason in failures.items()
                ),
            ]
        )

    def _complete_message(self, message, reached):
        """Add to the message on the invoice who got the mail.

        :param mail.message message: The message.
        :param list[str] reached: Their formatted addresses.
        """
        heading = self.env._(
            "Payment portal link sent to: %(recipients)s",
            recipients=", ".join(reached),
        )
        # In sudo mode because only administrators may edit messages.
        message.sudo().body = Markup("<p>%s</p><p><b>%s</b></p>%s") % (
            heading,
            self.subject,
            message.body,
        )

    def _reopen_for(self, failures):
        """Return the window, with only those in *To* who did not get the mail.

        :param dict failures: The reason for each address.
        :rtype: dict
        """
        self.write(
            {
                "email_to": ", ".join(failures),
                "failure": self._describe_failures(failures),
            }
        )
        return {**self.move_id.action_open_portal_send(), "res_id": self.id}

    def _confirm(self, reached):
        """Return the confirmation that closes the window.

        :param list[str] reached: The formatted addresses of those who got the mail.
        :rtype: dict
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Payment portal link sent"),
                "message": self.env._(
                    "Sent to %(recipients)s.", recipients=", ".join(reached)
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
