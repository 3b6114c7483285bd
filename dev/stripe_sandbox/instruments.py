"""What stands behind a payment method: a test card or a test bank account."""

import re
from dataclasses import asdict
from datetime import datetime, timezone

from . import auth, banks, cards, schema
from .errors import CARD_ERROR, StripeError, invalid, invalid_email, missing, no_such
from .resources.base import address, unset

_CVC_LENGTHS = {"amex": 4}
# What a card cannot be -> the parameter to blame, and what the payer is told.
_WRONG = {
    "invalid_number": ("number", "The card number is not a valid credit card number."),
    "incorrect_number": ("number", "Your card number is incorrect."),
    "invalid_expiry_month": ("exp_month", "Your card's expiration month is invalid."),
    "invalid_expiry_year": ("exp_year", "Your card's expiration year is invalid."),
    "invalid_cvc": ("cvc", "Your card's security code is invalid."),
}


def take_card(params, source):
    """Take a card's number out of raw parameters, where it may stand.

    Only Stripe.js may send one: Stripe refuses numbers from servers unless the
    account was opened for them.

    :param dict params: raw parameters, changed in place.
    :return: ``{"_card": {…}}`` or nothing.
    """
    inner = params.get("payment_method_data")
    nested = isinstance(inner, dict) and "card" in inner
    holder = dict(inner) if nested else params
    card = holder.get("card")
    if not isinstance(card, dict) or not (nested or "number" in card):
        return {}
    if source != auth.BROWSER:
        if nested:
            return {}  # the schema refuses it: not a parameter of the API
        raise _raw_number_refused()
    del holder["card"]
    if nested:
        params["payment_method_data"] = holder
    path = ("payment_method_data", "card") if nested else ("card",)
    described = schema.fields(schema.params_class("payment_method_create"))
    _required, choice = described["card"]
    return {"_card": schema.check(choice.hash_type, card, path=path)}


def _raw_number_refused():
    return StripeError(
        402,
        "invalid_request_error",
        "Sending credit card numbers directly to the Stripe API is generally unsafe."
        " We suggest you use test tokens that map to the test card you are using, see"
        " https://stripe.com/docs/testing.",
    )


def billing_details(given):
    """Return Stripe's billing details with all their members."""
    details = {name: unset(given.get(name)) for name in ("email", "name", "phone")}
    email = details["email"]
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise invalid_email(email, "billing_details[email]")
    return {
        "address": address(given.get("address") or {"city": None}),
        **details,
        "tax_id": None,
    }


# Cards.


def from_card(backend, data, card=None):
    """Return what a card, or one of Stripe's card tokens, comes to.

    :param dict data: checked parameters; ``card[token]`` may be in them.
    :param dict card: number, expiry and security code, from Stripe.js.
    :raise StripeError: 402 for a number, date or code that cannot be.
    """
    if card is None:
        token = (data.get("card") or {}).get("token")
        if not token:
            raise missing("card")
        number = cards.NUMBER_BY_TOKEN.get(token.removeprefix("tok_"))
        if number is None:
            raise no_such("token", token, "card[token]", 400)
        return card_details(backend, number)
    number = card.get("number", "").replace(" ", "")
    _check_number(number)
    _check_expiry(backend, card)
    known = cards.CARDS[number]
    if (cvc := card.get("cvc")) is not None:
        if len(cvc) != _CVC_LENGTHS.get(known.brand, 3) or not cvc.isdigit():
            raise _card_error("invalid_cvc")
    return card_details(backend, number, card["exp_month"], card["exp_year"], bool(cvc))


def _check_number(number):
    if not number.isdigit() or not 12 <= len(number) <= 19:
        raise _card_error("invalid_number")
    if not cards.luhn_valid(number):
        raise _card_error("incorrect_number")
    if number not in cards.CARDS:
        raise cards.declined("test_mode_live_card")


def _check_expiry(backend, card):
    for name in ("exp_month", "exp_year"):
        if name not in card:
            raise missing(f"card[{name}]")
    if not 1 <= card["exp_month"] <= 12:
        raise _card_error("invalid_expiry_month")
    card["exp_year"] += 2000 if card["exp_year"] < 100 else 0
    today = datetime.fromtimestamp(backend.now(), timezone.utc)
    ahead = card["exp_year"] - today.year
    if not 0 <= ahead <= 50 or (ahead == 0 and card["exp_month"] < today.month):
        raise _card_error("invalid_expiry_year")


def _card_error(code):
    param, message = _WRONG[code]
    return StripeError(402, CARD_ERROR, message, code=code, param=param)


def card_details(backend, number, exp_month=None, exp_year=None, cvc=True):
    """Return the payment method's part about a test card; the number is not in it."""
    card = cards.CARDS[number]
    today = datetime.fromtimestamp(backend.now(), timezone.utc)
    shown = {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "unchecked" if cvc else None,
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": exp_month or today.month,
        "exp_year": exp_year or today.year + 1,
        "fingerprint": backend.fingerprint(number),
        "funding": card.funding,
        "generated_from": None,
        "last4": number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.three_d_secure != "unsupported"},
        "wallet": None,
    }
    return {"card": shown, "_card": asdict(card)}


# Bank accounts.


def from_bank_account(backend, data):
    """Return what a typed bank account comes to."""
    given = data.get("us_bank_account")
    if not given:
        raise missing("us_bank_account")
    if "financial_connections_account" in given:
        raise invalid("The Stripe sandbox has no Financial Connections accounts.")
    for name in ("account_holder_type", "account_number", "routing_number"):
        if name not in given:
            raise missing(f"us_bank_account[{name}]")
    if not banks.routing_valid(given["routing_number"]):
        raise invalid(
            "Invalid routing number for US. The number must contain 9 digits.",
            "us_bank_account[routing_number]",
            "routing_number_invalid",
        )
    if given["account_number"] not in banks.ACCOUNTS:
        raise invalid(
            "You must use a test bank account number in test mode. Try 000123456789 or"
            " see more options at https://stripe.com/docs/payments/ach-direct-debit.",
            "us_bank_account[account_number]",
            "account_number_invalid",
        )
    return bank_details(backend, given, backend.settings.verify_banks_instantly)


def bank_details(backend, given, verified):
    """Return the payment method's part about a bank account, without its number.

    :param dict given: the parameters of ``us_bank_account``.
    :param bool verified: whether no micro-deposits are needed.
    """
    number = given["account_number"]
    _token, outcome = banks.ACCOUNTS[number]
    shown = {
        "account_holder_type": given["account_holder_type"],
        "account_type": given.get("account_type", "checking"),
        "bank_name": banks.BANK_NAME,
        "financial_connections_account": None,
        "fingerprint": backend.fingerprint(given["routing_number"], number),
        "last4": number[-4:],
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": given["routing_number"],
        "status_details": {},
    }
    return {
        "us_bank_account": shown,
        "_bank": {"outcome": outcome},
        "_verified": verified,
    }
