"""US bank accounts: verification by micro-deposits, days of waiting, returns.

See https://docs.stripe.com/payments/ach-direct-debit.
"""

from . import banks, ledger
from .attempts import Attempt, fail, save_method, succeed_setup
from .clock import DAY, add_business_days
from .errors import invalid, missing, unexpected_state
from .store import random_text

SETTLEMENT_DAYS = 4
VERIFICATION_DAYS = 10
DEPOSIT_DAYS = 2
# Until it is handed to the bank, a debit can still be cancelled.
CANCELLABLE_SECONDS = 2 * 3600
MAX_ATTEMPTS = {"amounts": 3, "descriptor_code": 10}
_PREFIX = "payment_method_microdeposit_verification"


def use_bank_account(attempt):
    """Debit or set up a bank account."""
    if not attempt.method["billing_details"]["name"]:
        raise missing("billing_details[name]")
    if not attempt.mandate:
        raise invalid(
            "The PaymentMethod needs a mandate: pass mandate_data with the payer's"
            " acceptance when you confirm with a us_bank_account.",
            "mandate_data",
            f"{attempt.intent['object']}_mandate_invalid",
        )
    if _verified(attempt):
        return _proceed(attempt)
    options = attempt.intent["payment_method_options"]["us_bank_account"]
    if options["verification_method"] == "instant":
        raise invalid(
            "The bank account was entered by hand, but verification_method=instant"
            " allows only accounts linked through Financial Connections.",
            "payment_method",
            f"{attempt.intent['object']}_invalid_parameter",
        )
    return _require_microdeposits(attempt)


def _verified(attempt):
    method, customer = attempt.method, attempt.intent["customer"]
    known = attempt.backend.store.find("customer", customer) or {}
    fingerprint = method["us_bank_account"]["fingerprint"]
    return method["_verified"] or fingerprint in known.get("_verified_banks", ())


def _proceed(attempt):
    if attempt.is_payment:
        return begin_processing(attempt)
    return succeed_setup(attempt)


# Verification.


def _require_microdeposits(attempt):
    backend, intent = attempt.backend, attempt.intent
    token = random_text()
    arrival = add_business_days(backend.now(), DEPOSIT_DAYS)
    details = {
        "arrival_date": arrival,
        "hosted_verification_url": f"{backend.base_url}/microdeposits/{token}",
        "microdeposit_type": backend.settings.microdeposit_type,
    }
    attempt.note()
    intent.update(
        status="requires_action",
        next_action={
            "type": "verify_with_microdeposits",
            "verify_with_microdeposits": details,
        },
        _verification={"token": token, "attempts": 0},
    )
    attempt.emit("requires_action")
    names = {"kind": intent["object"], "intent": intent["id"]}
    if attempt.method["_bank"]["outcome"] == "microdeposits_fail":
        backend.later(arrival, "end_verification", reason="failed", **names)
    timeout = backend.now() + VERIFICATION_DAYS * DAY
    backend.later(timeout, "end_verification", reason="timeout", **names)


def verify(backend, intent, amounts=None, descriptor_code=None):
    """Compare what the payer found on the statement.

    :param list amounts: the two deposits in cents, or
    :param str descriptor_code: the code of the single deposit.
    :raise StripeError: wrong, too often wrong, or nothing to verify.
    """
    kind = _expected_kind(intent)
    given = amounts if kind == "amounts" else descriptor_code
    other = descriptor_code if kind == "amounts" else amounts
    if given is None or other is not None:
        raise invalid(
            f"This verification expects {kind}, as microdeposit_type says.",
            kind,
            "parameter_missing" if given is None else "parameter_unknown",
        )
    if kind == "amounts" and (
        len(amounts) != 2 or not all(0 < a < 100 for a in amounts)
    ):
        raise invalid(
            "You must provide exactly two amounts between 1 and 99 cents.",
            "amounts",
            f"{_PREFIX}_amounts_invalid",
        )
    scenario = _scenario(amounts, descriptor_code)
    if scenario == "verified":
        return _verify_passed(backend, intent)
    if scenario in ("attempts_exceeded", "timeout"):
        raise _end(backend, intent, scenario)
    return _verify_failed(backend, intent, kind)


def _expected_kind(intent):
    action = intent["next_action"] or {}
    if action.get("type") != "verify_with_microdeposits":
        raise unexpected_state(
            intent,
            f"You cannot verify this {intent['object']} because it has a status of"
            f" {intent['status']} and no micro-deposits to verify.",
        )
    return action["verify_with_microdeposits"]["microdeposit_type"]


def _scenario(amounts, descriptor_code):
    for name, (pair, code) in banks.MICRODEPOSITS.items():
        if amounts is not None and sorted(amounts) == sorted(pair):
            return name
        if descriptor_code is not None and descriptor_code.upper() == code:
            return name
    return "mismatch"


