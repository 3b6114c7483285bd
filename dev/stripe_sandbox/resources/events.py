"""Events: what happened, in the account's default API version."""

import fnmatch

from ..errors import invalid
from .base import Route, page, retrieve


def list_all(call):
    """Return events by type (``charge.*`` works too), types and delivery."""
    params = call.params
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of these parameters: type, types.")
    wanted = params.get("types") or [params.get("type", "*")]
    if len(wanted) > 20:
        raise invalid("You may specify at most 20 types.", "types")
    delivered = params.get("delivery_success")
    return page(
        call,
        "event",
        "/v1/events",
        lambda e: (
            any(fnmatch.fnmatchcase(e["type"], w) for w in wanted)
            and delivered in (None, e["pending_webhooks"] == 0)
        ),
    )


ROUTES = [
    Route("GET", "/events", list_all, "event_list"),
    Route("GET", "/events/<event>", retrieve("event"), "event_retrieve"),
]
