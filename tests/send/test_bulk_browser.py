from ..browser_common import DESKTOP, PortalBrowserCase
from ..development import expect
from ..send_common import PortalSendCommon


class TestPortalBulkBrowser(PortalSendCommon, PortalBrowserCase):
    """Many invoices in Chromium, as a biller sends them."""

    bundles = ("web.assets_web", "web.assets_web_print")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        customers = cls.env["res.partner"].create(
            [
                {"name": f"Customer {number}", "email": f"c{number}@customer.example"}
                for number in range(2)
            ]
            + [{"name": "Without an address"}]
        )
        cls.invoices = cls.env["account.move"].concat(
            *(cls._create_portal_invoice(partner_id=each.id) for each in customers)
        )

    def test_b6_from_the_list_to_the_results(self):
        self.invoice.is_move_sent = True  # Of all in the list, it needs no email.
        with self.mailbox() as mailbox, self.page(DESKTOP) as page:
            self.log_in(page, self.biller)
            self.visit(page, "/odoo/action-account.action_move_out_invoice", "load")
            rows = page.locator(".o_data_row")
            expect(rows).to_have_count(4)
            page.locator("thead .o_list_record_selector input").check()
            page.locator(".o_cp_action_menus .dropdown-toggle").filter(
                has_text="Actions"
            ).click()
            page.get_by_role("menuitem", name="Email Portal Links", exact=True).click()

            # What will happen is said first, and why the rest does not.
            window = page.get_by_role("dialog")
            expect(window).to_contain_text("2 emails")
            reasons = window.locator("[name=left_out]")
            for reason in ("no email address", "already sent"):
                expect(reasons).to_contain_text(reason)
            # Each of the emails can be looked at.
            mail = window.frame_locator("iframe[title='The email']")
            position = window.locator(".o_portal_preview_position")
            numbers = set()
            for text in ("1 of 2", "2 of 2", "1 of 2"):
                expect(position).to_have_text(text)
                number = window.locator(".o_portal_preview_invoice").inner_text()
                expect(mail.locator("body")).to_contain_text(number)
                numbers.add(number)
                window.get_by_role("button", name="Next invoice").click()
            expect(position).to_have_text("2 of 2")
            self.assertEqual(numbers, set(self.invoices[:2].mapped("name")))
            expect(page.get_by_role("dialog")).to_have_count(1)

            window.get_by_role("button", name="Send Now").click()
            bar = page.locator(".o_form_view .progress")
            expect(bar).to_have_attribute("aria-valuenow", "0")
            expect(page.locator(".o_form_view")).to_contain_text("0 sent · 2 waiting")
            page.reload()  # Nothing is committed here: the bus has nothing to tell.
            expect(page.locator(".o_portal_batches .badge")).to_have_text("2")
            self.wait_for_answers(page)
            self._send_due()
            self.env.flush_all()

            page.reload()
            expect(bar).to_have_attribute("aria-valuenow", "100")
            expect(page.locator(".o_form_view")).to_contain_text("2 sent · 0 waiting")
            expect(page.locator(".o_portal_batches")).to_have_count(0)
            self.visit(page, "/odoo/portal-sendings", "load")
            result = page.locator(".o_data_row")
            expect(result).to_have_count(1)
            expect(result.locator("td[name=state]")).to_have_text("Done")
            expect(result.locator("td[name=skipped_count]")).to_have_text("2")
            self.wait_for_answers(page)
        self.assertEqual(
            sorted(mail.envelope_to[0] for mail in mailbox.messages),
            ["c0@customer.example", "c1@customer.example"],
        )
