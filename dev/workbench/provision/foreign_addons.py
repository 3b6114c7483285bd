"""Add-ons of others that the add-on works with, each pinned, in ``.dev/foreign``."""

import shutil

from .python_env import uv_pip
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
        options = ("--no-deps", "--target", project.foreign)
        log = project.logs / "foreign.log"
        uv_pip(project, log, "install", *options, *wheels, on_line=console.progress)
        stamp.set()
