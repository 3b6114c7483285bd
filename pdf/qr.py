"""QR codes as drawings: sharp at any size, small, and the same bytes each time."""

from itertools import groupby

from reportlab.graphics.barcode.qr import QrCodeWidget


def draw(text):
    """Draw a QR code.

    Some 15 % of it may be unreadable (level M of ISO/IEC 18004): paper is folded.

    :param str text: what the code says.
    :return: the number of modules on a side, and the dark ones as an SVG path with one
        unit for each module; without the quiet zone.
    :rtype: tuple[int, str]
    """
    code = QrCodeWidget(text, barLevel="M").qr
    code.make()
    path = []
    for y, row in enumerate(code.modules):
        x = 0
        for is_dark, run in groupby(row):
            width = len(list(run))
            if is_dark:
                path.append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    return code.getModuleCount(), "".join(path)
