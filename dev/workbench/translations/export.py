"""The template of all texts, exported by Odoo itself."""

import re
import shutil
import subprocess

from workbench.provision.commands import run
from workbench.provision.paths import ADDON
from workbench.testing.environment import USUAL

from . import ADDON_ROOT, TEMPLATE

#: What differs from one export to the next without any text being another.
_DATES = re.compile(r'^"(?:POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)


def export(environment):
    """Export the template.

    Odoo looks for texts in each file below the add-on and follows links, of which
    `.dev/` has one to the add-on itself: it would never end. So it is given a copy of
    the add-on's own files.

    :param TestEnvironment environment: With PostgreSQL running.
    :return: Whether a text has changed.
    :rtype: bool
    """
    odoo, project = environment.odoo, environment.project
    parent = project.state / "export"
    copy_addon(parent / ADDON)
    environment.ensure_installed(USUAL)
    with environment.copy_installed(USUAL, "export") as (database, _problems):
        paths = ",".join([*odoo.facts["addons"], str(parent)])
        config = odoo.write_config("export.conf", database, addons_path=paths)
        exported = parent / "export.pot"
        argv = [
            *(project.python, "-m", "odoo", "i18n", "export", "-c", config),
            *("-d", database, "-l", "pot", "-o", exported, ADDON),
        ]
        run(
            [str(part) for part in argv],
            environment.logs / "export.log",
            env=odoo.env,
        )
    text = exported.read_text()
    shutil.rmtree(parent)
    if TEMPLATE.exists() and _DATES.sub("", text) == _DATES.sub(
        "", TEMPLATE.read_text()
    ):
        return False
    TEMPLATE.write_text(text)
    return True


def copy_addon(target):
    """Copy the files that git knows or would add, without tools and tests.

    :param pathlib.Path target: A folder, made anew.
    """
    shutil.rmtree(target, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ADDON_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = ADDON_ROOT / name
        if name.startswith(("dev/", "tests/", ".")) or not source.is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / name)
