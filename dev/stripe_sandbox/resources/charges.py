"""Charges: what an attempt to move money came to."""

from ..errors import StripeError
from .base import Route, changed, merge_metadata, page, shipping, unset


def retrieve(call, charge):
    """Return a charge."""
    return call.backend.store.get("charge", charge)


def update(call, charge):
    """Change a charge's notes."""
    found, params = call.backend.store.get("charge", charge), call.params
    names = ("description", "receipt_email", "transfer_group")
    updates = {name: unset(params[name]) for name in names if name in params}
    if "metadata" in params:
        updates["metadata"] = merge_metadata(found["metadata"], params["metadata"])
    if "shipping" in params:
        updates["shipping"] = shipping(params["shipping"])
    previous = changed(found, updates)
    if previous:
        call.backend.emit("charge.updated", found, previous)
    return found


def create(call):
    """Refuse: charges come from PaymentIntents.

    :raise StripeError: always; Stripe's old way of charging is no part of this
        sandbox.
    """
    raise StripeError(
        501,
        "api_error",
        "The Stripe sandbox creates charges through PaymentIntents only.",
        code="sandbox_not_implemented",
    )


def list_all(call):
    """Return charges, by customer and PaymentIntent."""
    names = ("customer", "payment_intent", "transfer_group")
    given = {name: call.params[name] for name in names if name in call.params}
    return page(
        call,
        "charge",
        "/v1/charges",
        lambda charge: all(charge[name] == value for name, value in given.items()),
    )


ROUTES = [
    Route("GET", "/charges", list_all, "charge_list"),
    Route("POST", "/charges", create, "charge_create"),
    Route("GET", "/charges/<charge>", retrieve, "charge_retrieve"),
    Route(
        "POST",
        "/charges/<charge>",
        update,
        "charge_update",
        supports=frozenset(
            "description metadata receipt_email shipping transfer_group".split()
        ),
    ),
]
