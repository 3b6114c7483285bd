"""SetupIntents: a payment method is prepared for later, no money moves."""

from .. import intents
from ..errors import unexpected_state
from ..instruments import take_card
from .base import Route, change, lists, members, new_members, retrieves

KIND = "setup_intent"


def create(call):
    """Create a SetupIntent and confirm it if asked."""
    nothing = "flow_directions last_setup_error latest_attempt mandate"
    nothing += " single_use_mandate"
    values = {
        **dict.fromkeys(nothing.split()),
        **new_members(call.params, "description metadata"),
        "usage": call.params.get("usage", "off_session"),
    }
    return intents.create(call, KIND, values)


def update(call, intent):
    """Change a SetupIntent that is not confirmed yet."""
    if intent["status"] not in intents.CONFIRMABLE:
        raise unexpected_state(
            intent,
            "You cannot update this SetupIntent because it has a status of"
            f" {intent['status']}.",
        )
    values = members(call.params, "customer description metadata", intent)
    intents.check_customer(call)
    change(call.backend, intent, values)
    intents.set_method(call, intent)
    return intent


_COMMON = "customer description metadata payment_method payment_method_data"
_CONFIRM = "mandate_data payment_method payment_method_data return_url use_stripe_sdk"
_CREATE = f"{_COMMON} {_CONFIRM} allowed_payment_method_types automatic_payment_methods"
_CREATE += " confirm payment_method_options payment_method_types usage"
ROUTES = [
    Route(KIND, "create", create, supports=_CREATE, prepare=take_card),
    lists(KIND, "customer payment_method"),
    retrieves(KIND, client=True),
    Route(KIND, "update", update, supports=_COMMON, prepare=take_card),
    Route(
        KIND,
        "confirm",
        intents.confirm,
        client=True,
        supports=_CONFIRM,
        prepare=take_card,
    ),
    Route(KIND, "cancel", intents.cancel),
    Route(KIND, "verify_microdeposits", intents.verify_microdeposits, client=True),
]
