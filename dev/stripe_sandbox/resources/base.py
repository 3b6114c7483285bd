"""What all resources share: routes, lists, metadata, looking things up."""

import re
from dataclasses import dataclass, field

from ..errors import invalid

_ID = re.compile(r"<(\w+)>")


@dataclass
class Route:
    """One operation of the API.

    :param str method: HTTP method.
    :param str path: with ``<name>`` where an id stands.
    :param handler: function of the call and the ids in the path.
    :param str operation: the SDK's name of it, which gives its parameters.
    :param bool client: open to the publishable key too.
    :param str supports: top-level parameters that the sandbox acts on, as words; None
        when it acts on all.
    :param prepare: function of the raw parameters and the source that takes out
        what only Stripe.js may send and returns it converted.
    """

    method: str
    path: str
    handler: object
    operation: str
    client: bool = False
    supports: str = None
    prepare: object = None
    pattern: re.Pattern = field(init=False)

    def __post_init__(self):
        self.pattern = re.compile("/v1" + _ID.sub(r"(?P<\1>[^/]+)", self.path))

    def unsupported(self, params):
        """Return the names of parameters that the sandbox would ignore."""
        if self.supports is None:
            return set()
        return set(params) - {"expand", *self.supports.split()}


@dataclass
class Page:
    """A handler's answer when it is a list of stored objects."""

    objects: list
    url: str
    has_more: bool


def page(call, kind, url, keep=lambda obj: True):
    """Return the page of a type's objects that a list request asks for.

    Newest first; ``limit`` from 1 to 100, ``starting_after`` and ``ending_before``
    are ids, ``created`` is a time or a range of times.

    :param str kind: the object type.
    :param keep: which objects belong to the list.
    """
    params = call.params
    limit = _limit(params.get("limit", 10))
    within = _created_filter(params.get("created"))
    store = call.backend.store
    objects = [o for o in store.newest_first(kind) if keep(o) and within(o)]
    if "ending_before" in params:
        end = _position(objects, store.get(kind, params["ending_before"], "id"))
        return Page(objects[max(0, end - limit) : end], url, end > limit)
    start = 0
    if "starting_after" in params:
        cursor = store.get(kind, params["starting_after"], "starting_after")
        start = _position(objects, cursor) + 1
    return Page(objects[start : start + limit], url, len(objects) > start + limit)


def retrieve(kind):
    """Return the handler that answers with one object.

    :param str kind: the object type.
    """

    def handler(call, **path):
        (object_id,) = path.values()
        return call.backend.store.get(kind, object_id)

    return handler


def list_by(kind, url, *names):
    """Return the handler that answers with a type's objects.

    :param str kind: the object type.
    :param str names: members that the request may ask for, besides those of `page`.
    """

    def handler(call):
        given = {name: call.params[name] for name in names if name in call.params}
        return page(
            call,
            kind,
            url,
            lambda obj: all(obj[name] == value for name, value in given.items()),
        )

    return handler


def _limit(limit):
    if not 1 <= limit <= 100:
        relation = "less than or equal to 100" if limit > 100 else "at least 1"
        raise invalid(
            f"Invalid integer: limit must be {relation}.",
            "limit",
            "parameter_invalid_integer",
        )
    return limit


def _position(objects, cursor):
    for index, obj in enumerate(objects):
        if obj["id"] == cursor["id"]:
            return index
    return len(objects)


def _created_filter(created):
    if created is None:
        return lambda obj: True
    if isinstance(created, int):
        return lambda obj: obj["created"] == created
    low = max(created.get("gt", -2) + 1, created.get("gte", 0))
    high = min(created.get("lt", 1 << 60) - 1, created.get("lte", 1 << 60))
    return lambda obj: low <= obj["created"] <= high


def merge_metadata(current, given):
    """Return metadata after an update.

    An empty value removes its key, an empty text removes all
    (https://docs.stripe.com/api/metadata).

    :raise StripeError: more than 50 keys, a key over 40 or a value over 500
        characters.
    """
    if given == "":
        return {}
    merged = {**current, **given}
    for key, value in given.items():
        if len(key) > 40 or "[" in key or "]" in key:
            raise invalid(
                "Metadata keys can have up to 40 characters, without brackets.",
                f"metadata[{key}]",
            )
        if len(value) > 500:
            raise invalid(
                "Metadata values can have up to 500 characters, but you passed in a"
                f" value that is {len(value)} characters.",
                f"metadata[{key}]",
            )
    merged = {key: value for key, value in merged.items() if value != ""}
    if len(merged) > 50:
        raise invalid("Metadata can have up to 50 keys.", "metadata")
    return merged


def unset(value):
    """Return None for the empty text with which a caller unsets a field."""
    return None if value == "" else value


def address(given):
    """Return Stripe's address with all its members, or None."""
    if not given:
        return None
    members = ("city", "country", "line1", "line2", "postal_code", "state")
    return {member: given.get(member) for member in members}


def shipping(given):
    """Return Stripe's shipping details with all their members, or None."""
    if not given:
        return None
    return {
        "address": address(given.get("address")),
        "carrier": given.get("carrier"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tracking_number": given.get("tracking_number"),
    }


def changed(obj, updates):
    """Apply updates and return the attributes that they replaced."""
    previous = {k: obj.get(k) for k, v in updates.items() if obj.get(k) != v}
    obj.update(updates)
    return previous
