"""The template of all texts, exported by Odoo itself."""

import re
import shutil

from lint.as_addon import stage
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
    """
    odoo, project = environment.odoo, environment.project
    parent = project.state / "export"
    shutil.rmtree(parent, ignore_errors=True)
    stage(ADDON_ROOT, parent / ADDON, without=("dev/", "tests/", "."))
    with environment.copy_installed(USUAL, "export") as (database, _problems):
        paths = ",".join([*odoo.facts["addons"], str(parent)])
        config = odoo.write_config("export.conf", database, addons_path=paths)
        exported = parent / "export.pot"
        argv = [
            *(project.python, "-m", "odoo", "i18n", "export", "-c", config),
            *("-d", database, "-l", "pot", "-o", exported, ADDON),
        ]
        with environment.console.step("Exporting the texts"):
            run(argv, environment.logs / "export.log", env=odoo.env)
    text = exported.read_text()
    shutil.rmtree(parent)
    former = TEMPLATE.read_text() if TEMPLATE.exists() else ""
    if _DATES.sub("", text) != _DATES.sub("", former):
        TEMPLATE.write_text(text)
