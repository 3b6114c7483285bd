from html import unescape
from unittest.mock import patch

import psycopg2
import stripe

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user
from odoo.tools import mute_logger

from ..payment_common import PortalPaymentCommon

HTTP_LOGGER = "odoo.http"


class TestPaymentAttempt(PortalPaymentCommon, HttpCase):
    """One live attempt per invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_link = cls._create_link(email="boss@customer.example")

    def _start(self, link=None, client_key="tab 1", **kwargs):
        return self.make_jsonrpc_request(
            (link or self.link)._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "client_key": client_key,
                **kwargs,
            },
        )

    def _assert_refused(self, text, link=None, client_key="tab 1", **kwargs):
        """Check that no payment is started, and that the customer is told why."""
        before = self._get_transactions()
        with mute_logger(HTTP_LOGGER):
            answer = self.url_open(
                (link or self.link)._get_path("transaction"),
                json={
                    "params": {
                        "provider_id": self.provider.id,
                        "payment_method_id": self.card.id,
                        "flow": "direct",
                        "client_key": client_key,
                        **kwargs,
                    }
                },
            ).json()
        self.assertIn(text, answer["error"]["data"]["message"])
        self.env.invalidate_all()
        self.assertEqual(self._get_transactions(), before)

    def test_b3_double_click_goes_on_with_the_same_attempt(self):
        first, second = self._start(), self._start()
        self.assertEqual(first["client_secret"], second["client_secret"])
        self.assertEqual(len(self._get_transactions()), 1)
        self.assertEqual(len(self._get_intents()), 1)

    def test_b3_second_tab_is_told_of_the_first_ones_attempt(self):
        self._start()
        answer = self.make_jsonrpc_request(
            self.link._get_path("check"), {"client_key": "tab 2"}
        )
        self.assertIn("$", answer["attempt"]["message"])
        self.assertTrue(answer["attempt"]["is_mine"])
        self._assert_refused("started", client_key="tab 2")
        self.assertEqual(len(self._get_transactions()), 1)

    def test_b3_second_tab_may_call_the_first_ones_attempt_off(self):
        self._start()
        self._start(client_key="tab 2", restart=True)
        first, second = self._get_transactions()
        self.assertEqual((first.state, second.state), ("cancel", "draft"))
        self.assertEqual(
            [intent["status"] for intent in self._get_intents()],
            ["canceled", "requires_payment_method"],
        )

    def test_b3_other_recipient_has_to_wait(self):
        self._start()
        for restart in (False, True):
            self._assert_refused(
                "started", link=self.other_link, client_key="x", restart=restart
            )
        self.assertEqual(len(self._get_intents()), 1)

    def test_b3_other_method_in_the_same_form_replaces_the_attempt(self):
        self.invoice.company_id.portal_allow_part_payment = True
        self._start()
        self._start(amount="40")
        first, second = self._get_transactions()
        self.assertEqual((first.state, second.state), ("cancel", "draft"))
        self.assertEqual(second.amount, 40.0)

    def test_b3_attempt_that_was_declined_makes_way_at_once(self):
        self._start()
        first = self._get_transactions()
        with self.assertRaises(Exception):  # noqa: B017 - the sandbox's answer
            self._confirm(first, payment_method="pm_card_chargeDeclined")
        self._start(link=self.other_link, client_key="x")
        self.env.invalidate_all()
        self.assertEqual(first.state, "error")
        self.assertFalse(first.portal_attempt_id.is_open)
        self.assertEqual(self._get_intents()[0]["status"], "canceled")

    def test_s22_each_decline_is_told_in_plain_words(self):
        for card, words in {
            "chargeDeclined": "Your bank declined this card.",
            "chargeDeclinedInsufficientFunds": "not enough money on this card",
            "chargeDeclinedExpiredCard": "has expired",
            "chargeDeclinedIncorrectCvc": "check the security code",
            "chargeDeclinedProcessingError": "Something went wrong at the bank",
        }.items():
            with self.subTest(card):
                tx = self._create_attempt()
                with self.assertRaises(stripe.CardError):
                    self._confirm(tx, payment_method=f"pm_card_{card}")
                tx.portal_attempt_id._stripe_refresh()
                page = self.url_open(self.link._get_path("result")).text
                self.assertIn(words, unescape(page))
                self.assertIn("Nothing was charged", page)
                tx.portal_attempt_id._cancel_attempt()

    def test_s22_nothing_is_entered_again_after_a_failure(self):
        self.company.portal_allow_part_payment = True
        billing = self.env["account.move.portal.attempt"]._get_billing_defaults(
            self.customer
        )
        self._start(amount="40", billing={**billing, "name": "Carl Cousin"})
        self._get_transactions()._set_error("Your card was declined.")
        page = self.url_open(self.link._get_path("pay")).text
        self.assertIn("Carl Cousin", page)
        self.assertIn('value="40.00"', page)
        other = self.url_open(self.other_link._get_path("pay")).text
        self.assertNotIn("Carl Cousin", other, "what was entered is its payer's")
        self.assertIn('value="100.00"', other)

    def test_b3_abandoned_attempt_makes_way_and_cannot_succeed_any_more(self):
        self._start()
        first = self._get_transactions()
        self._make_old(first)
        self._start(link=self.other_link, client_key="x")
        self.assertEqual(first.state, "cancel")
        with self.assertRaisesRegex(Exception, "canceled"):
            self._confirm(first)

    def test_b3_attempt_paid_unseen_is_booked_instead_of_making_way(self):
        self._start()
        first = self._get_transactions()
        self._confirm(first)  # And the browser is gone.
        self._make_old(first)
        self._assert_refused("nothing to pay", link=self.other_link, client_key="x")

    def test_b3_catch_up_gives_abandoned_attempts_up(self):
        tx = self._create_attempt()
        self._catch_up()
        self.assertEqual(tx.state, "draft", "not yet")
        self._make_old(tx)
        self._catch_up()
        self.assertEqual(tx.state, "cancel")
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertEqual(self._get_intents()[0]["status"], "canceled")

    def test_b3_invoice_paid_meanwhile_by_bank_transfer_takes_no_payment(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        self._assert_refused("nothing to pay")
        self.assertFalse(self._get_intents())

    def test_b3_payment_without_an_entry_counts_as_paid(self):
        self._book_without_entries()
        tx = self._create_attempt()
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        self.assertTrue(tx.payment_id)
        self.assertFalse(tx.payment_id.move_id)
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.assertEqual(self.invoice.portal_balance_due, 0.0)
        self.assertFalse(self.invoice._is_payable_on_portal())
        self._assert_refused("nothing to pay")

    def test_b3_database_allows_one_open_attempt(self):
        tx = self._create_attempt()
        lines = self.env["account.move.portal.attempt.line"].sudo()
        other_invoice = self._create_portal_invoice()
        other = self._create_attempt(link=self._create_link(other_invoice))
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            # Whoever looked before may have looked too early.
            lines.create(
                {
                    "attempt_id": other.portal_attempt_id.id,
                    "move_id": self.invoice.id,
                    "is_open": True,
                }
            )
            self.env.flush_all()
        self.assertTrue(tx.portal_attempt_id.is_open)

    def test_b3_whoever_starts_a_payment_finds_the_one_under_way(self):
        self._create_attempt()
        with self.assertRaisesRegex(ValidationError, "was started"):
            self._create_attempt(link=self.other_link)

    def test_b3_unreachable_stripe_charges_nothing(self):
        tx = self._create_attempt()
        self.sandbox.faults.add("drop", times=0)
        with self.assertRaisesRegex(ValidationError, "cannot be reached"):
            tx.portal_attempt_id._supersede(self.link, "tab 2", restart=True)
        self.assertTrue(tx.portal_attempt_id.is_open, "it may succeed still")

    # === Core's own pages === #

    def _pay_at_core(self, route, **params):
        """Press Pay on one of core's own pages."""
        return self.url_open(
            f"/invoice/transaction/{route}",
            json={
                "params": {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "token_id": None,
                    "amount": 100.0,
                    "flow": "direct",
                    "tokenization_requested": False,
                    "landing_route": "/my",
                    **params,
                }
            },
        ).json()

    def _start_at_core(self):
        """Start a payment on core's page of the invoice; return it."""
        token = self.invoice._portal_ensure_token()
        answer = self._pay_at_core(self.invoice.id, access_token=token)
        self.assertIn("result", answer)
        self.env.invalidate_all()
        return self._get_transactions()[-1:]

    def test_b3_attempt_on_cores_page_is_waited_for(self):
        tx = self._start_at_core()
        self._assert_refused("was started elsewhere 0 minutes ago")
        self._assert_refused("wait 15 minutes", restart=True)
        self._make_old(tx)
        self._start()
        self.assertEqual(self._get_transactions()[-1:].portal_move_id, self.invoice)

    def test_b3_core_and_portal_start_one_after_the_other(self):
        move = type(self.invoice)
        with patch.object(
            move,
            "_lock_for_portal_payment",
            autospec=True,
            side_effect=move._lock_for_portal_payment,
        ) as lock:
            self._start_at_core()
        self.assertEqual(lock.call_args.args[0], self.invoice)

    def test_b3_refund_and_failed_attempt_of_cores_are_not_waited_for(self):
        tx = self._start_at_core()
        tx._set_error("Your card was declined.")
        refund = {"operation": "refund", "reference": "refund", "state": "draft"}
        # In sudo mode because the way back, with the token in it, is nobody's to read.
        refund = tx.sudo().copy(
            {**refund, "invoice_ids": [Command.set(self.invoice.ids)]}
        )
        self.assertFalse(refund.portal_attempt_id)
        self._start()
        self.assertEqual(self._get_transactions()[-1:].portal_move_id, self.invoice)

    def test_b3_promise_on_cores_page_keeps_nobody_out(self):
        wire = self.env["payment.provider"].sudo().search([("code", "=", "none")])[:1]
        tx = self._create_attempt(portal_origin="elsewhere", provider_id=wire.id)
        self.assertEqual(tx.portal_attempt_id.line_ids.move_id, self.invoice)
        self.assertFalse(tx.portal_attempt_id.is_open)
        self._start()

    @mute_logger(HTTP_LOGGER)
    def test_b3_cores_overdue_page_waits_for_the_portals_attempt(self):
        self.invoice.invoice_date_due = "2020-03-31"
        other = self._create_portal_invoice(invoice_date_due="2020-03-31")
        new_test_user(
            self.env,
            login="carla",
            groups="base.group_portal",
            partner_id=self.customer.id,
            email=self.customer.email,
            company_id=self.company.id,
        )
        tx = self._create_attempt()
        self.authenticate("carla", "carla")
        answer = self._pay_at_core("overdue", payment_reference="both", amount=200.0)
        self.assertIn("was started", answer["error"]["data"]["message"])
        self.assertEqual(self._get_transactions(), tx)
        tx.portal_attempt_id._cancel_attempt()
        answer = self._pay_at_core("overdue", payment_reference="both", amount=200.0)
        self.assertIn("result", answer)
        self.assertEqual(
            self._get_transactions()[-1:].invoice_ids, self.invoice + other
        )
