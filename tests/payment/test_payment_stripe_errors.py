from contextlib import ExitStack
from unittest.mock import patch

import stripe

from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ...models.payment import account_move_portal_attempt, stripe_errors
from ..payment_common import PortalPaymentCommon


@tagged("post_install", "-at_install")
class TestStripeErrorClasses(BaseCase):
    """Each error of Stripe belongs to one class."""

    def test_b5_every_error_has_its_class(self):
        errors = stripe_errors
        for error, kind in [
            (stripe.APIConnectionError("x"), errors.UNREACHABLE),
            (stripe.APIError("x", http_status=409), errors.UNREACHABLE),
            (stripe.APIError("x", http_status=424), errors.UNREACHABLE),
            (stripe.APIError("x", http_status=503), errors.UNREACHABLE),
            (stripe.RateLimitError("x", http_status=429), errors.UNREACHABLE),
            (stripe.AuthenticationError("x", http_status=401), errors.KEYS),
            (stripe.PermissionError("x", http_status=403), errors.KEYS),
            (self._invalid("resource_missing", 404), errors.GONE),
            (self._invalid("livemode_mismatch", 400), errors.KEYS),
            (self._invalid("account_invalid", 400), errors.KEYS),
            (self._invalid("amount_too_small", 400), errors.REFUSED),
            (self._invalid("payment_intent_unexpected_state", 400), errors.REFUSED),
            (stripe.CardError("x", None, "card_declined"), errors.REFUSED),
        ]:
            with self.subTest(error=repr(error), code=error.code):
                self.assertEqual(errors.classify(error), kind)

    def test_b5_code_is_read_where_the_sdk_keeps_it(self):
        body = {"error": {"code": "api_key_expired", "message": "x"}}
        error = stripe.AuthenticationError("x", json_body=body, http_status=401)
        self.assertEqual(stripe_errors.get_code(error), "api_key_expired")

    def _invalid(self, code, status):
        return stripe.InvalidRequestError("x", None, code=code, http_status=status)


class TestPaymentStripeErrors(PortalPaymentCommon, HttpCase):
    """Unreachable, gone, and wrong keys are three things."""

    def _start(self, client_key):
        return self.url_open(
            self.link._get_path("transaction"),
            json={
                "params": {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "flow": "direct",
                    "client_key": client_key,
                }
            },
        ).json()

    def _lose_intent(self):
        """Start a payment that the keys do not see any more."""
        tx = self._create_attempt()
        tx.provider_reference = "pi_of_another_account"
        return tx

    def _get_todos(self):
        return self.env["account.move.portal.todo"].search([("state", "=", "open")])

    def test_b5_intent_that_is_gone_is_given_up_with_one_to_do(self):
        tx = self._lose_intent()
        logger = account_move_portal_attempt.__name__
        with self.assertNoLogs(logger, "WARNING"):
            for _run in range(3):
                self._catch_up()
        self.assertEqual((tx.state, tx.portal_attempt_id.is_open), ("cancel", False))
        todo = self._get_todos()
        self.assertEqual((todo.kind, todo.attempt_id), ("gone", tx.portal_attempt_id))
        self.assertIn("pi_of_another_account", todo.note)
        self.assertEqual(len(self.invoice.activity_ids), 1)
        self.assertTrue(self.invoice._is_payable_on_portal())

    def test_b5_intent_that_is_gone_lets_the_customer_pay(self):
        tx = self._lose_intent()
        self.assertIn("result", self._start("another tab"))
        self.env.invalidate_all()
        self.assertEqual(tx.state, "cancel")
        self.assertEqual(self._get_todos().kind, "gone")

    @mute_logger(
        "odoo.addons.account_payment_portal.models.payment.account_move_portal_attempt",
    )
    def test_b5_wrong_keys_are_told_once_for_all_payments(self):
        txs = self._create_attempt()
        other = self._create_link(self._create_portal_invoice())
        txs += self._create_attempt(link=other)
        for status in (401, 403):
            self.sandbox.faults.add("error", status=status, times=0)
            for _run in range(2):
                self._catch_up()
            self.sandbox.faults.clear()
        self.assertEqual(self._get_todos().mapped("kind"), ["keys"])
        self.assertEqual(set(txs.mapped("state")), {"draft"}, "they may be paid still")
        self._confirm(txs[0])
        self._catch_up()
        self._assert_paid_once()

    @mute_logger(
        "odoo.addons.account_payment_portal.models.payment.account_move_portal_attempt",
    )
    def test_b5_stripe_that_is_away_is_nobodys_task(self):
        tx = self._create_attempt()
        self.sandbox.faults.add("error", status=503, times=0)
        self._catch_up()
        self.assertFalse(self._get_todos())
        self.assertTrue(tx.portal_attempt_id.is_open)

    # === Released by staff === #

    def _release(self, tx, user=None):
        attempt = tx.portal_attempt_id.with_user(user or self.biller).sudo(False)
        return attempt.action_release()

    def test_b5_staff_release_an_attempt(self):
        tx = self._create_attempt()
        self._release(tx)
        self.assertEqual((tx.state, tx.portal_attempt_id.is_open), ("cancel", False))
        self.assertEqual(self._get_intents()[0]["status"], "canceled")

    def test_b5_staff_release_what_wrong_keys_cannot_ask_for(self):
        tx = self._create_attempt()
        self.sandbox.faults.add("error", status=401, times=0)
        self._release(tx)
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertEqual(self._get_todos().kind, "gone")

    def test_b5_staff_release_nothing_that_may_be_paid(self):
        tx = self._create_attempt()
        self.sandbox.faults.add("drop", times=0)
        with self.assertRaisesRegex(UserError, "cannot be reached right now"):
            self._release(tx)
        self.sandbox.faults.clear()
        self._confirm(tx)
        self._release(tx)  # It is found to be paid.
        self._assert_paid_once()

    def test_b5_release_is_for_accountants(self):
        tx = self._create_attempt()
        for groups in ("base.group_user", "account.group_account_readonly"):
            user = new_test_user(
                self.env,
                f"nobody_{groups}",
                groups=groups,
                company_id=self.company.id,
            )
            with self.subTest(groups), self.assertRaises(AccessError):
                self._release(tx, user)

    # === Once more after booking === #

    def test_b4_dispute_before_the_booking_is_followed_after_it(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self.sandbox.control.dispute(tx.provider_reference)
        with self._unbookable(tx):
            for event in self._get_events():
                self.assertEqual(self._deliver(event).status_code, 200)
        self.assertFalse(tx.portal_attempt_id.dispute_ids)
        tx._post_process()  # By core's schedule.
        self.assertTrue(tx.portal_attempt_id.review_due)
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.assertFalse(tx.portal_attempt_id.review_due)

    def test_b4_refund_before_the_booking_is_followed_after_it(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._get_stripe().refunds.create(
            {"payment_intent": tx.provider_reference, "amount": 3000}
        )
        with self._unbookable(tx):
            for event in self._get_events():
                self._deliver(event)
        self.assertFalse(tx.child_transaction_ids)
        tx._post_process()
        self._catch_up()
        self.assertEqual(tx.child_transaction_ids.mapped("amount"), [-30.0])

    def _unbookable(self, tx):
        """Keep payments from being booked, as a locked period does."""
        stack = ExitStack()
        stack.enter_context(mute_logger(account_move_portal_attempt.__name__))
        stack.enter_context(
            patch.object(type(tx), "_create_payment", side_effect=ValueError("locked"))
        )
        return stack
