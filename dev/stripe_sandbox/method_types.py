"""Which payment methods an intent takes, and the options of each."""

from . import versions
from .errors import exclusive, invalid, unusable_type

SUPPORTED_TYPES = ("card", "us_bank_account")
_DEFAULT_OPTIONS = {
    "card": {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    },
    "us_bank_account": {"verification_method": "automatic"},
}


def for_new_intent(call, currency):
    """Return an intent's fields that say which payment methods it takes.

    :param str currency: lower-case code, None for a SetupIntent.
    :raise StripeError: types that exclude each other or the currency.
    """
    params = call.params
    usable = [t for t in SUPPORTED_TYPES if t == "card" or currency in ("usd", None)]
    allowed = params.get("allowed_payment_method_types")
    automatic = params.get("automatic_payment_methods") or {}
    recent = not versions.before(call.version, versions.AUTOMATIC_METHODS_SINCE)
    chosen, shown = ["card"], None
    if "payment_method_types" in params:
        if automatic.get("enabled"):
            names = ("automatic_payment_methods", "payment_method_types")
            raise exclusive(*names, param="payment_method_types")
        chosen = _checked_types(params["payment_method_types"], usable, currency)
    elif allowed is not None:
        chosen = [t for t in allowed if t in usable]
        if not chosen:
            raise invalid(
                "None of the allowed payment method types can be used.",
                "allowed_payment_method_types",
            )
    elif automatic.get("enabled", recent):
        chosen = usable
        redirects = automatic.get("allow_redirects", "always")
        shown = {"allow_redirects": redirects, "enabled": True}
    return {
        "allowed_payment_method_types": allowed,
        "automatic_payment_methods": shown,
        "payment_method_types": chosen,
    }


def _checked_types(types, usable, currency):
    for given in types:
        if given not in SUPPORTED_TYPES:
            raise unusable_type(given, "payment_method_types")
        if given not in usable:
            raise invalid(
                f"The currency provided ({currency}) is invalid for one or more"
                f" payment method types on this PaymentIntent. {given} only supports:"
                " usd.",
                "currency",
                "payment_intent_invalid_parameter",
            )
    return list(dict.fromkeys(types))


def with_defaults(intent_types, given):
    """Return the payment method options with Stripe's defaults.

    :param dict given: as sent.
    """
    options = {t: dict(_DEFAULT_OPTIONS[t]) for t in intent_types}
    merge_options(options, given)
    return options


def merge_options(options, given):
    """Put payment method options of a request into those of an intent."""
    for name, values in (given or {}).items():
        if name not in options:
            raise invalid(
                f"The payment_method_options {name} does not match the"
                " payment_method_types of this intent.",
                f"payment_method_options[{name}]",
                "payment_intent_invalid_parameter",
            )
        options[name].update(values or {})
