"""One attempt of an intent with a payment method: from confirmation to its end.

Works for PaymentIntents and SetupIntents; the two differ only in the name of their
last error, in their events and in that one of them makes charges.
"""

from dataclasses import dataclass

from . import cards, ledger, render
from .clock import DAY
from .errors import StripeError, invalid
from .resources.payment_methods import attach_to
from .store import random_text

PAYMENT = "payment_intent"
SETUP = "setup_intent"
AUTHORIZATION_DAYS = 7


@dataclass
class Attempt:
    """What belongs to one confirmation.

    :param bool off_session: the payer is not there.
    :param str return_url: where a challenge outside of the page leads back to.
    :param bool use_stripe_sdk: Stripe.js handles next actions.
    :param bool refuse_actions: fail instead of asking the payer for anything.
    :param str mandate: id of the mandate, for bank debits.
    :param bool authenticated: the payer has passed the challenge.
    """

    backend: object
    intent: dict
    method: dict
    off_session: bool = False
    return_url: str = None
    use_stripe_sdk: bool = False
    refuse_actions: bool = False
    mandate: str = None
    authenticated: bool = False

    @property
    def is_payment(self):
        """Whether money is to move."""
        return self.intent["object"] == PAYMENT

    @property
    def error_field(self):
        """The intent's member that tells why the last attempt failed."""
        return "last_payment_error" if self.is_payment else "last_setup_error"

    def emit(self, name):
        """Record an event of the intent, ``name`` being its last part."""
        self.backend.emit(f"{self.intent['object']}.{name}", self.intent)

    def note(self):
        """Keep in the intent what is needed to go on after a challenge."""
        names = ("off_session", "return_url", "use_stripe_sdk", "mandate")
        self.intent["_attempt"] = {name: getattr(self, name) for name in names}

    @classmethod
    def resumed(cls, backend, intent):
        """Return the attempt that an intent waits in."""
        method = backend.store.get("payment_method", intent["payment_method"])
        return cls(backend, intent, method, **intent["_attempt"])


# Cards.


def use_card(attempt):
    """Charge or set up a card.

    :raise StripeError: 402 when the issuer declines.
    """
    card = cards.TestCard(**attempt.method["_card"])
    if card.decline:
        decline(attempt, card.decline)
    if not attempt.authenticated and _needs_authentication(attempt, card):
        if attempt.off_session or attempt.refuse_actions:
            decline(attempt, "authentication_required")
        return require_challenge(attempt)
    if attempt.is_payment:
        if card.charge_decline:
            decline(attempt, card.charge_decline)
        return _authorize(attempt, card)
    return succeed_setup(attempt)


def _needs_authentication(attempt, card):
    if card.three_d_secure == "unsupported":
        return False
    if card.three_d_secure == "required":
        return True
    prepared = attempt.method["_set_up"] or card.three_d_secure == "ready"
    if card.three_d_secure in ("setup", "ready"):
        return not (attempt.off_session and prepared)
    options = attempt.intent["payment_method_options"].get("card", {})
    asked = options.get("request_three_d_secure") in ("any", "challenge")
    return asked and not attempt.off_session


def require_challenge(attempt):
    """Ask the payer for 3-D Secure."""
    intent, token = attempt.intent, random_text()
    url = f"{attempt.backend.base_url}/3ds/{token}"
    if attempt.return_url and not attempt.use_stripe_sdk:
        redirect = {"return_url": attempt.return_url, "url": url}
        action = {"redirect_to_url": redirect, "type": "redirect_to_url"}
    else:
        sdk = {"source": f"src_1{random_text(23)}", "stripe_js": url}
        sdk["type"] = "three_d_secure_redirect"
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}
    attempt.note()
    intent.update(status="requires_action", next_action=action, _challenge=token)
    attempt.emit("requires_action")


def finish_challenge(backend, intent, passed):
    """Go on after the payer completed or failed 3-D Secure.

    A decline after it shows in the intent only: nobody waits for the answer.
    """
    attempt = Attempt.resumed(backend, intent)
    intent.update(next_action=None, _challenge=None)
    if not passed:
        code = f"{intent['object']}_authentication_failure"
        error = invalid(
            "We are unable to authenticate your payment method. Please choose a"
            " different payment method and try again.",
            code=code,
        )
        return fail(attempt, error)
    if intent.get("confirmation_method") == "manual":
        intent["_authenticated"] = True
        intent["status"] = "requires_confirmation"
        return None
    attempt.authenticated = True
    try:
        use_card(attempt)
    except StripeError as error:
        if error.status != 402:
            raise
    return None


def decline(attempt, key):
    """Record an issuer's refusal and raise it.

    :param str key: of :data:`cards.DECLINES`.
    """
    charge = None
    reason = cards.DECLINES[key]
    if attempt.is_payment:
        charge = ledger.create_charge(
            attempt.backend,
            attempt.intent,
            attempt.method,
            "failed",
            captured=False,
            failure_code=reason.code,
            failure_message=reason.message,
            outcome=_outcome(attempt.method["_card"], reason),
            payment_method_details=_card_details(attempt, passed=False),
        )
        attempt.backend.emit("charge.failed", charge)
    error = cards.declined(key, charge=charge and charge["id"])
    fail(attempt, error)
    error.members[attempt.intent["object"]] = attempt.intent
    error.members["payment_method"] = attempt.method
    raise error


def fail(attempt, error):
    """Return the intent to the beginning, with the reason.

    :param StripeError error: its members become the intent's last error.
    """
    intent, backend = attempt.intent, attempt.backend
    reason = error.body()["error"]
    reason["payment_method"] = render.plain(
        backend, attempt.method, backend.settings.default_api_version
    )
    backend.drop_jobs(intent=intent["id"])
    intent.update(
        status="requires_payment_method",
        next_action=None,
        payment_method=None,
        **{attempt.error_field: reason},
    )
    attempt.emit("payment_failed" if attempt.is_payment else "setup_failed")


