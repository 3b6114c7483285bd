"""What Stripe says when it refuses, what the customer reads, and what staff read.

Source of the codes: https://docs.stripe.com/declines/codes (cards),
https://docs.stripe.com/error-codes, and for bank accounts
https://docs.stripe.com/payments/ach-direct-debit. The sentences are ours: Stripe's own
are partly written for developers or for the seller, and all of them in English.
"""

import logging
from dataclasses import dataclass

from odoo.tools import LazyTranslate

_logger = logging.getLogger(__name__)
_lt = LazyTranslate(__name__)


@dataclass(frozen=True)
class Refusal:
    """Why Stripe refuses.

    :param LazyTranslate customer: What whoever pays reads.
    :param LazyTranslate staff: What staff read.
    """

    customer: object
    staff: object


_DECLINED = _lt("Your bank declined this card. Call your bank or use another card.")
_BANK_DECLINED = _lt(
    "Your bank declined this payment. Contact your bank or pay another way."
)
_BANK_UNUSABLE = _lt(
    "This bank account cannot be debited. Please use another bank account or a card."
)
_NOT_STARTED = _lt(
    "The payment could not be made, and nothing was charged. Please try again, or pay "
    "another way."
)
_SET_UP = _lt("Stripe is not set up for this. Please tell an administrator.")

DECLINED = Refusal(_DECLINED, _lt("The bank declined the card without a reason."))
BANK_DECLINED = Refusal(_BANK_DECLINED, _lt("The bank declined the debit."))
OTHER = Refusal(_NOT_STARTED, _lt("Stripe refused the request."))

#: Whoever pays with a stolen card is not to learn that it is known.
_SECRET = Refusal(
    _DECLINED,
    _lt("Fraud is suspected. The customer was only told that the card was declined."),
)
_CARD_GROUPS = {
    "fraudulent lost_card stolen_card merchant_blacklist pickup_card restricted_card"
    " security_violation partner_high_risk_customer compliance_violation": _SECRET,
    "generic_decline call_issuer card_declined do_not_honor do_not_try_again"
    " no_action_taken not_permitted revocation_of_authorization"
    " revocation_of_all_authorizations service_not_allowed stop_payment_order"
    " transaction_not_allowed invalid_account new_account_information_available"
    " incorrect_pin invalid_pin pin_try_exceeded offline_pin_required"
    " online_or_offline_pin_required mobile_device_authentication_required": DECLINED,
    "insufficient_funds withdrawal_count_limit_exceeded": Refusal(
        _lt("There is not enough money on this card. Please use another one."),
        _lt("There was not enough money on the card."),
    ),
    "card_velocity_exceeded": Refusal(
        _lt("This card has reached a limit. Call your bank or use another card."),
        _lt("The card has reached a limit for amounts or payments."),
    ),
    "card_decline_rate_limit_exceeded": Refusal(
        _lt("This card was declined too often. Please use another card."),
        _lt("The card was declined too often. Stripe accepts it again after 24 hours."),
    ),
    "expired_card": Refusal(
        _lt("This card has expired. Please use another one."),
        _lt("The card has expired."),
    ),
    "incorrect_number invalid_number": Refusal(
        _lt("Please check the card number."), _lt("The card number was wrong.")
    ),
    "incorrect_cvc invalid_cvc": Refusal(
        _lt("Please check the security code of the card."),
        _lt("The security code of the card was wrong."),
    ),
    "invalid_expiry_month invalid_expiry_year": Refusal(
        _lt("Please check the expiry date of the card."),
        _lt("The expiry date of the card was wrong."),
    ),
    "incorrect_zip": Refusal(
        _lt("Please check the ZIP or postal code."),
        _lt("The postal code does not match the bank's records."),
    ),
    "incorrect_address": Refusal(
        _lt("Please check the billing address."),
        _lt("The address does not match the bank's records."),
    ),
    "authentication_required authentication_not_handled"
    " payment_intent_authentication_failure setup_intent_authentication_failure"
    " payment_method_customer_decline": Refusal(
        _lt(
            "Your bank wants to confirm that it is you. Try again and follow its steps."
        ),
        _lt("The customer did not pass the bank's check (3-D Secure)."),
    ),
    "approve_with_id issuer_not_available processing_error reenter_transaction"
    " try_again_later payment_method_provider_timeout": Refusal(
        _lt("Something went wrong at the bank. Please try again soon."),
        _lt("The bank could not be reached, or could not decide."),
    ),
    "card_not_supported currency_not_supported": Refusal(
        _lt(
            "This card cannot be used for this payment, or not in this currency. "
            "Please use another card."
        ),
        _lt("The card does not support this payment or its currency."),
    ),
    "duplicate_transaction": Refusal(
        _lt("The same payment was just made. Please check before you pay again."),
        _lt("The bank took it for a duplicate of a payment just made."),
    ),
    "testmode_decline test_mode_live_card live_mode_test_card": Refusal(
        _lt("This card cannot be used here. Please use another card."),
        _lt("A test card was used in live mode, or a real one in test mode."),
    ),
}
_BANK_GROUPS = {
    "insufficient_funds": Refusal(
        _lt(
            "There was not enough money in the bank account. Please try again, or pay "
            "another way."
        ),
        _lt("There was not enough money in the bank account."),
    ),
    "account_closed bank_account_closed no_account": Refusal(
        _BANK_UNUSABLE, _lt("The bank account is closed or does not exist.")
    ),
    "debit_not_authorized": Refusal(
        _BANK_UNUSABLE,
        _lt(
            "The account holder or the bank does not allow this debit. It needs a new "
            "authorization."
        ),
    ),
    "bank_account_restricted bank_account_unusable bank_account_frozen"
    " payment_method_bank_account_blocked recipient_deceased": Refusal(
        _BANK_UNUSABLE, _lt("The bank account is blocked or does not accept debits.")
    ),
    "account_number_invalid bank_account_invalid_details incorrect_account_details"
    " invalid_account_number routing_number_invalid": Refusal(
        _lt("Please check the routing number and the account number."),
        _lt("No bank account was found with these numbers."),
    ),
    "invalid_currency currency_not_supported": Refusal(
        _BANK_UNUSABLE, _lt("The bank account is not in this currency.")
    ),
    "charge_exceeds_source_limit charge_exceeds_transaction_limit"
    " charge_exceeds_weekly_limit payment_limit_exceeded": Refusal(
        _lt(
            "This is more than can be debited from bank accounts now. Please pay less, "
            "or pay another way."
        ),
        _lt("It is more than Stripe lets you debit at once or in a week."),
    ),
    "payment_method_microdeposit_failed": Refusal(
        _BANK_UNUSABLE, _lt("The bank account could not be verified.")
    ),
    "payment_method_microdeposit_verification_amounts_mismatch"
    " payment_method_microdeposit_verification_amounts_invalid"
    " payment_method_microdeposit_verification_descriptor_code_mismatch": Refusal(
        _lt("That does not match your statement. Please check it and try again."),
        _lt("What the customer entered does not match the deposit."),
    ),
    "payment_method_microdeposit_verification_attempts_exceeded"
    " payment_method_microdeposit_verification_timeout": Refusal(
        _lt(
            "The bank account was not verified in time, or the wrong numbers were "
            "entered too often. Please use another bank account or a card."
        ),
        _lt("The customer did not verify the bank account."),
    ),
}
#: Whatever is paid with.
_REQUEST_GROUPS = {
    "amount_too_large amount_too_small invalid_amount invalid_charge_amount": Refusal(
        _lt(
            "This amount cannot be paid this way. Please enter another amount, or "
            "pay another way."
        ),
        _lt("Stripe does not accept this amount."),
    ),
    "email_invalid": Refusal(
        _lt("Please check the email address."), _lt("Stripe refused the email address.")
    ),
    "country_code_invalid payment_method_billing_details_address_missing"
    " postal_code_invalid state_unsupported": Refusal(
        _lt("Please check the billing address."), _lt("Stripe refused the address.")
    ),
    "resource_missing": Refusal(
        _NOT_STARTED,
        _lt("Stripe could not find it. It may belong to another account or mode."),
    ),
    "account_invalid api_key_expired livemode_mismatch payment_method_unactivated"
    " platform_api_key_expired secret_key_required testmode_charges_only"
    " tls_version_unsupported": Refusal(_NOT_STARTED, _SET_UP),
    "charge_already_refunded": Refusal(
        _NOT_STARTED, _lt("It has already been refunded.")
    ),
    "charge_disputed refund_disputed_payment charge_not_refundable": Refusal(
        _NOT_STARTED, _lt("It cannot be refunded while it is disputed.")
    ),
    "balance_insufficient": Refusal(
        _NOT_STARTED, _lt("The balance at Stripe is too low for this refund.")
    ),
    "capture_charge_authorization_expired charge_expired_for_capture": Refusal(
        _NOT_STARTED, _lt("The authorization has expired. A new payment is needed.")
    ),
}


