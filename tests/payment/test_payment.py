import json
import time
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import HttpCase, JsonRpcException, new_test_user
from odoo.tools import mute_logger

from ...models.payment import account_move_portal_attempt, payment_provider
from ..payment_common import PortalPaymentCommon

HTTP_LOGGER = "odoo.http"
STRIPE_LOGGER = "odoo.addons.payment_stripe.controllers.main"


class TestPayment(PortalPaymentCommon, HttpCase):
    def _start_payment(self, **kwargs):
        return self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "token_id": None,
                "amount": self.invoice.amount_residual,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": "/nowhere",
                "is_validation": False,
                "access_token": "",
                "csrf_token": "",
                **kwargs,
            },
        )

    def test_s18_payment_screen_shows_what_is_to_be_paid(self):
        response = self.url_open(self.link._get_path("pay"))
        self.assertEqual(response.status_code, 200)
        self.assertIn(self.invoice.name, response.text)
        self.assertIn("100.00", response.text)
        self.assertIn(f"{self.sandbox.url}/v3/", response.text)
        self.assertNotIn("js.stripe.com", response.text)
        self.assertNotIn(self.provider.stripe_secret_key, response.text)

    def test_s18_payment_script_is_stripes_own_without_a_sandbox(self):
        self.env["ir.config_parameter"].set_param(
            "account_payment_portal.stripe_sandbox_url", False
        )
        self.assertIn(
            "https://js.stripe.com/v3/", self.url_open(self.link._get_path("pay")).text
        )

    def test_s19_amount_currency_and_route_are_the_servers(self):
        values = self._start_payment(
            currency_id=1, partner_id=1, landing_route="https://evil.example"
        )
        tx = self._get_transactions()
        self.assertEqual(tx.amount, 100.0)
        self.assertEqual(tx.currency_id, self.invoice.currency_id)
        self.assertEqual(tx.partner_id, self.customer)
        self.assertEqual(tx.sudo().landing_route, self.link._get_path("result"))
        self.assertEqual(tx.portal_link_id, self.link)
        [intent] = self._get_intents()
        self.assertEqual(intent["amount"], 10000)
        self.assertEqual(intent["currency"], self.invoice.currency_id.name.lower())
        self.assertEqual(intent["description"], tx.reference)
        self.assertEqual(values["client_secret"], intent["client_secret"])

    def _save_card(self):
        return (
            self.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "payment_details": "7777",
                    "partner_id": self.customer.id,
                    "provider_ref": "cus_1",
                    "stripe_payment_method": "pm_1",
                }
            )
        )

    @mute_logger(HTTP_LOGGER)
    def test_b2_link_does_not_give_the_customers_saved_cards(self):
        self.provider.allow_tokenization = True
        token = self._save_card()
        page = self.url_open(self.link._get_path("pay")).text
        self.assertNotIn("7777", page)
        self.assertNotIn("o_payment_tokenize_checkbox", page)
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self._start_payment(flow="token", token_id=token.id)
        self._start_payment(tokenization_requested=True)
        self.assertFalse(self._get_transactions().tokenize)

    def test_s20_customer_who_is_logged_in_has_saved_cards(self):
        self.provider.allow_tokenization = True
        self._save_card()
        new_test_user(
            self.env,
            login="carla",
            groups="base.group_portal",
            partner_id=self.customer.id,
            email=self.customer.email,
            company_id=self.company.id,
        )
        self.authenticate("carla", "carla")
        self.assertIn("7777", self.url_open(self.link._get_path("pay")).text)

    def test_s19_payment_is_the_customers_whoever_is_logged_in(self):
        new_test_user(self.env, login="stranger", groups="base.group_portal")
        self.authenticate("stranger", "stranger")
        self._start_payment()
        self.assertEqual(self._get_transactions().partner_id, self.customer)

    @mute_logger(HTTP_LOGGER)
    def test_b3_nothing_can_be_started_on_a_paid_invoice(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self._start_payment()
        self.assertFalse(self._get_transactions())

    @mute_logger(HTTP_LOGGER)
    def test_b3_nothing_can_be_started_while_a_payment_is_processed(self):
        self._start_payment()
        self._get_transactions()._set_pending()
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self._start_payment()
        self.assertEqual(len(self._get_transactions()), 1)

    @mute_logger(HTTP_LOGGER)
    def test_b2_revoked_link_starts_no_payment(self):
        self.link.action_revoke()
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self._start_payment()
        self.assertFalse(self._get_transactions())

    @mute_logger(HTTP_LOGGER)
    def test_b14_way_to_pay_that_was_not_offered_is_refused(self):
        unpublished = self.provider.copy()
        for wrong in [
            {"provider_id": unpublished.id},
            {"payment_method_id": self.env.ref("payment.payment_method_sepa").id}
            if self.env.ref("payment.payment_method_sepa", raise_if_not_found=False)
            else {"payment_method_id": 0x7FFFFFFF},
        ]:
            with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
                self._start_payment(**wrong)
        self.assertFalse(self._get_transactions())

    def test_s22_signed_webhook_books_the_payment_once(self):
        self._start_payment()
        tx = self._get_transactions()
        self._confirm(tx)
        [event] = self._get_events("payment_intent.succeeded")
        for _delivery in range(2):
            self.assertEqual(self._deliver(event).status_code, 200)
        for _poll in range(2):
            self.make_jsonrpc_request("/payment/status/poll")
        self.assertEqual(tx.state, "done")
        self.assertFalse(tx.portal_attempt_id.is_open)
        self._assert_paid_once()
        self._run_notifications()
        self._run_notifications()
        [message] = self._get_staff_messages(self.invoice, self.salesperson)
        self.assertIn("Payment received", message.subject)

    @mute_logger(HTTP_LOGGER, STRIPE_LOGGER)
    def test_b5_webhook_that_nobody_signed_is_refused(self):
        self._start_payment()
        tx = self._get_transactions()
        self._confirm(tx)
        [event] = self._get_events("payment_intent.succeeded")
        payload = json.dumps(event)
        for name, header in {
            "wrong secret": self._sign(payload, secret="whsec_of_somebody_else"),
            "stale": self._sign(payload, timestamp=int(time.time()) - 3600),
            "garbled": f"t={int(time.time())},v1={'0' * 64}",
        }.items():
            with self.subTest(name):
                self.assertEqual(self._deliver(event, header).status_code, 403)
        self.provider.stripe_webhook_secret = False
        self.assertEqual(self._deliver(event).status_code, 403, "no secret")
        self.assertEqual(tx.state, "draft")

    @mute_logger("odoo.addons.payment_stripe.models.payment_transaction")
    def test_b5_unknown_objects_are_acknowledged_and_ignored(self):
        events = [
            {"object": "payment_intent", "id": "pi_of_somebody_else"},
            {"object": "charge", "id": "ch_1", "payment_intent": None},
            {"object": "thing_of_the_future", "id": "x_1"},
        ]
        for index, about in enumerate(events):
            event = {
                "id": f"evt_{index}",
                "type": "payment_intent.succeeded",
                "data": {"object": about},
            }
            self.assertEqual(self._deliver(event).status_code, 200)
        self.assertFalse(self.env["payment.provider.event"].search([]))

    @mute_logger(HTTP_LOGGER)
    def test_b2_attempt_of_one_recipient_is_closed_to_the_others(self):
        tx = self._create_attempt(portal_client_key="secret")
        other = self._create_link(email="other@customer.example")
        answer = self.url_open(other._get_path("check"), json={"params": {}})
        self.assertNotIn("secret", answer.text)
        answer = self.url_open(
            other._get_path("transaction"),
            json={
                "params": {
                    "provider_id": self.provider.id,
                    "payment_method_id": tx.payment_method_id.id,
                    "flow": "direct",
                    "client_key": "secret",
                }
            },
        )
        self.assertIn("was started", answer.json()["error"]["data"]["message"])
        self.assertNotIn("client_secret", answer.text)

    def test_b4_refund_whose_answer_was_lost_is_not_made_twice(self):
        tx = self._create_attempt()
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        self.sandbox.faults.add("drop", stage="after", path="refunds$")
        with (
            patch(f"{payment_provider.__name__}.MAX_RETRIES", 0),
            self.assertRaisesRegex(UserError, "not confirmed the refund"),
            self.env.cr.savepoint(),
        ):
            tx._refund(amount_to_refund=30.0)
        tx.invalidate_recordset()
        refund = tx._refund(amount_to_refund=30.0)
        self.assertEqual(refund.state, "done")
        [made] = self.sandbox.objects("refund")
        self.assertEqual(made["amount"], 3000)

    def test_b4_refund_whose_answer_was_lost_and_that_a_webhook_told_of(self):
        tx = self._create_attempt()
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        self.sandbox.faults.add("drop", stage="after", path="refunds$")
        with (
            patch(f"{payment_provider.__name__}.MAX_RETRIES", 0),
            self.assertRaisesRegex(UserError, "not confirmed the refund"),
            self.env.cr.savepoint(),
        ):
            tx._refund(amount_to_refund=30.0)
        tx.invalidate_recordset()
        for event in self._get_events("charge.refunded"):
            self._deliver(event)
        self.env.invalidate_all()
        told = tx.child_transaction_ids
        self.assertEqual(told.mapped("amount"), [-30.0])
        self.assertEqual(tx._refund(amount_to_refund=30.0), told, "not made twice")
        self.assertEqual(len(self.sandbox.objects("refund")), 1)
        # Another one is another one, and so is the same amount once more.
        tx._refund(amount_to_refund=20.0)
        tx._refund(amount_to_refund=30.0)
        made = [refund["amount"] for refund in self.sandbox.objects("refund")]
        self.assertEqual(sorted(made), [2000, 3000, 3000])

    def test_b5_payment_that_cannot_be_booked_is_told_to_staff_once(self):
        tx = self._create_attempt()
        self._confirm(tx)
        with (
            mute_logger(account_move_portal_attempt.__name__),
            patch.object(type(tx), "_create_payment", side_effect=ValueError("no")),
        ):
            tx.portal_attempt_id._stripe_refresh()
            tx.portal_attempt_id._book()
        # The money has come, whatever becomes of its entry.
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "paid")
        self.assertFalse(tx.payment_id)
        [activity] = self.invoice.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertIn("could not be booked", activity.summary)
        tx.portal_attempt_id._book()
        self.assertTrue(tx.payment_id)

    def test_s22_answer_follows_the_payment(self):
        self._start_payment()
        tx = self._get_transactions()
        path = self.link._get_path("result")
        self.assertIn("One moment…", self.url_open(path).text)
        tx._set_error("Your card was declined.")
        page = self.url_open(path).text
        self.assertIn("Your card was declined.", page)
        self.assertIn("Try again", page)

    def test_s22_answer_without_a_payment_leads_back_to_the_invoice(self):
        response = self.url_open(self.link._get_path("result"), allow_redirects=False)
        self.assertEqual(response.status_code, 303)
