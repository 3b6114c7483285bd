import json
import re
import time
from datetime import timedelta
from unittest.mock import patch

import stripe
from stripe import WebhookSignature

from odoo import SUPERUSER_ID, fields
from odoo.fields import Command

from odoo.addons.account_payment_portal.models.payment.payment_provider import (
    EVENT_TYPES,
    STRIPE_SANDBOX_PARAMETER,
)
from odoo.addons.payment import utils as payment_utils

from ..models.payment.account_move_portal_attempt import ATTEMPT_MINUTES
from ..models.payment.account_move_portal_dispute import _holds_money
from .common import PortalCommon
from .development import StripeSandbox

VISA = {"payment_method": "pm_card_visa"}
ROUTING = "110000000"


class PortalPaymentCommon(PortalCommon):
    """The same with Stripe as a payment provider: the sandbox, over HTTP."""

    #: Whether each test ends with a look at the books and at the sandbox's. Not where
    #: what is tested leaves them apart on purpose.
    ledger_is_checked = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        others = cls.env["payment.provider"].sudo().search([]) - cls.provider
        others.write({"state": "disabled", "is_published": False})
        cls.card = cls.env.ref("payment.payment_method_card")
        cls.provider.payment_method_ids = [Command.link(cls.card.id)]
        cls.provider.journal_id = cls.company_data["default_journal_bank"]
        cls.card.active = True
        cls.link = cls._create_link()

    @classmethod
    def _enable_echeck(cls):
        """Let the provider debit US bank accounts, which takes US dollars."""
        cls.echeck = cls.env.ref("payment.payment_method_ach_direct_debit").sudo()
        cls.echeck.active = True
        cls.provider.payment_method_ids = [Command.link(cls.echeck.id)]

    @classmethod
    def _capture_manually(cls):
        """Let the provider only authorize payments, which not all methods allow."""
        cls.provider.payment_method_ids = [Command.set(cls.card.ids)]
        cls.provider.capture_manually = True

    def setUp(self):
        super().setUp()
        # A fresh one for each test: each rolls back to the same references, on which
        # Stripe would answer with what it answered to the test before.
        self.sandbox = StripeSandbox()
        self.sandbox.start()
        self.addCleanup(self.sandbox.stop)
        self.env["ir.config_parameter"].set_param(
            STRIPE_SANDBOX_PARAMETER, self.sandbox.url
        )
        self.provider.write(
            {
                "stripe_publishable_key": self.sandbox.publishable_key,
                "stripe_secret_key": self.sandbox.secret_key,
                "stripe_webhook_secret": self.sandbox.webhook_secret,
            }
        )

    def tearDown(self):
        if self.ledger_is_checked:
            self._check_ledger()
        super().tearDown()

    def _analyze_books(self):
        """Give PostgreSQL statistics of what this test has booked.

        All that a test makes stays in one transaction, of which there are none: core's
        search for a payment's invoices then takes minutes.
        """
        self.env.flush_all()
        self.env.cr.execute("ANALYZE account_move, account_move_line, account_payment")
        self.env.cr.execute("ANALYZE account_partial_reconcile")

    def _settle_without_charge(self, transaction):
        """Have a payment done of which the sandbox knows nothing.

        :param payment.transaction transaction: The payment.
        """
        self.ledger_is_checked = False
        transaction._set_done()

    # === The ledger === #

    def _check_ledger(self):
        """Check that no money at Stripe is unknown to the books and to staff.

        Of each payment, what Stripe has captured less what it has refunded and what
        disputes hold is what is booked; or staff were told of the difference.
        """
        self.env.flush_all()
        self.sandbox.faults.clear()
        self._catch_up()
        attempts = self.env["account.move.portal.attempt"].sudo()
        for intent in self._get_intents():
            attempt = attempts.search(
                [("transaction_id.provider_reference", "=", intent["id"])]
            )
            held = self._get_held_at_stripe(intent)
            if not attempt:
                if not intent["description"]:
                    continue  # Made by someone else: Odoo describes its own.
                self.assertFalse(held, f"{intent['id']} is unknown here")
                continue
            with self.subTest("ledger", payment=attempt.reference):
                self._check_ledger_of(attempt, intent, held)

    def _get_held_at_stripe(self, intent):
        """Return how much of a payment Stripe holds for the seller, in minor units."""
        if intent["status"] != "succeeded":
            return 0
        about = {"payment_intent": intent["id"]}
        return (
            intent["amount_received"]
            - sum(
                refund["amount"]
                for refund in self.sandbox.objects("refund")
                if about.items() <= refund.items()
                and refund["status"] in ("pending", "succeeded")
            )
            - sum(
                dispute["amount"]
                for dispute in self.sandbox.objects("dispute")
                if about.items() <= dispute.items() and _holds_money(dispute)
            )
        )

    def _check_ledger_of(self, attempt, intent, held):
        tx = attempt.transaction_id
        currencies = self.env["res.currency"].with_context(active_test=False)
        currency = currencies.search([("name", "=", intent["currency"].upper())])
        held = payment_utils.to_major_currency_units(held, currency)
        booked = sum(
            child.payment_id.amount * (1 if child == tx else -1)
            for child in tx + tx.child_transaction_ids
            if child.payment_id.state in ("in_process", "paid")
        )
        if currency == tx.currency_id and not currency.compare_amounts(held, booked):
            return
        self.assertTrue(
            attempt.todo_ids.filtered(
                lambda todo: todo.state == "open" or todo.resolution == "done"
            ),
            f"Stripe holds {held} {currency.name}, {booked} are booked: nobody knows",
        )

    def _get_transactions(self):
        return self.env["payment.transaction"].search(
            [("invoice_ids", "in", self.invoice.ids)], order="id"
        )

    def _get_intents(self):
        return self.sandbox.objects("payment_intent")

    def _get_activities(self):
        return self.invoice.activity_ids.filtered(
            lambda activity: activity.user_id == self.salesperson
        )

    def _get_outcomes(self, tx):
        return (
            self.env["account.move.portal.notification"]
            .search([("transaction_id", "=", tx.id)])
            .mapped("outcome")
        )

    # === At Stripe === #

    def _get_stripe(self):
        """Return a client with the rights of the seller."""
        return stripe.StripeClient(
            self.sandbox.secret_key, base_addresses={"api": self.sandbox.url}
        ).v1

    def _confirm(self, tx, **params):
        """Do at Stripe what the customer's browser does."""
        self._get_stripe().payment_intents.confirm(
            tx.provider_reference, params or VISA
        )

    def _confirm_bank(self, tx, account="000123456789"):
        """Confirm with a bank account, typed in."""
        self._confirm(
            tx,
            payment_method_data={
                "type": "us_bank_account",
                "us_bank_account": {
                    "routing_number": ROUTING,
                    "account_number": account,
                    "account_holder_type": "individual",
                },
                "billing_details": {"name": "Carla Customer"},
            },
            mandate_data={"customer_acceptance": {"type": "offline", "offline": {}}},
        )

    def _get_events(self, *types):
        """Return Stripe's events that the portal follows, oldest first."""
        return [
            event
            for event in self.sandbox.objects("event")
            if event["type"] in (types or EVENT_TYPES)
        ]

    # === At Odoo === #

    def _create_attempt(self, link=None, amount=None, method=None, **values):
        """Start a payment as the screen does, and create its intent.

        :param values: More values of the transaction; what begins with `portal_` is
            the attempt's.
        """
        link = link or self.link
        attempts = self.env["account.move.portal.attempt"]
        txs = self.env["payment.transaction"].sudo()
        invoices = {"invoice_ids": [Command.set(link.move_id.ids)]}
        attempt = {
            "origin": "portal",
            "link_id": link.id,
            "client_key": "form",
            "billing": attempts._get_billing_defaults(link.move_id.partner_id),
        }
        for name in [name for name in values if name.startswith("portal_")]:
            attempt[name.removeprefix("portal_")] = values.pop(name)
        tx = txs.create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": (method or self.card).id,
                "amount": amount or link.move_id.amount_residual,
                "currency_id": link.move_id.currency_id.id,
                "partner_id": link.move_id.partner_id.id,
                "operation": "online_direct",
                **invoices,
                "landing_route": link._get_path("result"),
                "reference": txs._compute_reference("stripe", **invoices),
                "portal_attempt_ids": [Command.create(attempt)],
                **values,
            }
        )
        tx._get_processing_values()
        return tx

    def _make_old(self, tx):
        """Have an attempt been started so long ago that it keeps nobody out."""
        created = fields.Datetime.now() - timedelta(minutes=ATTEMPT_MINUTES + 1)
        self.env.cr.execute(
            "UPDATE payment_transaction SET create_date = %s WHERE id = %s",
            [created, tx.id],
        )
        tx.invalidate_recordset()

    def _sign(self, payload, secret=None, timestamp=None):
        timestamp = timestamp or int(time.time())
        signature = WebhookSignature._compute_signature(
            f"{timestamp}.{payload}", secret or self.sandbox.webhook_secret
        )
        return f"t={timestamp},v1={signature}"

    def _deliver(self, event, header=None):
        """Post an event to the webhook, as Stripe does."""
        payload = json.dumps(event)
        return self.url_open(
            "/payment/stripe/webhook",
            data=payload,
            headers={
                "Content-Type": "application/json",
                "Stripe-Signature": header or self._sign(payload),
            },
        )

    def _catch_up(self):
        """Run the catch-up, as the scheduler would.

        What a failed step has done stays here: a test cannot roll back.
        """
        with patch.multiple(self.env.cr, commit=lambda: None, rollback=lambda: None):
            self.env["account.move.portal.attempt"].with_user(
                SUPERUSER_ID
            )._cron_catch_up()
        self.env.invalidate_all()

    def _book_without_entries(self):
        """Let payments wait for the bank statement, as with the accounting app."""
        lines = self.provider.journal_id.inbound_payment_method_line_ids
        lines.payment_account_id = False
        self.startPatcher(
            patch.object(
                type(self.env["account.move"]),
                "_get_invoice_in_payment_state",
                lambda _self: "in_payment",
            )
        )

    def _assert_paid_once(self, invoice=None):
        """Check that the invoice was paid by one payment, and nobody is owed."""
        invoice = invoice or self.invoice
        self.env.invalidate_all()
        payments = self.env["account.payment"].search(
            [("invoice_ids", "in", invoice.ids)]
        )
        self.assertEqual(len(payments), 1)
        self.assertEqual(payments.amount, invoice.amount_total)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def _assert_no_card_number(self, text):
        self.assertFalse(re.search(r"\d{13,}", re.sub(r"[ -]", "", text)))
