"""PaymentIntents."""

from .. import intents, method_types, versions
from ..attempts import collect, release
from ..currencies import check_amount, check_currency
from ..errors import invalid, unexpected_state
from . import payment_methods
from .base import Route, changed, list_by, merge_metadata, shipping, unset

KIND = "payment_intent"
_TEXTS = (
    "description receipt_email statement_descriptor statement_descriptor_suffix"
    " transfer_group setup_future_usage".split()
)
_CONFIRM_ONLY = (
    "error_on_requires_action mandate mandate_data off_session return_url"
    " use_stripe_sdk".split()
)
_EDITABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
# What may change however far the payment has come.
_ALWAYS_EDITABLE = frozenset(
    "description expand metadata receipt_email shipping transfer_group".split()
)


def create(call):
    """Create a PaymentIntent and confirm it if asked."""
    params = call.params
    currency = check_currency(params["currency"])
    check_amount(params["amount"], currency)
    _check_confirmation_params(params)
    backend = call.backend
    intent = backend.create(KIND, **_new_values(call, currency))
    intent["client_secret"] = intents.client_secret(intent["id"])
    try:
        intents.set_method(call, intent)
    except Exception:
        del backend.store.objects[KIND][intent["id"]]
        raise
    backend.emit("payment_intent.created", intent)
    if params.get("confirm"):
        _confirm_own(call, intent)
    return intent


def _check_confirmation_params(params):
    given = [name for name in _CONFIRM_ONLY if params.get(name)]
    if given and not params.get("confirm") and given != ["use_stripe_sdk"]:
        raise invalid(
            f"The parameter {given[0]} cannot be passed when creating a PaymentIntent"
            " unless confirm is set to true.",
            given[0],
        )


def _confirm_own(call, intent):
    """Confirm with the payment method that the intent has got already."""
    names = ("payment_method", "payment_method_data")
    for name in names:
        call.params.pop(name, None)
    intents.confirm(call, intent)


def _new_values(call, currency):
    params = call.params
    types = method_types.for_new_intent(call, currency)
    options = params.get("payment_method_options")
    recent = not versions.before(call.version, versions.ASYNC_CAPTURE_SINCE)
    nothing = "application application_fee_amount canceled_at cancellation_reason"
    nothing += " customer_account excluded_payment_method_types last_payment_error"
    nothing += " latest_charge next_action on_behalf_of"
    nothing += " payment_method payment_method_configuration_details processing review"
    nothing += " source transfer_data"
    return {
        **dict.fromkeys(nothing.split()),
        **{name: unset(params.get(name)) for name in _TEXTS},
        **types,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": params.get(
            "capture_method", "automatic_async" if recent else "automatic"
        ),
        "client_secret": None,
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "currency": currency,
        "customer": intents.customer_of(call),
        "metadata": merge_metadata({}, params.get("metadata", {})),
        "payment_method_options": method_types.with_defaults(
            types["payment_method_types"], options
        ),
        "shipping": shipping(params.get("shipping")),
        "status": "requires_payment_method",
    }


def retrieve(call, intent):
    """Return a PaymentIntent."""
    return intents.find(call, KIND, intent)


def update(call, intent):
    """Change a PaymentIntent that is not confirmed yet."""
    found, params = intents.find(call, KIND, intent), call.params
    fixed = set(params) - _ALWAYS_EDITABLE
    if found["status"] not in _EDITABLE and fixed:
        raise unexpected_state(
            found,
            f"This PaymentIntent's {', '.join(sorted(fixed))} could not be updated"
            f" because it has a status of {found['status']}. You may only update the"
            " amount of a PaymentIntent with one of the following statuses:"
            f" {', '.join(_EDITABLE)}.",
        )
    changed(found, _updates(call, found))
    if found["status"] == "requires_action" and fixed:
        found.update(next_action=None, status="requires_confirmation", _challenge=None)
    intents.set_method(call, found)
    return found


def _updates(call, found):
    params = call.params
    updates = {name: unset(params[name]) for name in _TEXTS if name in params}
    currency = check_currency(params.get("currency", found["currency"]))
    if {"amount", "currency"} & set(params):
        updates["amount"] = params.get("amount", found["amount"])
        updates["currency"] = currency
        check_amount(updates["amount"], currency)
    if "customer" in params:
        updates["customer"] = intents.customer_of(call)
    if "metadata" in params:
        updates["metadata"] = merge_metadata(found["metadata"], params["metadata"])
    if "shipping" in params:
        updates["shipping"] = shipping(params["shipping"])
    if "capture_method" in params:
        updates["capture_method"] = params["capture_method"]
    if {"payment_method_types", "allowed_payment_method_types"} & set(params):
        updates.update(method_types.for_new_intent(call, currency))
    types = updates.get("payment_method_types", found["payment_method_types"])
    if "payment_method_options" in params or "payment_method_types" in updates:
        updates["payment_method_options"] = method_types.with_defaults(
            types, params.get("payment_method_options")
        )
    return updates


