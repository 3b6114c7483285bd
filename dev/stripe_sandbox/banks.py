"""The US test bank accounts that Stripe documents.

See https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers
"""

ROUTING_NUMBER = "110000000"
BANK_NAME = "STRIPE TEST BANK"

# Number -> what stands for it in ``pm_usBankAccount_…``, and what becomes of a debit:
# `succeeded`, `processing` (never settles), `disputed`, `microdeposits_fail` (before
# it) or a failure code.
ACCOUNTS = {
    "000123456789": ("success", "succeeded"),
    "000111111113": ("accountClosed", "account_closed"),
    "000111111116": ("noAccount", "no_account"),
    "000222222227": ("insufficientFunds", "insufficient_funds"),
    "000333333335": ("debitNotAuthorized", "debit_not_authorized"),
    "000444444440": ("invalidCurrency", "invalid_currency"),
    "000666666661": ("failMicrodeposits", "microdeposits_fail"),
    "000555555559": ("dispute", "disputed"),
    "000000000009": ("processing", "processing"),
    "000777777771": ("weeklyLimitExceeded", "charge_exceeds_weekly_limit"),
}
NUMBER_BY_TOKEN = {token: number for number, (token, _outcome) in ACCOUNTS.items()}

# Failure codes of a bank debit and what Stripe tells about them.
FAILURES = {
    "account_closed": "The customer's bank account has been closed.",
    "bank_account_restricted": "The customer's bank account is restricted.",
    "charge_exceeds_weekly_limit": (
        "The payment would exceed the weekly payment volume limit of the account."
    ),
    "debit_not_authorized": (
        "The customer has notified their bank that this payment was unauthorized."
    ),
    "insufficient_funds": (
        "The customer's account has insufficient funds to cover this payment."
    ),
    "invalid_currency": "The bank account does not support this currency.",
    "no_account": "The customer's bank account could not be located.",
}

# Values that end a verification, in either form (amounts in cents).
MICRODEPOSITS = {
    "verified": ((32, 45), "SM11AA"),
    "attempts_exceeded": ((10, 11), "SM33CC"),
    "timeout": ((40, 41), "SM44DD"),
}


def routing_valid(number):
    """Tell whether a routing number has nine digits and the ABA check digit."""
    if len(number) != 9 or not number.isdigit():
        return False
    weights = (3, 7, 1) * 3
    digits = map(int, number)
    return sum(w * d for w, d in zip(weights, digits, strict=True)) % 10 == 0
