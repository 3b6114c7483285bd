from odoo.tests import HttpCase

from ..payment_common import PortalPaymentCommon


class TestPaymentDispute(PortalPaymentCommon, HttpCase):
    """Card payments that the customer's bank takes back, in whole or in part."""

    def _pay_by_card(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        return tx

    def _refresh_in_vain(self, tx):
        """Check that asking again, when nothing has happened, changes nothing."""

        def look():
            self.env.invalidate_all()
            return (
                self.env["account.payment"].search([]),
                self.env["account.move"].search([]),
                self._get_activities(),
                tx.portal_attempt_id.is_reversed,
                self.invoice.amount_residual,
            )

        before = look()
        tx.portal_attempt_id._stripe_refresh()
        tx.portal_attempt_id._stripe_refresh()
        self.assertEqual(look(), before)

    def _get_receivable(self):
        """Return what the customer owes by the books."""
        self.env.invalidate_all()
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return sum(lines.mapped("balance"))

    def test_b4_dispute_of_a_card_is_taken_back_and_given_back_when_won(self):
        tx = self._pay_by_card()
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.sandbox.control.close_dispute(dispute, "won")
        self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertEqual(tx.portal_attempt_id.dispute_ids.status, "won")
        self.assertEqual(len(self._get_activities()), 2)

    def test_b4_dispute_of_a_part_is_left_to_staff(self):
        tx = self._pay_by_card()
        dispute = self.sandbox.control.dispute(tx.provider_reference, amount=3000)
        self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.portal_balance_due, 0.0)
        self.assertFalse(self.invoice._is_payable_on_portal())
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "paid")
        self.assertNotIn(
            "open again", self.url_open(self.link._get_path("result")).text
        )
        [activity] = self._get_activities()
        self.assertIn("reversed: $\N{NO-BREAK SPACE}30.00", activity.summary)
        self.assertIn("Please book", activity.note)
        self._refresh_in_vain(tx)
        self.sandbox.control.close_dispute(dispute, "won")
        self._catch_up()
        self.assertEqual(self.invoice.portal_balance_due, 0.0)
        won = self._get_activities() - activity
        self.assertIn("Dispute won", won.summary)
        self.assertIn("Please book", won.note)

    def test_b4_dispute_of_a_part_that_is_lost_is_not_to_be_booked_twice(self):
        tx = self._pay_by_card()
        dispute = self.sandbox.control.dispute(tx.provider_reference, amount=3000)
        self._catch_up()
        self.sandbox.control.close_dispute(dispute, "lost")
        self._catch_up()
        self.assertEqual(tx.portal_attempt_id.dispute_ids.status, "lost")
        self.assertEqual(len(self._get_activities()), 1)

    def test_b4_disputes_of_parts_are_all_left_to_staff(self):
        tx = self._pay_by_card()
        for amount in (3000, 7000):
            self.sandbox.control.dispute(tx.provider_reference, amount=amount)
            self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_reversed)
        self.assertEqual(len(self._get_activities()), 2)
        self._refresh_in_vain(tx)

    def test_b4_dispute_of_what_a_refund_left_is_left_to_staff(self):
        tx = self._pay_by_card()
        self._get_stripe().refunds.create(
            {"payment_intent": tx.provider_reference, "amount": 3000}
        )
        self._catch_up()
        receivable = self._get_receivable()
        self.sandbox.control.dispute(tx.provider_reference, amount=7000)
        self._catch_up()
        self.assertEqual(self._get_receivable(), receivable)
        [activity] = self._get_activities()
        self.assertIn("Please book", activity.note)
        self._refresh_in_vain(tx)

    def test_b4_dispute_that_is_lost_outweighs_one_that_was_won(self):
        tx = self._pay_by_card()
        first = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self.sandbox.control.close_dispute(first, "won")
        self._catch_up()
        self.assertEqual(self.invoice.amount_residual, 0.0)
        second = self.sandbox.control.dispute(tx.provider_reference)
        self.sandbox.control.close_dispute(second, "lost")
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self._refresh_in_vain(tx)

    def test_b4_disputes_that_are_heard_of_together_are_weighed_together(self):
        tx = self._pay_by_card()
        for status in ("won", "lost"):
            dispute = self.sandbox.control.dispute(tx.provider_reference)
            self.sandbox.control.close_dispute(dispute, status)
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.assertEqual(self._get_receivable(), 100.0)
        self._refresh_in_vain(tx)

    def test_b4_dispute_is_won_at_another_exchange_rate(self):
        tx = self._pay_by_card()
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self.sandbox.control.close_dispute(dispute, "won", reinstated=9900)
        self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_b4_inquiry_moves_no_money(self):
        tx = self._pay_by_card()
        self.sandbox.control.dispute(tx.provider_reference, inquiry=True)
        self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertTrue(self._get_activities())
