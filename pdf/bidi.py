"""Lines that are written in both directions, as browsers of today show them.

The engine of the converter is older than two things: pairs of brackets belong to the
text inside them (Unicode Standard Annex #9, rule N0, since 6.3), and a text can be
isolated from what surrounds it. It keeps signs with their numbers after Arabic letters,
where they stand on their own (rules W2, W4 and W5). And built on plain Qt 5, it
misplaces a right-to-left run that is a part of a text node (beside a number or a Latin
word), and does not break such a text into lines; a word that is a whole text node is
placed right.
"""

import re
import unicodedata

import lxml.html
from lxml import etree

from . import visible_text

# Hebrew, Arabic, Syriac, Thaana, N'Ko and their presentation forms (Unicode blocks).
_RIGHT_TO_LEFT = r"\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_LETTERS = re.compile(rf"[{_RIGHT_TO_LEFT}]")
# What is placed right only as a text node of its own: a word, and a marked character.
_WORD = re.compile(rf"[{_RIGHT_TO_LEFT}]+|\u200f[^\u200f]\u200f")
_KEPT = ("style", "script", "title", "svg", "text")
# The pairs that texts of today use (BidiBrackets.txt has more, for mathematics).
_BRACKETS = dict(zip("([{（［｛「『【〔", ")]}）］｝」』】〕", strict=True))
_LEFT_TO_RIGHT_MARK, _RIGHT_TO_LEFT_MARK = "\u200e", "\u200f"
# Where each line of an address is a text of its own.
_ADDRESSES = ".//address | .//*[@name='company_address' or @name='address']"


def arrange(element, direction):
    """Have a document's lines arranged as a browser of today arranges them.

    :param etree._Element element: changed in place.
    :param str direction: of the document, ``ltr`` or ``rtl``.
    """
    is_mixed = direction == "rtl" or any(map(_LETTERS.search, element.itertext()))
    if direction == "rtl":
        for address in element.xpath(_ADDRESSES):
            _isolate_lines(address)
    if is_mixed:
        for nodes in _paragraphs(element):
            _mark_neutrals(nodes, direction)
        isolate_words(element)


# --- Addresses -------------------------------------------------------------------


def _isolate_lines(element):
    """Give each line of an address the direction of its own first letter."""
    for node in list(element.iter(etree.Element)):
        if node.text and node.text.strip() and _is_left_to_right(node.text):
            span = _embedded(node.text)
            node.text = None
            node.insert(0, span)
        for child in [each for each in node if not _is_embedded(each)]:
            if child.tail and child.tail.strip() and _is_left_to_right(child.tail):
                span = _embedded(child.tail)
                child.tail = None
                node.insert(node.index(child) + 1, span)


def _embedded(text):
    span = lxml.html.Element("span", {"dir": "ltr", "style": "unicode-bidi:embed"})
    span.text = text
    return span


def _is_embedded(element):
    return element.get("dir") == "ltr"


def _is_left_to_right(text):
    """Whether the first letter is (rules P2 and P3); of digits alone, too."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return kind == "L"
    return True


# --- Brackets and signs ----------------------------------------------------------


class _Text:
    """A text node of a paragraph: an element's text, or what follows one."""

    def __init__(self, element, name):
        self.element = element
        self.name = name
        self.text = getattr(element, name)

    def replace(self, text):
        setattr(self.element, self.name, text)


def _paragraphs(element):
    """The text nodes of an element, by block or line.

    :rtype: list[list[_Text]]
    """
    paragraphs = [[]]
    for event, node in etree.iterwalk(element, events=("start", "end")):
        is_block = visible_text.is_block(node)
        if event == "start":
            if is_block:
                paragraphs.append([])
            if node.text and node.tag not in _KEPT:
                paragraphs[-1].append(_Text(node, "text"))
        else:
            if is_block:
                paragraphs.append([])
            if node.tail and node is not element:
                paragraphs[-1].append(_Text(node, "tail"))
    return [nodes for nodes in paragraphs if nodes]


