"""The *self-contained wkhtmltopdf* engine of PDF reports."""

import logging
from collections import OrderedDict

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools.pdf import merge_pdf

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ... import const
from ...pdf import check, css, fonts, html, pipeline, program, qr
from ...pdf.converter import Converter
from ...pdf.core_bridge import Prepared, ReportHtml, Result, by_record
from ...pdf.errors import (
    CRASH,
    EMPTY,
    HANG,
    INCOMPLETE,
    NO_ROOM,
    OFF_SHEET,
    OVERPRINTED,
    REFUSED,
    TEMPLATE,
    UNREADABLE,
    ConversionFailed,
    ConverterMissing,
    DocumentConversionError,
)
from ...pdf.pipeline import Pipeline, Style
from . import report_resources

_logger = logging.getLogger(__name__)

#: Value of `pdf_engine` for the engine of this add-on.
ENGINE = "self_contained"
#: Where a transaction keeps the warnings about the files made in it.
_WARNINGS = "account_payment_portal.pdf_warnings"
#: The bundles with the styles of reports; the last one is for screens too.
PRINT_BUNDLES = ("web.report_assets_pdf", "web.report_assets_common")
_PAPERFORMAT_FIELDS = (
    *("format", "page_width", "page_height", "orientation", "dpi", "css_margins"),
    *("margin_top", "margin_bottom", "margin_left", "margin_right"),
    *("header_line", "header_spacing", "disable_shrinking"),
)
_DEFAULT_PAGE_SECONDS = 60


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    pdf_engine = fields.Selection(
        selection=[
            ("wkhtmltopdf", "wkhtmltopdf, through the web server"),
            (ENGINE, "Self-contained wkhtmltopdf"),
        ],
        string="PDF Engine",
        required=True,
        default="wkhtmltopdf",
        help="Self-contained means that wkhtmltopdf gets everything a document shows "
        "in one file and does not call back to this server. All documents of a batch "
        "are made at once, many times faster, with header, footer and page numbers "
        "even without patched Qt, and each file is checked before it is used.",
    )

    # === OVERRIDES: CORE'S WAY FROM RECORDS TO FILES === #

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Override of `base` to convert all documents in one process.

        Core's method then runs for each record by itself, and so do all overrides that
        embed or merge something.

        :raise DocumentConversionError: some documents failed; it holds the others.
        """
        report = self._get_report(report_ref)
        is_each_once = res_ids and len(res_ids) == len(set(res_ids))
        if report.pdf_engine != ENGINE or not is_each_once:
            return super()._render_qweb_pdf_prepare_streams(
                report_ref, data, res_ids=res_ids
            )
        contents = self._pdf_contents(report, res_ids, data)
        if contents is None:
            # The report lays several records out as one document.
            return super()._render_qweb_pdf_prepare_streams(
                report_ref, data, res_ids=res_ids
            )
        prepared = self.with_context(**{const.CONTEXT_PDF: Prepared(report, contents)})
        streams = OrderedDict()
        for res_id in res_ids:
            # The report itself, so that nobody looks it up by its name again.
            one = super(IrActionsReport, prepared)._render_qweb_pdf_prepare_streams(
                report, dict(data or {}), res_ids=[res_id]
            )
            streams.update(one)
        return streams

    def _render_qweb_html(self, report_ref, docids, data=None):
        """Override of `base` not to render again what has its file already."""
        report = self._get_report(report_ref)
        if report.pdf_engine != ENGINE:
            return super()._render_qweb_html(report_ref, docids, data=data)
        prepared = self.env.context.get(const.CONTEXT_PDF)
        if prepared and docids and len(docids) == 1:
            content = prepared.contents.get(docids[0])
            if content and report == prepared.report:
                stand_in = ReportHtml()
                stand_in.res_id, stand_in.content = docids[0], content
                return stand_in, "html"
        # Core's lines write fields that nobody stores when they are read for a report,
        # with all that a write has in its train: of that, nothing can change either.
        renderer = self.with_context(
            tracking_disable=True,
            **const.NO_LINE_CHANGES,
            **{const.CONTEXT_DOCUMENT: True},
        )
        return super(IrActionsReport, renderer)._render_qweb_html(
            report, docids, data=data
        )

    def _prepare_html(self, html, report_model=False):
        """Override of `base`: our engine keeps the documents together."""
        if self.pdf_engine != ENGINE:
            return super()._prepare_html(html, report_model=report_model)
        if isinstance(html, ReportHtml):
            return [html], [html.res_id], None, None, {}
        body = ReportHtml(html)
        body.documents = self._pdf_split(html, report_model)
        res_ids = [document.res_id for document in body.documents]
        return [body], res_ids, None, None, {}

    def _run_wkhtmltopdf(self, bodies, report_ref=False, **kwargs):
        """Override of `base` to hand the documents of our engine to our converter."""
        if not (len(bodies) == 1 and isinstance(bodies[0], ReportHtml)):
            return super()._run_wkhtmltopdf(bodies, report_ref=report_ref, **kwargs)
        if bodies[0].content:
            return bodies[0].content
        report = self._get_report(report_ref)
        results = self._pdf_produce(report, bodies[0].documents)
        self._pdf_raise_failures(report, results)
        contents = [result.content for result in results]
        return contents[0] if len(contents) == 1 else merge_pdf(contents)

    # === OVERRIDES: THE LINK TO PAY ONLINE === #

    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        """Override of `base` to print the link to pay on paper as well.

        Who prints an invoice hands it over: the link opens from then on. Who may not
        edit the invoice prints the link that there is.
        """
        report = self._get_report(report_ref)
        own = self.env.ref(const.INVOICE_REPORT)
        if report != own or const.CONTEXT_PAY_URL in self.env.context:
            return super()._render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        urls = self._open_portal_printed_links(self.env[report.model].browse(res_ids))
        printing = self.with_context(**{const.CONTEXT_PAY_URL: urls})
        return super(IrActionsReport, printing)._render_qweb_pdf(
            report_ref, res_ids=res_ids, data=data
        )

    def _open_portal_printed_links(self, moves):
        """Return the address to print on each invoice.

        :param account.move moves: The invoices.
        :return: The address by the id of the invoice.
        :rtype: dict[int, str]
        """
        moves.check_access("read")
        editable = moves._filtered_access("write")
        urls = {}
        # In sudo mode to see what is paid, and because the token is hidden.
        for move_sudo, link_sudo in moves.sudo()._plan_portal_printed_links().items():
            if move_sudo in editable:
                link_sudo = move_sudo._open_portal_printed_link(link_sudo)
            if link_sudo.id and link_sudo._is_live():
                urls[move_sudo.id] = link_sudo._get_url()
        return urls

    def _get_rendering_context(self, report, docids, data):
        """Override of `base` to hand the payment links to the invoice templates.

        The context key `const.CONTEXT_PAY_URL` holds an address for all
        documents, or a dict of addresses by record id.
        """
        data = super()._get_rendering_context(report, docids, data)
        if urls := self.env.context.get(const.CONTEXT_PAY_URL):
            if not isinstance(urls, dict):
                urls = dict.fromkeys(docids or (), urls)
            data["account_payment_portal_pay_urls"] = urls
        return data

    @api.model
    def _draw_portal_code(self, url):
        """Return the QR code of an address, as the invoice shows it.

        :param str url: The address.
        :return: The image, as a `data:` URI.
        :rtype: str
        """
        return report_resources.data_uri(qr.draw(url).encode(), "image/svg+xml")

    # === DOCUMENTS === #

    def _portal_render_document_pdf(self, moves, proforma=False):
        """Make the invoices' PDF files without storing anything.

        :param account.move moves: the invoices.
        :param bool proforma: name them proforma invoices.
        :rtype: dict[int, bytes]
        :raise UserError: a file could not be made; the invoice is named.
        """
        report = self.env.ref(const.INVOICE_REPORT)
        # With the rights by which the caller holds the invoices.
        renderer = self.sudo(moves.env.su).with_context(
            force_report_rendering=True, report_pdf_no_attachment=True
        )
        streams, _type = renderer._pre_render_qweb_pdf(
            report.report_name, moves.ids, data={"proforma": proforma}
        )
        return renderer._get_splitted_report(report.report_name, streams, "pdf")

    def _portal_render_document_html(self, move):
        """The invoice as a page of its own: no script, nothing to fetch.

        :param account.move move: one invoice, readable in its own environment.
        :rtype: markupsafe.Markup
        """
        move.ensure_one()
        report = self.env.ref(const.INVOICE_REPORT).sudo()
        # With the rights by which the caller holds the invoice.
        renderer = self.sudo(move.env.su)
        content, _type = renderer._render_qweb_html(
            report, move.ids, data={"report_type": "html"}
        )
        page = renderer._pdf_split(content, report.model)[0]
        return pipeline.web_page(page, renderer._pdf_style(report, move))

    def _pdf_split(self, content, model):
        documents = html.split(content, model)
        for each in documents:
            lang = each.lang_code or self.env.user.lang
            data = self.env["res.lang"]._get_data(code=lang)
            each.direction = data.direction or "ltr"
        return documents

    def _pdf_contents(self, report, res_ids, data):
        """The files of a batch.

        :return: bytes by record id, or None when the report does not lay out each
            record by itself.
        :raise DocumentConversionError: some documents failed.
        """
        contents = self._pdf_ready_contents(report)
        missing = [
            res_id
            for res_id in res_ids
            if res_id not in contents and not self._pdf_has_file(report, res_id)
        ]
        if not missing:
            return contents
        # It takes its time to start: let it, while the documents are laid out.
        with self._pdf_converter(report, missing) as converter:
            documents, failures = self._pdf_documents(
                report, missing, data, is_alone=len(res_ids) == 1
            )
            if {each.res_id for each in documents} | set(failures) != set(missing):
                return None
            results = self._pdf_convert(report, documents, converter)
        results += [Result(res_id, None, why) for res_id, why in failures.items()]
        self._pdf_raise_failures(report, results)
        return {**contents, **by_record(results)}

    def _pdf_ready_contents(self, report):
        """The files that the caller hands in, as it got them from an earlier error."""
        prepared = self.env.context.get(const.CONTEXT_PDF)
        return prepared.contents if prepared and prepared.report == report else {}

    def _pdf_has_file(self, report, res_id):
        """Whether core will take the file from an attachment."""
        if not (report.attachment and report.attachment_use):
            return False
        if self.env.context.get("report_pdf_no_attachment"):
            return False
        return bool(report.retrieve_attachment(self.env[report.model].browse(res_id)))

    def _pdf_documents(self, report, res_ids, data, is_alone=False):
        """Lay out records; one that cannot be laid out fails alone.

        :param bool is_alone: there is one record only, whose error is raised as it is.
        :return: the documents, and the failures by record id.
        :rtype: tuple[list[html.Document], dict[int, ConversionFailed]]
        """
        try:
            return self._pdf_layout(report, res_ids, data), {}
        except Exception:
            if is_alone:
                raise
            _logger.info("Batch of %s: one by one, to find the bad one", report.name)
        documents, failures = [], {}
        for res_id in res_ids:
            try:
                documents += self._pdf_layout(report, [res_id], data)
            except Exception as error:
                _logger.warning("No layout for %s %s", report.model, res_id, exc_info=1)
                failures[res_id] = ConversionFailed(TEMPLATE, str(error))
        return documents, failures

    def _pdf_layout(self, report, res_ids, data):
        if not res_ids:
            return []
        # A failed query inside the template must not spoil the transaction.
        with self.env.cr.savepoint(flush=False):
            content, _type = self.with_context(debug=False)._render_qweb_html(
                report, res_ids, data=dict(data or {}, debug=False)
            )
        return self._pdf_split(content, report.model)

    def _pdf_produce(self, report, documents):
        """Convert documents in one process.

        :rtype: list[Result]
        :raise UserError: there is no usable wkhtmltopdf.
        """
        if not documents:
            return []
        res_ids = [each.res_id for each in documents]
        with self._pdf_converter(report, res_ids) as converter:
            return self._pdf_convert(report, documents, converter)

    def _pdf_converter(self, report, res_ids):
        """A converter for some documents, to be entered.

        :param list res_ids: the records' ids; without one, a document has None.
        :rtype: Converter
        :raise UserError: there is no usable wkhtmltopdf.
        """
        seconds = self._pdf_page_seconds()
        return Converter(
            self._pdf_binary(),
            page_seconds=seconds,
            batch_seconds=seconds * (2 + len(res_ids) / 10),
            font_files=self._pdf_font_files(
                self.env[report.model].browse(filter(None, res_ids))
            ),
        )

    def _pdf_convert(self, report, documents, converter):
        """Convert documents, and note what is wrong with them.

        :param Converter converter: entered already.
        :rtype: list[Result]
        """
        records = self.env[report.model].browse(
            each.res_id for each in documents if each.res_id
        )
        jobs = ((each, self._pdf_metadata(report, each, records)) for each in documents)
        style = self._pdf_style(report, records)
        results = list(Pipeline(converter, style).run(jobs))
        self._pdf_note_warnings(report, results)
        return results

    def _pdf_note_warnings(self, report, results):
        """Keep what is wrong with files that can be sent, for who asks, and log it."""
        noted = self.env.cr.cache.setdefault(_WARNINGS, {})
        for result in results:
            noted[report.model, result.res_id] = result.warnings
            if result.warnings:
                _logger.warning(
                    "PDF of %s %s: %s",
                    *(report.model, result.res_id),
                    ", ".join(
                        f"{each.problem} {each.text!r}" for each in result.warnings
                    ),
                )

    @api.model
    def _get_pdf_warnings(self, records):
        """Return what is wrong with the PDF files made in this transaction.

        Only what a person can judge: text that is missing, in a margin or printed
        over, and letters without a font. A file that lacks an amount is not handed over
        at all, see `DocumentConversionError`.

        :param models.Model records: Whose files, such as invoices.
        :return: Sentences for staff, by the id of the record.
        :rtype: dict[int, list[str]]
        """
        noted = self.env.cr.cache.get(_WARNINGS, {})
        return {
            record.id: [self._pdf_warning_in_words(each) for each in findings]
            for record in records
            if (findings := noted.get((record._name, record.id)))
        }

    def _pdf_warning_in_words(self, finding):
        if finding.problem == check.NO_GLYPH:
            if not finding.packages:
                return self.env._("No font has the characters “%s”.", finding.text)
            return self.env._(
                "The server has no font for “%(text)s”. Install the Debian package "
                "%(packages)s.",
                text=finding.text,
                packages=", ".join(finding.packages),
            )
        return {
            check.MISSING: self.env._("“%s” is missing from the PDF.", finding.text),
            check.OFF_SHEET: self.env._("“%s” is cut off on the PDF.", finding.text),
            check.IN_MARGIN: self.env._(
                "“%s” is in the margin of the PDF.", finding.text
            ),
            check.OVERPRINTED: self.env._(
                "“%s” is printed over something else on the PDF.", finding.text
            ),
        }[finding.problem]

    def _pdf_metadata(self, report, document, records):
        """What the file says of itself."""
        record = records.browse(document.res_id) if document.res_id else records[:0]
        company = record.company_id if "company_id" in record else self.env.company
        return {
            "title": document.title or (record.display_name if record else ""),
            "author": (company or self.env.company).sudo().name,
            "number": self._pdf_number(report, record),
        }

    def _pdf_number(self, report, record):
        """The number without which a document is worthless, or an empty text."""
        if not (report.is_invoice_report and record):
            return ""
        return record.name if record.name and record.name != "/" else ""

    def _pdf_raise_failures(self, report, results):
        failed = {each.res_id: each.failure for each in results if each.failure}
        if not failed:
            return
        records = self.env[report.model].browse(filter(None, failed))
        names = {record.id: record.display_name for record in records}
        words = {
            res_id: self._pdf_in_words(failure) for res_id, failure in failed.items()
        }
        for res_id, failure in failed.items():
            _logger.warning("PDF of %s %s: %s", report.model, res_id, failure)
        message = "\n".join(
            self.env._(
                "The PDF of %(document)s could not be made: %(reason)s",
                document=names.get(res_id) or report.name,
                reason=reason,
            )
            for res_id, reason in words.items()
        )
        prepared = Prepared(report, by_record(results))
        raise DocumentConversionError(message, words, prepared)

    def _pdf_in_words(self, failure):
        detail = (failure.detail.strip() or "?").splitlines()[0]
        return {
            HANG: self.env._(
                "wkhtmltopdf did not finish in time and was stopped. Try again; if it "
                "happens again, look for a very large image or table in the document."
            ),
            CRASH: self.env._("wkhtmltopdf ended unexpectedly."),
            REFUSED: self.env._("wkhtmltopdf wrote no file."),
            UNREADABLE: self.env._("wkhtmltopdf wrote a file that cannot be read."),
            TEMPLATE: self.env._("its layout has an error: %(error)s", error=detail),
            EMPTY: self.env._("there is nothing on it."),
            NO_ROOM: self.env._(
                "the company details and the footer leave no room for the document."
            ),
            INCOMPLETE: self.env._("“%(text)s” is missing.", text=detail),
            OFF_SHEET: self.env._("“%(text)s” is not on the sheet.", text=detail),
            OVERPRINTED: self.env._(
                "“%(text)s” is printed over something else.", text=detail
            ),
        }[failure.reason]

    # === SETTINGS AND STYLES === #

    def _pdf_page_seconds(self):
        value = self._pdf_parameter("account_payment_portal.pdf_timeout")
        return float(value or _DEFAULT_PAGE_SECONDS)

    def _pdf_parameter(self, name):
        # In sudo mode: system parameters are not readable by everybody who prints.
        return self.env["ir.config_parameter"].sudo().get_param(name)

    def _pdf_binary(self):
        """The ``wkhtmltopdf`` to use: the system parameter's, else the one core found.

        :rtype: converter.Binary
        :raise UserError: it is missing, does not run, or is too old.
        """
        path = self._pdf_parameter("account_payment_portal.wkhtmltopdf")
        path = path or _wkhtml().bin
        try:
            return program.find(path, self._pdf_page_seconds())
        except ConverterMissing as error:
            _logger.warning("No usable wkhtmltopdf: %s", error)
            raise UserError(
                self.env._(
                    "PDF files cannot be made: no usable wkhtmltopdf (0.12 or newer) "
                    "was found at %(path)s. Ask your administrator to install it.",
                    path=path,
                )
            ) from error

    def _pdf_style(self, report, records):
        """What the documents of a report have in common.

        :rtype: pipeline.Style
        """
        paperformat = report.get_paperformat().sudo()
        return Style(
            paperformat={name: paperformat[name] for name in _PAPERFORMAT_FIELDS},
            landscape=bool(self.env.context.get("landscape")),
            stylesheet=self._pdf_styles,
            resolve=report_resources.Resources(self.env, records),
        )

    @tools.ormcache("tokens", "direction", "for_print", cache="assets")
    def _pdf_styles(self, tokens, direction, for_print=True):
        """The CSS of the report bundles that a document uses.

        :param frozenset tokens: see ``html.tokens``.
        :param str direction: ``ltr`` or ``rtl``.
        :param bool for_print: for the converter, not for a browser.
        :rtype: str
        """
        transform = css.mirror if direction == "rtl" else None
        text = "".join(
            css.prune(self._pdf_stylesheet(bundle), tokens, transform)
            for bundle in (PRINT_BUNDLES if for_print else PRINT_BUNDLES[1:])
        )
        return css.replace_urls(text, report_resources.static_file)

    def _pdf_font_files(self, records):
        """The files of the fonts that the documents' companies have chosen."""
        companies = self.env.company
        if "company_id" in records:
            companies |= records.company_id
        families = {(each.font or "Lato").lower() for each in companies.sudo()}
        return fonts.files(self._pdf_stylesheet(PRINT_BUNDLES[-1]).fonts, families)

    @tools.ormcache("bundle", cache="assets")
    def _pdf_stylesheet(self, bundle):
        """A bundle, parsed. Left to right: `css.mirror` does the rest.

        :rtype: css.Stylesheet
        """
        return css.parse(self._pdf_compiled(bundle).raw.decode())

    def _pdf_compiled(self, bundle):
        """A bundle's style sheet, compiled now if it is not yet.

        :rtype: ir.attachment
        """
        # In sudo mode: attachments of bundles are not everybody's to write.
        assets = (
            self.env["ir.qweb"]
            .sudo()
            ._get_asset_bundle(
                bundle, css=True, js=False, autoprefix=True, assets_params={}
            )
        )
        return assets.css()
