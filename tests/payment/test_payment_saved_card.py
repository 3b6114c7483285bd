from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user

from ...models.payment import payment_provider
from ..payment_common import PortalPaymentCommon

DECLINED = "pm_card_chargeCustomerFail"


class TestPaymentSavedCard(PortalPaymentCommon, HttpCase):
    """A customer who is logged in pays with a saved card: Odoo makes the charge."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider.allow_tokenization = True
        new_test_user(
            cls.env,
            login="carla",
            groups="base.group_portal",
            partner_id=cls.customer.id,
            email=cls.customer.email,
            company_id=cls.company.id,
        )

    def setUp(self):
        super().setUp()
        self.authenticate("carla", "carla")
        self.token = self._save_card()

    def _save_card(self, method="pm_card_visa"):
        """Save a card at Stripe and in Odoo."""
        stripe = self._get_stripe()
        customer = stripe.customers.create({"email": self.customer.email})
        card = stripe.payment_methods.attach(method, {"customer": customer.id})
        token = self.env["payment.token"].sudo()
        return token.create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "payment_details": card.card.last4,
                "partner_id": self.customer.id,
                "provider_ref": customer.id,
                "stripe_payment_method": card.id,
            }
        )

    def _submit(self, token=None, client_key="tab 1"):
        """Press Pay."""
        self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": None,
                "token_id": (token or self.token).id,
                "flow": "token",
                "client_key": client_key,
            },
        )
        return self._get_transactions()[-1:]

    def _follow(self):
        """Do what the page of the answer does."""
        answer = self.make_jsonrpc_request(self.link._get_path("status"))
        self.env.invalidate_all()
        return answer

    def _get_charges(self):
        """Return what was really taken."""
        return [
            charge for charge in self.sandbox.objects("charge") if charge["captured"]
        ]

    def test_s20_saved_card_is_charged_once(self):
        tx = self._submit()
        self.assertTrue(tx.portal_attempt_id.line_ids.is_open)
        self.assertFalse(self._get_intents(), "not before the attempt is on record")
        self.assertEqual([self._follow() for _poll in range(2)], ["paid", "paid"])
        self._catch_up()
        self.assertEqual(len(self._get_charges()), 1)
        self._assert_paid_once()

    def test_b3_double_submit_of_a_saved_card_is_one_charge(self):
        first, second = self._submit(), self._submit()
        self.assertEqual(first, second)
        self._follow()
        self.assertEqual(len(self._get_charges()), 1)
        self._assert_paid_once()

    def test_b3_saved_card_in_a_second_form_replaces_the_first_attempt(self):
        first = self._submit()
        second = self._submit(self._save_card("pm_card_mastercard"))
        self.assertEqual(first.state, "cancel")
        self._follow()
        self.assertEqual(second.state, "done")
        self.assertEqual(len(self._get_charges()), 1)

    def test_b3_declined_saved_card_makes_way_at_once(self):
        tx = self._submit(self._save_card(DECLINED))
        self.assertEqual(self._follow(), "failed")
        self.assertIn("Your bank declined this card.", tx.state_message)
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertEqual(self._get_intents()[0]["status"], "canceled")
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("Nothing was charged", page)
        self._submit(client_key="tab 2")
        self.assertEqual(self._follow(), "paid")
        self._assert_paid_once()

    def test_b5_page_closed_before_the_charge_is_paid_all_the_same(self):
        self._submit()
        self._catch_up()
        self.assertEqual(len(self._get_charges()), 1)
        self._assert_paid_once()

    def test_b5_crash_after_the_charge_is_booked_by_the_catch_up(self):
        tx = self._submit()
        with patch.object(type(tx), "_process", side_effect=MemoryError):
            with self.assertRaises(MemoryError), self.env.cr.savepoint():
                tx.portal_attempt_id._sync_with_provider()
        self.assertEqual((tx.state, tx.provider_reference), ("draft", False))
        self.assertEqual(len(self._get_charges()), 1)
        with patch.object(type(tx), "_charge_with_token", side_effect=AssertionError):
            self._catch_up()
        self._assert_paid_once()

    def test_b5_charge_is_asked_for_again_under_the_same_key(self):
        self.sandbox.faults.add("drop", stage="after", path="payment_intents$")
        tx = self._submit()
        with patch.object(payment_provider, "MAX_RETRIES", 0):  # The SDK's own.
            self.assertEqual(self._follow(), "waiting", "nobody says that it failed")
        self.assertEqual(tx.state, "draft")
        self.assertEqual(self._follow(), "paid")
        self.assertEqual(len(self._get_charges()), 1)
        self._assert_paid_once()

    def test_b3_card_is_not_charged_for_what_was_paid_meanwhile(self):
        tx = self._submit()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        self.assertEqual(self._follow(), "cancelled")
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertFalse(self._get_charges())

    def test_b5_saved_card_is_not_charged_long_after(self):
        tx = self._submit()
        self._make_old(tx)
        self._catch_up()
        self.assertEqual(tx.state, "cancel")
        self.assertFalse(self._get_charges())
