from itertools import product

from ..early_discount_common import (
    CASH_ROUNDINGS,
    MODES,
    ROUNDING_METHODS,
    TAX_MIXES,
    EarlyDiscountCommon,
)


class TestEarlyDiscountSoak(EarlyDiscountCommon):
    """Each mix of taxes with each way to discount and to round."""

    def test_s19_discount_closes_the_invoice_as_register_payment_does(self):
        for each in product(TAX_MIXES, MODES, ROUNDING_METHODS, CASH_ROUNDINGS):
            self._check_combination(*each)
