import base64
import re
from contextlib import contextmanager

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.orm.models import NO_ACCESS
from odoo.tools import SQL, email_split, formataddr, is_html_empty
from odoo.tools.mail import generate_tracking_message_id
from odoo.tools.misc import hash_sign, verify_hash_signed

from .. import const
from ..tools import email_addresses, smtp_errors
from ..tools.email_addresses import Recipient

# What every mail holds beside its supporting documents, at least, in bytes: text,
# layout and the invoice's own documents.
RESERVED_SIZE = 512 * 1024
# A file grows by a third when it is written as text, with line breaks by some more.
ENCODED = 1.37
PREVIEW_SCOPE = "account_payment_portal-preview"
PREVIEW_HOURS = 1
# When a file, or one embedded in it, was made (ISO 32000-1, 7.9.4).
_PDF_DATES = re.compile(rb"/(?:Creation|Mod)Date\s*\([^)]*\)")
# Tells our advisory locks from those of others; the second number is the window's id.
LOCK_SPACE = 0x504F5254


class AccountMoveSendPortal(models.TransientModel):
    """The *Email Payment Portal Link* window of one invoice.

    It asks its questions, is filled in, shows what will be sent, and sends it while the
    user waits; the methods stand in this order.

    The previews go through the code that makes the real things, with a link that is
    never stored: its address is signed, opens for this user only, and for a short time.

    An email cannot be taken back when a transaction is. So what it depends on, its link
    above all, is committed before the email goes out, and its outcome right after:
    whatever happens in between, no recipient holds a dead link, and nobody is sent the
    email a second time unasked.
    """

    _name = "account.move.send.portal"
    _inherit = ["account.move.portal.window", "account.move.send"]
    _description = "Email Payment Portal Link"

    company_id = fields.Many2one(related="move_id.company_id")
    move_state = fields.Selection(related="move_id.state")
    step = fields.Selection(
        selection=[("questions", "Questions"), ("compose", "Compose")],
        required=True,
        readonly=True,
        default="compose",
    )
    lang = fields.Char(compute="_compute_lang")
    # The questions.
    confirm_invoice = fields.Selection(
        selection=[
            ("yes", "Yes, confirm it"),
            ("no", "No, send a preview that can be viewed, not paid"),
        ],
        string="Confirm this invoice now?",
        default="yes",
    )
    include_documents = fields.Selection(
        selection=[("yes", "Yes"), ("no", "No")],
        string="Include the supporting documents?",
        default="no",
    )
    document_ids = fields.One2many(
        comodel_name="account.move.send.portal.document", inverse_name="wizard_id"
    )
    # The mail.
    email_to = fields.Char(
        string="To",
        compute="_compute_email_to",
        store=True,
        readonly=False,
    )
    email_cc = fields.Char(
        string="CC", compute="_compute_copies", store=True, readonly=False
    )
    email_bcc = fields.Char(
        string="BCC", compute="_compute_copies", store=True, readonly=False
    )
    customer_without_email = fields.Char(compute="_compute_customer_without_email")
    recipients_problem = fields.Char(compute="_compute_recipients_problem")
    subject = fields.Char(
        compute="_compute_subject_and_body", store=True, readonly=False
    )
    body = fields.Html(
        compute="_compute_subject_and_body",
        store=True,
        readonly=False,
        sanitize_style=True,
    )
    attached_names = fields.Char(string="Attached", compute="_compute_file_names")
    download_names = fields.Char(
        string="Offered on the page", compute="_compute_file_names"
    )
    previewed_pdf = fields.Binary(
        help="The PDF that the user was shown.", attachment=False, readonly=True
    )
    printed_token = fields.Char(
        help="Of the link on the PDF, which opens nothing before the PDF is sent.",
        readonly=True,
        default=lambda self: self._make_token(),
        groups=NO_ACCESS,
    )
    # The sending.
    delivery_state = fields.Selection(
        selection=[("none", "Not sent"), ("sending", "Sending"), ("sent", "Sent")],
        required=True,
        readonly=True,
        default="none",
    )
    deliveries = fields.Json(
        help="How far the mail of each address has got.",
        readonly=True,
        # Not even by a call of its user: it says which links are sent, and removed.
        groups=NO_ACCESS,
    )
    delivered_to = fields.Char(compute="_compute_delivered_to")
    failure = fields.Text(
        help="Why some recipients of the last attempt did not get the mail.",
        readonly=True,
    )

    # === COMPUTE METHODS === #

    @api.depends("move_id")
    def _compute_lang(self):
        for wizard in self:
            wizard.lang = wizard.move_id._get_portal_lang()

    @api.depends("move_id")
    def _compute_email_to(self):
        for wizard in self:
            contact = wizard.move_id.partner_id
            contact = contact if contact.email else contact.commercial_partner_id
            wizard.email_to = email_addresses.join(
                formataddr((contact.name or "", email))
                for email in email_split(contact.email or "")
            )

    @api.depends("move_id")
    def _compute_copies(self):
        for wizard in self:
            # In sudo mode because billers may not read all of a company.
            company_sudo = wizard.move_id.company_id.sudo()
            wizard.email_cc = company_sudo.portal_mail_cc
            wizard.email_bcc = company_sudo.portal_mail_bcc

    @api.depends("move_id", "email_to")
    def _compute_customer_without_email(self):
        for wizard in self:
            wizard.customer_without_email = (
                False if wizard.email_to else wizard.move_id.partner_id.display_name
            )

    @api.depends("email_to", "email_cc", "email_bcc")
    def _compute_recipients_problem(self):
        for wizard in self:
            malformed = wizard._get_recipients()[1]
            wizard.recipients_problem = wizard._describe_malformed(malformed)

    @api.depends("move_id")
    def _compute_subject_and_body(self):
        # In sudo mode because the company's texts are for all who send its invoices.
        texts_sudo = self.env["account.move.portal.text"].sudo()
        for wizard in self:
            move_sudo = wizard.move_id.sudo()
            wizard.subject = texts_sudo._get_subject(move_sudo, wizard.lang)
            wizard.body = texts_sudo._get_body(move_sudo, wizard.lang)

    @api.depends("move_id.state", "include_documents", "document_ids.is_included")
    def _compute_file_names(self):
        for wizard in self:
            attached, offered = wizard._split_documents()
            wizard.attached_names = email_addresses.join(
                [*wizard._get_own_filenames(), *attached.mapped("name")]
            )
            wizard.download_names = email_addresses.join(offered.mapped("name"))

    @api.depends("deliveries")
    def _compute_delivered_to(self):
        for wizard in self:
            wizard.delivered_to = email_addresses.join(wizard._get_delivered())

    # === ONCHANGE METHODS === #

    @api.onchange("email_to", "email_cc", "email_bcc")
    def _onchange_recipients(self):
        """Keep an address that stands in two fields once: To before CC before BCC."""
        recipients, malformed = self._get_recipients()
        if malformed:
            return  # It is named; nothing is taken away from who is still typing.
        for kind in email_addresses.KINDS:
            kept = [each.formatted for each in recipients if each.kind == kind]
            if len(email_addresses.parse(self[f"email_{kind}"])[0]) != len(kept):
                self[f"email_{kind}"] = email_addresses.join(kept)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to ask the questions that apply to the invoice."""
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.document_ids = [
                Command.create(
                    {"attachment_id": file.id, "origin": wizard._name_origin(record)}
                )
                for record, files in wizard._get_portal_documents(
                    wizard.move_id
                ).items()
                for file in files
            ]
            if wizard.move_id.state == "draft" or wizard.document_ids:
                wizard.step = "questions"
        return wizards

    # === ACTION METHODS === #

    def action_continue(self):
        """Act on the answers, and go on to the mail.

        :return: The window at its next step, or what core wants to ask first.
        :rtype: dict
        :raise UserError: If the invoice cannot be confirmed: core says why.
        """
        self.ensure_one()
        move = self.move_id
        if move.state == "draft" and self.confirm_invoice == "yes":
            question = move.action_post()
            if move.state == "draft":
                return question
            # No change of an invoice reaches its open windows by itself.
            self.invalidate_recordset(["move_state"])
            # The number and the due date are known from now on.
            self._compute_subject_and_body()
        self.step = "compose"
        return self._get_window()

    def action_back(self):
        """Go back to the questions.

        :rtype: dict
        """
        self.ensure_one()
        self.step = "questions"
        return self._get_window()

    def action_preview_pdf(self):
        """Open the PDF that will be attached, in a new tab.

        :rtype: dict
        """
        return self._open_tab("pdf?show=1")

    def action_preview_portal(self):
        """Open the page as the customer will see it, in a new tab.

        :rtype: dict
        """
        return self._open_tab("")

    def _open_tab(self, screen):
        """Return the action that opens a screen of the preview in a new tab.

        :param str screen: The screen; empty for the invoice page.
        :rtype: dict
        """
        return {
            "type": "ir.actions.act_url",
            "url": self._get_preview_link()._get_path(screen),
            "target": "new",
        }

    def get_email_preview(self):
        """Return the mail as the first recipient will get it.

        :return: The mail's `html`, the lines of its head, and its files' names.
        :rtype: dict
        """
        self.ensure_one()
        recipients, _malformed = self._get_recipients()
        first = recipients[0] if recipients else Recipient("to", "", "")
        attached, offered = self._split_documents()
        values = self._get_mail_values(
            self._get_preview_link(),
            first,
            recipients,
            (attached.browse(), offered.sudo()),
            self._make_message_id(),
        )
        # In sudo mode because mails are the system's. Never stored.
        mail_sudo = self.env["mail.mail"].sudo().new({**values, "email_to": "x@x.x"})
        [outgoing] = mail_sudo._prepare_outgoing_list()
        lists = {
            kind: [each.formatted for each in recipients if each.kind == kind]
            for kind in ("to", "cc", "bcc")
        }
        return {
            "html": outgoing["body"],
            "subject": outgoing["subject"] or "",
            "from": values["email_from"],
            "attachments": [*self._get_own_filenames(), *attached.mapped("name")],
            "downloads": offered.mapped("name"),
            **lists,
        }

    def action_send(self):
        """Send the link to each recipient now, while the user waits.

        Who got the mail in an earlier attempt does not get it again.

        :return: A confirmation that names the recipients and closes the window; the
            window itself when some of them did not get the mail.
        :rtype: dict
        :raise UserError: If the mail is not complete, or being sent at this moment.
        """
        self.ensure_one()
        self.move_id.check_access("write")
        self.move_id._check_portal_send()
        with self._exclusive_delivery():
            if self.delivery_state == "sent":
                return self._confirm()
            recipients = self._check_recipients()
            self._check_subject_and_body()
            self._begin_delivery()
            try:
                documents = self._prepare_documents()
            except Exception:
                self.delivery_state = "none"
                raise
            failures = self._deliver(recipients, documents)
            self._post_messages(documents)
            return self._conclude_delivery(failures)

    def _get_window(self):
        """Return the action that shows this window.

        :rtype: dict
        """
        self.ensure_one()
        return self.move_id._get_portal_send_action(self.id)

    # === BUSINESS METHODS - RECIPIENTS AND TEXT === #

    def _get_recipients(self):
        """Return who gets the mail, each once, and what is no address.

        :rtype: tuple[list[Recipient], list[str]]
        """
        return email_addresses.collect(
            {kind: self[f"email_{kind}"] for kind in email_addresses.KINDS}
        )

    def _check_recipients(self):
        """Return who gets the mail.

        :rtype: list[Recipient]
        :raise UserError: If there is nobody in To, or something is no address.
        """
        recipients, malformed = self._get_recipients()
        if malformed:
            raise UserError(self._describe_malformed(malformed))
        if not any(each.kind == "to" for each in recipients):
            raise UserError(self.env._("Enter an e-mail address in “To” first."))
        return recipients

    def _describe_malformed(self, malformed):
        """Say which entries are no email_addresses.

        :param list[str] malformed: The entries.
        :rtype: str
        """
        return "\n".join(
            self.env._("“%(address)s” is not an e-mail address.", address=entry)
            for entry in malformed
        )

    def _check_subject_and_body(self):
        """Check that there is something to read.

        :raise UserError: If the subject or the body is empty.
        """
        if not (self.subject or "").strip():
            raise UserError(self.env._("Enter a subject first."))
        if is_html_empty(self.body):
            raise UserError(self.env._("Enter a message first."))

    # === BUSINESS METHODS - DOCUMENTS === #

    def _name_origin(self, record):
        """Return how the window says where a document is from.

        :param models.Model record: The record that the document is attached to.
        :rtype: str
        """
        if record == self.move_id:
            return self.env._("This invoice")
        # In sudo mode because the names of models are the system's.
        model = self.env["ir.model"].sudo()._get(record._name)
        return f"{model.name} {record.display_name}"

    def _get_included(self):
        """Return the supporting documents that are to be included.

        :rtype: ir.attachment
        """
        self.ensure_one()
        if self.include_documents != "yes":
            return self.env["ir.attachment"]
        # Compared in the end by the user's own rights: a document that one may not
        # read any more is not sent.
        return self.document_ids.filtered("is_included").attachment_id._filtered_access(
            "read"
        )

    def _split_documents(self):
        """Return which documents go with the mail, and which are only on the page.

        All are on the page; the mail takes them in their order, as long as it stays
        within the company's limit and the mail server's.

        :return: The attached ones, and those too large for it.
        :rtype: tuple[ir.attachment, ir.attachment]
        """
        included = self._get_included()
        attached = offered = included.browse()
        room = self._get_size_limit() - self._get_own_size()
        for document in included:
            size = document.file_size * ENCODED
            if size <= room:
                attached |= document
                room -= size
            else:
                offered |= document
        return attached, offered

    def _get_size_limit(self):
        """Return how large a mail may be, in bytes.

        :rtype: float
        """
        # In sudo mode because servers and companies are the administrator's.
        server_limit = self.env["ir.mail_server"].sudo()._get_max_email_size()
        limit = self.move_id.company_id.sudo().portal_mail_size_limit
        return min(server_limit, limit) * 1024 * 1024

    def _get_own_size(self):
        """Return what the mail weighs without supporting documents, in bytes.

        :rtype: float
        """
        # In sudo mode as core does it: the documents are system attachments.
        own_sudo = self._get_invoice_extra_attachments(self.move_id.sudo())
        return max(RESERVED_SIZE, sum(own_sudo.mapped("file_size")) * ENCODED)

    def _get_own_filenames(self):
        """Return the names of the invoice's own documents, made already or not.

        :rtype: list[str]
        """
        move = self.move_id
        if move.state == "draft":
            return [move._get_portal_document_filename()]
        # In sudo mode as core does it: the documents are system attachments.
        own_sudo = self._get_invoice_extra_attachments(move.sudo())
        return own_sudo.mapped("name") or [move._get_invoice_report_filename()]

    def _prepare_documents(self):
        """Return the files of the mail: the invoice's own, and the included ones.

        The invoice's legal documents are made now if they were not yet.

        :return: The files to be attached, and those only offered on the page.
        :rtype: tuple[ir.attachment, ir.attachment]
        :raise UserError: If they cannot be made.
        """
        was_sent = self.move_id.is_move_sent
        own_sudo = self._make_own_documents()
        # Core takes a document that is made for an invoice that is sent.
        self.move_id.sudo().is_move_sent = was_sent
        attached, offered = self._split_documents()
        return own_sudo + attached.sudo(), offered.sudo()

    def _make_own_documents(self):
        """Return the documents of the invoice itself.

        :return: The attachments, in sudo mode.
        :rtype: ir.attachment
        :raise UserError: If they cannot be made.
        """
        # In sudo mode as core does it: the documents are system attachments.
        move_sudo = self.move_id.sudo()
        if move_sudo.state == "draft":
            return self._make_draft_document()
        settings = self._get_default_sending_settings(
            self.move_id, sending_methods={"email"}
        )
        # Core makes no files while it is tested: here they are what matters.
        self.with_context(force_report_rendering=True)._generate_invoice_documents(
            {move_sudo: settings}
        )
        if error := settings.get("error"):
            raise UserError(self._format_error_text(error))
        return self._get_invoice_extra_attachments(move_sudo)

    def _make_draft_document(self):
        """Return a PDF of the draft, which is nothing but a preview.

        :return: The attachment, in sudo mode; it goes with the window.
        :rtype: ir.attachment
        """
        return (
            self.env["ir.attachment"]
            .sudo()  # Because it is the window's, like the documents are the system's.
            .create(
                {
                    "name": self.move_id._get_portal_document_filename(),
                    "raw": self.move_id._get_portal_document(),
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )

    # === BUSINESS METHODS - PREVIEW === #

    def _get_preview_link(self):
        """Return a link that is not there: it opens the preview, and leaves no trace.

        :return: A new record in sudo mode, never stored.
        :rtype: account.move.portal.link
        """
        self.ensure_one()
        # In sudo mode to read the database's secret, and the token.
        signed = hash_sign(
            self.env(su=True),
            PREVIEW_SCOPE,
            [self.id, self.env.uid],
            expiration_hours=PREVIEW_HOURS,
        )
        return (
            self.env["account.move.portal.link"]
            .sudo()
            .new(
                {
                    "move_id": self.move_id.id,
                    "email": self.env.user.email or "",
                    "audience": "internal",
                    "token": f"preview/{signed}",
                    "document_ids": [Command.set(self._get_included().ids)],
                }
            )
        )

    @api.model
    def _find_preview(self, signed):
        """Return the window whose preview a signed address opens for this user.

        :param str signed: The last part of the address: anything at all.
        :return: The window; empty if there is none, or not for this user any more.
        :rtype: account.move.send.portal
        """
        try:
            # In sudo mode to read the database's secret.
            values = verify_hash_signed(self.env(su=True), PREVIEW_SCOPE, signed)
        except ValueError:
            return self.browse()
        window_id, user_id = values or (0, 0)
        if user_id != self.env.uid:
            return self.browse()
        windows = self.browse(window_id).exists()._filtered_access("read")
        # What the preview shows, it shows in sudo mode.
        return windows.filtered(lambda window: window.move_id.has_access("read"))

    def _get_preview_pdf(self):
        """Return the invoice's PDF, the very bytes that will be attached.

        :rtype: bytes
        :raise UserError: If it cannot be made.
        """
        self.ensure_one()
        move = self.move_id
        if move.state == "draft" or move.invoice_pdf_report_id:
            return move._get_portal_document()
        # Made by all that makes the real one, and undone.
        with self.env.cr.savepoint() as savepoint:
            documents_sudo = self.with_context(
                **{const.CONTEXT_PREVIEW: True}
            )._make_own_documents()
            content = documents_sudo[:1].raw
            savepoint.rollback()
        self.previewed_pdf = base64.b64encode(content)
        return content

    # === OVERRIDES OF `account.move.send` === #

    @api.model
    def _is_portal_report_default(self, move):
        """Override: in this window, our report is the default whatever else is."""
        return True

    @api.model
    def _make_token(self):
        """Return a token for the link on the PDF.

        :rtype: str
        """
        return self.env["account.move.portal.link"]._make_token()

    def _get_portal_tokens(self):
        """Override: the link that the preview shows is the one that is sent."""
        # In sudo mode because the token is hidden from everyone.
        return {window.move_id.id: window.printed_token for window in self.sudo()}

    def _link_invoice_documents(self, invoices_data):
        """Override of `account` to attach the very file that the user was shown.

        It is made anew all the same: if the invoice has changed since, so has the file.
        Where nothing but the time in it differs, the one that was shown is taken.
        """
        if shown := self.previewed_pdf and base64.b64decode(self.previewed_pdf):
            for data in invoices_data.values():
                values = data.get("pdf_attachment_values")
                if values and _PDF_DATES.sub(b"", values["raw"]) == _PDF_DATES.sub(
                    b"", shown
                ):
                    values["raw"] = shown
        result = super()._link_invoice_documents(invoices_data)
        # In sudo mode because the token is hidden. From here on it is the link's alone.
        for window_sudo in self.sudo():
            window_sudo.printed_token = self._make_token()
        return result

    def _call_web_service_before_invoice_pdf_render(self, invoices_data):
        """Override of `account` to tell nobody of a document that is only a preview."""
        if self.env.context.get(const.CONTEXT_PREVIEW):
            return None
        return super()._call_web_service_before_invoice_pdf_render(invoices_data)

    def _call_web_service_after_invoice_pdf_render(self, invoices_data):
        """Override of `account` to tell nobody of a document that is only a preview."""
        if self.env.context.get(const.CONTEXT_PREVIEW):
            return None
        return super()._call_web_service_after_invoice_pdf_render(invoices_data)

    # === BUSINESS METHODS - THE EMAIL === #

    def _make_message_id(self):
        """Return the id by which answers to the mail find the invoice.

        :rtype: str
        """
        return generate_tracking_message_id(f"{self.move_id.id}-account.move")

    def _get_mail_values(self, link, recipient, recipients, documents, message_id):
        """Return the values of one recipient's mail.

        All see the same To and Cc, and nobody sees Bcc; the mail server is told of
        this one recipient only.

        :param account.move.portal.link link: The recipient's own link.
        :param Recipient recipient: The recipient.
        :param list[Recipient] recipients: All recipients.
        :param tuple documents: The files to be attached, and those only offered.
        :param str message_id: The id that the mails of one sending share.
        :return: The values of a `mail.mail`.
        :rtype: dict
        """
        shown = {
            kind: email_addresses.join(
                each.formatted for each in recipients if each.kind == kind
            )
            for kind in ("to", "cc")
        }
        headers = {"X-Forge-To": shown["to"]}
        if shown["cc"]:
            headers["Cc"] = shown["cc"]
        author_id, email_from = self._get_author()
        return {
            "message_id": message_id,
            "author_id": author_id,
            "email_from": email_from,
            "reply_to": self._get_reply_to(email_from),
            "subject": self.subject,
            "body_html": link._render_mail(
                self.subject, self.body, self.lang, documents[1].mapped("name")
            ),
            "email_to": recipient.formatted,
            "headers": repr(headers),
            "attachment_ids": documents[0].ids,
            "record_company_id": self.company_id.id,
            "record_alias_domain_id": self._get_alias_domain().id,
            "auto_delete": True,  # It holds the recipient's token.
        }

    def _get_author(self):
        """Return whom the mail is from.

        :return: The id of the contact, and the formatted address.
        :rtype: tuple[int, str]
        """
        move = self.move_id
        # In sudo mode to read of the salesperson what a mail signature tells.
        contact = move.sudo()._get_portal_contact()
        sender = contact if contact.email else self.env.user
        email_from = formataddr((sender.name, sender.email or ""))
        return move._message_compute_author(email_from=email_from)

    def _get_reply_to(self, email_from):
        """Return where the customer's answer goes.

        :param str email_from: The formatted address of the sender.
        :rtype: str
        """
        move = self.move_id
        return move._notify_get_reply_to(default=email_from)[move.id]

    def _get_alias_domain(self):
        """Return the domain of the addresses that take answers and bounces.

        :rtype: mail.alias.domain
        """
        move = self.move_id
        return move._mail_get_alias_domains(default_company=move.company_id)[move.id]

    # === BUSINESS METHODS - SENDING === #

    @contextmanager
    def _exclusive_delivery(self):
        """Let nobody else send this window's mails meanwhile.

        The lock is held by a connection of its own: it outlives the commits in between,
        and ends with the process that holds it.

        :raise UserError: If the mails are being sent at this moment.
        """
        with self.env.registry.cursor() as lock_cr:
            lock_cr.execute(
                SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_SPACE, self.id)
            )
            if not lock_cr.fetchone()[0]:
                raise UserError(
                    self.env._("This e-mail is being sent at this moment: please wait.")
                )
            yield
            # Before the lock is given back, so that the next one sees what was done.
            self._commit()

    def _begin_delivery(self):
        """Write that the mails are being sent.

        Whoever looked at the window before another attempt ended is refused by the
        database, and run again by Odoo with what is true now.
        """
        self.write({"delivery_state": "sending", "failure": False})
        self.flush_recordset()

    def _commit(self):
        """Make what was done so far last, whatever comes."""
        if self._can_commit():
            # A mail that left cannot be rolled back: what it needs must not be either.
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _deliver(self, recipients, documents):
        """Send the mail of each recipient who has not got it.

        :param list[Recipient] recipients: All recipients.
        :param tuple documents: The files to be attached, and those only offered.
        :return: Why some did not get it, by address.
        :rtype: dict[str, str]
        """
        failures = {}
        message_id = self._make_message_id()
        delivered = self._get_delivered()
        for recipient in recipients:
            if recipient.email in delivered:
                continue
            link = self._prepare_link(recipient)
            self._commit()
            try:
                self._lock_what_is_written(link)
                has_left = self._send_mail(
                    self._get_mail_values(
                        link, recipient, recipients, documents, message_id
                    )
                )
            except Exception as error:  # noqa: BLE001
                if not smtp_errors.is_refusal(error):
                    raise
                failures[recipient.email] = smtp_errors.explain(self.env, error)
                self._record_failure(recipient, link, smtp_errors.is_uncertain(error))
            else:
                self._record_success(recipient, link, documents, message_id)
                self._note(recipient, is_put_off=not has_left)
            self._commit()
        return failures

    def _lock_what_is_written(self, link):
        """Let nobody else write what is written once the mail has left.

        Otherwise their change would undo ours, and Odoo would run all of it again: the
        recipient would get the mail twice. Whoever was first makes it fail here, where
        nothing has left. Visits are recorded all the same: they only refer to the link.

        :param account.move.portal.link link: The recipient's link.
        :raise LockError: If somebody else is writing it at this moment.
        """
        for records in (self, self.move_id, self._get_links_to_send(link)):
            records.lock_for_update(allow_referencing=True)

    def _send_mail(self, values):
        """Hand a mail to the mail server.

        :param dict values: The values of the `mail.mail`.
        :return: Whether it left; not so if the limit of a personal mail server put it
            off, which Odoo keeps to by sending it a minute later.
        :rtype: bool
        :raise Exception: What the mail server, or the way to it, had against it.
        """
        # In sudo mode because mails are the system's.
        mail_sudo = self.env["mail.mail"].sudo().create(values)
        try:
            mail_sudo.send(raise_exception=True)
            if mail_sudo.exists() and mail_sudo.state == "exception":
                raise UserError(mail_sudo.failure_reason or "")
            return not (mail_sudo.exists() and mail_sudo.scheduled_date)
        finally:
            # Whatever became of it: it holds the recipient's token. One that a
            # personal server's limit put off is sent later, and kept until then.
            mail_sudo.exists().filtered(lambda mail: mail.state != "outgoing").unlink()

    # === BUSINESS METHODS - THE LINK OF A RECIPIENT === #

    def _prepare_link(self, recipient):
        """Return the link of a recipient: the one that works already, else a new one.

        Among those that work is the one of an attempt that broke off. It is marked as
        sent before it is: programs at the recipient's open it while it arrives.

        :param Recipient recipient: The recipient.
        :rtype: account.move.portal.link
        """
        links = self.env["account.move.portal.link"]
        link = self._find_tried_link(recipient)
        tried = self._get_delivery(recipient) if link else {}
        is_new = tried.get("is_new", False)
        if not link and recipient.kind != "bcc":
            link = links._find_for_recipient(self.move_id, recipient.email)
        if not link:
            is_new = True
            link = links.create(self._get_link_values(recipient))
        # In sudo mode because users may not write a link, so that none reopens one.
        link.sudo().document_ids |= self._get_included()
        links_sudo = self._get_links_to_send(link)
        marks = tried.get("marks") or links_sudo._get_sent_marks()
        for link_sudo in links_sudo:
            link_sudo._set_sent()
        self._note(
            recipient, state="trying", link_id=link.id, is_new=is_new, marks=marks
        )
        return link

    def _find_tried_link(self, recipient):
        """Return the recipient's link of an attempt that broke off, if it works.

        :param Recipient recipient: The recipient.
        :rtype: account.move.portal.link
        """
        # In sudo mode to tell a link that is not this window's from one that is.
        link_sudo = self.env["account.move.portal.link"].sudo()
        link_sudo = link_sudo.browse(self._get_delivery(recipient).get("link_id"))
        return (
            link_sudo.exists()
            .filtered(
                lambda link: (
                    link.move_id == self.move_id
                    and link.email == recipient.email
                    and link._is_live()
                )
            )
            .with_env(self.env)
        )

    def _get_links_to_send(self, link):
        """Return what leaves with the mail: the recipient's link, and the PDF's.

        :param account.move.portal.link link: The recipient's link.
        :return: The links, in sudo mode.
        :rtype: account.move.portal.link
        """
        # In sudo mode because an invoice's PDF shows the link to whoever may read it.
        return link.sudo() | self.move_id._get_portal_printed_links()

    def _get_link_values(self, recipient):
        """Return the values of a recipient's new link.

        A blind copy is for the house: visits through it count as nobody's.

        :param Recipient recipient: The recipient.
        :rtype: dict
        """
        links = self.env["account.move.portal.link"]
        return {
            **links._prepare_link(self.move_id, recipient.email),
            "partner_id": self._find_partner(recipient).id,
            "audience": "internal" if recipient.kind == "bcc" else "customer",
        }

    def _find_partner(self, recipient):
        """Return the contact who has a recipient's address, if there is one.

        Several may have it: the customer's own people go before others, and then who
        bears the name.

        :param Recipient recipient: The recipient.
        :rtype: res.partner
        """
        move = self.move_id
        found = self.env["res.partner"].search(
            [("email_normalized", "=", recipient.email)]
        )
        return found.sorted(
            lambda partner: (
                partner != move.partner_id,
                partner.commercial_partner_id != move.commercial_partner_id,
                partner.email_formatted != recipient.formatted,
            )
        )[:1]

    # === BUSINESS METHODS - WHAT BECAME OF EACH EMAIL === #

    def _get_deliveries(self):
        """Return how far the mail of each address has got.

        :return: By address: its `state`, `trying` or `sent`; the recipient's `kind` and
            `formatted` address; the `link_id`, whether the link `is_new`, and the
            `marks` of when it was sent before; and of a mail that was sent its
            `message_id`, whether it `is_posted` in the chatter, and whether it
            `is_put_off` by the limit of a personal mail server.
        :rtype: dict[str, dict]
        """
        # In sudo mode because it is hidden: it says which links are sent, and removed.
        return self.sudo().deliveries or {}

    def _get_delivery(self, recipient):
        """Return how far the mail of a recipient has got.

        :param Recipient recipient: The recipient.
        :return: What `_get_deliveries` tells; empty if it was not tried.
        :rtype: dict
        """
        return self._get_deliveries().get(recipient.email, {})

    def _note(self, recipient, **delivery):
        """Write how far the mail of a recipient has got.

        :param Recipient recipient: The recipient.
        :param delivery: What has changed of what `_get_deliveries` tells.
        """
        # In sudo mode because it is hidden: it says which links are sent, and removed.
        self.sudo().deliveries = {
            **self._get_deliveries(),
            recipient.email: {
                **self._get_delivery(recipient),
                "kind": recipient.kind,
                "formatted": recipient.formatted,
                **delivery,
            },
        }

    def _record_success(self, recipient, link, documents, message_id):
        """Write that the mail server took the mail of a recipient.

        :param Recipient recipient: The recipient.
        :param account.move.portal.link link: The recipient's link.
        :param tuple documents: The files that were attached, and those only offered.
        :param str message_id: The id of the mail.
        """
        link._record_sent(message_id, documents[0])
        self._note(recipient, state="sent", message_id=message_id, is_posted=False)
        for printed_sudo in self.move_id._get_portal_printed_links():
            self.move_id._open_portal_printed_link(printed_sudo)
        if self.move_id.state == "posted":
            # In sudo mode as core does it: the mark is the system's.
            self.move_id.sudo().is_move_sent = True

    def _record_failure(self, recipient, link, uncertain):
        """Write that the mail of a recipient was not taken: its link was not sent.

        :param Recipient recipient: The recipient.
        :param account.move.portal.link link: The recipient's link: kept only where the
            mail may have arrived after all, or where there was one before.
        :param bool uncertain: Whether it may.
        """
        delivery = self._get_delivery(recipient)
        link._restore_sent_marks(delivery["marks"])
        if uncertain:
            return
        if delivery["is_new"]:
            # In sudo mode because links are evidence; this one never left the house.
            link.sudo().unlink()
        # In sudo mode because it is hidden: it says which links are sent, and removed.
        self.sudo().deliveries = {
            email: delivery
            for email, delivery in self._get_deliveries().items()
            if email != recipient.email
        }

    def _get_delivered(self):
        """Return the formatted address of each who got the mail, by address.

        :rtype: dict[str, str]
        """
        return {
            email: delivery["formatted"]
            for email, delivery in self._get_deliveries().items()
            if delivery["state"] == "sent"
        }

    # === BUSINESS METHODS - WHAT BECAME OF THEM ALL === #

    def _post_messages(self, documents):
        """Tell staff on the invoice of each mail that they were not told of.

        Among them are those of an attempt that broke off before it could tell.

        :param tuple documents: The files that were attached, and those only offered.
        """
        untold = {}
        for email, delivery in self._get_deliveries().items():
            if delivery["state"] == "sent" and not delivery["is_posted"]:
                untold.setdefault(delivery["message_id"], []).append(
                    Recipient(delivery["kind"], email, delivery["formatted"])
                )
        for message_id, reached in untold.items():
            self._post_message(reached, documents, message_id)
            for recipient in reached:
                self._note(recipient, is_posted=True)

    def _post_message(self, reached, documents, message_id):
        """Tell staff on the invoice what was sent, and to whom.

        :param list[Recipient] reached: Who got the mail.
        :param tuple documents: The files that were attached, and those only offered.
        :param str message_id: The id of the mails, by which answers find the invoice.
        """
        author_id, email_from = self._get_author()
        # As core does it: the files are not to be read as new documents.
        move = self.move_id.with_context(
            disable_attachment_import=True, no_document=True
        )
        message = move.message_post(
            author_id=author_id,
            email_from=email_from,
            message_id=message_id,
            subject=self.subject,
            body=Markup("%s<p><b>%s</b></p>%s")
            % (self._describe_recipients(reached), self.subject, self.body),
            # A note reaches staff only: it tells of blind copies, and the customer got
            # the mail itself. Core hides it from a customer with an account only if
            # it is a comment.
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            # Copies, so that the note shows what was sent whatever becomes of them.
            attachments=[
                (document.name, document.raw) for each in documents for document in each
            ],
        )
        self._keep_copies(message)

    def _describe_recipients(self, reached):
        """Return the line of the note that names the recipients.

        :param list[Recipient] reached: Who got the mail.
        :rtype: Markup
        """
        headings = {
            "to": self.env._("Payment portal link sent to"),
            "cc": self.env._("CC"),
            "bcc": self.env._("BCC (staff only)"),
        }
        return Markup().join(
            Markup("<p>%s: %s</p>") % (heading, names)
            for kind, heading in headings.items()
            if (
                names := email_addresses.join(
                    each.formatted for each in reached if each.kind == kind
                )
            )
        )

    def _keep_copies(self, message):
        """Make the note's files the note's own.

        Otherwise they were files of the invoice, to be offered once more the next time.

        :param mail.message message: The note.
        """
        # In sudo mode because only the system may move attachments.
        message.sudo().attachment_ids.write(
            {"res_model": message._name, "res_id": message.id}
        )

    def _conclude_delivery(self, failures):
        """Tell the user how it went.

        :param dict failures: Why some did not get the mail, by address.
        :return: A confirmation, or the window again.
        :rtype: dict
        """
        self.write(
            {
                "delivery_state": "none" if failures else "sent",
                "failure": self._describe_failures(failures),
            }
        )
        return self._get_window() if failures else self._confirm()

    def _describe_failures(self, failures):
        """Say who did not get the mail, and why.

        :param dict failures: The reason for each address.
        :rtype: str
        """
        return "\n".join(f"{email}: {reason}" for email, reason in failures.items())

    def _confirm(self):
        """Return the confirmation that closes the window.

        :rtype: dict
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Payment portal link sent"),
                "message": self._describe_delivered(),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _describe_delivered(self):
        """Say who got the mail, and who gets it later.

        :rtype: str
        """
        delivered = self._get_delivered()
        put_off = {
            email: formatted
            for email, formatted in delivered.items()
            if self._get_deliveries()[email].get("is_put_off")
        }
        left = [delivered[email] for email in delivered if email not in put_off]
        sentences = []
        if left:
            sentences.append(
                self.env._(
                    "Sent to %(recipients)s.", recipients=email_addresses.join(left)
                )
            )
        if put_off:
            sentences.append(
                self.env._(
                    "Your own mail server takes only so many e-mails a minute. In a"
                    " minute or two the e-mail will leave to %(recipients)s.",
                    recipients=email_addresses.join(put_off.values()),
                )
            )
        return " ".join(sentences)
