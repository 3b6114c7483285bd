"""Where one sheet ends and the next one begins.

Lengths are in points on the converted page, measured downwards from its top.
"""

import bisect
from typing import NamedTuple

# A gap this small between two blocks is none: borders touch, and glyphs overlap.
_TOUCH = 0.5
# Space between a repeated head and a line from the middle of a row, which has no
# padding of its own there.
_HEAD_GAP = 4.0
# What is kept whole must leave at least this part of the sheet before it filled.
_MIN_FILLED = 0.3


class Table(NamedTuple):
    """A table whose head (``top`` to ``head_bottom``) is repeated until ``bottom``."""

    top: float
    head_bottom: float
    bottom: float

    @property
    def head(self):
        return self.head_bottom - self.top


class Sheet(NamedTuple):
    """A part of the page, and the table whose head stands above it (or None).

    :ivar float gap: between that head and the part.
    """

    top: float
    bottom: float
    table: Table | None
    gap: float = 0.0


def paginate(blocks, lines, tables, height, content_bottom, rows=()):
    """Cut a page into sheets.

    :param list blocks: ``(top, bottom)`` of what should not be cut, in any order.
    :param list lines: ``(top, bottom)`` of what must not be cut, even where a block
        has to be because it is too tall.
    :param list[Table] tables: tables whose head is repeated, from top to bottom.
    :param float height: what fits on a sheet.
    :param float content_bottom: where the content ends.
    :param list rows: ``(top, bottom)`` of the tables' rows, from top to bottom.
    :rtype: list[Sheet]
    """
    coarse, fine = _merged([*blocks, *lines]), _merged(lines)
    tables = [table for table in tables if table.head < height / 2]
    sheets, top = [], 0.0
    while True:
        table = _open_table(tables, top)
        gap = _HEAD_GAP if table and _is_inside(rows, top) else 0.0
        room = height - gap - (table.head if table else 0.0)
        if content_bottom - top <= room + _TOUCH:
            return [*sheets, Sheet(top, content_bottom, table, gap)]
        bottom = _cut(coarse, top + room)
        if bottom - top < room * _MIN_FILLED:
            bottom = _cut(fine, top + room)
        if bottom - top < room * _MIN_FILLED:
            bottom = top + room
        sheets.append(Sheet(top, bottom, table, gap))
        top = _next_start(coarse, bottom)


def _is_inside(rows, place):
    """Whether a place is in the middle of a row."""
    index = bisect.bisect_left(rows, (place - _TOUCH, 0.0)) - 1
    return index >= 0 and rows[index][1] > place + _TOUCH


def _merged(blocks):
    """Overlapping blocks made one, from top to bottom."""
    merged = []
    for top, bottom in sorted(blocks):
        if merged and top < merged[-1][1] - _TOUCH:
            merged[-1] = (merged[-1][0], max(bottom, merged[-1][1]))
        else:
            merged.append((top, bottom))
    return merged


def _open_table(tables, top):
    for table in tables:
        if table.head_bottom - _TOUCH <= top < table.bottom - _TOUCH:
            return table
    return None


def _cut(merged, limit):
    """The lowest place above ``limit`` that cuts no block."""
    index = bisect.bisect_left(merged, (limit - _TOUCH, 0.0)) - 1
    if index >= 0 and merged[index][1] > limit + _TOUCH:
        return merged[index][0]
    return limit


def _next_start(merged, bottom):
    """Leave no empty space at the head of the next sheet."""
    index = bisect.bisect_left(merged, (bottom - _TOUCH, 0.0))
    inside = index > 0 and merged[index - 1][1] > bottom + _TOUCH
    if not inside and index < len(merged):
        return max(bottom, merged[index][0])
    return bottom
