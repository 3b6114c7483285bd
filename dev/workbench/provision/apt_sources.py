"""Reads the machine's own apt sources: which mirror it uses, and for which suite.

Both forms are understood: one-line ``.list`` files and deb822 ``.sources`` files, see
sources.list(5).
"""

import re
from email import message_from_string
from pathlib import Path
from typing import NamedTuple

#: Names under which a Debian mirror offers a release besides its code name.
ALIASES = {"stable", "oldstable", "testing", "unstable", "sid"}

_ONE_LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*(.*)$")


class Source(NamedTuple):
    """One mirror address with one suite."""

    uri: str
    suite: str
    components: tuple


def parse_one_line(text):
    """Sources in a ``.list`` file.

    :rtype: list[Source]
    """
    sources = []
    for line in text.splitlines():
        found = _ONE_LINE.match(line.split("#")[0].strip())
        if found:
            uri, suite, components = found.groups()
            sources.append(Source(uri, suite, tuple(components.split())))
    return sources


def _stanzas(text):
    """Fields of each stanza of a deb822 text, which are laid out as in a mail."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for block in re.split(r"\n\s*\n", "\n".join(lines)):
        yield message_from_string(block.strip())


def parse_deb822(text):
    """Sources in a ``.sources`` file.

    :rtype: list[Source]
    """
    sources = []
    for fields in _stanzas(text):
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").strip().lower() in ("no", "false", "0"):
            continue
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                sources.append(Source(uri, suite, components))
    return sources


def machine_sources(folder=Path("/etc/apt")):
    """All package sources that this machine is set up with.

    :rtype: list[Source]
    """
    parts = folder / "sources.list.d"
    one_line = [folder / "sources.list", *sorted(parts.glob("*.list"))]
    sources = []
    for path in sorted(parts.glob("*.sources")):
        sources += parse_deb822(path.read_text(errors="replace"))
    for path in one_line:
        if path.is_file():
            sources += parse_one_line(path.read_text(errors="replace"))
    return sources


def debian_source(sources, codename):
    """The source of the Debian release that the machine runs.

    :param list sources: all sources of the machine
    :param str codename: the release's name in ``/etc/os-release``
    :return: the first that offers that release's main component
    :rtype: Source | None
    """
    for suites in ({codename}, ALIASES):
        for source in sources:
            if source.suite in suites and "main" in source.components:
                return source
    return None
