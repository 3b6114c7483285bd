"""Customers and the payment methods attached to them."""

from ..errors import invalid, invalid_email, no_such
from .base import Route, change, members, new_members, page, retrieves

KIND = "customer"
_MEMBERS = "address description email metadata name phone preferred_locales shipping"
_LIMITS = {"email": 512, "name": 256, "phone": 20}


def create(call):
    """Create a customer."""
    backend = call.backend
    nothing = "currency default_source discount test_clock"
    settings = "custom_fields default_payment_method footer rendering_options"
    values = _checked(new_members(call.params, _MEMBERS))
    values["preferred_locales"] = values["preferred_locales"] or []
    customer = backend.create(
        KIND,
        **dict.fromkeys(nothing.split()),
        **values,
        balance=0,
        delinquent=False,
        invoice_prefix=backend.fingerprint(str(backend.now()))[:8].upper(),
        invoice_settings=dict.fromkeys(settings.split()),
        next_invoice_sequence=1,
        tax_exempt="none",
    )
    backend.emit("customer.created", customer)
    return customer


def _checked(values):
    for name, limit in _LIMITS.items():
        if len(values.get(name) or "") > limit:
            raise invalid(
                f"Invalid string: {name} must be at most {limit} characters", name
            )
    if values.get("email") and "@" not in values["email"]:
        raise invalid_email(values["email"], "email")
    return values


def update(call, customer):
    """Change a customer."""
    values = _checked(members(call.params, _MEMBERS, customer))
    change(call.backend, customer, values, "customer.updated")
    return customer


def delete(call, customer):
    """Delete a customer; a stub remains, the payment methods are detached."""
    call.backend.emit("customer.deleted", customer)
    for method in call.backend.store.objects["payment_method"].values():
        if method["customer"] == customer["id"]:
            method["customer"] = None
    stub = {"id": customer["id"], "object": KIND, "deleted": True}
    return call.backend.store.add(stub)


def list_all(call):
    """Return customers, by e-mail."""
    email = call.params.get("email")
    return page(
        call, KIND, lambda c: not c.get("deleted") and email in (None, c["email"])
    )


def list_payment_methods(call, customer):
    """Return the payment methods attached to a customer."""
    return methods_of(call, customer["id"])


def methods_of(call, customer):
    """Return the page of a customer's payment methods, by type."""
    kind = call.params.get("type")
    return page(
        call,
        "payment_method",
        lambda m: m["customer"] == customer and kind in (None, m["type"]),
    )


def living(backend, customer, param=None):
    """Return a customer that is not deleted.

    :param str param: the parameter that names it, see :meth:`Store.get`.
    """
    found = backend.store.get(KIND, customer, param)
    if found.get("deleted"):
        raise no_such(KIND, customer, param or "id", 400 if param else 404)
    return found


ROUTES = [
    Route(KIND, "create", create, supports=_MEMBERS),
    Route(KIND, "list", list_all, supports="email"),
    # Of a deleted one a stub remains.
    retrieves(KIND),
    Route(KIND, "update", update, supports=_MEMBERS, find=living),
    Route(KIND, "delete", delete, find=living),
    Route(
        "customer_payment_method",
        "list",
        list_payment_methods,
        supports="type",
        find=living,
        path="/customers/<id>/payment_methods",
    ),
]
