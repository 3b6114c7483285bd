from itertools import product

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase

from ..payment_common import PortalPaymentCommon

DISCOUNT_MODES = ("included", "excluded", "mixed")


class TestPaymentShares(PortalPaymentCommon, HttpCase):
    """One payment of several invoices pays each by the share that was chosen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.portal_allow_part_payment = True
        cls.first, cls.second, cls.third = (
            cls._create_portal_invoice(price, invoice_date_due=f"2099-03-{day}")
            for price, day in ((100.0, 10), (60.0, 20), (40.0, 30))
        )
        cls.tax = cls.env["account.tax"].create(
            {
                "name": "Tax 8.25",
                "amount": 8.25,
                "type_tax_use": "sale",
                "company_id": cls.company.id,
                "price_include_override": "tax_excluded",
            }
        )
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.env["res.currency.rate"].create(
            [
                {
                    "name": day,
                    "rate": rate,
                    "currency_id": cls.euro.id,
                    "company_id": cls.company.id,
                }
                # The invoices' rate, and the payment's.
                for day, rate in (("2020-01-01", 0.83), ("2020-03-02", 0.77))
            ]
        )

    @classmethod
    def _create_term(cls, **values):
        return cls.env["account.payment.term"].create(
            {
                "name": "Term",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
                **values,
            }
        )

    @classmethod
    def _create_discounted(cls, mode, price, **values):
        term = cls._create_term(
            early_discount=True,
            discount_percentage=2,
            discount_days=10,
            early_pay_discount_computation=mode,
        )
        return cls._create_taxed(
            price,
            invoice_date=fields.Date.today(),
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
            **values,
        )

    @classmethod
    def _create_taxed(cls, price, **values):
        line = {"name": "Consulting", "quantity": 1, "price_unit": price}
        line["tax_ids"] = [Command.set(cls.tax.ids)]
        return cls._create_portal_invoice(
            invoice_line_ids=[Command.create(line)], **values
        )

    def _start(self, shares):
        """Start a payment of several invoices, as they were ticked.

        :param dict shares: The amount by invoice.
        """
        moves = self.env["account.move"].concat(*shares)
        return self._create_attempt(
            link=self._create_link(moves[0]),
            amount=moves.currency_id.round(sum(shares.values())),
            invoice_ids=[Command.set(moves.ids)],
            reference=f"shares-{'-'.join(map(str, moves.ids))}",
            portal_line_ids=[
                Command.create({"move_id": move.id, "amount": share})
                for move, share in shares.items()
            ],
        )

    def _pay(self, shares):
        """Start such a payment, and book it once the money has come."""
        tx = self._start(shares)
        self._analyze_books()
        self._settle_without_charge(tx)
        self.assertFalse(
            tx.portal_attempt_id._try_booking(tx), "nothing is left to be booked"
        )
        self.env.invalidate_all()
        return tx

    def _assert_left(self, left):
        """Check what is left of invoices, in their currency, by page and ledger."""
        for move, amount in left.items():
            with self.subTest(move.name):
                self.assertEqual(
                    (move.amount_residual, move.portal_balance_due), (amount, amount)
                )

    def _get_term_lines(self, move):
        return move.line_ids.filtered(lambda line: line.display_type == "payment_term")

    def _get_counterpart(self, tx):
        [line] = tx.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id == tx.payment_id.destination_account_id
        )
        return line

    def _assert_used_up(self, tx):
        """Check that nothing of a payment is left, in either currency."""
        line = self._get_counterpart(tx)
        self.assertTrue(line.reconciled)
        self.assertEqual((line.amount_residual, line.amount_residual_currency), (0, 0))

    # === Shares === #

    def test_b10_parts_are_booked_as_chosen_not_oldest_first(self):
        tx = self._pay({self.first: 12.34, self.second: 59.99, self.third: 40.0})
        self._assert_left({self.first: 87.66, self.second: 0.01, self.third: 0.0})
        self._assert_used_up(tx)
        self.assertEqual(tx.payment_id.amount, 112.33)
        self.assertEqual(tx.invoice_ids, self.first + self.second + self.third)
        self.assertEqual(tx.payment_id.invoice_ids, tx.invoice_ids)
        self.assertFalse(tx.portal_attempt_id.is_open)

    def test_b10_invoice_with_a_share_of_nothing_is_left_alone(self):
        self._pay({self.first: 0.0, self.second: 60.0})
        self._assert_left({self.first: 100.0, self.second: 0.0})

    def test_b10_parts_without_an_entry_count_as_chosen(self):
        self._book_without_entries()
        tx = self._pay({self.first: 12.34, self.second: 59.99, self.third: 40.0})
        self.assertFalse(tx.payment_id.move_id)
        self.assertEqual(
            (self.first + self.second + self.third).mapped("portal_balance_due"),
            [87.66, 0.01, 0.0],
        )
        self.assertEqual(
            [paid["amount"] for paid in self.second._get_portal_payments()], [59.99]
        )

    def test_b10_shares_that_do_not_make_up_the_amount_are_not_started(self):
        for shares, amount in (
            ({self.first: 50.0, self.second: 60.0}, 100.0),
            ({self.first: 70.0, self.second: -10.0}, 60.0),
        ):
            with (
                self.subTest(amount=amount),
                self.assertRaisesRegex(ValidationError, "do not add up"),
                self.env.cr.savepoint(),
            ):
                self._create_attempt(
                    amount=amount,
                    invoice_ids=[Command.set((self.first + self.second).ids)],
                    portal_line_ids=[
                        Command.create({"move_id": move.id, "amount": share})
                        for move, share in shares.items()
                    ],
                )

    def test_b10_what_cannot_be_paid_together_is_not_started(self):
        account = self.company_data["default_account_receivable"]
        partner = self.customer.copy({"name": "Someone else", "email": False})
        others = {
            "another currency": {"currency_id": self.euro.id},
            "another customer": {"partner_id": partner.id},
        }
        refused = {
            name: (self._create_portal_invoice(**values), 10.0, "has changed")
            for name, values in others.items()
        }
        refused["more than is due"] = (self.third, 40.01, "has changed")
        self.customer.property_account_receivable_id = account.copy()
        other = self._create_portal_invoice()
        self.assertNotEqual(
            self._get_term_lines(other).account_id,
            self._get_term_lines(self.first).account_id,
        )
        refused["another account"] = (other, 10.0, "cannot be paid together")
        for name, (move, amount, message) in refused.items():
            with (
                self.subTest(name),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self._create_attempt(
                    amount=100.0 + amount,
                    invoice_ids=[Command.set((self.first + move).ids)],
                    reference=f"refused {name}",
                    portal_line_ids=[
                        Command.create({"move_id": self.first.id, "amount": 100.0}),
                        Command.create({"move_id": move.id, "amount": amount}),
                    ],
                )
        self.assertFalse(self.first.portal_attempt_line_ids)

    def test_b10_installments_of_an_invoice_are_paid_in_their_order(self):
        term = self._create_term(
            line_ids=[
                Command.create(
                    {"value": "percent", "value_amount": 50, "nb_days": days}
                )
                for days in (30, 60)
            ]
        )
        values = {"invoice_date_due": False, "invoice_payment_term_id": term.id}
        parts = self._create_portal_invoice(300.0, **values)
        tx = self._pay({self.first: 100.0, parts: 160.01})
        self._assert_left({self.first: 0.0, parts: 139.99})
        terms = parts.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        self.assertEqual(
            terms.sorted("date_maturity").mapped("amount_residual"), [0.0, 139.99]
        )
        self._assert_used_up(tx)

    # === Discounts === #

    def test_b10_several_discounts_are_granted_to_the_cent(self):
        for mode, currency in product(
            DISCOUNT_MODES, (self.company.currency_id, self.euro)
        ):
            with self.subTest(mode=mode, currency=currency.name):
                values = {"currency_id": currency.id}
                first = self._create_discounted(mode, 99.99, **values)
                second = self._create_discounted(mode, 33.33, **values)
                part = self._create_discounted(mode, 10.05, **values)
                shares = {
                    move: move._get_portal_usual_offers()[0].amount
                    for move in first + second
                }
                self.assertLess(shares[first], first.amount_residual)
                tx = self._pay({**shares, part: 5.55})
                left = currency.round(part.amount_total - 5.55)
                self._assert_left({first: 0.0, second: 0.0, part: left})
                self._assert_used_up(tx)
                self.assertEqual(tx.payment_id.amount, tx.amount)

    def test_b10_sum_that_is_another_invoices_discount_grants_none(self):
        discounted = self._create_discounted("included", 100.0)
        amount = discounted._get_portal_usual_offers()[0].amount
        part = self.company.currency_id.round(amount - 10.0)
        self._pay({discounted: part, self.first: 10.0})
        left = self.company.currency_id.round(discounted.amount_total - part)
        self._assert_left({discounted: left, self.first: 90.0})

    def test_b10_discounts_without_an_entry_pay_the_invoices(self):
        self._book_without_entries()
        moves = [self._create_discounted("included", price) for price in (80.0, 20.0)]
        self._pay({move: move._get_portal_usual_offers()[0].amount for move in moves})
        self.assertEqual([move.portal_balance_due for move in moves], [0.0, 0.0])

    # === Currencies and rounding === #

    def test_b10_foreign_currency_is_booked_by_share_in_both_currencies(self):
        values = {"currency_id": self.euro.id}
        moves = [
            self._create_portal_invoice(price, **values)
            for price in (33.33, 66.67, 0.01, 1234.56)
        ]
        shares = dict(zip(moves, (33.33, 10.01, 0.01, 1234.56), strict=True))
        tx = self._pay(shares)
        self._assert_left({moves[0]: 0.0, moves[1]: 56.66, moves[2]: 0, moves[3]: 0})
        self._assert_used_up(tx)
        for move in (moves[0], moves[2], moves[3]):
            terms = self._get_term_lines(move)
            self.assertEqual(terms.amount_residual, 0.0, "nothing in ours either")

    def test_b10_currency_without_decimals(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        values = {"currency_id": yen.id}
        moves = [self._create_portal_invoice(p, **values) for p in (5001.0, 777.0)]
        tx = self._pay({moves[0]: 1234.0, moves[1]: 777.0})
        self._assert_left({moves[0]: 3767.0, moves[1]: 0.0})
        self._assert_used_up(tx)

    def test_b10_cash_rounding(self):
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "0.05",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        values = {"invoice_cash_rounding_id": rounding.id}
        moves = [self._create_taxed(price, **values) for price in (33.33, 10.02)]
        shares = {move: move.amount_residual for move in moves}
        tx = self._pay({**shares, self.first: 0.03})
        self._assert_left({moves[0]: 0.0, moves[1]: 0.0, self.first: 99.97})
        self._assert_used_up(tx)

    # === What comes in between === #

    def test_b10_what_an_invoice_does_not_need_any_more_is_credit_not_the_others(self):
        tx = self._start({self.first: 50.0, self.second: 60.0})
        # The customer pays by bank transfer meanwhile.
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.second.ids
        )
        wizard = wizard.create({"amount": 45.0, "payment_difference_handling": "open"})
        wizard._create_payments()
        self._settle_without_charge(tx)
        tx.portal_attempt_id._try_booking(tx)
        self.env.invalidate_all()
        self._assert_left({self.first: 50.0, self.second: 0.0})
        self.assertEqual(self._get_counterpart(tx).amount_residual, -45.0)
        attempt = tx.portal_attempt_id
        self.assertEqual(attempt.overpaid_amount, 45.0)
        self.assertEqual(attempt.todo_ids.kind, "overpaid")

    def test_b10_draft_takes_no_share(self):
        tx = self._start({self.first: 50.0, self.second: 60.0})
        self.second.button_draft()
        self._settle_without_charge(tx)
        tx.portal_attempt_id._try_booking(tx)
        self.env.invalidate_all()
        self.assertEqual(self.first.amount_residual, 50.0)
        self.assertEqual(self.second.state, "draft")
        self.assertEqual(self._get_counterpart(tx).amount_residual, -60.0)

    # === At Stripe === #

    def test_b10_charge_of_several_is_one_and_reversed_as_a_whole(self):
        tx = self._start({self.first: 30.0, self.second: 60.0})
        self._confirm(tx)
        self._catch_up()
        self._assert_left({self.first: 70.0, self.second: 0.0})
        [intent] = self._get_intents()
        self.assertEqual(intent["amount_received"], 9000)
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self._assert_left({self.first: 100.0, self.second: 60.0})
        self.assertTrue(tx.portal_attempt_id.is_reversed)
        self.sandbox.control.close_dispute(dispute, "won")
        self._catch_up()
        self._assert_left({self.first: 70.0, self.second: 0.0})

    def test_b10_another_amount_than_asked_for_is_divided_again(self):
        tx = self._start({self.first: 30.0, self.second: 60.0})
        self._get_stripe().payment_intents.update(
            tx.provider_reference, {"amount": 12000}
        )
        self._confirm(tx)
        self._catch_up()
        attempt = tx.portal_attempt_id
        self.assertEqual(attempt.todo_ids.kind, "mismatch")
        self._assert_left({self.first: 100.0, self.second: 60.0})
        attempt.todo_ids.with_user(self.biller).action_match()
        self.env.invalidate_all()
        self.assertEqual(tx.payment_id.amount, 120.0)
        self._assert_left({self.first: 0.0, self.second: 40.0})
        self._assert_used_up(tx)
        self.assertFalse(attempt.overpaid_amount)

    # === One attempt at a time === #

    def test_b3_overlapping_sets_exclude_each_other(self):
        self._start({self.first: 10.0, self.second: 60.0})
        for shares in (
            {self.second: 60.0, self.third: 40.0},
            {self.third: 40.0, self.first: 1.0},
            {self.second: 1.0},
        ):
            with (
                self.assertRaisesRegex(ValidationError, "was started"),
                self.env.cr.savepoint(),
            ):
                self._start(shares)
        self.assertTrue(self._start({self.third: 40.0}).portal_attempt_id.is_open)
