"""Charges: what an attempt to move money came to."""

from ..errors import unimplemented
from .base import Route, lists, retrieves, updates

KIND = "charge"
_NOTES = "description metadata receipt_email shipping transfer_group"


def create(call):
    """Refuse: charges come from PaymentIntents.

    :raise StripeError: always; Stripe's old way of charging is no part of this
        sandbox.
    """
    raise unimplemented(["charges without a PaymentIntent"])


ROUTES = [
    lists(KIND, "customer payment_intent transfer_group"),
    Route(KIND, "create", create),
    retrieves(KIND),
    updates(KIND, _NOTES, "charge.updated"),
]
