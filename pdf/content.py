"""What is painted where on a converted page.

The converter is given one endless page for each document, and the sheets are cut from
it afterwards (see ``pagination``). This reads the page's content stream (ISO 32000-1,
7.8 and 8.3-8.10) as far as that needs, and as Qt writes it: which bytes paint which
part of the page.
"""

import re
from typing import NamedTuple

_NUMBER = rb"[-+]?[\d.]+\s+"
# Text as a whole, or one operation with its operands.
_OPERATION = re.compile(
    rb"(?<!\S)(?:BT(?P<text>\s.*?\s)ET|(?P<image>/\S+)\s+Do"
    rb"|(?P<operands>(?:" + _NUMBER + rb")*)"
    rb"(?P<operator>[qQmlcvyhnfFSsBbg]|cm|re|f\*|B\*|b\*|scn|rg))(?!\S)",
    re.DOTALL,
)
_TEXT_OPERATION = re.compile(rb"((?:" + _NUMBER + rb")+)(Tf|Tm|Td|TD)(?!\S)")
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_PAINT = frozenset((b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*"))
_PATH = frozenset((b"m", b"l", b"c", b"v", b"y", b"h", b"re"))
_COLOR = frozenset((b"scn", b"rg", b"g"))
# Height of a line of letters above and below its base, in font sizes: generous for
# all fonts seen in reports.
_ASCENT, _DESCENT = 0.9, -0.25


class Item(NamedTuple):
    """One painted thing: its bytes in the stream, and its rectangle in points.

    ``kind`` is ``text``, ``path``, ``image`` or ``void``; for an image, ``name`` is its
    resource.
    The rectangle is in the page's own coordinates, y upwards.
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


def items(data):
    """Each painted item of a content stream, in painting order.

    An item's bytes take in the group (``q`` to ``Q``) that has no other item; a group
    that paints nothing is an item of kind ``void``.

    :param bytes data: a decoded content stream.
    :rtype: list[Item]
    """
    return _Reader().scan(data)


class _Reader:
    """Walks through a content stream."""

    def __init__(self):
        self.items = []
        self.matrix = _IDENTITY
        self.color = ()
        self.path = []
        self.path_start = None
        self.groups = []

    def scan(self, data):
        for match in _OPERATION.finditer(data):
            operator = match["operator"]
            if operator is None:
                self._add(_text_or_image(match, self.matrix))
            elif operator == b"q":
                state = self.matrix, self.color
                self.groups.append((match.start(), len(self.items), state))
            elif operator == b"Q":
                self._close_group(match.end())
            elif operator == b"cm":
                self.matrix = _product(_numbers(match["operands"])[-6:], self.matrix)
            elif operator in _COLOR:
                self.color = _numbers(match["operands"])
            elif operator in _PATH:
                self._extend_path(match, operator)
            else:
                self._end_path(match, operator)
        return self.items

    def _add(self, item):
        if item:
            self.items.append(item)

    def _close_group(self, end):
        if not self.groups:
            return
        start, first, (self.matrix, self.color) = self.groups.pop()
        inside = self.items[first:]
        painted = [item for item in inside if item.kind != "void"]
        if len(painted) > 1:
            return
        del self.items[first:]
        item = painted[0] if painted else Item("void", 0, 0, 0.0, 0.0, 0.0, 0.0)
        self.items.append(item._replace(start=start, end=end))

    def _extend_path(self, match, operator):
        if self.path_start is None:
            self.path_start = match.start()
        self.path += _points(operator, _numbers(match["operands"]))

    def _end_path(self, match, operator):
        if operator in _PAINT and self.path:
            box = _box(self.path, self.matrix)
            span = self.path_start, match.end()
            self._add(Item("path", *span, *box, "", self.color))
        self.path, self.path_start = [], None


def _numbers(operands):
    return tuple(map(float, operands.split()))


def _points(operator, values):
    if operator == b"re":
        x, y, width, height = values[-4:]
        return (x, y), (x + width, y + height)
    return zip(values[::2], values[1::2], strict=False)


def _text_or_image(match, matrix):
    if match["image"]:
        box = _box(((0.0, 0.0), (1.0, 1.0)), matrix)
        name = match["image"].decode("latin-1")
        return Item("image", match.start(), match.end(), *box, name)
    points = _text_points(match["text"])
    if not points:
        return None
    return Item("text", match.start(), match.end(), *_box(points, matrix))


def _text_points(text):
    """The corners of the lines of a text object, in its user space."""
    size, line, points = 0.0, _IDENTITY, []
    for operands, operator in _TEXT_OPERATION.findall(text):
        values = _numbers(operands)
        if operator == b"Tf":
            size = values[-1]
        elif operator == b"Tm":
            line = values[-6:]
        else:
            line = _product((1.0, 0.0, 0.0, 1.0, *values[-2:]), line)
            a, b, c, d, e, f = line
            points += (
                (c * size * extent + e, d * size * extent + f)
                for extent in (_ASCENT, _DESCENT)
            )
    return points


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
