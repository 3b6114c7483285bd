"""From a report's documents to finished files, for a whole batch at a time."""

import collections
import functools
from typing import NamedTuple

from . import (
    bidi,
    check,
    document,
    errors,
    geometry,
    html,
    letterhead,
    markers,
    visible_text,
    web_view,
)
from .converter import Page
from .core_bridge import Result
from .errors import ConversionFailed
from .overlays import Overlays

# What core's own page for the converter says of its body (template minimal_layout).
_BODY_CLASS = "o_body_pdf container overflow-hidden"

_WEB_CLASS = "o_body_html o_portal_document container"

# Documents that wait in the converter while another one is assembled.
_AHEAD = 4
# Points between a header and the text, at least.
_GAP = 8.0
# The part of a sheet that header and footer have to leave for the text.
_LEAST_TEXT = 0.15

# $o-default-report-margins of core's report.scss: 11 mm, in pixels.
_CSS_MARGIN = 11 * 96 / 25.4

# Words break where they have to (`word-break` also when the width of a column is
# found), but amounts and the headings of columns are kept whole.
_ARTICLE_STYLES = """
html,body{background:none!important}
body.o_body_pdf{max-width:none;width:auto;margin:0;overflow:visible!important}
.article{word-wrap:break-word}
.article img{max-width:100%}
.article pre{white-space:pre-wrap}
.article h2,.article h3{white-space:normal!important;word-break:break-word}
.article .address,.article #informations{word-break:break-word}
.article td,.article #payment_term{word-break:break-word}
.article td.text-end,.article td.o_price_total{word-break:normal}
.article td[name=td_taxes]{word-break:break-word;min-width:4rem}
.article td[name=account_invoice_line_name]{min-width:8rem}
"""
_OVERLAY_STYLES = """
html,body{background:none!important}
body.o_body_pdf{max-width:none;width:auto;margin:0;padding:0!important}
.o_portal_sheet{position:relative;z-index:0;width:100%;overflow:hidden;
page-break-inside:avoid}
.o_portal_sheet+.o_portal_sheet{page-break-before:always}
.o_portal_zone{position:absolute;left:0;right:0;z-index:0;box-sizing:border-box}
.o_portal_zone .position-fixed{position:absolute!important}
.o_portal_zone img{max-width:100%}
.o_portal_zone .o_company_logo_small{max-width:24rem}
.o_portal_zone td,.o_portal_zone div,.o_portal_zone li{word-wrap:break-word}
[dir=rtl] .o_portal_zone svg{-webkit-transform:scaleX(-1);transform:scaleX(-1)}
"""


class Style(NamedTuple):
    """What the documents of a report have in common.

    :ivar dict paperformat: fields of a ``report.paperformat``.
    :ivar bool landscape: turn the sheet, whatever the format says.
    :ivar stylesheet: function ``(tokens, direction) -> CSS text``.
    :ivar resolve: function from an address to a ``data:`` URI, or None.
    """

    paperformat: dict
    landscape: bool
    stylesheet: object
    resolve: object


class Pipeline:
    """Turns documents into files with one converter.

    :param Converter converter: entered already.
    :param Style style: of the report.
    """

    def __init__(self, converter, style):
        self.converter = converter
        self.style = style
        self.overlays = Overlays(converter)

    def run(self, documents):
        """Produce a file for each document.

        :param documents: iterable of ``(html.Document, {"author": …, "title": …})``.
        :return: generator of Result, in the same order.
        """
        waiting = collections.deque()
        for each, metadata in documents:
            waiting.append(self._started(each, metadata))
            if len(waiting) > _AHEAD:
                yield self._finished(waiting.popleft())
        while waiting:
            yield self._finished(waiting.popleft())

    def _started(self, each, metadata):
        job = _Job(each, metadata, self.style, self.converter.binary.scale)
        job.conversion = self.converter.submit(job.page)
        # Most documents take one sheet. It is converted while the document is read.
        self.overlays.start(job, 1)
        # While both are converted.
        job.expect()
        return job

    def _finished(self, job):
        try:
            content, warnings = self._assembled(job)
            return Result(job.document.res_id, content, None, warnings)
        except ConversionFailed as failure:
            return Result(job.document.res_id, None, failure)

    def _assembled(self, job):
        """The file, and what is wrong with it.

        :raise ConversionFailed: it cannot be used.
        """
        path = self.converter.result(job.conversion)
        if isinstance(path, ConversionFailed):
            raise path
        pages = document.read(path, job.marked.addresses)
        place = job.geometry
        if first := self.overlays.sheets(job, 1)[0]:
            place = _between(first, place)
        sheets = document.cut(pages, place)
        # It is converted while the document is checked.
        self.overlays.start(job, len(sheets))
        findings = job.check(pages, sheets)
        overlays = self.overlays.sheets(job, len(sheets))
        around = job.check_surroundings(sheets, overlays, place)
        if not around:
            for total in {1, len(sheets)}:
                self.overlays.keep(job, total)
        findings = list(dict.fromkeys(findings + around))
        if critical := next((each for each in findings if each.is_critical), None):
            raise ConversionFailed(_REASONS[critical.problem], critical.text)
        assembler = document.Assembler(place)
        for sheet, overlay in zip(sheets, overlays, strict=True):
            assembler.add(sheet, overlay)
        content = assembler.finish(lang=job.document.lang, **job.metadata)
        return content, tuple(findings)


