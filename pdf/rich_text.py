"""Texts that people wrote or pasted, inside a document that a template lays out.

Terms, notes, company details and footers are HTML. They bring classes that core's
layouts give a meaning (``header``, ``article``, ``page``) and styles that would lay
them over the document. What is left here looks as it was meant to, and stays in its
place.
"""

import re

import lxml.html
from lxml import etree
from markupsafe import Markup

from . import css

_DROPPED_TAGS = ("style", "link", "meta", "base", "title", "script")
_DROPPED_ATTRIBUTES = ("id", "name", "height", "nowrap", "background")
# Names with a meaning to core's layouts, to its report styles, or to Bootstrap's
# utilities for position and size.
_LAYOUT_CLASS = re.compile(
    r"^(?:header|footer|article|page|topage|sitepage|address|clearfix|container.*"
    r"|(?:position|fixed|sticky|translate|z|float|overflow|opacity|vw|vh|min-vw|min-vh"
    r"|top|bottom|start|end)-.*|m[tbsexy]?-n\d|text-(?:nowrap|truncate)|invisible"
    r"|visually-hidden.*|avoid-page-break.*|o_(?!checklist$|checked$|small).*)$"
)
_STYLE = re.compile(
    r"^(?:color|background-color|font(?:-(?:style|weight|size|family|variant))?|border.*"
    r"|text-(?:align|decoration.*|transform|indent)|vertical-align|list-style.*|padding.*"
    r"|margin.*|width|direction|page-break-.*)$"
)
_ABSOLUTE = re.compile(r"\d(?:px|pt|pc|mm|cm|in|r?em|ex|ch|vw)", re.IGNORECASE)


def tame(markup):
    """Take out what would move a text from its place, or others from theirs.

    :param str markup: HTML as someone wrote it.
    :rtype: markupsafe.Markup
    """
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    content = f"<div>{markup}</div>".encode()
    root = lxml.html.document_fromstring(content, parser=parser).find("body/div")
    if root is None:
        return Markup()
    for node in list(root.iter(*_DROPPED_TAGS)):
        node.drop_tree()
    for node in root.iter(etree.Element):
        _tame(node)
    text = lxml.html.tostring(root, encoding="unicode")
    return Markup(text[len("<div>") : -len("</div>")])


def _tame(node):
    for name in _DROPPED_ATTRIBUTES:
        node.attrib.pop(name, None)
    if node.tag != "img" and "%" not in node.get("width", "%"):
        del node.attrib["width"]
    if classes := node.get("class"):
        kept = [each for each in classes.split() if not _LAYOUT_CLASS.match(each)]
        node.set("class", " ".join(kept))
    if style := node.get("style"):
        kept = [
            f"{name}:{value}"
            for name, value in css.declarations(style)
            if _STYLE.match(name) and _is_harmless(name, value)
        ]
        node.set("style", ";".join(kept))


def _is_harmless(name, value):
    if name == "width":
        return not _ABSOLUTE.search(value)
    if name.startswith(("margin", "text-indent")):
        return "-" not in value
    return True
