from odoo.tests import HttpCase

from .payment_common import PortalPaymentCommon


class TestPaymentMismatch(PortalPaymentCommon, HttpCase):
    """Stripe takes another amount than was asked for."""

    def _pay(self, **changed):
        tx = self._create_attempt()
        self._get_stripe().payment_intents.update(tx.provider_reference, changed)
        self._confirm(tx)
        for event in self._get_events():
            self._deliver(event)
        self._catch_up()  # It is heard of more than once.
        return tx

    def test_s22_other_amount_is_told_as_it_is(self):
        tx = self._pay(amount=7000)
        self.assertEqual(tx._get_portal_answer(), "held")
        self.assertFalse(tx.payment_id)
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("Please do not pay again", page)
        self.assertNotIn("Nothing was charged", page)
        self.assertFalse(self.invoice._is_payable_on_portal())
        [activity] = self.invoice.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertIn("70.0 USD", activity.summary)

    def test_s22_other_amount_is_booked_by_staff(self):
        tx = self._pay(amount=7000)
        tx.with_user(self.biller).sudo(False).action_book_portal_mismatch()
        self.assertEqual((tx.state, tx.payment_id.amount), ("done", 70.0))
        self.assertEqual(self.invoice.amount_residual, 30.0)
        self.assertTrue(self.invoice._is_payable_on_portal())

    def test_s22_other_amount_that_is_given_back_opens_the_invoice(self):
        tx = self._pay(amount=15000)
        self._get_stripe().refunds.create({"payment_intent": tx.provider_reference})
        self._catch_up()
        self.assertEqual(tx._get_portal_answer(), "cancelled")
        self.assertTrue(self.invoice._is_payable_on_portal())
        self._catch_up()
        self.assertEqual(tx.state, "cancel")

    def test_s22_other_currency_waits_for_staff(self):
        tx = self._pay(currency="eur")
        self.assertEqual(tx._get_portal_answer(), "held")
        self.assertFalse(tx.portal_mismatched_amount)
        self.assertIn("EUR", self.invoice.activity_ids.summary)
