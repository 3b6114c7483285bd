"""What payment providers take at a time, by currency: data, with its source.

Stripe's: https://docs.stripe.com/currencies, read in 2026 ("zero-decimal currencies",
"special cases", "minimum and maximum charge amounts"). Stripe compares the minimum
after the conversion to the currency of the account, which nobody but Stripe can know:
what it refuses all the same, it refuses in our words, see `decline_codes`.
"""

from dataclasses import dataclass
from decimal import Decimal

#: In whole units only. ISK and UGX are sent with two decimals, which have to be zero.
STRIPE_WHOLE = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF".split()
)
#: With three decimals, of which the last has to be zero.
STRIPE_THREE_DECIMALS = frozenset("BHD JOD KWD OMR TND".split())
STRIPE_TWO_DECIMALS = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD"
    " BWP BYN BZD CAD CDF CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP"
    " GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT"
    " LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN"
    " NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD"
    " SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD"
    " XCG YER ZAR ZMW".split()
)
STRIPE_MINIMUM = {
    **dict.fromkeys(
        "ARS AUD BRL CAD CHF COP EUR IDR ILS INR NZD PHP RUB SGD USD ZAR".split(),
        Decimal("0.50"),
    ),
    "GBP": Decimal("0.30"),
    "BGN": Decimal(1),
    **dict.fromkeys("AED MYR PLN RON".split(), Decimal(2)),
    "DKK": Decimal("2.50"),
    **dict.fromkeys("NOK SEK".split(), Decimal(3)),
    "HKD": Decimal(4),
    **dict.fromkeys("MXN THB".split(), Decimal(10)),
    "CZK": Decimal(15),
    **dict.fromkeys("JPY KRW".split(), Decimal(50)),
    "HUF": Decimal(175),
}
#: How many digits an amount may have in the currency's smallest unit. For cards Stripe
#: names more since 2025; this is what every account and every method takes.
STRIPE_DIGITS = 8
STRIPE_MORE_DIGITS = {"INR": 9, "COP": 10, "IDR": 12}


@dataclass(frozen=True)
class Limits:
    """What one way to pay takes at a time.

    :param Decimal minimum: The least, in the currency's major unit.
    :param Decimal maximum: The most; infinite if there is no limit.
    :param Decimal unit: What an amount has to be a multiple of.
    """

    minimum: Decimal
    maximum: Decimal
    unit: Decimal

    def takes(self, amount):
        """Return whether an amount can be paid so.

        :param Decimal amount: The amount.
        :rtype: bool
        """
        return self.minimum <= amount <= self.maximum and not amount % self.unit

    def leaves(self, rest):
        """Return whether what is left after a payment can be paid so, later.

        Less than the smallest unit is left whatever is paid, and keeps nobody from
        paying the others.

        :param Decimal rest: What is left.
        :rtype: bool
        """
        return rest < self.unit or self._floor(rest) >= self.minimum

    def get_most(self, balance):
        """Return the most that can be paid now, and leaves what can be paid later.

        :param Decimal balance: What is left to be paid.
        :return: The amount; zero if none can.
        :rtype: Decimal
        """
        most = self._floor(min(balance, self.maximum))
        if not self.leaves(balance - most):
            most = self._floor(balance - self.minimum)
        return most if self.takes(most) else Decimal(0)

    def _floor(self, amount):
        return amount // self.unit * self.unit


def get_limits(provider_code, currency_name, unit):
    """Return what a provider takes at a time, as far as it is documented.

    :param str provider_code: The provider's code.
    :param str currency_name: The currency's ISO 4217 code.
    :param Decimal unit: The currency's smallest unit in Odoo.
    :return: The limits; None if the provider does not take the currency.
    :rtype: Limits | None
    """
    if provider_code != "stripe":
        return Limits(unit, Decimal("Infinity"), unit)
    if currency_name in STRIPE_WHOLE:
        stripe_unit = Decimal(1)
    elif currency_name in STRIPE_TWO_DECIMALS | STRIPE_THREE_DECIMALS:
        stripe_unit = Decimal("0.01")
    else:
        return None
    digits = STRIPE_MORE_DIGITS.get(currency_name, STRIPE_DIGITS)
    decimals = get_stripe_decimals(currency_name)
    unit = max(unit, stripe_unit)
    return Limits(
        max(STRIPE_MINIMUM.get(currency_name, unit), unit),
        Decimal(10**digits - 1).scaleb(-decimals) // unit * unit,
        unit,
    )


def get_stripe_decimals(currency_name):
    """Return how many decimals the amounts have that Stripe is sent.

    :param str currency_name: The currency's ISO 4217 code.
    :rtype: int
    """
    if currency_name in STRIPE_THREE_DECIMALS:
        return 3
    is_whole = currency_name in STRIPE_WHOLE - {"ISK", "UGX"}
    return 0 if is_whole else 2
