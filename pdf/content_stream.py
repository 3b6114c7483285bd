"""What is painted where on a converted page.

The converter is given one endless page for each document, and the sheets are cut from
it afterwards (see ``pagination``). This reads the page's content stream (ISO 32000-1,
7.8 and 8.3-8.10) as far as cutting and checking it need, and as Qt writes it: which
bytes paint which part of the page, and what the text says.
"""

import itertools
import re
from typing import NamedTuple

_NUMBER = rb"[-+]?[\d.]+\s+"
# What a path is made of: a QR code is one of a thousand pieces.
_PIECE = rb"(?:" + _NUMBER + rb")*(?:re|[mlcvyh])"
# A group without other groups in it, text or a path as a whole, or one operation with
# its operands. Of the operators and names that Qt writes, only `q` and `Q` contain a
# "q".
_OPERATION = re.compile(
    rb"(?<!\S)(?:q\s(?P<leaf>[^qQ]*)Q|BT(?P<text>\s.*?\s)ET|(?P<image>/\S+)\s+Do"
    rb"|(?P<state>/\S+)\s+gs"
    rb"|(?P<path>" + _PIECE + rb"(?:\s+" + _PIECE + rb")*)"
    rb"|(?P<operands>(?:" + _NUMBER + rb")*)"
    rb"(?P<operator>[qQnfFSsBbgW]|cm|f\*|B\*|b\*|W\*|scn|rg))(?!\S)",
    re.DOTALL,
)
_PAINTING = re.compile(rb"\s(?:[fBb]\*?|[FSs]|Do|ET)\s")
_FONT = re.compile(rb"(/\S+)\s+([\d.]+)\s+Tf")
_TEXT_MATRIX = re.compile(rb"((?:" + _NUMBER + rb"){6})Tm")
_GLYPHS = re.compile(rb"([-\d.]+)\s+([-\d.]+)\s+T[dD]\s+<([0-9A-Fa-f]*)>")
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_PAINT = frozenset((b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*"))
_STROKE = frozenset((b"S", b"s"))
_CLIP = frozenset((b"W", b"W*"))
_PATH = frozenset((b"m", b"l", b"c", b"v", b"y", b"h", b"re"))
_COLOR = frozenset((b"scn", b"rg", b"g"))
# Height of a line of letters above and below its base, in font sizes: generous for
# all fonts seen in reports.
ASCENT, DESCENT = 0.9, -0.25
# The part of its rectangle that a filled shape covers.
_SOLID = 0.8
# The first glyph of a font stands for all that it does not have (OpenType, ".notdef").
_NO_GLYPH = "0000"


class Item(NamedTuple):
    """One painted thing: its bytes in the stream, and its rectangle in points.

    The rectangle is in the page's own coordinates, y upwards.

    :ivar str kind: ``text``, ``path``, ``image`` or ``void``.
    :ivar str name: an image's resource.
    :ivar bool covers: whether what lies below a filled path or an image is hidden.
    :ivar tuple|None clip: the rectangle outside of which nothing of it is seen.
    :ivar str text: what it says, as the font's table has it (see ``Font``).
    :ivar int missing: how many of its characters the font does not have.
    :ivar int unnamed: how many of its glyphs stand for no single character.
    """

    kind: str
    start: int
    end: int
    left: float
    bottom: float
    right: float
    top: float
    name: str = ""
    color: tuple = ()
    covers: bool = False
    clip: tuple | None = None
    text: str = ""
    missing: int = 0
    unnamed: int = 0


class Font:
    """What the codes in a stream's strings mean in one font.

    :param dict characters: folded text by code, which is four hexadecimal digits.
    :param dict widths: advance by code, in font sizes.
    """

    def __init__(self, characters, widths):
        self.characters = characters
        self.widths = widths

    def decode(self, codes):
        """
        :param list[str] codes: as in the stream, each four hexadecimal digits.
        :return: the text, the number of characters without a glyph, and of glyphs
            without a character.
        :rtype: tuple[str, int, int]
        """
        pieces = list(map(self.characters.get, codes))
        unread = pieces.count(None)
        if not unread:
            return "".join(pieces), 0, 0
        missing = codes.count(_NO_GLYPH)
        return "".join(filter(None, pieces)), missing, unread - missing

    def inked(self, codes):
        """The numbers of the first and the last glyph that leave a trace."""
        traces = [self.characters.get(code) != "" for code in codes]
        if True not in traces:
            return 0, len(codes) - 1
        return traces.index(True), len(traces) - 1 - traces[::-1].index(True)


_UNKNOWN_FONT = Font({}, {})


def _product(first, second):
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def _box(points, matrix):
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x, y in points]
    ys = [b * x + d * y + f for x, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _common(first, second):
    """The rectangle that two have in common."""
    if first is None:
        return second
    return (
        max(first[0], second[0]),
        max(first[1], second[1]),
        min(first[2], second[2]),
        min(first[3], second[3]),
    )


def items(data, fonts=None, opaque_states=None):
    """Each painted item of a content stream, in painting order.

    An item's bytes take in the group (``q`` to ``Q``) that has no other item; a group
    that paints nothing is an item of kind ``void``.

    :param bytes data: a decoded content stream.
    :param dict[str, Font] fonts: the page's fonts by resource name.
    :param set[str] opaque_states: the graphics states in which painting hides what
        lies below; None for all.
    :rtype: list[Item]
    """
    return _Reader(fonts or {}, opaque_states).scan(data)


class _Reader:
    """Walks through a content stream."""

    def __init__(self, fonts, opaque_states):
        self.fonts = fonts
        self.opaque_states = opaque_states
        self.items = []
        self.matrix = _IDENTITY
        self.color = ()
        self.clip = None
        self.is_opaque = True
        self.is_framed = False
        self.path = []
        self.path_start = None
        self.outlines = 0
        self.groups = []

    def scan(self, data):
        self._scan(data, 0, len(data))
        return self.items

    def _scan(self, data, start, end):
        for match in _OPERATION.finditer(data, start, end):
            kind = match.lastgroup
            if kind == "leaf":
                self._leaf(data, match)
            elif kind == "operator":
                self._operation(match, match["operator"])
            elif kind == "path":
                self._extend_path(match)
            elif kind == "text":
                self._text(match)
            elif kind == "image":
                self._image(match)
            else:
                self._state(match["state"].decode("latin-1"))

    def _leaf(self, data, match):
        start, end = match.span("leaf")
        if not _PAINTING.search(data, start - 1, end):
            span = match.span()
            self.items.append(Item("void", *span, 0.0, 0.0, 0.0, 0.0))
            return
        self._open_group(match.start())
        self._scan(data, start, end)
        self._close_group(match.end())

    def _operation(self, match, operator):
        if operator == b"q":
            self._open_group(match.start())
        elif operator == b"Q":
            self._close_group(match.end())
        elif operator == b"cm":
            self.matrix = _product(_numbers(match["operands"])[-6:], self.matrix)
        elif operator in _COLOR:
            self.color = _numbers(match["operands"])
        elif operator in _CLIP:
            if self.path:
                self.clip = _common(self.clip, _box(self.path, self.matrix))
                # Round frames are painted through a frame-shaped hole.
                self.is_framed |= self.outlines > 1 or not _is_solid(self.path)
        else:
            self._end_path(match, operator)

    def _state(self, name):
        self.is_opaque = self.opaque_states is None or name in self.opaque_states

    def _open_group(self, start):
        state = self.matrix, self.color, self.clip, self.is_opaque, self.is_framed
        self.groups.append((start, len(self.items), state))

    def _close_group(self, end):
        if not self.groups:
            return
        start, first, state = self.groups.pop()
        self.matrix, self.color, self.clip, self.is_opaque, self.is_framed = state
        inside = self.items[first:]
        painted = [item for item in inside if item.kind != "void"]
        if len(painted) > 1:
            return
        del self.items[first:]
        item = painted[0] if painted else Item("void", 0, 0, 0.0, 0.0, 0.0, 0.0)
        self.items.append(item._replace(start=start, end=end))

    def _extend_path(self, match):
        if self.path_start is None:
            self.path_start = match.start()
        pieces = match["path"].split()
        self.outlines += pieces.count(b"m") + pieces.count(b"re")
        if b"re" in pieces:
            pieces = _without_rectangles(pieces)
        values = [float(each) for each in pieces if each not in _PATH]
        self.path += zip(values[::2], values[1::2], strict=False)

    def _end_path(self, match, operator):
        if operator in _PAINT and self.path:
            box = _box(self.path, self.matrix)
            span = self.path_start, match.end()
            # Of several outlines, the inner ones may be holes: a frame.
            is_filled = self.outlines == 1 and operator not in _STROKE
            is_shown = self.is_opaque and not self.is_framed
            covers = is_shown and is_filled and _is_solid(self.path)
            self.items.append(
                Item("path", *span, *box, "", self.color, covers, self.clip)
            )
        self.path, self.path_start, self.outlines = [], None, 0

    def _image(self, match):
        box = _box(((0.0, 0.0), (1.0, 1.0)), self.matrix)
        name = match["image"].decode("latin-1")
        self.items.append(
            Item("image", *match.span(), *box, name, (), self.is_opaque, self.clip)
        )

    def _text(self, match):
        source = match["text"]
        glyphs = _GLYPHS.findall(source)
        if not glyphs:
            return
        font, size, matrix = self._text_state(source)
        codes = [code.decode() for *_place, code in glyphs]
        text, missing, unnamed = font.decode(codes)
        points = _text_points(glyphs, font, size, font.inked(codes))
        box = _box(points, _product(matrix, self.matrix))
        self.items.append(
            Item(
                *("text", *match.span(), *box),
                color=self.color,
                clip=self.clip,
                text=text,
                missing=missing,
                unnamed=unnamed,
            )
        )

    def _text_state(self, source):
        font = _FONT.search(source)
        matrix = _TEXT_MATRIX.search(source)
        name, size = (font[1].decode("latin-1"), float(font[2])) if font else ("", 0.0)
        return (
            self.fonts.get(name, _UNKNOWN_FONT),
            size,
            _numbers(matrix[1]) if matrix else _IDENTITY,
        )


def _numbers(operands):
    return tuple(map(float, operands.split()))


def _without_rectangles(pieces):
    """A path's operands and operators, with two corners for each rectangle."""
    found = []
    for piece in pieces:
        found.append(piece)
        if piece == b"re":
            x, y, width, height = map(float, found[-5:-1])
            found[-3:] = x + width, y + height, b"l"
    return found


def _is_solid(path):
    """Whether an outline fills most of its rectangle; a part of a frame does not."""
    if len(path) == 2:
        return True
    xs, ys = zip(*path, strict=True)
    rectangle = (max(xs) - min(xs)) * (max(ys) - min(ys))
    pairs = zip(path, [*path[1:], path[0]], strict=True)
    area = abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2
    return area > _SOLID * rectangle


def _text_points(glyphs, font, size, inked):
    """Two corners of a text object, in its text space.

    :param list glyphs: of each, its place after the one before, and its code.
    :param tuple[int, int] inked: the first and the last one that can be seen.
    :rtype: list[tuple[float, float]]
    """
    first, last = inked
    xs = list(itertools.accumulate(float(across) for across, _up, _code in glyphs))
    ys = list(itertools.accumulate(float(up) for _across, up, _code in glyphs))
    xs, ys = xs[first : last + 1], ys[first : last + 1]
    advance = font.widths.get(glyphs[last][2].decode(), 0.0) * size
    return [
        (min(xs), min(ys) + DESCENT * size),
        (max(*xs, xs[-1] + advance), max(ys) + ASCENT * size),
    ]


def without(data, dropped):
    """A content stream less some of its items.

    Each item's bytes are whole operations or groups, so that the rest stays balanced.

    :param bytes data: the content stream.
    :param list[Item] dropped: in painting order.
    :rtype: bytes
    """
    pieces, position = [], 0
    for item in dropped:
        pieces.append(data[position : item.start])
        position = item.end
    pieces.append(data[position:])
    return b" ".join(pieces)
