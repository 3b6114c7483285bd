from odoo.fields import Command

from ..browser_common import PHONE
from ..development import expect
from ..payment_screen_common import PaymentScreenBrowserCase


class TestPaymentProviderBrowser(PaymentScreenBrowserCase):
    """A provider whose form is core's, in a second document of the same look.

    To be run with `payment_demo` installed.
    """

    bundles = (
        "web.assets_frontend",
        "web.assets_frontend_minimal",
        "web.assets_frontend_lazy",
    )

    def setUp(self):
        super().setUp()
        providers = self.env["payment.provider"].sudo()
        if "demo" not in dict(providers._fields["code"].selection):
            self.skipTest("payment_demo is not installed")
        method = self.env.ref("payment_demo.payment_method_demo")
        provider = providers.search([("code", "=", "demo")], limit=1)
        provider = provider.copy({"company_id": self.company.id, "name": "Demo"})
        provider.write(
            {
                "payment_method_ids": [Command.set(method.ids)],
                "state": "test",
                "is_published": True,
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        method.active = True  # Which needs a provider that is enabled.

    def _choose(self, page, amount):
        """Enter an amount, choose the provider, and go on to its document."""
        self._open(page)
        page.locator("#portal_amount").fill(amount)
        page.locator("[data-kind='provider'] label").first.click()
        expect(self._get_button(page)).to_have_text("Continue with Demo")
        self._get_button(page).click()
        expect(page.locator("#provider_amount")).to_contain_text(amount)
        expect(page.locator("#customer_input")).to_be_visible()

    def test_b14_second_document_pays_what_was_entered_in_the_first(self):
        with self.page() as page:
            self._choose(page, "40.00")
            page.locator("#customer_input").fill("4242")
            page.get_by_role("button", name="Pay").click()
            expect(page.get_by_role("status")).to_have_attribute("data-answer", "paid")
            expect(page.locator("main")).to_contain_text("60.00")
            self.wait_for_answers(page)
        self.assertEqual(self.invoice.amount_residual, 60.0)
        self.assertEqual(len(self._get_transactions().payment_id), 1)

    def test_b14_what_core_tells_in_a_dialog_is_readable(self):
        with self.page() as page:
            self._choose(page, "40.00")
            error = {"code": 0, "message": "", "data": {"message": "Just paid."}}
            answer = {"jsonrpc": "2.0", "id": 0, "error": error}
            page.route("**/transaction**", lambda route: route.fulfill(json=answer))
            page.locator("#customer_input").fill("4242")
            page.get_by_role("button", name="Pay").click()
            expect(page.get_by_text("Just paid.")).to_be_visible()
            # Of core's dialog, which has no name for screen readers, the looks.
            self.assert_accessible(page, schemes=("dark",))

    def test_b14_second_document_fits_and_leads_back(self):
        with self.page() as page:
            self._choose(page, "40.00")
            self.assert_accessible(page)
            for width in (1280, 390, 320):
                page.set_viewport_size({**PHONE, "width": width})
                overflow = "document.documentElement.scrollWidth - innerWidth"
                self.assertLessEqual(page.evaluate(overflow), 0, width)
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            hint = """() => [
                ...document.querySelectorAll("main :placeholder-shown")
            ].map(node => getComputedStyle(node, "::placeholder").color)"""
            self.assertEqual(page.evaluate(hint), ["rgb(179, 187, 196)"])
            back = page.get_by_role("link", name="Choose another payment method")
            back.click()
            expect(self._get_button(page)).to_be_visible()
            self.wait_for_answers(page)
        self.assertFalse(self._get_transactions(), "nothing was started")
