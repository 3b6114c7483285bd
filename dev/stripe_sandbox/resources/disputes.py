"""Disputes."""

from ..disputing import close_dispute
from .base import Route, lists, retrieves, updates

KIND = "dispute"


def close(call, dispute):
    """Accept a dispute: it is lost."""
    return close_dispute(call.backend, dispute, "lost")


ROUTES = [
    lists(KIND, "charge payment_intent"),
    retrieves(KIND),
    updates(KIND, "metadata", "charge.dispute.updated"),
    Route(KIND, "close", close),
]
