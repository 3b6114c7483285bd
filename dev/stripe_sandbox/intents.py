"""What PaymentIntents and SetupIntents have in common."""

import hmac

from . import auth, bank_debits, method_types
from .attempts import PAYMENT, SETUP, Attempt, release, use_card
from .errors import exclusive, invalid, unexpected_state
from .resources import payment_methods
from .resources.customers import living
from .store import random_text

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELLABLE = {
    PAYMENT: (*CONFIRMABLE, "requires_capture", "processing"),
    SETUP: CONFIRMABLE,
}


def create(call, kind, values):
    """Keep a new intent, and confirm it if the call asks for that.

    :param str kind: the object type.
    :param dict values: the members that only this type has.
    """
    backend, params = call.backend, call.params
    types = method_types.for_new_intent(call, values.get("currency"))
    check_customer(call)
    options = params.get("payment_method_options")
    nothing = "application cancellation_reason client_secret customer_account"
    nothing += " excluded_payment_method_types next_action on_behalf_of payment_method"
    nothing += " payment_method_configuration_details"
    intent = backend.create(
        kind,
        **dict.fromkeys(nothing.split()),
        **types,
        **values,
        customer=params.get("customer"),
        payment_method_options=method_types.with_defaults(
            types["payment_method_types"], options
        ),
        status="requires_payment_method",
    )
    intent["client_secret"] = f"{intent['id']}_secret_{random_text(25)}"
    try:
        set_method(call, intent)
    except Exception:
        del backend.store.objects[kind][intent["id"]]
        raise
    backend.emit(f"{kind}.created", intent)
    if params.get("confirm"):  # with the payment method that the intent has got already
        for name in ("payment_method", "payment_method_data"):
            params.pop(name, None)
        confirm(call, intent)
    return intent


def find_by_token(backend, field, token):
    """Return the intent that waits for a challenge or a verification, or None.

    :param str field: ``_challenge`` or ``_verification``.
    """
    for kind in ("payment_intent", "setup_intent"):
        for intent in backend.store.objects[kind].values():
            value = intent.get(field)
            value = value["token"] if isinstance(value, dict) else value
            if value and hmac.compare_digest(value, token):
                return intent
    return None


# Confirmation.


def confirm(call, intent):
    """Confirm an intent with the payment method of the call or its own.

    :return: the intent.
    :raise StripeError: a state that does not allow it, a payment method that does
        not fit, or a decline (402).
    """
    if intent["status"] not in CONFIRMABLE:
        why = f"it has a status of {intent['status']}"
        if intent["status"] == "succeeded":
            why = "it has already succeeded after being previously confirmed"
        raise unexpected_state(
            intent, f"You cannot confirm this {_label(intent)} because {why}."
        )
    _check_client_context(call, intent)
    method = _method(call, intent)
    if method is None:
        raise unexpected_state(
            intent,
            f"You cannot confirm this {_label(intent)} because it's missing a payment"
            f" method. You can either update the {_label(intent)} with a payment method"
            " and then confirm it again, or confirm it again directly with a payment"
            " method or ConfirmationToken.",
        )
    check_method(call.backend, intent, method)
    _check_return_url(call, intent)
    attempt = _attempt(call, intent, method)
    call.backend.drop_jobs(intent=intent["id"])
    intent.update({"payment_method": method["id"], attempt.error_field: None})
    intent.update(next_action=None, _challenge=None, _verification=None)
    if not attempt.is_payment:
        intent["mandate"] = attempt.mandate
    run = use_card if method["type"] == "card" else bank_debits.use_bank_account
    run(attempt)
    return intent


def _method(call, intent):
    params = call.params
    if "payment_method_data" in params:
        if "payment_method" in params:
            raise exclusive("payment_method", "payment_method_data")
        data, card = params["payment_method_data"], params.get("_card")
        return payment_methods.build(call.backend, data, card)
    chosen = params.get("payment_method") or intent["payment_method"]
    return payment_methods.resolve(call.backend, chosen) if chosen else None


def check_method(backend, intent, method):
    """Refuse a payment method that does not fit an intent."""
    if method["type"] not in intent["payment_method_types"]:
        allowed = ", ".join(intent["payment_method_types"])
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this"
            f" {_label(intent)}. Please attach a PaymentMethod of one of the following"
            f" types: {allowed}",
            "payment_method",
            f"{intent['object']}_incompatible_payment_method",
        )
    payment_methods.refuse_used(method)
    owner = method["customer"]
    if owner and owner != intent["customer"]:
        raise invalid(
            f"The provided PaymentMethod belongs to the Customer {owner}. Please"
            " include the Customer in the `customer` parameter on the"
            f" {_label(intent)}.",
            "payment_method",
            f"{intent['object']}_invalid_parameter",
        )


def _check_return_url(call, intent):
    """Refuse a server's confirmation that might have to redirect to nowhere."""
    redirects = (intent["automatic_payment_methods"] or {}).get("allow_redirects")
    free = map(call.params.get, ("return_url", "use_stripe_sdk", "off_session"))
    if call.source == auth.API and redirects == "always" and not any(free):
        raise invalid(
            f"This {_label(intent)} is configured to accept payment methods enabled in"
            " your Dashboard. Because some of these payment methods might redirect your"
            " customer off of your page, you must provide a `return_url`. If you don't"
            " want to accept redirect-based payment methods, set"
            " `automatic_payment_methods[enabled]` to `true` and"
            " `automatic_payment_methods[allow_redirects]` to `never` when creating"
            " Setup Intents and Payment Intents.",
            "return_url",
        )


