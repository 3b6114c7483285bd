from itertools import cycle, product

from ..early_discount_common import (
    CASH_ROUNDINGS,
    MODES,
    ROUNDING_METHODS,
    TAX_MIXES,
    EarlyDiscountCommon,
)


class TestEarlyDiscount(EarlyDiscountCommon):
    """Whoever pays what a discount leaves has paid the invoice, to the last cent."""

    def test_s19_discount_closes_the_invoice_as_register_payment_does(self):
        roundings = cycle(product(ROUNDING_METHODS, CASH_ROUNDINGS))
        for mix, mode, (method, cash) in zip(
            TAX_MIXES, cycle(MODES), roundings, strict=False
        ):
            self._check_combination(mix, mode, method, cash)

    def test_s19_discount_closes_an_invoice_that_is_rounded_in_its_biggest_tax(self):
        for mode in MODES:
            with self.subTest(mode):
                values = (mode, "two lines, two taxes", "biggest_tax")
                self._check_discount(
                    self._create_discounted(*values), self._create_discounted(*values)
                )

    def test_s19_discount_closes_an_invoice_in_another_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "name": "2020-01-01",
                "rate": 0.83,
                "currency_id": euro.id,
                "company_id": self.company.id,
            }
        )
        for mode in MODES:
            with self.subTest(mode):
                values = (mode, "two lines, two taxes")
                self._check_discount(
                    self._create_discounted(*values, currency_id=euro.id),
                    self._create_discounted(*values, currency_id=euro.id),
                )

    def test_s19_discount_counts_where_the_bank_statement_books_it(self):
        """With Odoo's accounting application such a payment has no entry yet."""
        self._book_without_entries()
        invoice = self._create_discounted("included", "two lines, two taxes")
        payment = self._pay(invoice, invoice._get_portal_amounts()[0][0])
        self.assertFalse(payment.move_id)
        self.assertEqual(invoice.portal_balance_due, 0.0)
        self.assertEqual(invoice._get_portal_invoice_status(), "paid")

    def test_s19_payment_from_elsewhere_keeps_cores_way(self):
        """Core's own payments are core's to book, and no other module's to change."""
        invoice = self._create_discounted("included", "two lines, two taxes")
        offered = invoice._get_portal_amounts()[0][0]
        tx = self._create_attempt(
            link=self._create_link(invoice),
            amount=offered,
            portal_origin="elsewhere",
            portal_link_id=False,
            portal_billing=False,
        )
        self._settle_without_charge(tx)
        tx._create_payment()
        self.assertEqual(
            len(tx.payment_id.move_id.line_ids), 4, "one line of each kind"
        )
