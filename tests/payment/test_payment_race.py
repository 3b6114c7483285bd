import json
import time

import requests
import stripe
from stripe import WebhookSignature

from ..process_common import DEADLINE, PortalProcessCase

ATTEMPTS = 20


class TestPaymentRace(PortalProcessCase):
    """Real requests to a real Odoo process, at the same time; and its sudden death."""

    def setUp(self):
        super().setUp()
        self.paths = self._do(self._create_links)

    # === What browsers and Stripe do === #

    def _start(self, path, client_key="tab", session=requests, **params):
        """Press Pay."""
        return self._call(
            f"{path}/transaction",
            session,
            **{
                "provider_id": self.provider_id,
                "payment_method_id": self.card_id,
                "flow": "direct",
                "client_key": client_key,
                **params,
            },
        )

    def _ask(self, path):
        """Do what the page of the answer does."""
        return self._call(f"{path}/status")["result"]

    def _get_stripe(self):
        return stripe.StripeClient(
            self.sandbox.secret_key, base_addresses={"api": self.sandbox.url}
        ).v1

    def _confirm(self, intent_id):
        self._get_stripe().payment_intents.confirm(
            intent_id, {"payment_method": "pm_card_visa"}
        )

    def _get_intents(self, reference):
        """Return the intents of an invoice."""
        return [
            intent
            for intent in self.sandbox.objects("payment_intent")
            if intent["description"].startswith(reference)
        ]

    def _pay(self, path):
        """Start a payment and confirm it at Stripe; return the intent's id."""
        reference = self._start(path)["result"]["reference"]
        [intent] = self._get_intents(reference)
        self._confirm(intent["id"])
        return intent["id"]

    def _deliver(self, event):
        """Post an event to the webhook."""
        payload, now = json.dumps(event), int(time.time())
        signature = WebhookSignature._compute_signature(
            f"{now}.{payload}", self.sandbox.webhook_secret
        )
        response = requests.post(
            f"{self.url}/payment/stripe/webhook",
            data=payload,
            headers={
                "Content-Type": "application/json",
                "Stripe-Signature": f"t={now},v1={signature}",
            },
            timeout=DEADLINE,
        )
        return response.status_code

    def _catch_up(self):
        """Run the catch-up here: a second worker's scheduler."""
        self._do(lambda env: env["payment.provider"]._cron_stripe_catch_up())

    def _find_move(self, env, path):
        link = env["account.move.portal.link"]._find_live(path.rpartition("/")[2])
        return link.move_id

    def _assert_paid_once(self, path):
        with self._look() as env:
            move = self._find_move(env, path)
            txs = move.transaction_ids
            self.assertEqual(txs.mapped("state"), ["done"])
            payments = env["account.payment"].search([("invoice_ids", "in", move.ids)])
            self.assertEqual(payments, txs.payment_id)
            self.assertEqual(len(payments), 1)
            self.assertEqual(move.amount_residual, 0.0)
            self.assertEqual(txs.portal_receipt_state, "waiting", "one receipt")
            notified = env["account.move.portal.notification"].search(
                [("transaction_id", "=", txs.id)]
            )
            self.assertEqual(len(notified.automation_id), len(notified), "told once")
            return txs.reference

    # === The races === #

    def test_b3_of_many_requests_at_once_one_starts_a_payment(self):
        answers = self._at_once(
            *(
                lambda number=number: self._start(self.paths[number % 2], f"{number}")
                for number in range(ATTEMPTS)
            )
        )
        started = [answer["result"] for answer in answers if "result" in answer]
        refused = [answer["error"]["data"] for answer in answers if "error" in answer]
        self.assertEqual((len(started), len(refused)), (1, ATTEMPTS - 1), answers)
        for error in refused:
            self.assertRegex(error["message"], "was started|in progress")
        [intent] = self._get_intents(started[0]["reference"])
        self._confirm(intent["id"])
        # Whichever link it was.
        self._at_once(*(lambda path=path: self._ask(path) for path in self.paths * 5))
        self.assertIn("paid", [self._ask(path) for path in self.paths])
        self._assert_paid_once(self.paths[0])
        self._assert_log_has_no_error()

    def test_b5_booked_once_by_webhook_return_and_catch_up_at_once(self):
        [path, _other] = self.paths
        intent_id = self._pay(path)
        [event] = [
            event
            for event in self.sandbox.objects("event")
            if event["type"] == "payment_intent.succeeded"
            and event["data"]["object"]["id"] == intent_id
        ]
        reference = event["data"]["object"]["description"]

        def come_back():
            return requests.get(
                f"{self.url}/payment/stripe/return?reference={reference}",
                allow_redirects=False,
                timeout=DEADLINE,
            ).status_code

        results = self._at_once(
            *(lambda: self._deliver(event),) * 3,
            *(come_back,) * 3,
            *(lambda: self._ask(path),) * 3,
            self._catch_up,
        )
        self.assertEqual(results, [200] * 3 + [303] * 3 + ["paid"] * 3 + [None])
        self._assert_paid_once(path)
        self._assert_log_has_no_error()

    # === Sudden death === #

    def _save_card(self):
        """Save a card at Stripe and in Odoo, and return its id."""
        client = self._get_stripe()
        customer = client.customers.create({"name": "Race"})
        card = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        values = {
            "provider_id": self.provider_id,
            "payment_method_id": self.card_id,
            "partner_id": self.partner_id,
            "provider_ref": customer.id,
            "stripe_payment_method": card.id,
        }
        return self._do(lambda env: env["payment.token"].create(values).id)

    def test_b5_killed_between_charge_and_booking_is_booked_by_catch_up(self):
        typed, saved = self.paths[0], self._do(self._create_links)[0]
        intent_id = self._pay(typed)
        reference = self._start(
            saved,
            session=self._log_in(),
            flow="token",
            payment_method_id=None,
            token_id=self._save_card(),
        )["result"]["reference"]
        # Stripe does what it is asked to do, and Odoo does not live to hear of it.
        for path in ("payment_intents$", f"payment_intents/{intent_id}"):
            self.sandbox.faults.add("latency", stage="after", seconds=5, path=path)

        def die():
            self._wait_for(
                lambda: (
                    any(
                        request.path.endswith(intent_id) and request.method == "GET"
                        for request in self.sandbox.requests
                    )
                    and self._is_charged(reference)
                )
            )
            self.odoo.process.kill()
            self.odoo.process.wait()

        results = self._at_once(lambda: self._ask(typed), lambda: self._ask(saved), die)
        self.assertIsInstance(results[0], requests.ConnectionError)
        self.assertIsInstance(results[1], requests.ConnectionError)
        with self._look() as env:
            for path in (typed, saved):
                move = self._find_move(env, path)
                self.assertEqual(move.transaction_ids.mapped("state"), ["draft"])
                self.assertEqual(move.amount_residual, 100.0)
        self._catch_up()
        self._assert_paid_once(typed)
        self.assertEqual(self._assert_paid_once(saved), reference)
        self.assertEqual(len(self._get_intents(reference)), 1)

    def _is_charged(self, reference):
        return any(
            intent["status"] == "succeeded" for intent in self._get_intents(reference)
        )
