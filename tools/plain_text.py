"""Plain text of HTML that people wrote: what a reader without HTML gets to see."""

import re

from lxml import html

_BLOCKS = {
    *("address", "article", "blockquote", "div", "figure", "footer", "h1", "h2", "h3"),
    *("h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table"),
    *("tr", "ul"),
}
#: Blocks with an empty line before and after them.
_PARAGRAPHS = {
    *("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul")
}
_HIDDEN = {"head", "script", "style", "template", "title"}
# A line break that is asked for, the edge of a block, and of one that stands apart.
_BREAK, _EDGE, _GAP = "\x0b", "\x0e", "\x0c"
_SIGNS = f"{_BREAK}{_EDGE}{_GAP}"


def from_html(content):
    """Return what HTML says, as one would type it without HTML.

    Addresses stand after the words that lead to them, as there is nothing to click;
    emphasis is left out, as asterisks are not read as such.

    :param str|Markup|bool content: HTML, or a part of it.
    :rtype: str
    """
    if not content or not content.strip():
        return ""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    root = html.fragment_fromstring(content.encode(), "div", parser=parser)
    text = re.sub(r"[ \t\r\n]+", " ", "".join(_write(root)))
    text = re.sub(rf" ?([{_SIGNS}]) ?", r"\1", text).strip(f" {_SIGNS}")
    return re.sub(rf"[{_SIGNS}]+", _part, text)


def _part(signs):
    """Return the line breaks for what stands between two pieces of text."""
    if _GAP in signs[0]:
        return "\n\n"
    # A break at the end of a block is none more; one between blocks is an empty line.
    breaks = signs[0].count(_BREAK) + signs[0].startswith(_EDGE)
    return "\n" * min(max(breaks, 1), 2)


def _write(element):
    """Yield the text of an element, with the signs of its breaks."""
    if not isinstance(element.tag, str) or element.tag in _HIDDEN:
        return
    if element.tag == "br":
        yield _BREAK
        return
    if element.tag == "img":
        yield element.get("alt") or ""
        return
    edge = ""
    if element.tag in _BLOCKS:
        edge = _GAP if _is_paragraph(element) else _EDGE
    yield edge
    if element.tag == "li":
        yield _bullet(element)
    inner = "".join(_write_content(element))
    yield inner
    if element.tag == "a":
        yield _write_address(element, inner)
    elif element.tag in ("td", "th") and element.getnext() is not None:
        yield " "
    yield edge


def _write_content(element):
    yield element.text or ""
    for child in element:
        yield from _write(child)
        yield child.tail or ""


def _write_address(link, words):
    """Return where a link leads, unless its words say so."""
    address = (link.get("href") or "").strip()
    shown = address.removeprefix("mailto:").removeprefix("tel:")
    if not shown or shown.startswith("#") or shown in words:
        return ""
    return f" ({shown})"


def _bullet(item):
    """Return the mark of an item of a list."""
    parent = item.getparent()
    if parent is not None and parent.tag == "ol":
        items = [each for each in parent if each.tag == "li"]
        return f"{items.index(item) + 1}. "
    return "- "


def _is_paragraph(element):
    # A list within a list goes on.
    is_nested = element.tag in ("ol", "ul") and any(
        each.tag == "li" for each in element.iterancestors()
    )
    return element.tag in _PARAGRAPHS and not is_nested
