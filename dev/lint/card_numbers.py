"""Find what may be the number of a card: ``python dev/lint/card_numbers.py FILE…``."""

import re
import sys
from pathlib import Path

#: Runs of 13 to 19 digits as on cards (ISO/IEC 7812), grouped by blanks or hyphens.
DIGITS = re.compile(r"(?<![\w.+-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w.-])")


def find(line):
    """Return the first run of digits that can be a card number, or None.

    :rtype: str | None
    """
    for match in DIGITS.finditer(line):
        digits = re.sub(r"\D", "", match[0])
        if 13 <= len(digits) <= 19 and passes_luhn(digits):
            return match[0]
    return None


def passes_luhn(digits):
    """Tell whether the last digit is the check digit of the others.

    The algorithm is that of ISO/IEC 7812-1, annex B.

    :rtype: bool
    """
    doubled = (int(n) * (1 + i % 2) for i, n in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def main(names):
    """Print where one was found; return 1 then.

    :rtype: int
    """
    found = [
        f"{name}:{number}: holds a card number"
        for name in names
        for number, line in enumerate(Path(name).read_text("utf-8").splitlines(), 1)
        if find(line)
    ]
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
