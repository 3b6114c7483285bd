"""What the customer was sent is what the page shows, whatever happens later."""

import io
from unittest.mock import patch

from pypdf import PdfReader

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from ..pdf_common import PdfCommon


@tagged("post_install", "-at_install")
class TestDocumentSent(PdfCommon):
    def _send(self, move):
        self.env["account.move.send"].with_user(self.clerk).with_context(
            force_report_rendering=True
        )._generate_and_send_invoices(
            move.with_user(self.clerk),
            pdf_report=self.report,
            sending_methods=["manual"],
        )

    def _sent(self, **values):
        self.customer.invoice_edi_format = False
        move = self._invoice(**values)
        self._send(move)
        return move

    def test_page_shows_what_was_sent(self):
        move = self._sent(narration="<p>Deliveries on Tuesdays</p>")
        move.narration = "<p>Deliveries on Fridays</p>"
        page = move._get_portal_document_html()
        self.assertIn("Deliveries on Tuesdays", page)
        self.assertNotIn("Fridays", page)
        [text] = self._texts(PdfReader(io.BytesIO(move._get_portal_document())))
        self.assertIn("Deliveries on Tuesdays", text)

    def test_payment_does_not_change_what_was_sent(self):
        move = self._sent()
        before = move._get_portal_document_html()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({})._create_payments()
        self.assertEqual(move._get_portal_document_html(), before)
        self.assertFalse(move.is_portal_document_outdated)

    def test_never_sent_is_live(self):
        move = self._invoice(narration="<p>Deliveries on Tuesdays</p>")
        self.assertIn("Tuesdays", move._get_portal_document_html())
        move.narration = "<p>Deliveries on Fridays</p>"
        self.assertIn("Fridays", move._get_portal_document_html())
        self.assertFalse(move.is_portal_document_outdated)

    def test_staff_are_told_of_a_change(self):
        for change in (
            {"narration": "<p>Other terms</p>"},
            {"ref": "PO 4711"},
            {"invoice_date_due": "2099-01-31"},
        ):
            with self.subTest(change=change):
                move = self._sent()
                self.assertFalse(move.with_user(self.clerk).is_portal_document_outdated)
                move.write(change)
                move.invalidate_recordset(["is_portal_document_outdated"])
                self.assertTrue(move.with_user(self.clerk).is_portal_document_outdated)

    def test_changed_and_sent_again(self):
        move = self._sent()
        self.assertEqual(move.portal_document_version, 1)
        move.button_draft()
        self.assertIn("Article 001", move._get_portal_document_html())
        line = move.invoice_line_ids[0]
        move.invoice_line_ids = [Command.update(line.id, {"price_unit": 99.0})]
        move.action_post()
        self.assertTrue(move.is_portal_document_outdated)
        self.assertIn("99.00", move._get_portal_document_html())
        self._send(move)
        move.invalidate_recordset(["is_portal_document_outdated"])
        self.assertFalse(move.is_portal_document_outdated)
        self.assertEqual(move.portal_document_version, 2)

    def test_same_contents_are_the_same_version(self):
        move = self._sent()
        move.button_draft()
        move.action_post()
        self._send(move)
        self.assertEqual(move.portal_document_version, 1)

    def test_copy_was_not_sent(self):
        copy = self._sent().copy()
        self.assertFalse(copy.portal_document_version)
        self.assertFalse(copy.is_portal_document_outdated)

    def test_stored_page_is_read_through_the_link_only(self):
        move = self._sent()
        with self.assertRaises(AccessError):
            move.with_user(self.clerk).read(["portal_document_html"])

    # --- Metadata

    def _embedded(self, move, options):
        """The invoice's PDF with core's electronic invoice inside."""
        content = self._reports()._render_qweb_pdf(
            "account_payment_portal.report_invoice", move.ids
        )[0]
        data = {
            "pdf_report": self.report,
            "pdf_attachment_values": {"raw": content},
            "ubl_cii_xml_options": options,
            "ubl_cii_xml_attachment_values": {"raw": b"<invoice/>"},
        }
        # In a test, core does not touch the file.
        with (
            patch.dict(config.options, {"test_enable": False}),
            # It recommends a package that is optional.
            mute_logger("odoo.tools.pdf"),
        ):
            self.env[
                "account.move.send"
            ]._hook_invoice_document_after_pdf_report_render(move, data)
        return PdfReader(io.BytesIO(data["pdf_attachment_values"]["raw"]))

    def _assert_metadata(self, move, reader):
        self.assertEqual(reader.metadata.title, f"Invoice {move.name}")
        self.assertEqual(reader.metadata.author, "Harbour Trading")
        self.assertEqual(reader.trailer["/Root"]["/Lang"], "en-US")
        xmp = reader.xmp_metadata
        self.assertEqual(xmp.dc_title, {"x-default": f"Invoice {move.name}"})
        self.assertEqual(xmp.dc_creator, ["Harbour Trading"])
        self.assertEqual(reader.attachments["factur-x.xml"], [b"<invoice/>"])

    def test_mailed_file_keeps_title_and_author(self):
        self.customer.invoice_edi_format = False
        move = self._sent()
        reader = PdfReader(io.BytesIO(move.invoice_pdf_report_id.raw))
        self.assertEqual(reader.metadata.title, f"Invoice {move.name}")
        self.assertEqual(reader.metadata.author, "Harbour Trading")

    def test_pdf_a_structure(self):
        """What PDF/A-3 asks of a file's structure (ISO 19005-3); not a certificate."""
        move = self._invoice()
        reader = self._embedded(move, {"ubl_cii_format": "facturx"})
        self._assert_metadata(move, reader)
        root = reader.trailer["/Root"]
        [intent] = root["/OutputIntents"]
        self.assertEqual(intent.get_object()["/S"], "/GTS_PDFA1")
        self.assertIn("/DestOutputProfile", intent.get_object())
        xmp = root["/Metadata"].get_data().decode()
        self.assertIn("<pdfaid:part>3</pdfaid:part>", xmp)
        self.assertIn("DocumentFileName", xmp)
        [attached] = root["/AF"]
        self.assertIn("/AFRelationship", attached.get_object())
        self.assertIn("/ID", reader.trailer)
        fonts = [
            font.get_object()
            for page in reader.pages
            for font in page["/Resources"]["/Font"].values()
        ]
        self.assertTrue(fonts)
        for font in fonts:
            descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            self.assertIn("/FontFile2", descriptor)
            self.assertIn("/ToUnicode", font)
