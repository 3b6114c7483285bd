"""Amounts of money, as people write them."""

import re
from decimal import Decimal


def normalize(text, thousands_separator, decimal_point):
    """Return an amount as written in a language, as Python writes it.

    A separator of thousands counts as one only where thousands are separated: "12,50"
    is no 1250, whatever the language. `static/src/payment/amount.js` reads the same in
    the browser; both are tested with `static/tests/amount_cases.js`.

    :param str text: What a person wrote.
    :param str thousands_separator: The language's separator; may be empty.
    :param str decimal_point: The language's decimal point.
    :return: The amount, such as `1234.50`; empty if it is none.
    :rtype: str
    """
    text = re.sub(r"\s", "", text)
    separator = re.escape(thousands_separator.strip())
    # Groups of two, too, as India's; the last one is always of three.
    grouped = rf"\d{{1,3}}(?:{separator}\d{{2,3}})*{separator}\d{{3}}"
    pattern = rf"([+-]?(?:\d+|{grouped}))(?:{re.escape(decimal_point)}(\d*))?"
    found = re.fullmatch(pattern, text, flags=re.ASCII)
    if not found:
        return ""
    whole, fraction = found.groups()
    return f"{whole.replace(thousands_separator.strip(), '')}.{fraction or '0'}"


def to_decimal(amount, digits):
    """Return an amount as the exact number that it stands for.

    :param float amount: The amount.
    :param int digits: How many decimals count.
    :rtype: Decimal
    """
    return Decimal(f"{amount:.{digits}f}")
