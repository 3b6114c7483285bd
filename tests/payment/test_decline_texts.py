import re
from pathlib import Path

import stripe

from odoo.exceptions import ValidationError
from odoo.tests import HttpCase

from ...models.payment import decline_codes
from ..payment_common import PortalPaymentCommon

#: From https://docs.stripe.com/declines/codes: what is never told to whoever pays.
SECRET = (
    *("compliance_violation", "fraudulent", "lost_card", "merchant_blacklist"),
    *("partner_high_risk_customer", "pickup_card", "restricted_card"),
    *("security_violation", "stolen_card"),
)
#: The rest of Stripe's list, with a word that the answer has to have.
CARD_WORDS = {
    **dict.fromkeys(("insufficient_funds", "withdrawal_count_limit_exceeded"), "money"),
    **dict.fromkeys(("incorrect_number", "invalid_number"), "card number"),
    **dict.fromkeys(("incorrect_cvc", "invalid_cvc"), "security code"),
    **dict.fromkeys(("invalid_expiry_month", "invalid_expiry_year"), "expiry date"),
    **dict.fromkeys(("card_not_supported", "currency_not_supported"), "currency"),
    **dict.fromkeys(
        ("authentication_required", "authentication_not_handled"), "confirm that it is"
    ),
    **dict.fromkeys(
        (
            *("approve_with_id", "issuer_not_available", "processing_error"),
            *("reenter_transaction", "try_again_later"),
        ),
        "try again soon",
    ),
    "card_velocity_exceeded": "reached a limit",
    "duplicate_transaction": "just made",
    "expired_card": "expired",
    "incorrect_address": "billing address",
    "incorrect_zip": "ZIP",
    "invalid_amount": "amount",
    "testmode_decline": "cannot be used here",
}
GENERIC = (
    *("call_issuer", "do_not_honor", "do_not_try_again", "generic_decline"),
    *("incorrect_pin", "invalid_account", "invalid_pin", "mobile_device_"),
    *("new_account_information_available", "no_action_taken", "not_permitted"),
    *("offline_pin_required", "pin_try_exceeded", "revocation_of_authorization"),
    *("service_not_allowed", "stop_payment_order", "transaction_not_allowed"),
    *("something_new", ""),
)
BANK_WORDS = {
    "insufficient_funds": "money in the bank account",
    "account_closed": "cannot be debited",
    "no_account": "cannot be debited",
    "debit_not_authorized": "cannot be debited",
    "bank_account_unusable": "cannot be debited",
    "charge_exceeds_weekly_limit": "more than can be debited",
    "routing_number_invalid": "routing number",
    "payment_method_microdeposit_verification_timeout": "not verified in time",
    "something_new": "Contact your bank",
}


class TestDeclineTexts(PortalPaymentCommon, HttpCase):
    """Why a payment was refused, in our words: for the customer and for staff."""

    def _get_text(self, is_bank=False, **error):
        # Odoo finds the language of a text by the `self` of whoever asks for it.
        return str(decline_codes.get_refusal(error, is_bank).customer)

    def test_s22_each_decline_of_a_card_has_its_words(self):
        generic = str(decline_codes.DECLINED.customer)
        for code in (*SECRET, *GENERIC):
            with self.subTest(code):
                found = self._get_text(
                    type="card_error", code="card_declined", decline_code=code
                )
                self.assertEqual(found, generic)
        for code, word in CARD_WORDS.items():
            with self.subTest(code):
                for key in ("decline_code", "code"):
                    self.assertIn(
                        word, self._get_text(type="card_error", **{key: code})
                    )

    def test_s22_each_decline_of_a_bank_account_has_its_words(self):
        for code, word in BANK_WORDS.items():
            with self.subTest(code):
                found = self._get_text(
                    is_bank=True, type="invalid_request_error", code=code
                )
                self.assertIn(word, found)
                self.assertNotIn("this card", found)

    def test_s22_no_text_for_customers_is_written_for_the_seller(self):
        for kind in ("CARDS", "BANKS"):
            for code, refusal in getattr(decline_codes, kind).items():
                with self.subTest(kind=kind, code=code):
                    text = str(refusal.customer)
                    self.assertFalse(re.search(r"customer|Stripe|fraud|stolen", text))
                    self.assertRegex(text, r"\.$")

    def test_s22_each_code_stands_once(self):
        source = Path(decline_codes.__file__).read_text("utf-8")
        for table in ("_CARD_GROUPS", "_BANK_GROUPS", "_REQUEST_GROUPS"):
            codes = " ".join(getattr(decline_codes, table)).split()
            self.assertEqual(len(codes), len(set(codes)), table)
        self.assertIn("https://docs.stripe.com/declines/codes", source)

    # === Where they are read === #

    def _get_chatter(self):
        return "".join(self.invoice.message_ids.mapped("body"))

    def _refuse_debit(self, account="000222222227"):
        self._enable_echeck()
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx, account)
        tx.portal_attempt_id._stripe_refresh()
        self._get_stripe().payment_intents.verify_microdeposits(
            tx.provider_reference, {"descriptor_code": "SM11AA"}
        )
        tx.portal_attempt_id._stripe_refresh()
        self.sandbox.control.settle(tx.provider_reference)
        tx.portal_attempt_id._stripe_refresh()
        self.assertEqual(tx.state, "error")
        return tx

    def test_s22_customer_reads_ours_and_staff_read_stripes(self):
        tx = self._refuse_debit()
        stripes = "The customer's account has insufficient funds"
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("not enough money in the bank account", page)
        self.assertNotIn("customer's account", tx.state_message)
        self.assertNotIn("customer's account", page.replace("&#39;", "'"))
        chatter = self._get_chatter().replace("&#39;", "'")
        self.assertIn(stripes, chatter)
        self.assertIn("insufficient_funds", chatter)

    def test_s22_staff_are_told_once(self):
        tx = self._refuse_debit()
        for _repeat in range(3):
            tx.portal_attempt_id._stripe_refresh()
        self.assertEqual(self._get_chatter().count("insufficient_funds"), 1)

    def test_s22_words_are_in_the_language_of_the_link(self):
        """Whoever's request it is: of the catch-up, in English."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        kind = type(decline_codes.DECLINED.customer)
        self.patch(kind, "_translate", lambda text, lang="": f"[{lang}] {text._source}")
        tx = self._create_attempt()
        with self.assertRaises(stripe.CardError):
            self._confirm(
                tx, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds"
            )
        tx.portal_attempt_id.with_context(lang="en_US")._stripe_refresh()
        self.assertIn("[fr_FR] There is not enough money", tx.state_message)
        self.assertIn("[en_US] There was not enough money", self._get_chatter())

    def test_s22_what_stripe_does_not_find_is_not_told_in_its_words(self):
        tx = self._create_attempt()
        with self.assertRaises(stripe.InvalidRequestError) as gone:
            self.provider._stripe_request("GET", "customers/cus_gone")
        refusal = tx.portal_attempt_id._stripe_get_refusal(gone.exception, tx)
        message = str(refusal)
        self.assertIn("nothing was charged", message)
        self.assertNotIn("cus_gone", message)
        self.assertIn("another account or mode", self._get_chatter())
        self.assertIn("cus_gone", self._get_chatter())

    def test_s22_staff_who_refund_read_why_it_is_refused(self):
        tx = self._create_attempt()
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        self._get_stripe().refunds.create({"payment_intent": tx.provider_reference})
        with self.assertRaises(ValidationError) as refused:
            tx._create_child_transaction(
                tx.amount, is_refund=True
            )._send_refund_request()
        self.assertIn("already been refunded", str(refused.exception))
