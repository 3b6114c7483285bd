"""Customers and the payment methods attached to them."""

from ..errors import invalid
from .base import (
    Route,
    address,
    changed,
    merge_metadata,
    page,
    retrieve,
    shipping,
    unset,
)

_TEXTS = ("description", "email", "name", "phone")
_SUPPORTED = "address description email metadata name phone preferred_locales shipping"
_LIMITS = {"email": 512, "name": 256, "phone": 20}


def create(call):
    """Create a customer."""
    values = _values(call.params, {})
    customer = call.backend.create(
        "customer",
        **{
            "address": None,
            "balance": 0,
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": None,
            "invoice_prefix": call.backend.fingerprint(str(call.backend.now()))[
                :8
            ].upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "metadata": {},
            "name": None,
            "next_invoice_sequence": 1,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
            **values,
        },
    )
    call.backend.emit("customer.created", customer)
    return customer


def _values(params, current_metadata):
    values = {name: unset(params[name]) for name in _TEXTS if name in params}
    for name, limit in _LIMITS.items():
        if len(values.get(name) or "") > limit:
            raise invalid(
                f"Invalid string: {name} must be at most {limit} characters", name
            )
    if values.get("email") and "@" not in values["email"]:
        raise invalid(
            f"Invalid email address: {values['email']}", "email", "email_invalid"
        )
    if "address" in params:
        values["address"] = address(params["address"])
    if "shipping" in params:
        values["shipping"] = shipping(params["shipping"])
    if "preferred_locales" in params:
        values["preferred_locales"] = params["preferred_locales"]
    if "metadata" in params:
        values["metadata"] = merge_metadata(current_metadata, params["metadata"])
    return values


def update(call, customer):
    """Change a customer."""
    found = living(call.backend, customer)
    previous = changed(found, _values(call.params, found["metadata"]))
    if previous:
        call.backend.emit("customer.updated", found, previous)
    return found


def delete(call, customer):
    """Delete a customer; a stub remains, the payment methods are detached."""
    found = living(call.backend, customer)
    call.backend.emit("customer.deleted", found)
    for method in call.backend.store.objects["payment_method"].values():
        if method["customer"] == customer:
            method["customer"] = None
    stub = {"id": customer, "object": "customer", "deleted": True}
    call.backend.store.add(stub)
    return stub


def list_all(call):
    """Return customers, by e-mail."""
    email = call.params.get("email")
    return page(
        call,
        "customer",
        "/v1/customers",
        lambda c: not c.get("deleted") and email in (None, c["email"]),
    )


def list_payment_methods(call, customer):
    """Return the payment methods attached to a customer."""
    living(call.backend, customer)
    return methods_of(call, customer, f"/v1/customers/{customer}/payment_methods")


def methods_of(call, customer, url):
    """Return the page of a customer's payment methods, by type."""
    kind = call.params.get("type")
    return page(
        call,
        "payment_method",
        url,
        lambda m: m["customer"] == customer and kind in (None, m["type"]),
    )


def living(backend, customer, param=None):
    """Return a customer that is not deleted.

    :param str param: the parameter that names it, see :meth:`Store.get`.
    """
    found = backend.store.get("customer", customer, param)
    if found.get("deleted"):
        raise invalid(
            f"No such customer: '{customer}'",
            param or "id",
            "resource_missing",
            400 if param else 404,
        )
    return found


_LIST = "created email ending_before limit starting_after"
_METHODS = "ending_before limit starting_after type"
ROUTES = [
    Route("POST", "/customers", create, "customer_create", supports=_SUPPORTED),
    Route("GET", "/customers", list_all, "customer_list", supports=_LIST),
    # Of a deleted one a stub remains.
    Route("GET", "/customers/<customer>", retrieve("customer"), "customer_retrieve"),
    Route(
        "POST",
        "/customers/<customer>",
        update,
        "customer_update",
        supports=_SUPPORTED,
    ),
    Route("DELETE", "/customers/<customer>", delete, "customer_delete"),
    Route(
        "GET",
        "/customers/<customer>/payment_methods",
        list_payment_methods,
        "customer_payment_method_list",
        supports=_METHODS,
    ),
]
