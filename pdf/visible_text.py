"""What a reader sees of a text, in a form that can be compared.

A font writes letters in forms of its own (ligatures, Arabic letters joined to their
neighbours), a style sheet in capitals, and a line is broken at blanks and hyphens: what
is left of a text after folding is the same before and after it was printed.
"""

import re
import unicodedata

from lxml import etree

# Classes and inline styles with which Odoo and Bootstrap hide an element.
_HIDDEN_CLASSES = frozenset(
    ("d-none", "invisible", "opacity-0", "visually-hidden", "d-print-none", "o_hidden")
)
_HIDDEN_STYLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0*\.?0*"
    r"(?:;|!|$)|font-size\s*:\s*0)",
    re.IGNORECASE,
)
_SILENT_TAGS = frozenset(("style", "script", "title", "head", "template", "defs"))
_INLINE_TAGS = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font")
    + ("i", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike")
    + ("strong", "sub", "sup", "tt", "u", "var", "wbr")
)
# Letters that capitals and back do not lead to.
_ALIKE = {"ı": "i", "µ": "μ", "ς": "σ"}
# Brackets are mirrored between words that are written from the right.
_MIRRORED = dict(zip(")]}>»›≥", "([{<«‹≤", strict=True))


class _Folding(dict):
    """A table for ``str.translate`` that is filled as characters are met."""

    def __missing__(self, code):
        folded = self[code] = "".join(map(_folded, _decomposed(chr(code))))
        return folded


def _decomposed(character):
    return unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKD", character).casefold()
    )


def _folded(character):
    # Blanks, controls and marks of direction, hyphens, and accents on their letters.
    if unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf", "Pd", "Mn"):
        return ""
    return _ALIKE.get(character) or _MIRRORED.get(character, character)


_FOLDING = _Folding()


def fold(text):
    """Reduce a text to what can be compared: NFKC, without case, blanks and hyphens.

    :rtype: str
    """
    return text.translate(_FOLDING)


def is_hidden(element):
    """Whether an element is in the document, but not to be seen."""
    if element.tag in _SILENT_TAGS or not isinstance(element.tag, str):
        return True
    if element.get("hidden") is not None:
        return True
    classes = element.get("class")
    if classes and not _HIDDEN_CLASSES.isdisjoint(classes.split()):
        return True
    style = element.get("style")
    return bool(style and _HIDDEN_STYLE.search(style))


def is_block(element):
    """Whether an element stands on lines of its own."""
    return element.tag not in _INLINE_TAGS


def blocks(element):
    """The visible text of an element, one string for each block or line.

    :param etree._Element element: a document, or a part of one.
    :rtype: list[str]
    """
    lines = [[]]
    walker = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, node in walker:
        if event == "start" and is_hidden(node):
            walker.skip_subtree()
        elif event == "start":
            if is_block(node):
                lines.append([])
            lines[-1].append(node.text or "")
        elif event == "end" and is_block(node):
            lines.append([])
        if event != "start" and node is not element:
            lines[-1].append(node.tail or "")
    texts = (" ".join("".join(line).split()) for line in lines)
    return [text for text in texts if text]


def text(element):
    """The visible text of an element, in one line.

    :rtype: str
    """
    return " ".join(blocks(element))
