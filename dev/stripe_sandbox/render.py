"""Objects as an API version shows them, expanded as the request asks."""

import copy
import hashlib
import hmac

from . import versions
from .errors import invalid

# Members of each type that hold the id of another object, named after its type or
# as below.
EXPANDABLE = {
    "charge": "balance_transaction customer failure_balance_transaction payment_intent",
    "dispute": "charge payment_intent",
    "mandate": "payment_method",
    "payment_intent": "customer latest_charge payment_method",
    "payment_method": "customer",
    "refund": "balance_transaction charge failure_balance_transaction payment_intent",
    "setup_intent": "customer mandate payment_method",
}
_NAMED_OTHERWISE = {
    "failure_balance_transaction": "balance_transaction",
    "latest_charge": "charge",
}

# What a holder of the publishable key may see of an intent.
CLIENT_FIELDS = {
    "payment_intent": (
        "id object amount amount_details automatic_payment_methods canceled_at"
        " cancellation_reason capture_method client_secret confirmation_method created"
        " currency description last_payment_error livemode next_action payment_method"
        " payment_method_types processing receipt_email setup_future_usage shipping"
        " source status"
    ).split(),
    "setup_intent": (
        "id object automatic_payment_methods cancellation_reason client_secret created"
        " description last_setup_error livemode next_action payment_method"
        " payment_method_types status usage"
    ).split(),
}


def digest(key, *parts):
    """Return the hex HMAC-SHA256 of some texts."""
    return hmac.new(key.encode(), "|".join(parts).encode(), hashlib.sha256).hexdigest()


def list_object(data, url, has_more=False):
    """Return Stripe's list object around rendered objects."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def plain(backend, obj, version):
    """Return an object without the sandbox's own keys, in a version's shape."""
    shown = {k: copy.deepcopy(v) for k, v in obj.items() if not k.startswith("_")}
    shape = _SHAPES.get(obj["object"])
    if shape:
        shape(backend, obj, shown, version)
    return shown


def full(backend, obj, version, expand=()):
    """Return an object in a version's shape with the wanted fields expanded.

    :param list expand: paths such as ``payment_method`` or
        ``latest_charge.balance_transaction``.
    """
    shown = plain(backend, obj, version)
    for path in expand:
        parts = path.split(".")
        if len(parts) > 4:
            raise invalid(
                f"You cannot expand more than 4 levels of a property. Property: {path}",
                "expand",
            )
        _expand(backend, shown, parts, version, path)
    return shown


def for_client(shown):
    """Return what the publishable key may see of a rendered object."""
    visible = CLIENT_FIELDS.get(shown["object"])
    return {k: v for k, v in shown.items() if k in visible} if visible else shown


def _expand(backend, shown, parts, version, path):
    head, *rest = parts
    if head == "refunds" and shown.get("object") == "charge":
        shown.setdefault("refunds", _refunds(backend, shown["id"], version))
    value = shown.get(head)
    known = head in EXPANDABLE.get(shown.get("object"), "").split()
    if not known and (value is None or isinstance(value, str)):
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    if isinstance(value, str):
        found = backend.store.get(_NAMED_OTHERWISE.get(head, head), value)
        value = shown[head] = plain(backend, found, version)
    if not rest or value is None:
        return
    if value.get("object") == "list" and rest[0] == "data":
        for item in value["data"]:
            if rest[1:]:
                _expand(backend, item, rest[1:], version, path)
    else:
        _expand(backend, value, rest, version, path)


def _refunds(backend, charge_id, version, limit=10):
    refunds = [
        plain(backend, refund, version)
        for refund in backend.store.newest_first("refund")
        if refund["charge"] == charge_id
    ]
    url = f"/v1/charges/{charge_id}/refunds"
    return list_object(refunds[:limit], url, len(refunds) > limit)


def _shape_intent(backend, obj, shown, version):
    if versions.before(version, versions.CHARGES_ON_INTENT_UNTIL):
        charges = [
            plain(backend, charge, version)
            for charge in backend.store.newest_first("charge")
            if charge["payment_intent"] == obj["id"]
        ]
        url = f"/v1/charges?payment_intent={obj['id']}"
        shown["charges"] = {**list_object(charges, url), "total_count": len(charges)}
    _shape_payment(shown, version)
    _shape_setup(backend, obj, shown, version)


def _shape_setup(backend, obj, shown, version):
    if versions.before(version, versions.ALLOWED_TYPES_SINCE):
        shown.pop("allowed_payment_method_types", None)


def _shape_payment(shown, version):
    if versions.before(version, versions.INVOICE_ON_PAYMENT_UNTIL):
        shown["invoice"] = None


def _shape_charge(backend, obj, shown, version):
    if versions.before(version, versions.CHARGES_ON_INTENT_UNTIL):
        shown["refunds"] = _refunds(backend, obj["id"], version)
    _shape_payment(shown, version)


def _shape_customer(backend, obj, shown, version):
    if versions.before(version, versions.LISTS_ON_CUSTOMER_UNTIL):
        for name in ("sources", "subscriptions", "tax_ids"):
            shown[name] = list_object([], f"/v1/customers/{obj['id']}/{name}")


def _shape_event(backend, obj, shown, version):
    shown["data"]["object"] = obj["_shapes"][obj["api_version"]]


def _shape_dispute(backend, obj, shown, version):
    shown["balance_transactions"] = [
        plain(backend, backend.store.get("balance_transaction", txn), version)
        for txn in obj["balance_transactions"]
    ]


_SHAPES = {
    "charge": _shape_charge,
    "customer": _shape_customer,
    "dispute": _shape_dispute,
    "event": _shape_event,
    "payment_intent": _shape_intent,
    "setup_intent": _shape_setup,
}
