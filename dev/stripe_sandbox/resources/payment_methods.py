"""Payment methods: made from a card, a bank account or a test token."""

from .. import banks, cards
from ..errors import invalid, missing
from ..instruments import (
    bank_details,
    billing_details,
    card_details,
    from_bank_account,
    from_card,
    take_card,
)
from .base import Route, changed, merge_metadata, retrieve
from .customers import living, methods_of

_TYPES = ("card", "us_bank_account")


def build(backend, data, card=None):
    """Keep and return a new payment method.

    :param dict data: ``type``, ``billing_details`` and the like, checked.
    :param dict card: number, expiry and security code, from Stripe.js.
    """
    kind = data.get("type")
    if kind is None:
        raise missing("type")
    if kind not in _TYPES:
        raise invalid(
            f"The payment method type provided: {kind} is invalid. Please ensure the"
            " provided type is activated in your dashboard"
            " (https://dashboard.stripe.com/account/payments/settings) and your account"
            " is enabled for any preview features that you are trying to use.",
            "type",
            "payment_intent_invalid_parameter",
        )
    if kind == "card":
        details = from_card(backend, data, card)
    else:
        details = from_bank_account(backend, data)
    return _keep(backend, kind, details, data.get("billing_details"), data)


def _keep(backend, kind, details, holder=None, data=None):
    given = data or {}
    return backend.create(
        "payment_method",
        allow_redisplay=given.get("allow_redisplay", "unspecified"),
        billing_details=billing_details(holder or {}),
        customer=None,
        metadata=merge_metadata({}, given.get("metadata") or {}),
        type=kind,
        _used=False,
        _set_up=False,
        **details,
    )


# Finding them.


def resolve(backend, method_id, param="payment_method"):
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
    return backend.store.get("payment_method", method_id, param)


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
    found = call.backend.store.get("payment_method", method)
    params, updates = call.params, {}
    if found["customer"] is None:
        raise invalid(
            "You must save this PaymentMethod to a customer before you can update it."
        )
    if "billing_details" in params:
        given = params["billing_details"]
        merged = {**found["billing_details"], **given}
        updates["billing_details"] = billing_details(merged)
    if "metadata" in params:
        updates["metadata"] = merge_metadata(found["metadata"], params["metadata"])
    if params.get("card"):
        updates["card"] = {**found["card"], **params["card"]}
    previous = changed(found, updates)
    if previous:
        call.backend.emit("payment_method.updated", found, previous)
    return found


def attach(call, method):
    """Attach a payment method to a customer; an issuer may refuse that."""
    if "customer" not in call.params:
        raise missing("customer")
    customer = living(call.backend, call.params["customer"], "customer")
    found = resolve(call.backend, method)
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
    found = call.backend.store.get("payment_method", method)
    if found["customer"] is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so"
            " detachment is impossible."
        )
    previous = changed(found, {"customer": None, "_used": True})
    call.backend.emit(
        "payment_method.detached", found, {"customer": previous["customer"]}
    )
    return found


def list_all(call):
    """Return the payment methods of a customer."""
    customer = call.params.get("customer")
    if customer is not None:
        living(call.backend, customer, "customer")
    return methods_of(call, customer, "/v1/payment_methods")


_PATH = "/payment_methods/<method>"
_CREATE = "allow_redisplay billing_details card metadata type us_bank_account"
_LIST = "customer ending_before limit starting_after type"
ROUTES = [
    Route(
        "POST",
        "/payment_methods",
        create,
        "payment_method_create",
        client=True,
        supports=_CREATE,
        prepare=take_card,
    ),
    Route("GET", "/payment_methods", list_all, "payment_method_list", supports=_LIST),
    Route("GET", _PATH, retrieve("payment_method"), "payment_method_retrieve"),
    Route(
        "POST",
        _PATH,
        update,
        "payment_method_update",
        supports="billing_details card metadata",
    ),
    Route(
        "POST",
        f"{_PATH}/attach",
        attach,
        "payment_method_attach",
        supports="customer",
    ),
    Route("POST", f"{_PATH}/detach", detach, "payment_method_detach"),
]
