from decimal import Decimal

from odoo.fields import Command
from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.payment.const import CURRENCY_MINOR_UNITS
from odoo.addons.payment_stripe.const import CURRENCY_DECIMALS

from ...models.payment import (
    account_move_portal_attempt,
    provider_limits,
    stripe_errors,
)
from ...models.payment.stripe_rules import ERROR_RULES, INTENT_RULES
from ..payment_common import VISA, PortalPaymentCommon

#: What makes Stripe answer with an error of each class.
FAULTS = {
    stripe_errors.UNREACHABLE: {"status": 500},
    stripe_errors.KEYS: {"status": 401},
    stripe_errors.REFUSED: {"status": 400},
}


@tagged("post_install", "-at_install")
class TestStripeCurrencies(BaseCase):
    """Amounts are sent in Stripe's minor units, which are not always ISO 4217's."""

    def test_s19_core_sends_the_decimals_that_the_limits_reckon_with(self):
        tables = (
            provider_limits.STRIPE_WHOLE,
            provider_limits.STRIPE_TWO_DECIMALS,
            provider_limits.STRIPE_THREE_DECIMALS,
        )
        for name in sorted(frozenset.union(*tables)):
            decimals = provider_limits.get_stripe_decimals(name)
            with self.subTest(currency=name):
                sent = CURRENCY_DECIMALS.get(name, CURRENCY_MINOR_UNITS.get(name))
                # Core asks the currency of those that it does not know yet.
                self.assertIn(decimals, (sent, 2 if sent is None else sent))

    def test_s19_amount_on_the_wire_by_currency(self):
        for name, sent in {
            "USD": 150000,
            "JPY": 1500,
            "ISK": 150000,
            "UGX": 150000,
            "MGA": 1500,
            "KWD": 1500000,
        }.items():
            decimals = provider_limits.get_stripe_decimals(name)
            limits = provider_limits.get_limits("stripe", name, Decimal("0.001"))
            with self.subTest(currency=name):
                self.assertEqual(1500 * 10**decimals, sent)
                self.assertTrue(limits.takes(Decimal(1500)))
                self.assertFalse(limits.takes(Decimal("1500.001")), "the last digit")


class TestStripeRules(PortalPaymentCommon, HttpCase):
    """The table of what Stripe says and what follows, row by row."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._enable_echeck()

    def _say_requires_payment_method(self):
        return self._create_attempt()

    def _say_requires_payment_method_error(self):
        tx = self._create_attempt()
        with self.assertRaisesRegex(Exception, "declined"):
            self._confirm(tx, payment_method="pm_card_chargeDeclined")
        return tx

    def _say_requires_payment_method_failed_debit(self):
        tx = self._say_processing(account="000222222227")
        self.sandbox.control.settle(tx.provider_reference)
        return tx

    def _say_requires_confirmation(self):
        tx = self._create_attempt()
        self._get_stripe().payment_intents.update(tx.provider_reference, VISA)
        return tx

    def _say_requires_action(self):
        tx = self._create_attempt()
        self._confirm(
            tx,
            payment_method="pm_card_threeDSecure2Required",
            return_url="https://company.example/back",
        )
        return tx

    def _say_requires_action_verification(self):
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        return tx

    def _say_processing(self, **account):
        self.sandbox.control.change_settings(verify_banks_instantly=True)
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx, **account)
        self._catch_up()
        return tx

    def _say_requires_capture(self):
        self._capture_manually()
        tx = self._create_attempt()
        self._confirm(tx)
        return tx

    def _say_succeeded(self):
        tx = self._create_attempt()
        self._confirm(tx)
        return tx

    def _say_canceled(self):
        tx = self._create_attempt()
        self._get_stripe().payment_intents.cancel(tx.provider_reference)
        return tx

    def _begin(self):
        self.sandbox.faults.clear()
        self.sandbox.control.change_settings(verify_banks_instantly=False)
        self.provider.capture_manually = False
        methods = self.card + self.echeck
        self.provider.payment_method_ids = [Command.set(methods.ids)]
        self.invoice = self._create_portal_invoice()
        self.link = self._create_link(self.invoice)

    def test_b5_each_status_of_an_intent_has_its_consequences(self):
        for (status, with_), rule in INTENT_RULES.items():
            with self.subTest(status=status, with_=with_):
                self._begin()
                name = "_".join(filter(None, ("_say", status, with_)))
                tx = getattr(self, name)()
                for _again in range(2):
                    self._catch_up()
                attempt = tx.portal_attempt_id
                [intent] = [
                    intent
                    for intent in self._get_intents()
                    if intent["id"] == tx.provider_reference
                ]
                self.assertEqual(intent["status"], status)
                self.assertEqual(
                    (tx.state, attempt.is_open, attempt._get_payment_status()),
                    (rule.state, rule.is_open, rule.answer),
                )
                self.assertEqual(
                    attempt.todo_ids.mapped("kind"), [rule.todo] if rule.todo else []
                )
                page = self.url_open(self.link._get_path("result")).text
                self.assertIn(f'data-answer="{rule.answer}"', page)

    def _fail(self, kind):
        """Have Stripe answer with an error of a class, of a payment under way."""
        tx = self._create_attempt()
        if kind == stripe_errors.GONE:
            tx.provider_reference = "pi_of_another_account"
        else:
            path = f"payment_intents/{tx.provider_reference}"
            # More often than the SDK repeats it.
            self.sandbox.faults.add("error", times=0, path=path, **FAULTS[kind])
        return tx

    @mute_logger("odoo.http")  # Which names each refusal.
    def test_b5_each_class_of_errors_has_its_consequences(self):
        self.assertEqual(ERROR_RULES.keys(), {*FAULTS, stripe_errors.GONE})
        for kind, rule in ERROR_RULES.items():
            with self.subTest(kind=kind):
                self._begin()
                tx = self._fail(kind)
                attempt = tx.portal_attempt_id
                watch = self.assertLogs if rule.is_ours else self.assertNoLogs
                with watch(account_move_portal_attempt.__name__, "WARNING"):
                    for _run in range(2):
                        self._catch_up()
                self.assertEqual(attempt.is_open, rule.asks_again)
                todos = self.env["account.move.portal.todo"].search(
                    [("attempt_id", "=", attempt.id)]
                )
                self.assertEqual(todos.mapped("kind"), [rule.todo] if rule.todo else [])
                self._check_told(kind, rule)

    def _check_told(self, kind, rule):
        """Check what whoever starts another payment is told."""
        answer = self.url_open(
            self.link._get_path("transaction"),
            json={
                "params": {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "flow": "direct",
                    "client_key": f"another tab, {kind}",
                }
            },
        ).json()
        error = answer.get("error", {}).get("data", {}).get("context") or {}
        self.assertEqual(error.get("code"), rule.told)
