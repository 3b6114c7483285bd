"""QR codes as drawings: sharp at any size, small, and the same bytes each time."""

from itertools import groupby

from reportlab.graphics.barcode.qr import QrCodeWidget


def draw(text):
    """Draw a QR code.

    Some 15 % of it may be unreadable (level M of ISO/IEC 18004): paper is folded.

    :param str text: what the code says.
    :return: the code as SVG, without the quiet zone.
    :rtype: str
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
    size = code.getModuleCount()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<path d="{"".join(path)}"/></svg>'
    )