def _by_code(groups):
    return {
        code: refusal for codes, refusal in groups.items() for code in codes.split()
    }


_REQUESTS = _by_code(_REQUEST_GROUPS)
CARDS = {**_REQUESTS, **_by_code(_CARD_GROUPS)}
BANKS = {**_REQUESTS, **_by_code(_BANK_GROUPS)}


def get_refusal(error, is_bank=False):
    """Return what an error of Stripe means.

    :param dict error: Stripe's error: `type`, `code`, `decline_code`, as far as given.
    :param bool is_bank: Whether a bank account is debited.
    :rtype: Refusal
    """
    table = BANKS if is_bank else CARDS
    for code in (error.get("decline_code"), error.get("code")):
        if code in table:
            return table[code]
    if is_bank:
        # Whatever stands for it among cards would speak of a card.
        return BANK_DECLINED if error.get("code") else OTHER
    return DECLINED if error.get("type") == "card_error" else OTHER


def explain(tx, error):
    """Return why Stripe refuses a payment, and keep for staff what it has said.

    :param payment.transaction tx: The payment, in sudo mode.
    :param dict error: Stripe's error.
    :return: For the customer, in the language of the recipient of the link; for a
        refund or a capture, which staff ask for, in theirs.
    :rtype: str
    """
    code = error.get("decline_code") or error.get("code") or error.get("type") or ""
    message = error.get("message") or ""
    refusal = get_refusal(error, (tx.payment_method_code or "").endswith("_debit"))
    _logger.info("Payment %s refused by Stripe: %s %s", tx.reference, code, message)
    reason = tx.env._(
        "%(explanation)s Stripe says: “%(message)s” (%(code)s)",
        explanation=refusal.staff._translate(tx.env.lang),
        message=message,
        code=code,
    )
    if tx.operation == "refund" or tx.state == "authorized":
        return reason
    tx._log_message_on_linked_documents(
        tx.env._(
            "Payment %(reference)s was refused. %(reason)s",
            reference=tx.reference,
            reason=reason,
        )
    )
    link = tx.portal_attempt_id.link_id
    lang = link._get_lang() if link else tx.env.lang
    return refusal.customer._translate(lang)