def confirm(call, intent):
    """Confirm a PaymentIntent."""
    found, params = intents.find(call, KIND, intent), call.params
    if call.source == "browser" and found["confirmation_method"] == "manual":
        raise invalid(
            "This PaymentIntent has confirmation_method manual: it can only be"
            " confirmed with your secret key.",
            code="payment_intent_unexpected_state",
        )
    if found["status"] in intents.CONFIRMABLE:
        usage = params.get("setup_future_usage")
        if usage or "receipt_email" in params or "shipping" in params:
            changed(found, _updates(call, found))
        _merge_options(found, params.get("payment_method_options"))
    intents.confirm(call, found)
    return found


def _merge_options(intent, given):
    for name, values in (given or {}).items():
        if name not in intent["payment_method_options"]:
            method_types.with_defaults(intent["payment_method_types"], given)
        intent["payment_method_options"][name].update(values or {})


def capture(call, intent):
    """Take the money of an authorized payment, or a part of it."""
    found, params = intents.find(call, KIND, intent), call.params
    if found["status"] != "requires_capture":
        raise unexpected_state(
            found,
            "This PaymentIntent could not be captured because it has a status of"
            f" {found['status']}. Only a PaymentIntent with one of the following"
            " statuses may be captured: requires_capture.",
        )
    amount = params.get("amount_to_capture", found["amount_capturable"])
    if not 1 <= amount <= found["amount_capturable"]:
        raise invalid(
            "The amount_to_capture must be between 1 and the amount that can be"
            f" captured ({found['amount_capturable']}).",
            "amount_to_capture",
            "amount_too_large" if amount > 0 else "parameter_invalid_integer",
        )
    if "metadata" in params:
        found["metadata"] = merge_metadata(found["metadata"], params["metadata"])
    backend = call.backend
    backend.drop_jobs(intent=found["id"])
    charge = backend.store.get("charge", found["latest_charge"])
    collect(backend, found, charge, amount, event="charge.captured")
    return found


def cancel(call, intent):
    """Cancel a PaymentIntent."""
    found = intents.find(call, KIND, intent)
    intents.check_cancellable(call.backend, found)
    release(call.backend, found, call.params.get("cancellation_reason"))
    return found


def verify_microdeposits(call, intent):
    """Verify the bank account of a PaymentIntent."""
    return intents.verify_microdeposits(call, intents.find(call, KIND, intent))


_PATH = "/payment_intents/<intent>"
_COMMON = (
    "allowed_payment_method_types amount capture_method currency customer description"
    " metadata payment_method payment_method_data payment_method_options"
    " payment_method_types receipt_email setup_future_usage shipping"
    " statement_descriptor statement_descriptor_suffix transfer_group"
)
_CONFIRM = " ".join(_CONFIRM_ONLY)
_CREATE = f"{_COMMON} {_CONFIRM} automatic_payment_methods confirm confirmation_method"
_CONFIRM += " payment_method payment_method_data payment_method_options receipt_email"
_CONFIRM += " setup_future_usage shipping"
ROUTES = [
    Route(
        "POST",
        "/payment_intents",
        create,
        "payment_intent_create",
        supports=_CREATE,
        prepare=payment_methods.take_card,
    ),
    Route(
        "GET",
        "/payment_intents",
        list_by(KIND, "/v1/payment_intents", "customer"),
        "payment_intent_list",
        supports="created customer ending_before limit starting_after",
    ),
    Route("GET", _PATH, retrieve, "payment_intent_retrieve", client=True),
    Route(
        "POST",
        _PATH,
        update,
        "payment_intent_update",
        supports=_COMMON,
        prepare=payment_methods.take_card,
    ),
    Route(
        "POST",
        f"{_PATH}/confirm",
        confirm,
        "payment_intent_confirm",
        client=True,
        supports=_CONFIRM,
        prepare=payment_methods.take_card,
    ),
    Route(
        "POST",
        f"{_PATH}/capture",
        capture,
        "payment_intent_capture",
        supports="amount_to_capture metadata",
    ),
    Route("POST", f"{_PATH}/cancel", cancel, "payment_intent_cancel"),
    Route(
        "POST",
        f"{_PATH}/verify_microdeposits",
        verify_microdeposits,
        "payment_intent_verify_microdeposits",
        client=True,
    ),
]
