"""Currencies: decimals, the smallest and the largest charge.

Sources: https://docs.stripe.com/currencies (zero-decimal currencies, special cases,
minimum and maximum charge amounts).
"""

from .errors import invalid, not_positive

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()
)
# Of these the last digits have to be zero: written with two decimals and used with
# none, or written with three and used with two.
STEPS = {
    **dict.fromkeys("isk ugx".split(), 100),
    **dict.fromkeys("bhd jod kwd omr tnd".split(), 10),
}
KNOWN = ZERO_DECIMAL | frozenset(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bmd bnd bob brl bsd"
    " bwp byn bzd cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp"
    " gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd jod kes kgs khr kwd kyd"
    " kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn"
    " nio nok npr nzd omr pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd"
    " shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs wst"
    " xcd yer zar zmw".split()
)
MINIMUM = {
    **dict.fromkeys(
        "ars aud brl cad chf cop eur idr ils inr nzd php rub sgd usd zar".split(), 50
    ),
    **{"aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400},
    **{"huf": 17500, "jpy": 50, "krw": 50, "mxn": 1000, "myr": 200, "nok": 300},
    **{"pln": 200, "ron": 200, "sek": 300, "thb": 1000},
}
MAXIMUM_DIGITS = {"cop": 10, "idr": 12, "inr": 9}


def check_currency(currency):
    """Return a currency's code in lower case, or refuse it."""
    code = currency.lower()
    if code not in KNOWN:
        listed = ", ".join(sorted(KNOWN))
        raise invalid(
            f"Invalid currency: {currency}. Stripe currently supports these"
            f" currencies: {listed}",
            "currency",
        )
    return code


def check_amount(amount, currency):
    """Refuse an amount that cannot be charged.

    :param int amount: in the currency's smallest unit.
    :param str currency: lower-case code.
    """
    if amount < 1:
        raise not_positive("amount")
    minimum = MINIMUM.get(currency, 1)
    maximum = 10 ** MAXIMUM_DIGITS.get(currency, 8) - 1
    step = STEPS.get(currency, 1)
    if amount < minimum:
        code, why = "amount_too_small", f"at least {shown(minimum, currency)}"
    elif amount > maximum:
        code, why = "amount_too_large", f"no more than {shown(maximum, currency)}"
    elif amount % step:
        code, why = "invalid_charge_amount", f"divisible by {step} in {currency}"
    else:
        return
    raise invalid(f"Amount must be {why}", "amount", code)


def shown(amount, currency):
    """Return an amount as Stripe writes it in messages: ``$0.50 usd``."""
    sign = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}.get(currency, "")
    if currency in ZERO_DECIMAL:
        return f"{sign}{amount:,} {currency}"
    if STEPS.get(currency) == 10:
        return f"{sign}{amount / 1000:,.3f} {currency}"
    return f"{sign}{amount / 100:,.2f} {currency}"
