"""Disputes."""

from ..disputing import close_dispute
from .base import Route, changed, list_by, merge_metadata, retrieve


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


_PATH = "/disputes/<dispute>"
_LIST = list_by("dispute", "/v1/disputes", "charge", "payment_intent")
ROUTES = [
    Route("GET", "/disputes", _LIST, "dispute_list"),
    Route("GET", _PATH, retrieve("dispute"), "dispute_retrieve"),
    Route("POST", _PATH, update, "dispute_update", supports="metadata"),
    Route("POST", f"{_PATH}/close", close, "dispute_close"),
]
