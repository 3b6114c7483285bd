from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from ...const import CATCH_UP_CRON
from ...models.payment.account_move_portal_attempt import PENDING_PAUSE
from ..payment_common import PortalPaymentCommon


class TestPaymentCatchUp(PortalPaymentCommon):
    """The schedule asks for all, in turn, and no more often than it helps."""

    def _start(self):
        return self._create_attempt(self._create_link(self._create_portal_invoice()))

    def _get_asked(self, since):
        """Return the payments that Stripe was asked for, in order."""
        paths = [request.path for request in self.sandbox.requests[since:]]
        return [
            path.rpartition("/")[2]
            for path in paths
            if path.startswith("/v1/payment_intents/")
        ]

    def test_b5_longest_not_asked_comes_first(self):
        txs = [self._start() for _number in range(3)]
        now = fields.Datetime.now()
        for tx, minutes in zip(txs, (5, 20, 10), strict=True):
            tx.portal_attempt_id.asked_on = now - timedelta(minutes=minutes)
        new = self._start()
        before = len(self.sandbox.requests)
        self._catch_up()
        self.assertEqual(
            self._get_asked(before),
            [tx.provider_reference for tx in (new, txs[1], txs[2], txs[0])],
        )

    def test_b5_debit_under_way_is_asked_for_now_and_then(self):
        self._enable_echeck()
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        self._catch_up()
        self.assertEqual(tx.state, "pending")
        before = len(self.sandbox.requests)
        self._catch_up()
        self.assertFalse(self._get_asked(before))
        tx.portal_attempt_id.asked_on -= PENDING_PAUSE
        self._catch_up()
        self.assertEqual(self._get_asked(before), [tx.provider_reference])
        # What is told of is followed at once.
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self._assert_paid_once()

    def test_b5_release_of_a_debit_does_not_wait(self):
        self._enable_echeck()
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        self._catch_up()
        self.invoice.button_draft()
        self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_open)

    def test_b5_what_does_not_fit_into_a_run_follows_in_the_next(self):
        first, second = self._start(), self._start()
        cron = self.env["ir.cron"]
        left = iter((100.0, 100.0, 1.0))

        def commit_progress(*_args, **_kwargs):
            return next(left)

        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search([("cron_id", "=", self.env.ref(CATCH_UP_CRON).id)])
        since = len(self.sandbox.requests)
        with patch.object(type(cron), "_commit_progress", commit_progress):
            self.env["account.move.portal.attempt"].sudo()._catch_up_open_attempts()
        self.assertEqual(self._get_asked(since), [first.provider_reference])
        after = triggers.search([("cron_id", "=", self.env.ref(CATCH_UP_CRON).id)])
        self.assertTrue(after - before)
        self._catch_up()
        self.assertIn(second.provider_reference, self._get_asked(since))
