"""The company's fonts for the converter, as if they were installed.

Odoo's layouts use web fonts. Embedded in the page they would be drawn as outlines by
plain Qt: a file ten times as large, without text to search or to copy.
"""

import os
import posixpath
from pathlib import Path
from xml.sax.saxutils import escape

from odoo.tools.misc import file_path

_SYSTEM_CONFIGURATION = "/etc/fonts/fonts.conf"
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


def _with_bold(address):
    """The file, and the bold one beside it, which core leaves to be smeared."""
    path = posixpath.normpath(address).lstrip("/")
    for name in (path, path.replace("-Regular.ttf", "-Bold.ttf")):
        try:
            yield file_path(name)
        except FileNotFoundError:
            continue


def install(folder, paths):
    """Write a fontconfig configuration that adds fonts to the system's.

    :param str folder: a private folder, which also gets the cache.
    :param tuple[str] paths: the font files.
    :return: the configuration file, for ``FONTCONFIG_FILE``.
    :rtype: str
    """
    shelf = Path(folder, "fonts")
    shelf.mkdir()
    for number, path in enumerate(paths):
        (shelf / f"{number}{Path(path).suffix}").symlink_to(path)
    system = os.environ.get("FONTCONFIG_FILE", _SYSTEM_CONFIGURATION)
    configuration = Path(folder, "fonts.conf")
    configuration.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<cachedir>{escape(folder)}/cache</cachedir>"
        f"<dir>{escape(str(shelf))}</dir>"
        f'<include ignore_missing="yes">{escape(system)}</include></fontconfig>',
        encoding="utf-8",
    )
    return str(configuration)
