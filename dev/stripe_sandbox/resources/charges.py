"""Charges: what an attempt to move money came to."""

from ..errors import StripeError
from .base import Route, changed, list_by, merge_metadata, retrieve, shipping, unset


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


_LIST = list_by("charge", "/v1/charges", "customer", "payment_intent", "transfer_group")
ROUTES = [
    Route("GET", "/charges", _LIST, "charge_list"),
    Route("POST", "/charges", create, "charge_create"),
    Route("GET", "/charges/<charge>", retrieve("charge"), "charge_retrieve"),
    Route(
        "POST",
        "/charges/<charge>",
        update,
        "charge_update",
        supports="description metadata receipt_email shipping transfer_group",
    ),
]
