from odoo import api, fields, models
from odoo.exceptions import UserError

from ... import const
from ...pdf.errors import DocumentConversionError

#: Where the link of an invoice's PDF is kept, until the file is the invoice's.
PLANNED_LINK = "account_payment_portal_link"
# What an email holds besides supporting documents, at least, in bytes: text, layout and
# the invoice's own documents.
RESERVED_SIZE = 512 * 1024
# A file grows by a third when it is written as text, with line breaks by some more.
ENCODED = 1.37


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    # === BUSINESS METHODS - THE PDF === #

    @api.model
    def _get_default_pdf_report_id(self, move):
        """Override of `account` to print with our report where the company says so.

        What a customer or a journal has been given goes before.
        """
        # In sudo mode because who may read an invoice need not be one who may read its
        # customer.
        move = move.sudo()
        core_id, own_id = map(
            self._get_portal_report_id,
            ("account.account_invoices", const.INVOICE_REPORT),
        )
        # Core asks for its own, and who asks this goes on with ours: both in one query.
        self.env["ir.actions.report"].browse((core_id, own_id)).mapped("domain")
        report = super()._get_default_pdf_report_id(move)
        if report.id != core_id:
            return report
        contact = move.commercial_partner_id
        if (
            contact.invoice_template_pdf_report_id
            or move.journal_id.invoice_template_pdf_report_id
        ):
            return report
        if not self._is_portal_report_default(move):
            return report
        return report.browse(own_id)

    @api.model
    def _get_portal_report_id(self, xmlid):
        """Return the id of a report that is part of an add-on: without a query.

        :param str xmlid: The external id of the report.
        :rtype: int
        """
        return self.env["ir.model.data"]._xmlid_to_res_id(
            xmlid, raise_if_not_found=True
        )

    @api.model
    def _is_portal_report_default(self, move):
        """Return whether our report takes the place of core's.

        :param account.move move: The invoice.
        :rtype: bool
        """
        if self.env.context.get(const.CONTEXT_EMAIL):
            return True
        # In sudo mode because who sends invoices may not read all of a company.
        return move.company_id.sudo().portal_is_default_report

    @api.model
    def _prepare_invoice_pdf_report(self, invoices_data):
        """Override of `account`: where to pay is on the PDF; a bad one fails alone."""
        urls = self._plan_portal_links(invoices_data)
        sender = self.with_context(**{const.CONTEXT_PAY_URL: urls})
        try:
            return super(AccountMoveSend, sender)._prepare_invoice_pdf_report(
                invoices_data
            )
        except DocumentConversionError as error:
            self._record_failed_pdfs(invoices_data, error)
            rest = {
                invoice: data
                for invoice, data in invoices_data.items()
                if not data.get("error") and "pdf_attachment_values" not in data
            }
            if not rest:
                return None
            # What was made along with the bad one is not made again.
            return self.with_context(
                **{const.CONTEXT_PDF: error.prepared}
            )._prepare_invoice_pdf_report(rest)

    @api.model
    def _plan_portal_links(self, invoices_data):
        """Return the address to print on each invoice that our report prints.

        :param dict invoices_data: Core's data of each invoice: the link is noted in it.
        :return: The address by the id of the invoice.
        :rtype: dict[int, str]
        """
        report_id = self._get_portal_report_id(const.INVOICE_REPORT)
        # In sudo mode as core has them, to see what is paid.
        printed_sudo = (
            self.env["account.move"]
            .sudo()
            .concat(
                *(
                    invoice
                    for invoice, data in invoices_data.items()
                    if data["pdf_report"].id == report_id and PLANNED_LINK not in data
                )
            )
        )
        planned = printed_sudo._plan_portal_printed_links(self._get_portal_tokens())
        for invoice, link_sudo in planned.items():
            invoices_data[invoice][PLANNED_LINK] = link_sudo
        return {
            invoice.id: data[PLANNED_LINK]._get_url()
            for invoice, data in invoices_data.items()
            if PLANNED_LINK in data
        }

    def _get_portal_tokens(self):
        """Return the tokens of links on PDF files that are known before they are sent.

        :return: The token by the id of the invoice.
        :rtype: dict[int, str]
        """
        return {}

    @api.model
    def _record_failed_pdfs(self, invoices_data, error):
        """Note which invoices have no PDF, as core notes an error.

        :param dict invoices_data: Core's data of each invoice.
        :param DocumentConversionError error: What went wrong.
        """
        for invoice, data in invoices_data.items():
            if reason := error.failures.get(invoice.id):
                data["error"] = {
                    "error_title": self.env._(
                        "The PDF of %(invoice)s could not be made.",
                        invoice=invoice.display_name,
                    ),
                    "errors": [reason],
                }

    @api.model
    def _link_invoice_documents(self, invoices_data):
        """Override of `account` to have the link that was printed open the invoice."""
        result = super()._link_invoice_documents(invoices_data)
        for invoice, data in invoices_data.items():
            if "pdf_attachment_values" in data and PLANNED_LINK in data:
                invoice._open_portal_printed_link(data[PLANNED_LINK])
        return result

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        """Override of `account` to note when the links on the PDF files were sent."""
        self.env["account.move"].concat(*moves_data)._set_portal_print_sent()
        return super()._hook_if_success(moves_data, from_cron=from_cron)

    # === BUSINESS METHODS - THE INVOICE'S OWN DOCUMENTS === #

    @api.model
    def _get_portal_own_documents(self, move):
        """Return the legal documents of an invoice, as far as they are made.

        :param account.move move: The invoice.
        :return: The attachments, in sudo mode.
        :rtype: ir.attachment
        """
        # In sudo mode as core does it: the documents are system attachments.
        return self._get_invoice_extra_attachments(move.sudo())

    @api.model
    def _make_portal_documents(self, move):
        """Make the legal documents of a posted invoice, without sending them.

        :param account.move move: The invoice.
        :return: The attachments, in sudo mode.
        :rtype: ir.attachment
        :raise UserError: If they cannot be made.
        """
        # In sudo mode as core does it: the documents are system attachments. No line
        # changes when a file or a mark is added.
        move_sudo = move.sudo().with_context(**const.NO_LINE_CHANGES)
        was_sent = move_sudo.is_move_sent
        printed_sudo = move_sudo._get_portal_printed_links()
        settings = self._generate_portal_documents(move_sudo)[move_sudo]
        if error := settings.get("error"):
            raise UserError(self._format_error_text(error))
        # Core takes a document that is made for an invoice that is sent.
        if move_sudo.is_move_sent != was_sent:
            move_sudo.is_move_sent = was_sent
        # What is printed on it opens nothing before it is sent.
        for link_sudo in move._get_portal_printed_links() - printed_sudo:
            link_sudo.expires_on = fields.Datetime.now()
        return self._get_portal_own_documents(move)

    @api.model
    def _make_portal_documents_at_once(self, moves_sudo):
        """Make the legal documents of posted invoices, as far as that is possible.

        :param account.move moves_sudo: The invoices, of one company.
        """
        # No line changes, as for one alone.
        moves_sudo = moves_sudo.with_context(**const.NO_LINE_CHANGES)
        printed_sudo = {move: move._get_portal_printed_links() for move in moves_sudo}
        unsent_sudo = moves_sudo.filtered(lambda move: not move.is_move_sent)
        self._generate_portal_documents(moves_sudo)
        # As for one alone: made is not sent, and what is printed opens nothing yet.
        unsent_sudo.filtered("is_move_sent").is_move_sent = False
        for move_sudo in moves_sudo:
            links_sudo = move_sudo._get_portal_printed_links() - printed_sudo[move_sudo]
            links_sudo.expires_on = fields.Datetime.now()

    @api.model
    def _generate_portal_documents(self, moves_sudo):
        """Have core make the legal documents of posted invoices that are emailed.

        :param account.move moves_sudo: The invoices, in sudo mode: their customer need
            not be one that the user may read.
        :return: Core's data of each invoice, with the error if there was one.
        :rtype: dict[account.move, dict]
        """
        # Core makes no files while it is tested: here they are what matters.
        sender = self.with_context(
            force_report_rendering=True,
            **const.NO_LINE_CHANGES,
            **{const.CONTEXT_EMAIL: True},
        )
        invoices_data = {}
        for move_sudo in moves_sudo:
            # Without a method, so that core does not write an email that is not sent.
            settings = sender._get_default_sending_settings(
                move_sudo, sending_methods=set()
            )
            invoices_data[move_sudo] = {**settings, "sending_methods": {"email"}}
        sender._generate_invoice_documents(invoices_data)
        return invoices_data

    # === BUSINESS METHODS - SUPPORTING DOCUMENTS === #

    @api.model
    def _get_portal_document_sources(self, move):
        """Return the records whose files may support an invoice.

        What an invoice came from depends on which applications are installed: each
        path is followed as far as its fields exist. Override to add more.

        :param account.move move: The invoice, in sudo mode.
        :return: The records, the invoice first.
        :rtype: list[models.Model]
        """
        orders = _follow(move, "invoice_line_ids.sale_line_ids.order_id")
        sources = [move]
        for record, path in [
            (move, "invoice_line_ids.sale_line_ids.order_id"),
            (orders, "picking_ids"),
            (orders, "repair_order_ids"),
            (move, "invoice_line_ids.sale_line_ids.task_id"),
            (orders, "tasks_ids"),
            (move, "timesheet_ids.task_id"),
            (orders, "project_ids"),
            (move, "invoice_line_ids.sale_line_ids.project_id"),
            (move, "timesheet_ids.project_id"),
            (move, "pos_order_ids"),
        ]:
            sources.append(_follow(record, path))
        return [source for source in sources if source]

    @api.model
    def _get_portal_documents(self, move):
        """Return the files that may support an invoice, with where they are from.

        The invoice's own PDF and e-invoice are not among them: those go anyway.

        :param account.move move: The invoice.
        :return: The files that the user may read, by the record they are on.
        :rtype: dict[models.Model, ir.attachment]
        """
        # In sudo mode to find out where the invoice came from; what the user may not
        # read is left out in the end.
        sources = self._get_portal_document_sources(move.sudo())
        own = self._get_invoice_extra_attachments(move.sudo())
        documents, seen = {}, set(own.ids)
        for source in sources:
            for record in source.with_env(self.env)._filtered_access("read"):
                files = self.env["ir.attachment"].search(
                    [
                        ("res_model", "=", record._name),
                        ("res_id", "=", record.id),
                        ("res_field", "=", False),  # Else it is part of the record.
                        ("type", "=", "binary"),
                        ("id", "not in", list(seen)),
                    ],
                    order="id",
                )
                if files:
                    documents[record] = files
                    seen.update(files.ids)
        return documents

    @api.model
    def _split_portal_documents(self, move, files, other_size=0):
        """Return which files go with an email, and which are only on the page.

        All are on the page; the email takes them in their order, as long as it stays
        within the company's limit and the mail server's.

        :param account.move move: The invoice.
        :param ir.attachment files: The supporting documents.
        :param float other_size: What else the email holds, in bytes.
        :return: The attached ones, and those too large for it.
        :rtype: tuple[ir.attachment, ir.attachment]
        """
        attached = offered = files.browse()
        room = (
            self._get_portal_size_limit(move)
            - self._get_portal_own_size(move)
            - other_size
        )
        for document in files:
            size = document.file_size * ENCODED
            if size <= room:
                attached |= document
                room -= size
            else:
                offered |= document
        return attached, offered

    @api.model
    def _get_portal_size_limit(self, move):
        """Return how large an email may be, in bytes.

        :param account.move move: The invoice.
        :rtype: float
        """
        # In sudo mode because servers and companies are the administrator's.
        server_limit = self.env["ir.mail_server"].sudo()._get_max_email_size()
        limit = move.company_id.sudo().portal_mail_size_limit
        return min(server_limit, limit) * 1024 * 1024

    @api.model
    def _get_portal_own_size(self, move):
        """Return what an email weighs without supporting documents, in bytes.

        :param account.move move: The invoice.
        :rtype: float
        """
        own_sudo = self._get_portal_own_documents(move)
        return max(RESERVED_SIZE, sum(own_sudo.mapped("file_size")) * ENCODED)


def _follow(records, path):
    """Return what a path of relational fields leads to, as far as its fields exist.

    :param models.Model|None records: Where to start.
    :param str path: Names of fields, separated by dots.
    :rtype: models.Model | None
    """
    names = path.split(".")
    # Nothing is read where the path ends nowhere: the application is not installed.
    model = records
    for name in names:
        if model is None or name not in model._fields:
            return None
        model = model.env[model._fields[name].comodel_name]
    for name in names:
        records = records[name]
    return records or None
