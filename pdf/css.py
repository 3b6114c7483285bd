"""Keep only the CSS that a document uses.

Odoo's report stylesheet is some 400 KB, of which an invoice uses about a twentieth.
The converter parses it again for each document, and a customer would download it
with each page, so it is cut down to what can match.
"""

import re
from typing import NamedTuple

_STRING_OR_COMMENT = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|/\*.*?\*/""", re.DOTALL
)
_STRING_OR_BRACE = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|([{};])""")
_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*))\s*\)""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\[(?:[^\]"']|"[^"]*"|'[^']*')*\]""")
_FUNCTION = re.compile(r":[\w-]+\((?:[^()]|\([^()]*\))*\)")
_PSEUDO = re.compile(r"::?[\w-]+")
_SIMPLE = re.compile(r"[.#]?-?[A-Za-z_][\w-]*")
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")
_FAMILY = re.compile(r"font-family\s*:\s*([^;}!]+)", re.IGNORECASE)
_GENERIC_FAMILY = re.compile(r"serif|monospace|cursive|fantasy|inherit|initial|var\(")

_CHANNELS = re.compile(
    r"(-rgb\s*:\s*|\brgba?\(\s*)([\d.]+)(\s*,\s*)([\d.]+)(\s*,\s*)([\d.]+)(?![\d.%])"
)

# States that a printed or read-only document never enters.
_LIVE_STATES = re.compile(
    r":(?:hover|focus|focus-visible|focus-within|active|disabled|checked|invalid|"
    r"valid|placeholder-shown|autofill)\b|::(?:placeholder|-webkit|-moz|file-selector)"
)
_NESTING_AT_RULES = ("@media", "@supports")


class Rule(NamedTuple):
    """A style rule: its selectors, each with the tokens that it needs."""

    selectors: tuple
    body: str


class Group(NamedTuple):
    """A conditional group of rules, such as ``@media print``."""

    prelude: str
    rules: tuple


class FontFace(NamedTuple):
    """One ``@font-face``: weight as a number, sources as written."""

    family: str
    weight: int
    italic: bool
    sources: tuple


class Stylesheet(NamedTuple):
    """A parsed stylesheet."""

    rules: tuple
    fonts: tuple


def parse(text):
    """Parse CSS.

    :param str text: the stylesheet.
    :rtype: Stylesheet
    """
    rules, fonts = [], []
    for prelude, body in _blocks(without_comments(text)):
        if prelude.startswith("@font-face"):
            fonts.append(_font_face(body))
        elif prelude.startswith(_NESTING_AT_RULES):
            rules.append(Group(prelude, tuple(_style_rules(body))))
        elif not prelude.startswith("@"):
            rules.append(_style_rule(prelude, body))
    return Stylesheet(tuple(rules), tuple(fonts))


def without_comments(text):
    """Leave the comments out; what looks like one in a string stays."""
    return _STRING_OR_COMMENT.sub(r"\1", text)


def _blocks(text):
    """Yield the ``(prelude, body)`` of each top-level block of ``text``."""
    depth, start, opened, prelude = 0, 0, 0, ""
    for match in _STRING_OR_BRACE.finditer(text):
        mark = match.group(2)
        if mark == "{":
            if not depth:
                prelude, opened = text[start : match.start()].strip(), match.end()
            depth += 1
        elif mark == "}" and depth:
            depth -= 1
            if not depth:
                yield prelude, text[opened : match.start()].strip()
                start = match.end()
        elif mark == ";" and not depth:
            # @charset, @import: nothing is ever fetched.
            start = match.end()


def _style_rules(text):
    return (
        _style_rule(prelude, body)
        for prelude, body in _blocks(text)
        if not prelude.startswith("@")
    )


def _style_rule(prelude, body):
    selectors = (part.strip() for part in split_list(prelude))
    return Rule(
        tuple(
            (selector, _needed_tokens(selector))
            for selector in selectors
            if selector and not _LIVE_STATES.search(selector)
        ),
        body,
    )


def split_list(text, separator=","):
    """Split at a separator that stands outside parentheses and strings."""
    parts, depth, quote, start = [], 0, "", 0
    for position, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == separator and not depth:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _needed_tokens(selector):
    """The tags, ``.classes`` and ``#ids`` without which the selector cannot match."""
    bare = _PSEUDO.sub("", _FUNCTION.sub("", _ATTRIBUTE.sub("", selector)))
    return frozenset(
        token if token[0] in ".#" else token.lower() for token in _SIMPLE.findall(bare)
    )


def _font_face(body):
    values = dict(declarations(body))
    sources = ",".join(value for name, value in declarations(body) if name == "src")
    weight = values.get("font-weight", "400")
    return FontFace(
        family=values.get("font-family", "").strip("\"' ").lower(),
        weight=int(weight) if weight.isdigit() else 700 if weight == "bold" else 400,
        italic=values.get("font-style", "normal") != "normal",
        sources=tuple(urls(sources)),
    )


def declarations(body):
    """Yield the ``(property, value)`` pairs of a declaration block."""
    for declaration in split_list(body, ";"):
        name, colon, value = declaration.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def urls(text):
    """Yield each address in ``url(…)``."""
    return (next(filter(None, match.groups()), "") for match in _URL.finditer(text))


def replace_urls(text, resolve):
    """Replace each ``url(…)`` by what ``resolve`` makes of it, else by ``none``.

    :param str text: CSS.
    :param resolve: function from an address to a ``data:`` URI, or None.
    """

    def replace(match):
        address = next(filter(None, match.groups()), "")
        data = address if address.startswith("data:") else resolve(address)
        return f'url("{data}")' if data else "none"

    return _URL.sub(replace, text)


def prune(stylesheet, tokens, transform=None):
    """The CSS text of the rules that can match in a document.

    :param Stylesheet stylesheet: all rules.
    :param frozenset tokens: the document's tags, ``.classes`` and ``#ids``.
    :param transform: function ``(selectors, body) -> body``, or None.
    :rtype: str
    """
    kept = []
    for rule in stylesheet.rules:
        if isinstance(rule, Group):
            inner = "".join(
                _pruned_rule(each, tokens, transform) for each in rule.rules
            )
            kept.append(f"{rule.prelude}{{{inner}}}" if inner else "")
        else:
            kept.append(_pruned_rule(rule, tokens, transform))
    return _without_unused_variables(_with_whole_channels("".join(kept)))


def _pruned_rule(rule, tokens, transform):
    selectors = ",".join(text for text, needed in rule.selectors if needed <= tokens)
    if not selectors or not rule.body:
        return ""
    body = transform(selectors, rule.body) if transform else rule.body
    return f"{selectors}{{{_with_generic_family(body)}}}"


def _with_generic_family(body):
    """Let the reader's sans-serif stand in where a named font is not there.

    Odoo writes ``Open_Sans`` for the font that calls itself ``Open Sans``.
    """

    def complete(match):
        named = match.group().rstrip().replace("_", " ")
        return named if _GENERIC_FAMILY.search(named) else f"{named},sans-serif"

    return _FAMILY.sub(complete, body) if "font-family" in body else body


def _with_whole_channels(text):
    """Write red, green and blue as whole numbers, as CSS Color 3, 4.2.1, has them.

    Sass mixes colors to fractions. The converter's WebKit refuses them, but for those
    that come out of a ``var()``, which it takes nearly always: once in some hundred
    conversions a document's links were not of their color.
    """

    def round_channel(match):
        parts = list(match.groups())
        parts[1::2] = (str(round(float(part))) for part in parts[1::2])
        return "".join(parts)

    return _CHANNELS.sub(round_channel, text)


def _without_unused_variables(text):
    """Drop the custom properties that no ``var()`` reads, whatever the nesting."""
    while True:
        used = set(_VARIABLE.findall(text))
        slimmer = re.sub(
            r"(--[\w-]+)\s*:([^;{}]*)(;|(?=}))",
            lambda match, used=used: match.group() if match.group(1) in used else "",
            text,
        )
        if len(slimmer) == len(text):
            return re.sub(r"[^{}]+\{\}", "", text)
        text = slimmer


# --- Right-to-left -------------------------------------------------------------

_SIDE = re.compile(r"\b(left|right)\b")
_OTHER_SIDE = {"left": "right", "right": "left", "ltr": "rtl", "rtl": "ltr"}
_SIDED_VALUES = ("float", "clear", "text-align", "caption-side", "background-position")
_FOUR_SIDES = ("margin", "padding", "border-width", "border-style", "border-color")
_TRANSLATE = re.compile(r"(translate(?:X|3d)?\(\s*)(-?)(?=[\d.])")


def mirror(selectors, body):
    """Turn a left-to-right declaration block round.

    A pure-Python stand-in for the ``rtlcss`` program, which Odoo needs from npm and
    which is missing on most servers.

    :param str selectors: the rule's selectors; ``o_force_ltr`` is left alone.
    :param str body: the declarations.
    :rtype: str
    """
    if "o_force_ltr" in selectors:
        return body
    return ";".join(
        "{}:{}".format(*_mirrored(name, value)) for name, value in declarations(body)
    )


def _mirrored(name, value):
    plain = name.removeprefix("-webkit-")
    if plain == "direction":
        return name, _OTHER_SIDE.get(value, value)
    if plain in _SIDED_VALUES:
        return name, _swap_sides(value)
    if plain in _FOUR_SIDES:
        return name, _swap_second_and_fourth(value)
    if plain == "border-radius":
        return name, _swap_corners(value)
    if plain == "transform":
        return name, _TRANSLATE.sub(_negated, value)
    return _swap_sides(name), value


def _swap_sides(text):
    return _SIDE.sub(lambda match: _OTHER_SIDE[match.group()], text)


def _negated(match):
    return match.group(1) + ("" if match.group(2) else "-")


def _swap_second_and_fourth(value):
    parts = [part for part in split_list(value, " ") if part]
    if len(parts) == 4:
        parts[1], parts[3] = parts[3], parts[1]
    return " ".join(parts)


def _swap_corners(value):
    parts = value.split()
    if len(parts) == 4 and "/" not in value:
        parts = [parts[1], parts[0], parts[3], parts[2]]
    return " ".join(parts)
