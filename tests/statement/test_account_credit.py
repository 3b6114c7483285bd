from lxml import html

from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from ..statement_common import StatementCommon


@tagged("post_install", "-at_install")
class TestAccountCredit(StatementCommon):
    """The customer's credit is used first, if the customer wants that."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.refund = cls._create_portal_invoice(75.0, move_type="out_refund")

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

    def _read_bill(self, response):
        root = html.fromstring(response.content)
        return [
            self._read_text(row.find("b"))
            for row in root.xpath("//*[@id='bill_shares']/li")
        ]

    def _get_balances(self):
        moves = self.overdue + self.invoice + self.childs
        return [*moves.mapped("amount_residual"), self.refund.amount_residual]

    def test_b10_credit_is_offered_and_used_first(self):
        page = html.fromstring(self._get_page().content)
        self.assertEqual(page.xpath("//input[@id='use_credit']/@data-credit"), ["75.0"])
        response = self._choose("all", use_credit="1")
        self.assertEqual(
            self._read_bill(response), ["$ 60.00", "$ 100.00", "$ 40.00", "$ -75.00"]
        )
        attempt = self._settle(response)
        self.assertEqual(attempt.amount, 125.0)
        self.assertEqual(self._get_balances(), [0.0, 0.0, 0.0, 0.0])
        partials = self.overdue.line_ids.matched_credit_ids
        self.assertEqual(partials.credit_move_id.move_id, self.refund)
        self.assertEqual(sum(partials.mapped("amount")), 60.0)

    def test_b10_credit_that_is_left_stays(self):
        attempt = self._settle(
            self._choose(
                "ticked", tick=[self.overdue.id, self.childs.id], use_credit="1"
            )
        )
        self.assertEqual(attempt.amount, 25.0)
        self.assertEqual(self._get_balances(), [0.0, 100.0, 0.0, 0.0])
        self.refund = self._create_portal_invoice(30.0, move_type="out_refund")
        attempt = self._settle(
            self._choose("ticked", tick=[self.invoice.id], use_credit="1")
        )
        self.assertEqual(attempt.amount, 70.0)
        self.assertEqual(self._get_balances(), [0.0, 0.0, 0.0, 0.0])

    def test_b10_what_was_refunded_is_no_credit_any_more(self):
        payment = self.env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 30.0,
                "date": "2020-03-05",
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        page = html.fromstring(self._get_page().content)
        self.assertEqual(page.xpath("//input[@id='use_credit']/@data-credit"), ["45.0"])
        [credit] = page.xpath("//*[@id='account_credit']")
        self.assertEqual(self._read_text(credit), "$ 45.00")
        listed = page.xpath("//*[@id='account_credits']//li")
        self.assertEqual(
            [self._read_text(item.find("b")) for item in listed],
            ["$ 75.00", "$ -30.00"],
        )
        self.assertIn("Refund", self._read_text(listed[1]))
        [part] = self.link._get_statement()
        self.assertEqual(part.total, 155.0)
        response = self._choose("all", use_credit="1")
        self.assertEqual(self._read_bill(response)[-1], "$ -45.00")

    def test_b10_credit_is_not_used_unasked(self):
        attempt = self._settle(self._choose("ticked", tick=[self.invoice.id]))
        self.assertEqual(attempt.amount, 100.0)
        self.assertEqual(self._get_balances(), [60.0, 0.0, 40.0, 75.0])

    def test_b10_credit_is_not_used_for_parts(self):
        part = {f"part_{self.invoice.id}": "50"}
        attempt = self._settle(
            self._choose(
                "ticked",
                tick=[self.overdue.id, self.invoice.id],
                use_credit="1",
                **part,
            )
        )
        self.assertEqual(attempt.amount, 50.0)
        self.assertEqual(self._get_balances(), [0.0, 50.0, 40.0, 15.0])

    def test_b10_credit_that_covers_all_leaves_nothing_to_pay(self):
        response = self._choose("ticked", tick=[self.childs.id], use_credit="1")
        self.assertEqual(response.status_code, 422)
        self.assertIn("covers everything you selected", response.text)
        self.assertFalse(self._get_transactions())

    @mute_logger("odoo.http")
    def test_b10_credit_that_is_used_meanwhile_is_said_and_not_charged(self):
        response = self._choose("all", use_credit="1")
        self._use_elsewhere()
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"):
            self._start_payment(response)
        self.assertFalse(self._get_transactions())

    def test_b10_credit_that_is_used_while_paying_leaves_as_much_open(self):
        response = self._choose("all", use_credit="1")
        self._start_payment(response)
        self._use_elsewhere()
        attempt = self.env["account.move.portal.attempt"].search(
            [("link_id", "=", self.link.id)], limit=1
        )
        self._settle_without_charge(attempt.transaction_id)
        attempt._book()
        self.env.invalidate_all()
        self.assertEqual(sum(self._get_balances()), 75.0)
        [note] = self.overdue.message_ids.filtered(
            lambda message: "chose to apply" in (message.body or "")
        )
        self.assertIn("60.00", note.body)

    def _use_elsewhere(self):
        other = self._create_portal_invoice(75.0)
        lines = (other + self.refund).line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        lines.reconcile()

    @mute_logger("odoo.http")
    def test_b10_credit_of_an_address_is_checked(self):
        for choice in (
            f"{self.overdue.id}-0-6000",  # Nothing to charge.
            f"{self.overdue.id}-1000-6000",  # More than is due.
            f"{self.invoice.id}-100-9900",  # More than there is.
            f"{self.childs.id}-2000-1000",  # Less than is due.
        ):
            with self.subTest(choice):
                response = self.url_open(
                    f"{self.link._get_path('pay')}?choice={choice}",
                    allow_redirects=False,
                )
                self.assertEqual(response.status_code, 303)

    def test_b10_credit_under_way_is_not_used_twice(self):
        self._start_payment(
            self._choose("ticked", tick=[self.invoice.id], use_credit="1")
        )
        response = self._choose("ticked", tick=[self.overdue.id], use_credit="1")
        self.assertEqual(self._read_bill(response), ["$ 60.00"])
