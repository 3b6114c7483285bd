"""Sheet sizes, margins and scale of a report, in points (1/72 inch)."""

from typing import NamedTuple

MM = 72 / 25.4

# Points per CSS pixel at 96 dpi as core's command line for patched Qt gets it, with
# WebKit's "smart shrinking" (of 1.25) and without; measured on 0.12.4 to 0.12.6.
_SHRUNK, _UNSHRUNK = 0.6, 0.75
_DEFAULT_DPI = 96

# Longest page that the PDF format allows (ISO 32000-1, annex C): 14400 points.
ENDLESS = 14000.0

# Sizes in mm (ISO 216, ANSI Y14.1, and Qt's QPageSize for the envelopes and the rest).
_SIZES = {
    "A0": (841, 1189),
    "A1": (594, 841),
    "A2": (420, 594),
    "A3": (297, 420),
    "A4": (210, 297),
    "A5": (148, 210),
    "A6": (105, 148),
    "A7": (74, 105),
    "A8": (52, 74),
    "A9": (37, 52),
    "B0": (1000, 1414),
    "B1": (707, 1000),
    "B2": (500, 707),
    "B3": (353, 500),
    "B4": (250, 353),
    "B5": (176, 250),
    "B6": (125, 176),
    "B7": (88, 125),
    "B8": (62, 88),
    "B9": (44, 62),
    "B10": (31, 44),
    "C5E": (163, 229),
    "Comm10E": (105, 241),
    "DLE": (110, 220),
    "Executive": (190.5, 254),
    "Folio": (210, 330),
    "Ledger": (431.8, 279.4),
    "Legal": (215.9, 355.6),
    "Letter": (215.9, 279.4),
    "Tabloid": (279.4, 431.8),
}


class Geometry(NamedTuple):
    """Where things stand on a sheet.

    Lengths are in points; ``scale`` is points per CSS pixel.
    """

    width: float
    height: float
    top: float
    bottom: float
    left: float
    right: float
    header_spacing: float
    header_line: bool
    scale: float

    @property
    def text_width(self):
        return self.width - self.left - self.right

    @property
    def text_height(self):
        return self.height - self.top - self.bottom


def from_paperformat(values, options=None, landscape=False):
    """The geometry of a ``report.paperformat``.

    :param dict values: the format's fields; lengths in mm, as the model has them.
    :param dict options: the report's own ``data-report-…`` attributes, which go first.
    :param bool landscape: turn the sheet, whatever the format says.
    :rtype: Geometry
    """
    options = options or {}
    width, height = _size(values)
    if (
        landscape
        or options.get("data-report-landscape") not in (None, "", "False", "0")
        or values.get("orientation") == "Landscape"
    ):
        width, height = max(width, height), min(width, height)

    def length(field, option):
        return float(options.get(option) or values.get(field) or 0) * MM

    shrunk = _UNSHRUNK if values.get("disable_shrinking") else _SHRUNK
    dpi = float(options.get("data-report-dpi") or values.get("dpi") or _DEFAULT_DPI)
    return Geometry(
        width=width * MM,
        height=height * MM,
        top=length("margin_top", "data-report-margin-top"),
        bottom=length("margin_bottom", "data-report-margin-bottom"),
        left=length("margin_left", ""),
        right=length("margin_right", ""),
        header_spacing=length("header_spacing", "data-report-header-spacing"),
        header_line=bool(values.get("header_line")),
        scale=shrunk * _DEFAULT_DPI / dpi,
    )


def _size(values):
    """Width and height in mm; A4 when the format gives none."""
    if values.get("format") == "custom":
        size = values.get("page_width") or 0, values.get("page_height") or 0
        return size if all(size) else _SIZES["A4"]
    return _SIZES.get(values.get("format"), _SIZES["A4"])
