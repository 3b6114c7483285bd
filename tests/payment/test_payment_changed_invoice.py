from odoo.tests import HttpCase, new_test_user

from ..payment_common import PortalPaymentCommon


class TestPaymentChangedInvoice(PortalPaymentCommon, HttpCase):
    """An invoice that becomes another one is not paid by what was paid for the old."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = cls.env["res.partner"].create(
            {"name": "Stella Stranger", "email": "stella@stranger.example"}
        )
        cls.env.ref("base.CHF").active = True

    def _change(self, **values):
        self.invoice.button_draft()
        self.invoice.write(values)
        self.invoice.action_post()

    def _get_changes(self):
        """Return what makes an invoice another one, by what is changed."""
        return {
            "customer": {"partner_id": self.stranger.id},
            "currency": {"currency_id": self.env.ref("base.CHF").id},
        }

    def _each_change(self):
        for name, values in self._get_changes().items():
            self.invoice = self._create_portal_invoice()
            self.link = self._create_link(self.invoice)
            with self.subTest(name):
                yield values

    def _start_unstoppable(self):
        """Have a debit under way that Stripe does not cancel any more."""
        self._enable_echeck()
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        self._catch_up()
        self.sandbox.faults.add("error", status=400, times=0, path="cancel$")
        return tx

    def _assert_is_credit(self, tx):
        """Check that the money is the payer's, and that staff know."""
        attempt = tx.portal_attempt_id
        payment = tx.payment_id
        self.assertEqual((tx.state, payment.amount), ("done", 100.0))
        self.assertEqual(payment.partner_id, self.customer)
        self.assertEqual(self.invoice.portal_balance_due, 100.0)
        self.assertEqual(self.invoice.payment_state, "not_paid")
        self.assertEqual(attempt.overpaid_amount, 100.0)
        open_todos = attempt.todo_ids.filtered(lambda todo: todo.state == "open")
        self.assertEqual(open_todos.mapped("kind"), ["changed"])
        self.assertEqual(attempt.move_id, self.invoice, "it is not forgotten")

    def test_s22_money_for_what_has_become_anothers_invoice_is_the_payers(self):
        for values in self._each_change():
            tx = self._create_attempt()
            self._confirm(tx)
            self._change(**values)
            self._catch_up()
            self._assert_is_credit(tx)
            credit = tx.portal_attempt_id._get_credit_lines()
            self.assertEqual(-sum(credit.mapped("amount_residual")), 100.0)
            self.assertEqual(credit.partner_id, self.customer)

    def test_s22_the_same_without_entries(self):
        self._book_without_entries()
        for values in self._each_change():
            tx = self._create_attempt()
            self._confirm(tx)
            self._change(**values)
            self._catch_up()
            self._assert_is_credit(tx)

    def test_s22_the_same_of_what_was_paid_on_cores_page(self):
        tx = self._create_attempt(portal_origin="elsewhere", portal_link_id=False)
        self._confirm(tx)
        self._change(partner_id=self.stranger.id)
        self._catch_up()
        self._assert_is_credit(tx)

    def test_b3_new_customer_need_not_wait_for_anothers_money(self):
        tx = self._start_unstoppable()
        self._change(partner_id=self.stranger.id)
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_open, "it may take money still")
        self.assertEqual(tx.portal_attempt_id.todo_ids.kind, "late")
        self.assertEqual(self.invoice._get_portal_invoice_status(), "open")
        link = self._create_link(self.invoice, partner_id=self.stranger.id)
        self.assertNotIn("being processed", self.url_open(link._get_path()).text)
        values = self.make_jsonrpc_request(
            link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "client_key": "tab",
            },
        )
        self.env.invalidate_all()
        own = self._get_transactions() - tx
        self.assertEqual(own.reference, values["reference"])
        self._confirm(own)
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self.assertEqual(self.invoice.portal_balance_due, 0.0)
        self.assertFalse(own.portal_attempt_id.todo_ids)
        kinds = tx.portal_attempt_id.todo_ids.filtered(lambda one: one.state == "open")
        self.assertEqual(kinds.mapped("kind"), ["changed"])

    def test_s18_invoice_that_is_given_back_is_paid_by_what_was_under_way(self):
        tx = self._start_unstoppable()
        self._change(partner_id=self.stranger.id)
        self._catch_up()
        self._change(partner_id=self.customer.id)
        self._catch_up()
        self.assertEqual(self.invoice._get_portal_invoice_status(), "processing")
        self.assertFalse(self.invoice._is_payable_on_portal(), "money is on its way")
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self._assert_paid_once()

    def test_s18_another_contact_of_the_same_customer_changes_nothing(self):
        colleague = self.env["res.partner"].create(
            {"name": "Colleague", "parent_id": self.customer.id}
        )
        group = self.env["res.partner"].create({"name": "Group", "is_company": True})
        tx = self._create_attempt()
        self._change(partner_id=colleague.id)
        self.customer.parent_id = group
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_open)
        self.assertFalse(tx.portal_attempt_id.release_requested_on)
        self._confirm(tx)
        self._catch_up()
        self._assert_paid_once()
        self.assertFalse(tx.portal_attempt_id.todo_ids)

    def test_b4_dispute_that_is_won_does_not_pay_anothers_invoice(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self._change(partner_id=self.stranger.id)
        self.sandbox.control.close_dispute(dispute, "won")
        self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.portal_balance_due, 100.0)
        self.assertEqual(tx.payment_id.partner_id, self.customer)

    def test_b4_dispute_that_is_won_posts_no_draft(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        dispute = self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self.invoice.button_draft()
        self.sandbox.control.close_dispute(dispute, "won")
        self._catch_up()
        self.assertEqual(self.invoice.state, "draft")

    def test_s22_payer_is_answered_and_reads_nothing_of_the_other_customer(self):
        self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "client_key": "tab",
            },
        )
        self.env.invalidate_all()
        self._confirm(self._get_transactions())
        self._change(
            partner_id=self.stranger.id,
            ref="Only for Stella",
        )
        self.invoice.invoice_line_ids.name = "Stella's work"
        self._catch_up()
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("your payment was received", page)
        self.assertIn('id="amount_overpaid"', page)
        for text in ("Remaining balance", "fully paid", "Stella", "Download the inv"):
            self.assertNotIn(text, page)

    def test_s22_credit_is_matched_with_the_payers_next_invoice(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._change(partner_id=self.stranger.id)
        self._catch_up()
        todo = tx.portal_attempt_id.todo_ids.with_user(self.biller).sudo(False)
        following = self._create_portal_invoice(100.0)
        action = todo.action_match()
        found = self.env["account.move"].with_user(self.biller).search(action["domain"])
        self.assertIn(following, found)
        self.assertNotIn(self.invoice, found)
        for line in tx.portal_attempt_id._get_credit_lines():
            following.with_user(self.biller).js_assign_outstanding_line(line.id)
        self.assertEqual((todo.state, todo.resolution), ("done", "matched"))

    def test_s22_credit_is_refunded_by_whoever_invoices(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._change(partner_id=self.stranger.id)
        self._catch_up()
        colleague = new_test_user(
            self.env, "refunder", groups="account.group_account_invoice"
        )
        tx.portal_attempt_id.todo_ids.with_user(colleague).sudo(False).action_refund()
        [refund] = self.sandbox.objects("refund")
        self.assertEqual(refund["amount"], 10000)
        self.assertEqual(tx.portal_attempt_id.todo_ids.resolution, "refunded")
