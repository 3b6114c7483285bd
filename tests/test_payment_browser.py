from playwright.sync_api import expect

from .browser_common import PortalBrowserCase
from .payment_common import PortalPaymentCommon


class TestPaymentBrowser(PortalPaymentCommon, PortalBrowserCase):
    """A customer who pays, on a phone-sized screen."""

    def _fill_card(self, page, number):
        frame = page.frame_locator("[name='o_stripe_element_container'] iframe").first
        frame.locator("[name='number']").fill(number)
        frame.locator("[name='expiry']").fill("12 / 34")
        frame.locator("[name='cvc']").fill("123")
        if frame.locator("[name='postalCode']").count():
            frame.locator("[name='postalCode']").fill("19901")

    def test_s15_s18_s20_s22_card_is_paid_end_to_end(self):
        requests = []
        with self.page() as page:
            page.on(
                "request",
                lambda request: requests.append((request.url, request.post_data or "")),
            )
            self.visit(page, self.link._get_path())
            page.get_by_role("link", name="Pay Now").click()
            self._fill_card(page, "4242 4242 4242 4242")
            page.get_by_role("button", name="Pay").click()
            heading = page.get_by_role("heading", level=1)
            expect(heading).to_have_text(
                "Thank you, your payment was received", timeout=30000
            )
            page.get_by_role("link", name="Back to the invoice").click()
            expect(page.get_by_role("status")).to_contain_text("Paid")
        self.env.invalidate_all()
        tx = self._get_transactions()
        self.assertEqual(tx.mapped("state"), ["done"])
        self.assertTrue(tx.payment_id)
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertIn(self.invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(self._get_intents()[0]["status"], "succeeded")
        for url, data in requests:
            if url.startswith(self.base_url()):
                self.assertNotIn("4242", url + data, "the card's number is Stripe's")
        self._run_notifications()
        subjects = self._get_staff_messages(self.invoice, self.salesperson).mapped(
            "subject"
        )
        self.assertEqual(len(subjects), 2, subjects)
        self.assertTrue(any("was viewed" in subject for subject in subjects))
        self.assertTrue(any("payment received" in subject for subject in subjects))

    def test_s22_declined_card_says_why_and_can_be_retried(self):
        with self.page() as page:
            self.visit(page, self.link._get_path("pay"))
            self._fill_card(page, "4000 0000 0000 0002")
            page.get_by_role("button", name="Pay").click()
            dialog = page.get_by_role("dialog")
            expect(dialog).to_contain_text("declined", timeout=30000)
            self.env.invalidate_all()
            self.assertEqual(self.invoice.amount_residual, 100.0)
            self.assertFalse(self._get_transactions().payment_id)
            dialog.get_by_role("button", name="Ok").click()
            self._fill_card(page, "4242 4242 4242 4242")
            page.get_by_role("button", name="Pay").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(
                "Thank you, your payment was received", timeout=30000
            )
        self.env.invalidate_all()
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertEqual(len(self._get_transactions().payment_id), 1)
