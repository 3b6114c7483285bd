"""What Stripe says of a payment, and what follows from it, as data.

The tests go through it row by row. Sources:
https://docs.stripe.com/payments/paymentintents/lifecycle and
https://docs.stripe.com/error-codes. Why a card or a debit was declined has a table of
its own: `decline_codes`.
"""

from collections import namedtuple

from . import stripe_errors

#: What follows from an intent's status: the state of our transaction; whether the
#: attempt keeps others from paying; what the payer is answered, see
#: `account.move.portal.attempt._get_payment_status`; whether money was taken, or is
#: about to be; for what staff find it in their list, if they do.
IntentRule = namedtuple("IntentRule", ("state", "is_open", "answer", "takes", "todo"))
#: By the intent's status and what it goes with: the last error (`error`), a bank
#: account to be verified (`verification`), a debit that was under way (`failed_debit`).
INTENT_RULES = {
    ("requires_payment_method", ""): IntentRule("draft", True, "waiting", False, None),
    ("requires_payment_method", "error"): IntentRule(
        "error", True, "failed", False, None
    ),
    ("requires_payment_method", "failed_debit"): IntentRule(
        "error", True, "failed", False, "failed"
    ),
    ("requires_confirmation", ""): IntentRule("draft", True, "waiting", False, None),
    ("requires_action", ""): IntentRule("draft", True, "waiting", False, None),
    ("requires_action", "verification"): IntentRule(
        "pending", True, "verify", False, None
    ),
    ("processing", ""): IntentRule("pending", True, "processing", True, None),
    ("requires_capture", ""): IntentRule("authorized", True, "processing", True, None),
    ("succeeded", ""): IntentRule("done", False, "paid", True, None),
    ("canceled", ""): IntentRule("cancel", False, "cancelled", False, None),
}
#: Stripe's states of an intent that has taken money, or is about to.
TAKING = {status for (status, _with), rule in INTENT_RULES.items() if rule.takes}
#: What the payer is answered by the state of the transaction.
ANSWERS = {
    rule.state: rule.answer
    for (_status, with_), rule in INTENT_RULES.items()
    if with_ != "verification"
}

#: What follows from an error when nobody waits for the payment: what the attempt
#: does; whether it asks again later; whether it is written to the log as an error of
#: ours; for what staff find it in their list. And the code of what a customer is told
#: who is about to start another payment: nothing where that can go on.
ErrorRule = namedtuple("ErrorRule", ("follow", "asks_again", "is_ours", "todo", "told"))
ERROR_RULES = {
    stripe_errors.UNREACHABLE: ErrorRule(None, True, False, None, "unreachable"),
    stripe_errors.GONE: ErrorRule("_give_up", False, False, "gone", None),
    stripe_errors.KEYS: ErrorRule(
        "_report_wrong_keys", True, False, "keys", "unreachable"
    ),
    stripe_errors.REFUSED: ErrorRule(None, True, True, None, "unreachable"),
}


def get_error_rule(error):
    """Return what follows from an error.

    :param stripe.StripeError error: The error.
    :rtype: ErrorRule
    """
    return ERROR_RULES[stripe_errors.classify(error)]