def _mark_neutrals(nodes, direction):
    """Give brackets and signs their direction, by a mark on either side of them."""
    text = "".join(node.text for node in nodes)
    kinds = _strong_kinds(text)
    if direction == "ltr" and "R" not in kinds:
        return
    embedding = "R" if direction == "rtl" else "L"
    # In this order: brackets that have a direction count for what stands beside them.
    marks = _bracket_marks(text, kinds, embedding)
    if embedding == "R":
        # Not in lines from the left, where the converter would tear numbers apart.
        marks.update(_sign_marks(text, kinds, embedding))
    position = 0
    for node in nodes:
        end = position + len(node.text)
        pieces = [
            f"{mark}{character}{mark}" if (mark := marks.get(place)) else character
            for place, character in enumerate(node.text, position)
        ]
        node.replace("".join(pieces))
        position = end


def _strong_kinds(text):
    """The direction of each character: L, R, or empty (rules W1 to W7, as far as
    rule N0 asks: numbers count as R, but after a Latin letter as L)."""
    kinds, last = [], ""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            last = "L" if kind == "L" else "R"
            kinds.append(last)
        elif kind in ("EN", "AN"):
            kinds.append("L" if kind == "EN" and last == "L" else "R")
        else:
            kinds.append("")
    return kinds


def _sign_marks(text, kinds, embedding):
    """The mark for each sign of a number after Arabic letters, by its place."""
    marks, after_arabic = {}, False
    for place, character in enumerate(text):
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            after_arabic = kind == "AL"
        elif after_arabic and kind in ("ES", "ET"):
            sides = (
                next((each for each in reversed(kinds[:place]) if each), embedding),
                next((each for each in kinds[place + 1 :] if each), embedding),
            )
            if (sides[0] if sides[0] == sides[1] else embedding) == "R":
                marks[place] = _RIGHT_TO_LEFT_MARK
    return marks


def _bracket_marks(text, kinds, embedding):
    """The mark for each bracket of a pair, by its place (rule N0)."""
    marks = {}
    for opened, closed in sorted(_pairs(text)):
        inside = set(kinds[opened + 1 : closed]) - {""}
        if not inside:
            continue
        kind = embedding
        if embedding not in inside:
            before = next(
                (each for each in reversed(kinds[:opened]) if each), embedding
            )
            kind = before
        kinds[opened] = kinds[closed] = kind
        mark = _LEFT_TO_RIGHT_MARK if kind == "L" else _RIGHT_TO_LEFT_MARK
        marks[opened] = marks[closed] = mark
    return marks


def _pairs(text):
    """The places of brackets that belong together (definition BD16)."""
    opened, pairs = [], []
    for place, character in enumerate(text):
        if character in _BRACKETS:
            opened.append((_BRACKETS[character], place))
        else:
            for index in range(len(opened) - 1, -1, -1):
                if opened[index][0] == character:
                    pairs.append((opened[index][1], place))
                    del opened[index:]
                    break
    return pairs


# --- Words -----------------------------------------------------------------------


def isolate_words(element):
    """Put each right-to-left word into a ``span``.

    :param etree._Element element: changed in place.
    """
    for node in list(element.iter(etree.Element)):
        if node.tag in _KEPT:
            continue
        if node.text and _WORD.search(node.text):
            node.text, spans = _split(node.text)
            node[:0] = spans
        if node is not element and node.tail and _WORD.search(node.tail):
            node.tail, spans = _split(node.tail)
            parent = node.getparent()
            position = parent.index(node) + 1
            parent[position:position] = spans


def _split(text):
    """The text before the first word; an element for each word and what follows."""
    words, rests = _WORD.findall(text), _WORD.split(text)
    spans = []
    for word, rest in zip(words, rests[1:], strict=True):
        span = lxml.html.Element("span")
        span.text, span.tail = word, rest
        spans.append(span)
    return rests[0], spans
