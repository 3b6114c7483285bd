from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user

from ...const import CONTEXT_REOPENED
from ...models.payment import payment_provider
from ..payment_common import PortalPaymentCommon


class TestAccountRefund(PortalPaymentCommon):
    """A refund of a payment of several invoices reopens those that staff choose."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.portal_allow_part_payment = True
        cls.first, cls.second, cls.third = (
            cls._create_portal_invoice(price, invoice_date_due=f"2099-03-{day}")
            for price, day in ((100.0, 10), (60.0, 20), (40.0, 30))
        )
        cls.moves = cls.first + cls.second + cls.third

    # === What is done === #

    def _pay(self, shares=None):
        """Have a customer pay several invoices, each by a share.

        :param dict shares: The amount by invoice; each in full if None.
        """
        shares = shares or {move: move.amount_residual for move in self.moves}
        moves = self.env["account.move"].concat(*shares)
        tx = self._create_attempt(
            link=self._create_link(moves[0]),
            amount=moves.currency_id.round(sum(shares.values())),
            invoice_ids=[Command.set(moves.ids)],
            reference=f"refund-{'-'.join(map(str, moves.ids))}",
            portal_line_ids=[
                Command.create({"move_id": move.id, "amount": share})
                for move, share in shares.items()
            ],
        )
        self._confirm(tx)
        self._catch_up()
        self._analyze_books()
        return tx

    def _open_wizard(self, tx, amount):
        """Open Odoo's window to refund a payment, as who does the books."""
        wizards = self.env["payment.refund.wizard"].with_user(self.biller)
        form = Form(wizards.with_context(active_id=tx.payment_id.id))
        form.amount_to_refund = amount
        return form

    def _refund(self, tx, amount, chosen=None):
        """Refund a part in Odoo's window.

        :param dict chosen: What to enter, by invoice; what is suggested if None.
        """
        form = self._open_wizard(tx, amount)
        if chosen is not None:
            self._enter(form.portal_line_ids, chosen)
        form.save().action_refund()
        self.env.invalidate_all()
        return tx.child_transaction_ids.sorted("id")[-1:]

    def _enter(self, lines, chosen):
        for index in range(len(lines)):
            with lines.edit(index) as line:
                line.amount = chosen.get(line.move_id, 0.0)

    def _refund_at_stripe(self, tx, amount):
        """Refund a part in Stripe's dashboard."""
        refund = self._get_stripe().refunds.create(
            {"payment_intent": tx.provider_reference, "amount": round(amount * 100)}
        )
        self._catch_up()
        return refund

    def _reopen(self, todo, chosen=None):
        """Choose what a refund reopens, from the list of what needs staff."""
        action = todo.with_user(self.biller).action_reopen_invoices()
        window = self.env[action["res_model"]].with_user(self.biller)
        with Form(window.browse(action["res_id"])) as form:
            if chosen is not None:
                self._enter(form.line_ids, chosen)
        window.browse(action["res_id"]).action_reopen()
        self.env.invalidate_all()

    # === What came of it === #

    def _assert_due(self, *amounts):
        """Check what is due of each invoice, by page and ledger."""
        self.env.invalidate_all()
        self.assertEqual(tuple(self.moves.mapped("portal_balance_due")), amounts)
        self.assertEqual(tuple(self.moves.mapped("amount_residual")), amounts)
        links = self.env["account.move.portal.link"]
        link = links._find_for_account(self.customer, self.company)
        lines = self._get_receivable_lines() + self.invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        for part in link._get_statement():
            of_currency = lines.filtered(
                lambda line, part=part: line.currency_id == part.currency
            )
            self.assertAlmostEqual(
                part.total,
                sum(of_currency.mapped("amount_residual_currency")),
                msg="the customer's statement is what the ledger says",
            )

    def _get_receivable_lines(self):
        return self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("move_id", "!=", self.invoice.id),
            ]
        )

    def _assert_matched(self):
        """Check that nothing is open but the invoices, in either currency."""
        lines = self._get_receivable_lines()
        items = lines.filtered(lambda line: line.move_id.move_type != "out_invoice")
        self.assertTrue(all(items.mapped("reconciled")))
        for name in ("amount_residual", "amount_residual_currency"):
            self.assertEqual(set(items.mapped(name)), {0.0})
        self.assertAlmostEqual(
            sum(lines.mapped("balance")), sum(lines.mapped("amount_residual"))
        )

    def _get_todos(self, tx):
        return tx.portal_attempt_id.todo_ids

    # === Chosen in Odoo's window === #

    def test_b10_part_of_a_share_is_refunded_and_the_last_due_is_suggested(self):
        tx = self._pay()
        self._assert_due(0.0, 0.0, 0.0)
        form = self._open_wizard(tx, 25.0)
        lines = [form.portal_line_ids.edit(index) for index in range(3)]
        self.assertEqual([line.amount for line in lines], [0.0, 0.0, 25.0])
        self.assertEqual([line.most for line in lines], [100.0, 60.0, 40.0])
        refund = self._refund(tx, 25.0)
        self.assertEqual((refund.state, refund.amount), ("done", -25.0))
        self._assert_due(0.0, 0.0, 25.0)
        self._assert_matched()
        self.assertEqual(self.third.payment_state, "partial")
        self.assertFalse(self._get_todos(tx))
        notes = self.third.message_ids.mapped("body")
        self.assertTrue(any("25.00 of this invoice was refunded" in n for n in notes))

    def test_b10_more_than_one_share_is_refunded_as_chosen(self):
        tx = self._pay()
        self._refund(tx, 90.0, {self.first: 30.01, self.second: 59.99})
        self._assert_due(30.01, 59.99, 0.0)
        self._assert_matched()
        self.assertEqual(
            tx.portal_attempt_id.line_ids.sorted("id").mapped("reopened_amount"),
            [30.01, 59.99, 0.0],
        )

    def test_b10_all_of_a_payment_is_refunded(self):
        tx = self._pay({self.first: 70.0, self.second: 60.0})
        self._refund(tx, 130.0)
        self._assert_due(100.0, 60.0, 40.0)
        self._assert_matched()
        self.assertEqual(self.moves.mapped("payment_state"), ["not_paid"] * 3)

    def test_b10_what_a_credit_note_covers_reopens_nothing(self):
        tx = self._pay()
        self._refund(tx, 25.0, {self.third: 10.0})
        self._assert_due(0.0, 0.0, 10.0)
        [line] = self._get_receivable_lines().filtered(
            lambda line: line.payment_id and not line.reconciled
        )
        self.assertEqual(line.amount_residual, 15.0, "a credit note can be matched")
        self.assertFalse(self._get_todos(tx), "staff have said so")

    def test_b10_no_more_is_reopened_than_was_paid_and_is_refunded(self):
        tx = self._pay({self.first: 50.0, self.second: 60.0})
        other = self._pay({self.third: 40.0, self.invoice: 100.0})
        lines = tx.portal_attempt_id.line_ids
        for amount, chosen, message in (
            (80.0, {lines[0].id: 50.01}, "50.00 at most"),
            (80.0, {lines[0].id: 50.0, lines[1].id: 30.01}, "80.00 at most"),
            (80.0, {lines[0].id: -1.0, lines[1].id: 60.0}, "at most"),
            (80.0, {lines[0].id: float("nan")}, "at most"),
            (80.0, {other.portal_attempt_id.line_ids[0].id: 1.0}, "did not pay"),
        ):
            with (
                self.subTest(message, amount=amount),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                tx.with_context(**{CONTEXT_REOPENED: chosen})._refund(amount)
        self.assertFalse(self.sandbox.objects("refund"), "nothing was asked for")

    def test_b10_second_refund_reopens_what_the_first_one_left(self):
        tx = self._pay()
        self._refund(tx, 30.0)
        form = self._open_wizard(tx, 30.0)
        lines = [form.portal_line_ids.edit(index) for index in range(3)]
        self.assertEqual([line.most for line in lines], [100.0, 60.0, 10.0])
        self.assertEqual([line.amount for line in lines], [0.0, 20.0, 10.0])
        with self.assertRaisesRegex(ValidationError, "10.00 at most"):
            self._refund(tx, 30.0, {self.third: 10.01})
        self._refund(tx, 30.0)
        self._assert_due(0.0, 20.0, 40.0)
        self._refund(tx, 140.0)
        self._assert_due(100.0, 60.0, 40.0)
        self._assert_matched()

    def test_b10_what_is_reopened_can_be_paid_again(self):
        tx = self._pay()
        self._refund(tx, 25.0)
        self.assertTrue(self.third._is_payable_on_portal())
        again = self._create_attempt(link=self._create_link(self.third), amount=25.0)
        self._confirm(again)
        self._catch_up()
        self._assert_due(0.0, 0.0, 0.0)
        self._assert_matched()

    def test_b10_installments_are_reopened_the_last_first(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Two parts",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (30, 60)
                ],
            }
        )
        parts = self._create_portal_invoice(
            300.0, invoice_date_due=False, invoice_payment_term_id=term.id
        )
        tx = self._pay({self.first: 100.0, parts: 300.0})
        self._refund(tx, 160.01, {parts: 160.01})
        terms = parts.line_ids.filtered(lambda one: one.display_type == "payment_term")
        self.assertEqual(
            terms.sorted("date_maturity").mapped("amount_residual"), [10.01, 150.0]
        )
        self._assert_due(0.0, 60.0, 40.0)

    def test_b10_discount_that_was_granted_stays(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2/10",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )
        discounted = self._create_portal_invoice(
            100.0,
            invoice_date=fields.Date.today(),
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
        )
        tx = self._pay({discounted: 98.0, self.second: 60.0})
        self.assertEqual(discounted.amount_residual, 0.0)
        self._refund(tx, 8.0, {discounted: 8.0})
        self.assertEqual(discounted.amount_residual, 8.0)
        self._assert_due(100.0, 0.0, 40.0)
        self._assert_matched()

    def test_b10_foreign_currency_is_reopened_to_the_cent_in_both(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            [
                {
                    "name": day,
                    "rate": rate,
                    "currency_id": euro.id,
                    "company_id": self.company.id,
                }
                # The invoices' rate, and that of payment and refund.
                for day, rate in (("2020-01-01", 0.83), ("2020-03-02", 0.77))
            ]
        )
        self.moves = self.moves.concat(
            *(
                self._create_portal_invoice(
                    price, currency_id=euro.id, invoice_date_due=f"2099-04-{day}"
                )
                for price, day in ((33.33, 1), (66.67, 2), (1234.56, 3))
            )
        )[3:]
        tx = self._pay({self.moves[0]: 33.33, self.moves[1]: 10.01, self.moves[2]: 9})
        self._assert_due(0.0, 56.66, 1225.56)
        self._refund(tx, 20.02, {self.moves[0]: 11.11, self.moves[2]: 8.91})
        self._assert_due(11.11, 56.66, 1234.47)
        self._assert_matched()
        for move in self.moves:
            balance = move.line_ids.filtered(
                lambda line: line.display_type == "payment_term"
            )
            self.assertAlmostEqual(
                balance.amount_residual, move.amount_residual / 0.83, 1
            )
        self._refund(tx, 32.32)
        self._assert_due(33.33, 66.67, 1234.56)
        self._assert_matched()
        for move in self.moves:
            self.assertEqual(
                move.amount_residual_signed, move.amount_total_signed, "in ours, too"
            )

    def test_b10_payment_without_an_entry_is_reopened_by_share(self):
        self._book_without_entries()
        tx = self._pay()
        balances = self.moves.mapped("portal_balance_due")
        self.assertEqual(balances, [0.0, 0.0, 0.0])
        self._refund(tx, 45.0)
        self.assertFalse(tx.payment_id.move_id)
        self.assertEqual(self.moves.mapped("portal_balance_due"), [0.0, 5.0, 40.0])
        self.assertEqual(
            [paid["amount"] for paid in self.second._get_portal_payments()], [55.0]
        )
        self.assertFalse(self.third._get_portal_payments())
        self.assertEqual(self.third.payment_state, "not_paid")
        with self.assertRaisesRegex(ValidationError, "0.00 at most"):
            self._refund(tx, 10.0, {self.third: 10.0})
        refund = self._refund(tx, 10.0, {self.first: 10.0})
        self.assertEqual(self.moves.mapped("portal_balance_due"), [10.0, 5.0, 40.0])
        [row] = tx.portal_attempt_id.refund_ids.filtered(
            lambda row: row.transaction_id == refund
        )
        row._assign({})
        self.env.invalidate_all()
        self.assertEqual(self.moves.mapped("portal_balance_due"), [0.0, 5.0, 40.0])

    # === Told by Stripe === #

    def test_b10_refund_at_stripe_reopens_nothing_until_staff_choose(self):
        tx = self._pay()
        self._refund_at_stripe(tx, 70.0)
        self._assert_due(0.0, 0.0, 0.0)
        [todo] = self._get_todos(tx)
        self.assertEqual((todo.kind, todo.state), ("refund", "open"))
        self.assertIn("70.00 was refunded", todo.summary)
        for move in self.moves:
            self.assertIn(move.name, todo.note)
        self.assertTrue(todo.activity_id)
        self._reopen(todo)
        self._assert_due(0.0, 30.0, 40.0)
        self._assert_matched()
        self.assertEqual((todo.state, todo.settled_by), ("done", self.biller))

    def test_b10_staff_change_what_a_refund_has_reopened(self):
        tx = self._pay()
        self._refund(tx, 70.0)
        self._assert_due(0.0, 30.0, 40.0)
        row = tx.portal_attempt_id.refund_ids.with_user(self.biller)
        action = row.action_open_window()
        windows = self.env[action["res_model"]].with_user(self.biller)
        window = windows.browse(action["res_id"])
        self.assertEqual(window.line_ids.mapped("amount"), [0.0, 30.0, 40.0])
        with Form(window) as form:
            self._enter(form.line_ids, {self.first: 65.0, self.third: 5.0})
        window.action_reopen()
        self._assert_due(65.0, 0.0, 5.0)
        self._assert_matched()
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            window.line_ids[1].amount = 60.01
            window.action_reopen()
        self.env.invalidate_all()
        self._assert_due(65.0, 0.0, 5.0)

    def test_b10_refunds_at_stripe_are_one_thing_to_do_until_all_are_chosen(self):
        tx = self._pay()
        self._refund_at_stripe(tx, 20.0)
        self._refund_at_stripe(tx, 30.0)
        [todo] = self._get_todos(tx).filtered(lambda todo: todo.state == "open")
        self.assertIn("50.00 was refunded", todo.summary)
        self._reopen(todo, {self.first: 20.0})
        self.assertEqual(todo.state, "open")
        self._reopen(todo, {self.first: 30.0})
        self.assertEqual(todo.state, "done")
        self._assert_due(50.0, 0.0, 0.0)
        self._assert_matched()

    def test_b10_refund_at_stripe_that_a_credit_note_covers_is_done(self):
        tx = self._pay()
        self._refund_at_stripe(tx, 20.0)
        self._get_todos(tx).with_user(self.biller).action_done()
        self._refund_at_stripe(tx, 30.0)
        [todo] = self._get_todos(tx).filtered(lambda todo: todo.state == "open")
        self.assertIn("30.00 was refunded", todo.summary, "and nothing of the other")
        self._assert_due(0.0, 0.0, 0.0)

    def test_b10_choice_outlives_an_answer_that_was_lost(self):
        tx = self._pay()
        chosen = {tx.portal_attempt_id.line_ids[0].id: 30.0}
        asking = tx.with_context(**{CONTEXT_REOPENED: chosen})
        self.sandbox.faults.add("drop", stage="after", path="refunds$")
        with (
            patch(f"{payment_provider.__name__}.MAX_RETRIES", 0),
            self.assertRaisesRegex(UserError, "not confirmed the refund"),
            self.env.cr.savepoint(),
        ):
            asking._refund(amount_to_refund=30.0)
        self._catch_up()
        self._assert_due(0.0, 0.0, 0.0)
        self.assertEqual(self._get_todos(tx).state, "open")
        asking._refund(amount_to_refund=30.0)
        self.assertEqual(len(self.sandbox.objects("refund")), 1)
        self._assert_due(30.0, 0.0, 0.0)
        self._assert_matched()
        self.assertEqual(self._get_todos(tx).state, "done")

    # === What becomes of a refund === #

    def test_b10_pending_refund_reopens_invoices_once_it_is_made(self):
        tx = self._create_attempt_of_all()
        self._confirm(tx, payment_method="pm_card_pendingRefund")
        self._catch_up()
        self._refund(tx, 25.0)
        self._assert_due(0.0, 0.0, 0.0)
        with self.assertRaisesRegex(ValidationError, "15.00 at most"):
            self._refund(tx, 25.0, {self.third: 25.0})
        [refund] = self.sandbox.objects("refund")
        self.sandbox.control.succeed_refund(refund["id"])
        self._catch_up()
        self._assert_due(0.0, 0.0, 25.0)
        self._assert_matched()

    def test_b10_refund_that_comes_back_closes_the_invoices_again(self):
        tx = self._pay()
        self._refund(tx, 70.0)
        self._assert_due(0.0, 30.0, 40.0)
        [refund] = self.sandbox.objects("refund")
        self.sandbox.control.fail_refund(refund["id"])
        self._catch_up()
        self._assert_due(0.0, 0.0, 0.0)
        self._assert_matched()
        self.assertFalse(self._get_todos(tx))
        self._refund(tx, 40.0)
        self._assert_due(0.0, 0.0, 40.0)

    def test_b10_refund_that_comes_back_after_another_payment_is_credit(self):
        tx = self._pay()
        self._refund(tx, 40.0)
        again = self._create_attempt(link=self._create_link(self.third), amount=40.0)
        self._confirm(again)
        self._catch_up()
        [refund] = self.sandbox.objects("refund")
        self.sandbox.control.fail_refund(refund["id"])
        self._catch_up()
        self._assert_due(0.0, 0.0, 0.0)
        attempt = tx.portal_attempt_id
        self.assertEqual(attempt.overpaid_amount, 40.0)
        self.assertEqual(self._get_todos(tx).kind, "overpaid")

    def test_b10_what_was_paid_too_much_is_refunded_first(self):
        tx = self._create_attempt_of_all()
        # The customer pays by bank transfer meanwhile.
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.second.ids
        ).create({"amount": 45.0}).action_create_payments()
        self._confirm(tx)
        self._catch_up()
        self.assertEqual(tx.portal_attempt_id.overpaid_amount, 45.0)
        form = self._open_wizard(tx, 50.0)
        lines = [form.portal_line_ids.edit(index) for index in range(3)]
        self.assertEqual([line.most for line in lines], [100.0, 15.0, 40.0])
        self.assertEqual([line.amount for line in lines], [0.0, 0.0, 5.0])
        with self.assertRaisesRegex(ValidationError, "5.00 at most"):
            self._refund(tx, 50.0, {self.first: 5.01})
        self._refund(tx, 50.0)
        self._assert_due(0.0, 0.0, 5.0)
        self._assert_matched()
        self._refund(tx, 60.0)
        self._assert_due(10.0, 15.0, 40.0)

    def test_b10_refund_at_stripe_of_what_was_too_much_is_nothing_to_do(self):
        tx = self._create_attempt_of_all()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.second.ids
        ).create({"amount": 45.0}).action_create_payments()
        self._confirm(tx)
        self._catch_up()
        self._refund_at_stripe(tx, 45.0)
        self._assert_due(0.0, 0.0, 0.0)
        self._assert_matched()
        self.assertEqual(
            self._get_todos(tx).mapped(lambda todo: (todo.kind, todo.state)),
            [("overpaid", "done")],
        )

    def _create_attempt_of_all(self):
        moves = self.moves
        return self._create_attempt(
            link=self._create_link(moves[0]),
            amount=200.0,
            invoice_ids=[Command.set(moves.ids)],
            portal_line_ids=[
                Command.create({"move_id": move.id, "amount": move.amount_residual})
                for move in moves
            ],
        )

    # === Rights === #

    def test_b10_only_who_settles_payments_reopens_invoices(self):
        tx = self._pay()
        self._refund_at_stripe(tx, 20.0)
        todo, row = self._get_todos(tx), tx.portal_attempt_id.refund_ids
        auditor = new_test_user(
            self.env,
            "auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
        )
        self.assertEqual(row.with_user(auditor).amount, 20.0)
        with self.assertRaises(AccessError):
            todo.with_user(auditor).action_reopen_invoices()
        with self.assertRaises(AccessError):
            row.with_user(auditor).action_open_window()
        with self.assertRaises(AccessError):
            row.with_user(self.biller).is_assigned = True
        action = todo.with_user(self.biller).action_reopen_invoices()
        window = self.env[action["res_model"]].with_user(self.biller)
        window = window.browse(action["res_id"])
        self.assertEqual(len(window.line_ids), 3)
        other = self.setup_other_company()["company"]
        self.biller.write({"company_ids": other.ids, "company_id": other.id})
        for what, try_it in (
            ("open", lambda: row.with_user(self.biller).action_open_window()),
            ("use", lambda: window.action_reopen()),
            ("read", lambda: window.line_ids.mapped("paid_amount")),
        ):
            self.env.invalidate_all()
            with (
                self.subTest(what),
                self.assertRaises(AccessError),
                self.env.cr.savepoint(),
            ):
                try_it()