def _authorize(attempt, card):
    manual = attempt.intent["capture_method"] == "manual"
    intent, backend = attempt.intent, attempt.backend
    charge = ledger.create_charge(
        backend,
        intent,
        attempt.method,
        "succeeded",
        captured=not manual,
        outcome=_outcome(attempt.method["_card"]),
        payment_method_details=_card_details(attempt, passed=True),
        _refund=card.refund,
    )
    attempt.method["_used"] = True
    if manual:
        _await_capture(attempt, charge)
    else:
        collect(backend, intent, charge)
    save_method(attempt)
    if card.dispute and not manual:
        backend.later(
            backend.now(),
            "dispute",
            charge=charge["id"],
            reason=card.dispute,
            inquiry=card.inquiry,
        )


def _await_capture(attempt, charge):
    intent, backend = attempt.intent, attempt.backend
    intent.update(
        status="requires_capture",
        next_action=None,
        amount_capturable=intent["amount"],
    )
    until = backend.now() + AUTHORIZATION_DAYS * DAY
    charge["payment_method_details"]["card"]["capture_before"] = until
    backend.emit("charge.succeeded", charge)
    attempt.emit("amount_capturable_updated")
    backend.later(until, "expire_authorization", intent=intent["id"])


def collect(backend, intent, charge, amount=None, event="charge.succeeded"):
    """Take the money of a charge that the issuer allowed.

    :param int amount: less than the intent's amount in a partial capture.
    :param str event: what happens to the charge by it.
    """
    amount = amount or intent["amount"]
    charge.update(captured=True, amount_captured=amount)
    deferred = intent["capture_method"] == "automatic_async"
    if not deferred:
        ledger.post_charge(backend, charge)
    intent.update(
        status="succeeded",
        next_action=None,
        amount_capturable=0,
        amount_received=amount,
    )
    backend.emit(event, charge)
    backend.emit("payment_intent.succeeded", intent)
    if deferred:  # the balance transaction follows the answer
        backend.later(backend.now(), "post_charge", charge=charge["id"])


def save_method(attempt):
    """Attach the payment method to the customer, if that was asked for."""
    intent = attempt.intent
    usage = intent.get("setup_future_usage") or intent.get("usage")
    if usage and intent["customer"]:
        attempt.method["_set_up"] = True
        attach_to(attempt.backend, attempt.method, intent["customer"])


def succeed_setup(attempt):
    """Finish a SetupIntent."""
    attempt.intent.update(status="succeeded", next_action=None)
    attempt.method["_set_up"] = True
    save_method(attempt)
    attempt.emit("succeeded")


def _outcome(card, reason=None):
    outcome = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": card["risk_level"],
        "risk_score": card["risk_score"],
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if reason:
        blocked = reason.outcome == "blocked"
        outcome.update(
            network_status="not_sent_to_network" if blocked else "declined_by_network",
            reason="highest_risk_level" if blocked else reason.decline_code,
            seller_message="Stripe blocked this payment as too risky."
            if blocked
            else "The bank returned a decline.",
            type=reason.outcome,
        )
    return outcome


def _card_details(attempt, passed):
    shown = attempt.method["card"]
    copied = "brand country exp_month exp_year fingerprint funding last4 wallet".split()
    details = {name: shown[name] for name in copied}
    checks = dict(shown["checks"])
    if checks["cvc_check"]:
        wrong = attempt.method["_card"]["decline"] == "incorrect_cvc"
        checks["cvc_check"] = "fail" if wrong else "pass"
    if attempt.method["billing_details"]["address"].get("postal_code"):
        checks["address_postal_code_check"] = "pass"
    details.update(
        amount_authorized=attempt.intent["amount"] if passed else None,
        authorization_code="123456" if passed else None,
        checks=checks,
        installments=None,
        mandate=attempt.mandate,
        network=shown["brand"],
        network_transaction_id=random_text(15) if passed else None,
        regulated_status="unregulated",
        three_d_secure=_three_d_secure(attempt),
    )
    shown["checks"] = checks
    return {"card": details, "type": "card"}


def _three_d_secure(attempt):
    if not attempt.authenticated:
        return None
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": random_text(20),
        "version": "2.2.0",
    }


# What the clock does.


def post_charge(backend, charge):
    """Let the balance transaction of an asynchronously captured charge appear."""
    found = backend.store.get("charge", charge)
    ledger.post_charge(backend, found)
    backend.emit("charge.updated", found, {"balance_transaction": None})


def expire_authorization(backend, intent):
    """Release an authorization that nobody captured in time."""
    found = backend.store.get("payment_intent", intent)
    charge = backend.store.get("charge", found["latest_charge"])
    backend.emit("charge.expired", charge)
    release(backend, found, "automatic")


def release(backend, intent, reason):
    """Cancel an intent and give back what it holds.

    :param str reason: Stripe's cancellation reason, or None.
    """
    backend.drop_jobs(intent=intent["id"])
    if intent["status"] in ("requires_capture", "processing"):
        charge = backend.store.get("charge", intent["latest_charge"])
        if intent["status"] == "processing":
            charge["status"] = "failed"
        else:
            charge.update(refunded=True, amount_refunded=charge["amount"])
    intent.update(
        status="canceled",
        cancellation_reason=reason,
        next_action=None,
        _challenge=None,
        _verification=None,
    )
    if intent["object"] == PAYMENT:
        intent.update(canceled_at=backend.now(), amount_capturable=0)
    backend.emit(f"{intent['object']}.canceled", intent)
