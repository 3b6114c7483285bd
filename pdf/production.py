"""From a report's documents to finished files, for a whole batch at a time."""

from typing import NamedTuple

from . import assembly, bidi, geometry, html, markers, screen
from .converter import Page
from .errors import UNREADABLE, ConversionFailed
from .handover import Result

# What core's own page for the converter says of its body (template minimal_layout).
_BODY_CLASS = "o_body_pdf container overflow-hidden"

_SCREEN_CLASS = "o_body_html o_portal_document container"

# $o-default-report-margins of core's report.scss: 11 mm, in pixels.
_CSS_MARGIN = 11 * 96 / 25.4

_ARTICLE_STYLES = """
html,body{background:none!important}
body.o_body_pdf{max-width:none;width:auto;margin:0;overflow:visible!important}
"""
_OVERLAY_STYLES = """
html,body{background:none!important}
body.o_body_pdf{max-width:none;width:auto;margin:0;padding:0!important}
.o_portal_sheet{position:relative;z-index:0;width:100%;overflow:hidden;
page-break-inside:avoid}
.o_portal_sheet+.o_portal_sheet{page-break-before:always}
.o_portal_zone{position:absolute;left:0;right:0;z-index:0;box-sizing:border-box}
.o_portal_zone .position-fixed{position:absolute!important}
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


class Production:
    """Turns documents into files with one converter.

    :param Converter converter: entered already.
    :param Style style: of the report.
    """

    def __init__(self, converter, style):
        self.converter = converter
        self.style = style
        self._overlays = {}

    def run(self, documents):
        """Produce a file for each document.

        :param documents: iterable of ``(html.Document, {"author": …, "title": …})``.
        :return: generator of Result, in the same order.
        """
        for job, outcome in self.converter.convert(self._pages(documents)):
            if isinstance(job, Page):
                self._overlays[job] = outcome
            else:
                yield self._finished(job, outcome)

    def _pages(self, documents):
        """The pages to convert: most documents take one sheet, so start with that."""
        for document, metadata in documents:
            job = _Job(document, metadata, self.style, self.converter.binary.scale)
            overlay = job.overlay_page(1)
            if overlay and overlay not in self._overlays:
                self._overlays[overlay] = None
                yield overlay, overlay
            yield job, job.page

    def _finished(self, job, outcome):
        try:
            content = self._assembled(job, _successful(outcome))
            return Result(job.document.res_id, content, None)
        except ConversionFailed as failure:
            return Result(job.document.res_id, None, failure)

    def _assembled(self, job, path):
        pages = _read(path, job.addresses)
        sheets = assembly.cut(pages, job.geometry)
        overlays = self._overlay(job, len(sheets))
        assembler = assembly.Assembler(job.geometry)
        for sheet, overlay in zip(sheets, overlays, strict=True):
            assembler.add(sheet, overlay)
        return assembler.finish(lang=job.document.lang, **job.metadata)

    def _overlay(self, job, total):
        """Header and footer of each sheet; the same ones are converted once."""
        source = job.overlay_page(total)
        if source is None:
            return [None] * total
        if source not in self._overlays:
            self._overlays[source] = self.converter.convert_one(source)
        pages = _successful(self._overlays[source])
        if isinstance(pages, str):
            pages = self._overlays[source] = _read(pages, job.overlay_addresses)
        if len(pages) != total:
            raise ConversionFailed(UNREADABLE, f"{len(pages)} headers, {total} sheets")
        return pages


def _successful(outcome):
    if isinstance(outcome, ConversionFailed):
        raise outcome
    return outcome


def _read(path, addresses):
    try:
        return assembly.read(path, addresses)
    except Exception as error:
        # Whatever a broken file makes the reader stumble over.
        raise ConversionFailed(UNREADABLE, str(error)) from error


class _Job:
    """One document on its way to a file."""

    def __init__(self, document, metadata, style, converter_scale):
        self.document = document
        self.metadata = metadata
        self.style = style
        self.converter_scale = converter_scale
        self.geometry = geometry.from_paperformat(
            style.paperformat, document.options, style.landscape
        )
        surroundings = [*document.headers, *document.footers]
        for part in (document.article, *surroundings):
            html.disarm(part, style.resolve)
            bidi.isolate_words(part)
        self.addresses = markers.add(document.article)
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

    def overlay_page(self, total):
        """The page with the header and footer of each sheet, or None."""
        document = self.document
        if not (document.headers or document.footers or self.geometry.header_line):
            return None
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
            (self.document.headers, f"top:{top:.1f}px"),
            (
                self.document.footers,
                f"top:{(place.height - place.bottom) / scale:.1f}px",
            ),
        )
        content = "".join(
            f'<div class="o_portal_zone" style="{position};{self._padding()}">'
            f"{html.serialize(*html.with_page_numbers(parts, number, total))}</div>"
            for parts, position in zones
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

    def _padding(self):
        """The side margins of core's style sheet, else the paper format's."""
        margin = _CSS_MARGIN if self.style.paperformat.get("css_margins") else 0.0
        left, right = (
            each / self.geometry.scale + margin
            for each in (self.geometry.left, self.geometry.right)
        )
        return f"padding-left:{left:.1f}px;padding-right:{right:.1f}px"


def screen_page(document, style):
    """A document as a page to be read on a screen, of any width.

    :param html.Document document: rendered with ``report_type`` ``html``.
    :param Style style: of the report.
    :rtype: markupsafe.Markup
    """
    parts = [*document.headers, document.article, *document.footers]
    title = document.title
    for part in parts:
        html.disarm(part, style.resolve)
    screen.adapt(document.article)
    tokens = html.tokens(*parts) | {f".{name}" for name in _SCREEN_CLASS.split()}
    styles = style.stylesheet(tokens, document.direction, False)
    return html.page(
        html.serialize(*parts),
        styles + screen.STYLES,
        lang=document.lang,
        direction=document.direction,
        title=title,
        body_class=_SCREEN_CLASS,
        head='<meta name="viewport" content="width=device-width,initial-scale=1"/>',
    )
