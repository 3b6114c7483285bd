"""Refunds."""

from .. import ledger
from ..clock import add_business_days
from ..errors import exclusive, invalid, missing, not_positive
from .base import Route, change, lists, new_members, retrieves, updates

KIND = "refund"
_SUPPORTED = "amount charge metadata payment_intent reason"
_CHANGED = ("refund.updated", "charge.refund.updated")
REFUND_DAYS = 5


def create(call):
    """Give money back, all that remains or a part of it."""
    params, backend = call.params, call.backend
    charge = _charge(call)
    amount = _amount(charge, params.get("amount"))
    pending = charge["_refund"] == "pending"
    refund = backend.create(
        KIND,
        **new_members(params, "metadata reason"),
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details=_destination(charge),
        payment_intent=charge["payment_intent"],
        receipt_number=None,
        source_transfer_reversal=None,
        status="pending" if pending else "succeeded",
        transfer_reversal=None,
    )
    ledger.post_refund(backend, refund, charge)
    _count(charge, amount)
    backend.emit("refund.created", refund)
    backend.emit("charge.refunded", charge)
    if charge["_refund"] in ("pending", "failed"):
        due = add_business_days(backend.now(), REFUND_DAYS)
        action = "succeed_refund" if pending else "fail_refund"
        backend.later(due, action, refund=refund["id"])
    return refund


def _charge(call):
    params, store = call.params, call.backend.store
    if ("charge" in params) == ("payment_intent" in params):
        if "charge" in params:
            raise exclusive("charge", "payment_intent")
        raise missing("payment_intent")
    if "charge" in params:
        charge = store.get("charge", params["charge"], "charge")
    else:
        intent = store.get("payment_intent", params["payment_intent"], "payment_intent")
        if not intent["latest_charge"] or intent["status"] != "succeeded":
            raise invalid(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge"
                " to refund.",
                "payment_intent",
                "payment_intent_unexpected_state",
            )
        charge = store.get("charge", intent["latest_charge"])
    _check_refundable(charge)
    return charge


def _check_refundable(charge):
    if charge["status"] != "succeeded" or not charge["captured"]:
        code, why = "charge_not_refundable", "cannot be refunded: it has not succeeded"
    elif charge["refunded"]:
        code, why = "charge_already_refunded", "has already been refunded"
    elif charge["disputed"]:
        code, why = "charge_disputed", "has been charged back; cannot issue a refund"
    else:
        return
    raise invalid(f"Charge {charge['id']} {why}.", "charge", code)


def _amount(charge, amount):
    left = charge["amount_captured"] - charge["amount_refunded"]
    if amount is None:
        return left
    if amount < 1:
        raise not_positive("amount")
    if amount > left:
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge"
            f" ({left})",
            "amount",
            "amount_too_large",
        )
    return amount


def _destination(charge):
    kind = charge["payment_method_details"]["type"]
    card = {
        "reference_status": "pending",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    }
    return {kind: card if kind == "card" else {}, "type": kind}


def _count(charge, amount):
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]


def succeed_refund(backend, refund):
    """Planned action: a pending refund has arrived."""
    found = backend.store.get(KIND, refund)
    if found["status"] == "pending":
        change(backend, found, {"status": "succeeded"}, *_CHANGED)


def fail_refund(backend, refund, reason="expired_or_canceled_card"):
    """Planned action: the money came back to the account.

    :param str reason: Stripe's ``failure_reason``.
    """
    found = backend.store.get(KIND, refund)
    if found["status"] == "failed":
        raise invalid("This refund has failed already.")
    previous = {"status": found["status"]}
    charge = backend.store.get("charge", found["charge"])
    found.update(status="failed", failure_reason=reason)
    ledger.post_refund(backend, found, charge, failed=True)
    _count(charge, -found["amount"])
    backend.emit("refund.failed", found)
    for event in _CHANGED:
        backend.emit(event, found, previous)


ROUTES = [
    Route(KIND, "create", create, supports=_SUPPORTED),
    lists(KIND, "charge payment_intent"),
    retrieves(KIND),
    updates(KIND, "metadata", *_CHANGED),
]
