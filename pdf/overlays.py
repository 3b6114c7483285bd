"""Header and footer of a document's sheets: the same ones are converted once.

Most of a company's documents share them. What was found right is kept as long as this
process runs, and is read while the document itself is converted.
"""

import hashlib
import io
from pathlib import Path

from odoo.tools.lru import LRU

from . import document, errors
from .errors import ConversionFailed

# Some 30 kB each: a few layouts, times the numbers of sheets.
_kept = LRU(32)


class Overlays:
    """The headers and footers of a batch.

    Its jobs say ``has_surroundings``, have ``overlay_addresses`` (those of the marked
    links, by number), and make the ``overlay_page`` for a number of sheets.

    :param Converter converter: entered already.
    """

    def __init__(self, converter):
        self._converter = converter
        # By their pages.
        self._conversions, self._made = {}, {}

    def start(self, job, total):
        """Have them made for a number of sheets, unless they are already."""
        if not job.has_surroundings:
            return
        page = job.overlay_page(total)
        if page in self._conversions or page in self._made:
            return
        if content := _kept.get(self._key(page)):
            self._made[page] = _Made(content, job.overlay_addresses)
        else:
            self._conversions[page] = self._converter.submit(page)

    def sheets(self, job, total):
        """Return header and footer of each sheet.

        :return: the pages; of a document without header and footer, None for each.
        :rtype: list[document.Converted|None]
        :raise ConversionFailed: they cannot be used.
        """
        if not job.has_surroundings:
            return [None] * total
        page = job.overlay_page(total)
        if page not in self._made:
            path = self._converter.result(self._conversions[page])
            self._made[page] = _Made(_content(path), job.overlay_addresses)
        return self._made[page].sheets(total)

    def keep(self, job, total):
        """Note that nothing is wrong with them: the next batch may use them as well."""
        if job.has_surroundings:
            page = job.overlay_page(total)
            _kept[self._key(page)] = self._made[page].content

    def _key(self, page):
        """What the file depends on: a page contains all that it shows."""
        sources = self._converter.binary, self._converter.font_files, page
        return hashlib.sha256(repr(sources).encode()).digest()


def _content(path):
    return path if isinstance(path, ConversionFailed) else Path(path).read_bytes()


class _Made:
    """A converted file of headers and footers.

    :ivar bytes|ConversionFailed content: the file, or why there is none.
    """

    def __init__(self, content, addresses):
        self.content = content
        self._pages = []
        if isinstance(content, bytes):
            try:
                self._pages = document.read(io.BytesIO(content), addresses)
            except ConversionFailed as failure:
                self.content = failure

    def sheets(self, total):
        if isinstance(self.content, ConversionFailed):
            raise self.content
        if len(self._pages) != total:
            detail = f"{len(self._pages)} headers, {total} sheets"
            raise ConversionFailed(errors.UNREADABLE, detail)
        return self._pages
