from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user
from odoo.tools import mute_logger

from ...const import TODO_MENU
from ...models.payment import account_move_portal_attempt
from ..payment_common import PortalPaymentCommon


class TestPaymentTodo(PortalPaymentCommon, HttpCase):
    """Payments that need staff stand in one list, once, until they are settled."""

    def _pay(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        return tx

    def _pay_other_amount(self, amount):
        tx = self._create_attempt()
        self._get_stripe().payment_intents.update(
            tx.provider_reference, {"amount": amount}
        )
        self._confirm(tx)
        self._catch_up()
        return tx

    def _get_todos(self, tx, user=None):
        """Return what an accountant finds in the list of a payment."""
        self.env.invalidate_all()
        todos = self.env["account.move.portal.todo"].with_user(user or self.biller)
        return todos.search([("attempt_id", "=", tx.portal_attempt_id.id)])

    def test_s22_other_amount_is_listed_once_and_booked(self):
        tx = self._pay_other_amount(7000)
        self._catch_up()
        todo = self._get_todos(tx)
        self.assertEqual((todo.kind, todo.state), ("mismatch", "open"))
        self.assertEqual((todo.amount, todo.mismatched_amount), (100.0, 70.0))
        with self.assertRaises(UserError):
            todo.action_done()
        todo.action_match()
        self.assertEqual((todo.state, todo.resolution), ("done", "matched"))
        self.assertEqual(tx.payment_id.amount, 70.0)
        self.assertFalse(self._get_activities())

    def test_s22_other_amount_is_refunded_from_the_list_once(self):
        tx = self._pay_other_amount(13000)
        todo = self._get_todos(tx)
        todo.action_refund()
        self.assertEqual((todo.state, todo.resolution), ("done", "refunded"))
        [refund] = self.sandbox.objects("refund")
        self.assertEqual(refund["amount"], 13000)
        self.assertEqual(tx.state, "cancel")
        self.assertTrue(self.invoice._is_payable_on_portal())
        with self.assertRaises(UserError):
            todo.action_refund()
        self.assertEqual(len(self.sandbox.objects("refund")), 1)

    def test_s22_other_amount_refunded_at_stripe_leaves_the_list(self):
        tx = self._pay_other_amount(13000)
        self._get_stripe().refunds.create({"payment_intent": tx.provider_reference})
        self._catch_up()
        self.assertEqual(self._get_todos(tx).resolution, "refunded")

    def test_s22_other_amount_that_was_refunded_already_is_settled_by_the_button(self):
        tx = self._pay_other_amount(13000)
        self._get_stripe().refunds.create({"payment_intent": tx.provider_reference})
        todo = self._get_todos(tx)
        todo.action_refund()
        self.assertEqual((todo.state, todo.resolution), ("done", "refunded"))
        self.assertEqual(tx.state, "cancel")
        self.assertEqual(len(self.sandbox.objects("refund")), 1)

    def test_s22_refund_that_stripe_refuses_stays_on_the_list(self):
        tx = self._pay_other_amount(13000)
        todo = self._get_todos(tx)
        self.sandbox.faults.add("error", status=400, path="refunds$")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            todo.action_refund()
        self.assertEqual(self._get_todos(tx).state, "open")
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "on_hold")

    def test_b5_payment_that_is_not_booked_leaves_the_list_when_it_is(self):
        error = UserError("Analytic account is missing")
        tx = self._create_attempt()
        self._confirm(tx)
        with (
            mute_logger(account_move_portal_attempt.__name__),
            patch.object(type(tx), "_create_payment", side_effect=error),
        ):
            for _try in range(2):
                self._catch_up()
            todo = self._get_todos(tx)
            self.assertEqual((todo.kind, todo.state), ("unbooked", "open"))
            self.assertIn("Analytic account is missing", todo.note)
            [activity] = self._get_activities()
            self.assertIn("Analytic account is missing", activity.note)
            # Whatever we do with it, the customer has paid.
            self.assertEqual(tx.portal_attempt_id._get_payment_status(), "paid")
            page = self.url_open(self.link._get_path("result")).text
            self.assertIn("your payment was received", page)
            self.assertNotIn("Remaining balance", page)
            self.assertNotIn("fully paid", page)
            with self.assertRaises(UserError), self.env.cr.savepoint():
                todo.action_match()
        self.assertEqual(self._get_todos(tx).state, "open")
        # By whomever: a customer's page, too, has to be able to take it off.
        self.make_jsonrpc_request(self.link._get_path("status"))
        self.assertEqual(self._get_todos(tx).resolution, "matched")
        self.assertFalse(self._get_todos(tx).settled_by)
        self._assert_paid_once()

    def test_b4_dispute_is_a_row_and_on_the_list_until_staff_are_done(self):
        tx = self._pay()
        ref = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        dispute = tx.portal_attempt_id.dispute_ids
        self.assertEqual(
            (dispute.kind, dispute.state, dispute.amount, dispute.holds_money),
            ("dispute", "open", 100.0, True),
        )
        self.assertEqual(
            dispute.reversal_move_id.reversed_entry_id, tx.payment_id.move_id
        )
        todo = self._get_todos(tx)
        self.assertEqual((todo.kind, todo.dispute_id.sudo()), ("disputed", dispute))
        self.sandbox.control.close_dispute(ref, "won")
        self._catch_up()
        self.assertEqual((dispute.state, dispute.holds_money), ("won", False))
        todo = self._get_todos(tx)
        self.assertEqual(len(todo), 1, "it is still the same one")
        self.assertIn("Dispute won", todo.summary)
        todo.action_done()
        self.assertEqual((todo.resolution, todo.settled_by), ("done", self.biller))

    def test_b4_several_disputes_are_several_rows(self):
        tx = self._pay()
        for amount in (3000, 7000):
            self.sandbox.control.dispute(tx.provider_reference, amount=amount)
        self._catch_up()
        disputes = tx.portal_attempt_id.dispute_ids
        self.assertEqual(sorted(disputes.mapped("amount")), [30.0, 70.0])
        self.assertFalse(disputes.reversal_move_id)
        self.assertEqual(self._get_todos(tx).mapped("kind"), ["disputed"] * 2)

    def test_b4_return_of_a_bank_debit_is_a_row(self):
        self._enable_echeck()
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self.sandbox.control.return_payment(tx.provider_reference)
        self._catch_up()
        [row] = tx.portal_attempt_id.dispute_ids
        self.assertEqual((row.kind, row.amount), ("return", 100.0))
        self.assertTrue(row.reversal_move_id)

    def test_s22_list_holds_a_reason_once(self):
        tx = self._pay_other_amount(7000)
        values = {"attempt_id": tx.portal_attempt_id.id, "kind": "mismatch"}
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            todos = self.env["account.move.portal.todo"].sudo()
            todos.create({**values, "summary": "Again"})
            self.env.flush_all()

    def test_s22_list_is_for_accountants_of_the_company(self):
        tx = self._pay_other_amount(7000)
        todo = self._get_todos(tx)
        clerk = new_test_user(self.env, "clerk", groups="base.group_user")
        with self.assertRaises(AccessError):
            todo.with_user(clerk).action_match()
        auditor = new_test_user(
            self.env,
            "auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
        )
        self.assertTrue(self._get_todos(tx, auditor))
        with self.assertRaises(AccessError):
            todo.with_user(auditor).action_match()
        with self.assertRaises(AccessError):
            todo.with_user(self.biller).unlink()
        other = self.setup_other_company()["company"]
        self.biller.write({"company_ids": other.ids, "company_id": other.id})
        self.assertFalse(self._get_todos(tx))

    def test_s22_invoice_says_that_a_payment_is_under_way_or_needs_staff(self):
        invoice = self.invoice.with_user(self.biller)
        self.assertFalse(invoice.portal_payment_is_under_way)
        tx = self._pay_other_amount(7000)
        self.env.invalidate_all()
        self.assertTrue(invoice.portal_payment_is_under_way)
        self.assertEqual(invoice.portal_payment_todo_count, 1)
        action = invoice.action_open_portal_payment_todos()
        listed = self.env[action["res_model"]].with_user(self.biller)
        self.assertEqual(listed.search(action["domain"]), self._get_todos(tx))
        self._get_todos(tx).action_match()
        self.env.invalidate_all()
        self.assertFalse(invoice.portal_payment_is_under_way)
        self.assertFalse(invoice.portal_payment_todo_count)

    def test_s22_menu_says_how_many_payments_need_staff(self):
        menu = self.env.ref(TODO_MENU)

        def load(user):
            menus = self.env["ir.ui.menu"].with_user(user).load_web_menus(False)
            return menus.get(menu.id, {}).get("name")

        self.assertEqual(load(self.biller), "Payments That Need You")
        tx = self._pay_other_amount(7000)
        self.assertEqual(load(self.biller), "Payments That Need You (1)")
        clerk = new_test_user(self.env, "clerk", groups="base.group_user")
        self.assertFalse(load(clerk))
        self._get_todos(tx).action_match()
        self.assertEqual(load(self.biller), "Payments That Need You")
