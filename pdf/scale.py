"""How large the converter draws a CSS pixel.

That depends on its version, on how it was built and on where it runs; no option of
plain Qt changes it. It is measured once, on a page with an image of known size.
"""

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from . import content_stream, markers
from .converter import Converter, Page
from .errors import UNREADABLE, ConversionFailed

_PIXELS = 400
# A ruler that comes out shorter or longer than this was not understood.
_SENSIBLE = (0.2, 2.0)


def measure(binary, seconds):
    """The binary, with its true scale.

    :param converter.Binary binary: to be measured.
    :param float seconds: how long it may take.
    :rtype: converter.Binary
    :raise ConversionFailed: it does not convert the page.
    """
    page = Page(
        '<!DOCTYPE html><html><body style="margin:0">'
        f"{markers.ruler(_PIXELS)}</body></html>",
        600.0,
        600.0,
    )
    with Converter(binary, seconds, seconds) as running:
        result = running.result(running.submit(page))
        if isinstance(result, ConversionFailed):
            raise result
        scale = _ruler_width(result) / _PIXELS
    if not _SENSIBLE[0] < scale < _SENSIBLE[1]:
        raise ConversionFailed(UNREADABLE, f"scale {scale}")
    return binary._replace(scale=scale)


def _ruler_width(path):
    try:
        page = PdfReader(path).pages[0]
        images = page["/Resources"]["/XObject"]
        for item in content_stream.read(page.get_contents().get_data()).items:
            if item.kind == "image" and markers.meaning(images[item.name]):
                return item.right - item.left
    except (PyPdfError, KeyError, IndexError, ValueError, OSError) as error:
        raise ConversionFailed(UNREADABLE, str(error)) from error
    return 0.0
