import json

from odoo.tests import HttpCase

from ..fuzz_common import PortalFuzzCommon


class TestPaymentFuzz(PortalFuzzCommon, HttpCase):
    """Whatever is sent to the payment's addresses is answered, and no error of ours."""

    def test_b5_payments_addresses_answer_whatever_is_sent(self):
        self._fuzz(150)

    def test_b5_event_with_text_that_cannot_be_stored_is_refused(self):
        fields = ("id", "payment_intent", "charge", "description", "object")
        for text, names in (
            ("\ud800", fields),
            ("pi_\0", fields),
            ({}, ["description"]),
            (0, ["description"]),
        ):
            for field in names:
                stripe_object = {"object": "charge", "id": "ch_1", field: text}
                event = {
                    "id": "evt_1",
                    "type": "charge.dispute.created",
                    "created": 1,
                    "data": {"object": stripe_object},
                }
                header = self._sign(json.dumps(event))
                with self.subTest(text=ascii(text), field=field):
                    response = self._deliver(event, header=header)
                    self.assertEqual(response.status_code, 400)

    def test_s19_zero_is_no_amount(self):
        for zero in (0, 0.0, "0", "0.00"):
            answer = self.make_jsonrpc_request(
                self.link._get_path("check"), {"amount": zero}
            )
            with self.subTest(zero=zero):
                self.assertIn("greater than zero", answer["errors"]["amount"])
                self.assertIsNone(answer["attempt"])
