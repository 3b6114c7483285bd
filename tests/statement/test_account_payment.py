from lxml import html

from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from ..statement_common import StatementCommon


@tagged("post_install", "-at_install")
class TestAccountPayment(StatementCommon):
    """What is ticked in the account is paid at once, each by its share."""

    def _settle(self, response):
        """Pay what a payment screen shows, and book it."""
        self._start_payment(response)
        attempt = self.env["account.move.portal.attempt"].search(
            [("link_id", "=", self.link.id)], limit=1
        )
        self._settle_without_charge(attempt.transaction_id)
        attempt._book()
        self.env.invalidate_all()
        return attempt

    def _check(self, response):
        """Return what the payment screen is told before it starts anything."""
        [screen] = html.fromstring(response.content).xpath("//*[@id='payment_screen']")
        return self.make_jsonrpc_request(screen.get("data-check-url"), {})

    def _get_balances(self):
        moves = self.overdue + self.invoice + self.childs
        return moves.mapped("portal_balance_due")

    def test_b10_ticked_invoices_are_paid_by_one_charge(self):
        response = self._choose("ticked", tick=[self.overdue.id, self.childs.id])
        self.assertEqual(
            self._read_shares(response),
            {self.overdue.name: "$ 60.00", self.childs.name: "$ 40.00"},
        )
        attempt = self._settle(response)
        self.assertEqual(attempt.amount, 100.0)
        self.assertEqual(self._get_balances(), [0.0, 100.0, 0.0])
        self.assertEqual(len(attempt.transaction_id.payment_id), 1)

    def test_b10_all_and_all_overdue(self):
        overdue = self._read_shares(self._choose("overdue"))
        self.assertEqual(overdue, {self.overdue.name: "$ 60.00"})
        attempt = self._settle(self._choose("all"))
        self.assertEqual(attempt.amount, 200.0)
        self.assertEqual(self._get_balances(), [0.0, 0.0, 0.0])

    def test_b10_reference_of_many_invoices_is_short(self):
        for price in (3.0, 4.0):
            self._create_portal_invoice(price)
        attempt = self._settle(self._choose("all"))
        self.assertEqual(attempt.reference, f"{self.overdue.name}+4")
        self.assertEqual(self._get_balances(), [0.0, 0.0, 0.0])

    def test_b10_parts_as_entered(self):
        response = self._choose(
            "ticked",
            tick=[self.overdue.id, self.invoice.id],
            **{f"part_{self.invoice.id}": "12.34"},
        )
        attempt = self._settle(response)
        self.assertEqual(attempt.amount, 72.34)
        self.assertEqual(self._get_balances(), [0.0, 87.66, 40.0])

    def test_b10_amount_is_spread_the_oldest_first(self):
        attempt = self._settle(self._choose("spread", spread="75.5"))
        self.assertEqual(attempt.amount, 75.5)
        self.assertEqual(self._get_balances(), [0.0, 84.5, 40.0])

    def test_b10_what_cannot_be_paid_is_said_on_the_page(self):
        part = f"part_{self.invoice.id}"
        ticked = {"tick": [self.invoice.id]}
        for what, entered, message in (
            ("ticked", {}, "Select what you want to pay"),
            ("ticked", {"tick": [self.strangers.id]}, "Select what you want to pay"),
            ("ticked", {**ticked, part: "100.01"}, "more than the balance"),
            ("ticked", {**ticked, part: "0"}, "greater than zero"),
            ("ticked", {**ticked, part: "abc"}, "as a number"),
            ("ticked", {**ticked, part: "0.10"}, "minimum payment"),
            ("ticked", {**ticked, part: "99.90"}, "too small to pay later"),
            ("spread", {"spread": "200.01"}, "more than the balance"),
            ("spread", {"spread": ""}, "as a number"),
            ("nonsense", {}, "Select what you want to pay"),
        ):
            with self.subTest(what=what, **entered):
                response = self._choose(what, **entered)
                self.assertEqual(response.status_code, 422)
                self.assertIn(message, response.text)
        self.assertFalse(self._get_transactions())

    def test_b10_parts_only_where_the_company_allows_them(self):
        self.company.portal_allow_part_payment = False
        self.assertNotIn("part_", self._get_page().text)
        entered = {"tick": [self.invoice.id], f"part_{self.invoice.id}": "50"}
        self.assertIn("in part", self._choose("ticked", **entered).text)

    def test_b10_different_receivable_accounts_are_not_ticked_together(self):
        account = self.company_data["default_account_receivable"]
        self.customer.property_account_receivable_id = account.copy()
        other = self._create_portal_invoice(30.0)
        response = self._choose("ticked", tick=[other.id, self.invoice.id])
        self.assertIn("cannot be paid together", response.text)
        alone = self._choose("ticked", tick=[other.id])
        self.assertEqual(self._read_shares(alone), {other.name: "$ 30.00"})

    @mute_logger("odoo.http")
    def test_b10_what_changed_after_ticking_is_said_and_not_charged(self):
        response = self._choose("ticked", tick=[self.overdue.id, self.childs.id])
        register = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.overdue.ids
        )
        register.create({"amount": 10.0}).action_create_payments()
        self.assertIn("choose again", self._check(response)["errors"]["amount"])
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self._start_payment(response)
        self.assertFalse(self._get_transactions())

    @mute_logger("odoo.http")
    def test_b10_address_of_somebody_elses_invoice_pays_nothing(self):
        path = f"{self.link._get_path('pay')}?choice={self.strangers.id}-700"
        response = self.url_open(path, allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        route = f"{self.link._get_path('transaction')}?choice={self.strangers.id}-700"
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self.make_jsonrpc_request(
                route,
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "flow": "direct",
                },
            )
        self.assertFalse(self._get_transactions())

    @mute_logger("odoo.http")
    def test_b10_one_live_attempt_holds_each_invoice(self):
        self._start_payment(
            self._choose("ticked", tick=[self.overdue.id, self.childs.id])
        )
        other = self._create_link(self.childs)
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self.make_jsonrpc_request(
                other._get_path("transaction"),
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "flow": "direct",
                },
            )
        colleague = self._create_account_link(self.branch)
        again = self._choose(
            "ticked", colleague, tick=[self.invoice.id, self.childs.id]
        )
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self._start_payment(again)
        self.assertIn("not been completed", self._check(again)["attempt"]["message"])
        free = self._choose("ticked", colleague, tick=[self.invoice.id])
        self.assertTrue(self._start_payment(free))

    def test_b10_debit_authorization_names_every_invoice(self):
        self._enable_echeck()
        response = self._choose("ticked", tick=[self.overdue.id, self.childs.id])
        for move in (self.overdue, self.childs):
            self.assertRegex(response.text, rf"as payment of invoices [^.]*{move.name}")

    def test_b10_answer_and_receipt_list_what_was_paid(self):
        self._settle(self._choose("ticked", tick=[self.overdue.id, self.childs.id]))
        response = self._get_page("result")
        self.assertIn("Thank you", response.text)
        self.assertEqual(
            self._read_shares(response, "paid_shares"),
            {self.overdue.name: "$ 60.00", self.childs.name: "$ 40.00"},
        )
        self.assertIn("Back to your account", response.text)
        self.assertNotIn(f'{self.link._get_path("pdf")}"', response.text)
        receipt = self._get_page("receipt")
        self.assertEqual(receipt.headers["Content-Type"], "application/pdf")
        # Odoo makes no PDF in tests unless told to: it is the document itself.
        text = receipt.text
        for move, amount in ((self.overdue, "60.00"), (self.childs, "40.00")):
            self.assertIn(move.name, text)
            self.assertIn(amount, text)

    def test_b10_answer_of_one_invoice_of_the_account_leads_nowhere_else(self):
        self._settle(self._choose("ticked", tick=[self.childs.id]))
        response = self._get_page("result")
        self.assertIn(self.childs.name, response.text)
        for address in html.fromstring(response.content).xpath("//main//a/@href"):
            with self.subTest(address):
                self.assertEqual(self.url_open(address).status_code, 200)

    def test_b10_payment_is_evidence_of_each_invoice(self):
        self._settle(self._choose("ticked", tick=[self.overdue.id, self.childs.id]))
        reports = self.env["report.account_payment_portal.report_portal_evidence"]
        for move, amount in ((self.overdue, "60.00"), (self.childs, "40.00")):
            entries = reports._get_evidence(move)["entries"]
            [paid] = [entry for entry in entries if entry["what"] == "Paid"]
            self.assertIn("bookkeeper@customer.example", paid["who"])
            self.assertIn(amount, paid["detail"])
        entries = reports._get_evidence(self.invoice)["entries"]
        self.assertNotIn("Paid", [entry["what"] for entry in entries])