_REASONS = {
    check.MISSING: errors.INCOMPLETE,
    check.OFF_SHEET: errors.OFF_SHEET,
    check.OVERPRINTED: errors.OVERPRINTED,
}


def _between(overlay, place):
    """The geometry with the text between header and footer, however tall they are.

    :param document.Converted overlay: header and footer, as they were painted.
    :param geometry.Geometry place: where the paper format has the text.
    :rtype: geometry.Geometry
    :raise ConversionFailed: they leave no room.
    """
    zoom = place.width / overlay.width
    [footer] = overlay.extents(markers.FOOTER).get(0) or [(overlay.height,) * 2]
    above = [
        overlay.extent(item)[1]
        for item in overlay.items
        if item.kind != "path" and overlay.extent(item)[0] < footer[0] - 1.0
    ]
    top = max(above, default=0.0) * zoom + _GAP
    bottom = place.height - footer[0] * zoom
    place = place._replace(
        top=max(place.top, top) if above else place.top,
        bottom=max(place.bottom, bottom),
    )
    if place.text_height < _LEAST_TEXT * place.height:
        raise ConversionFailed(errors.NO_ROOM)
    return place


class _Job:
    """One document on its way to a file."""

    def __init__(self, document, metadata, style, converter_scale):
        self.document = document
        metadata = dict(metadata)
        self.style = style
        self.converter_scale = converter_scale
        self.geometry = geometry.from_paperformat(
            style.paperformat, document.options, style.landscape
        )
        surroundings = [*document.headers, *document.footers]
        for part in (document.article, *surroundings):
            html.disarm(part, style.resolve)
            bidi.arrange(part, document.direction)
        for part in document.headers:
            letterhead.stretch(part)
        self.marked = markers.add(document.article)
        self.number = metadata.pop("number", "")
        self.metadata = metadata
        #: What the converter works on, and what the result has to say.
        self.conversion, self.expected = None, None
        self._overlay_pages = {}
        self.overlay_addresses = []
        for part in surroundings:
            first = len(self.overlay_addresses)
            self.overlay_addresses += markers.add_links(part, first)
        self.overlay_tokens = html.tokens(*surroundings) | self._body_tokens()
        self.page = Page(
            self._markup(
                html.serialize(document.article),
                html.tokens(document.article) | self._body_tokens(),
                _ARTICLE_STYLES,
            ),
            self._converted(self.geometry.text_width),
            geometry.ENDLESS,
        )

    def _converted(self, points):
        """The length on the converter's page that becomes ``points`` on the sheet."""
        return points * self.converter_scale / self.geometry.scale

    def _markup(self, content, tokens, styles):
        return str(
            html.page(
                content,
                self.style.stylesheet(tokens, self.document.direction) + styles,
                lang=self.document.lang,
                direction=self.document.direction,
                body_class=self._body_class(),
            )
        )

    def _body_class(self):
        css_margins = self.style.paperformat.get("css_margins")
        return f"{_BODY_CLASS} o_css_margins" if css_margins else _BODY_CLASS

    def _body_tokens(self):
        return {f".{name}" for name in self._body_class().split()}

    @property
    def has_surroundings(self):
        """Whether there is anything to stand above or below the text."""
        document = self.document
        return bool(document.headers or document.footers or self.geometry.header_line)

    def expect(self):
        """Note what the file has to say."""
        self.expected = check.expect(self.document.article, self.marked, self.number)

    def overlay_page(self, total):
        """The page with the header and footer of each sheet.

        :param int total: how many sheets there are.
        :rtype: Page
        """
        if total not in self._overlay_pages:
            self._overlay_pages[total] = self._make_overlay_page(total)
        return self._overlay_pages[total]

    def _make_overlay_page(self, total):
        sheets = "".join(self._sheet(number, total) for number in range(1, total + 1))
        return Page(
            self._markup(sheets, self.overlay_tokens, _OVERLAY_STYLES),
            self._converted(self.geometry.width),
            self._converted(self.geometry.height),
        )

    def _sheet(self, number, total):
        place, scale = self.geometry, self.geometry.scale
        top = max(place.top - place.header_spacing, 0.0) / scale
        zones = (
            (self.document.headers, f"top:{top:.1f}px", markers.HEADER),
            (
                self.document.footers,
                # Upwards from the edge of the sheet, when it is taller than its margin.
                f"bottom:0;min-height:{place.bottom / scale - 2:.1f}px",
                markers.FOOTER,
            ),
        )
        content = "".join(
            f'<div class="o_portal_zone" style="{position};{self._padding()}">'
            f"{markers.over(kind)}"
            f"{html.serialize(*html.with_page_numbers(parts, number, total))}</div>"
            for parts, position, kind in zones
            if parts
        )
        if place.header_line:
            content += (
                '<div style="position:absolute;border-top:1px solid #000;'
                f"top:{place.top / scale:.1f}px;left:{place.left / scale:.1f}px;"
                f'right:{place.right / scale:.1f}px"></div>'
            )
        # Two pixels less than the sheet: rounding must not start another one.
        height = place.height / scale - 2
        return (
            f'<div class="o_portal_sheet" style="height:{height:.1f}px">{content}</div>'
        )

    def check(self, pages, sheets):
        """Compare what was painted with the document.

        :param list[document.Converted] pages: the document.
        :param list[document.Sheet] sheets: how it is cut.
        :rtype: list[check.Finding]
        :raise ConversionFailed: there is nothing to be seen.
        """
        if not any(item.kind != "path" for page in pages for item in page.items):
            raise ConversionFailed(errors.EMPTY)
        expected = self.expected
        if self._stands_above:
            expected = expected._replace(number="")
        margin = 0.0
        if self.style.paperformat.get("css_margins"):
            margin = self._converted(_CSS_MARGIN * self.geometry.scale)
        return check.article(expected, pages, sheets, (margin, margin))

    def check_surroundings(self, sheets, overlays, place):
        """Compare headers and footers with what was painted of them.

        :param list[document.Sheet] sheets: how the document is cut.
        :param list overlays: header and footer of each sheet, or None.
        :param geometry.Geometry place: where the document stands on the sheets.
        :rtype: list[check.Finding]
        """
        texts = [
            text
            for part in (*self.document.headers, *self.document.footers)
            for text in visible_text.blocks(part)
        ]
        number = self.number if self._stands_above else ""
        findings = []
        for sheet, overlay in zip(sheets, overlays, strict=True):
            if overlay:
                findings += check.surroundings(texts, overlay, number)
                findings += check.collisions(sheet.page, overlay, sheet, place)
        return findings

    @functools.cached_property
    def _stands_above(self):
        """Whether the document's number stands in its header."""
        return bool(self.number) and self.number not in " ".join(self.expected.blocks)

    def _padding(self):
        """The side margins of core's style sheet, else the paper format's."""
        margin = _CSS_MARGIN if self.style.paperformat.get("css_margins") else 0.0
        left, right = (
            each / self.geometry.scale + margin
            for each in (self.geometry.left, self.geometry.right)
        )
        return f"padding-left:{left:.1f}px;padding-right:{right:.1f}px"


def web_page(document, style):
    """A document as a page to be read on a screen, of any width.

    :param html.Document document: rendered with ``report_type`` ``html``.
    :param Style style: of the report.
    :rtype: markupsafe.Markup
    """
    parts = [*document.headers, document.article, *document.footers]
    title = document.title
    for part in parts:
        html.disarm(part, style.resolve)
    web_view.adapt(document.article)
    tokens = html.tokens(*parts) | {f".{name}" for name in _WEB_CLASS.split()}
    styles = style.stylesheet(tokens, document.direction, False)
    return html.page(
        html.serialize(*parts),
        styles + web_view.STYLES,
        lang=document.lang,
        direction=document.direction,
        title=title,
        body_class=_WEB_CLASS,
        head='<meta name="viewport" content="width=device-width,initial-scale=1"/>',
    )
