from odoo import fields
from odoo.fields import Command

from .payment_common import PortalPaymentCommon

MODES = ("included", "excluded", "mixed")
#: What the lines of an invoice are taxed with: names of `_create_taxes`, by line.
TAX_MIXES = {
    "none": [[]],
    "one": [["t8"]],
    "two lines, two taxes": [["t8"], ["t19"]],
    "one line, two taxes": [["t8", "t19"]],
    "one line without": [["t19"], []],
    "included in the price": [["t21_included"], ["t8"]],
    "fixed": [["t19", "fixed"]],
    "withheld": [["t21_included"], ["t19", "withheld"]],
    "split between accounts": [["split"], ["t8"]],
    "of nothing": [["t0"], ["t19"]],
}
ROUNDING_METHODS = ("round_per_line", "round_globally")
CASH_ROUNDINGS = (None, "add_invoice_line", "biggest_tax")
PRICES = (99.99, 33.33, 10.05)


class EarlyDiscountCommon(PortalPaymentCommon):
    """Invoices with a discount for who pays early, of many kinds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taxes = cls._create_taxes()
        cls.terms = {mode: cls._create_term(mode) for mode in MODES}
        cls.roundings = {
            strategy: cls.env["account.cash.rounding"].create(
                {
                    "name": strategy,
                    "rounding": 0.05,
                    "strategy": strategy,
                    "profit_account_id": cls.company_data["default_account_revenue"].id,
                    "loss_account_id": cls.company_data["default_account_expense"].id,
                }
            )
            for strategy in filter(None, CASH_ROUNDINGS)
        }

    @classmethod
    def _create_taxes(cls):
        account = cls.company_data["default_account_tax_sale"]

        def lines(*factors):
            return [
                Command.clear(),
                Command.create({"repartition_type": "base"}),
                *(
                    Command.create(
                        {
                            "repartition_type": "tax",
                            "factor_percent": factor,
                            "account_id": account.id,
                        }
                    )
                    for factor in factors
                ),
            ]

        def create(amount, factors=(100,), **values):
            return cls.env["account.tax"].create(
                {
                    "name": f"Tax {amount} {len(factors)} {sorted(values)}",
                    "amount": amount,
                    "type_tax_use": "sale",
                    "company_id": cls.company.id,
                    "price_include_override": "tax_excluded",
                    "invoice_repartition_line_ids": lines(*factors),
                    "refund_repartition_line_ids": lines(*factors),
                    **values,
                }
            )

        return {
            "t0": create(0),
            "t8": create(8.25),
            "t19": create(19),
            "t21_included": create(21, price_include_override="tax_included"),
            "fixed": create(1.5, amount_type="fixed"),
            "withheld": create(-1.5),
            "split": create(12.5, factors=(40, 60)),
        }

    @classmethod
    def _create_term(cls, mode):
        return cls.env["account.payment.term"].create(
            {
                "name": f"2/10 {mode}",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": mode,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )

    def _create_discounted(self, mode, mix, rounding=None, **values):
        return self._create_portal_invoice(
            invoice_date=fields.Date.today(),
            invoice_date_due=False,
            invoice_payment_term_id=self.terms[mode].id,
            invoice_cash_rounding_id=rounding and self.roundings[rounding].id,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": f"Line {number}",
                        "quantity": 1 + number,
                        "price_unit": price,
                        "tax_ids": [Command.set([self.taxes[tax].id for tax in taxes])],
                    }
                )
                for number, (taxes, price) in enumerate(
                    zip(TAX_MIXES[mix], PRICES, strict=False)
                )
            ],
            **values,
        )

    def _pay(self, invoice, amount):
        """Book a payment that was made, as whichever comes first does."""
        tx = self._create_attempt(link=self._create_link(invoice), amount=amount)
        self._settle_without_charge(tx)
        tx.portal_attempt_id._try_booking(tx)
        return tx.payment_id

    def _register(self, invoice):
        """Book the same with core's Register Payment."""
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard = wizard.create({"journal_id": self.provider.journal_id.id})
        return wizard._create_payments()

    def _get_entry(self, payment):
        """Return what was booked where; not the accounts of money under way.

        In another currency core rounds the rates of both ways in its own way.
        """
        is_foreign = payment.currency_id != payment.company_id.currency_id
        return sorted(
            (
                line.account_id.code,
                line.tax_repartition_line_id.id,
                sorted(line.tax_ids.ids),
                line.currency_id.name,
                line.currency_id.round(line.amount_currency),
                is_foreign or line.company_currency_id.round(line.balance),
            )
            for line in payment.move_id.line_ids
            if line.account_id != payment.outstanding_account_id
            and line.amount_currency
        )

    def _check_discount(self, invoice, as_core):
        self._analyze_books()
        amounts = [amount for amount, _label in invoice._get_portal_amounts()]
        self.assertEqual(len(amounts), 2, "a discount is offered")
        payment = self._pay(invoice, amounts[0])
        self.assertEqual(payment.amount, amounts[0])
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(invoice.portal_balance_due, 0.0)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        registered = self._register(as_core)
        self.assertEqual(registered.amount, payment.amount)
        self.assertEqual(self._get_entry(payment), self._get_entry(registered))

    def _check_combination(self, mix, mode, method, cash):
        """Pay one as on the portal, another with core's Register Payment, and compare.

        :param str mix: a key of `TAX_MIXES`
        :param str mode: one of `MODES`
        :param str method: one of `ROUNDING_METHODS`
        :param str|None cash: one of `CASH_ROUNDINGS`
        """
        self.company.tax_calculation_rounding_method = method
        with self.subTest(mode=mode, mix=mix, method=method, cash=cash):
            self._check_discount(
                self._create_discounted(mode, mix, cash),
                self._create_discounted(mode, mix, cash),
            )
