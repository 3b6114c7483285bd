from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.orm.models import NO_ACCESS
from odoo.tools import email_split, formataddr, is_html_empty

from ..mailing import addresses

# What every mail holds beside its supporting documents, at least, in bytes: text,
# layout and the invoice's own documents.
RESERVED_SIZE = 512 * 1024
# A file grows by a third when it is written as text, with line breaks by some more.
ENCODED = 1.37


class AccountMoveSendPortal(models.TransientModel):
    """The *Email Payment Portal Link* window of one invoice."""

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
            wizard.lang = wizard.move_id.partner_id.lang or self.env.lang

    @api.depends("move_id")
    def _compute_email_to(self):
        for wizard in self:
            contact = wizard.move_id.partner_id
            contact = contact if contact.email else contact.commercial_partner_id
            wizard.email_to = addresses.join(
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
            wizard.attached_names = addresses.join(
                [*wizard._get_own_filenames(), *attached.mapped("name")]
            )
            wizard.download_names = addresses.join(offered.mapped("name"))

    @api.depends("deliveries")
    def _compute_delivered_to(self):
        for wizard in self:
            wizard.delivered_to = addresses.join(wizard._get_delivered())

    # === ONCHANGE METHODS === #

    @api.onchange("email_to", "email_cc", "email_bcc")
    def _onchange_recipients(self):
        """Keep an address that stands in two fields once: To before CC before BCC."""
        recipients, malformed = self._get_recipients()
        if malformed:
            return  # It is named; nothing is taken away from who is still typing.
        for kind in addresses.KINDS:
            kept = [each.formatted for each in recipients if each.kind == kind]
            if len(addresses.parse(self[f"email_{kind}"])[0]) != len(kept):
                self[f"email_{kind}"] = addresses.join(kept)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to ask the questions that apply to the invoice."""
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.document_ids = [
                fields.Command.create(
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

        Note: `self.ensure_one()`

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

        Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        self.step = "questions"
        return self._get_window()

    # === BUSINESS METHODS === #

    @api.model
    def _is_portal_report_default(self, move):
        """Override: in this window, our report is the default whatever else is."""
        return True

    def _get_window(self):
        """Return the action that shows this window.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._(
                "Email Payment Portal Link: %(invoice)s",
                invoice=self.move_id._get_portal_number(),
            ),
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _get_recipients(self):
        """Return who gets the mail, each once, and what is no address.

        :rtype: tuple[list[Recipient], list[str]]
        """
        return addresses.collect(
            {kind: self[f"email_{kind}"] for kind in addresses.KINDS}
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
        """Say which entries are no addresses.

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

        Note: `self.ensure_one()`

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

        Note: `self.ensure_one()`

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
