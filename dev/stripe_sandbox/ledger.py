"""Charges and what they do to the balance."""

import copy

from .clock import DAY, add_business_days
from .store import random_text

# (per mille of the amount, fixed part, upper limit) in the smallest unit; Stripe's
# standard prices in the US.
FEES = {"card": (29, 30, None), "us_bank_account": (8, 0, 500)}
SETTLEMENT_DAYS = {"card": 2, "us_bank_account": 4}


def create_charge(backend, intent, method, status, **values):
    """Keep a charge of an intent and make it the intent's latest.

    :param str status: ``succeeded``, ``pending`` or ``failed``.
    :param values: what differs from a plain charge.
    """
    values = {**_charge_values(intent, method, status), **values}
    if method["type"] != "card":  # Stripe's ids tell cards from other methods
        values["id"] = f"py_3{random_text(23)}"
    charge = backend.create("charge", **values)
    intent["latest_charge"] = charge["id"]
    return charge


def _charge_values(intent, method, status):
    copied = "amount currency customer description metadata receipt_email shipping"
    copied += " statement_descriptor statement_descriptor_suffix transfer_group"
    nothing = "application application_fee application_fee_amount balance_transaction"
    nothing += " failure_balance_transaction failure_code failure_message on_behalf_of"
    nothing += " outcome receipt_number receipt_url review source source_transfer"
    nothing += " transfer_data"
    return {
        **{name: copy.deepcopy(intent[name]) for name in copied.split()},
        **dict.fromkeys(nothing.split()),
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": copy.deepcopy(method["billing_details"]),
        "calculated_statement_descriptor": "SANDBOX",
        "captured": True,
        "disputed": False,
        "fraud_details": {},
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {},
        "radar_options": {},
        "refunded": False,
        "status": status,
    }


def post_charge(backend, charge):
    """Put a successful charge into the balance."""
    kind = charge["payment_method_details"]["type"]
    per_mille, fixed, limit = FEES[kind]
    fee = round(charge["amount_captured"] * per_mille / 1000) + fixed
    fee = min(fee, limit) if limit else fee
    txn = _transaction(
        backend,
        charge["amount_captured"],
        charge,
        "charge" if kind == "card" else "payment",
        fee=fee,
        available_on=add_business_days(backend.now(), SETTLEMENT_DAYS[kind]),
    )
    charge["balance_transaction"] = txn["id"]


def post_refund(backend, refund, charge, *, failed=False):
    """Take a refund out of the balance, or put a failed one back."""
    kind = "refund" if charge["id"].startswith("ch_") else "payment_refund"
    if failed:
        txn = _transaction(backend, refund["amount"], refund, f"{kind}_failure")
        refund["failure_balance_transaction"] = txn["id"]
    else:
        txn = _transaction(backend, -refund["amount"], refund, kind)
        refund["balance_transaction"] = txn["id"]


def post_adjustment(backend, amount, dispute, fee=0):
    """Take a disputed amount out of the balance, or put it back."""
    txn = _transaction(backend, amount, dispute, "adjustment", fee=fee)
    dispute["balance_transactions"].append(txn["id"])


def _transaction(backend, amount, source, kind, *, fee=0, available_on=None):
    currency = source["currency"]
    details = {"amount": fee, "application": None, "currency": currency}
    details |= {"description": "Stripe processing fees", "type": "stripe_fee"}
    return backend.create(
        "balance_transaction",
        amount=amount,
        available_on=available_on or backend.now() + DAY,
        balance_type="payments",
        currency=currency,
        description=source.get("description"),
        exchange_rate=None,
        fee=fee,
        fee_details=[details] if fee else [],
        net=amount - fee,
        reporting_category="dispute" if kind == "adjustment" else kind,
        source=source["id"],
        status="pending",
        type=kind,
    )
