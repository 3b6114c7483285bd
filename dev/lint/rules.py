"""Rules of this project that no other tool knows."""

import re

from .files import is_development
from .findings import Finding

# Addresses of this or that machine: where people or build machines keep their files.
_MACHINE_PATH = re.compile(
    r"(?<![\w.~/-])/(?:home|Users|root|work|tmp|opt)/[\w.-]|\.\./(?:shared)\b"
)
# Runs of 13 to 19 digits as on cards (ISO/IEC 7812), grouped by blanks or hyphens.
_DIGITS = re.compile(r"(?<![\w.+-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w.-])")
_LIVE_KEY = re.compile(r"\b(?:sk|rk|pk)_live_\w{8,}|-----BEGIN [A-Z ]*PRIVATE KEY")
_TEST_KEY = re.compile(r"\b(?:sk|rk|pk)_test_\w{16,}|\bwhsec_\w{16,}")
_EXTERNAL = re.compile(
    r"""url\(\s*['"]?(?:https?:)?//            # in a style
    | @import\s+['"](?:https?:)?//
    | \b(?:src|srcset|data-src)\s*=\s*\\?['"](?:https?:)?//[^'"{]
    | <link\b[^>]*\bhref\s*=\s*['"](?:https?:)?//
    | \b(?:import|from|fetch|loadJS|loadCSS|importScripts)\b\s*\(?\s*['"](?:https?:)?//
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ASSET_TYPES = (".js", ".mjs", ".css", ".scss", ".xml", ".html")
_MAX_ASSET_LINE = 500


def check(root, files, hosts):
    """Check all text files.

    :param pathlib.Path root: the repository's root
    :param list[str] files: relative paths
    :param set[str] hosts: host names of package registries
    :rtype: list[Finding]
    """
    findings = []
    for name in files:
        text = (root / name).read_text("utf-8", errors="ignore")
        if "\0" not in text:
            findings += check_text(name, text, hosts)
    return findings


def check_text(name, text, hosts=frozenset()):
    """Check one text file.

    :param str name: relative path
    :param str text: the file's content
    :param set[str] hosts: host names of package registries
    :rtype: list[Finding]
    """
    rules = [
        ("names the host of a package registry", lambda line: _names(line, hosts)),
        ("names a folder of one machine", _MACHINE_PATH.search),
        ("holds a secret key", _LIVE_KEY.search),
    ]
    if not is_development(name):
        rules.append(("holds a key of a Stripe account", _TEST_KEY.search))
    if not is_development(name) and not name.endswith(".md"):
        rules.append(("holds a card number", find_card_number))
    if name.endswith(_ASSET_TYPES) and not is_development(name):
        rules.append(("loads something from another server", _EXTERNAL.search))
    findings = [
        Finding(name, number, message)
        for number, line in enumerate(text.splitlines(), 1)
        for message, is_broken in rules
        if is_broken(line)
    ]
    return findings + list(_check_minified(name, text))


def find_card_number(line):
    """Return the first run of digits that can be a card number, or None.

    :param str line: any text
    :rtype: str | None
    """
    for match in _DIGITS.finditer(line):
        digits = re.sub(r"\D", "", match[0])
        if 13 <= len(digits) <= 19 and passes_luhn(digits):
            return match[0]
    return None


def passes_luhn(digits):
    """Tell whether the last digit is the check digit of the others.

    The algorithm is that of ISO/IEC 7812-1, annex B.

    :param str digits: decimal digits
    :rtype: bool
    """
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _names(line, hosts):
    """Tell whether a line names one of the hosts."""
    return any(host in line for host in hosts)


def _check_minified(name, text):
    """Yield whether an asset cannot be read by a person."""
    if not name.startswith("static/") or not name.endswith((".js", ".mjs", ".css")):
        return
    if re.search(r"[.-]min\.\w+$", name):
        yield Finding(name, 1, "is a minified file")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _MAX_ASSET_LINE:
            yield Finding(name, number, "looks like minified code")
