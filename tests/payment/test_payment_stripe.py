from unittest.mock import patch

import stripe

from odoo.exceptions import ValidationError
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from odoo.addons.payment.models.payment_provider import (
    PaymentProvider as CorePaymentProvider,
)

from ...models.payment import account_move_portal_attempt
from ...models.payment.payment_provider import (
    EVENT_TYPES,
)
from ..payment_common import VISA, PortalPaymentCommon


class TestPaymentStripe(PortalPaymentCommon, HttpCase):
    """Every state, from anywhere, once."""

    # === Whatever the order === #

    def test_b5_every_order_of_the_events_ends_in_the_same_books(self):
        tx = self._create_attempt()
        with self.assertRaises(stripe.CardError):
            self._confirm(tx, payment_method="pm_card_chargeDeclined")
        self._confirm(tx)
        events = self._get_events()
        self.assertEqual(
            {event["type"] for event in events},
            {"payment_intent.payment_failed", "payment_intent.succeeded"},
        )
        steps = {
            "return": lambda: self._return(tx),
            "catch-up": self._catch_up,
            **{
                event["type"]: lambda event=event: self.assertEqual(
                    self._deliver(event).status_code, 200
                )
                for event in events
            },
        }

        def check():
            self.assertEqual(tx.state, "done")
            self._assert_paid_once()
            notifications = self.env["account.move.portal.notification"].search(
                [("transaction_id", "=", tx.id)]
            )
            self.assertEqual(len(notifications), 1)

        self._in_every_order(steps, check)

    def test_b4_every_order_of_a_disputes_events_ends_in_the_same_books(self):
        tx = self._create_attempt()
        self._confirm(tx)
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self.sandbox.control.close_dispute(dispute, "lost")
        steps = {
            event["id"]: lambda event=event: self._deliver(event)
            for event in self._get_events()
        }
        self.assertEqual(len(steps), 4)

        def check():
            self.env.invalidate_all()
            self.assertTrue(tx.portal_attempt_id.is_reversed)
            self.assertEqual(self.invoice.amount_residual, 100.0)
            self.assertEqual(self.invoice.payment_state, "not_paid")

        self._in_every_order(steps, check)

    def _in_every_order(self, steps, check, done=()):
        """Do some steps in every order, and look at what comes of each.

        What several orders begin with is done once, and undone once.

        :param dict steps: What is to be done, by name.
        :param callable check: Looks at what came of it.
        :param tuple done: The names of what has been done.
        """
        if not steps:
            with self.subTest(order=done):
                check()
        for name, step in steps.items():
            rest = {other: steps[other] for other in steps if other != name}
            with self._undone():
                step()
                self._in_every_order(rest, check, (*done, name))

    def _undone(self):
        """Undo afterwards what is done inside."""
        self.env.flush_all()
        savepoint = self.env.cr.savepoint(flush=False)

        class Undone:
            def __enter__(_self):
                return savepoint.__enter__()

            def __exit__(_self, *_exc_info):
                self.env.cr.flush()
                savepoint.rollback()
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        return Undone()

    def _return(self, tx):
        self.url_open(
            f"/payment/stripe/return?reference={tx.reference}&payment_intent=pi_of_evil",
            allow_redirects=False,
        )

    def _poll(self):
        return self.make_jsonrpc_request(self.link._get_path("status"))

    def test_b5_event_is_acted_upon_once(self):
        tx = self._create_attempt()
        self._confirm(tx)
        [event] = self._get_events()
        for _delivery in range(3):
            self._deliver(event)
        asked = [
            request
            for request in self.sandbox.requests
            if request.method == "GET" and tx.provider_reference in request.path
        ]
        self.assertEqual(len(asked), 1)
        recorded = self.env["payment.provider.event"].search([])
        self.assertEqual(recorded.mapped("event_ref"), [event["id"]])
        self.assertEqual(recorded.transaction_id, tx)

    @mute_logger("odoo.http")
    def test_b5_event_comes_again_when_stripe_could_not_be_asked(self):
        tx = self._create_attempt()
        self._confirm(tx)
        [event] = self._get_events()
        self.sandbox.faults.add("error", status=500, times=0, method="GET")
        self.assertEqual(self._deliver(event).status_code, 503)
        self.sandbox.faults.clear()
        self.assertEqual(self._deliver(event).status_code, 200)
        self._assert_paid_once()

    def test_b5_return_with_somebody_elses_intent_pays_nothing(self):
        tx = self._create_attempt()
        other_invoice = self._create_portal_invoice()
        other = self._create_attempt(link=self._create_link(other_invoice))
        self._confirm(other)
        self.url_open(
            f"/payment/stripe/return?reference={tx.reference}"
            f"&payment_intent={other.provider_reference}",
            allow_redirects=False,
        )
        self.env.invalidate_all()
        self.assertEqual(tx.state, "draft")
        self.assertEqual(self.invoice.amount_residual, 100.0)

    # === Catch-up === #

    def test_b5_catch_up_books_what_nobody_told(self):
        tx = self._create_attempt()
        self._confirm(tx)  # The tab is closed, and no webhook arrives.
        self._catch_up()
        self.assertEqual(tx.state, "done")
        self._assert_paid_once()

    def test_b5_catch_up_reads_all_pages_after_days_of_downtime(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        self.assertTrue(self.provider.stripe_events_seen_on)
        self.sandbox.advance_time(days=5)
        for _intent in range(6):
            self._get_stripe().payment_intents.create(
                {"amount": 100, "currency": "usd", "confirm": True, **VISA},
                {"stripe_version": "2019-05-16"},
            )
        self.sandbox.control.dispute(tx.provider_reference)
        module = "odoo.addons.account_payment_portal.models.payment.payment_provider"
        with patch(f"{module}.PAGE_SIZE", 3):
            self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 100.0)

    def test_b5_charge_whose_answer_was_lost_is_found(self):
        # The server stopped between the charge and the note of it.
        tx = self._create_attempt()
        reference = tx.provider_reference
        tx.provider_reference = False
        self._confirm_lost(reference)
        self._catch_up()
        self.assertEqual(tx.provider_reference, reference)
        self._assert_paid_once()

    def _confirm_lost(self, reference):
        self._get_stripe().payment_intents.confirm(
            reference, {"payment_method": "pm_card_visa"}
        )

    def test_b5_one_failure_keeps_no_other_payment_back(self):
        tx = self._create_attempt()
        other_invoice = self._create_portal_invoice()
        other = self._create_attempt(link=self._create_link(other_invoice))
        self._confirm(tx)
        self._confirm(other)
        broken = tx.provider_reference
        self.sandbox.faults.add("error", status=400, times=0, path=broken)
        logger = account_move_portal_attempt.__name__
        with mute_logger(logger), patch.object(self.env.cr, "rollback", lambda: None):
            self._catch_up()
        self.assertEqual((tx.state, other.state), ("draft", "done"))
        self.assertFalse(self.provider.stripe_events_seen_on, "to be asked for again")
        self.sandbox.faults.clear()
        self._catch_up()
        self.assertEqual(tx.state, "done")

    def test_b5_booking_that_failed_is_tried_again(self):
        tx = self._create_attempt()
        self._confirm(tx)
        journal = self.provider.journal_id
        self.env.cr.execute(
            "UPDATE account_journal SET active = false WHERE id = %s", [journal.id]
        )
        with (
            mute_logger(account_move_portal_attempt.__name__),
            patch.object(
                type(tx), "_create_payment", side_effect=ValueError("no journal")
            ),
        ):
            tx.portal_attempt_id._stripe_refresh()
        self.assertEqual((tx.state, tx.is_post_processed), ("done", False))
        self.assertFalse(self.invoice._is_payable_on_portal())
        self.env.cr.execute(
            "UPDATE account_journal SET active = true WHERE id = %s", [journal.id]
        )
        self.env.invalidate_all()
        self._catch_up()
        self._assert_paid_once()

    def test_s22_booking_needs_no_browser(self):
        tx = self._create_attempt()
        self._confirm(tx)
        [event] = self._get_events()
        self._deliver(event)
        self._assert_paid_once()

    def test_s19_overpaid_by_a_race_with_the_bank_is_the_customers_credit(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        tx.portal_attempt_id._stripe_refresh()
        self.assertTrue(tx.is_post_processed)
        line = tx.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.assertEqual(line.amount_residual, -100.0)
        self.assertEqual(line.partner_id, self.customer)

    # === Capture === #

    def _authorize(self):
        self._capture_manually()
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        self.assertEqual(tx.state, "authorized")
        return tx

    def test_b5_captured_at_stripe_before_is_followed(self):
        tx = self._authorize()
        self._get_stripe().payment_intents.capture(tx.provider_reference)
        tx.action_capture()
        self.assertEqual(tx.state, "done")
        self._assert_paid_once()

    def test_b5_authorization_that_expired_opens_the_invoice(self):
        tx = self._authorize()
        self._get_stripe().payment_intents.cancel(tx.provider_reference)
        tx.action_capture()
        self.assertEqual(tx.state, "cancel")
        self.assertTrue(self.invoice._is_payable_on_portal())

    def test_b5_capture_that_stripe_refuses_leaves_the_authorization(self):
        tx = self._authorize()
        self.sandbox.faults.add("error", status=400, path="capture$")
        with self.assertRaises(ValidationError), self._undone():
            tx.action_capture()
        self.assertEqual(tx.state, "authorized")
        self.assertFalse(tx.child_transaction_ids)
        tx.action_capture()
        self._assert_paid_once()

    # === The SDK === #

    def test_b5_portals_calls_go_through_the_sdk(self):
        with patch.object(
            CorePaymentProvider, "_send_api_request", side_effect=AssertionError
        ):
            tx = self._create_attempt()
        created = [request for request in self.sandbox.requests]
        self.assertEqual(
            [request.path for request in created],
            ["/v1/customers", "/v1/payment_intents"],
        )
        self.assertTrue(all(request.idempotency_key for request in created))
        self.assertEqual({request.version for request in created}, {"2019-05-16"})
        self.assertTrue(tx.provider_reference)

    def test_b5_other_payments_keep_cores_way(self):
        tx = self._create_attempt()
        tx.portal_attempt_id.origin = "elsewhere"
        with patch.object(
            CorePaymentProvider, "_send_api_request", return_value={"id": "cus_1"}
        ) as sent:
            tx._stripe_create_customer()
        sent.assert_called_once()

    def test_b5_request_run_again_after_a_rollback_makes_nothing_twice(self):
        for _try in range(2):
            with self._undone():
                self._create_attempt()
        self.assertEqual(len(self._get_intents()), 1)
        self.assertEqual(len(self.sandbox.objects("customer")), 1)

    def test_b5_broken_connections_are_tried_again_with_the_same_key(self):
        self.sandbox.faults.add("drop", stage="after", path="payment_intents$")
        tx = self._create_attempt()
        self.assertEqual(tx.state, "draft")
        self.assertEqual(len(self._get_intents()), 1)

    def test_b5_log_holds_no_secret(self):
        with self.assertLogs("odoo.addons.account_payment_portal", "DEBUG") as logs:
            tx = self._create_attempt()
            self._confirm(tx)
            tx.portal_attempt_id._stripe_refresh()
            self._poll()
        ours = "\n".join(logs.output)
        self.assertIn("payment_intents", ours)
        for secret in (
            self.sandbox.secret_key,
            self.sandbox.webhook_secret,
            "_secret_",
            "carla@customer.example",
        ):
            self.assertNotIn(secret, ours)

    def test_b4_webhook_made_by_the_button_hears_of_disputes(self):
        self.provider.stripe_webhook_secret = False
        with patch.object(
            type(self.provider),
            "_get_stripe_webhook_url",
            lambda _self: "https://odoo.example/payment/stripe/webhook",
        ):
            self.provider.action_stripe_create_webhook()
        [endpoint] = self.sandbox.objects("webhook_endpoint")
        self.assertLessEqual(set(EVENT_TYPES), set(endpoint["enabled_events"]))
        self.assertTrue(self.provider.stripe_webhook_secret)

    @mute_logger("odoo.http")
    def test_b3_cores_door_waits_for_the_portals(self):
        tx = self._create_attempt()
        answer = self.url_open(
            f"/invoice/transaction/{self.invoice.id}",
            json={
                "params": {
                    "access_token": self.invoice._portal_ensure_token(),
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "token_id": None,
                    "amount": 100.0,
                    "flow": "direct",
                    "tokenization_requested": False,
                    "landing_route": "/my",
                }
            },
        ).json()
        self.assertIn("was started", answer["error"]["data"]["message"])
        self.assertEqual(self._get_transactions(), tx)
