"""Webhook endpoints."""

from urllib.parse import urlsplit

from ..errors import invalid
from ..store import random_text
from .base import Route, change, lists, members, new_members, retrieves

KIND = "webhook_endpoint"
_MAXIMUM = 16
_MEMBERS = "description enabled_events metadata url"


def add(backend, secret, **values):
    """Keep a new endpoint.

    :param str secret: the ``whsec_…`` that signs what it gets.
    :param values: its members that are not just empty.
    """
    empty = {"api_version": None, "application": None, "description": None}
    values = {**empty, "metadata": {}, "status": "enabled", **values}
    return backend.create(KIND, _secret=secret, **values)


def create(call):
    """Create an endpoint; only this answer shows its secret."""
    params = call.params
    _check_url(params["url"])
    if len(call.backend.store.objects[KIND]) >= _MAXIMUM:
        raise invalid(f"You have reached the maximum of {_MAXIMUM} test webhooks.")
    values = new_members(params, f"{_MEMBERS} api_version")
    endpoint = add(call.backend, f"whsec_{random_text(32)}", **values)
    return {**endpoint, "secret": endpoint["_secret"]}


def _check_url(url):
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.",
            "url",
            "url_invalid",
        )


def update(call, endpoint):
    """Change an endpoint."""
    params = call.params
    if "url" in params:
        _check_url(params["url"])
    values = members(params, _MEMBERS, endpoint)
    if "disabled" in params:
        values["status"] = "disabled" if params["disabled"] else "enabled"
    change(call.backend, endpoint, values)
    return endpoint


def delete(call, endpoint):
    """Delete an endpoint; what it has not got yet, it never gets."""
    del call.backend.store.objects[KIND][endpoint["id"]]
    return {"id": endpoint["id"], "object": KIND, "deleted": True}


ROUTES = [
    Route(KIND, "create", create, supports=f"{_MEMBERS} api_version"),
    lists(KIND),
    retrieves(KIND),
    Route(KIND, "update", update),
    Route(KIND, "delete", delete),
]
