from odoo.tests import HttpCase

from ..payment_common import PortalPaymentCommon


class TestReminderHoldDispute(PortalPaymentCommon, HttpCase):
    """Nobody is reminded of what their bank is still asking about."""

    def _get_codes(self):
        self.env.flush_all()
        self.env.invalidate_all()
        holds = self.env["account.move.portal.hold"].with_user(self.biller)
        reasons = holds._get_reasons(self.invoice.with_user(self.biller))
        return [reason.code for reason in reasons[self.invoice.id]]

    def _pay_by_card(self):
        tx = self._create_attempt()
        self.assertEqual(self._get_codes(), ["on_its_way"])
        self._confirm(tx)
        self._catch_up()
        self.assertIn("paid", self._get_codes())
        return tx

    def test_b11_payment_that_is_on_its_way_until_it_is_called_off(self):
        tx = self._create_attempt()
        self.assertEqual(self._get_codes(), ["on_its_way"])
        tx._set_canceled()
        self.assertEqual(self._get_codes(), [])

    def test_b11_payment_that_is_disputed_until_it_is_lost(self):
        tx = self._pay_by_card()
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.assertEqual(self._get_codes(), ["disputed"])
        self.sandbox.control.close_dispute(dispute, "lost")
        self._catch_up()
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.assertEqual(self._get_codes(), [])

    def test_b11_payment_that_is_disputed_until_it_is_won(self):
        tx = self._pay_by_card()
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self.sandbox.control.close_dispute(dispute, "won")
        self._catch_up()
        self.assertNotIn("disputed", self._get_codes())
        self.assertIn("paid", self._get_codes())

    def test_b11_part_that_is_disputed_holds_the_rest_as_well(self):
        tx = self._create_attempt(amount=60.0)
        self._confirm(tx)
        self._catch_up()
        self.assertEqual(self._get_codes(), [])
        self.sandbox.control.dispute(tx.provider_reference, amount=3000)
        self._catch_up()
        self.assertEqual(self._get_codes(), ["disputed"])
