"""What is painted where on a converted page.

The converter is given one endless page for each document, and the sheets are cut from
it afterwards (see ``pagination``). This reads the page's content stream (ISO 32000-1,
7.8 and 8.3-8.10) as far as cutting and checking it need, and as Qt writes it: which
words paint which part of the page, and what the text says.
"""

import itertools
from typing import NamedTuple

_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_CURVES = frozenset(("m", "l", "c", "v", "y", "h", "re"))
_STROKE = frozenset(("S", "s"))
_PAINT = frozenset(("f", "F", "f*", "B", "B*", "b", "b*")) | _STROKE
# What ends the operands before it and is none of the reader's business.
_OTHER = frozenset(
    "ET w J j M d ri i CS cs SCN SC sc RG G K k sh BI MP DP BMC BDC EMC".split()
)
# Height of a line of letters above and below its base, in font sizes: generous for
# all fonts seen in reports.
ASCENT, DESCENT = 0.9, -0.25
# The part of its rectangle that a filled shape covers.
_SOLID = 0.8
# The first glyph of a font stands for all that it does not have (OpenType, ".notdef").
_NO_GLYPH = "0000"


class Item(NamedTuple):
    """One painted thing: its words in the stream, and its rectangle in points.

    The rectangle is in the page's own coordinates, y upwards.

    :ivar str kind: ``text``, ``path`` or ``image``.
    :ivar int start: its first word.
    :ivar int end: the word after its last one.
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
        meaning = self.characters.get
        first, last = 0, len(codes) - 1
        while first < last and meaning(codes[first]) == "":
            first += 1
        while first < last and meaning(codes[last]) == "":
            last -= 1
        return (first, last) if meaning(codes[first]) != "" else (0, len(codes) - 1)


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


class Content(NamedTuple):
    """A content stream, read.

    :ivar list[str] words: operands and operators.
    :ivar list[Item] items: what is painted, in that order.
    :ivar list voids: ``(start, end)`` of each group that paints nothing.
    """

    words: list
    items: list
    voids: list

    def pieces(self, items):
        """The stream in pieces, less its voids and all but some of its items.

        Each of them is whole operations or groups, so that the rest stays balanced.

        :param list[Item] items: what is left of them.
        :return: generator of ``(item, bytes)``; what stands between them has no item.
        """
        kept = {item.start: item for item in items}
        spans = [(item.start, item.end) for item in self.items]
        position = 0
        for start, end in sorted(spans + self.voids):
            if position < start:
                yield None, self._bytes(position, start)
            if start in kept:
                yield kept[start], self._bytes(start, end)
            position = end
        yield None, self._bytes(position, len(self.words))

    def _bytes(self, start, end):
        return " ".join(self.words[start:end]).encode("latin-1")


def read(data, fonts=None, opaque_states=None):
    """Find each painted item of a content stream.

    An item's words take in the group (``q`` to ``Q``) that has no other item.

    :param bytes data: a decoded content stream.
    :param dict[str, Font] fonts: the page's fonts by resource name.
    :param set[str] opaque_states: the graphics states in which painting hides what
        lies below; None for all.
    :rtype: Content
    :raise ValueError: it is not what Qt writes.
    """
    stream = data.decode("latin-1")
    if "(" in stream:
        # Qt writes text as numbers; a blank in a literal one would end a word.
        raise ValueError("literal string")
    reader = _Reader(stream.split(), fonts or {}, opaque_states)
    return Content(reader.words, reader.items(), reader.voids)


class _Reader:
    """Walks through the words of a content stream."""

    def __init__(self, words, fonts, opaque_states):
        self.words = words
        self.fonts = fonts
        self.opaque_states = opaque_states
        # Of each item: where it is in the stream, and all else, in Item's order.
        self.spans, self.found = [], []
        self.voids = []
        self.matrix = _IDENTITY
        self.color = ()
        self.clip = None
        self.is_opaque = True
        self.is_framed = False
        self.path = []
        self.path_start = 0
        self.outlines = 0
        self.groups = []

    def items(self):
        handlers = {
            **dict.fromkeys(_OTHER),
            **dict.fromkeys(_PAINT, self._paint_path),
            **dict.fromkeys(("W", "W*"), self._clip),
            **dict.fromkeys(("scn", "rg", "g"), self._set_color),
            "n": self._end_path,
            "q": self._open_group,
            "Q": self._close_group,
            "cm": self._transform,
            "gs": self._set_state,
            "BT": self._text,
            "Do": self._image,
        }
        first = 0
        for place in [at for at, word in enumerate(self.words) if word in handlers]:
            if handle := handlers[self.words[place]]:
                handle(first, place)
            first = place + 1
        return [
            Item(kind, *span, *rest)
            for span, (kind, *rest) in zip(self.spans, self.found, strict=True)
        ]

    # Each gets where the operands begin, and where the operator is.

    def _open_group(self, _first, place):
        state = self.matrix, self.color, self.clip, self.is_opaque, self.is_framed
        self.groups.append((place, len(self.spans), len(self.voids), state))

    def _close_group(self, _first, place):
        if not self.groups:
            return
        start, items, voids, state = self.groups.pop()
        self.matrix, self.color, self.clip, self.is_opaque, self.is_framed = state
        inside = len(self.spans) - items
        if inside > 1:
            return
        del self.voids[voids:]
        if inside:
            self.spans[-1] = start, place + 1
        else:
            self.voids.append((start, place + 1))

    def _transform(self, _first, place):
        self.matrix = _product(_numbers(self.words[place - 6 : place]), self.matrix)

    def _set_color(self, first, place):
        self.color = _numbers(self.words[first:place])

    def _set_state(self, _first, place):
        states = self.opaque_states
        self.is_opaque = states is None or self.words[place - 1] in states

    def _clip(self, first, place):
        self._take_path(first, place)
        if self.path:
            self.clip = _common(self.clip, _box(self.path, self.matrix))
            # Round frames are painted through a frame-shaped hole.
            self.is_framed |= self.outlines > 1 or not _is_solid(self.path)

    def _take_path(self, first, place):
        """Read what stands before an operator, if it is a path."""
        pieces = self.words[first:place]
        if not pieces or pieces[-1] not in _CURVES:
            return
        self.path_start = first
        self.outlines = pieces.count("m") + pieces.count("re")
        if "re" in pieces:
            pieces = _without_rectangles(pieces)
        values = _numbers(each for each in pieces if each not in _CURVES)
        self.path = [*zip(values[::2], values[1::2], strict=False)]

    def _paint_path(self, first, place):
        self._take_path(first, place)
        if self.path:
            # Of several outlines, the inner ones may be holes: a frame.
            is_filled = self.outlines == 1 and self.words[place] not in _STROKE
            is_shown = self.is_opaque and not self.is_framed
            covers = is_shown and is_filled and _is_solid(self.path)
            box = _box(self.path, self.matrix)
            self.spans.append((self.path_start, place + 1))
            self.found.append(("path", *box, "", self.color, covers, self.clip))
        self._end_path(first, place)

    def _end_path(self, _first, _place):
        self.path = []

    def _image(self, _first, place):
        box = _box(((0.0, 0.0), (1.0, 1.0)), self.matrix)
        name = self.words[place - 1]
        self.spans.append((place - 1, place + 1))
        self.found.append(("image", *box, name, (), self.is_opaque, self.clip))

    def _text(self, _first, place):
        end = self.words.index("ET", place)
        words = self.words[place:end]
        moves = [
            at
            for at, word in enumerate(words)
            if (word == "Td" or word == "TD") and words[at + 1][0] == "<"
        ]
        if not moves:
            return
        font, size, matrix = self._text_state(words)
        codes = "".join([words[at + 1] for at in moves])[1:-1].split("><")
        text, missing, unnamed = font.decode(codes)
        inked = font.inked(codes)
        points = _text_points(
            list(itertools.accumulate([float(words[at - 2]) for at in moves])),
            list(itertools.accumulate([float(words[at - 1]) for at in moves])),
            size,
            font.widths.get(codes[inked[1]], 0.0),
            inked,
        )
        box = _box(points, _product(matrix, self.matrix))
        self.spans.append((place, end + 1))
        self.found.append(
            (
                *("text", *box, "", self.color, False, self.clip),
                *(text, missing, unnamed),
            )
        )

    def _text_state(self, words):
        font, size, matrix = _UNKNOWN_FONT, 0.0, _IDENTITY
        if "Tf" in words:
            at = words.index("Tf")
            font, size = self.fonts.get(words[at - 2], font), float(words[at - 1])
        if "Tm" in words:
            at = words.index("Tm")
            matrix = _numbers(words[at - 6 : at])
        return font, size, matrix


def _numbers(operands):
    return tuple(map(float, operands))


def _without_rectangles(pieces):
    """A path's operands and operators, with two corners for each rectangle."""
    found = []
    for piece in pieces:
        found.append(piece)
        if piece == "re":
            x, y, width, height = map(float, found[-5:-1])
            found[-3:] = x + width, y + height, "l"
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


def _text_points(xs, ys, size, last_width, inked):
    """Two corners of a text object, in its text space.

    :param list[float] xs: where each glyph begins.
    :param list[float] ys: its base.
    :param float size: of the font.
    :param float last_width: of the last one that can be seen, in font sizes.
    :param tuple[int, int] inked: the first and the last one that can be seen.
    :rtype: list[tuple[float, float]]
    """
    first, last = inked
    xs, ys = xs[first : last + 1], ys[first : last + 1]
    advance = last_width * size
    return [
        (min(xs), min(ys) + DESCENT * size),
        (max(*xs, xs[-1] + advance), max(ys) + ASCENT * size),
    ]
