"""Does a file show what its document says?

The converter reports neither text that it loses, nor what it prints beyond the edge of
a sheet or over something else, nor letters for which there is no font. So what was
painted, and where, is compared with the document that was handed in. Text is compared
folded (see ``visible_text``), block by block where a block's place is known, and as the
number of each character, for it is painted in another order than it is written.
"""

import bisect
import re
from collections import Counter
from typing import NamedTuple

from . import content_stream, fonts, markers, visible_text
from .document import BLEED

# What is wrong with a text: it is not there, beyond the edge of the sheet, in its
# margin, under or over something else, or the fonts lack letters for it.
MISSING, OFF_SHEET, IN_MARGIN, OVERPRINTED, NO_GLYPH = PROBLEMS = (
    "missing",
    "off_sheet",
    "in_margin",
    "overprinted",
    "no_glyph",
)
_DIGIT = re.compile(r"\d")
# A glyph that stands for several characters (a ligature) has no name in the file; such
# a character may be one of this many.
_LIGATURE = 4
_LIGATURE_LETTERS = frozenset("bfhijklt")
# Parts of a font size above the base line within which letters have most of their ink.
_INK_HEIGHT = 0.6
# Parts of the smaller one of two texts that must be common to call it overprinted.
_OVERLAP = 0.3
# Points that a text may reach out of where it belongs: slanted letters, rounding.
_TOLERANCE = 3.0
# Points up to which a shape is a line, which hides nothing.
_LINE = 2.0
# Characters of a text that are enough to recognise it in a message.
_EXCERPT = 60


class Finding(NamedTuple):
    """Something that is wrong with a file.

    :ivar str problem: one of ``PROBLEMS``.
    :ivar str text: the text that is concerned, or its beginning.
    :ivar bool is_critical: whether it is an amount or the document's number, without
        which the file is worthless.
    :ivar tuple[str] packages: Debian's packages with a font for it.
    """

    problem: str
    text: str
    is_critical: bool = False
    packages: tuple = ()


class Cell(NamedTuple):
    """A cell of a row: its text, folded too, and whether it is an amount."""

    text: str
    folded: str
    is_amount: bool


class Expected(NamedTuple):
    """What a document says.

    :ivar list[str] blocks: all visible text.
    :ivar dict rows: the cells of each row of each table with a head, by its number.
    :ivar list totals: the cells of each row of the totals.
    :ivar str number: what the document is found by, wherever it stands; or empty.
    """

    blocks: list
    rows: dict
    totals: list
    number: str = ""


def expect(article, marked, number=""):
    """What a document says.

    :param etree._Element article: the document.
    :param markers.Marked marked: what was marked in it.
    :param str number: the document's number, if it has one.
    :rtype: Expected
    """
    return Expected(
        visible_text.blocks(article),
        {table: list(map(_cells, rows)) for table, rows in marked.rows.items()},
        list(map(_cells, marked.totals)),
        number,
    )


def _cells(row):
    found = []
    for cell in row:
        if text := not visible_text.is_hidden(cell) and visible_text.text(cell):
            classes = (cell.get("class") or "").split()
            is_amount = "text-end" in classes or "o_price_total" in classes
            folded = visible_text.fold(text)
            found.append(Cell(text, folded, bool(is_amount and _DIGIT.search(text))))
    return found


def article(expected, pages, sheets, margins):
    """Compare the text of a document with what was painted of it.

    :param Expected expected: what it says.
    :param list[document.Converted] pages: what was painted.
    :param list[document.Sheet] sheets: how that was cut.
    :param tuple[float, float] margins: of the converted page, left and right, where no
        text belongs.
    :rtype: list[Finding]
    """
    comparison = _Comparison(expected, pages)
    found = comparison.lost()
    for page in pages:
        cuts = [sheet.cut for sheet in sheets if sheet.page is page]
        found += _Places(page, expected).findings(cuts, margins)
    # Last: what is beyond the edge or upon something else is not in its row, either.
    return _distinct(found + comparison.lost_from_rows())


def surroundings(texts, page, number=""):
    """Compare header and footer of a sheet with what was painted of them.

    :param list[str] texts: what they say.
    :param document.Converted page: what was painted.
    :param str number: the document's number, if it stands there.
    :rtype: list[Finding]
    """
    expected = Expected(texts, {}, [], number)
    found = _Comparison(expected, [page]).lost()
    whole = [_Whole(page.height)]
    return _distinct(found + _Places(page, expected).findings(whole, (0.0, 0.0)))


