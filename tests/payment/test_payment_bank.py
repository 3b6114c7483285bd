import html

from odoo.tests import HttpCase

from ..payment_common import PortalPaymentCommon

VERIFIED = {"descriptor_code": "SM11AA"}


class TestPaymentBank(PortalPaymentCommon, HttpCase):
    """The life of a bank payment, and of money that is not what it should be."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._enable_echeck()

    def _start_echeck(self, account="000123456789"):
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx, account)
        tx.portal_attempt_id._stripe_refresh()
        return tx

    def _process_echeck(self, account="000123456789"):
        """Bring a bank payment to where the bank has to decide."""
        tx = self._start_echeck(account)
        self._get_stripe().payment_intents.verify_microdeposits(
            tx.provider_reference, VERIFIED
        )
        tx.portal_attempt_id._stripe_refresh()
        return tx

    def _settle_echeck(self):
        """Pay from a bank that knows its customer at once."""
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        return tx

    def _get_mails(self, tx):
        return self.env["account.move.portal.delivery"].search(
            [("transaction_id", "=", tx.id)], order="id"
        )

    def _read(self, mail):
        """Return what an email to the payer says, as it is made for sending."""
        return html.unescape(str(mail.sudo()._make_mail().body_html))

    def test_b4_verification_is_asked_for_and_the_link_is_mailed(self):
        tx = self._start_echeck()
        self.assertEqual(tx.state, "pending")
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "verify")
        self.assertIn("/microdeposits/", tx.portal_attempt_id.verification_url)
        mail = self._get_mails(tx)
        self.assertEqual((mail.kind, mail.email), ("verification", self.customer.email))
        body = self._read(mail)
        self.assertIn(tx.portal_attempt_id.verification_url, body)
        self.assertIn("100.00", body)
        self.assertIn(self.invoice.name, body)
        tx.portal_attempt_id._stripe_refresh()
        self.assertEqual(len(self._get_mails(tx)), 1, "once")

    def test_b4_verified_payment_is_processing_and_keeps_others_out(self):
        tx = self._process_echeck()
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "processing")
        self.assertFalse(tx.portal_attempt_id.verification_url)
        self.assertEqual(self.invoice._get_portal_invoice_status(), "processing")
        self.assertFalse(self.invoice._is_payable_on_portal())
        self.assertEqual(self.invoice.amount_residual, 100.0, "never paid too early")

    def test_b4_settled_payment_is_booked(self):
        tx = self._process_echeck()
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "paid")
        self._assert_paid_once()

    def test_b4_verification_that_fails_opens_the_invoice_again(self):
        tx = self._start_echeck()
        with self.assertRaisesRegex(Exception, "exceeded"):
            self._get_stripe().payment_intents.verify_microdeposits(
                tx.provider_reference, {"descriptor_code": "SM33CC"}
            )
        self._catch_up()
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "failed")
        self.assertTrue(self.invoice._is_payable_on_portal())

    def test_b4_payment_waiting_for_verification_can_be_called_off(self):
        tx = self._start_echeck()
        response = self.url_open(
            self.link._get_path("restart"), data={"submit": "1"}, allow_redirects=False
        )
        self.assertURLEqual(response.headers["Location"], self.link._get_path("pay"))
        self.env.invalidate_all()
        self.assertEqual(tx.state, "cancel")
        self.assertEqual(self._get_intents()[0]["status"], "canceled")
        self.assertTrue(self.invoice._is_payable_on_portal())

    def test_b4_payment_under_way_cannot_be_called_off(self):
        tx = self._process_echeck()
        self.url_open(
            self.link._get_path("restart"), data={"submit": "1"}, allow_redirects=False
        )
        self.env.invalidate_all()
        self.assertEqual(tx.state, "pending")

    def test_b4_refused_debit_fails_with_the_reason_and_a_mail(self):
        tx = self._process_echeck("000222222227")
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self.assertEqual(tx.state, "error")
        self.assertIn("not enough money", tx.state_message)
        self.assertTrue(self.invoice._is_payable_on_portal())
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("not enough money", page)
        self.assertIn("Try again", page)
        mail = self._get_mails(tx)[-1]
        self.assertEqual(
            (mail.kind, mail.email), ("payment_failed", self.customer.email)
        )
        body = self._read(mail)
        self.assertIn("not enough money", body)
        self.assertIn("100.00", body)
        self.assertIn("use the link we sent you", body, "and how to pay again")

    def test_b4_debit_that_bounces_before_it_settles_is_told_to_staff_once(self):
        tx = self._process_echeck("000222222227")
        self.sandbox.control.settle(tx.provider_reference)
        [event] = self._get_events("payment_intent.payment_failed")
        for _repetition in range(2):
            self._deliver(event)  # A request of nobody who has an address.
        self._catch_up()
        todo = tx.portal_attempt_id.todo_ids
        self.assertEqual((todo.kind, todo.state), ("failed", "open"))
        self.assertIn("not enough money", todo.note)
        [activity] = self._get_activities()
        self.assertIn("100.00", activity.summary)
        # Once it was paid in another way nobody has to look after it.
        self.env["account.move.portal.attempt"].sudo()._supersede_for_portal(
            self.link.sudo(), {"client_key": "another tab", "restart": False}
        )
        again = self._create_attempt()
        self._confirm(again)
        self._catch_up()
        self.assertEqual((todo.state, todo.resolution), ("done", "done"))
        self.assertFalse(self._get_activities())

    def test_b4_returned_payment_is_reversed_and_told(self):
        tx = self._settle_echeck()
        payment_move = tx.payment_id.move_id
        self.sandbox.control.return_payment(tx.provider_reference)
        self._catch_up()
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "reversed")
        self.assertEqual(self.invoice.amount_residual, 100.0)
        self.assertEqual(self.invoice.payment_state, "not_paid")
        self.assertEqual(tx.payment_id.state, "rejected")
        reversal = tx.portal_attempt_id.dispute_ids.reversal_move_id
        self.assertEqual(reversal.reversed_entry_id, payment_move)
        self.assertEqual((payment_move.state, reversal.state), ("posted", "posted"))
        lines = (payment_move + reversal).line_ids.filtered("account_id.reconcile")
        self.assertTrue(all(lines.mapped("reconciled")), "nothing is left open")
        self.assertTrue(self._get_activities())
        self.assertTrue(self.invoice._is_payable_on_portal(), "the link is live")
        self.assertIn(
            "returned the payment", self.url_open(self.link._get_path("result")).text
        )

    def test_s13_rules_hear_of_a_bank_payment_when_it_settles_and_comes_back(self):
        rule = self.env.ref("account_payment_portal.base_automation_portal_viewed")
        rule.copy(
            {
                "trigger": "on_portal_payment_received",
                "portal_payment_event": "problem",
                "portal_payment_method": "bank",
            }
        )
        tx = self._process_echeck()
        self.assertFalse(self._get_outcomes(tx))
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self.assertEqual(self._get_outcomes(tx), ["received"])
        self.sandbox.control.return_payment(tx.provider_reference)
        self._catch_up()
        self.assertEqual(self._get_outcomes(tx), ["received", "returned"])
        self.assertEqual(
            self.link.event_ids.sorted("id").mapped("kind"),
            ["paid", "payment_returned"],
        )

    def test_b4_returned_payment_leaves_the_bank_statements_match(self):
        tx = self._settle_echeck()
        liquidity = tx.payment_id._seek_for_lines()[0]
        statement = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.provider.journal_id.id,
                "amount": 100.0,
                "date": "2020-03-05",
                "payment_ref": "payout",
            }
        )
        suspense = statement._seek_for_lines()[1]
        suspense.account_id = liquidity.account_id
        (suspense + liquidity).reconcile()
        self.sandbox.control.return_payment(tx.provider_reference)
        self._catch_up()
        self.assertTrue(liquidity.reconciled)
        self.assertIn(
            suspense,
            liquidity.matched_debit_ids.mapped("debit_move_id")
            | liquidity.matched_credit_ids.mapped("credit_move_id"),
        )
        self.assertEqual(self.invoice.amount_residual, 100.0)

    def test_b4_invoice_is_paid_again_after_a_return(self):
        self._settle_echeck()
        [intent] = self._get_intents()
        self.sandbox.control.return_payment(intent["id"])
        self._catch_up()
        second = self._create_attempt()
        self._confirm(second)
        self._catch_up()
        self.assertEqual(second.state, "done")
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_b4_payment_without_an_entry_is_rejected(self):
        self._book_without_entries()
        tx = self._settle_echeck()
        self.assertFalse(tx.payment_id.move_id)
        self.sandbox.control.return_payment(tx.provider_reference)
        self._catch_up()
        self.assertEqual(tx.payment_id.state, "rejected")
        self.assertEqual(self.invoice.portal_balance_due, 100.0)
        self.assertTrue(self.invoice._is_payable_on_portal())

    # === Refunds === #

    def test_b4_refund_made_at_stripe_shows_in_odoo_and_on_the_page(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        self._get_stripe().refunds.create(
            {"payment_intent": tx.provider_reference, "amount": 3000}
        )
        self._catch_up()
        refund = tx.child_transaction_ids
        self.assertEqual((refund.amount, refund.state), (-30.0, "done"))
        self.assertEqual(refund.payment_id.amount, 30.0)
        self._catch_up()
        self.assertEqual(len(tx.child_transaction_ids), 1, "once")
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("Refunded:", page)
        self.assertTrue(
            any(
                "refund" in str(body)
                for body in self.invoice.message_ids.mapped("body")
            )
        )

    def test_b4_refund_made_in_odoo_is_recorded_once(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        tx._refund(amount_to_refund=30.0)
        for event in self._get_events("charge.refunded"):
            self._deliver(event)
        self._catch_up()
        self.assertEqual(tx.child_transaction_ids.mapped("state"), ["done"])
        [refund] = self.sandbox.objects("refund")
        self.assertEqual(refund["amount"], 3000)

    def test_b4_refund_that_comes_back_is_undone(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        refund = self._get_stripe().refunds.create(
            {"payment_intent": tx.provider_reference}
        )
        self._catch_up()
        self.sandbox.control.fail_refund(refund.id)
        self._catch_up()
        child = tx.child_transaction_ids
        self.assertEqual(child.state, "error")
        self.assertEqual(child.payment_id.state, "rejected")

    # === Another amount === #

    def _pay_other_amount(self, **changed):
        tx = self._create_attempt()
        self._get_stripe().payment_intents.update(tx.provider_reference, changed)
        self._confirm(tx)
        for event in self._get_events():
            self._deliver(event)
        self._catch_up()  # It is heard of more than once.
        return tx

    def test_s22_other_amount_is_told_as_it_is(self):
        tx = self._pay_other_amount(amount=7000)
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "on_hold")
        self.assertFalse(tx.payment_id)
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("Please do not pay again", page)
        self.assertNotIn("Nothing was charged", page)
        self.assertFalse(self.invoice._is_payable_on_portal())
        [activity] = self.invoice.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertIn("70.0 USD", activity.summary)

    def test_s22_other_amount_is_booked_by_staff(self):
        tx = self._pay_other_amount(amount=7000)
        todo = tx.portal_attempt_id.todo_ids.with_user(self.biller).sudo(False)
        todo.action_match()
        self.assertEqual((tx.state, tx.payment_id.amount), ("done", 70.0))
        self.assertEqual(self.invoice.amount_residual, 30.0)
        self.assertTrue(self.invoice._is_payable_on_portal())

    def test_s22_other_amount_that_is_given_back_opens_the_invoice(self):
        tx = self._pay_other_amount(amount=15000)
        self._get_stripe().refunds.create({"payment_intent": tx.provider_reference})
        self._catch_up()
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "cancelled")
        self.assertTrue(self.invoice._is_payable_on_portal())
        self._catch_up()
        self.assertEqual(tx.state, "cancel")

    def test_s22_other_currency_waits_for_staff(self):
        tx = self._pay_other_amount(currency="eur")
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "on_hold")
        self.assertFalse(tx.portal_attempt_id.mismatched_amount)
        self.assertIn("EUR", self.invoice.activity_ids.summary)
