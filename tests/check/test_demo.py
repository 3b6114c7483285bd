from odoo.tests import tagged

from ..common import AccountingCommon


@tagged("post_install", "-at_install")
class TestDemo(AccountingCommon):
    """What an installation with demo data shows."""

    def test_demo_has_a_sent_a_viewed_and_a_paid_invoice(self):
        mails = self.env["mail.mail"].sudo().search_count([])
        demo = self.env["account.move.portal.demo"].with_company(self.env.company)
        demo._load(self.env.company)
        shown = {
            name: self.env.ref(f"account_payment_portal.demo_invoice_{name}")
            for name in ("sent", "viewed", "paid")
        }
        for name, move in shown.items():
            with self.subTest(name):
                self.assertEqual(move.state, "posted")
                self.assertEqual(move.portal_status, name)
        self.assertIn(shown["paid"].payment_state, ("paid", "in_payment"))
        self.assertTrue(shown["viewed"].portal_viewed_on)
        # Nobody is told of what never happened.
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), mails)

    def test_demo_needs_no_chart_of_accounts(self):
        company = self.env["res.company"].create({"name": "No chart"})
        moves = self.env["account.move"].search_count([])
        self.env["account.move.portal.demo"]._load(company)
        self.assertEqual(self.env["account.move"].search_count([]), moves)
