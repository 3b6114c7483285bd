"""What all resources share: routes, lists, updates, metadata."""

import re
from dataclasses import dataclass

from .. import auth
from ..errors import invalid

# HTTP method and end of the path of the operations that most types have.
_USUAL = {
    "create": ("POST", ""),
    "list": ("GET", ""),
    "retrieve": ("GET", "/<id>"),
    "update": ("POST", "/<id>"),
    "delete": ("DELETE", "/<id>"),
}
# What `page` acts on in every list.
_PAGING = ("created", "ending_before", "limit", "starting_after")


@dataclass
class Route:
    """One operation of the API.

    Method and path follow from the names: `update` of a `refund` is
    ``POST /v1/refunds/<id>``, and what is not usual, such as `capture`, is
    ``POST /v1/payment_intents/<id>/capture``.

    :param str kind: the object type.
    :param str name: the SDK's name of the operation, which gives its parameters.
    :param handler: function of the call and, if the path has an id, of the object.
    :param bool client: open to the publishable key too.
    :param str supports: top-level parameters that the sandbox acts on, as words; None
        when it acts on all.
    :param prepare: function of the raw parameters and the source that takes out
        what only Stripe.js may send and returns it converted.
    :param find: function of the backend and the id that gives the object to the
        handler, where it is not just the stored one.
    :param str path: with ``<id>``, where it does not follow from the names.
    """

    kind: str
    name: str
    handler: object
    client: bool = False
    supports: str = None
    prepare: object = None
    find: object = None
    path: str = None

    def __post_init__(self):
        self.operation = f"{self.kind}_{self.name}"
        usual = _USUAL.get(self.name, ("POST", f"/<id>/{self.name}"))
        self.method, end = usual
        path = self.path or f"/{self.kind}s{end}"
        self.pattern = re.compile("/v1" + path.replace("<id>", "(?P<object_id>[^/]+)"))

    def unsupported(self, params):
        """Return the names of parameters that the sandbox would ignore."""
        if self.supports is None:
            return set()
        return set(params) - {"expand", *_PAGING, *self.supports.split()}

    def run(self, call, object_id=None):
        """Do the work and return an object or a :class:`Page`."""
        if object_id is None:
            return self.handler(call)
        if self.find:
            return self.handler(call, self.find(call.backend, object_id))
        obj = call.backend.store.get(self.kind, object_id)
        if "client_secret" in obj:
            auth.check_client_secret(obj, call.client_secret, call.source)
        return self.handler(call, obj)


@dataclass
class Page:
    """A handler's answer when it is a list of stored objects."""

    objects: list
    has_more: bool


def page(call, kind, keep):
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
        return Page(objects[max(0, end - limit) : end], end > limit)
    start = 0
    if "starting_after" in params:
        cursor = store.get(kind, params["starting_after"], "starting_after")
        start = _position(objects, cursor) + 1
    return Page(objects[start : start + limit], len(objects) > start + limit)


def retrieves(kind, **options):
    """Return the route that answers with one object.

    :param str kind: the object type.
    :param options: see :class:`Route`.
    """
    return Route(kind, "retrieve", lambda call, obj: obj, **options)


def lists(kind, names=""):
    """Return the route that answers with a type's objects.

    :param str kind: the object type.
    :param str names: members that the request may ask for, besides the parameters of
        `page`, as words.
    """

    def handler(call):
        asked = {
            name: call.params[name] for name in names.split() if name in call.params
        }
        return page(call, kind, lambda obj: asked.items() <= obj.items())

    return Route(kind, "list", handler, supports=names)


def updates(kind, names, *events):
    """Return the route that changes members of an object.

    :param str kind: the object type.
    :param str names: members that the request may set, as words.
    :param str events: types of the events that tell of a change.
    """

    def handler(call, obj):
        change(call.backend, obj, members(call.params, names, obj), *events)
        return obj

    return Route(kind, "update", handler, supports=names)


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
    return objects.index(cursor) if cursor in objects else len(objects)


def _created_filter(created):
    if created is None:
        return lambda obj: True
    if isinstance(created, int):
        return lambda obj: obj["created"] == created
    low = max(created.get("gt", -2) + 1, created.get("gte", 0))
    high = min(created.get("lt", 1 << 60) - 1, created.get("lte", 1 << 60))
    return lambda obj: low <= obj["created"] <= high


def _merge_metadata(current, given):
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


def members(params, names, current):
    """Return the members that a request sets, in the form in which they are kept.

    An empty text unsets a member, metadata is merged into what there is.

    :param str names: the members that count, as words.
    :param dict current: the object as it is.
    """
    shapes = {
        "address": address,
        "metadata": lambda given: _merge_metadata(current["metadata"], given),
        "shipping": shipping,
    }
    return {
        name: shapes.get(name, unset)(params[name])
        for name in names.split()
        if name in params
    }


def new_members(params, names):
    """Return the same for an object that is made: what is not set is None."""
    empty = {**dict.fromkeys(names.split()), "metadata": {}}
    return {**empty, **members(params, names, empty)}


def unset(value):
    """Return None for the empty text with which a caller unsets a field."""
    return None if value == "" else value


def address(given):
    """Return Stripe's address with all its members, or None."""
    if not given:
        return None
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    return {name: given.get(name) for name in names}


def shipping(given):
    """Return Stripe's shipping details with all their members, or None."""
    if not given:
        return None
    names = ("carrier", "name", "phone", "tracking_number")
    details = {name: given.get(name) for name in names}
    return {"address": address(given.get("address")), **details}


def change(backend, obj, values, *events):
    """Give an object's members other values, and tell of it if they were others.

    :param str events: types of the events.
    """
    previous = {k: obj.get(k) for k, v in values.items() if obj.get(k) != v}
    obj.update(values)
    for event in events if previous else ():
        backend.emit(event, obj, previous)
