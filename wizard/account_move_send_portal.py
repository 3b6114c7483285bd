import base64
import re
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.orm.models import NO_ACCESS
from odoo.tools import SQL, format_datetime, is_html_empty
from odoo.tools.misc import hash_sign, verify_hash_signed

from .. import const
from ..models.send.account_move_send import ENCODED
from ..tools import email_addresses, inline_pictures, sql
from ..tools.email_addresses import Recipient

PREVIEW_SCOPE = "account_payment_portal-preview"
PREVIEW_HOURS = 1
# How many earlier recipients the window names.
MAX_LINES = 5
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

    What became of the emails is not here: each is a delivery, a row that outlives the
    window. Sending writes the rows, and has them delivered one by one.
    """

    _name = "account.move.send.portal"
    _inherit = ["account.move.portal.window", "account.move.send"]
    _description = "Email Payment Portal Link"

    company_id = fields.Many2one(related="move_id.company_id")
    move_state = fields.Selection(related="move_id.state")
    step = fields.Selection(
        selection=[
            ("questions", "Questions"),
            ("compose", "Compose"),
            ("sent", "Sent"),
        ],
        required=True,
        readonly=True,
        default="compose",
    )
    lang = fields.Char(
        help="The first recipient's language, in which the message is written.",
        compute="_compute_lang",
        store=True,
        precompute=True,
    )
    # The questions.
    confirm_invoice = fields.Selection(
        selection=[
            ("yes", "Yes, confirm it"),
            ("no", "No, send a draft the customer can view but not pay"),
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
    upload_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="account_move_send_portal_upload_rel",
        string="Attach a File",
        help="Files from your computer. They are kept on the invoice once it is sent.",
    )
    moved_upload_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="account_move_send_portal_moved_upload_rel",
        help="The files that this window moved to the invoice.",
        readonly=True,
        # Not even by a call of its user: it says what goes with the window.
        groups=NO_ACCESS,
    )
    # The mail.
    earlier_sendings = fields.Text(compute="_compute_earlier_sendings")
    email_to = fields.Char(
        string="To",
        compute="_compute_email_to",
        store=True,
        precompute=True,
        readonly=False,
    )
    email_cc = fields.Char(
        string="CC",
        compute="_compute_copies",
        store=True,
        precompute=True,
        readonly=False,
    )
    email_bcc = fields.Char(
        string="BCC",
        compute="_compute_copies",
        store=True,
        precompute=True,
        readonly=False,
    )
    missing_email_hint = fields.Char(compute="_compute_missing_email_hint")
    recipients_problem = fields.Char(compute="_compute_recipients_problem")
    subject = fields.Char(
        compute="_compute_subject_and_body", store=True, precompute=True, readonly=False
    )
    body = fields.Html(
        compute="_compute_subject_and_body",
        store=True,
        precompute=True,
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
    pdf_warnings = fields.Text(
        help="What the user should check on the PDF before sending it.",
        readonly=True,
    )
    printed_token = fields.Char(
        help="Token of the link on the PDF, which works only once the PDF is sent.",
        readonly=True,
        default=lambda self: self._make_token(),
        groups=NO_ACCESS,
    )
    # The sending.
    batch_id = fields.Many2one(
        comodel_name="account.move.portal.batch",
        help="The emails this window has sent or tried to send.",
        readonly=True,
        # Not even by a call of its user: it says what is sent again.
        groups=NO_ACCESS,
    )
    delivery_state = fields.Selection(
        selection=[("none", "Not sent"), ("sending", "Sending"), ("sent", "Sent")],
        compute="_compute_delivery",
    )
    delivered_to = fields.Char(compute="_compute_delivery")
    delayed_to = fields.Char(compute="_compute_delivery")
    outcome_ids = fields.Many2many(
        comodel_name="account.move.portal.delivery",
        string="Recipients",
        help="Who got the email, and who did not.",
        compute="_compute_delivery",
    )
    has_reasons = fields.Boolean(
        help="Whether there is something to say about a recipient.",
        compute="_compute_delivery",
        export_string_translation=False,
    )
    failure = fields.Text(
        help="Why some recipients of the last attempt did not get the email.",
        compute="_compute_delivery",
    )

    # === COMPUTE METHODS === #

    @api.depends("move_id")
    def _compute_lang(self):
        for wizard in self:
            # In sudo mode to look only where the sender may look anyway.
            move, recipient = wizard.move_id.sudo(), None
            if recipients := email_addresses.parse(wizard.email_to)[0]:
                recipient = move._find_portal_recipient(*next(iter(recipients.items())))
            wizard.lang = move._get_portal_lang(recipient)

    @api.depends("move_id")
    def _compute_earlier_sendings(self):
        for wizard in self:
            # Of whom the same is to be said, they share a line.
            alike = {}
            for delivery_sudo in wizard._get_last_sent():
                facts = tuple(wizard._get_sending_facts(delivery_sudo).items())
                alike.setdefault(facts, []).append(delivery_sudo.email)
            lines = [
                wizard._describe_sending(dict(facts), emails[::-1])
                for facts, emails in list(alike.items())[:MAX_LINES]
            ]
            if rest := sum(map(len, list(alike.values())[MAX_LINES:])):
                lines.append(self.env._("and %(count)s more", count=rest))
            wizard.earlier_sendings = "\n".join(lines)

    def _get_last_sent(self):
        """Return the last email that each customer's recipient got, the latest first.

        :return: The emails, in sudo mode.
        :rtype: account.move.portal.delivery
        """
        # In sudo mode because emails are the system's; the invoice was checked.
        sent_sudo = (
            self.env["account.move.portal.delivery"]
            .sudo()
            .search_fetch(
                [
                    ("move_id", "=", self.move_id.id),
                    ("state", "=", "sent"),
                    ("role", "!=", "bcc"),
                ],
                ["email", "kind", "sent_on", "link_id", "create_uid"],
                order="sent_on desc, id desc",
            )
            # A customer's account is not this invoice.
            .filtered(
                lambda each: (
                    each._is_with_link() and not each.link_id.account_partner_id
                )
            )
        )
        last_ids = {}
        for delivery_sudo in sent_sudo:
            last_ids.setdefault(delivery_sudo.email, delivery_sudo.id)
        return sent_sudo.browse(last_ids.values())

    @api.depends("move_id")
    def _compute_email_to(self):
        for wizard in self:
            contact = wizard.move_id.partner_id
            contact = contact if contact.email else contact.commercial_partner_id
            wizard.email_to = contact._format_portal_addresses()

    @api.depends("move_id")
    def _compute_copies(self):
        for wizard in self:
            # In sudo mode because billers may not read all of a company.
            company_sudo = wizard.move_id.company_id.sudo()
            wizard.email_cc = company_sudo.portal_mail_cc
            wizard.email_bcc = company_sudo.portal_mail_bcc

    @api.depends("move_id", "email_to")
    def _compute_missing_email_hint(self):
        for wizard in self:
            wizard.missing_email_hint = False
            if wizard.email_to:
                continue
            # In sudo mode because billers may not read all customers.
            customer = wizard.move_id.sudo().partner_id.display_name
            if customer:
                wizard.missing_email_hint = self.env._(
                    "%(customer)s has no email address. Enter one below.",
                    customer=customer,
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
            wizard.subject, wizard.body = texts_sudo._get_subject_and_body(
                move_sudo, wizard.lang
            )

    @api.depends(
        "move_id.state", "include_documents", "document_ids.is_included", "upload_ids"
    )
    def _compute_file_names(self):
        for wizard in self:
            attached, offered = wizard._split_documents()
            wizard.attached_names = email_addresses.join(
                [*wizard._get_own_filenames(), *attached.mapped("name")]
            )
            wizard.download_names = email_addresses.join(offered.mapped("name"))

    @api.depends("batch_id")
    def _compute_delivery(self):
        for wizard in self:
            # In sudo mode because the batch is hidden, and emails are the system's.
            all_sudo = wizard.sudo().batch_id._get_deliveries(wizard.move_id)
            deliveries_sudo = all_sudo.filtered(lambda each: each.state != "cancelled")
            states = set(deliveries_sudo.mapped("state"))
            if states and all(each._is_settled() for each in deliveries_sudo):
                wizard.delivery_state = "sending" if "sending" in states else "sent"
            else:
                wizard.delivery_state = "sending" if "sending" in states else "none"
            wizard.delivered_to = email_addresses.join(
                deliveries_sudo.filtered(lambda each: each.state == "sent").mapped(
                    "email"
                )
            )
            wizard.delayed_to = email_addresses.join(
                deliveries_sudo.filtered(lambda each: each.state == "waiting").mapped(
                    "email"
                )
            )
            # Of those who are not named any more: whom the server refused.
            wizard.outcome_ids = all_sudo.filtered(
                lambda each: each.state != "cancelled" or each.answer
            ).with_env(wizard.env)
            wizard.has_reasons = any(wizard.outcome_ids.mapped("answer"))
            # All whom the server refused for one reason share a line.
            failed_sudo = deliveries_sudo.filtered(
                lambda each: each.state in ("refused", "uncertain")
            )
            wizard.failure = "\n".join(
                f"{email_addresses.join(same_sudo.mapped('email'))}: {answer}"
                for answer, same_sudo in failed_sudo.grouped("answer").items()
            )

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
            # Not by itself as well, where invoices leave when they are confirmed.
            question = move.with_context(
                **{const.CONTEXT_NO_AUTO_SEND: True}
            ).action_post()
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
        attached, offered = self._split_documents()
        siblings_sudo = self._make_preview_deliveries(recipients, offered)
        values = siblings_sudo[0]._get_mail_values(
            self._get_preview_link(), siblings_sudo, attached.browse()
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
            # Whoever looked at the window before another attempt ended is refused by
            # the database, and run again by Odoo with what is true now.
            sql.lock(self.env.cr, self._table, self.id)
            # What broke off in an earlier attempt is shown, not sent again at once.
            if abandoned_sudo := self._get_deliveries()._set_abandoned():
                abandoned_sudo._commit()
            elif self.delivery_state == "sent":
                return self._conclude_delivery()
            with self.env.cr.savepoint() as savepoint:
                deliveries_sudo = self._write_deliveries(abandoned_sudo)
                warnings = self._find_pdf_warnings()
                is_news = warnings and warnings != self.pdf_warnings
                if is_news:
                    savepoint.rollback()
            if is_news:
                # The user looks at the PDF, and may send it all the same.
                self.pdf_warnings = warnings
                return self._get_window()
            for delivery_sudo in deliveries_sudo:
                delivery_sudo._deliver()
            return self._conclude_delivery()

    def get_sent_link(self):
        """Return the link that was sent to the first recipient, to be copied.

        That it was shown is noted on the invoice.

        :return: The link's address and its recipient; empty if none works.
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        links = self._get_deliveries().filtered(lambda each: each.role == "to").link_id
        link = links.with_env(self.env).filtered(lambda link: link.state == "live")[:1]
        if not link:
            return {}
        shown = self.env["account.move.portal.link.share"].create(
            {"move_id": self.move_id.id, "link_id": link.id}
        )
        return {"url": shown.url, "recipient": link.display_name}

    def discard_window(self):
        """Leave nothing of a window that is closed: no file, and no try that failed.

        What was sent, or may have been, stays.
        """
        self.ensure_one()
        self.check_access("unlink")
        # In sudo mode because the batch is hidden, and emails are the system's.
        batch_sudo = self.sudo().batch_id
        states = set(batch_sudo.delivery_ids.mapped("state"))
        if "sending" in states:
            return  # In another tab, at this moment.
        if states <= {"waiting", "refused", "cancelled", "skipped"} and not any(
            batch_sudo.delivery_ids.mapped("is_queued")
        ):
            batch_sudo.unlink()
        self.unlink()

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
            raise UserError(self.env._("Enter an email address in “To” first."))
        return recipients

    def _describe_malformed(self, malformed):
        """Say which entries are no email addresses, and how one is written.

        :param list[str] malformed: The entries.
        :rtype: str
        """
        return "\n".join(
            self.env._(
                "“%(address)s” is not an email address. Enter it as name@example.com,"
                " or with a name as “Smith, Ann” <ann@example.com>.",
                address=entry,
            )
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
        files = self.upload_ids
        if self.include_documents == "yes":
            files = self.document_ids.filtered("is_included").attachment_id | files
        # Compared in the end by the user's own rights: a document that one may not
        # read any more is not sent.
        return files._filtered_access("read")

    def _split_documents(self):
        """Return which documents go with the mail, and which are only on the page.

        All are on the page; the mail takes them in their order, as long as it stays
        within the company's limit and the mail server's.

        :return: The attached ones, and those too large for it.
        :rtype: tuple[ir.attachment, ir.attachment]
        """
        files = self._get_included()
        if not files:  # Most emails: nothing has to be weighed.
            return files, files
        return self._split_portal_documents(
            self.move_id, files, self._get_picture_size()
        )

    def _get_picture_size(self):
        """Return what the pictures in the text weigh, in bytes.

        :rtype: float
        """
        sources = inline_pictures.get_sources(self.body or "")
        ids = set(map(inline_pictures.get_attachment_id, sources)) - {None}
        files = self.env["ir.attachment"].browse(ids).exists()._filtered_access("read")
        data = sum(len(source) for source in sources if source.startswith("data:"))
        return sum(files.mapped("file_size")) * ENCODED + data

    def _get_own_filenames(self):
        """Return the names of the invoice's own documents, made already or not.

        :rtype: list[str]
        """
        move = self.move_id
        if move.state == "draft":
            return [move._get_portal_document_filename()]
        own_sudo = self._get_portal_own_documents(move)
        report = self._get_default_pdf_report_id(move)
        return own_sudo.mapped("name") or [
            move._get_invoice_report_filename(report=report)
        ]

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
            )._make_portal_documents(move)
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

    # === BUSINESS METHODS - THE EMAILS === #

    def _get_content(self, offered):
        """Return what the emails of all recipients share.

        :param ir.attachment offered: The files that only the page offers.
        :return: Values of deliveries.
        :rtype: dict
        """
        return {
            "subject": self.subject,
            "body": self.body,
            "lang": self.lang,
            "download_ids": [Command.set(offered.ids)],
        }

    def _make_preview_deliveries(self, recipients, offered):
        """Return the emails as they would be, never stored.

        :param list[Recipient] recipients: All recipients, so far.
        :param ir.attachment offered: The files that only the page offers.
        :return: New records in sudo mode; one where there is no recipient yet.
        :rtype: account.move.portal.delivery
        """
        # In sudo mode because emails are the system's.
        deliveries_sudo = self.env["account.move.portal.delivery"].sudo()
        content = self._get_content(offered)
        return deliveries_sudo.concat(
            *(
                deliveries_sudo.new(
                    {
                        **content,
                        "move_id": self.move_id.id,
                        "role": recipient.kind,
                        "email": recipient.email,
                        "formatted": recipient.formatted,
                    }
                )
                for recipient in recipients or [Recipient("to", "", "")]
            )
        )

    def _get_deliveries(self):
        """Return the emails of this window, in the order of their recipients.

        :return: Those not cancelled, in sudo mode.
        :rtype: account.move.portal.delivery
        """
        # In sudo mode because the batch is hidden, and emails are the system's.
        return (
            self.sudo()
            .batch_id._get_deliveries(self.move_id)
            .filtered(lambda each: each.state != "cancelled")
        )

    def _write_deliveries(self, unsettled_sudo=None):
        """Write who is to get what: a row for each recipient who has not got it.

        :param account.move.portal.delivery unsettled_sudo: Those that a person has to
            decide on first.
        :return: What is to be sent, in sudo mode.
        :rtype: account.move.portal.delivery
        :raise UserError: If the mail is not complete, or a document cannot be made.
        """
        recipients = self._check_recipients()
        self._check_subject_and_body()
        # In sudo mode because the batch is hidden, and emails are the system's.
        window_sudo = self.sudo()
        if not window_sudo.batch_id:
            window_sudo.batch_id = window_sudo.batch_id.create(
                {"company_id": self.company_id.id}
            )
        attached, offered = self._prepare_documents()
        self._give_uploads()
        return window_sudo.batch_id._set_deliveries(
            self.move_id.sudo(),
            recipients,
            {
                **self._get_content(offered),
                "body": window_sudo.batch_id._keep_pictures(
                    self.body, self._filter_readable
                ),
                "attachment_ids": [Command.set(attached.ids)],
            },
            unsettled_sudo,
        )

    def _filter_readable(self, attachments_sudo):
        """Return those of attachments that the user may read.

        :param ir.attachment attachments_sudo: The attachments, in sudo mode.
        :return: The same, in sudo mode.
        :rtype: ir.attachment
        """
        readable = attachments_sudo.with_env(self.env)._filtered_access("read")
        return readable.sudo()

    def _give_uploads(self):
        """Give the invoice the files that were added in this window.

        Before they are sent, as its page offers them from then on.
        """
        # In sudo mode because only the system may move attachments.
        window_sudo = self.sudo()
        uploads_sudo = window_sudo.upload_ids.filtered(
            lambda file: (
                file.res_model == self._name
                and file.res_id in (0, False, self.id)
                and file.create_uid == self.env.user
            )
        )
        uploads_sudo.write({"res_model": "account.move", "res_id": self.move_id.id})
        window_sudo.moved_upload_ids |= uploads_sudo

    def _take_uploads_back(self):
        """Have those files go with this window again: nobody got them."""
        # In sudo mode because only the system may move attachments.
        window_sudo = self.sudo()
        window_sudo.moved_upload_ids.write({"res_model": self._name, "res_id": self.id})
        window_sudo.moved_upload_ids = False

    def _prepare_documents(self):
        """Make the invoice's own documents, and tell which others go with the emails.

        :return: The files to be attached beside the invoice's own, and those only
            offered on the page.
        :rtype: tuple[ir.attachment, ir.attachment]
        :raise UserError: If they cannot be made.
        """
        attached, offered = self._split_documents()
        if self.move_id.state == "draft":
            return self._make_draft_document() + attached.sudo(), offered.sudo()
        self._make_portal_documents(self.move_id)
        # What is left of the limit depends on how large they are.
        attached, offered = self._split_documents()
        return attached.sudo(), offered.sudo()

    def _find_pdf_warnings(self):
        """Return what staff should look at on the PDF that was just made.

        :return: A sentence a line; empty if all is well, or was not made just now.
        :rtype: str
        """
        found = self.env["ir.actions.report"]._get_pdf_warnings(self.move_id)
        return "\n".join(found.get(self.move_id.id, []))

    def _make_draft_document(self):
        """Return a PDF of the draft, which is nothing but a preview.

        :return: The attachment, in sudo mode; it goes with the emails.
        :rtype: ir.attachment
        """
        batch_sudo = self.sudo().batch_id
        return (
            self.env["ir.attachment"]
            .sudo()  # Because it is the emails', like the documents are the system's.
            .create(
                {
                    "name": self.move_id._get_portal_document_filename(),
                    "raw": self.move_id._get_portal_document(),
                    "mimetype": "application/pdf",
                    "res_model": batch_sudo._name,
                    "res_id": batch_sudo.id,
                }
            )
        )

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
                    self.env._("This email is already being sent. Please wait.")
                )
            yield
            # Before the lock is released, so that the next one sees what was done.
            self.env["account.move.portal.delivery"]._commit()

    def _conclude_delivery(self):
        """Tell staff what left, and the user how it went.

        :return: A confirmation, or the window again.
        :rtype: dict
        """
        # In sudo mode because the batch is hidden; the note is the user's.
        self.sudo().batch_id._post_note(self.move_id.sudo())
        if all(each.state in ("refused", "skipped") for each in self._get_deliveries()):
            self._take_uploads_back()
        self.invalidate_recordset(
            [
                *("delivery_state", "delivered_to", "delayed_to"),
                *("outcome_ids", "has_reasons", "failure"),
            ]
        )
        return self._confirm() if self.delivery_state == "sent" else self._get_window()

    def _confirm(self):
        """Return the window at its last step: who got the email, and who did not.

        :rtype: dict
        """
        self.step = "sent"
        return {
            **self._get_window(),
            "name": self.env._("Draft Sent")
            if self.move_state == "draft"
            else self.env._("Invoice Sent: %(invoice)s", invoice=self.move_id.name),
            "context": {"dialog_size": "large"},
        }

    def _get_sending_facts(self, delivery_sudo):
        """Return when and by whom an email was sent, and when it was last looked at.

        :param account.move.portal.delivery delivery_sudo: The email, in sudo mode.
        :return: `sent`, `user` and `viewed`, in words; each empty if there is none.
        :rtype: dict[str, str]
        """
        moments = {
            "sent": delivery_sudo.sent_on,
            "viewed": delivery_sudo.link_id.last_viewed_on,
        }
        return {
            "user": delivery_sudo._get_sender().name or "",
            **{
                name: format_datetime(self.env, moment, dt_format="short")
                if moment
                else ""
                for name, moment in moments.items()
            },
        }

    def _describe_sending(self, facts, emails):
        """Say when an email was sent, and whether its recipients have looked since.

        :param dict facts: As `_get_sending_facts` returns them.
        :param list[str] emails: The recipients.
        :rtype: str
        """
        values = {"recipient": email_addresses.join(emails), **facts}
        if facts["viewed"]:
            if not facts["user"]:
                return self.env._(
                    "%(recipient)s on %(sent)s, last viewed on %(viewed)s", **values
                )
            return self.env._(
                "%(recipient)s on %(sent)s by %(user)s, last viewed on %(viewed)s",
                **values,
            )
        if not facts["user"]:
            return self.env._("%(recipient)s on %(sent)s, not viewed yet", **values)
        return self.env._(
            "%(recipient)s on %(sent)s by %(user)s, not viewed yet", **values
        )
