"""The link on the PDF: one for all who have the file, live once it is handed out."""

import io

from pypdf import PdfReader

from odoo.fields import Command
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..common import BROWSER_HEADERS
from ..pdf_common import PdfCommon
from ..send_common import PortalSendCommon

ENGINE_LOGGER = "odoo.addons.account_payment_portal.models.document.ir_actions_report"


class TestAccountMovePortalPrint(PortalSendCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls.env.ref("account_payment_portal.action_report_invoice")
        cls.customer.invoice_edi_format = False

    def _get_urls(self, content):
        """Return where the links of a PDF lead to."""
        pages = PdfCommon._links(PdfReader(io.BytesIO(content)))
        return {url for links in pages for url in links if "/portal/invoice/" in url}

    def _get_url(self, content):
        """Return where the pay-online box of a PDF leads to."""
        [url] = self._get_urls(content)
        return url

    def _get_printed(self, invoice=None):
        """Return the links of an invoice's PDF, open or not."""
        self.env.invalidate_all()
        return (invoice or self.invoice).portal_link_ids.filtered(
            lambda link: link.audience == "document"
        )

    def _send_pdf(self, **values):
        """Send from our window, and return the PDF that arrives."""
        with self.mailbox() as mailbox:
            self._send(**values)
        return mailbox.messages[0].attachments[0].content

    def _core_send(self, invoices, **settings):
        """Send as core's own window does."""
        values = {"sending_methods": ["manual"], "pdf_report": self.report, **settings}
        self.env["account.move.send"].with_user(self.biller).with_context(
            force_report_rendering=True
        )._generate_and_send_invoices(invoices.with_user(self.biller), **values)

    def _print(self, invoice=None, user=None):
        """Print with our report."""
        reports = self.env["ir.actions.report"].with_user(user or self.biller)
        content, _kind = reports.with_context(
            force_report_rendering=True
        )._render_qweb_pdf(self.report.report_name, (invoice or self.invoice).ids)
        return content

    # === THE BOX === #

    def test_s14_box_of_the_sent_pdf_opens_the_page(self):
        with self.mailbox() as mailbox:
            self._send(email_to="carla@customer.example, otto@x.example")
        url = self._get_url(mailbox.messages[0].attachments[0].content)
        link = self._get_printed()
        self.assertEqual(len(link), 1)
        self.assertEqual(link._get_url(), url)
        self.assertEqual(
            [mail.attachments[0].content for mail in mailbox.messages],
            [self.invoice.invoice_pdf_report_id.raw] * 2,
        )
        self.authenticate(None, None)
        page = self.url_open(link._get_path(), headers=BROWSER_HEADERS)
        self.assertIn(self.invoice.name, page.text)
        self.assertIn('id="pay_now"', page.text)

    def test_s7_link_of_the_preview_is_dead_until_it_is_sent(self):
        window = self._compose()
        url = self._get_url(window._get_preview_pdf())
        token = url.rsplit("/", 1)[1]
        links = self.env["account.move.portal.link"]
        self.assertFalse(links._find(token))
        with self.mailbox():
            window.action_send()
        self.assertEqual(links._find_live(token), self._get_printed())
        self.assertNotEqual(window.sudo().printed_token, token)

    def test_paid_invoice_has_no_box(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        self.assertFalse(self._get_urls(self._send_pdf()))
        self.assertFalse(self._get_printed())

    def test_draft_has_no_box(self):
        draft = self._create_portal_invoice(post=False)
        window = self._open_window(draft)
        window.confirm_invoice = "no"
        window.action_continue()
        self.assertFalse(self._get_urls(window._get_preview_pdf()))
        self.assertFalse(self._get_urls(self._print(draft)))
        self.assertFalse(draft.portal_link_ids)

    # === ITS LINK === #

    def test_b2_view_through_the_pdf_is_the_customers_and_nobodys(self):
        self._send_pdf()
        link = self._get_printed()
        self._pass_time(60)  # The mail is not just sent.
        self._record_view(link)
        self.assertEqual(link.view_count, 1)
        self.assertFalse(link.email or link.partner_id)
        self._run_notifications()
        told = self._get_staff_messages(self.invoice, self.salesperson)
        self.assertIn("link on the PDF", told.body)
        with self.with_user(self.biller.login):
            shown = self.env["account.move.portal.link"].browse(link.id)
            self.assertEqual(shown.display_name, "Printed on the PDF")
        report = self.env["report.account_payment_portal.report_portal_evidence"]
        facts = report._get_evidence(self.invoice)["entries"]
        self.assertIn(
            ("Printed on the PDF", "Viewed"),
            {(fact["who"], fact["what"]) for fact in facts},
        )
        rows = self.env["account.move.portal.report"].search(
            [("move_id", "=", self.invoice.id)]
        )
        self.assertEqual(sum(rows.mapped("sent_count")), 1)
        self.assertEqual(sum(rows.mapped("view_count")), 1)

    def test_b2_expired_link_of_the_pdf_opens_again_when_it_is_sent_again(self):
        self._send_pdf()
        link = self._get_printed()
        link.expires_on = "2020-01-01"
        self.assertEqual(self.url_open(link._get_path()).status_code, 404)
        self._send_pdf()
        self.assertEqual(self._get_printed(), link)
        self.assertEqual(link.state, "live")

    def test_b2_revoked_link_of_the_pdf_stays_closed(self):
        first = self._get_url(self._send_pdf())
        self._get_printed().with_user(self.biller).action_revoke()
        self.assertEqual(self._get_url(self._send_pdf()), first)
        self.assertEqual(self._get_printed().state, "revoked")
        # A file that is made anew has a link that works.
        self.invoice.button_draft()
        self.invoice.action_post()
        self.assertNotEqual(self._get_url(self._send_pdf()), first)
        self.assertEqual(
            sorted(self._get_printed().mapped("state")), ["live", "revoked"]
        )

    def test_b2_file_that_is_made_anew_keeps_its_link(self):
        first = self._get_url(self._send_pdf())
        self.invoice.button_draft()
        self.invoice.invoice_line_ids.price_unit = 80
        self.invoice.action_post()
        self.assertEqual(self._get_url(self._send_pdf()), first)
        self.assertEqual(len(self._get_printed()), 1)

    def test_b2_cancelled_invoice_closes_the_link_of_the_pdf(self):
        self._send_pdf()
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.assertEqual(self._get_printed().revocation_reason, "cancelled")

    # === CORE'S WAYS === #

    def test_core_send_prints_the_box_with_our_report_only(self):
        other = self._create_portal_invoice()
        self._core_send(self.invoice + other)
        for invoice in self.invoice + other:
            [url] = self._get_urls(invoice.invoice_pdf_report_id.raw)
            self.assertEqual(self._get_printed(invoice)._get_url(), url)
            self.assertTrue(self._get_printed(invoice).sent_on)
        third = self._create_portal_invoice()
        self._core_send(third, pdf_report=self.env.ref("account.account_invoices"))
        self.assertTrue(third.invoice_pdf_report_id)
        self.assertFalse(self._get_printed(third))

    def test_printed_on_paper(self):
        url = self._get_url(self._print())
        self.assertEqual(self._get_printed()._get_url(), url)
        self.assertEqual(self._get_url(self._print()), url)
        self.assertEqual(self._get_url(self._send_pdf()), url)

    def test_who_may_only_read_prints_no_new_link(self):
        reader = self.salesperson.copy(
            {
                "login": "portal_reader",
                "group_ids": [
                    Command.set(self.env.ref("account.group_account_readonly").ids)
                ],
            }
        )
        self.assertFalse(self._get_urls(self._print(user=reader)))
        self.assertFalse(self._get_printed())
        url = self._get_url(self._print())
        self.assertEqual(self._get_url(self._print(user=reader)), url)

    def test_report_that_core_takes(self):
        core = self.env.ref("account.account_invoices")
        sender = self.env["account.move.send"].with_user(self.biller)
        invoice = self.invoice.with_user(self.biller)
        window = self._open_window()
        self.assertEqual(sender._get_default_pdf_report_id(invoice), core)
        self.assertEqual(window._get_default_pdf_report_id(invoice), self.report)
        self.company.portal_is_default_report = True
        self.assertEqual(sender._get_default_pdf_report_id(invoice), self.report)
        self.assertEqual(
            invoice.action_print_pdf()["report_name"], self.report.report_name
        )
        self.customer.invoice_template_pdf_report_id = core
        self.assertEqual(sender._get_default_pdf_report_id(invoice), core)
        self.assertEqual(window._get_default_pdf_report_id(invoice), core)

    # === A BAD ONE AMONG OTHERS === #

    @mute_logger(ENGINE_LOGGER)
    def test_bad_invoice_of_a_batch_fails_alone_and_by_name(self):
        bad = self._create_portal_invoice()
        last = self._create_portal_invoice()
        invoices = self.invoice + bad + last
        with self._broken_layout(bad):
            self._core_send(invoices, allow_raising=False)
        self.assertFalse(bad.invoice_pdf_report_id)
        self.assertFalse(self._get_printed(bad))
        self.assertIn(bad.name, bad.message_ids[0].body)
        self.assertIn("no lines today", bad.message_ids[0].body)
        for invoice in self.invoice + last:
            [url] = self._get_urls(invoice.invoice_pdf_report_id.raw)
            self.assertEqual(self._get_printed(invoice)._get_url(), url)
