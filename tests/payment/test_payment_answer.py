import json

from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..payment_common import PortalPaymentCommon

UNAVAILABLE = "not available"


class TestPaymentAnswer(PortalPaymentCommon, HttpCase):
    """The answer stays open to who has paid, and to nobody else."""

    def _pay(self):
        """Pay in this browser."""
        self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "client_key": "tab",
            },
        )
        tx = self._get_transactions()
        self._confirm(tx)
        return tx

    def _look(self):
        """Return what the addresses of the answer give."""
        result = self.url_open(self.link._get_path("result"))
        receipt = self.url_open(self.link._get_path("receipt"))
        return result, receipt

    def _assert_answered(self):
        self.assertEqual(
            self.make_jsonrpc_request(self.link._get_path("status")), "paid"
        )
        result, receipt = self._look()
        self.assertEqual(result.status_code, 200)
        self.assertIn("your payment was received", result.text)
        self.assertEqual(receipt.headers["Content-Type"], "application/pdf")

    def test_s22_answer_outlives_the_link_and_the_invoice(self):
        tx = self._pay()
        changes = {
            "revoked": self.link.action_revoke,
            "cancelled": self.invoice.button_cancel,
        }
        for name, change in changes.items():
            change()
            with self.subTest(name):
                self._assert_answered()
        self.assertEqual(tx.state, "done")

    @mute_logger("odoo.http")
    def test_b2_answer_of_a_closed_link_is_its_payers_alone(self):
        self._pay()
        self._assert_answered()
        self.link.action_revoke()
        self.opener.cookies.clear()
        for response in self._look():
            self.assertEqual(response.status_code, 404)
            self.assertNotIn(self.invoice.name, response.text)
        answer = self.url_open(self.link._get_path("status"), json={"params": {}})
        self.assertIn("error", answer.json())

    def test_b2_answer_of_another_link_is_not_given(self):
        self._pay()
        other = self._create_link(email="other@customer.example")
        other.action_revoke()
        response = self.url_open(other._get_path("result"))
        self.assertEqual(response.status_code, 404)

    def test_b2_closed_link_takes_no_other_payment(self):
        self._pay()
        self._assert_answered()
        self.link.action_revoke()
        self.assertEqual(self.url_open(self.link._get_path("pay")).status_code, 404)
        self.assertEqual(self.url_open(self.link._get_path()).status_code, 404)

    # === Back from the bank === #

    def _come_back(self, tx, secret):
        return self.url_open(
            f"/payment/stripe/return?reference={tx.reference}"
            f"&payment_intent={tx.provider_reference}"
            f"&payment_intent_client_secret={secret}",
            allow_redirects=False,
        )

    def test_s22_payer_comes_back_in_another_browser(self):
        tx = self._create_attempt()
        self._confirm(tx)
        [intent] = self._get_intents()
        response = self._come_back(tx, intent["client_secret"])
        self.assertURLEqual(response.headers["Location"], self.link._get_path("result"))
        self._assert_answered()
        self.link.action_revoke()
        self._assert_answered()

    def test_s22_who_comes_back_without_the_secret_sees_nothing(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self.link.action_revoke()
        for secret in ("", "pi_1_secret_wrong", "é"):
            response = self._come_back(tx, secret)
            self.assertURLEqual(response.headers["Location"], "/payment/status")
            self.assertEqual(self._look()[0].status_code, 404)
        self.env.invalidate_all()
        self.assertEqual(tx.state, "done", "it is followed all the same")

    @mute_logger("odoo.addons.payment_stripe.models.payment_transaction")
    @mute_logger("odoo.http", "odoo.addons.payment.models.payment_transaction")
    def test_b5_unknown_return_is_no_error_of_ours(self):
        for query in ("", "?reference=nobody", "?reference=%00&payment_intent=x"):
            response = self.url_open(f"/payment/stripe/return{query}")
            self.assertLess(response.status_code, 500)

    # === Whose event it is === #

    def _share_account(self, **values):
        """Add a provider of the same account at Stripe, which comes first."""
        other = self.provider.copy({"company_id": self.company.id, "state": "disabled"})
        other.write(
            {
                "stripe_publishable_key": self.provider.stripe_publishable_key,
                "stripe_secret_key": self.provider.stripe_secret_key,
                "state": "test",
                **values,
            }
        )
        self.assertLess(self.provider.id, other.id)
        return other

    def test_b5_event_finds_its_payment_whoever_of_the_account_signed(self):
        self.provider.stripe_webhook_secret = "whsec_of_the_other_endpoint"
        self._share_account(stripe_webhook_secret=self.sandbox.webhook_secret)
        tx = self._create_attempt()
        self._confirm(tx)
        [event] = self._get_events("payment_intent.succeeded")
        self.assertEqual(self._deliver(event).status_code, 200)
        self._assert_paid_once()

    def test_b5_event_of_a_shared_secret_finds_its_payment(self):
        other = self._share_account(stripe_webhook_secret=self.sandbox.webhook_secret)
        # Two providers of one name cannot share a journal.
        other.journal_id = self.provider.journal_id.copy()
        tx = self._create_attempt(provider_id=other.id)
        self._confirm(tx)
        [event] = self._get_events("payment_intent.succeeded")
        self.assertEqual(self._deliver(event).status_code, 200)
        self.env.invalidate_all()
        self.assertEqual(tx.state, "done")

    def test_b5_signed_event_about_another_intent_is_not_believed(self):
        tx = self._create_attempt()
        event = {
            "id": "evt_1",
            "type": "payment_intent.succeeded",
            "data": {
                "object": {
                    "object": "payment_intent",
                    "id": "pi_of_somebody_else",
                    "description": tx.reference,
                    "status": "succeeded",
                    "amount": 10000,
                    "currency": "usd",
                    "payment_method": None,
                }
            },
        }
        self.assertEqual(self._deliver(event).status_code, 200)
        self.env.invalidate_all()
        self.assertEqual(tx.state, "draft")
        self.assertEqual(self.invoice.amount_residual, 100.0)

    @mute_logger("odoo.addons.payment_stripe.models.payment_transaction")
    @mute_logger("odoo.http", "odoo.addons.payment_stripe.controllers.main")
    def test_b5_webhook_answers_whatever_is_sent(self):
        about = {"object": "charge", "id": "ch_1"}
        for payload in (
            "",
            "no JSON",
            "[]",
            "null",
            "7",
            json.dumps({"id": "evt"}),
            json.dumps({"id": "evt", "type": "x", "data": []}),
            json.dumps({"id": 7, "type": {}, "data": {"object": about}}),
            json.dumps({"type": "charge.refunded", "data": {"object": about}}),
            *(
                json.dumps(
                    {
                        "type": "payment_intent.succeeded",
                        "data": {"object": {"id": "pi_1", "description": odd}},
                    }
                )
                for odd in ({"a": 1}, [[]], "\0", 7)
            ),
            json.dumps(
                {
                    "id": "evt",
                    "type": "charge.refunded",
                    "data": {"object": {**about, "payment_intent": {"id": []}}},
                }
            ),
        ):
            for header in (self._sign(payload), "", "t=1,v1=é"):
                with self.subTest(payload=payload, header=header[:3]):
                    response = self.url_open(
                        "/payment/stripe/webhook",
                        data=payload.encode(),
                        headers={
                            "Content-Type": "application/json",
                            "Stripe-Signature": header.encode(),
                        },
                    )
                    self.assertLess(response.status_code, 500)
