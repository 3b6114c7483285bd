"""The invoice report: each layout, paper, language and length."""

import io
import itertools
from unittest.mock import patch

import lxml.html
from pypdf import PdfReader

from odoo import Command
from odoo.tests import tagged
from odoo.tools import config, mute_logger
from odoo.tools.pdf import OdooPdfFileReader, OdooPdfFileWriter

from ..pdf_common import LAYOUTS, PAY_URL, REPORT
from ..pdf_layout_common import PAPERS, PdfLayoutCommon


@tagged("post_install", "-at_install")
class TestInvoiceReport(PdfLayoutCommon):
    # --- Sheets

    def test_each_layout(self):
        """A short invoice, a long one, and one of who reads from the right."""
        invoices = self._invoices(60)
        for layout, paper in zip(LAYOUTS, itertools.cycle(PAPERS), strict=False):
            with self.subTest(layout=layout, paper=paper):
                self._assert_layout_on_paper(layout, paper, *invoices)

    def test_each_layout_with_patched_qt(self):
        """By the other kind of wkhtmltopdf, which has a scale of its own."""
        self._use_patched_qt()
        short, from_the_right, long = self._invoices(60)
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                long_or_none = long if layout == "striped" else long[:0]
                self._assert_layout(layout, short, from_the_right, long_or_none)

    def test_continuation_has_room_for_its_head(self):
        """The head of the table stands above the first line, not upon it."""
        for page in self._pdf(self._invoice(40)).pages[1:]:
            heights = self._heights(page, "Description", "Article")
            head, first = heights["Description"][0], max(heights["Article"])
            self.assertGreater(head - first, 10)
            gaps = zip(heights["Article"], heights["Article"][1:], strict=False)
            self.assertTrue(all(upper - lower > 10 for upper, lower in gaps))

    def _heights(self, page, *words):
        """The y of each text that begins with one of the words, from the top."""
        found = {word: [] for word in words}

        def note(text, user_matrix, text_matrix, _font, _size):
            for word in words:
                if text.strip().startswith(word):
                    y = user_matrix[3] * text_matrix[5] + user_matrix[5]
                    found[word].append(y)

        page.extract_text(visitor_text=note)
        return {word: sorted(heights, reverse=True) for word, heights in found.items()}

    def test_landscape_and_custom_paper(self):
        paper = self.env.ref("base.paperformat_euro").copy(
            {"format": "custom", "page_width": 180, "page_height": 250}
        )
        self.company.paperformat_id = paper
        page = self._pdf(self._invoice()).pages[0]
        self.assertAlmostEqual(float(page.mediabox.width), 180 * 72 / 25.4, 0)
        self.assertAlmostEqual(float(page.mediabox.height), 250 * 72 / 25.4, 0)
        paper.write({"page_width": 0, "page_height": 0})
        paper.write({"format": "A4", "orientation": "Landscape"})
        page = self._pdf(self._invoice()).pages[0]
        self.assertAlmostEqual(float(page.mediabox.width), 841.9, 0)

    def test_long_note_is_cut_between_lines(self):
        note = "".join(
            f"<p>Clause {number:03} of the terms.</p>" for number in range(150)
        )
        texts = self._texts(self._pdf(self._invoice(narration=note)))
        self.assertGreater(len(texts), 2)
        whole = " ".join(texts)
        for number in range(150):
            self.assertEqual(whole.count(f"Clause {number:03} of the terms."), 1)

    # --- Language and metadata

    def test_metadata(self):
        move = self._invoice()
        reader = self._pdf(move)
        self.assertEqual(reader.metadata.title, f"Invoice {move.name}")
        self.assertEqual(reader.metadata.author, "Harbour Trading")
        self.assertEqual(reader.trailer["/Root"]["/Lang"], "en-US")
        self.assertEqual(
            reader.xmp_metadata.dc_title, {"x-default": f"Invoice {move.name}"}
        )

    def test_arabic_customer(self):
        move = self._invoice(partner_id=self.arab.id)
        reader = self._pdf(move)
        self.assertEqual(reader.trailer["/Root"]["/Lang"], "ar-001")
        self._assert_from_the_right(reader)
        html = self._reports()._portal_render_document_html(move.with_user(self.clerk))
        self.assertEqual(lxml.html.fromstring(html).get("dir"), "rtl")

    # --- Pay online

    def test_pay_box_needs_link_and_balance(self):
        move = self._invoice()
        no_link = {"account_payment_portal_pay_url": {}}
        self.assertNotIn("Pay online", self._texts(self._pdf(move, **no_link))[0])
        draft = self._invoice(post=False)
        context = {"account_payment_portal_pay_url": PAY_URL}
        self.assertNotIn("Pay online", self._texts(self._pdf(draft, **context))[0])
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({})._create_payments()
        self.assertNotIn("Pay online", self._texts(self._pdf(move, **context))[0])

    def test_each_invoice_of_a_batch_has_its_own_link(self):
        first, second = self._invoice(), self._invoice()
        urls = {first.id: f"{PAY_URL}/1", second.id: f"{PAY_URL}/2"}
        reader = self._pdf(first + second, account_payment_portal_pay_url=urls)
        self.assertEqual(
            [set(links) for links in self._links(reader)],
            [{f"{PAY_URL}/1"}, {f"{PAY_URL}/2"}],
        )

    def test_pay_link_lies_over_its_text(self):
        reader = self._pdf(self._invoice(), account_payment_portal_pay_url=PAY_URL)
        page = reader.pages[0]
        boxes = [note.get_object()["/Rect"] for note in page["/Annots"]]
        left = self._lefts(page, "the payment page")["the payment page"]
        self.assertTrue(
            any(float(box[0]) - 2 <= left <= float(box[2]) for box in boxes),
            (left, boxes),
        )

    # --- Core's ways to it

    def test_offered_in_core_send_window(self):
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=self._invoice().ids)
            .create({})
        )
        self.assertIn(self.report, wizard.available_pdf_report_ids)

    def test_sent_with_core_and_stored(self):
        self.customer.invoice_edi_format = False
        move = self._invoice()
        self._send(move)
        stored = move.invoice_pdf_report_id
        self.assertEqual(
            stored.name,
            f"{move.company_id.name} - Invoice {move.name}.pdf".replace("/", "_"),
        )
        self.assertIn("Page 1 / 1", self._texts(PdfReader(io.BytesIO(stored.raw)))[0])

    @mute_logger("odoo.tools.pdf")
    def test_factur_x_is_embedded(self):
        move = self._invoice()
        content, _kind = self._reports()._render_qweb_pdf(REPORT, move.ids)
        data = {
            "pdf_attachment_values": {"raw": content},
            "ubl_cii_xml_options": {"ubl_cii_format": "facturx"},
            "ubl_cii_xml_attachment_values": {"raw": b"<invoice/>"},
        }
        # In a test, core does not touch the file.
        with patch.dict(config.options, {"test_enable": False}):
            self.env[
                "account.move.send"
            ]._hook_invoice_document_after_pdf_report_render(move, data)
        reader = PdfReader(io.BytesIO(data["pdf_attachment_values"]["raw"]))
        self.assertEqual(reader.attachments["factur-x.xml"], [b"<invoice/>"])
        self.assertIn(move.name, self._texts(reader)[0])

    def test_title_outlives_embedding(self):
        move = self._invoice()
        content, _kind = self._reports()._render_qweb_pdf(REPORT, move.ids)
        reader = OdooPdfFileReader(io.BytesIO(content), strict=False)
        writer, output = OdooPdfFileWriter(), io.BytesIO()
        writer.cloneReaderDocumentRoot(reader)
        writer.addAttachment("extra.xml", b"<extra/>", subtype="text/xml")
        writer.write(output)
        title = PdfReader(output).xmp_metadata.dc_title
        self.assertEqual(title, {"x-default": f"Invoice {move.name}"})

    def _send(self, moves, **settings):
        self.env["account.move.send"].with_user(self.clerk).with_context(
            force_report_rendering=True
        )._generate_and_send_invoices(
            moves.with_user(self.clerk),
            pdf_report=self.report,
            sending_methods=["manual"],
            **settings,
        )

    def test_preview_is_not_stored(self):
        draft = self._invoice(post=False)
        before = self.env["ir.attachment"].search_count([])
        reports = self.env["ir.actions.report"].with_user(self.clerk)
        contents = reports._portal_render_document_pdf(
            draft.with_user(self.clerk), proforma=True
        )
        (text,) = self._texts(PdfReader(io.BytesIO(contents[draft.id])))
        self.assertIn("Proforma", text)
        self.assertFalse(draft.invoice_pdf_report_id)
        # The style bundle may have been made on the way.
        made = self.env["ir.attachment"].search([("res_model", "=", "account.move")])
        self.assertFalse(made.filtered(lambda each: each.res_id == draft.id))
        self.assertLessEqual(self.env["ir.attachment"].search_count([]) - before, 2)

    # --- The page

    def _page(self, move, **context):
        reports = self.env["ir.actions.report"].with_context(**context)
        return reports.with_user(self.clerk)._portal_render_document_html(
            move.with_user(self.clerk).with_context(**context)
        )

    def test_page_is_self_contained(self):
        move = self._invoice()
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                self._use(layout)
                text = self._page(move, account_payment_portal_pay_url=PAY_URL)
                root = lxml.html.document_fromstring(text)
                self.assertEqual(root.get("lang"), "en-US")
                self.assertEqual(root.findtext("head/title"), f"Invoice {move.name}")
                self.assertFalse(root.xpath("//script | //link | //iframe | //base"))
                self.assertTrue(root.xpath("//meta[@name='viewport']"))
                for source in root.xpath("//img/@src"):
                    self.assertTrue(source.startswith("data:image/"))
                self.assertNotIn("url(/", text)
                self.assertNotIn("url(http", text)
                logo = max((len(each) for each in root.xpath("//img/@src")), default=0)
                self.assertLess(len(text) - logo, 60_000)
                for part in ("12 Quay Street", "Article 001", "Registered in"):
                    self.assertIn(part, root.text_content())
                self.assertEqual(
                    set(root.xpath("//a[@href=$url]/@href", url=PAY_URL)), {PAY_URL}
                )

    def test_page_says_the_same_as_the_file(self):
        move = self._invoice()
        page = lxml.html.document_fromstring(self._page(move))
        page_words = set(" ".join(page.find("body").itertext()).split())
        content = self._pdf(move, account_payment_portal_pay_url={})
        file_words = set(self._texts(content)[0].split())
        missing = file_words - page_words - {"Page", "1", "/"}
        self.assertFalse(missing)

    def test_page_for_the_public(self):
        move_sudo = self._invoice().with_user(self.env.ref("base.public_user")).sudo()
        text = (
            move_sudo.env["ir.actions.report"]
            .sudo(False)
            ._portal_render_document_html(move_sudo)
        )
        self.assertIn(move_sudo.name, text)

    def test_report_does_not_print_entries(self):
        entry = self.env["account.move"].create(
            {"move_type": "entry", "line_ids": [Command.clear()]}
        )
        with self.assertRaisesRegex(Exception, "Only invoices"):
            self._reports()._render_qweb_pdf(REPORT, entry.ids)
