"""Events: what happened, in the account's default API version."""

import fnmatch

from ..errors import exclusive, invalid
from .base import Route, page, retrieves


def list_all(call):
    """Return events by type (``charge.*`` works too), types and delivery."""
    params = call.params
    if "type" in params and "types" in params:
        raise exclusive("type", "types")
    wanted = params.get("types") or [params.get("type", "*")]
    if len(wanted) > 20:
        raise invalid("You may specify at most 20 types.", "types")
    delivered = params.get("delivery_success")
    return page(
        call,
        "event",
        lambda e: (
            any(fnmatch.fnmatchcase(e["type"], w) for w in wanted)
            and delivered in (None, e["pending_webhooks"] == 0)
        ),
    )


ROUTES = [Route("event", "list", list_all), retrieves("event")]
