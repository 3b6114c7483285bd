"""The final file: sheets cut from the converted page, headers, footers, links."""

import functools
import io
import math
import re
import string
from typing import NamedTuple

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    TextStringObject,
)

from . import content_stream, markers, metadata, pagination, text_fonts
from .errors import UNREADABLE, ConversionFailed

_OVERLAY = "/PortalSheet"
# The comment that says that a file has other bytes than letters (ISO 32000-1, 7.5.2).
_BINARY_MARK = b"%\xe2\xe3\xcf\xd3"
# Anti-aliased edges and descenders reach this far out of their box.
BLEED = 1.0
_HAIRLINE = 3.0
# What follows a row begins above its end by this much, when they share a border.
_BORDER = 1.5
# The name of a font of which only the used characters are in the file.
_SUBSET = re.compile(r"/([A-Z]{6})\+(.+)")


class Link(NamedTuple):
    """An address and its place, in points from the page's lower left corner."""

    address: str
    left: float
    bottom: float
    right: float
    top: float


class Converted:
    """One page of a converted file, read.

    :ivar float width: in points.
    :ivar float height: in points.
    :ivar list items: what is painted, without the markers and the white ground.
    :ivar list marked: ``(kind, number, item)`` of each marker.
    """

    def __init__(self, page, addresses, fonts):
        """
        :param list[str] addresses: the marked links, by number.
        :param dict[str, content_stream.Font] fonts: by their names on the page.
        """
        self.width, self.height = (float(each) for each in page.mediabox[2:])
        self.resources = page["/Resources"]
        self._content = content_stream.read(
            page.get_contents().get_data(), fonts, self._opaque_states()
        )
        self.items, self.marked = [], []
        self._meanings = self._marker_images()
        for item in self._content.items:
            self._sort_in(item)
        self.links = [
            Link(addresses[number], *item[3:7])
            for kind, number, item in self.marked
            if kind == markers.LINK and number < len(addresses)
        ]

    def _marker_images(self):
        images = self.resources.get("/XObject", {})
        found = {name: markers.meaning(images[name]) for name in images}
        return {name: meaning for name, meaning in found.items() if meaning}

    def _opaque_states(self):
        states = self.resources.get("/ExtGState", {})
        return {name for name in states if states[name].get("/ca", 1) >= 1}

    def _sort_in(self, item):
        if item.name in self._meanings:
            self.marked.append((*self._meanings[item.name], item))
        elif not self._is_ground(item):
            self.items.append(item)

    def _is_ground(self, item):
        """The white that the converter lays under everything would hide the header."""
        return (
            item.kind == "path"
            and set(item.color) <= {1.0}
            and item.right - item.left > self.width * 0.98
            and item.top - item.bottom > self.height * 0.98
        )

    def stream(self, top=-math.inf, bottom=math.inf):
        """The content between two heights, measured downwards; all of it by default."""
        return b" ".join(
            piece
            for first, last, piece in self._pieces
            if first < bottom and last >= top
        )

    @functools.cached_property
    def _pieces(self):
        """The content in pieces: between which heights each is shown, and its bytes."""
        return [
            (*(self._reach(item) if item else (-math.inf, math.inf)), piece)
            for item, piece in self._content.pieces(self.items)
        ]

    def _reach(self, item):
        upper, lower = self.extent(item)
        if item.kind == "text":
            middle = (upper + lower) / 2
            return middle, middle
        return upper - BLEED, lower + BLEED

    def extent(self, item):
        """An item's top and bottom, measured downwards."""
        return self.height - item.top, self.height - item.bottom

    def extents(self, kind):
        """The ``(top, bottom)`` of what is marked, by number, in the page's order.

        :param int kind: one of ``markers.KINDS``.
        :rtype: dict[int, list[tuple[float, float]]]
        """
        found = {}
        for each, number, item in self.marked:
            if each == kind:
                found.setdefault(number, []).append(self.extent(item))
        return found

    def sheets(self, height):
        """Cut the page into sheets with room for ``height`` points each."""
        lines = sorted(
            self.extent(item)
            for item in self.items
            if item.kind != "path" or item.right - item.left > _HAIRLINE
        )
        bottom = max((lower for _upper, lower in lines), default=0.0)
        if bottom <= height:
            return [pagination.Sheet(0.0, self.height, None)]
        rows, heads = self.extents(markers.ROW), _spans(self.extents(markers.HEAD))
        tables = [
            pagination.Table(top, low, max(row[1] for row in rows[number]))
            for number, (top, low) in sorted(heads.items())
            if number in rows
        ]
        every_row = sorted(row for table_rows in rows.values() for row in table_rows)
        blocks = [*_spans(self.extents(markers.BLOCK)).values()]
        texts = [self.extent(item) for item in self.items if item.kind != "path"]
        for kept in self.extents(markers.KEEP).get(0, ()):
            blocks.append(_with_next(kept, texts, height))
        for number, head in heads.items():
            # A head never stands alone at the foot of a sheet.
            first = rows[number][0] if number in rows else head
            blocks.append((head[0], min(first[1], head[0] + height / 2)))
        return pagination.paginate(
            blocks,
            [each for each in (*lines, *every_row) if each[1] - each[0] < height / 2],
            tables,
            height,
            bottom,
            every_row,
        )


