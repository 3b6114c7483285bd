"""Disputes."""

from ..disputing import close_dispute
from .base import Route, changed, merge_metadata, page


def retrieve(call, dispute):
    """Return a dispute."""
    return call.backend.store.get("dispute", dispute)


def update(call, dispute):
    """Change a dispute's metadata."""
    found = call.backend.store.get("dispute", dispute)
    if "metadata" in call.params:
        merged = merge_metadata(found["metadata"], call.params["metadata"])
        previous = changed(found, {"metadata": merged})
        call.backend.emit("charge.dispute.updated", found, previous)
    return found


def close(call, dispute):
    """Accept a dispute: it is lost."""
    found = call.backend.store.get("dispute", dispute)
    return close_dispute(call.backend, found, "lost")


def list_all(call):
    """Return disputes, by charge and PaymentIntent."""
    names = ("charge", "payment_intent")
    given = {name: call.params[name] for name in names if name in call.params}
    return page(
        call,
        "dispute",
        "/v1/disputes",
        lambda found: all(found[name] == value for name, value in given.items()),
    )


_PATH = "/disputes/<dispute>"
ROUTES = [
    Route("GET", "/disputes", list_all, "dispute_list"),
    Route("GET", _PATH, retrieve, "dispute_retrieve"),
    Route("POST", _PATH, update, "dispute_update", supports=frozenset(("metadata",))),
    Route("POST", f"{_PATH}/close", close, "dispute_close"),
]
