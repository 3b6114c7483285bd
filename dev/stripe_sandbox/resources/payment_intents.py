"""PaymentIntents."""

from .. import intents, method_types, versions
from ..attempts import collect
from ..currencies import check_amount, check_currency
from ..errors import invalid, unexpected_state
from ..instruments import take_card
from .base import Route, change, lists, members, new_members, retrieves

KIND = "payment_intent"
_NOTES = (
    "description metadata receipt_email setup_future_usage shipping"
    " statement_descriptor statement_descriptor_suffix transfer_group"
)
_CONFIRM_ONLY = (
    "error_on_requires_action mandate mandate_data off_session return_url"
    " use_stripe_sdk"
)
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
    recent = not versions.before(call.version, versions.ASYNC_CAPTURE_SINCE)
    capture_method = "automatic_async" if recent else "automatic"
    nothing = "application_fee_amount canceled_at last_payment_error latest_charge"
    nothing += " processing review source transfer_data"
    values = {
        **dict.fromkeys(nothing.split()),
        **new_members(params, _NOTES),
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": params.get("capture_method", capture_method),
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "currency": currency,
    }
    return intents.create(call, KIND, values)


def _check_confirmation_params(params):
    given = [name for name in _CONFIRM_ONLY.split() if params.get(name)]
    if given and not params.get("confirm") and given != ["use_stripe_sdk"]:
        raise invalid(
            f"The parameter {given[0]} cannot be passed when creating a PaymentIntent"
            " unless confirm is set to true.",
            given[0],
        )


def update(call, intent):
    """Change a PaymentIntent that is not confirmed yet."""
    fixed = set(call.params) - _ALWAYS_EDITABLE
    if intent["status"] not in intents.CONFIRMABLE and fixed:
        raise unexpected_state(
            intent,
            f"This PaymentIntent's {', '.join(sorted(fixed))} could not be updated"
            f" because it has a status of {intent['status']}. You may only update the"
            " amount of a PaymentIntent with one of the following statuses:"
            f" {', '.join(intents.CONFIRMABLE)}.",
        )
    change(call.backend, intent, _updates(call, intent))
    if intent["status"] == "requires_action" and fixed:
        intent.update(next_action=None, status="requires_confirmation", _challenge=None)
    intents.set_method(call, intent)
    return intent


def _updates(call, intent):
    params = call.params
    values = members(params, f"{_NOTES} amount capture_method customer", intent)
    intents.check_customer(call)
    currency = check_currency(params.get("currency", intent["currency"]))
    if "amount" in params or "currency" in params:
        values["currency"] = currency
        check_amount(values.get("amount", intent["amount"]), currency)
    if {"payment_method_types", "allowed_payment_method_types"} & set(params):
        values.update(method_types.for_new_intent(call, currency))
    types = values.get("payment_method_types", intent["payment_method_types"])
    if "payment_method_options" in params or "payment_method_types" in values:
        values["payment_method_options"] = method_types.with_defaults(
            types, params.get("payment_method_options")
        )
    return values


def confirm(call, intent):
    """Confirm a PaymentIntent."""
    params = call.params
    if call.source == "browser" and intent["confirmation_method"] == "manual":
        raise unexpected_state(
            intent,
            "This PaymentIntent has confirmation_method manual: it can only be"
            " confirmed with your secret key.",
        )
    if intent["status"] in intents.CONFIRMABLE:
        names = "receipt_email setup_future_usage shipping"
        change(call.backend, intent, members(params, names, intent))
        options = params.get("payment_method_options")
        method_types.merge_options(intent["payment_method_options"], options)
    return intents.confirm(call, intent)


def capture(call, intent):
    """Take the money of an authorized payment, or a part of it."""
    if intent["status"] != "requires_capture":
        raise unexpected_state(
            intent,
            "This PaymentIntent could not be captured because it has a status of"
            f" {intent['status']}. Only a PaymentIntent with one of the following"
            " statuses may be captured: requires_capture.",
        )
    amount = call.params.get("amount_to_capture", intent["amount_capturable"])
    if not 1 <= amount <= intent["amount_capturable"]:
        raise invalid(
            "The amount_to_capture must be between 1 and the amount that can be"
            f" captured ({intent['amount_capturable']}).",
            "amount_to_capture",
            "amount_too_large" if amount > 0 else "parameter_invalid_integer",
        )
    backend = call.backend
    change(backend, intent, members(call.params, "metadata", intent))
    backend.drop_jobs(intent=intent["id"])
    charge = backend.store.get("charge", intent["latest_charge"])
    collect(backend, intent, charge, amount, event="charge.captured")
    return intent


_METHOD = "payment_method payment_method_data payment_method_options"
_COMMON = f"{_NOTES} {_METHOD} amount capture_method currency customer"
_COMMON += " allowed_payment_method_types payment_method_types"
_CREATE = f"{_COMMON} {_CONFIRM_ONLY} automatic_payment_methods confirm"
_CREATE += " confirmation_method"
_CONFIRM = f"{_CONFIRM_ONLY} {_METHOD} receipt_email setup_future_usage shipping"
ROUTES = [
    Route(KIND, "create", create, supports=_CREATE, prepare=take_card),
    lists(KIND, "customer"),
    retrieves(KIND, client=True),
    Route(KIND, "update", update, supports=_COMMON, prepare=take_card),
    Route(KIND, "confirm", confirm, client=True, supports=_CONFIRM, prepare=take_card),
    Route(KIND, "capture", capture, supports="amount_to_capture metadata"),
    Route(KIND, "cancel", intents.cancel),
    Route(KIND, "verify_microdeposits", intents.verify_microdeposits, client=True),
]
