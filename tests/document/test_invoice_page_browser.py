from odoo.fields import Command

from ..browser_common import PortalBrowserCase
from ..common import PortalCommon


class TestPortalPageBrowser(PortalCommon, PortalBrowserCase):
    """The invoice page as people and their browsers meet it."""

    def _register_payment(self, invoice, **values):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create(values)._create_payments()

    def _create_in_each_state(self):
        """Return an invoice of each face that the page has."""
        invoices = {
            "open": self.invoice,
            "overdue": self._create_portal_invoice(invoice_date_due="2020-03-31"),
            "draft": self._create_portal_invoice(post=False),
        }
        for state in ["partly_paid", "paid", "credited", "cancelled", "processing"]:
            invoices[state] = self._create_portal_invoice()
        self._register_payment(invoices["partly_paid"], amount=40.0)
        self._register_payment(invoices["paid"])
        invoices["credited"]._reverse_moves(
            [{"invoice_date": "2020-04-01"}], cancel=True
        )
        invoices["cancelled"].button_draft()
        invoices["cancelled"].button_cancel()
        self._start_processing(invoices["processing"])
        return invoices

    def _start_processing(self, invoice):
        provider = (
            self.env["payment.provider"]
            .sudo()
            .search([("code", "=", "stripe")], limit=1)
        )
        self.env["payment.transaction"].sudo().create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_card").id,
                "reference": f"{invoice.name}-processing",
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "invoice_ids": [Command.set(invoice.ids)],
                "state": "pending",
            }
        )

    def _get_pages(self):
        """Return the address of each face, and of what a wrong link shows."""
        pages = {
            state: self._create_link(invoice)._get_path()
            for state, invoice in self._create_in_each_state().items()
        }
        return {**pages, "unavailable": "/portal/invoice/none"}

    def test_s15_each_state_has_its_own_face(self):
        for state, invoice in self._create_in_each_state().items():
            self.assertEqual(invoice._get_portal_invoice_status(), state)
            page = self.url_open(self._create_link(invoice)._get_path()).text
            self.assertIn(f"o_portal_state_{state}", page)
            self.assertEqual(
                'id="pay_now"' in page, state in ("open", "overdue", "partly_paid")
            )

    def test_b8_axe_finds_nothing_in_any_state(self):
        with self.page() as page:
            for state, path in self._get_pages().items():
                self.visit(page, path, wait_until="load")
                with self.subTest(state=state):
                    shown = page.locator(".o_portal_page").count()
                    self.assertEqual(shown, state != "unavailable")
                    self.assert_accessible(page)

    def test_b8_no_sideways_scrolling_from_320_pixels_on(self):
        with self.page() as page:
            self.visit(page, self._create_link()._get_path(), wait_until="load")
            for width in (1280, 640, 390, 320):
                page.set_viewport_size({"width": width, "height": 800})
                for frame in page.frames:
                    overflow = frame.evaluate(
                        "document.documentElement.scrollWidth"
                        " - document.documentElement.clientWidth"
                    )
                    self.assertLessEqual(overflow, 0, f"{width}: {frame.url}")

    def test_b8_keyboard_goes_through_the_page_in_its_order(self):
        with self.page() as page:
            self.visit(page, self._create_link()._get_path(), wait_until="load")
            order = []
            for _stop in range(4):
                page.keyboard.press("Tab")
                focus = "document.activeElement"
                order.append(page.evaluate(f"{focus}.id || {focus}.innerText"))
                outline = page.evaluate(f"getComputedStyle({focus}).outlineStyle")
                self.assertEqual(outline, "solid", "one sees where one is")
        self.assertEqual(
            order,
            ["pay_now", "print_invoice", "download_invoice", "sally@company.example"],
        )

    def test_b8_page_works_without_javascript(self):
        with self.page(java_script_enabled=False) as page:
            self.visit(page, self._create_link()._get_path())
            self.assertIn(self.invoice.name, page.inner_text("h1"))
            frame = page.frame_locator("#invoice_document")
            self.assertIn("Consulting", frame.locator("body").inner_text())
            with page.expect_popup() as popup:
                page.click("#print_invoice")
            self.assertIn("Consulting", popup.value.inner_text("body"))
            with page.expect_download() as download:
                page.click("#download_invoice")
            self.assertTrue(download.value.suggested_filename.endswith(".pdf"))

    def test_b8_page_is_light_and_loads_nothing_from_elsewhere(self):
        responses = []
        errors = []
        with self.page() as page:
            page.on("response", lambda response: responses.append(response))
            page.on("console", lambda message: errors.append(message.text))
            self.visit(page, self._create_link()._get_path())
            sizes = {
                response.url: len(response.body())
                for response in responses
                if "logo" not in response.url
            }
        self.assertFalse(errors, "the security policy lets the page's own files in")
        self.assertLessEqual(len(sizes), 8)
        self.assertLessEqual(sum(sizes.values()), 150 * 1024)
        for url in sizes:
            self.assertTrue(url.startswith(self.base_url()), url)

    def test_s16_print_prints_the_invoice_alone(self):
        watch_printing = """() => {
            window.print = () => { window.wrong = true; };
            const frame = document.querySelector("iframe").contentWindow;
            frame.print = () => { window.printed = true; };
        }"""
        with self.page() as page:
            self.visit(page, self._create_link()._get_path())
            page.evaluate(watch_printing)
            self.assertFalse(page.evaluate("window.printed"))
            page.click("#print_invoice")
            self.assertTrue(page.evaluate("window.printed"))
            self.assertFalse(page.evaluate("window.wrong"))

    def test_s17_download_has_the_companys_and_the_invoices_name(self):
        expected = f"{self.company.name} - Invoice {self.invoice.name}.pdf"
        with self.page() as page:
            self.visit(page, self._create_link()._get_path())
            with page.expect_download() as download:
                page.click("#download_invoice")
            filename = download.value.suggested_filename
        self.assertEqual(filename, expected.replace("/", "_"))

    def test_b1_person_in_a_browser_is_a_view(self):
        link = self._create_link()
        with self.page() as page:
            self.visit(page, link._get_path())
            self._pass_time(4)
            with page.expect_response("**/seen"):
                page.mouse.wheel(0, 200)
        link.invalidate_recordset()
        self.assertEqual(link.view_count, 1)
