from odoo.tests import HttpCase

from ..fuzz_common import PortalFuzzCommon


class TestPaymentFuzz(PortalFuzzCommon, HttpCase):
    """Whatever is sent to the payment's addresses is answered, and no error of ours."""

    def test_b5_payments_addresses_answer_whatever_is_sent(self):
        self._fuzz(150)

    def test_s19_zero_is_no_amount(self):
        for zero in (0, 0.0, "0", "0.00"):
            answer = self.make_jsonrpc_request(
                self.link._get_path("check"), {"amount": zero}
            )
            with self.subTest(zero=zero):
                self.assertIn("greater than zero", answer["errors"]["amount"])
                self.assertIsNone(answer["attempt"])
