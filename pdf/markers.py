"""Invisible images that tell, on the converted page, where an element came to lie.

The converter runs without scripts and, built on plain Qt, writes no links either, so
an element's place is learnt from the picture itself: a transparent image is stretched
over the element, and its size in pixels says what it marks. It is taken out again
before the file is finished.
"""

import base64
import functools
import struct
import zlib
from typing import NamedTuple

import lxml.html

from . import visible_text

# Width of the image in pixels: what it marks. The rest of its height: the number.
# KEEP: what stays with whatever follows it. TOTAL: a row of a table of totals.
# HEADER and FOOTER: what stands above and below the text on a sheet.
LINK, ROW, HEAD, BLOCK, KEEP, TOTAL, HEADER, FOOTER = KINDS = (
    *(11, 13, 17, 19, 23, 29, 31, 37),
)
_MIN_HEIGHT = 41
_MAX_NUMBER = 1000

_OVER_ALL = "position:absolute;left:0;top:0;width:100%;height:100%;border:0"
_UNBROKEN = frozenset(("avoid-page-break-inside",))
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADING_ROWS = frozenset(("o_line_section", "o_line_subsection"))


@functools.lru_cache(maxsize=1024)
def _source(kind, number):
    """A transparent PNG (1-bit palette) of the size that says it."""
    width, height = kind, _MIN_HEIGHT + number
    rows = (b"\x00" + b"\x00" * ((width + 7) // 8)) * height
    chunks = (
        (b"IHDR", struct.pack(">2I5B", width, height, 1, 3, 0, 0, 0)),
        (b"PLTE", b"\x00\x00\x00\xff\xff\xff"),
        (b"tRNS", b"\x00\x00"),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    image = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + name
        + data
        + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return "data:image/png;base64," + base64.b64encode(image).decode()


def _mark(element, kind, number):
    image = _image(kind, number)
    image.tail, element.text = element.text, None
    element.insert(0, image)
    style = (element.get("style") or "").rstrip("; ")
    if "position:relative" not in style:
        element.set("style", f"{style};position:relative".lstrip(";"))


class Marked(NamedTuple):
    """What is marked in a document, in its order.

    :ivar list[str] addresses: the links, by their number.
    :ivar dict rows: the rows of each table with a head, by the table's number.
    :ivar list totals: the rows of the tables of totals.
    """

    addresses: list
    rows: dict
    totals: list


def add(element):
    """Mark what matters for cutting a document into sheets, and for checking them.

    :param etree._Element element: changed in place.
    :rtype: Marked
    """
    rows = {}
    for number, table in enumerate(_repeating_tables(element)):
        _mark_table(table, number % _MAX_NUMBER, rows)
    for number, block in enumerate(_unbroken_blocks(element)):
        _mark_block(block, number % _MAX_NUMBER)
    for heading in element.iter(*_HEADINGS):
        if not visible_text.is_hidden(heading):
            _mark(heading, KEEP, 0)
    totals = [row for row in _rows_of_totals(element) if _mark_cell(row, TOTAL, 0)]
    return Marked(add_links(element), rows, totals)


def add_links(element, first=0):
    """Mark the links of an element.

    :param int first: the number of the first one.
    :return: the address of each marked link, by its number.
    :rtype: list[str]
    """
    addresses = []
    for link in element.iter("a"):
        number = first + len(addresses)
        if link.get("href") and number < _MAX_NUMBER:
            if "position-absolute" in (link.get("class") or ""):
                # Already laid over what it links, as core's QR code link is.
                link.append(_image(LINK, number))
            else:
                _mark(link, LINK, number)
            addresses.append(link.get("href"))
    return addresses


def _image(kind, number):
    return lxml.html.Element(
        "img", {"src": _source(kind, number), "style": _OVER_ALL, "alt": ""}
    )


def _unbroken_blocks(element):
    return [
        block
        for block in element.iter("div", "table")
        if _UNBROKEN.intersection(_classes(block))
    ]


def ruler(pixels):
    """An image of a known width, as HTML."""
    style = f"position:absolute;left:0;top:0;width:{pixels}px;height:{pixels}px"
    return f'<img src="{_source(BLOCK, 0)}" style="{style}" alt=""/>'


def _repeating_tables(element):
    """The outermost tables with a head that is to stand on each sheet."""
    for table in element.iter("table"):
        head = table.find("thead")
        if head is None or next(table.iterancestors("table"), None) is not None:
            continue
        # Core turns the head into an ordinary row when a line is very long.
        if "table-row-group" in (head.get("style") or ""):
            del head.attrib["style"]
        yield table


def _mark_table(table, number, rows):
    for row in table.iterfind("thead/tr"):
        _mark_cell(row, HEAD, number)
    body = [row for row in table if row.tag == "tr"] or table.findall("tbody/tr")
    rows[number] = [row for row in body if _mark_cell(row, ROW, number)]
    for row in rows[number]:
        if _HEADING_ROWS.intersection(_classes(row)):
            _mark_cell(row, KEEP, 0)
    if rows[number] and "o_has_total_table" in _classes(table):
        _mark_cell(rows[number][-1], KEEP, 0)


def _classes(element):
    return (element.get("class") or "").split()


def _rows_of_totals(element):
    for table in element.iter("table"):
        if "o_total_table" in _classes(table):
            yield from table.iter("tr")


def _mark_cell(row, kind, number):
    """Mark a row in its first cell that is seen.

    :return: whether there is one.
    """
    if visible_text.is_hidden(row):
        return False
    for cell in row:
        if not visible_text.is_hidden(cell):
            _mark(cell, kind, number)
            return True
    return False


def _mark_block(block, number):
    """Mark a block; a table through its rows, which together make the block."""
    if block.tag != "table":
        _mark(block, BLOCK, number)
    else:
        for row in block.iter("tr"):
            _mark_cell(row, BLOCK, number)


def over(kind):
    """An image that marks the element which it is put into, as HTML."""
    return f'<img src="{_source(kind, 0)}" style="{_OVER_ALL}" alt=""/>'


def meaning(image):
    """What an image on the converted page marks.

    :param image: the image's PDF object.
    :return: ``(kind, number)``, or None for an ordinary image.
    """
    kind, number = image.get("/Width"), image.get("/Height", 0) - _MIN_HEIGHT
    is_marker = kind in KINDS and 0 <= number < _MAX_NUMBER
    is_transparent = "/Mask" in image or "/SMask" in image
    return (int(kind), int(number)) if is_marker and is_transparent else None