def _verify_passed(backend, intent):
    attempt = Attempt.resumed(backend, intent)
    backend.drop_jobs(intent=intent["id"])
    attempt.method["_verified"] = True
    customer = backend.store.find("customer", intent["customer"])
    if customer:
        fingerprint = attempt.method["us_bank_account"]["fingerprint"]
        customer.setdefault("_verified_banks", []).append(fingerprint)
    intent.update(next_action=None, _verification=None)
    _proceed(attempt)


def _verify_failed(backend, intent, kind):
    verification = intent["_verification"]
    verification["attempts"] += 1
    left = MAX_ATTEMPTS[kind] - verification["attempts"]
    if left <= 0:
        raise _end(backend, intent, "attempts_exceeded")
    what = "amounts" if kind == "amounts" else "descriptor code"
    verb = "do" if kind == "amounts" else "does"
    raise invalid(
        f"The {what} provided {verb} not match what was sent to the bank account. You"
        f" have {left} verification attempts remaining.",
        kind,
        f"{_PREFIX}_{kind}_mismatch",
    )


def _end(backend, intent, reason):
    """Give a verification up and return the error for it."""
    errors = {
        "attempts_exceeded": (
            f"{_PREFIX}_attempts_exceeded",
            "You have exceeded the number of allowed verification attempts.",
        ),
        "timeout": (
            f"{_PREFIX}_timeout",
            "The verification of the bank account has timed out.",
        ),
        "failed": (
            "payment_method_microdeposit_failed",
            "Micro-deposits could not be sent to the bank account. Check the account"
            " and routing numbers.",
        ),
    }
    code, message = errors[reason]
    error = invalid(message, code=code)
    intent["_verification"] = None
    fail(Attempt.resumed(backend, intent), error)
    return error


def end_verification(backend, kind, intent, reason):
    """Planned action: a verification fails or times out."""
    _end(backend, backend.store.get(kind, intent), reason)


# Debit.


def begin_processing(attempt):
    """Hand the debit to the bank; the answer takes days."""
    backend, intent = attempt.backend, attempt.intent
    bank = attempt.method["us_bank_account"]
    copied = "account_holder_type account_type bank_name fingerprint last4"
    details = {name: bank[name] for name in f"{copied} routing_number".split()}
    details.update(mandate=attempt.mandate, payment_reference=None)
    charge = ledger.create_charge(
        backend,
        intent,
        attempt.method,
        "pending",
        payment_method_details={"type": "us_bank_account", "us_bank_account": details},
        _refund="pending",
    )
    intent.update(status="processing", next_action=None, _processing_at=backend.now())
    attempt.method["_used"] = True
    attempt.note()
    save_method(attempt)
    attempt.emit("processing")
    backend.emit("charge.pending", charge)
    if attempt.method["_bank"]["outcome"] != "processing":
        at_once = backend.settings.settle_bank_immediately
        due = add_business_days(backend.now(), 0 if at_once else SETTLEMENT_DAYS)
        backend.later(due, "settle", intent=intent["id"])


def settle(backend, intent, failure=None):
    """Planned action: the bank has paid or refused.

    :param str failure: a code of :data:`banks.FAILURES` instead of what the test
        account is made for.
    """
    found = backend.store.get("payment_intent", intent)
    attempt = Attempt.resumed(backend, found)
    backend.drop_jobs(intent=intent)
    outcome = attempt.method["_bank"]["outcome"]
    failure = failure or (outcome if outcome in banks.FAILURES else None)
    charge = backend.store.get("charge", found["latest_charge"])
    if failure:
        return _return_debit(attempt, charge, failure)
    charge.update(status="succeeded", paid=True, amount_captured=charge["amount"])
    charge["payment_method_details"]["us_bank_account"]["payment_reference"] = (
        random_text(15).upper()
    )
    ledger.post_charge(backend, charge)
    found.update(status="succeeded", amount_received=found["amount"])
    backend.emit("charge.succeeded", charge)
    backend.emit("payment_intent.succeeded", found)
    if outcome == "disputed":
        backend.later(
            backend.now(), "dispute", charge=charge["id"], reason="bank_cannot_process"
        )
    return None


def _return_debit(attempt, charge, failure):
    message = banks.FAILURES[failure]
    charge.update(status="failed", failure_code=failure, failure_message=message)
    attempt.backend.emit("charge.failed", charge)
    fail(attempt, invalid(message, code=failure, charge=charge["id"]))


def cancellable(backend, intent):
    """Tell whether a debit under way has not yet been handed to the bank."""
    method = backend.store.get("payment_method", intent["payment_method"])
    waited = backend.now() - intent["_processing_at"]
    endless = method["_bank"]["outcome"] == "processing"
    return endless or waited < CANCELLABLE_SECONDS
