from odoo.fields import Command
from odoo.tests import HttpCase

from .payment_common import PortalPaymentCommon


class TestPaymentOtherProviders(PortalPaymentCommon, HttpCase):
    """Whatever else is enabled works on the same screen.

    To be run with `payment_demo` and `payment_custom` installed.
    """

    def _enable(self, code, method_code):
        provider = self.env["payment.provider"].sudo()
        installed = [value for value, _label in provider._fields["code"].selection]
        if code not in installed:
            self.skipTest(f"payment_{code} is not installed")
        provider = provider.search([("code", "=", code)], limit=1)
        provider = provider.copy({"company_id": self.company.id})
        method = self.env["payment.method"].with_context(active_test=False)
        method = method.search([("code", "=", method_code)], limit=1)
        provider.write(
            {
                "payment_method_ids": [Command.link(method.id)],
                "state": "test",
                "is_published": True,
            }
        )
        method.active = True
        if code == "demo":
            provider.journal_id = self.company_data["default_journal_bank"]
        return provider, method

    def _start(self, provider, method, flow):
        values = self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "flow": flow,
                "form_key": "tab 1",
            },
        )
        return values, self._get_transactions()[-1:]

    def test_b14_demo_is_offered_paid_and_booked(self):
        provider, method = self._enable("demo", "demo")
        self.assertIn(
            f'data-provider-id="{provider.id}"',
            self.url_open(self.link._get_path("pay")).text,
        )
        values, tx = self._start(provider, method, "direct")
        self.assertEqual(tx.portal_open_move_id, self.invoice)
        self.make_jsonrpc_request(
            "/payment/demo/simulate_payment",
            {
                "reference": values["reference"],
                "payment_details": "1234",
                "simulated_state": "done",
            },
        )
        self.assertEqual(
            self.make_jsonrpc_request(self.link._get_path("status")), "paid"
        )
        self._assert_paid_once()

    def test_b14_demo_that_was_given_up_and_succeeds_is_booked(self):
        provider, method = self._enable("demo", "demo")
        _values, tx = self._start(provider, method, "direct")
        tx._portal_release()
        self.assertEqual(tx.state, "cancel")
        tx._set_done()
        tx._portal_book()
        self._assert_paid_once()

    def test_b14_transfer_is_promised_and_keeps_nobody_out(self):
        provider, method = self._enable("custom", "wire_transfer")
        provider.pending_msg = "<p>Please use account 12-34.</p>"
        _values, tx = self._start(provider, method, "redirect")
        self.assertFalse(tx.portal_open_move_id)
        tx._set_pending()
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("account 12-34", page)
        self.assertTrue(self.invoice._is_payable_on_portal())
