from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user
from odoo.tools import mute_logger

from ...models.payment.errors import PortalPaymentValidationError
from ..payment_common import PortalPaymentCommon

HTTP_LOGGER = "odoo.http"


class TestPaymentAttemptLines(PortalPaymentCommon, HttpCase):
    """An attempt has a line for each invoice that it pays, wherever it was started."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.second, cls.third = (
            cls._create_portal_invoice(price, invoice_date_due=f"2020-03-{day}")
            for price, day in ((100.0, 10), (60.0, 20), (40.0, 30))
        )

    def _pay(self, moves, amount=None, state="draft", **values):
        """Start a payment of several invoices, as core's pages do."""
        txs = self.env["payment.transaction"].sudo()
        return txs.create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "amount": amount or sum(moves.mapped("amount_residual")),
                "currency_id": moves.currency_id.id,
                "partner_id": self.customer.id,
                "operation": "online_direct",
                "invoice_ids": [Command.set(moves.ids)],
                "state": state,
                **values,
            }
        )

    def _get_open_moves(self, tx):
        return tx.portal_attempt_id.line_ids.filtered("is_open").move_id

    def _start(self, move, client_key="tab", **choice):
        """Start a payment on the portal, without the web."""
        link = self._create_link(move).sudo()
        return link.env["account.move.portal.attempt"]._start_portal_payment(
            link,
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "token_id": None,
                "flow": "direct",
                "amount": None,
                "billing": None,
                "required": set(),
                "client_key": client_key,
                "restart": False,
                "tokenization_requested": False,
                **choice,
            },
        )

    # === Lines === #

    def test_b10_shares_go_to_what_is_due_first(self):
        tx = self._pay(self.third + self.second + self.first, amount=150.0)
        lines = tx.portal_attempt_id.line_ids
        shares = {line.move_id: line.amount for line in lines}
        self.assertEqual(shares, {self.first: 100.0, self.second: 50.0, self.third: 0})
        self.assertTrue(all(lines.mapped("is_open")))

    def test_b3_one_of_two_invoices_under_way_keeps_both_from_being_paid(self):
        both = self._pay(self.first + self.second)
        for moves in (self.first, self.second + self.third):
            with (
                self.assertRaisesRegex(ValidationError, "was started"),
                self.env.cr.savepoint(),
            ):
                self._pay(moves)
        free = self._pay(self.third)
        self.assertEqual(self._get_open_moves(both), self.first + self.second)
        self.assertEqual(self._get_open_moves(free), self.third)

    def test_b3_superseding_closes_the_whole_attempt(self):
        both = self._pay(self.first + self.second)
        both._set_error("Your card was declined.")
        self._start(self.first)
        self.assertFalse(self._get_open_moves(both))
        alone = self._pay(self.second)
        self.assertEqual(self._get_open_moves(alone), self.second)

    def test_b10_payment_of_several_invoices_is_booked_and_closed(self):
        both = self._pay(self.first + self.second)
        both._set_done()
        both._post_process()
        self.assertEqual((self.first + self.second).mapped("amount_residual"), [0, 0])
        self.assertFalse(both.portal_attempt_id.is_open)
        self.assertFalse(self._get_open_moves(both))

    def test_b3_cancelled_and_finished_transactions_are_not_under_way(self):
        cancelled = self._pay(self.first)
        cancelled._set_canceled()
        self.assertFalse(self._get_open_moves(cancelled))
        done = self._pay(self.first, state="done")
        self.assertFalse(self._get_open_moves(done))
        self.assertTrue(self._pay(self.first).portal_attempt_id.is_open)

    def test_b3_validation_of_a_card_is_no_attempt(self):
        tx = self._pay(self.first, operation="validation")
        self.assertFalse(tx.portal_attempt_id)

    def test_b3_attempt_goes_with_its_transaction_and_survives_its_invoice(self):
        draft = self._create_portal_invoice(post=False)
        tx = self._pay(draft)
        attempt = tx.portal_attempt_id
        draft.unlink()
        self.assertTrue(attempt.exists().is_open, "it may still be charged")
        self.assertFalse(attempt.line_ids)
        attempt._report("unbooked", "Not booked", "The invoice is gone.")
        self.assertEqual(attempt.todo_ids.state, "open")

    # === One start === #

    def test_s18_start_says_what_is_wrong_by_code_and_field(self):
        wrong = {
            ("invalid", "amount"): {"amount": "1000000"},
            ("invalid", "email"): {"billing": {}, "required": {"email"}},
            ("option_unavailable", "payment_method_id"): {"flow": "teleport"},
        }
        for (code, field), choice in wrong.items():
            with (
                self.subTest(code=code, field=field),
                self.assertRaises(PortalPaymentValidationError) as caught,
                self.env.cr.savepoint(),
            ):
                self._start(self.first, **choice)
            error = caught.exception
            self.assertEqual((error.code, error.field), (code, field))
            self.assertTrue(str(error))
            self.assertEqual(error.context, {"code": code, "field": field})
        self.assertFalse(self.first.transaction_ids)

    def test_s18_start_says_that_another_payment_is_under_way(self):
        self._start(self.first)
        with self.assertRaises(PortalPaymentValidationError) as caught:
            self._start(self.first, client_key="other")
        self.assertEqual(caught.exception.code, "in_progress")

    def test_s18_start_says_that_nothing_is_due(self):
        self._pay(self.first)._set_done()
        self.first.transaction_ids._post_process()
        with self.assertRaises(PortalPaymentValidationError) as caught:
            self._start(self.first)
        self.assertEqual(caught.exception.code, "not_payable")

    # === Core's own pages === #

    def _pay_at_core(self, move, amount):
        """Press Pay on core's page of an invoice."""
        token = move._portal_ensure_token()
        with mute_logger(HTTP_LOGGER):
            answer = self.url_open(
                f"/invoice/transaction/{move.id}",
                json={
                    "params": {
                        "access_token": token,
                        "provider_id": self.provider.id,
                        "payment_method_id": self.card.id,
                        "token_id": None,
                        "amount": amount,
                        "flow": "direct",
                        "tokenization_requested": False,
                        "landing_route": "/my",
                    }
                },
            ).json()
        self.env.invalidate_all()
        return answer

    def test_b3_second_tab_of_cores_page_is_not_charged(self):
        self.assertIn("result", self._pay_at_core(self.first, 100.0))
        answer = self._pay_at_core(self.first, 100.0)
        self.assertIn("was started elsewhere", answer["error"]["data"]["message"])
        self.assertEqual(len(self._get_intents()), 1)
        tx = self.first.transaction_ids
        self.assertEqual(tx.portal_attempt_id.origin, "elsewhere")
        self.assertEqual(self._get_open_moves(tx), self.first)

    def test_b3_second_tab_of_cores_page_after_the_first_has_paid(self):
        self._pay_at_core(self.first, 100.0)
        tx = self.first.transaction_ids
        self._confirm(tx)  # The browser has gone, and no webhook has come.
        answer = self._pay_at_core(self.first, 100.0)
        self.assertIn("nothing to pay", answer["error"]["data"]["message"])
        self.assertEqual(len(self._get_intents()), 1)

    def test_b3_declined_card_on_cores_page_can_be_tried_again_at_once(self):
        self._pay_at_core(self.first, 100.0)
        tx = self.first.transaction_ids
        with self.assertRaises(Exception):  # noqa: B017 - the sandbox's answer
            self._confirm(tx, payment_method="pm_card_chargeDeclined")
        self.assertIn("result", self._pay_at_core(self.first, 100.0))
        self.assertEqual(
            [intent["status"] for intent in self._get_intents()],
            ["canceled", "requires_payment_method"],
        )

    def test_b3_abandoned_tab_of_cores_page_cannot_be_charged_any_more(self):
        self._pay_at_core(self.first, 100.0)
        old = self.first.transaction_ids
        self._make_old(old)
        self.assertIn("result", self._pay_at_core(self.first, 100.0))
        self.assertFalse(old.portal_attempt_id.is_open)
        with self.assertRaisesRegex(Exception, "canceled"):
            self._confirm(old)

    def test_b5_payment_on_cores_page_that_nobody_told_of_is_booked(self):
        self._pay_at_core(self.first, 100.0)
        self._confirm(self.first.transaction_ids)
        self._catch_up()
        self._assert_paid_once(self.first)

    def test_b3_core_takes_no_more_than_is_due(self):
        for amount in (100.01, "a lot", None, -5.0, "inf", "nan"):
            with self.subTest(amount=amount):
                answer = self._pay_at_core(self.first, amount)
                self.assertIn("nothing to pay", answer["error"]["data"]["message"])
        self.assertFalse(self._get_intents())
        self.assertIn("result", self._pay_at_core(self.first, 99.99))

    def test_b3_portal_waits_for_what_was_started_on_the_overdue_page(self):
        new_test_user(
            self.env,
            login="carla",
            groups="base.group_portal",
            partner_id=self.customer.id,
            email=self.customer.email,
            company_id=self.company.id,
        )
        self.authenticate("carla", "carla")
        overdue = self.first + self.second + self.third + self.invoice
        due = sum(
            move.amount_residual
            for move in overdue
            if move.invoice_date_due < self.company._get_portal_day()
        )
        answer = self.url_open(
            "/invoice/transaction/overdue",
            json={
                "params": {
                    "payment_reference": "all",
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "token_id": None,
                    "amount": due,
                    "flow": "direct",
                    "tokenization_requested": False,
                    "landing_route": "/my",
                }
            },
        ).json()
        self.assertIn("result", answer)
        for move in (self.first, self.third):
            with self.assertRaisesRegex(ValidationError, "elsewhere"):
                self._start(move)