class _Whole(NamedTuple):
    """A page that is not cut."""

    bottom: float
    top: float = 0.0


def collisions(page, overlay, sheet, geometry):
    """Text of a sheet over its header or footer.

    :param document.Converted page: where the sheet is cut from.
    :param document.Converted overlay: its header and footer.
    :param document.Sheet sheet: the part.
    :param geometry.Geometry geometry: where it stands.
    :rtype: list[Finding]
    """
    zoom = geometry.width / overlay.width
    around = [
        tuple(each * zoom for each in _ink(overlay, item))
        for item in _texts(overlay)
        if geometry.top < overlay.extent(item)[1] * zoom
        and overlay.extent(item)[0] * zoom < geometry.height - geometry.bottom
    ]
    if not around:
        return []
    scale = geometry.text_width / page.width
    shift = geometry.top - sheet.cut.top * scale
    if sheet.cut.table:
        shift += (sheet.cut.table.head + sheet.cut.gap) * scale
    for item in _texts(page):
        upper, lower = page.extent(item)
        if sheet.cut.top <= (upper + lower) / 2 < sheet.cut.bottom:
            left, top, right, bottom = (each * scale for each in _ink(page, item))
            box = left + geometry.left, top + shift, right + geometry.left
            if any(_overlap((*box, bottom + shift), other) for other in around):
                return [Finding(OVERPRINTED, item.text[:_EXCERPT], True)]
    return []


def _texts(page):
    """What is written on a page, less blanks."""
    return [
        item
        for item in page.items
        if item.kind == "text" and (item.text or item.missing or item.unnamed)
    ]


def _ink(page, item):
    """Where a text has most of its ink: left, top, right, bottom, downwards."""
    size = (item.top - item.bottom) / (content_stream.ASCENT - content_stream.DESCENT)
    base = page.height - item.bottom + content_stream.DESCENT * size
    return item.left, base - _INK_HEIGHT * size, item.right, base


