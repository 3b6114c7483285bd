from ..browser_common import PortalBrowserCase
from ..development import expect
from ..payment_common import PortalPaymentCommon


class TestPaymentScreensBrowser(PortalPaymentCommon, PortalBrowserCase):
    """Each answer, for everybody to use."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._enable_echeck()
        cls.company.portal_allow_part_payment = True

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
        tx.portal_attempt_id._stripe_refresh()
        self.sandbox.control.dispute(tx.provider_reference)
        return tx

    def _get_payments(self):
        """Return a payment for each answer that there is."""
        txs = {
            "verify": self._start_bank(),
            "processing": self._process_bank(),
            "paid": self._pay(amount=40.0),
            "failed": self._decline(),
            "on_hold": self._pay_other_amount(),
            "awaiting_transfer": self._promise(),
            "reversed": self._take_back(),
            "waiting": self._start(),
            "cancelled": self._start(),
        }
        self._catch_up()
        txs["cancelled"].portal_attempt_id._cancel_attempt()
        for answer, tx in txs.items():
            self.assertEqual(tx.portal_attempt_id._get_payment_status(), answer)
        return txs

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
