"""What an error of Stripe means for the payment that it is about.

Source: https://docs.stripe.com/error-codes and https://docs.stripe.com/api/errors.
"""

import stripe

#: The classes. Whoever handles an error asks for one of them, and for nothing else.
UNREACHABLE = "unreachable"  # It may have been done, or not: to be asked again.
GONE = "gone"  # The keys do not see the object: another account or mode, or none.
KEYS = "keys"  # The keys are wrong, or lack a right: an administrator's.
REFUSED = "refused"  # It was understood, and not done.
#: What Stripe calls an account that is not set up for what is asked.
SETUP_CODES = {
    "account_invalid",
    "api_key_expired",
    "livemode_mismatch",
    "payment_method_unactivated",
    "platform_api_key_expired",
    "secret_key_required",
    "testmode_charges_only",
    "tls_version_unsupported",
}
#: What was asked for is done already: how it stands is to be looked at.
DONE_CODES = {"charge_already_captured", "charge_already_refunded"}
#: Answers that leave open whether the request was fulfilled.
UNDECIDED = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.IdempotencyError,
    stripe.RateLimitError,
)


def get_code(error):
    """Return Stripe's code of an error, which the SDK sets on some of them only.

    :param stripe.StripeError error: The error.
    :rtype: str
    """
    body = getattr(error, "error", None)
    return error.code or getattr(body, "code", None) or ""


def classify(error):
    """Return what an error means.

    :param stripe.StripeError error: The error.
    :return: `UNREACHABLE`, `GONE`, `KEYS` or `REFUSED`.
    :rtype: str
    """
    code = get_code(error)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return KEYS
    if code in SETUP_CODES:
        return KEYS
    if code == "resource_missing":
        return GONE
    if isinstance(error, UNDECIDED):
        return UNREACHABLE
    return REFUSED
