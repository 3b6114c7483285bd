"""Payment methods: made from a card, a bank account or a test token."""

from .. import banks, cards
from ..errors import invalid, missing, unusable_type
from ..instruments import (
    bank_details,
    billing_details,
    card_details,
    from_bank_account,
    from_card,
    take_card,
)
from ..method_types import SUPPORTED_TYPES
from .base import Route, change, members, new_members, retrieves
from .customers import living, methods_of

KIND = "payment_method"


def build(backend, data, card=None):
    """Keep and return a new payment method.

    :param dict data: ``type``, ``billing_details`` and the like, checked.
    :param dict card: number, expiry and security code, from Stripe.js.
    """
    kind = data.get("type")
    if kind is None:
        raise missing("type")
    if kind not in SUPPORTED_TYPES:
        raise unusable_type(kind, "type")
    if kind == "card":
        details = from_card(backend, data, card)
    else:
        details = from_bank_account(backend, data)
    return _keep(backend, kind, details, data.get("billing_details"), data)


def _keep(backend, kind, details, holder=None, data=None):
    given = {"allow_redisplay": "unspecified", **(data or {})}
    return backend.create(
        KIND,
        **new_members(given, "allow_redisplay metadata"),
        billing_details=billing_details(holder or {}),
        customer=None,
        type=kind,
        _used=False,
        _set_up=False,
        **details,
    )


# Finding them.


def resolve(backend, method_id):
    """Return a payment method by its id or by one of Stripe's test tokens.

    A token such as ``pm_card_visa`` makes a new payment method each time.
    """
    _pm, kind, token = (*method_id.split("_", 2), "", "")[:3]
    if kind == "card" and token in cards.NUMBER_BY_TOKEN:
        number = cards.NUMBER_BY_TOKEN[token]
        return _keep(backend, "card", card_details(backend, number))
    if kind == "usBankAccount" and token in banks.NUMBER_BY_TOKEN:
        given = {
            "account_holder_type": "individual",
            "account_number": banks.NUMBER_BY_TOKEN[token],
            "routing_number": banks.ROUTING_NUMBER,
        }
        verified = token != "failMicrodeposits"
        details = bank_details(backend, given, verified)
        holder = {"name": "Jenny Rosen", "email": "jenny@example.com"}
        return _keep(backend, "us_bank_account", details, holder)
    return backend.store.get(KIND, method_id, "payment_method")


def attach_to(backend, method, customer):
    """Attach a payment method to a customer, once."""
    if method["customer"] == customer:
        return
    method["customer"] = customer
    backend.emit("payment_method.attached", method)


# Operations.


def create(call):
    """Create a payment method."""
    return build(call.backend, call.params, call.params.get("_card"))


def update(call, method):
    """Change billing details, expiry or metadata."""
    params = call.params
    if method["customer"] is None:
        raise invalid(
            "You must save this PaymentMethod to a customer before you can update it."
        )
    values = members(params, "metadata", method)
    if "billing_details" in params:
        merged = {**method["billing_details"], **params["billing_details"]}
        values["billing_details"] = billing_details(merged)
    if params.get("card"):
        values["card"] = {**method["card"], **params["card"]}
    change(call.backend, method, values, "payment_method.updated")
    return method


def attach(call, method_id):
    """Attach a payment method to a customer; an issuer may refuse that.

    :param str method_id: may be a test token, of which a payment method is made.
    """
    if "customer" not in call.params:
        raise missing("customer")
    customer = living(call.backend, call.params["customer"], "customer")
    found = resolve(call.backend, method_id)
    if found["customer"] not in (None, customer["id"]):
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            "payment_method",
        )
    refuse_used(found)
    if found["type"] == "card" and found["_card"]["decline"]:
        raise cards.declined(found["_card"]["decline"])
    if found["type"] == "us_bank_account" and not found["_verified"]:
        raise invalid(
            "US bank account PaymentMethods must be verified before they are attached"
            " to a customer. Use a SetupIntent, or a PaymentIntent with"
            " setup_future_usage.",
            code="bank_account_unverified",
        )
    attach_to(call.backend, found, customer["id"])
    return found


def refuse_used(method):
    """Refuse a payment method that was good for one use and had it."""
    if method["_used"] and method["customer"] is None:
        raise invalid(
            "This PaymentMethod was previously used without being attached to a"
            " Customer or was detached from a Customer, and may not be used again.",
            "payment_method",
        )


def detach(call, method):
    """Detach a payment method for good."""
    customer = method["customer"]
    if customer is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so"
            " detachment is impossible."
        )
    method.update(customer=None, _used=True)
    call.backend.emit("payment_method.detached", method, {"customer": customer})
    return method


def list_all(call):
    """Return the payment methods of a customer."""
    customer = call.params.get("customer")
    if customer is not None:
        living(call.backend, customer, "customer")
    return methods_of(call, customer)


_CREATE = "allow_redisplay billing_details card metadata type us_bank_account"
ROUTES = [
    Route(KIND, "create", create, client=True, supports=_CREATE, prepare=take_card),
    Route(KIND, "list", list_all, supports="customer type"),
    retrieves(KIND),
    Route(KIND, "update", update, supports="billing_details card metadata"),
    Route(
        KIND, "attach", attach, supports="customer", find=lambda _backend, name: name
    ),
    Route(KIND, "detach", detach),
]
