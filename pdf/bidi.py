"""Right-to-left words, each in an element of its own.

Built on plain Qt 5, the converter misplaces a right-to-left run that is a part of a
text node (beside a number or a Latin word), and does not break such a text into lines.
A word that is a whole text node is placed right.
"""

import re

import lxml.html
from lxml import etree

# Hebrew, Arabic, Syriac, Thaana, N'Ko and their presentation forms (Unicode blocks).
_WORD = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]+")
_KEPT = ("style", "script", "title", "svg", "text")


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