def _attempt(call, intent, method):
    params = call.params
    return Attempt(
        call.backend,
        intent,
        method,
        off_session=bool(params.get("off_session")),
        return_url=params.get("return_url"),
        use_stripe_sdk=params.get("use_stripe_sdk", False),
        refuse_actions=params.get("error_on_requires_action", False),
        mandate=_mandate(call, intent, method),
        authenticated=intent.pop("_authenticated", False),
    )


def _mandate(call, intent, method):
    """Return the id of the mandate that covers a confirmation, or None."""
    params, store = call.params, call.backend.store
    if params.get("mandate"):
        mandate = store.get("mandate", params["mandate"], "mandate")
        if mandate["payment_method"] != method["id"]:
            raise invalid(
                "The provided mandate is for another payment method.",
                "mandate",
                f"{intent['object']}_mandate_invalid",
            )
        return mandate["id"]
    accepted = (params.get("mandate_data") or {}).get("customer_acceptance")
    if call.source == auth.BROWSER:  # Stripe.js collects the acceptance itself
        accepted = accepted or {"type": "online"}
    if method["type"] == "us_bank_account" and accepted:
        return _new_mandate(call, intent, method, accepted)["id"]
    for mandate in store.newest_first("mandate"):
        if mandate["payment_method"] == method["id"] and mandate["type"] == "multi_use":
            return mandate["id"]
    return None


def _new_mandate(call, intent, method, accepted):
    reusable = intent.get("setup_future_usage") or intent.get("usage")
    amount = {"amount": intent.get("amount"), "currency": intent.get("currency")}
    return call.backend.create(
        "mandate",
        customer_acceptance={
            "accepted_at": accepted.get("accepted_at", call.backend.now()),
            "online": {"ip_address": "127.0.0.1", "user_agent": None},
            "type": accepted["type"],
        },
        payment_method=method["id"],
        payment_method_details={"type": "us_bank_account", "us_bank_account": {}},
        status="active",
        type="multi_use" if reusable else "single_use",
        **({"multi_use": {}} if reusable else {"single_use": amount}),
    )


def _check_client_context(call, intent):
    """Refuse an intent that differs from what Elements was told in the browser."""
    context = dict(call.client_context)
    if intent["object"] == PAYMENT:
        expected = {
            "mode": "payment",
            "amount": str(intent["amount"]),
            "currency": intent["currency"],
            "setup_future_usage": intent["setup_future_usage"],
            "capture_method": intent["capture_method"].removesuffix("_async"),
        }
    else:
        expected = {"mode": "setup"}
    if method := context.get("capture_method"):
        context["capture_method"] = method.removesuffix("_async")
    if types := context.get("payment_method_types"):
        context["payment_method_types"] = ", ".join(sorted(set(types)))
        wanted = ", ".join(sorted(intent["payment_method_types"]))
        expected["payment_method_types"] = wanted
    for name, value in expected.items():
        given = context.get(name) or None
        if name in context and given != value:
            raise invalid(
                f"The provided {name} ({given}) does not match the expected {name}"
                f" ({value}). Try confirming with a {_label(intent)} that is configured"
                " to use the same parameters as Stripe Elements.",
                name,
            )


# Other operations.


def verify_microdeposits(call, intent):
    """Check what the payer found on the bank statement."""
    amounts, code = map(call.params.get, ("amounts", "descriptor_code"))
    bank_debits.verify(call.backend, intent, amounts, code)
    return intent


def cancel(call, intent):
    """Cancel an intent, unless it is beyond that."""
    backend, statuses = call.backend, _CANCELLABLE[intent["object"]]
    processing = intent["status"] == "processing"
    if intent["status"] not in statuses or (
        processing and not bank_debits.cancellable(backend, intent)
    ):
        allowed = ", ".join(statuses)
        raise unexpected_state(
            intent,
            f"You cannot cancel this {_label(intent)} because it has a status of"
            f" {intent['status']}. Only a {_label(intent)} with one of the following"
            f" statuses may be canceled: {allowed}.",
        )
    release(backend, intent, call.params.get("cancellation_reason"))
    return intent


def check_customer(call):
    """Refuse a customer that is not there, if the call names one."""
    if customer := call.params.get("customer"):
        living(call.backend, customer, "customer")


def set_method(call, intent):
    """Put a payment method of the call into an intent, unconfirmed."""
    method = _method(call, {**intent, "payment_method": None})
    if method:
        check_method(call.backend, intent, method)
        intent["payment_method"] = method["id"]
        intent["status"] = "requires_confirmation"


def _label(intent):
    return "PaymentIntent" if intent["object"] == PAYMENT else "SetupIntent"


def return_query(intent):
    """Return the query with which the payer goes back to the shop.

    :return: names and values as Stripe appends them to ``return_url``.
    """
    kind = intent["object"]
    status = {
        "succeeded": "succeeded",
        "requires_capture": "succeeded",
        "processing": "pending",
        "requires_action": "pending",
    }.get(intent["status"], "failed")
    return {
        kind: intent["id"],
        f"{kind}_client_secret": intent["client_secret"],
        "redirect_status": status,
    }
