"""Charges: what an attempt to move money came to."""

from ..errors import StripeError
from .base import Route, lists, retrieves, updates

KIND = "charge"
_NOTES = "description metadata receipt_email shipping transfer_group"


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


ROUTES = [
    lists(KIND, "customer payment_intent transfer_group"),
    Route(KIND, "create", create),
    retrieves(KIND),
    updates(KIND, _NOTES, "charge.updated"),
]
