"""The test cards that Stripe documents (https://docs.stripe.com/testing)."""

from dataclasses import dataclass

from .errors import CARD_ERROR, StripeError


@dataclass(frozen=True)
class Decline:
    """Why an issuer refuses.

    :param str code: error code.
    :param str decline_code: the issuer's reason, where Stripe gives one.
    :param str message: sentence for the payer.
    :param str outcome: ``type`` in the charge's outcome.
    """

    code: str
    decline_code: str
    message: str
    outcome: str = "issuer_declined"


@dataclass(frozen=True)
class TestCard:
    """How a test card behaves.

    :param str token: what stands for the number in ``pm_card_…`` and ``tok_…``.
    :param str brand: Stripe's brand name.
    :param str decline: key of :data:`DECLINES` for every use of the card.
    :param str charge_decline: the same, but only when it is charged.
    :param str three_d_secure: ``optional``, ``required`` (always), ``setup``
        (until it is set up for use without the payer), ``ready`` (set up
        already) or ``unsupported``.
    :param str dispute: reason of the dispute that follows the charge.
    :param str refund: ``succeeded``, ``pending`` (succeeds later) or ``failed``
        (fails later).
    """

    __test__ = False

    token: str = ""
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: str = ""
    charge_decline: str = ""
    three_d_secure: str = "optional"
    dispute: str = ""
    inquiry: bool = False
    refund: str = "succeeded"
    risk_level: str = "normal"
    risk_score: int = 20


_DECLINED = "Your card was declined."
DECLINES = {
    "generic_decline": Decline("card_declined", "generic_decline", _DECLINED),
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds."
    ),
    "lost_card": Decline("card_declined", "lost_card", _DECLINED),
    "stolen_card": Decline("card_declined", "stolen_card", _DECLINED),
    "expired_card": Decline("expired_card", None, "Your card has expired."),
    "incorrect_cvc": Decline(
        "incorrect_cvc", None, "Your card's security code is incorrect."
    ),
    "processing_error": Decline(
        "processing_error",
        None,
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "card_velocity_exceeded": Decline(
        "card_declined",
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or"
        " exceeding its amount limit.",
    ),
    "fraudulent": Decline("card_declined", "fraudulent", _DECLINED, "blocked"),
    "authentication_required": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "test_mode_live_card": Decline(
        "card_declined",
        "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test"
        " card. For a list of valid test cards, visit:"
        " https://stripe.com/docs/testing.",
    ),
}

CARDS = {
    "4242424242424242": TestCard("visa"),
    "4000056655665556": TestCard("visa_debit", funding="debit"),
    "5555555555554444": TestCard("mastercard", "mastercard"),
    "2223003122003222": TestCard("", "mastercard"),
    "5200828282828210": TestCard("mastercard_debit", "mastercard", funding="debit"),
    "5105105105105100": TestCard("mastercard_prepaid", "mastercard", funding="prepaid"),
    "378282246310005": TestCard("amex", "amex", three_d_secure="unsupported"),
    "371449635398431": TestCard("", "amex"),
    "6011111111111117": TestCard("discover", "discover"),
    "6011000990139424": TestCard("", "discover"),
    "3056930009020004": TestCard("diners", "diners"),
    "36227206271667": TestCard("", "diners"),
    "3566002020360505": TestCard("jcb", "jcb"),
    "6200000000000005": TestCard("unionpay", "unionpay"),
    "4000002760000016": TestCard("de", country="DE"),
    "4000002500000003": TestCard("fr", country="FR"),
    "4000008260000000": TestCard("gb", country="GB"),
    "4000000560000004": TestCard("be", country="BE"),
    "4000000000000077": TestCard("bypassPending"),
    # Declines.
    **{
        number: TestCard(f"chargeDeclined{name}", decline=reason)
        for number, name, reason in (
            ("4000000000000002", "", "generic_decline"),
            ("4000000000009995", "InsufficientFunds", "insufficient_funds"),
            ("4000000000009987", "LostCard", "lost_card"),
            ("4000000000009979", "StolenCard", "stolen_card"),
            ("4000000000000069", "ExpiredCard", "expired_card"),
            ("4000000000000127", "IncorrectCvc", "incorrect_cvc"),
            ("4000000000000119", "ProcessingError", "processing_error"),
            ("4000000000006975", "VelocityLimitExceeded", "card_velocity_exceeded"),
        )
    },
    "4000000000000341": TestCard(
        "chargeCustomerFail", charge_decline="generic_decline"
    ),
    # Fraud prevention.
    "4100000000000019": TestCard(
        "radarBlock", decline="fraudulent", risk_level="highest", risk_score=89
    ),
    "4000000000004954": TestCard(
        "riskLevelHighest",
        charge_decline="fraudulent",
        risk_level="highest",
        risk_score=77,
    ),
    "4000000000009235": TestCard(
        "riskLevelElevated", risk_level="elevated", risk_score=65
    ),
    # 3-D Secure.
    "4000000000003220": TestCard("threeDSecure2Required", three_d_secure="required"),
    "4000002760003184": TestCard(
        "authenticationRequired", three_d_secure="required", country="DE"
    ),
    "4000002500003155": TestCard(
        "authenticationRequiredOnSetup", three_d_secure="setup", country="FR"
    ),
    "4000003800000446": TestCard(
        "authenticationRequiredSetupForOffSession", three_d_secure="ready", country="IT"
    ),
    "4000008260003178": TestCard(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        charge_decline="insufficient_funds",
        three_d_secure="required",
        country="GB",
    ),
    "4000008400001629": TestCard(
        "threeDSecureRequiredChargeDeclined",
        charge_decline="generic_decline",
        three_d_secure="required",
    ),
    "4000008400001280": TestCard(
        "threeDSecureRequiredProcessingError", decline="generic_decline"
    ),
    "4000000000003055": TestCard("threeDSecureOptional"),
    # Disputes and refunds.
    "4000000000000259": TestCard("createDispute", dispute="fraudulent"),
    "4000000000002685": TestCard(
        "createDisputeProductNotReceived", dispute="product_not_received"
    ),
    "4000000000001976": TestCard(
        "createDisputeInquiry", dispute="fraudulent", inquiry=True
    ),
    "4000000000007726": TestCard("pendingRefund", refund="pending"),
    "4000000000005126": TestCard("refundFail", refund="failed"),
}

NUMBER_BY_TOKEN = {card.token: number for number, card in CARDS.items() if card.token}
# The names that carry the brand are Stripe's newer ones for the same cards.
NUMBER_BY_TOKEN.update(
    {f"visa_{card.token}": n for n, card in CARDS.items() if card.decline}
)


def luhn_valid(number):
    """Tell whether a card number has the right check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def declined(key, **extra):
    """Return the 402 of a decline.

    :param str key: of :data:`DECLINES`.
    :param extra: ``charge``, ``payment_intent`` and the like.
    """
    decline = DECLINES[key]
    return StripeError(
        402,
        CARD_ERROR,
        decline.message,
        code=decline.code,
        decline_code=decline.decline_code,
        **extra,
    )
