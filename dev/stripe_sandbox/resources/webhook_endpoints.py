"""Webhook endpoints."""

from urllib.parse import urlsplit

from ..errors import invalid
from ..store import random_text
from .base import Route, changed, list_by, merge_metadata, retrieve, unset

_MAXIMUM = 16
_SUPPORTED = "api_version description enabled_events metadata url"


def add(backend, url, secret, enabled_events, api_version=None, **values):
    """Keep a new endpoint.

    :param str secret: the ``whsec_…`` that signs what it gets.
    """
    return backend.create(
        "webhook_endpoint",
        **{
            "api_version": api_version,
            "application": None,
            "description": None,
            "enabled_events": enabled_events,
            "metadata": {},
            "status": "enabled",
            "url": url,
            "_secret": secret,
            **values,
        },
    )


def create(call):
    """Create an endpoint; only this answer shows its secret."""
    params = call.params
    _check_url(params["url"])
    if len(call.backend.store.objects["webhook_endpoint"]) >= _MAXIMUM:
        raise invalid(f"You have reached the maximum of {_MAXIMUM} test webhooks.")
    endpoint = add(
        call.backend,
        params["url"],
        f"whsec_{random_text(32)}",
        params["enabled_events"],
        params.get("api_version"),
        description=unset(params.get("description")),
        metadata=merge_metadata({}, params.get("metadata", {})),
    )
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
    found = call.backend.store.get("webhook_endpoint", endpoint)
    params = call.params
    if "url" in params:
        _check_url(params["url"])
    updates = {k: params[k] for k in ("enabled_events", "url") if k in params}
    if "description" in params:
        updates["description"] = unset(params["description"])
    if "disabled" in params:
        updates["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        updates["metadata"] = merge_metadata(found["metadata"], params["metadata"])
    changed(found, updates)
    return found


def delete(call, endpoint):
    """Delete an endpoint; what it has not got yet, it never gets."""
    call.backend.store.get("webhook_endpoint", endpoint)
    del call.backend.store.objects["webhook_endpoint"][endpoint]
    return {"id": endpoint, "object": "webhook_endpoint", "deleted": True}


_PATH = "/webhook_endpoints/<endpoint>"
_LIST = list_by("webhook_endpoint", "/v1/webhook_endpoints")
ROUTES = [
    Route(
        "POST",
        "/webhook_endpoints",
        create,
        "webhook_endpoint_create",
        supports=_SUPPORTED,
    ),
    Route("GET", "/webhook_endpoints", _LIST, "webhook_endpoint_list"),
    Route("GET", _PATH, retrieve("webhook_endpoint"), "webhook_endpoint_retrieve"),
    Route("POST", _PATH, update, "webhook_endpoint_update"),
    Route("DELETE", _PATH, delete, "webhook_endpoint_delete"),
]
