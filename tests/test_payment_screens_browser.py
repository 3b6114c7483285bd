from playwright.sync_api import expect

from .browser_common import PHONE, PortalBrowserCase
from .payment_common import SCREEN_BUNDLES, PortalPaymentCommon


class TestPaymentScreensBrowser(PortalPaymentCommon, PortalBrowserCase):
    """The payment screen and each answer, for everybody to use."""

    bundles = SCREEN_BUNDLES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._enable_echeck()
        cls.company.portal_allow_part_payment = True

    # === A payment for each answer === #

    def _start(self, **values):
        link = self._create_link(self._create_portal_invoice())
        return self._create_attempt(link=link, **values)

    def _pay(self, **values):
        tx = self._start(**values)
        self._confirm(tx)
        return tx

    def _start_bank(self):
        tx = self._start(method=self.echeck)
        self._confirm_bank(tx)
        return tx

    def _process_bank(self):
        tx = self._start_bank()
        self._get_stripe().payment_intents.verify_microdeposits(
            tx.provider_reference, {"descriptor_code": "SM11AA"}
        )
        return tx

    def _decline(self):
        tx = self._start()
        with self.assertRaisesRegex(Exception, "declined"):
            self._confirm(tx, payment_method="pm_card_chargeDeclined")
        return tx

    def _pay_other_amount(self):
        tx = self._start()
        self._get_stripe().payment_intents.update(
            tx.provider_reference, {"amount": 7000}
        )
        self._confirm(tx)
        return tx

    def _promise(self):
        """Choose a transfer, which the customer makes without the provider's help."""
        provider = self.provider.copy(
            {"code": "none", "pending_msg": "<p>Please use account 12-34.</p>"}
        )
        tx = self._start(provider_id=provider.id)
        tx._set_pending()
        return tx

    def _take_back(self):
        tx = self._pay()
        tx._stripe_refresh()
        self.sandbox.control.dispute(tx.provider_reference)
        return tx

    def _get_payments(self):
        """Return a payment for each answer that there is."""
        txs = {
            "verify": self._start_bank(),
            "processing": self._process_bank(),
            "paid": self._pay(amount=40.0),
            "failed": self._decline(),
            "held": self._pay_other_amount(),
            "promised": self._promise(),
            "taken_back": self._take_back(),
            "waiting": self._start(),
            "cancelled": self._start(),
        }
        self._catch_up()
        txs["cancelled"]._portal_release()
        for answer, tx in txs.items():
            self.assertEqual(tx._get_portal_answer(), answer)
        return txs

    # === Tests === #

    def test_b8_axe_finds_nothing_in_any_answer(self):
        # Before the browser starts: its pages ask the server while we look at them,
        # and the server works with this test's cursor.
        paths = {
            answer: tx.portal_link_id._get_path("result")
            for answer, tx in self._get_payments().items()
        }
        self.env.flush_all()
        with self.page() as page:
            for answer, path in paths.items():
                page.goto(self.base_url() + path)
                result = page.get_by_role("status")
                expect(result).to_have_attribute("data-answer", answer)
                self.assert_accessible(page)

    def test_b8_axe_finds_nothing_on_the_payment_screen(self):
        with self.page() as page:
            self.visit(page, self.link._get_path("pay"))
            page.get_by_text("Credit Card", exact=True).click()
            card = page.frame_locator("[name='o_stripe_element_container'] iframe")
            expect(card.first.locator("[name='number']")).to_be_visible()
            self.assert_accessible(page)
            # With an error beside each field.
            page.get_by_text("eCheck / Bank", exact=True).click()
            page.locator("#billing_name").fill("")
            page.get_by_role("button", name="Pay").click()
            expect(page.get_by_text("not a routing number")).to_be_visible()
            expect(page.locator("#billing_name")).to_be_focused()
            self.assert_accessible(page)
            page.set_viewport_size({**PHONE, "width": 320})
            overflow = page.evaluate(
                "document.documentElement.scrollWidth"
                " - document.documentElement.clientWidth"
            )
            self.assertLessEqual(overflow, 0)
