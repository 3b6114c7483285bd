"""Fetches Debian packages and unpacks them below ``.dev/``; the system is untouched.

apt works on lists, caches and a package state of its own here, so that any user may run
it. Everything is verified with Debian's archive keys.
"""

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from .apt_sources import debian_source, machine_sources
from .commands import SetupError, run
from .steps import exclusive, fingerprint, write_atomically

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
#: The suite that holds Odoo 19.
ODOO_SUITE = "sid"
FROM_ODOO_SUITE = (
    "odoo-19",
    # What the package links to.
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
)
#: Font Awesome 4.7; newer suites name the files differently.
FROM_OWN_SUITE = ("fonts-font-awesome",)

_URI_LINE = re.compile(r"^'(\S+)' (\S+) (\d+) \S+$", re.M)
#: How far a download is: percent, and which file is fetched.
_PROGRESS = re.compile(r"^dlstatus:\d+:(\d+)[.\d]*:(.*)$")


class Download(NamedTuple):
    """A package file: its name and its size in bytes."""

    name: str
    size: int


def codename(os_release=Path("/etc/os-release")):
    """Code name of the running release, empty if it has none.

    :rtype: str
    """
    text = os_release.read_text() if os_release.is_file() else ""
    found = re.search(r"^VERSION_CODENAME=\"?([\w-]+)", text, re.M)
    return found.group(1) if found else ""


def parse_print_uris(text):
    """What ``apt-get download --print-uris`` would fetch.

    :rtype: list[Download]
    """
    return [Download(name, int(size)) for _, name, size in _URI_LINE.findall(text)]


class PrivateApt:
    """apt on package lists of its own.

    :param Project project: the clone
    :param console: where progress is shown
    """

    def __init__(self, project, console):
        self.console = console
        self.folder = project.cache / "apt"
        self.log = project.logs / "debian.log"

    def update(self):
        """Read the lists of the machine's mirror.

        :raise SetupError: if the machine has no Debian mirror or lacks Debian's keys
        """
        source = debian_source(machine_sources(), codename())
        if source is None or not KEYRING.is_file():
            raise SetupError(
                "Odoo 19 comes from a Debian mirror, and this machine's apt sources "
                f"name none (or {KEYRING} is missing).\n"
                "Set ODOO_HOME to an Odoo 19 checkout and run the same command again."
            )
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        self.folder.joinpath("sources.list").write_text(
            "".join(
                f"deb [signed-by={KEYRING}] {source.uri} {suite} main\n"
                for suite in dict.fromkeys((ODOO_SUITE, source.suite))
            )
        )
        run([*self._command(), "update"], self.log, self.console.progress)
        return source.suite

    def _command(self):
        """apt-get with all its folders moved."""
        settings = {
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Acquire::Languages": "none",
        }
        if os.geteuid() == 0:
            # Its download user could not write into the folder of another one.
            settings["APT::Sandbox::User"] = "root"
        options = [f"-o{name}={value}" for name, value in settings.items()]
        return ["apt-get", *options]

    def download(self, names, folder):
        """Fetch packages into a folder; apt verifies each and resumes a broken one.

        :param list names: packages, with ``/suite`` where it matters
        :return: the package files
        :rtype: list[Download]
        """
        argv = [*self._command(), "-oAPT::Status-Fd=1", "download", *names]
        lines = []
        run([*argv, "--print-uris"], self.log, lines.append)

        def show(line):
            if found := _PROGRESS.match(line):
                self.console.progress("{} %: {}".format(*found.groups()))

        run(argv, self.log, show, cwd=folder)
        return parse_print_uris("\n".join(lines))


def _complete(folder):
    """Package files of a finished download, else nothing."""
    index = folder / "complete.json"
    if not index.is_file():
        return []
    files = [(folder / name, size) for name, size in json.loads(index.read_text())]
    if any(not path.is_file() or path.stat().st_size != size for path, size in files):
        return []
    return [path for path, _size in files]


def fetch(project, console):
    """Fetch Odoo and what it links to into the user's cache.

    :return: the package files
    :rtype: list[pathlib.Path]
    """
    folder = project.cache / "debs" / fingerprint(FROM_ODOO_SUITE, FROM_OWN_SUITE)[:12]
    with exclusive(project.cache / "debs.lock", console):
        files = _complete(folder)
        if files:
            return files
        folder.mkdir(parents=True, exist_ok=True)
        apt = PrivateApt(project, console)
        console.say("    reading the package lists")
        own = apt.update()
        names = [f"{name}/{ODOO_SUITE}" for name in FROM_ODOO_SUITE]
        names += [f"{name}/{own}" for name in FROM_OWN_SUITE]
        console.say("    downloading")
        found = apt.download(names, folder)
        write_atomically(folder / "complete.json", json.dumps(found))
        return [folder / item.name for item in found]


def unpack(files, target, project, console):
    """Unpack package files into a folder."""
    for number, path in enumerate(files, 1):
        name = path.name.split("_")[0]
        console.say(f"    unpacking {name} ({number} of {len(files)})")
        run(["dpkg-deb", "-x", path, target], project.logs / "debian.log")
