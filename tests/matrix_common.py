import requests

from .. import const
from .development import StripeSandbox
from .payment_common import STRIPE_SANDBOX_PARAMETER, PortalPaymentCommon

#: Where a payment can stand when staff do something, in the order of its life. Of a
#: debit that is `processing`, Stripe may allow to be cancelled, or not (`too_late`).
STAGES = (
    *("started", "3d_secure", "verification", "processing", "too_late"),
    *("charged", "booked", "disputed"),
)
#: What comes of it, by what staff did, in the order of the stages. In each cell what
#: the customer goes on to do afterwards is included: whoever can pay does.
#:
#: - `cancel`: Stripe was told in time, and nobody can pay.
#: - `paid`: It is booked, and nobody has anything to do.
#: - a reason of the list of payments that need staff: It is booked, and listed for it.
#: - `-`: Staff cannot do it then.
OUTCOMES = {
    "register": "cancel cancel cancel cancel overpaid overpaid - disputed",
    "register_part": "cancel cancel cancel cancel overpaid overpaid - disputed",
    "credit": "cancel cancel cancel cancel overpaid overpaid paid disputed",
    "credit_part": "cancel cancel cancel cancel overpaid overpaid paid disputed",
    "edit": "cancel cancel cancel cancel overpaid overpaid paid disputed",
    "draft": "cancel cancel cancel cancel cancelled cancelled paid disputed",
    "cancel": "cancel cancel cancel cancel cancelled cancelled paid disputed",
    "delete": "cancel cancel cancel cancel cancelled cancelled paid disputed",
    "other_customer": "cancel cancel cancel cancel changed changed paid disputed",
    "other_currency": "cancel cancel cancel cancel changed changed paid disputed",
    # Who has begun to pay is let finish: nothing has changed of what is due.
    "revoke": "paid paid paid paid paid paid paid disputed",
    "merge": "paid paid paid paid paid paid paid disputed",
    "switch_off": "cancel cancel cancel cancel paid paid paid disputed",
    # What was started with other keys is not seen any more.
    "change_keys": "gone gone gone gone gone gone paid disputed",
}
OUTCOMES = {
    action: dict(zip(STAGES, row.split(), strict=True))
    for action, row in OUTCOMES.items()
}