def _overlap(first, second):
    """Whether two rectangles have much in common."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return (
        width > _OVERLAP * min(first[2] - first[0], second[2] - second[0])
        and width > 1.0
        and height > _OVERLAP * min(first[3] - first[1], second[3] - second[1])
    )


def _distinct(findings):
    return list(dict.fromkeys(findings))


# --- What is there ---------------------------------------------------------------


class _Comparison:
    """Looks for the text of a document in what was painted."""

    def __init__(self, expected, pages):
        self.expected = expected
        self.pages = pages
        self.texts = [item for page in pages for item in _texts(page)]
        self.painted = "".join(item.text for item in self.texts)
        self.unnamed = sum(item.unnamed for item in self.texts)
        self.without_glyph = sum(item.missing for item in self.texts)

    def lost(self):
        """Text that is not there at all.

        :rtype: list[Finding]
        """
        return [*self._all_text(), *self._number()]

    def _all_text(self):
        folded = [visible_text.fold(text) for text in self.expected.blocks]
        lost = Counter("".join(folded))
        lost.subtract(self.painted)
        lost = +lost
        if not lost:
            return []
        found = []
        joined = sum(lost[each] for each in lost if _may_be_joined(each))
        spare = _LIGATURE * self.unnamed
        if self.without_glyph or joined > spare:
            strange = [each for each in lost if self._has_no_glyph(each)]
            if strange or self.without_glyph:
                found.append(self._without_glyph(strange or list(lost)))
                spare += self.without_glyph + sum(lost[each] for each in strange)
        if lost.total() - joined <= self.without_glyph and joined <= spare:
            return found
        unseen = [
            text
            for text, each in zip(self.expected.blocks, folded, strict=True)
            if each not in self.painted and not lost.keys().isdisjoint(each)
        ]
        amounts = {
            cell.text for row in self._critical_rows() for cell in row if cell.is_amount
        }
        if not unseen:
            text = self._lost_row(lost) or "".join(lost)
            return [
                *found,
                Finding(MISSING, text[:_EXCERPT], bool(_DIGIT.search(text))),
            ]
        found += [Finding(MISSING, text[:_EXCERPT], text in amounts) for text in unseen]
        lost.subtract("".join(map(visible_text.fold, unseen)))
        if amount := self._lost_amount(+lost):
            found.append(Finding(MISSING, amount[:_EXCERPT], True))
        return found

    def _lost_row(self, lost):
        """A row that there is once more than it was painted; or an empty text."""
        for row in self._critical_rows():
            if Counter("".join(cell.folded for cell in row)) <= lost:
                return ", ".join(cell.text for cell in row)
        return ""

    def _lost_amount(self, lost):
        """An amount that is lost, though the like of it stands elsewhere; or nothing.

        :param Counter lost: characters, less those of text that stands nowhere.
        """
        for row in self._critical_rows():
            for cell in row:
                if cell.is_amount and Counter(cell.folded) <= lost:
                    return cell.text
        return ""

    def _has_no_glyph(self, character):
        """Whether there seems to be no font for a character.

        Qt paints a box for it, or nothing at all.
        """
        return not character.isascii() and character not in self.painted

    @staticmethod
    def _without_glyph(characters):
        """What the fonts do not have; by number where it shows nothing."""
        text = "".join(
            each if each.isprintable() else f" U+{ord(each):04X} "
            for each in characters
        )
        return Finding(NO_GLYPH, text[:_EXCERPT].strip(), False, fonts.packages(text))

    def _critical_rows(self):
        for rows in (*self.expected.rows.values(), self.expected.totals):
            yield from rows

    def lost_from_rows(self):
        """Amounts that are not in their rows.

        :rtype: list[Finding]
        """
        found = []
        marked = {}
        for page in self.pages:
            for number, extents in page.extents(markers.ROW).items():
                marked.setdefault(number, []).extend(
                    (page, *extent) for extent in extents
                )
        totals = [
            (page, *extent)
            for page in self.pages
            for extent in page.extents(markers.TOTAL).get(0, ())
        ]
        tables = [(rows, marked.get(n, [])) for n, rows in self.expected.rows.items()]
        bands = {id(page): _Bands(page) for page in self.pages}
        for rows, places in (*tables, (self.expected.totals, totals)):
            rows = list(rows)
            if len(rows) == len(places):
                for row, (page, top, bottom) in zip(rows, places, strict=True):
                    seen = bands[id(page)].between(top, bottom)
                    found += self._lost_cells(row, seen)
            else:
                # A row was cut by the end of the converter's page, or is empty.
                for row in rows:
                    found += self._lost_cells(row, self.texts)
        return found

    def _lost_cells(self, row, seen):
        if not row:
            return
        painted = "".join(item.text for item in seen)
        lost = Counter("".join(cell.folded for cell in row))
        lost.subtract(painted)
        lost = +lost
        has_lost_digit = any(each.isdigit() for each in lost)
        if not has_lost_digit and all(map(_may_be_joined, lost)):
            # Letters are another matter: all of the text is compared as well.
            return
        for cell in row:
            is_lost = cell.folded not in painted or has_lost_digit
            if is_lost and cell.is_amount and not lost.keys().isdisjoint(cell.folded):
                yield Finding(MISSING, cell.text[:_EXCERPT], True)

    def _number(self):
        number = visible_text.fold(self.expected.number)
        if number and number not in self.painted:
            lost = Counter(number)
            lost.subtract(self.painted)
            if +lost or not self._is_mixed(number):
                yield Finding(MISSING, self.expected.number, True)

    def _is_mixed(self, number):
        """Whether a number is written in pieces, in the order of another script."""
        return not number.isascii() or any(not each.isascii() for each in self.painted)


class _Bands:
    """The texts of a page, from top to bottom."""

    def __init__(self, page):
        placed = sorted(
            ((sum(page.extent(item)) / 2, number), item)
            for number, item in enumerate(_texts(page))
        )
        self.middles = [middle for (middle, _number), _item in placed]
        self.texts = [(number, item) for (_middle, number), item in placed]

    def between(self, top, bottom):
        """The texts with their middle between two heights, as they were painted."""
        first = bisect.bisect_left(self.middles, top - 1.0)
        last = bisect.bisect_right(self.middles, bottom + 1.0)
        return [item for _number, item in sorted(self.texts[first:last])]


# --- Where it is -----------------------------------------------------------------


class _Places:
    """Looks at where the texts of a page came to lie."""

    def __init__(self, page, expected):
        self.page = page
        self.texts = _texts(page)
        self.blocks = expected.blocks
        self.number = visible_text.fold(expected.number)
        self._bands = None

    def findings(self, cuts, margins):
        found = [
            self._finding(problem, item)
            for item in self.texts
            if (problem := self._misplaced(item, cuts, margins))
        ]
        found += [self._finding(OVERPRINTED, item) for item in self._overprinted()]
        return found

    def _finding(self, problem, item):
        is_critical = problem != IN_MARGIN and self._is_critical(item)
        written = (
            text
            for text in self.blocks
            if item.text and item.text in visible_text.fold(text)
        )
        return Finding(problem, next(written, item.text)[:_EXCERPT], is_critical)

    def _is_critical(self, item):
        if not _DIGIT.search(item.text):
            return False
        if self.number and (item.text in self.number or self.number in item.text):
            return True
        if self._bands is None:
            self._bands = [
                extent
                for kind in (markers.ROW, markers.TOTAL)
                for extents in self.page.extents(kind).values()
                for extent in extents
            ]
        middle = sum(self.page.extent(item)) / 2
        return any(top <= middle <= bottom for top, bottom in self._bands)

    def _misplaced(self, item, cuts, margins):
        page = self.page
        left, top, right, bottom = _ink(page, item)
        if item.clip:
            # What its element does not show is as good as cut off.
            edges = (
                max(item.clip[0], 0.0),
                min(item.clip[2], page.width),
                max(page.height - item.clip[3], 0.0),
                min(page.height - item.clip[1], page.height),
            )
        else:
            edges = 0.0, page.width, 0.0, page.height
        if left < edges[0] - _TOLERANCE or right > edges[1] + _TOLERANCE:
            return OFF_SHEET
        if top < edges[2] - _TOLERANCE or bottom > edges[3] + _TOLERANCE:
            return OFF_SHEET
        middle = sum(page.extent(item)) / 2
        cut = next((each for each in cuts if each.top <= middle < each.bottom), None)
        if not cut or top < cut.top - BLEED - 0.5 or bottom > cut.bottom + BLEED + 0.5:
            return OFF_SHEET
        if left < margins[0] - _TOLERANCE or right > page.width - margins[1] + (
            _TOLERANCE
        ):
            return IN_MARGIN
        return None

    def _overprinted(self):
        """Texts that have another one, or something that hides them, upon them."""
        inks = sorted((_ink(self.page, item), item) for item in self.texts)
        by_top = sorted(inks, key=lambda each: each[0][1])
        found = []
        for index, (ink, item) in enumerate(by_top):
            for other_ink, other in by_top[index + 1 :]:
                if other_ink[1] >= ink[3]:
                    break
                if _overlap(ink, other_ink) and not _is_same(item, other):
                    found += [item, other]
        found += self._hidden([(ink, item) for ink, item in inks if item.text])
        return found

    def _hidden(self, inks):
        """Texts below a filled shape or an image that was painted later."""
        if not inks:
            return
        first = min(item.start for _ink, item in inks)
        for cover in self.page.items:
            if cover.covers and cover.start > first:
                box = self._shown(cover)
                if box[2] - box[0] > _LINE and box[3] - box[1] > _LINE:
                    for ink, item in inks:
                        if item.start < cover.start and _is_below(ink, box):
                            yield item

    def _shown(self, item):
        """The part of an item that its element shows: left, top, right, bottom."""
        left, bottom, right, top = item[3:7]
        if item.clip:
            left, bottom = max(left, item.clip[0]), max(bottom, item.clip[1])
            right, top = min(right, item.clip[2]), min(top, item.clip[3])
        return left, self.page.height - top, right, self.page.height - bottom


def _is_below(ink, cover):
    """Whether much of a text lies below something."""
    width = min(ink[2], cover[2]) - max(ink[0], cover[0])
    height = min(ink[3], cover[3]) - max(ink[1], cover[1])
    return width > _OVERLAP * (ink[2] - ink[0]) and height > _OVERLAP * (
        ink[3] - ink[1]
    )


def _may_be_joined(character):
    """Whether fonts have glyphs for this character together with others."""
    return not character.isascii() or character in _LIGATURE_LETTERS


def _is_same(first, second):
    """Whether a text was painted twice to look bold."""
    return first.text == second.text and all(
        abs(one - other) < 1.0
        for one, other in zip(first[3:7], second[3:7], strict=True)
    )
