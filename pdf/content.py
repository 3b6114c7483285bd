"""What is painted where on a converted page.

The converter is given one endless page for each document, and the sheets are cut from
it afterwards (see ``pagination``). This reads the page's content stream (ISO 32000-1,
7.8 and 8.3-8.10) as far as that needs: which bytes paint which part of the page.
"""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\((?:\\.|[^\\()])*\)|<<|>>|<[0-9A-Fa-f\s]*>|\[|\]"
    rb"|/[^\s/<>\[\]()]*|[^\s/<>\[\]()]+"
)
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_PAINT = frozenset((b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*"))
_PATH = frozenset((b"m", b"l", b"c", b"v", b"y", b"h", b"re"))
_MAX_OPERANDS = 8


class Item(NamedTuple):
    """One painted thing: its bytes in the stream, and its rectangle in points.

    ``kind`` is ``text``, ``path`` or ``image``; for an image, ``name`` is its resource.
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


class _Reader:
    """Walks through a content stream and notes each painted item."""

    def __init__(self, data):
        self.data = data
        self.items = []
        self.matrix = _IDENTITY
        self.color = ()
        self.saved = []
        self.path = []
        self.path_start = None
        self.path_end = 0
        self.text_start = None
        self.text_boxes = []
        self.text_matrix = _IDENTITY
        self.font_size = 0.0

    def read(self):
        operands, first = [], 0
        for match in _TOKEN.finditer(self.data):
            token = match.group()
            handler = self._handlers.get(token)
            if handler is None and token not in _PAINT and token not in _PATH:
                if token[:1].isalpha() or token in (b"'", b'"'):
                    operands = []
                    continue
                if not operands:
                    first = match.start()
                operands.append(token)
                if len(operands) > _MAX_OPERANDS:
                    del operands[0]
                continue
            if not operands:
                first = match.start()
            if handler:
                handler(self, operands, first, match.end())
            elif token in _PATH:
                self._extend_path(token, operands, first)
            else:
                self._paint(match.end())
            operands = []
        return self.items

    # --- Graphics state

    def _save(self, operands, start, end):
        self.saved.append((self.matrix, self.color))

    def _restore(self, operands, start, end):
        if self.saved:
            self.matrix, self.color = self.saved.pop()

    def _concatenate(self, operands, start, end):
        self.matrix = _product(_numbers(operands, 6), self.matrix)

    def _set_color(self, operands, start, end):
        self.color = tuple(
            float(value) for value in operands if value[:1] not in (b"/", b"[")
        )

    # --- Paths

    def _extend_path(self, token, operands, start):
        if self.path_start is None:
            self.path_start = start
        values = [float(value) for value in operands]
        if token == b"re" and len(values) >= 4:
            x, y, width, height = values[-4:]
            self.path += [(x, y), (x + width, y + height)]
        else:
            self.path += zip(values[::2], values[1::2], strict=False)

    def _paint(self, end):
        if self.path:
            box = self._box(self.path)
            self.items.append(Item("path", self.path_start, end, *box, "", self.color))
        self._end_path(None, None, None)

    def _end_path(self, operands, start, end):
        self.path, self.path_start = [], None

    def _box(self, points, matrix=None):
        a, b, c, d, e, f = matrix or self.matrix
        xs = [a * x + c * y + e for x, y in points]
        ys = [b * x + d * y + f for x, y in points]
        return min(xs), min(ys), max(xs), max(ys)

    # --- Text and images

    def _begin_text(self, operands, start, end):
        self.text_start, self.text_boxes = start, []
        self.text_matrix = _IDENTITY

    def _set_font(self, operands, start, end):
        self.font_size = float(operands[-1])

    def _set_text_matrix(self, operands, start, end):
        self.text_matrix = _numbers(operands, 6)

    def _move_text(self, operands, start, end):
        x, y = _numbers(operands, 2)
        self.text_matrix = _product((1.0, 0.0, 0.0, 1.0, x, y), self.text_matrix)

    def _show_text(self, operands, start, end):
        # Height of a line of letters: generous for all fonts seen in reports.
        corners = [(0.0, -0.25 * self.font_size), (0.0, 0.9 * self.font_size)]
        matrix = _product(self.text_matrix, self.matrix)
        self.text_boxes.append(self._box(corners, matrix))

    def _end_text(self, operands, start, end):
        if self.text_boxes:
            lefts, bottoms, rights, tops = zip(*self.text_boxes, strict=True)
            box = min(lefts), min(bottoms), max(rights), max(tops)
            self.items.append(Item("text", self.text_start, end, *box))

    def _draw_object(self, operands, start, end):
        name = operands[-1].decode("latin-1")
        box = self._box([(0.0, 0.0), (1.0, 1.0)])
        self.items.append(Item("image", start, end, *box, name))

    _handlers = {
        b"q": _save,
        b"Q": _restore,
        b"cm": _concatenate,
        b"scn": _set_color,
        b"rg": _set_color,
        b"g": _set_color,
        b"n": _end_path,
        b"BT": _begin_text,
        b"Tf": _set_font,
        b"Tm": _set_text_matrix,
        b"Td": _move_text,
        b"TD": _move_text,
        b"Tj": _show_text,
        b"TJ": _show_text,
        b"ET": _end_text,
        b"Do": _draw_object,
    }


def _numbers(operands, count):
    return tuple(float(value) for value in operands[-count:])


def items(data):
    """Each painted item of a content stream, in painting order.

    :param bytes data: a decoded content stream.
    :rtype: list[Item]
    """
    return _Reader(data).read()


def without(data, dropped):
    """A content stream less some of its items.

    Each item's bytes are whole operations, so that the rest stays balanced.

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
