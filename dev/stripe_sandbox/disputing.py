"""Disputes: a payment is taken back by the payer's bank."""

from . import ledger
from .clock import DAY
from .errors import invalid

FEE = 1500
EVIDENCE_DAYS = 7
#: The states of a dispute that leaves, or has given back, the money.
GIVEN_BACK = ("won", "warning_closed")
REASONS = frozenset(
    "bank_cannot_process check_returned credit_not_processed customer_initiated"
    " debit_not_authorized duplicate fraudulent general incorrect_account_details"
    " insufficient_funds product_not_received product_unacceptable"
    " subscription_canceled unrecognized".split()
)


def open_dispute(
    backend, charge, reason="fraudulent", inquiry=False, final=False, amount=None
):
    """Dispute a charge.

    :param str charge: the charge's id.
    :param str reason: one of :data:`REASONS`.
    :param bool inquiry: only a question; no money moves yet.
    :param bool final: lost at once, as bank debits are: the rules of the ACH
        network give the payee no appeal.
    :param int amount: how much of it, in the smallest unit; usually all of it.
    :return: the dispute.
    """
    found = backend.store.get("charge", charge)
    amount = found["amount_captured"] if amount is None else amount
    _check(backend, found, reason, amount)
    dispute = backend.create(
        "dispute",
        amount=amount,
        balance_transactions=[],
        charge=charge,
        currency=found["currency"],
        enhanced_eligibility_types=[],
        evidence={},
        evidence_details={
            "due_by": backend.now() + EVIDENCE_DAYS * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=found["payment_intent"],
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    found["disputed"] = True
    backend.emit("charge.dispute.created", dispute)
    if not inquiry:
        ledger.post_adjustment(backend, -amount, dispute, FEE)
        backend.emit("charge.dispute.funds_withdrawn", dispute)
    if final or charge.startswith("py_"):
        close_dispute(backend, dispute, "lost")
    return dispute


def _check(backend, charge, reason, amount):
    if reason not in REASONS:
        raise invalid(f"Invalid reason: {reason}", "reason")
    if charge["status"] != "succeeded":
        raise invalid("Only a charge that succeeded can be disputed.", "charge")
    # A charge may have several disputes: each of a part, or one after another.
    taken = sum(
        dispute["amount"]
        for dispute in backend.store.objects["dispute"].values()
        if dispute["charge"] == charge["id"] and dispute["status"] not in GIVEN_BACK
    )
    if not 0 < amount <= charge["amount_captured"] - taken:
        raise invalid("No more than the charge can be disputed.", "amount")


def close_dispute(backend, dispute, status, reinstated=None):
    """End a dispute.

    :param str status: ``won``, ``lost`` or, for an inquiry, ``warning_closed``.
    :param int reinstated: what comes back into the balance, where the exchange rate
        has changed since the money was taken.
    """
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise invalid("This dispute is already closed.")
    previous = {"status": dispute["status"]}
    dispute["status"] = status
    if status == "won":
        amount = dispute["amount"] if reinstated is None else reinstated
        ledger.post_adjustment(backend, amount, dispute)
        backend.emit("charge.dispute.funds_reinstated", dispute)
    backend.emit("charge.dispute.closed", dispute, previous)
    return dispute
