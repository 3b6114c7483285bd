from datetime import datetime
from unittest.mock import patch

from lxml.html import fromstring

from odoo.tests import HttpCase

from ..send_common import PortalSendCommon


class TestAccountMoveSendPortalPreview(PortalSendCommon, HttpCase):
    """The three previews: the very things that will be sent, and no trace of them."""

    def _open_preview(self, window, screen=""):
        self.env.flush_all()
        return self.url_open(window._get_preview_link()._get_path(screen))

    def _login(self, user):
        user.password = user.login
        self.authenticate(user.login, user.login)

    # === NO TRACE === #

    def test_s7_s8_s9_previews_leave_no_trace(self):
        window = self._compose()
        self._login(self.biller)
        before = self._count_traces()
        with self.mailbox() as mailbox:
            window.get_email_preview()
            for screen in ("", "document", "pdf", "pdf?show=1", "pay"):
                self.assertEqual(self._open_preview(window, screen).status_code, 200)
        self.env.invalidate_all()
        self.assertEqual(self._count_traces(), before)
        self.assertFalse(mailbox.messages)

    # === PDF === #

    def test_s7_pdf_preview_is_the_very_file(self):
        window = self._compose()
        # Files that are embedded, such as e-invoices, carry the time.
        with patch("odoo.tools.pdf.datetime") as clock:
            clock.now.return_value = datetime(2020, 3, 1, 10, 0)
            preview = window._get_preview_pdf()
        self.assertFalse(self.invoice.invoice_pdf_report_id)
        with self.mailbox() as mailbox:
            window.action_send()
        [(name, _type, content)] = mailbox.messages[0].attachments
        self.assertEqual(content, preview)
        self.assertEqual(name, window._get_own_filenames()[0])

    def test_s7_change_after_the_preview_is_in_the_file(self):
        window = self._compose()
        preview = window._get_preview_pdf()
        self.customer.name = "Renamed Customer"
        with self.mailbox() as mailbox:
            window.action_send()
        [(_name, _type, content)] = mailbox.messages[0].attachments
        self.assertNotEqual(content, preview)

    def test_s7_pdf_preview_opens_in_the_browser(self):
        window = self._compose()
        action = window.action_preview_pdf()
        self.assertEqual(
            (action["type"], action["target"]), ("ir.actions.act_url", "new")
        )
        self._login(self.biller)
        self.env.flush_all()
        response = self.url_open(action["url"])
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertIn("inline", response.headers["Content-Disposition"])
        self.assertTrue(response.content.startswith(b"%PDF-"))

    # === MAIL === #

    def test_s8_mail_preview_is_the_very_mail(self):
        window = self._compose(
            email_to="carla@customer.example, otto@x.example",
            email_cc="cecil@x.example",
            email_bcc="boss@company.example",
            subject="Déjà vu & more",
            body="<p>Some <b>bold</b> text, a <a href='https://x.example'>link</a>.</p>",
        )
        preview = window.get_email_preview()
        preview_url = self._get_button_url(preview["html"])
        with self.mailbox() as mailbox:
            window.action_send()
        for mail in mailbox.messages:
            link = self.invoice.portal_link_ids.filtered(
                lambda link, mail=mail: [link.email] == mail.envelope_to
            )
            self.assertEqual(
                mail.html.replace("\r\n", "\n").strip(),
                preview["html"].replace(preview_url, link._get_url()).strip(),
            )
            self.assertEqual(mail.subject, preview["subject"])
            self.assertEqual(mail.to, preview["to"])
            self.assertEqual(mail.cc, preview["cc"])
            self.assertEqual(
                [each.name for each in mail.attachments], preview["attachments"]
            )
        self.assertEqual(preview["bcc"], ["boss@company.example"])

    def _get_button_url(self, html):
        [url] = {
            part.split('"')[0]
            for part in html.split('href="')[1:]
            if "/portal/invoice/" in part.split('"')[0]
        }
        return url

    def test_s8_button_in_the_preview_leads_to_the_preview_page(self):
        window = self._compose()
        url = self._get_button_url(window.get_email_preview()["html"])
        self.assertIn("/portal/invoice/preview/", url)
        self._login(self.biller)
        self.env.flush_all()
        page = self.url_open(url)
        self.assertIn(self.invoice.name, page.text)

    def test_s8_incomplete_mail_can_be_previewed(self):
        window = self._compose(email_to="nobody-at-all", subject=False, body=False)
        preview = window.get_email_preview()
        self.assertEqual(preview["to"], [])
        self.assertIn(self.invoice.name, preview["html"])

    # === PAGE === #

    def test_s9_page_is_the_customers(self):
        window = self._compose()
        self._login(self.biller)
        preview = self._open_preview(window).text
        path = window._get_preview_link()._get_path()
        self.assertIn("Pay Now", preview)
        self.assertNotIn("data-seen-url", preview)
        link = self._create_link()
        self.authenticate(None, None)
        page = self.url_open(link._get_path()).text

        def facts(html):
            return html[html.index("<dl") : html.index("</dl>")]

        self.assertEqual(facts(preview), facts(page))
        self.assertIn(path.split("preview/")[0], preview)

    def test_s3_s9_page_of_a_draft_says_so_and_offers_no_payment(self):
        window = self._open_window(self._create_portal_invoice(post=False))
        self._login(self.biller)
        page = fromstring(self._open_preview(window).text)
        self.assertIn("Draft", page.xpath("string(//h1)"))
        self.assertNotIn("Pay Now", page.text_content())

    def test_s9_nothing_can_be_paid_in_a_preview(self):
        window = self._compose()
        self._login(self.biller)
        page = self._open_preview(window, "pay").text
        self.assertIn("Payments are off in the preview", page)
        self.assertFalse(self.env["payment.transaction"].search([]))

    def test_s9_preview_opens_for_its_user_only(self):
        window = self._compose()
        self._login(self.salesperson)
        for screen in ("", "document", "pdf", "pay"):
            self.assertEqual(self._open_preview(window, screen).status_code, 404)
        self.authenticate(None, None)
        self.assertIn("/web/login", self._open_preview(window).url)

    def test_s9_preview_address_cannot_be_forged(self):
        window = self._compose()
        self._login(self.biller)
        signed = window._get_preview_link().token.split("/")[1]
        for forged in ("x", "é", signed[:-4] + "AAAA", "B" + signed[1:]):
            url = f"/portal/invoice/preview/{forged}"
            self.assertEqual(self.url_open(url).status_code, 404)

    def test_s9_preview_address_is_no_link(self):
        window = self._compose()
        token = window._get_preview_link().token
        links = self.env["account.move.portal.link"]
        self.assertFalse(links._find_live(token))
        self.assertFalse(links._find_live(token.split("/")[1]))