def _spans(extents):
    """From the top of the first to the bottom of the last, by number."""
    return {
        number: (min(each[0] for each in found), max(each[1] for each in found))
        for number, found in extents.items()
    }


def _with_next(kept, texts, height):
    """What stays with what follows it, and the first line of that.

    :param tuple[float, float] kept: top and bottom of what stays.
    :param list texts: ``(top, bottom)`` of lines of text, and images.
    :param float height: of a sheet.
    :rtype: tuple[float, float]
    """
    top, bottom = kept
    # Of a very tall one, only its end.
    top = max(top, bottom - height / 4)
    following = [each for each in texts if each[0] >= bottom - _BORDER]
    if not following:
        return top, bottom
    first = min(each[0] for each in following)
    ends = [each[1] for each in following if each[0] < first + _BORDER]
    return top, max((end for end in ends if end < bottom + height / 4), default=bottom)


def read(file, addresses=()):
    """The pages of a converted file.

    :param str|io.BytesIO file: its path, or its content.
    :param list[str] addresses: the marked links, by number.
    :rtype: list[Converted]
    :raise ConversionFailed: it cannot be read.
    """
    fonts = text_fonts.Fonts()
    try:
        return [
            Converted(page, addresses, fonts.of(page["/Resources"]))
            for page in PdfReader(file).pages
        ]
    except Exception as error:
        # Whatever a broken file makes the reader stumble over.
        raise ConversionFailed(UNREADABLE, str(error)) from error


class Sheet(NamedTuple):
    """One sheet to be: a part of a converted page."""

    page: Converted
    cut: pagination.Sheet


def cut(pages, geometry):
    """Cut all converted pages of a document into sheets.

    :param list[Converted] pages: the document.
    :param geometry.Geometry geometry: where things stand on a sheet.
    :rtype: list[Sheet]
    """
    found = []
    for page in pages:
        scale = geometry.text_width / page.width
        for sheet in page.sheets(geometry.text_height / scale):
            found.append(Sheet(page, sheet))
    return found


