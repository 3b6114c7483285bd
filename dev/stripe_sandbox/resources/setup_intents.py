"""SetupIntents: a payment method is prepared for later, no money moves."""

from .. import intents, method_types
from ..attempts import release
from ..errors import unexpected_state
from . import payment_methods
from .base import Route, changed, list_by, merge_metadata, unset

KIND = "setup_intent"
_EDITABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(call):
    """Create a SetupIntent and confirm it if asked."""
    params, backend = call.params, call.backend
    types = method_types.for_new_intent(call, None)
    nothing = "application cancellation_reason customer_account flow_directions"
    nothing += " excluded_payment_method_types last_setup_error latest_attempt mandate"
    nothing += " next_action on_behalf_of payment_method"
    nothing += " payment_method_configuration_details single_use_mandate"
    intent = backend.create(
        KIND,
        **dict.fromkeys(nothing.split()),
        **types,
        client_secret=None,
        customer=intents.customer_of(call),
        description=unset(params.get("description")),
        metadata=merge_metadata({}, params.get("metadata", {})),
        payment_method_options=method_types.with_defaults(
            types["payment_method_types"], params.get("payment_method_options")
        ),
        status="requires_payment_method",
        usage=params.get("usage", "off_session"),
    )
    intent["client_secret"] = intents.client_secret(intent["id"])
    intents.set_method(call, intent)
    backend.emit("setup_intent.created", intent)
    if params.get("confirm"):
        for name in ("payment_method", "payment_method_data"):
            params.pop(name, None)
        _confirm(call, intent)
    return intent


def _confirm(call, intent):
    intents.confirm(call, intent)
    intent["mandate"] = (intent.get("_attempt") or {}).get("mandate")


def retrieve(call, intent):
    """Return a SetupIntent."""
    return intents.find(call, KIND, intent)


def update(call, intent):
    """Change a SetupIntent that is not confirmed yet."""
    found, params = intents.find(call, KIND, intent), call.params
    if found["status"] not in _EDITABLE:
        raise unexpected_state(
            found,
            "You cannot update this SetupIntent because it has a status of"
            f" {found['status']}.",
        )
    updates = {}
    if "description" in params:
        updates["description"] = unset(params["description"])
    if "customer" in params:
        updates["customer"] = intents.customer_of(call)
    if "metadata" in params:
        updates["metadata"] = merge_metadata(found["metadata"], params["metadata"])
    changed(found, updates)
    intents.set_method(call, found)
    return found


def confirm(call, intent):
    """Confirm a SetupIntent."""
    found = intents.find(call, KIND, intent)
    _confirm(call, found)
    return found


def cancel(call, intent):
    """Cancel a SetupIntent."""
    found = intents.find(call, KIND, intent)
    intents.check_cancellable(call.backend, found, _EDITABLE)
    release(call.backend, found, call.params.get("cancellation_reason"))
    return found


def verify_microdeposits(call, intent):
    """Verify the bank account of a SetupIntent."""
    return intents.verify_microdeposits(call, intents.find(call, KIND, intent))


_PATH = "/setup_intents/<intent>"
_COMMON = "customer description metadata payment_method payment_method_data"
_CONFIRM = "mandate_data payment_method payment_method_data return_url use_stripe_sdk"
_CREATE = f"{_COMMON} {_CONFIRM} allowed_payment_method_types automatic_payment_methods"
_CREATE += " confirm payment_method_options payment_method_types usage"
ROUTES = [
    Route(
        "POST",
        "/setup_intents",
        create,
        "setup_intent_create",
        supports=_CREATE,
        prepare=payment_methods.take_card,
    ),
    Route(
        "GET",
        "/setup_intents",
        list_by(KIND, "/v1/setup_intents", "customer", "payment_method"),
        "setup_intent_list",
        supports="created customer ending_before limit payment_method starting_after",
    ),
    Route("GET", _PATH, retrieve, "setup_intent_retrieve", client=True),
    Route(
        "POST",
        _PATH,
        update,
        "setup_intent_update",
        supports=_COMMON,
        prepare=payment_methods.take_card,
    ),
    Route(
        "POST",
        f"{_PATH}/confirm",
        confirm,
        "setup_intent_confirm",
        client=True,
        supports=_CONFIRM,
        prepare=payment_methods.take_card,
    ),
    Route("POST", f"{_PATH}/cancel", cancel, "setup_intent_cancel"),
    Route(
        "POST",
        f"{_PATH}/verify_microdeposits",
        verify_microdeposits,
        "setup_intent_verify_microdeposits",
        client=True,
    ),
]
