"""The company's fonts for the converter, as if they were installed.

Odoo's layouts use web fonts. Embedded in the page they would be drawn as outlines by
plain Qt: a file ten times as large, without text to search or to copy.
"""

import functools
import os
import posixpath
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from odoo.tools.misc import file_path

_SYSTEM_CONFIGURATION = "/etc/fonts/fonts.conf"
# Debian's packages with fonts that the converter can draw, by ranges of characters
# (blocks of Unicode 15); whatever is in none of them is in the last one.
_PACKAGES = (
    ("fonts-noto-cjk", ((0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xA960, 0xA97F))),
    ("fonts-noto-cjk", ((0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFE30, 0xFE4F))),
    ("fonts-noto-cjk", ((0xFF00, 0xFFEF), (0x20000, 0x3FFFF))),
    ("fonts-symbola", ((0x2190, 0x2BFF), (0x1F000, 0x1FAFF))),
)
_OTHER_PACKAGE = "fonts-noto-core"
# Faces of other weights are not worth a look: the nearest one is used.
_WEIGHTS = (400, 700)


def files(faces, families):
    """The font files of some families.

    :param tuple[css.FontFace] faces: the fonts that the stylesheet declares.
    :param set[str] families: their names, lower case.
    :rtype: tuple[str]
    """
    found = {}
    for face in faces:
        if face.family in families and face.weight in _WEIGHTS:
            for address in face.sources:
                if address.startswith("/") and address.endswith(".ttf"):
                    found.update(dict.fromkeys(_with_bold(address)))
    return tuple(found)


def packages(text):
    """The packages with fonts for some characters.

    :param str text: the characters.
    :rtype: tuple[str]
    """
    return tuple(sorted({_package(ord(each)) for each in text if not each.isascii()}))


def _package(code):
    for name, ranges in _PACKAGES:
        if any(first <= code <= last for first, last in ranges):
            return name
    return _OTHER_PACKAGE


def _with_bold(address):
    """The file, and the bold one beside it, which core leaves to be smeared."""
    path = posixpath.normpath(address).lstrip("/")
    for name in (path, path.replace("-Regular.ttf", "-Bold.ttf")):
        try:
            yield file_path(name)
        except FileNotFoundError:
            continue


def install(paths):
    """Provide a fontconfig configuration that adds fonts to the system's.

    It is kept as long as this process runs, with fontconfig's notes about the fonts:
    they take longer to make than a page to convert.

    :param tuple[str] paths: the font files.
    :return: the configuration file, for ``FONTCONFIG_FILE``.
    :rtype: str
    """
    configuration = Path(_shelf(paths).name, "fonts.conf")
    if not configuration.exists():
        # Whoever tidies up temporary files has tidied it up.
        _shelf.cache_clear()
        configuration = Path(_shelf(paths).name, "fonts.conf")
    return str(configuration)


@functools.lru_cache(maxsize=16)
def _shelf(paths):
    """A private folder with links to the fonts.

    :rtype: tempfile.TemporaryDirectory
    """
    folder = tempfile.TemporaryDirectory(
        prefix="odoo-fonts-", ignore_cleanup_errors=True
    )
    shelf = Path(folder.name, "fonts")
    shelf.mkdir()
    for number, path in enumerate(paths):
        (shelf / f"{number}{Path(path).suffix}").symlink_to(path)
    system = os.environ.get("FONTCONFIG_FILE", _SYSTEM_CONFIGURATION)
    Path(folder.name, "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<cachedir>{escape(folder.name)}/cache</cachedir>"
        f"<dir>{escape(str(shelf))}</dir>"
        f'<include ignore_missing="yes">{escape(system)}</include></fontconfig>',
        encoding="utf-8",
    )
    return folder
