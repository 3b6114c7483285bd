"""What can be wrong with a translation, found without knowing the language."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import NamedTuple

#: Python's and Odoo's JavaScript's placeholders; `%%` is a percent sign.
_PERCENT = re.compile(r"%(?:\((\w+)\))?([#0\- +]*\d*(?:\.\d+)?[sdifrx])|%%")
#: Placeholders of mail templates, and of the texts that companies write.
_BRACES = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z]")
#: Attributes whose text is translated; all others have to stay as they are.
_TEXT_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "label", "value"}


class Problem(NamedTuple):
    """Something that is wrong with an entry."""

    kind: str
    msgid: str
    detail: str


class _Outline(HTMLParser):
    """The tags of a text, with the attributes that no translator changes."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags = []
        self.open = []
        self.is_broken = False

    def handle_starttag(self, tag, attrs):
        kept = tuple(sorted((k, v) for k, v in attrs if k not in _TEXT_ATTRIBUTES))
        self.tags.append((tag, kept))
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.is_broken = True


def placeholders(text):
    """Return the placeholders of a text.

    :param str text: The text.
    :return: How often each is there.
    :rtype: collections.Counter
    """
    found = Counter(
        each.group() for each in _PERCENT.finditer(text) if each.group() != "%%"
    )
    found.update(re.sub(r"\s+", " ", each) for each in _BRACES.findall(text))
    return found


def outline(text):
    """Return the tags of a text, in any order, and whether they are nested rightly.

    :param str text: The text.
    :rtype: tuple[collections.Counter, bool]
    """
    parser = _Outline()
    parser.feed(text)
    parser.close()
    return Counter(parser.tags), not (parser.is_broken or parser.open)


def check_entry(msgid, msgstr):
    """Return what is wrong with a translation.

    :param str msgid: The English text.
    :param str msgstr: Its translation, not empty.
    :rtype: list[Problem]
    """
    problems = []
    wanted, found = placeholders(msgid), placeholders(msgstr)
    if wanted != found:
        missing, extra = wanted - found, found - wanted
        detail = f"missing {sorted(missing)}, unknown {sorted(extra)}"
        problems.append(Problem("placeholder", msgid, detail))
    if _TAG.search(msgid) or _TAG.search(msgstr):
        (wanted, is_right), (found, is_nested) = outline(msgid), outline(msgstr)
        if wanted != found:
            detail = f"missing {wanted - found}, unknown {found - wanted}"
            problems.append(Problem("html", msgid, detail))
        elif is_right and not is_nested:
            problems.append(Problem("html", msgid, "not nested as it should be"))
    for edge, position in (("start", 0), ("end", -1)):
        if msgid[position].isspace() != msgstr[position].isspace():
            problems.append(Problem("space", msgid, f"white space at the {edge}"))
    return problems


def check_file(entries, wanted):
    """Return what is wrong with a file of translations.

    :param polib.POFile entries: The file.
    :param set wanted: The texts to be translated, of the template.
    :rtype: list[Problem]
    """
    problems, seen = [], Counter()
    for entry in entries:
        if entry.obsolete:
            problems.append(Problem("stale", entry.msgid, "obsolete"))
            continue
        seen[entry.msgid] += 1
        if entry.msgid_plural:
            # Odoo reads the first form only: one text would be lost.
            problems.append(Problem("plural", entry.msgid, "Odoo has no plural forms"))
        if entry.fuzzy:
            problems.append(Problem("fuzzy", entry.msgid, entry.msgstr))
        if not entry.msgstr:
            problems.append(Problem("empty", entry.msgid, ""))
        else:
            problems += check_entry(entry.msgid, entry.msgstr)
    problems += [Problem("twice", each, "") for each in seen if seen[each] > 1]
    problems += [Problem("absent", each, "") for each in sorted(wanted - set(seen))]
    problems += [Problem("stale", each, "") for each in sorted(set(seen) - wanted)]
    return problems
