import base64
import io
from urllib.parse import unquote

from lxml import html
from PIL import Image

from odoo.fields import Command
from odoo.tests import HttpCase

from ..common import BROWSER_HEADERS, PortalCommon


class TestPortalPage(PortalCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.link = cls._create_link()

    def setUp(self):
        super().setUp()
        self.opener.headers.update(BROWSER_HEADERS)

    def _open(self, screen="", link=None, **kwargs):
        return self.url_open((link or self.link)._get_path(screen), **kwargs)

    def _read(self, response):
        return html.fromstring(response.content)

    def _report_view(self, page):
        [frame] = page.xpath("//*[@data-seen-url]")
        self._pass_time(5)
        return self.make_jsonrpc_request(
            frame.get("data-seen-url"),
            {
                "visit_id": int(frame.get("data-visit-id")),
                "proof": frame.get("data-visit-proof"),
                "how": "interaction",
            },
        )

    def _get_events(self):
        return self.env["account.move.portal.event"].search(
            [("move_id", "=", self.invoice.id)], order="id"
        )

    def test_s15_page_shows_logo_number_due_date_total_and_balance(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({"amount": 40.0})._create_payments()
        response = self._open()
        self.assertEqual(response.status_code, 200)
        page = self._read(response)
        self.assertIn(self.invoice.name, page.xpath("string(//h1)"))
        self.assertIn("03/31/2099", page.xpath("string(//dd[@id='due_date'])"))
        self.assertIn("100.00", page.xpath("string(//dd[@id='invoice_total'])"))
        self.assertIn("60.00", page.xpath("string(//dd[@id='balance_due'])"))
        self.assertIn(self.company.name, page.xpath("string(//header)"))
        self.assertTrue(page.xpath("//iframe[@id='invoice_document']"))

    def test_s15_payment_that_is_not_booked_yet_is_known(self):
        """Where Odoo's accounting application leaves it to the bank statement."""
        journal = self._get_journal_without_entries()
        for amount, state, balance in (
            (40, "partly_paid", "60.00"),
            (60, "paid", "0.00"),
        ):
            payment = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=self.invoice.ids)
                .create({"amount": amount, "journal_id": journal.id})
                ._create_payments()
            )
            self.assertFalse(payment.move_id)
            self.assertEqual(self.invoice._get_portal_invoice_status(), state)
            page = self._read(self._open())
            self.assertIn(balance, page.xpath("string(//dd[@id='balance_due'])"))
            self.assertIn(
                f"{amount}.00",
                page.xpath("string(//section[@class='o_portal_payments']//li[last()])"),
            )
        self.assertFalse(page.xpath("//a[@id='pay_now']"))
        self.assertEqual(self.invoice.amount_residual, 100.0)

    def test_s15_payment_of_several_invoices_pays_the_first_ones(self):
        journal = self._get_journal_without_entries()
        later = self._create_portal_invoice(invoice_date_due="2099-04-30")
        invoices = self.invoice | later
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoices.ids
        ).create(
            {"amount": 150.0, "group_payment": True, "journal_id": journal.id}
        )._create_payments()
        self.assertEqual(invoices.mapped("portal_balance_due"), [0.0, 50.0])
        self.assertEqual(later._get_portal_invoice_status(), "partly_paid")

    def test_s15_payment_in_another_currency_is_known(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "name": "2020-01-01",
                "rate": 0.5,
                "currency_id": euro.id,
                "company_id": self.company.id,
            }
        )
        journal = self._get_journal_without_entries()
        register = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        )
        register.create(
            {"amount": 20.0, "currency_id": euro.id, "journal_id": journal.id}
        )._create_payments()
        self.assertEqual(self.invoice.portal_balance_due, 60.0)
        self.assertEqual(self.invoice._get_portal_payments()[0]["amount"], 40.0)

    def _get_journal_without_entries(self):
        """Have payments wait for the bank statement, as with the accounting app."""
        self.patch(
            self.env.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda _self: "in_payment",
        )
        journal = self.company_data["default_journal_bank"]
        journal.inbound_payment_method_line_ids.payment_account_id = False
        return journal

    def test_s15_company_logo_is_shown_and_sharp(self):
        picture = io.BytesIO()
        Image.new("RGB", (900, 240)).save(picture, "PNG")
        self.company.logo = base64.b64encode(picture.getvalue())
        [logo] = self._read(self._open()).xpath("//header//img")
        self.assertEqual(logo.get("alt"), self.company.name)
        response = self.url_open(logo.get("src"))
        self.assertEqual(Image.open(io.BytesIO(response.content)).width, 576)
        self.assertIn("immutable", response.headers["Cache-Control"])
        self.assertNotIn("Set-Cookie", response.headers)

    def test_s15_logo_is_the_companys_and_nothing_else(self):
        company = self.env["res.company"].create({"name": "Without"})
        company.logo = False
        self.env.flush_all()
        for address in (company.id, 10**6):
            response = self.url_open(f"/portal/logo/{address}")
            self.assertEqual(response.status_code, 404)

    def test_s15_document_is_the_invoice_at_full_size(self):
        response = self._open("document")
        self.assertEqual(response.status_code, 200)
        text = self._read(response).text_content()
        self.assertIn(self.invoice.name, text)
        self.assertIn("Consulting", text)

    def test_s16_s17_s18_actions_are_offered(self):
        page = self._read(self._open())
        for action in ["pay_now", "print_invoice", "download_invoice"]:
            self.assertTrue(page.xpath(f"//a[@id='{action}']"), action)

    def test_s17_download_saves_the_pdf_under_a_sensible_name(self):
        response = self._open("pdf")
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertTrue(response.content.startswith(b"%PDF-"))
        self.invoice.name = "INV/2020/00007"
        self.assertIn(
            f"{self.company.name} - Invoice INV_2020_00007.pdf",
            unquote(self._open("pdf").headers["Content-Disposition"]),
        )

    def test_s17_download_is_the_very_file_that_was_sent(self):
        self.env["account.move.send"]._generate_and_send_invoices(
            self.invoice, sending_methods=[]
        )
        self.assertEqual(
            self._open("pdf").content, self.invoice.invoice_pdf_report_id.raw
        )

    def test_s18_paid_invoice_offers_no_payment(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        self.assertFalse(self._read(self._open()).xpath("//a[@id='pay_now']"))
        response = self._open("pay", allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self.assertTrue(response.headers["Location"].endswith(self.link._get_path()))

    def test_s18_without_a_way_to_pay_nothing_is_offered(self):
        self.assertTrue(self._read(self._open()).xpath("//a[@id='pay_now']"))
        providers = self.env["payment.provider"].sudo().search([])
        providers.write({"state": "disabled", "is_published": False})
        self.assertFalse(self._read(self._open()).xpath("//a[@id='pay_now']"))
        self.assertFalse(self.invoice._is_payable_on_portal())

    def test_b2_unknown_link_names_nobody(self):
        pages = set()
        for screen in ["", "/pdf", "/document", "/pay", "/result"]:
            response = self.url_open(f"/portal/invoice/unknown{screen}")
            self.assertEqual(response.status_code, 404, screen)
            self.assertIn("This link is not available", response.text)
            self.assertNotIn(self.company.name, response.text)
            pages.add(response.text)
        self.assertEqual(len(pages), 1)

    def test_b2_expired_or_revoked_link_names_the_seller_and_nothing_of_the_invoice(
        self,
    ):
        revoked = self._create_link()
        revoked.action_revoke()
        expired = self._create_link(expires_on="2020-01-01 00:00:00")
        for link, words in [(revoked, "no longer works"), (expired, "has expired")]:
            for screen in ["", "pdf", "document", "pay", "result"]:
                response = self.url_open(link._get_path(screen))
                text = " ".join(self._read(response).text_content().split())
                with self.subTest(words=words, screen=screen):
                    self.assertEqual(response.status_code, 404)
                    self.assertIn(words, text)
                    self.assertIn(self.company.name, text)
                    self.assertIn("sally@company.example", text)
                    self.assertIn("Ask for a new link", text)
                    for secret in (self.invoice.name, "Carla", "100.00"):
                        self.assertNotIn(secret, text)

    def test_b2_cancelled_invoice_is_told_to_who_has_the_right_link(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        text = " ".join(self._read(self._open()).text_content().split())
        self.assertIn("There is nothing to pay", text)
        self.assertIn(self.company.name, text)
        self.assertNotIn("Ask for a new link", text)
        self.invoice.button_draft()
        self.invoice.action_post()
        self.assertIn("Ask for a new link", self._open().text, "it is open again")

    def test_s15_credited_is_not_called_paid(self):
        for amount, credited, paid in [
            (100.0, "100.00", False),
            (30.0, "30.00", "20.00"),
        ]:
            invoice = self._create_portal_invoice()
            refund = invoice._reverse_moves([{"invoice_date": "2020-04-01"}])
            refund.invoice_line_ids.price_unit = amount
            refund.action_post()
            lines = (refund + invoice).line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            )
            if not any(lines.mapped("reconciled")):
                lines.reconcile()
            if paid:
                self.env["account.payment.register"].with_context(
                    active_model="account.move", active_ids=invoice.ids
                ).create({"amount": float(paid)})._create_payments()
            page = self._read(self.url_open(self._create_link(invoice)._get_path()))
            with self.subTest(amount=amount):
                facts = page.xpath("string(//dd[@id='amount_credited'])")
                self.assertIn(credited, facts)
                shown = page.xpath("string(//dd[@id='amount_paid'])")
                self.assertIn(paid, shown) if paid else self.assertFalse(shown)

    def test_s15_installments_are_told_with_the_one_that_is_overdue(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 30, "nb_days": 1}
                    ),
                    Command.create(
                        {"value": "percent", "value_amount": 70, "nb_days": 36500}
                    ),
                ],
            }
        )
        invoice = self._create_portal_invoice(
            invoice_payment_term_id=term.id, invoice_date_due=False
        )
        page = self._read(self.url_open(self._create_link(invoice)._get_path()))
        text = " ".join(page.text_content().split())
        self.assertIn("Overdue by", text)
        self.assertIn("03/02/2020", page.xpath("string(//dd[@id='due_date'])"))
        rows = [
            " ".join(row.text_content().split())
            for row in page.xpath("//section[contains(@class, 'installments')]//li")
        ]
        self.assertEqual(len(rows), 2)
        self.assertIn("03/02/2020 (overdue)", rows[0])
        self.assertIn("30.00", rows[0])
        self.assertIn("70.00", rows[1])

    def test_b1_opening_the_page_changes_no_business_state(self):
        self.env.flush_all()
        before = self.invoice.read()[0]
        self._open()
        self.invoice.invalidate_recordset()
        after = self.invoice.read()[0]
        self.assertEqual(after, before)
        self.assertEqual(self._get_events().mapped("kind"), ["opened"])

    def test_b1_head_request_leaves_no_event(self):
        response = self.url_open(self.link._get_path(), method="HEAD")
        self.assertEqual(response.status_code, 200)
        self.assertFalse(self._get_events())

    def test_b1_person_on_the_page_is_a_view_and_tells_the_salesperson(self):
        page = self._read(self._open())
        self._report_view(page)
        self._report_view(page)
        self.assertEqual(self._get_events().mapped("kind"), ["opened", "viewed"])
        self._report_view(self._read(self._open()))
        self._run_notifications()
        self.assertEqual(
            len(self._get_staff_messages(self.invoice, self.salesperson)), 1
        )

    def test_s9_staff_who_look_are_not_counted(self):
        self.authenticate(self.biller.login, self.biller.login)
        self.assertFalse(self._read(self._open()).xpath("//*[@data-seen-url]"))
        self.assertEqual(self._get_events().visitor, "staff")

    def test_b2_page_is_not_cached_indexed_or_referred_from(self):
        for screen in ["", "pdf", "document", "pay"]:
            headers = self._open(screen).headers
            self.assertIn("no-store", headers["Cache-Control"], screen)
            self.assertEqual(headers["Referrer-Policy"], "no-referrer", screen)
            self.assertIn("noindex", headers["X-Robots-Tag"], screen)

    def test_b8_page_and_document_let_nothing_else_in(self):
        for screen, has_script in (("", True), ("document", False)):
            response = self._open(screen)
            self.assertFalse(response.cookies, "a visitor needs no session")
            policy = response.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("http", policy)
            self.assertEqual("script-src 'self'" in policy, has_script)
            self.assertEqual("script" in policy, has_script)

    def test_s15_page_speaks_the_recipients_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        page = self._read(self._open())
        self.assertEqual(page.get("lang"), "fr-FR")
        self.assertIn("31/03/2099", page.xpath("string(//dd[@id='due_date'])"))
