"""The fonts of a converted page: which text a glyph stands for, and how wide it is."""

import re

from . import visible_text
from .content_stream import Font

# ISO 32000-1, 9.10.3, as Qt writes it: ranges with a list of texts, or with the first.
_RANGE = re.compile(
    rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:\[([^\]]*)\]|<([0-9A-Fa-f]+)>)"
)
_TEXT = re.compile(rb"<([0-9A-Fa-f]+)>")


class Fonts:
    """The fonts of a file, each read once."""

    def __init__(self):
        self._read = {}

    def of(self, resources):
        """The fonts of a page.

        :param resources: the page's ``/Resources``.
        :rtype: dict[str, content_stream.Font]
        """
        fonts = resources.get("/Font", {})
        return {name: self._font(fonts.raw_get(name)) for name in fonts}

    def _font(self, reference):
        number = reference.idnum
        if number not in self._read:
            font = reference.get_object()
            self._read[number] = Font(_characters(font), _widths(font))
        return self._read[number]


def _code(number):
    return f"{number:04X}"


def _characters(font):
    """The folded text of each glyph; those without one are left out."""
    if "/ToUnicode" not in font:
        return {}
    found = {}
    for first, last, several, one in _RANGE.findall(font["/ToUnicode"].get_data()):
        start = int(first, 16)
        if several:
            texts = [bytes.fromhex(each.decode()) for each in _TEXT.findall(several)]
        else:
            base = int(one, 16)
            count = int(last, 16) - start + 1
            texts = [(base + each).to_bytes(2, "big") for each in range(count)]
        for number, text in enumerate(texts, start):
            if any(text):
                read = text.decode("utf-16-be", "replace")
                found[_code(number)] = visible_text.fold(read)
    return found


def _widths(font):
    """The advance of each glyph, in font sizes."""
    [descendant] = font.get("/DescendantFonts", [{}])
    widths = descendant.get_object().get("/W", ()) if descendant else ()
    found = {}
    for first, each in zip(widths[::2], widths[1::2], strict=False):
        if isinstance(each, list):
            found.update(
                (_code(int(first) + number), float(width) / 1000)
                for number, width in enumerate(each)
            )
    return found
