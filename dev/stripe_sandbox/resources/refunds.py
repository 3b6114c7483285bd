"""Refunds."""

from .. import ledger
from ..clock import add_business_days
from ..errors import invalid, missing
from .base import Route, changed, list_by, merge_metadata, retrieve

REFUND_DAYS = 5


def create(call):
    """Give money back, all that remains or a part of it."""
    params, backend = call.params, call.backend
    charge = _charge(call)
    amount = _amount(charge, params.get("amount"))
    pending = charge["_refund"] == "pending"
    refund = backend.create(
        "refund",
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details=_destination(charge),
        metadata=merge_metadata({}, params.get("metadata") or {}),
        payment_intent=charge["payment_intent"],
        reason=params.get("reason"),
        receipt_number=None,
        source_transfer_reversal=None,
        status="pending" if pending else "succeeded",
        transfer_reversal=None,
    )
    refund["balance_transaction"] = ledger.post_refund(backend, refund, charge)
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
            raise invalid(
                "You may only specify one of these parameters: charge, payment_intent."
            )
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
        raise invalid(
            f"Charge {charge['id']} cannot be refunded: it has not succeeded.",
            "charge",
            "charge_not_refundable",
        )
    if charge["refunded"]:
        raise invalid(
            f"Charge {charge['id']} has already been refunded.",
            "charge",
            "charge_already_refunded",
        )
    if charge["disputed"]:
        raise invalid(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            "charge",
            "charge_disputed",
        )


def _amount(charge, amount):
    left = charge["amount_captured"] - charge["amount_refunded"]
    if amount is None:
        return left
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            "amount",
            "parameter_invalid_integer",
        )
    if amount > left:
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge"
            f" ({left})",
            "amount",
            "amount_too_large",
        )
    return amount


def _destination(charge):
    if charge["payment_method_details"]["type"] == "card":
        card = {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
        }
        return {"card": {**card, "type": "refund"}, "type": "card"}
    return {"type": "us_bank_account", "us_bank_account": {}}


def _count(charge, amount):
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]


def succeed_refund(backend, refund):
    """Planned action: a pending refund has arrived."""
    found = backend.store.get("refund", refund)
    if found["status"] == "pending":
        found["status"] = "succeeded"
        _tell(backend, found, {"status": "pending"})


def fail_refund(backend, refund, reason="expired_or_canceled_card"):
    """Planned action: the money came back to the account.

    :param str reason: Stripe's ``failure_reason``.
    """
    found = backend.store.get("refund", refund)
    if found["status"] == "failed":
        raise invalid("This refund has failed already.")
    previous = {"status": found["status"]}
    charge = backend.store.get("charge", found["charge"])
    found.update(status="failed", failure_reason=reason)
    txn = ledger.post_refund(backend, found, charge, failed=True)
    found["failure_balance_transaction"] = txn
    _count(charge, -found["amount"])
    backend.emit("refund.failed", found)
    _tell(backend, found, previous)


def _tell(backend, refund, previous):
    backend.emit("refund.updated", refund, previous)
    backend.emit("charge.refund.updated", refund, previous)


def update(call, refund):
    """Change a refund's metadata."""
    found = call.backend.store.get("refund", refund)
    if "metadata" in call.params:
        merged = merge_metadata(found["metadata"], call.params["metadata"])
        previous = changed(found, {"metadata": merged})
        if previous:
            _tell(call.backend, found, previous)
    return found


_CREATE = "amount charge metadata payment_intent reason"
_LIST = list_by("refund", "/v1/refunds", "charge", "payment_intent")
ROUTES = [
    Route("POST", "/refunds", create, "refund_create", supports=_CREATE),
    Route("GET", "/refunds", _LIST, "refund_list"),
    Route("GET", "/refunds/<refund>", retrieve("refund"), "refund_retrieve"),
    Route("POST", "/refunds/<refund>", update, "refund_update"),
]