class Assembler:
    """Writes one document."""

    def __init__(self, geometry):
        self.geometry = geometry
        self.writer = PdfWriter()
        self._resources = {}

    def add(self, sheet, overlay=None):
        """Add a sheet.

        :param Sheet sheet: what to put on it.
        :param Converted|None overlay: header and footer.
        """
        geometry, page = self.geometry, sheet.page
        scale = geometry.text_width / page.width
        target = self.writer.add_blank_page(geometry.width, geometry.height)
        resources = DictionaryObject(self._cloned(page))
        parts, links = [], []
        if overlay:
            zoom = geometry.width / overlay.width
            drop = geometry.height - overlay.height * zoom
            images = DictionaryObject(resources.get("/XObject", {}))
            images[NameObject(_OVERLAY)] = self._form(overlay)
            resources[NameObject("/XObject")] = images
            parts.append(_placed(b"%s Do" % _OVERLAY.encode(), zoom, 0.0, drop))
            links += [_moved(link, zoom, 0.0, drop) for link in overlay.links]
        ceiling = geometry.height - geometry.top
        for top, bottom, gap in self._parts(sheet.cut):
            drop = ceiling - (page.height - top) * scale
            parts.append(self._part(page, top, bottom, scale, drop))
            links += [
                _moved(link, scale, geometry.left, drop)
                for link in page.links
                if top <= page.height - link.top < bottom
            ]
            ceiling -= (bottom - top + gap) * scale
        target[NameObject("/Resources")] = resources
        target[NameObject("/Contents")] = self._stream(b"\n".join(parts))
        if links:
            target[NameObject("/Annots")] = ArrayObject(
                self.writer._add_object(_annotation(link)) for link in links
            )

    @staticmethod
    def _parts(cut):
        if cut.table:
            yield cut.table.top, cut.table.head_bottom, cut.gap
        yield cut.top, cut.bottom, 0.0

    def _part(self, page, top, bottom, scale, drop):
        whole = not top and bottom == page.height
        data = page.stream() if whole else page.stream(top, bottom)
        clip = b"%.2f %.2f %.2f %.2f re W n " % (
            -BLEED,
            page.height - bottom - BLEED,
            page.width + 2 * BLEED,
            bottom - top + 2 * BLEED,
        )
        return _placed(clip + data, scale, self.geometry.left, drop)

    def _stream(self, data):
        stream = DecodedStreamObject()
        stream.set_data(data)
        return self.writer._add_object(stream.flate_encode())

    def _form(self, overlay):
        stream = DecodedStreamObject()
        stream.set_data(overlay.stream())
        form = stream.flate_encode()
        form[NameObject("/Type")] = NameObject("/XObject")
        form[NameObject("/Subtype")] = NameObject("/Form")
        form[NameObject("/BBox")] = ArrayObject(
            FloatObject(value) for value in (0, 0, overlay.width, overlay.height)
        )
        form[NameObject("/Resources")] = self._cloned(overlay)
        return self.writer._add_object(form)

    def _cloned(self, page):
        """The page's resources in this file, less the markers."""
        if id(page) not in self._resources:
            wanted = DictionaryObject(page.resources)
            if "/XObject" in wanted:
                wanted[NameObject("/XObject")] = DictionaryObject(
                    (name, image)
                    for name, image in wanted["/XObject"].items()
                    if name not in page._meanings
                )
            self._resources[id(page)] = wanted.clone(self.writer)
        return self._resources[id(page)]

    def _metadata(self, title, author, lang):
        stream = DecodedStreamObject()
        stream.set_data(metadata.packet(title, author, lang))
        stream[NameObject("/Type")] = NameObject("/Metadata")
        stream[NameObject("/Subtype")] = NameObject("/XML")
        return self.writer._add_object(stream)

    def finish(self, title="", author="", lang=""):
        """Write the file.

        :param str title: shown in the reader's title bar.
        :param str author: who issued the document.
        :param str lang: BCP 47 language tag.
        :rtype: bytes
        """
        values = {"/Title": title, "/Author": author, "/Creator": "Odoo"}
        self.writer.add_metadata({key: text for key, text in values.items() if text})
        root = self.writer.root_object
        # Also as XMP: core's embedding of electronic invoices drops the other.
        root[NameObject("/Metadata")] = self._metadata(title, author, lang)
        if lang:
            root[NameObject("/Lang")] = TextStringObject(lang)
        root[NameObject("/ViewerPreferences")] = DictionaryObject(
            {NameObject("/DisplayDocTitle"): BooleanObject(True)}
        )
        # Core's conversion to PDF/A takes it for granted.
        self.writer.add_outline_item(title=title or "1", page_number=0)
        self._name_fonts()
        return _written(self.writer)

    def _name_fonts(self):
        """Give the fonts' subsets names that are the same each time.

        The converter draws their tags by lot, so that no two files of one document were
        equal. Within a file the tags have to differ (ISO 32000-1, 9.6.4).
        """
        tags = {}
        for item in self.writer._objects:
            for key in ("/BaseFont", "/FontName"):
                name = item.get(key) if isinstance(item, DictionaryObject) else None
                if isinstance(name, NameObject) and (found := _SUBSET.match(name)):
                    tag = tags.setdefault(found[1], _tag(len(tags)))
                    item[NameObject(key)] = NameObject(f"/{tag}+{found[2]}")


def _tag(number):
    """The six letters of a font's subset, by its number."""
    letters = string.ascii_uppercase
    return "".join(letters[number // 26**place % 26] for place in range(5, -1, -1))


def _placed(data, scale, left, bottom):
    return b"q %.6f 0 0 %.6f %.3f %.3f cm\n%s\nQ" % (scale, scale, left, bottom, data)


def _moved(link, scale, left, bottom):
    return Link(
        link.address,
        link.left * scale + left,
        link.bottom * scale + bottom,
        link.right * scale + left,
        link.top * scale + bottom,
    )


def _annotation(link):
    action = {
        NameObject("/S"): NameObject("/URI"),
        NameObject("/URI"): TextStringObject(link.address),
    }
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Link"),
            NameObject("/Rect"): ArrayObject(
                FloatObject(round(value, 2)) for value in link[1:]
            ),
            NameObject("/Border"): ArrayObject(FloatObject(0) for _ in range(3)),
            NameObject("/A"): DictionaryObject(action),
        }
    )


def joined(contents):
    """One file of a document's parts; title, author and language are the first one's.

    :param list[bytes] contents: the files.
    :rtype: bytes
    """
    first, *others = contents
    if not others:
        return first
    writer = PdfWriter(clone_from=io.BytesIO(first))
    for each in others:
        writer.append(io.BytesIO(each), import_outline=False)
    return _written(writer)


def _written(writer):
    """The file's bytes.

    By the end of its second line core tells files that are PDF/A already, which it does
    not convert: with the other kind of end, this one is none yet.
    """
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue().replace(_BINARY_MARK + b"\n", _BINARY_MARK + b"\r", 1)
