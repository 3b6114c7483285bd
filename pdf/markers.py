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

import lxml.html

# Width of the image in pixels: what it marks. The rest of its height: the number.
LINK, ROW, HEAD, BLOCK = KINDS = (11, 13, 17, 19)
_MIN_HEIGHT = 23
_MAX_NUMBER = 200

_OVER_ALL = "position:absolute;left:0;top:0;width:100%;height:100%;border:0"
_UNBROKEN = frozenset(("avoid-page-break-inside",))


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
    element.set("style", f"{style};position:relative".lstrip(";"))


def add(element):
    """Mark the links, table rows, table heads and unbreakable blocks of an element.

    :param etree._Element element: changed in place.
    :return: the address of each marked link, by its number.
    :rtype: list[str]
    """
    for number, table in enumerate(_repeating_tables(element)):
        _mark_table(table, number % _MAX_NUMBER)
    for number, block in enumerate(_unbroken_blocks(element)):
        _mark_block(block, number % _MAX_NUMBER)
    return add_links(element)


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
        if _UNBROKEN.intersection((block.get("class") or "").split())
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
        if "table-row-group" not in (head.get("style") or ""):
            yield table


def _mark_table(table, number):
    for row in table.iterfind("thead/tr"):
        _mark_first_cell(row, HEAD, number)
    for row in table.iterfind("tbody/tr"):
        _mark_first_cell(row, ROW, number)


def _mark_first_cell(row, kind, number):
    for cell in row:
        if isinstance(cell.tag, str) and "d-none" not in (cell.get("class") or ""):
            _mark(cell, kind, number)
            return


def _mark_block(block, number):
    """Mark a block; a table through its rows, which together make the block."""
    if block.tag != "table":
        _mark(block, BLOCK, number)
    else:
        for row in block.iter("tr"):
            _mark_first_cell(row, BLOCK, number)


def meaning(image):
    """What an image on the converted page marks.

    :param image: the image's PDF object.
    :return: ``(kind, number)``, or None for an ordinary image.
    """
    kind, number = image.get("/Width"), image.get("/Height", 0) - _MIN_HEIGHT
    is_marker = kind in KINDS and 0 <= number < _MAX_NUMBER
    is_transparent = "/Mask" in image or "/SMask" in image
    return (int(kind), int(number)) if is_marker and is_transparent else None
