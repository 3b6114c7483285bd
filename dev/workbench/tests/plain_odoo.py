"""The add-on's tests as anybody runs them who has a checkout, Odoo and nothing else."""

import re
import subprocess
from typing import NamedTuple

from workbench.provision.commands import tail
from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.stack.ports import any_free_port
from workbench.testing.environment import COMPANY, TestEnvironment

#: What only `make` installs.
ABSENT = ("aiosmtpd", "axe_playwright_python", "playwright")
_TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
_SKIPPED = re.compile(r" skipped (.*)$", re.M)


class Outcome(NamedTuple):
    """What Odoo has counted, and why tests were skipped."""

    failed: int
    total: int
    skipped: list
    end: str


def run(tags, tmp_path):
    """Run tests by ``odoo --test-tags``, without ``dev/`` and what belongs to it.

    :param str tags: as Odoo takes them
    :param pathlib.Path tmp_path: a folder of the test's own
    :rtype: Outcome
    """
    for name in ABSENT:
        (tmp_path / f"{name}.py").write_text("raise ImportError('not installed')\n")
    environment = TestEnvironment(Project(), Console())
    odoo, log = environment.odoo, tmp_path / "odoo.log"
    with environment.running(shared=True):
        with environment.copy_installed(COMPANY, "plain") as (database, _problems):
            # A plain database has no company prepared under this name.
            environment.databases.execute(
                "UPDATE res_company SET name = 'Another' WHERE name = 'company_1_data'",
                database=database,
            )
            # Odoo's tests ask for the port that it has bound itself.
            port = any_free_port()
            config = odoo.write_config("plain.conf", database, http_port=port)
            command = odoo.command(config, "--test-tags", tags, "--stop-after-init")
            env = {**odoo.env, "PYTHONPATH": f"{tmp_path}:{odoo.project.library}"}
            with log.open("w") as sink:
                subprocess.run(command, env=env, stdout=sink, stderr=sink, check=False)
    text = log.read_text(errors="replace")
    found = _TOTAL.search(text)
    assert found, tail(log)
    failed, errors, total = map(int, found.groups())
    return Outcome(failed + errors, total, _SKIPPED.findall(text), tail(log, 200))
