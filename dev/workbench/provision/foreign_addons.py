"""Add-ons of others that the add-on works with, each pinned, in ``.dev/foreign``."""

import os
import shutil

from .commands import run
from .python_env import uv_env
from .steps import Stamp, fingerprint

#: OCA's queue of jobs, and what its manifest asks for. It is no requirement like the
#: others: it names Odoo itself as one, which is no package here.
QUEUE_JOB = ("odoo-addon-queue-job==19.0.2.4.0.1", "openupgradelib==3.13.7")


def ensure_foreign_addons(project, console, wheels):
    """Fetch add-ons, if they are not there in these versions.

    :param tuple wheels: the packages, pinned
    :raise SetupError: if they cannot be fetched
    """
    stamp = Stamp(project.foreign / "complete", fingerprint(*wheels))
    if stamp.is_current():
        return
    with console.step("Add-ons of others"):
        stamp.clear()
        shutil.rmtree(project.foreign, ignore_errors=True)
        project.foreign.mkdir(parents=True)
        pip = [project.python, "-m", "pip", "--disable-pip-version-check"]
        uv = [project.venv / "bin" / "uv", "pip", "install", "--no-deps"]
        target = ["--python", project.python, "--target", project.foreign]
        env = uv_env(pip, os.environ, project.cache)
        log = project.logs / "foreign.log"
        run([*uv, *target, *wheels], log, console.progress, env=env)
        stamp.set()
