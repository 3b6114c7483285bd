from itertools import product

from ..discount_common import (
    CASH_ROUNDINGS,
    MODES,
    ROUNDING_METHODS,
    TAX_MIXES,
    EarlyDiscountCommon,
)


class TestEarlyDiscountSoak(EarlyDiscountCommon):
    """All modes with all tax mixes and all roundings, in two currencies."""

    def _walk(self, **values):
        for mix, mode, method, cash in product(
            TAX_MIXES, MODES, ROUNDING_METHODS, CASH_ROUNDINGS
        ):
            self.company.tax_calculation_rounding_method = method
            with self.subTest(mode=mode, mix=mix, method=method, cash=cash):
                self._check_discount(mode, mix, cash, **values)

    def test_s19_discount_closes_the_invoice_as_register_payment_does(self):
        self._walk()

    def test_s19_discount_closes_an_invoice_in_another_currency(self):
        self._walk(currency_id=self._enable_euro().id)
