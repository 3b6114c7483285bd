from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user
from odoo.tools import mute_logger

from ..payment_common import PortalPaymentCommon


class TestPaymentOtherProviders(PortalPaymentCommon, HttpCase):
    """Whatever else is enabled works on the same screen.

    To be run with `payment_demo` and `payment_custom` installed.
    """

    def _enable(self, code, method_code):
        provider = self.env["payment.provider"].sudo()
        installed = [value for value, _label in provider._fields["code"].selection]
        if code not in installed:
            self.skipTest(f"payment_{code} is not installed")
        provider = provider.search([("code", "=", code)], limit=1)
        provider = provider.copy({"company_id": self.company.id})
        method = self.env["payment.method"].with_context(active_test=False)
        method = method.search([("code", "=", method_code)], limit=1)
        provider.write(
            {
                "payment_method_ids": [Command.link(method.id)],
                "state": "test",
                "is_published": True,
            }
        )
        method.active = True
        if code == "demo":
            provider.journal_id = self.company_data["default_journal_bank"]
        return provider, method

    def _start(self, provider, method, flow):
        values = self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "flow": flow,
                "client_key": "tab 1",
            },
        )
        return values, self._get_transactions()[-1:]

    def test_b14_demo_is_offered_paid_and_booked(self):
        provider, method = self._enable("demo", "demo")
        self.assertIn(
            f'data-provider-id="{provider.id}"',
            self.url_open(self.link._get_path("pay")).text,
        )
        values, tx = self._start(provider, method, "direct")
        self.assertTrue(tx.portal_attempt_id.line_ids.is_open)
        self.make_jsonrpc_request(
            "/payment/demo/simulate_payment",
            {
                "reference": values["reference"],
                "payment_details": "1234",
                "simulated_state": "done",
            },
        )
        self.assertEqual(
            self.make_jsonrpc_request(self.link._get_path("status")), "paid"
        )
        self._assert_paid_once()

    def test_b14_demo_that_was_given_up_and_succeeds_is_booked(self):
        provider, method = self._enable("demo", "demo")
        _values, tx = self._start(provider, method, "direct")
        tx.portal_attempt_id._cancel_attempt()
        self.assertEqual(tx.state, "cancel")
        tx._set_done()
        tx.portal_attempt_id._book()
        self._assert_paid_once()

    def test_b14_transfer_is_promised_and_keeps_nobody_out(self):
        provider, method = self._enable("custom", "wire_transfer")
        provider.pending_msg = "<p>Please use account 12-34.</p>"
        _values, tx = self._start(provider, method, "redirect")
        self.assertFalse(tx.portal_attempt_id.is_open)
        tx._set_pending()
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("account 12-34", page)
        self.assertTrue(self.invoice._is_payable_on_portal())

    # === A saved card of a provider that knows no idempotency key === #

    def _submit_saved_card(self, outcome="done"):
        """Press Pay, having chosen a card saved at the demo provider."""
        provider, method = self._enable("demo", "demo")
        new_test_user(
            self.env,
            login="carla",
            groups="base.group_portal",
            partner_id=self.customer.id,
            email=self.customer.email,
            company_id=self.company.id,
        )
        self.authenticate("carla", "carla")
        token = self.env["payment.token"].sudo()
        token = token.create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "payment_details": "4242",
                "partner_id": self.customer.id,
                "provider_ref": "card",
                "demo_simulated_state": outcome,
            }
        )
        self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": provider.id,
                "payment_method_id": None,
                "token_id": token.id,
                "flow": "token",
                "client_key": "tab 1",
            },
        )
        return self._get_transactions()[-1:]

    def _follow(self):
        """Do what the page of the answer does."""
        answer = self.make_jsonrpc_request(self.link._get_path("status"))
        self.env.invalidate_all()
        return answer

    def _count_charges(self):
        """Watch how often the provider is asked to charge a card."""
        model = type(self.env["payment.transaction"])
        return self.startPatcher(
            patch.object(
                model,
                "_send_payment_request",
                autospec=True,
                side_effect=model._send_payment_request,
            )
        )

    def _fail(self, method, error):
        """Follow a payment while something breaks."""
        model = type(self.env["payment.transaction"])
        with patch.object(model, method, side_effect=error), mute_logger("odoo.http"):
            # Not `assertRaises`, which would undo what the request has committed.
            answer = self.url_open(self.link._get_path("status"), json={"params": {}})
        self.assertIn("error", answer.json())
        self.env.invalidate_all()

    def _lose_answer(self):
        """Charge a saved card, and break down before the answer is noted."""
        tx = self._submit_saved_card()
        self._fail("_process", MemoryError)
        return tx

    def _leave_to_staff(self):
        tx = self._lose_answer()
        self._make_old(tx)
        for _run in range(2):
            self._catch_up()
        return tx

    def test_b5_other_providers_card_is_charged_once_though_its_answer_is_lost(self):
        charges = self._count_charges()
        tx = self._lose_answer()
        self.assertEqual((tx.state, tx.provider_reference), ("draft", False))
        self.assertEqual(self._follow(), "waiting")
        self._catch_up()
        self.assertEqual(charges.call_count, 1)
        self.assertTrue(tx.portal_attempt_id.is_open)

    def test_b5_other_providers_card_is_charged_once_though_booking_fails(self):
        charges = self._count_charges()
        tx = self._submit_saved_card()
        # As when someone else writes what booking writes: the request is run again.
        self._fail("_post_process", psycopg2.OperationalError)
        self.assertEqual(tx.state, "done", "it is known that it was charged")
        self.assertEqual(self._follow(), "paid")
        self.assertEqual(charges.call_count, 1)
        self.assertFalse(tx.portal_attempt_id.charge_is_uncertain)
        self._assert_paid_once()

    def test_b5_other_providers_declined_card_makes_way_at_once(self):
        tx = self._submit_saved_card("error")
        self.assertEqual(self._follow(), "failed")
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertFalse(tx.portal_attempt_id.charge_is_uncertain)

    def _ask(self, fault, **how):
        """Follow a payment whose provider is asked over HTTP, as most are."""
        tx = self._submit_saved_card()
        self.sandbox.faults.add(fault, times=0, **how)
        with (
            patch.multiple(
                type(tx.provider_id),
                _build_request_url=lambda *_args, **_kwargs: (
                    f"{self.sandbox.url}/v1/charges"
                ),
                _build_request_auth=lambda *_args, **_kwargs: (
                    self.sandbox.secret_key,
                    "",
                ),
            ),
            patch.object(
                type(tx),
                "_send_payment_request",
                lambda tx: tx._send_api_request("POST", "charges"),
            ),
            mute_logger(
                "odoo.addons.payment.models.payment_provider",
                "odoo.addons.account_payment_portal.models.payment"
                ".account_move_portal_attempt",
            ),
        ):
            answer = self._follow()
        return tx, answer

    def test_b5_other_provider_that_breaks_off_may_have_charged(self):
        tx, answer = self._ask("drop")
        self.assertEqual(answer, "waiting")
        self.assertTrue(tx.portal_attempt_id._is_charge_unanswered())

    def test_b5_other_provider_that_fails_may_have_charged(self):
        tx, answer = self._ask("error", status=500)
        self.assertEqual(answer, "waiting")
        self.assertTrue(tx.portal_attempt_id._is_charge_unanswered())

    def test_b5_other_provider_that_refuses_has_not_charged(self):
        tx, answer = self._ask("error", status=400)
        self.assertEqual(answer, "failed")
        self.assertFalse(tx.portal_attempt_id.charge_is_uncertain)
        self.assertFalse(tx.portal_attempt_id.is_open)

    def test_b3_charge_without_an_answer_makes_no_way(self):
        tx = self._lose_answer()
        for _age in ("young", "old"):
            self.assertFalse(tx.portal_attempt_id._is_cancellable(self.link))
            with self.assertRaisesRegex(ValidationError, "do not pay again"):
                tx.portal_attempt_id._supersede(self.link, "tab 2", restart=True)
            self._make_old(tx)
        self.assertTrue(tx.portal_attempt_id.is_open)

    def test_b5_charge_without_an_answer_is_left_to_staff_once(self):
        charges = self._count_charges()
        tx = self._leave_to_staff()
        self.assertEqual(charges.call_count, 1)
        [activity] = self.invoice.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertIn(tx.reference, activity.note)
        self.assertEqual(self._follow(), "processing")
        self.assertFalse(self.invoice._is_payable_on_portal())

    def _get_todo(self, tx):
        """Return what an accountant finds in the list of this payment."""
        return tx.portal_attempt_id.todo_ids.with_user(self.biller).sudo(False)

    def test_b5_charge_that_staff_have_found_is_booked(self):
        todo = self._get_todo(self._leave_to_staff())
        todo.action_match()
        self._assert_paid_once()
        with self.assertRaises(UserError):
            todo.action_release()

    def test_b5_charge_that_staff_have_not_found_opens_the_invoice(self):
        tx = self._leave_to_staff()
        self._get_todo(tx).action_release()
        self.assertEqual(self._follow(), "cancelled")
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertTrue(self.invoice._is_payable_on_portal())
