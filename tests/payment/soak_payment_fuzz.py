from odoo.tests import HttpCase

from ..fuzz_common import PortalFuzzCommon


class TestPaymentFuzzSoak(PortalFuzzCommon, HttpCase):
    """The same with as many requests as make a day of a curious stranger."""

    def test_b5_payments_addresses_answer_whatever_is_sent(self):
        self._fuzz(2000)
