"""Odoo's source: an existing one, or Debian's package unpacked below ``.dev/``."""

import json
import os
import re
from pathlib import Path

from . import debian
from .commands import SetupError
from .paths import ADDON
from .steps import Stamp, fingerprint, link, replaced_folder, write_atomically

SERIES = "19.0"


def find_package(home):
    """Odoo's Python package in a checkout or an installed source.

    :param pathlib.Path home: a checkout, a ``site-packages`` folder, or the package
    :return: the folder with ``release.py``
    :rtype: pathlib.Path
    :raise SetupError: if there is none
    """
    for candidate in (home / "odoo", home):
        if (candidate / "release.py").is_file():
            return candidate.resolve()
    raise SetupError(f"ODOO_HOME={home} holds no Odoo: no odoo/release.py in it.")


def find_addons(package):
    """Folders of add-ons that belong to an Odoo package.

    An installed Odoo keeps all of them inside the package, a checkout most beside it.

    :rtype: list[pathlib.Path]
    """
    inside, beside = package / "addons", package.parent / "addons"
    return [inside] if (inside / "account").is_dir() else [beside, inside]


def series(package):
    """Odoo's series, such as ``19.0``.

    :rtype: str
    """
    text = (package / "release.py").read_text()
    found = re.search(r"^version_info = \((\d+), (\d+)", text, re.M)
    return ".".join(found.groups()) if found else "unknown"


def _unpacked(project, console):
    """Debian's package below ``.dev/``, made if it is not there."""
    target = project.state / "odoo"
    made_from = fingerprint(debian.FROM_ODOO_SUITE, debian.FROM_OWN_SUITE)
    stamp = Stamp(target / "complete", made_from)
    if not stamp.is_current():
        with console.step("Odoo 19"):
            files = debian.fetch(project, console)
            with replaced_folder(target) as part:
                debian.unpack(files, part, project, console)
                Stamp(part / "complete", made_from).set()
    return target / "usr" / "lib" / "python3" / "dist-packages"


def ensure_odoo(project, console):
    """Make sure that there is an Odoo 19, and note where.

    :raise SetupError: if ``ODOO_HOME`` is set to something else
    """
    given = os.environ.get("ODOO_HOME")
    home = Path(given).expanduser() if given else _unpacked(project, console)
    package = find_package(home)
    if series(package) != SERIES:
        raise SetupError(f"{package} is Odoo {series(package)}, not {SERIES}.")
    facts = {
        "package": str(package),
        "addons": [str(path) for path in find_addons(package)],
        "fingerprint": fingerprint(package / "release.py", str(package)),
    }
    text = json.dumps(facts, indent=1)
    if not project.odoo_facts.is_file() or project.odoo_facts.read_text() != text:
        write_atomically(project.odoo_facts, text)
    link(project.library / "odoo", package)
    link(project.addons / ADDON, Path("..") / "..")
