"""QR codes as drawings: sharp at any size, small, and the same bytes each time."""

import re

from reportlab.graphics.barcode.qr import QrCodeWidget

# ISO/IEC 18004 has writers try eight masks for the evenest picture; readers take any.
# The text is mostly random, which is even enough, and trying takes eight times as long.
_MASK = 0


def draw(text):
    """Draw a QR code.

    Some 15 % of it may be unreadable (level M of ISO/IEC 18004): paper is folded.

    :param str text: what the code says.
    :return: the code as SVG, without the quiet zone.
    :rtype: str
    """
    code = QrCodeWidget(text, barLevel="M").qr
    code.version = code.calculate_version()
    code.makeImpl(False, _MASK)
    size = code.getModuleCount()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<path stroke="#000" d="{"".join(_strokes(code.modules))}"/></svg>'
    )


def _strokes(rows):
    """A stroke, one unit wide, for each run of dark modules.

    :param list[list[bool]] rows: the modules, from the top.
    :return: generator of SVG path data.
    """
    for y, row in enumerate(rows):
        line = "".join("#" if is_dark else " " for is_dark in row)
        for run in re.finditer("#+", line):
            yield f"M{run.start()} {y}.5h{len(run[0])}"