class PortalMatrixCommon(PortalPaymentCommon):
    """What staff can do, wherever a payment stands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._enable_echeck()

    def setUp(self):
        super().setUp()
        self.other_account = StripeSandbox()
        self.other_account.start()
        self.addCleanup(self.other_account.stop)

    def _prepare(self):
        """Begin a cell anew: with an invoice and a provider of its own state."""
        self.sandbox.faults.clear()
        self.sandbox.control.change_settings(verify_banks_instantly=False)
        self.provider.write(
            {
                "state": "test",
                "is_published": True,
                "stripe_secret_key": self.sandbox.secret_key,
            }
        )
        self.env["ir.config_parameter"].set_param(
            STRIPE_SANDBOX_PARAMETER, self.sandbox.url
        )
        self.customer = self.env["res.partner"].create(
            {
                "name": "Carla Customer",
                "email": "carla@customer.example",
                "country_id": self.env.ref("base.us").id,
            }
        )
        self.invoice = self._create_portal_invoice()
        self.link = self._create_link(self.invoice, partner_id=self.customer.id)

    # === Where the payment stands === #

    def _reach(self, stage):
        """Start a payment and bring it to a stage.

        :return: The payment.
        :rtype: payment.transaction
        """
        is_bank = stage in ("verification", "processing", "too_late")
        tx = self._create_attempt(method=self.echeck if is_bank else self.card)
        if stage in ("processing", "too_late"):
            self.sandbox.control.change_settings(verify_banks_instantly=True)
        if is_bank:
            self._confirm_bank(tx)
        elif stage == "3d_secure":
            self._confirm(
                tx,
                payment_method="pm_card_threeDSecure2Required",
                return_url="https://company.example/back",
            )
        elif stage != "started":
            self._confirm(tx)
        if stage == "too_late":
            self.sandbox.faults.add("error", status=400, times=0, path="cancel$")
        if stage != "charged":
            self._catch_up()
        if stage == "disputed":
            self.sandbox.control.dispute(tx.provider_reference)
            self._catch_up()
        return tx

    def _go_on(self, tx, stage):
        """Do what the customer and the bank would do next, if they still can."""
        intent = self._get_intent(tx)
        if intent["status"] == "requires_payment_method":
            self._confirm(tx)
        elif intent["status"] == "requires_action" and stage == "3d_secure":
            url = intent["next_action"]["redirect_to_url"]["url"]
            requests.post(
                url, {"result": "complete"}, timeout=30, allow_redirects=False
            )
        elif intent["status"] == "requires_action":
            self._get_stripe().payment_intents.verify_microdeposits(
                tx.provider_reference, {"descriptor_code": "SM11AA"}
            )
        if self._get_intent(tx)["status"] == "processing":
            self.sandbox.control.settle(tx.provider_reference)

    def _get_intent(self, tx):
        [intent] = [
            intent
            for intent in self._get_intents()
            if intent["id"] == tx.provider_reference
        ]
        return intent

    # === What staff do === #

    def _act(self, action):
        getattr(self, f"_do_{action}")()
        self.env.flush_all()

    def _do_register(self, amount=None):
        register = self.env["account.payment.register"].with_user(self.biller)
        register.with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({"amount": amount} if amount else {})._create_payments()

    def _do_register_part(self):
        self._do_register(30.0)

    def _do_credit(self, amount=None):
        reversal = self.env["account.move.reversal"].with_user(self.biller)
        reversal.with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({"journal_id": self.invoice.journal_id.id}).refund_moves()
        credit = self.invoice.reversal_move_ids
        if amount:
            credit.invoice_line_ids.price_unit = amount
        credit.action_post()
        lines = (self.invoice + credit).line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
            )
        )
        if len(lines.move_id) > 1:
            lines.reconcile()

    def _do_credit_part(self):
        self._do_credit(30.0)

    def _do_edit(self):
        self.invoice.button_draft()
        self.invoice.invoice_line_ids.price_unit = 60.0
        self.invoice.action_post()

    def _do_draft(self):
        self.invoice.with_user(self.biller).button_draft()

    def _do_cancel(self):
        self.invoice.with_user(self.biller).button_draft()
        self.invoice.with_user(self.biller).button_cancel()

    def _do_delete(self):
        self.invoice.button_draft()
        self.invoice.name = False
        self.invoice.with_context(force_delete=True).unlink()

    def _do_revoke(self):
        self.link.with_user(self.biller).action_revoke()

    def _do_other_customer(self):
        self.invoice.button_draft()
        self.invoice.partner_id = self.env["res.partner"].create({"name": "Other"})
        self.invoice.action_post()

    def _do_other_currency(self):
        currency = self.env.ref("base.CHF")
        currency.active = True
        self.invoice.button_draft()
        self.invoice.currency_id = currency
        self.invoice.action_post()

    def _do_merge(self):
        kept = self.env["res.partner"].create(
            {"name": "Carla C.", "email": self.customer.email}
        )
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (kept | self.customer).ids, kept
        )
        self.env.invalidate_all()

    def _do_switch_off(self):
        self.provider.state = "disabled"

    def _do_change_keys(self):
        self.provider.stripe_secret_key = self.other_account.secret_key
        self.env["ir.config_parameter"].set_param(
            STRIPE_SANDBOX_PARAMETER, self.other_account.url
        )

    # === What is checked === #

    def _play(self, action, stage):
        """Play one cell of the matrix, and check that all agree about it."""
        outcome = OUTCOMES[action][stage]
        if outcome == "-":
            return
        self._prepare()
        tx = self._reach(stage)
        before = len(self.sandbox.requests)
        self._act(action)
        self.assertEqual(
            len(self.sandbox.requests), before, "Stripe is not asked by staff"
        )
        self._catch_up()
        self._go_on(tx, stage)
        for _again in range(2):
            self._catch_up()
        self._check_cell(tx, outcome)

    def _check_cell(self, tx, outcome):
        attempt = tx.portal_attempt_id
        intent = self._get_intent(tx)
        todos = attempt.todo_ids.filtered(lambda todo: todo.state == "open")
        self.assertLessEqual(len(todos), 1, "at most one to-do")
        kinds = [] if outcome in ("cancel", "paid") else [outcome]
        self.assertEqual(todos.mapped("kind"), kinds, "staff's list")
        if outcome == "gone":
            self.assertEqual((tx.state, attempt.is_open), ("cancel", False))
            return
        is_paid = outcome != "cancel"
        self.assertEqual(
            (intent["status"], tx.state, attempt.is_open),
            ("succeeded", "done", False) if is_paid else ("canceled", "cancel", False),
            "Stripe and Odoo agree",
        )
        self._check_books(tx, outcome)
        self._check_page(tx, outcome)

    def _check_books(self, tx, outcome):
        payment = tx.payment_id
        if outcome == "cancel":
            self.assertFalse(payment)
            return
        self.assertEqual(payment.amount, 100.0, "nothing is lost")
        expected = {"disputed": {"rejected"}}.get(outcome, {"in_process", "paid"})
        self.assertIn(payment.state, expected)
        count = self.env["account.payment"].search_count(
            [("payment_transaction_id", "=", tx.id)]
        )
        self.assertEqual(count, 1, "it is booked once")
        overpaid = tx.portal_attempt_id.overpaid_amount
        self.assertEqual(bool(overpaid), outcome in const.CREDIT_KINDS)
        if outcome == "changed":
            self.assertEqual(self.invoice.portal_balance_due, 100.0, "it is another's")
            self.assertFalse(self.invoice._has_portal_payment_in_progress())
        if payment.move_id and overpaid:
            credit = tx.portal_attempt_id._get_credit_lines()
            self.assertEqual(-sum(credit.mapped("amount_residual")), overpaid)

    def _check_page(self, tx, outcome):
        """Check what the payer is answered, if there is an invoice to answer for."""
        if not self.link.exists():
            return
        answers = {"cancel": "cancelled", "disputed": "reversed"}
        answer = answers.get(outcome, "paid")
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), answer)
        response = self.url_open(self.link._get_path("result"))
        # Without the browser in which it was paid, a link that is closed stays closed.
        if self.link.state == "live":
            self.assertIn(f'data-answer="{answer}"', response.text)
            self.assertEqual(
                'id="amount_overpaid"' in response.text,
                outcome in const.CREDIT_KINDS,
            )
        self.assertLess(response.status_code, 500)
