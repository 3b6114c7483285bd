from unittest.mock import patch

from odoo.tests import Form, HttpCase
from odoo.tools.misc import mute_logger

from ..send_common import PortalSendCommon

MEGABYTE = 1024 * 1024
#: What says in the log what is told here in the window.
PDF_LOGGER = "odoo.addons.account_payment_portal.models.document.ir_actions_report"
#: Of the area for private use: no font has it.
NO_LETTER = "\ue123"


class TestAccountMoveSendPortalDocument(PortalSendCommon, HttpCase):
    """The supporting documents: offered, ticked, attached or on the page."""

    def _attach(self, record, name, size=1000):
        return self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": b"x" * size,
                "mimetype": "text/plain",
                "res_model": record._name,
                "res_id": record.id,
            }
        )

    def test_s3_files_of_the_invoice_are_offered(self):
        self._attach(self.invoice, "timesheet.txt", 2048)
        window = self._open_window()
        self.assertEqual(window.step, "questions")
        [document] = window.document_ids
        self.assertEqual(document.name, "timesheet.txt")
        self.assertEqual(document.size, "2.00 Kb")
        self.assertEqual(document.origin, "This invoice")
        self.assertTrue(document.is_included)

    def test_s3_own_pdf_and_earlier_mails_files_are_not_offered(self):
        self._attach(self.invoice, "timesheet.txt")
        window = self._open_window()
        window.include_documents = "yes"
        with self.mailbox():
            window.action_send()
        self.assertTrue(self.invoice.invoice_pdf_report_id)
        names = self._open_window().document_ids.mapped("name")
        # Core leaves this one on invoices in tests only, in place of embedding it.
        self.assertEqual(set(names) - {"factur-x.xml"}, {"timesheet.txt"})
        self.assertEqual(names.count("timesheet.txt"), 1)

    def test_s3_nothing_is_included_unasked(self):
        self._attach(self.invoice, "timesheet.txt")
        window = self._open_window()
        window.action_continue()
        with self.mailbox() as mailbox:
            window.action_send()
        self.assertEqual(len(mailbox.messages[0].attachments), 1)
        self.assertFalse(self._get_links().document_ids)

    def test_s3_ticked_files_are_attached_and_on_the_page(self):
        self._attach(self.invoice, "wanted.txt")
        self._attach(self.invoice, "unwanted.txt")
        window = self._open_window()
        with Form(window) as form:
            form.include_documents = "yes"
            with form.document_ids.edit(1) as line:
                line.is_included = False
        window.action_continue()
        with self.mailbox() as mailbox:
            window.action_send()
        names = [each.name for each in mailbox.messages[0].attachments]
        self.assertEqual(len(names), 2)
        self.assertIn("wanted.txt", names)
        link = self._get_links()
        self.assertEqual(link.document_ids.mapped("name"), ["wanted.txt"])
        [note] = self._get_notes()
        self.assertIn("wanted.txt", note.attachment_ids.mapped("name"))
        page = self.url_open(link._get_path())
        self.assertIn("wanted.txt", page.text)
        self.assertNotIn("unwanted.txt", page.text)
        file = self.url_open(link._get_path(f"file/{link.document_ids.id}"))
        self.assertEqual(file.content, b"x" * 1000)
        self.assertIn("attachment", file.headers["Content-Disposition"])

    def test_s3_too_large_files_are_on_the_page_only_and_the_window_says_which(self):
        self.company.portal_mail_size_limit = 2
        self._attach(self.invoice, "small.txt", 1000)
        self._attach(self.invoice, "large.txt", 3 * MEGABYTE)
        self._attach(self.invoice, "medium.txt", MEGABYTE)
        window = self._open_window()
        with Form(window) as form:
            form.include_documents = "yes"
            self.assertEqual(form.download_names, "large.txt")
            self.assertIn("small.txt", form.attached_names)
            self.assertIn("medium.txt", form.attached_names)
        preview = window.get_email_preview()
        self.assertEqual(preview["downloads"], ["large.txt"])
        window.action_continue()
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        names = [each.name for each in mail.attachments]
        self.assertNotIn("large.txt", names)
        self.assertIn("medium.txt", names)
        self.assertIn("large.txt", mail.html, "the mail says what the page has")
        self.assertLess(len(mail.raw), 2 * MEGABYTE)
        link = self._get_links()
        self.assertEqual(
            set(link.document_ids.mapped("name")),
            {"small.txt", "large.txt", "medium.txt"},
        )

    def test_s3_mail_servers_limit_counts_too(self):
        self._attach(self.invoice, "large.txt", 3 * MEGABYTE)
        self.env["ir.config_parameter"].set_param("base.default_max_email_size", "2")
        window = self._open_window()
        window.include_documents = "yes"
        self.assertEqual(window.download_names, "large.txt")

    def test_s3_page_offers_no_other_file(self):
        mine = self._attach(self.invoice, "mine.txt")
        other = self._attach(self._create_portal_invoice(), "other.txt")
        link = self._create_link(document_ids=[(6, 0, mine.ids)])
        for link_file in (other.id, 0, 10**9):
            response = self.url_open(link._get_path(f"file/{link_file}"))
            self.assertEqual(response.status_code, 404)
        link.action_revoke()
        response = self.url_open(link._get_path(f"file/{mine.id}"))
        self.assertEqual(response.status_code, 404)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_s3_what_the_user_may_not_read_is_not_offered(self):
        secret = self.env["ir.config_parameter"].search([], limit=1)
        self._attach(secret, "secret.txt")
        self._attach(self.invoice, "fine.txt")

        def sources(wizard, move):
            return [move, secret.sudo()]

        self.patch(
            type(self.env["account.move.send"]),
            "_get_portal_document_sources",
            sources,
        )
        window = self._open_window()
        self.assertEqual(window.document_ids.mapped("name"), ["fine.txt"])

    # === What is to be looked at on the PDF === #

    def _send(self, window):
        with self.mailbox() as mailbox, mute_logger(PDF_LOGGER):
            window.action_send()
        return [message.envelope_to for message in mailbox.messages]

    def test_s5_doubtful_pdf_is_sent_once_the_user_has_been_told(self):
        self.invoice.narration = f"<p>Terms {NO_LETTER}</p>"
        window = self._open_window()
        window.subject = "As it was typed"
        self.assertFalse(self._send(window))
        self.assertEqual(window.step, "compose")
        self.assertIn("U+E123", window.pdf_warnings)
        self.assertEqual(window.subject, "As it was typed")
        self.assertFalse(self.invoice.invoice_pdf_report_id, "nobody has got it")
        self.assertFalse(self._get_links())
        self.assertTrue(self._send(window))
        self.assertEqual(window.step, "sent")
        self.assertTrue(self.invoice.invoice_pdf_report_id)

    def test_s5_another_doubt_is_told_as_well(self):
        self.invoice.narration = f"<p>Terms {NO_LETTER}</p>"
        window = self._open_window()
        self._send(window)
        self.invoice.narration = "<p>Terms \ue124</p>"
        self.assertFalse(self._send(window))
        self.assertIn("U+E124", window.pdf_warnings)

    def test_s5_mended_pdf_is_sent_at_once(self):
        self.invoice.narration = f"<p>Terms {NO_LETTER}</p>"
        window = self._open_window()
        self._send(window)
        self.invoice.narration = "<p>Terms</p>"
        self.assertTrue(self._send(window))

    def test_s5_doubtful_pdf_of_a_draft_is_told_too(self):
        draft = self._create_portal_invoice(post=False)
        draft.narration = f"<p>Terms {NO_LETTER}</p>"
        window = self._open_window(draft)
        window.confirm_invoice = "no"
        window.action_continue()
        self.assertFalse(self._send(window))
        self.assertIn("U+E123", window.pdf_warnings)
        self.assertTrue(self._send(window))

    def test_s5_no_line_is_looked_at_for_a_file_or_a_mark(self):
        invoice = self._create_portal_invoice()
        window = self._compose(invoice)
        moves = self.registry["account.move"]
        with (
            patch.object(moves, "_get_unbalanced_moves") as balanced,
            patch.object(moves, "_get_sync_stack") as synchronized,
            self.mailbox() as mailbox,
        ):
            window.action_send()
        self.assertEqual(len(mailbox.messages), 1)
        self.assertTrue(invoice.invoice_pdf_report_id)
        self.assertTrue(invoice.is_move_sent)
        balanced.assert_not_called()
        synchronized.assert_not_called()
