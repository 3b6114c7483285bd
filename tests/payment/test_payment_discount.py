from datetime import date
from itertools import cycle, product
from unittest.mock import patch

from odoo.fields import Command

from ..payment_common import PortalPaymentCommon

LINES = (103.37, 59.99, 240.0)


class TestPaymentDiscount(PortalPaymentCommon):
    """What was offered is what is booked: to the last cent, and on the right day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        accounts = cls.env["account.account"].search(
            [
                ("account_type", "=", "liability_current"),
                ("company_ids", "in", cls.company.ids),
            ],
            limit=3,
        )
        lines = [
            [
                Command.create({"repartition_type": "base"}),
                Command.create({"repartition_type": "tax", "account_id": account.id}),
            ]
            for account in accounts
        ]
        cls.taxes = cls.env["account.tax"].create(
            [
                {
                    "name": f"{rate} %",
                    "amount": rate,
                    "type_tax_use": "sale",
                    "company_id": cls.company.id,
                    "invoice_repartition_line_ids": repartition,
                    "refund_repartition_line_ids": repartition,
                }
                for rate, repartition in zip((20.0, 10.0, 5.5), lines, strict=False)
            ]
        )

    def _create_discounted(self, mode, taxes):
        """Create an invoice with three lines, taxed in turn, and 2 % if paid early."""
        term = self.env["account.payment.term"].create(
            {
                "name": f"2 %, {mode}",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 36500,
                "early_pay_discount_computation": mode,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 36600}
                    )
                ],
            }
        )
        return self._create_portal_invoice(
            invoice_payment_term_id=term.id,
            invoice_date_due=False,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": f"Line {price}",
                        "price_unit": price,
                        "tax_ids": [
                            Command.set(taxes[index % len(taxes)].ids if taxes else [])
                        ],
                    }
                )
                for index, price in enumerate(LINES)
            ],
        )

    def test_s19_discount_leaves_nothing_open(self):
        modes = ("included", "excluded", "mixed")
        rounding = ("round_per_line", "round_globally")
        counts = cycle(range(len(self.taxes) + 1))
        for (method, mode), count in zip(
            product(rounding, modes), counts, strict=False
        ):
            self.company.tax_calculation_rounding_method = method
            invoice = self._create_discounted(mode, self.taxes[:count])
            offered = invoice._get_portal_amounts()[0][0]
            with self.subTest(mode=mode, taxes=count, method=method):
                self.assertLess(offered, invoice.amount_total, "it is a discount")
                link = self._create_link(invoice)
                self._analyze_books()
                tx = self._create_attempt(link=link, amount=offered)
                self._confirm(tx)
                tx.portal_attempt_id._stripe_refresh()
                self.assertEqual(tx.payment_id.amount, offered)
                self.assertEqual(invoice.amount_residual, 0.0)
                self.assertIn(invoice.payment_state, ("paid", "in_payment"))
                entry = tx.payment_id.move_id
                self.assertAlmostEqual(sum(entry.line_ids.mapped("balance")), 0.0)
                self.assertFalse(tx.portal_attempt_id.todo_ids)

    def test_s19_payment_of_the_whole_grants_no_discount(self):
        invoice = self._create_discounted("included", self.taxes)
        tx = self._create_attempt(self._create_link(invoice), invoice.amount_total)
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(len(tx.payment_id.move_id.line_ids), 2)

    def test_s22_payment_bears_the_companys_day(self):
        tx = self._create_attempt()
        self._confirm(tx)
        day = date(2020, 3, 31)
        with patch.object(
            type(self.company), "_get_portal_day", lambda _self, moment=None: day
        ):
            tx.portal_attempt_id._stripe_refresh()
        self.assertEqual(tx.payment_id.date, day)
        self.assertEqual(tx.payment_id.move_id.date, day)
