from ..browser_common import DESKTOP, PortalBrowserCase
from ..development import expect
from ..send_common import PortalSendCommon


class TestPortalBulkBrowser(PortalSendCommon, PortalBrowserCase):
    """Many invoices in Chromium, from the list to the results."""

    bundles = ("web.assets_web", "web.assets_web_print")

    def test_b6_from_the_list_to_the_results(self):
        nobody = self.env["res.partner"].create({"name": "Nobody"})
        second = self._create_portal_invoice(price=250.0)
        self._create_portal_invoice(partner_id=nobody.id)
        with self.mailbox() as mailbox, self.page(DESKTOP) as page:
            self.log_in(page, self.biller)
            self.env.flush_all()  # For the server, which has its own cache.
            page.goto(self.base_url() + "/odoo/customer-invoices?debug=0")
            page.locator(".o_list_view thead .o_list_record_selector input").click()
            page.locator(".o_cp_action_menus button", has_text="Actions").click()
            page.get_by_role("menuitem", name="Email Portal Links").click()
            window = page.get_by_role("dialog")
            expect(window).to_contain_text("What will be sent")
            expect(window).to_contain_text("The customer has no email address.")
            expect(window).to_contain_text("no known limit")
            mail = window.frame_locator("iframe[title='The email']")
            expect(mail.get_by_role("link", name="View & Pay Invoice")).to_be_visible()
            window.locator("button[name='action_next']").click()
            expect(window).to_contain_text("2 of 2")
            window.get_by_role("button", name="Send Now").click()
            bar = page.locator(".o_form_view").get_by_role("progressbar")
            expect(bar).to_have_attribute("aria-valuenow", "0")
            # In tests nothing comes over Odoo's bus: it is told on loading.
            page.reload()
            expect(page.locator(".o_portal_batches")).to_contain_text("2")
            self._send_due()
            page.reload()
            expect(bar).to_have_attribute("aria-valuenow", "100")
            expect(page.locator(".o_form_view")).to_contain_text("2 sent")
            expect(page.locator(".o_portal_batches")).to_have_count(0)
        self.assertEqual(len(mailbox.messages), 2)
        self.assertTrue(second.is_move_sent)
