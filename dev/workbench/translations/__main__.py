"""Bring the files of translations up to date, and say what is left to do.

    make translations
    make translations ARGS="fr de"
    make translations ARGS="--no-export fr"

Texts are exported, merged into the file of each language, and where Odoo has the same
English text, filled in with what Odoo says. Nothing that was translated is changed,
but for texts that are not there any more.
"""

import json
import sys
from collections import Counter

import polib

from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.testing.environment import run_alone

from . import FOLDER, LANGUAGES, TEMPLATE
from .checks import check_entry, check_file
from .export import export
from .memory import read_translations

#: How many texts of each kind are named.
SHOWN = 10


def merge(language, template):
    """Bring the file of a language up to what the template has.

    :param str language: Such as `pt_BR`.
    :param polib.POFile template: The template.
    :rtype: polib.POFile
    """
    path = FOLDER / f"{language}.po"
    translated = polib.pofile(str(path)) if path.exists() else polib.POFile()
    known = {each.msgid: each for each in translated if not each.obsolete}
    merged = polib.POFile(wrapwidth=78)
    merged.fpath = str(path)
    merged.header = template.header
    merged.metadata = {
        **template.metadata,
        **translated.metadata,
        "Language": language,
        "Content-Transfer-Encoding": "8bit",
    }
    for entry in template:
        old = known.get(entry.msgid)
        merged.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr=old.msgstr if old else "",
                comment=entry.comment,
                occurrences=entry.occurrences,
                flags=list(old.flags) if old else [],
            )
        )
    return merged


def fill(entries, known):
    """Fill empty entries in with what Odoo says of the same text.

    :param polib.POFile entries: The file.
    :param dict known: Odoo's own translations.
    :return: How many were filled in.
    :rtype: int
    """
    count = 0
    for entry in entries:
        if entry.msgstr:
            continue
        found = known.get(entry.msgid)
        if found and not check_entry(entry.msgid, found):
            entry.msgstr = found
            count += 1
    return count


def report(console, language, problems, filled):
    """Say how a language stands.

    :param list problems: Of `check_file`.
    :param int filled: How many texts were taken from Odoo.
    """
    counts = Counter(each.kind for each in problems)
    stated = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    console.say(f"{language}: {filled} taken from Odoo; {stated or 'complete'}")
    for kind in sorted(counts):
        named = [each for each in problems if each.kind == kind]
        for each in named[:SHOWN]:
            console.say(f"    {kind}: {each.msgid[:70]!r} {each.detail[:80]}")
        if len(named) > SHOWN:
            console.say(f"    {kind}: and {len(named) - SHOWN} more")


def main(arguments):
    """Run from the command line.

    :return: 1 if something is left to do
    :rtype: int
    """
    languages = [each for each in arguments if not each.startswith("-")] or LANGUAGES
    if "--no-export" not in arguments and (code := run_alone(export)):
        return code
    console, odoo = Console(), json.loads(Project().odoo_facts.read_text())
    template = polib.pofile(str(TEMPLATE))
    wanted, is_left = {each.msgid for each in template}, False
    for language in languages:
        entries = merge(language, template)
        filled = fill(entries, read_translations(odoo["addons"], language))
        entries.save()
        problems = check_file(entries, wanted)
        is_left = is_left or bool(problems)
        report(console, language, problems, filled)
    return int(is_left)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
