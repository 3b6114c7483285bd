from lxml import etree

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user

from ... import uninstall_hook
from ...const import CATCH_UP_CRON
from ..payment_common import PortalPaymentCommon


class TestPaymentRelease(PortalPaymentCommon, HttpCase):
    """An attempt follows its invoice, and money that comes all the same is told."""

    def _register_payment(self, amount=None):
        values = {"amount": amount} if amount else {}
        register = self.env["account.payment.register"].with_user(self.biller)
        register.with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create(values)._create_payments()

    def _credit(self):
        reversal = self.env["account.move.reversal"].with_user(self.biller)
        reversal.with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({"journal_id": self.invoice.journal_id.id}).refund_moves()
        credit = self.invoice.reversal_move_ids
        credit.action_post()
        lines = (self.invoice + credit).line_ids
        lines.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
            )
        ).reconcile()

    def _edit(self):
        self.invoice.button_draft()
        self.invoice.invoice_line_ids.price_unit = 60.0
        self.invoice.action_post()

    def _give_to_another_customer(self):
        self.invoice.button_draft()
        self.invoice.partner_id = self.env["res.partner"].create({"name": "Other"})
        self.invoice.action_post()

    def _get_changes(self):
        """Return what staff do that leaves no reason for a payment of the whole."""
        return {
            "register": self._register_payment,
            "register a part": lambda: self._register_payment(30.0),
            "credit": self._credit,
            "draft": lambda: self.invoice.with_user(self.biller).button_draft(),
            "edit": self._edit,
            "cancel": lambda: self.invoice.with_user(self.biller).button_cancel(),
            "other customer": self._give_to_another_customer,
        }

    def _get_kinds(self, tx):
        return tx.portal_attempt_id.todo_ids.filtered(
            lambda todo: todo.state == "open"
        ).mapped("kind")

    def _each_change(self):
        """Start a payment, and change its invoice, in each of the ways."""
        for name in self._get_changes():
            self.invoice = self._create_portal_invoice()
            self.link = self._create_link(self.invoice)
            with self.subTest(name):
                yield name, self._get_changes()[name]

    def test_s18_whatever_staff_do_releases_the_attempt_afterwards(self):
        for _name, change in self._each_change():
            tx = self._create_attempt()
            before = len(self.sandbox.requests)
            change()
            attempt = tx.portal_attempt_id
            self.assertTrue(attempt.release_requested_on)
            self.assertEqual(
                len(self.sandbox.requests), before, "not in staff's transaction"
            )
            self.assertTrue(
                self.env["ir.cron.trigger"]
                .sudo()
                .search([("cron_id", "=", self.env.ref(CATCH_UP_CRON).id)])
            )
            self._catch_up()
            self.assertFalse(attempt.is_open)
            self.assertEqual(tx.state, "cancel")
            with self.assertRaisesRegex(Exception, "canceled"):
                self._confirm(tx)
            self.assertFalse(self._get_kinds(tx))

    def test_s18_payment_that_has_no_entry_releases_the_attempt_as_well(self):
        self._book_without_entries()
        for amount in (None, 30.0):
            self.invoice = self._create_portal_invoice()
            self.link = self._create_link(self.invoice)
            tx = self._create_attempt()
            with self.subTest(amount=amount):
                self._register_payment(amount)
                self.assertTrue(tx.portal_attempt_id.release_requested_on)
                self._catch_up()
                self.assertEqual(tx.state, "cancel")
                self.assertEqual(self._get_intents()[-1]["status"], "canceled")
                self.assertFalse(self._get_kinds(tx))

    def test_s18_what_leaves_the_balance_due_releases_nothing(self):
        self.company.portal_allow_part_payment = True
        tx = self._create_attempt(amount=40.0)
        self._register_payment(30.0)
        self.invoice.with_user(self.biller).ref = "Checked"
        self.assertFalse(tx.portal_attempt_id.release_requested_on)

    def test_s18_change_that_is_undone_at_once_releases_nothing(self):
        tx = self._create_attempt()
        self.invoice.button_draft()
        self.invoice.action_post()
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_open)
        self.assertFalse(tx.portal_attempt_id.release_requested_on)

    def test_s18_customer_pays_anew_before_the_schedule_has_come(self):
        tx = self._create_attempt()
        self._edit()
        self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "client_key": "form",
            },
        )
        self.env.invalidate_all()
        new = self._get_transactions() - tx
        self.assertEqual((tx.state, new.amount), ("cancel", 60.0))

    def test_s18_deleted_draft_releases_the_attempt(self):
        tx = self._create_attempt()
        self.invoice.button_draft()
        self.invoice.name = False
        self.invoice.with_context(force_delete=True).unlink()
        self._catch_up()
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertEqual(tx.state, "cancel")

    def _processing(self):
        """Bring a bank debit to where it can no longer be stopped."""
        self._enable_echeck()
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        self._catch_up()
        self.assertEqual(tx.state, "pending")
        return tx

    def test_b4_debit_that_cannot_be_stopped_is_told_to_staff_once(self):
        tx = self._processing()
        self._register_payment()
        self.sandbox.faults.add("error", status=400, times=0, path="cancel$")
        for _run in range(3):
            self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_open)
        self.assertEqual(self._get_kinds(tx), ["late"])
        self.assertEqual(len(self.invoice.activity_ids), 1)
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self.assertEqual(self._get_kinds(tx), ["overpaid"])
        self.assertEqual(tx.portal_attempt_id.overpaid_amount, 100.0)

    def test_s15_page_tells_of_money_on_its_way_though_nothing_is_due(self):
        for change in (self._credit, self._register_payment):
            self.invoice = self._create_portal_invoice()
            self.link = self._create_link(self.invoice)
            tx = self._start_late(self.link)
            change()
            self._catch_up()
            self.assertEqual(self.invoice._get_portal_invoice_status(), "processing")
            self.sandbox.control.settle(tx.provider_reference)
            self._catch_up()
            self.assertNotEqual(self.invoice._get_portal_invoice_status(), "processing")

    # === Money that comes all the same === #

    def _pay_after(self, change):
        """Have the money come before Stripe could be told."""
        tx = self._create_attempt()
        change()
        self._confirm(tx)
        self._catch_up()
        return tx

    def _get_credit(self, tx):
        """Return what is the customer's credit by the books."""
        line = tx.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        return -line.amount_residual

    def test_s22_money_that_comes_all_the_same_is_booked_and_told_once(self):
        excess = {"register a part": 30.0, "edit": 40.0}
        for name, change in self._each_change():
            if name == "other customer":
                continue  # Whose invoice it was is not what is told here.
            tx = self._pay_after(change)
            self.assertEqual(tx.state, "done")
            self.assertTrue(tx.payment_id)
            expected = excess.get(name, 100.0)
            self.assertEqual(tx.portal_attempt_id.overpaid_amount, expected)
            self.assertEqual(self._get_credit(tx), expected)
            kind = "cancelled" if name in ("draft", "cancel") else "overpaid"
            self.assertEqual(self._get_kinds(tx), [kind])
            self._catch_up()
            self.assertEqual(len(tx.portal_attempt_id.todo_ids), 1, "once")

    def test_s22_payer_is_told_what_was_too_much(self):
        self._pay_after(lambda: self._register_payment(30.0))
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn('id="amount_overpaid"', page)
        self.assertIn("30.00", page)
        self.assertIn("too much", page)
        self.assertNotIn("fully paid", page)

    def test_s18_draft_that_staff_edit_is_not_posted_by_the_money(self):
        tx = self._pay_after(self.invoice.button_draft)
        self.assertEqual(self.invoice.state, "draft")
        self.assertEqual(tx.invoice_ids, self.invoice, "it is not forgotten")
        self.assertEqual(self._get_kinds(tx), ["cancelled"])

    def test_s22_payment_of_a_deleted_draft_is_booked(self):
        tx = self._create_attempt()
        self.invoice.button_draft()
        self.invoice.name = False
        self.invoice.with_context(force_delete=True).unlink()
        self._confirm(tx)
        self._catch_up()
        self.assertEqual((tx.state, self._get_credit(tx)), ("done", 100.0))
        self.assertEqual(self._get_kinds(tx), ["cancelled"])

    def test_s22_too_much_without_entries(self):
        self._book_without_entries()
        tx = self._pay_after(self._register_payment)
        self.assertEqual(tx.portal_attempt_id.overpaid_amount, 100.0)
        self.assertEqual(self._get_kinds(tx), ["overpaid"])

    def _match(self, todo, invoice):
        """Do what the button and core's form offer: use the credit for an invoice."""
        action = todo.action_match()
        found = self.env[action["res_model"]].with_user(self.biller)
        self.assertIn(invoice, found.search(action["domain"]))
        for line in todo.attempt_id.sudo()._get_credit_lines():
            invoice.with_user(self.biller).js_assign_outstanding_line(line.id)

    def test_s22_too_much_is_matched_with_another_invoice(self):
        tx = self._pay_after(self._register_payment)
        todo = tx.portal_attempt_id.todo_ids.with_user(self.biller).sudo(False)
        first = self._create_portal_invoice(60.0)
        second = self._create_portal_invoice(70.0)
        self._match(todo, first)
        self.assertEqual((todo.state, first.amount_residual), ("open", 0.0), "a part")
        self._match(todo, second)
        self.assertEqual(second.amount_residual, 30.0)
        self.assertEqual((todo.state, todo.resolution), ("done", "matched"))
        self.assertEqual(todo.settled_by, self.biller)

    def test_s22_without_an_entry_there_is_nothing_to_match(self):
        self._book_without_entries()
        tx = self._pay_after(self._register_payment)
        with self.assertRaisesRegex(UserError, "bank statement"):
            tx.portal_attempt_id.todo_ids.action_match()

    def test_s22_only_what_is_too_much_is_refunded(self):
        tx = self._pay_after(lambda: self._register_payment(30.0))
        todo = tx.portal_attempt_id.todo_ids.with_user(self.biller).sudo(False)
        todo.action_refund()
        [refund] = self.sandbox.objects("refund")
        self.assertEqual(refund["amount"], 3000)
        self.assertEqual(self.invoice.amount_residual, 0.0, "it stays paid")

    # === A provider that is switched off, and the add-on that is removed === #

    def _get_warning(self):
        """Return what the provider's form says when it is switched off."""
        values = {"state": "disabled"}
        answer = self.provider.onchange(values, ["state"], {"state": {}})
        return answer.get("warning", {}).get("message", "")

    def test_b5_provider_that_is_switched_off_releases_what_is_under_way(self):
        self.assertNotIn("under way", self._get_warning())
        tx = self._create_attempt()
        self.assertIn(tx.reference, self._get_warning())
        before = len(self.sandbox.requests)
        self.provider.state = "disabled"
        self.assertTrue(tx.portal_attempt_id.release_requested_on)
        self.assertEqual(len(self.sandbox.requests), before, "asked afterwards")
        self._catch_up()
        self.assertEqual((tx.state, tx.portal_attempt_id.is_open), ("cancel", False))
        self.assertEqual(self._get_intents()[0]["status"], "canceled")

    def test_b5_provider_that_is_switched_on_again_releases_nothing(self):
        tx = self._create_attempt()
        self.provider.state = "disabled"
        self.provider.state = "test"
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_open)
        self.assertFalse(tx.portal_attempt_id.release_requested_on)

    def test_b5_what_a_switched_off_provider_cannot_stop_is_listed(self):
        tx = self._processing()
        self.sandbox.faults.add("error", status=400, times=0, path="cancel$")
        self.provider.state = "disabled"
        self._catch_up()
        self.assertEqual(self._get_kinds(tx), ["late"])
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self._assert_paid_once()
        self.assertFalse(self._get_kinds(tx))

    def test_b4_return_at_a_switched_off_provider_is_followed(self):
        tx = self._processing()
        self.sandbox.control.settle(tx.provider_reference)
        self._catch_up()
        self.provider.state = "disabled"
        self.sandbox.control.return_payment(tx.provider_reference)
        self._catch_up()
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "reversed")
        self.assertEqual(self._get_kinds(tx), ["disputed"])

    def test_b5_uninstallation_warns_and_releases(self):
        tx = self._create_attempt()
        late = self._start_late()
        # An administrator, who need be no accountant.
        admin = new_test_user(self.env, "uninstaller", groups="base.group_system")
        wizards = self.env["base.module.uninstall"].with_user(admin)
        for name in ("account_payment_portal", "base_automation"):
            module = self.env.ref(f"base.module_{name}")
            with Form(wizards.create({"module_ids": module.ids})) as form:
                listed = form.portal_open_payments
            self.assertIn(tx.reference, listed)
            self.assertIn(late.reference, listed, "it goes with what it depends on")
        uninstall_hook(self.env)
        self.assertEqual(tx.state, "cancel")
        self.assertEqual(late.state, "pending")
        note = late.invoice_ids.message_ids[0].body
        self.assertIn(late.provider_reference, note)

    def _start_late(self, link=None):
        """Have a debit under way that cannot be stopped, of another invoice."""
        self._enable_echeck()
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        link = link or self._create_link(self._create_portal_invoice())
        tx = self._create_attempt(link, method=self.echeck)
        self._confirm_bank(tx)
        self._catch_up()
        self.sandbox.faults.add(
            "error", status=400, times=0, path=f"{tx.provider_reference}/cancel$"
        )
        return tx

    # === The invoice's form === #

    def test_s18_buttons_that_end_a_payment_ask_first_while_it_is_under_way(self):
        views = self.env["account.move"].with_user(self.biller)
        arch = etree.fromstring(views.get_view(view_type="form")["arch"])
        for name in ("button_draft", "button_cancel", "action_reverse"):
            buttons = arch.findall(f".//button[@name='{name}']")
            asking = [button for button in buttons if button.get("confirm")]
            self.assertEqual(len(buttons), 2 * len(asking), name)
            self.assertTrue(asking, name)
            for button in buttons:
                under_way = "not portal_payment_is_under_way"
                if not button.get("confirm"):
                    under_way = "portal_payment_is_under_way"
                self.assertTrue(button.get("invisible").endswith(f" or {under_way}"))
        with Form(self.invoice) as form:
            self.assertFalse(form.portal_payment_is_under_way)
        self._create_attempt()
        self.invoice.invalidate_recordset()
        with Form(self.invoice) as form:
            self.assertTrue(form.portal_payment_is_under_way)

    def test_s18_nothing_but_the_form_asks(self):
        tx = self._create_attempt()
        self.invoice.with_user(self.biller).button_draft()
        self.assertEqual(self.invoice.state, "draft")
        self.assertTrue(tx.portal_attempt_id.release_requested_on)

    def test_s22_right_payment_needs_nobody(self):
        tx = self._create_attempt()
        self._confirm(tx)
        self._catch_up()
        self._assert_paid_once()
        self.assertFalse(tx.portal_attempt_id.overpaid_amount)
        self.assertFalse(tx.portal_attempt_id.todo_ids)

    def test_s22_too_much_is_refunded_from_the_list(self):
        tx = self._pay_after(self._register_payment)
        todo = tx.portal_attempt_id.todo_ids.with_user(self.biller).sudo(False)
        todo.action_refund()
        self.assertEqual((todo.state, todo.resolution), ("done", "refunded"))
        [refund] = self.sandbox.objects("refund")
        self.assertEqual(refund["amount"], 10000)
        refunded = tx.child_transaction_ids
        self.assertEqual((refunded.state, refunded.payment_id.amount), ("done", 100.0))
        self.assertFalse(tx.portal_attempt_id._get_credit_lines(), "it is used up")

    def test_b10_payment_of_two_invoices_of_which_one_is_paid_elsewhere(self):
        other = self._create_portal_invoice(50.0)
        tx = self._create_attempt(
            amount=150.0, invoice_ids=[Command.set((self.invoice + other).ids)]
        )
        self._register_payment()
        self.assertTrue(tx.portal_attempt_id.release_requested_on)
        self._confirm(tx)
        self._catch_up()
        self.assertEqual((self.invoice + other).mapped("amount_residual"), [0.0, 0.0])
        self.assertEqual(tx.portal_attempt_id.overpaid_amount, 100.0)
