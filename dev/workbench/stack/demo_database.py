"""The demo database: Odoo's own demo data and the add-on, kept up to date."""

import os
import shutil
from pathlib import Path

from workbench.provision.commands import SetupError
from workbench.provision.paths import ADDON
from workbench.provision.steps import fingerprint

#: What the add-on depends on; Odoo adds the chart of accounts and demo invoices.
BASE = "account_payment,payment_stripe,base_automation"
#: Folders of the clone whose content does not change the installed add-on.
OUTSIDE = {"dev", "docs", "tests", "build", "dist", "node_modules", "__pycache__"}


def addon_files(root):
    """Files of the add-on that count: its Python, and what is in its folders.

    :param pathlib.Path root: the clone
    :rtype: list[pathlib.Path]
    """
    files = sorted(root.glob("*.py"))
    for folder, names, contents in os.walk(root):
        names[:] = sorted(
            name for name in names if name not in OUTSIDE and not name.startswith(".")
        )
        if Path(folder) != root:
            files += [Path(folder) / name for name in sorted(contents)]
    return files


def addon_fingerprint(root):
    """Digest of the add-on's files, names included.

    :param pathlib.Path root: the clone
    :rtype: str
    """
    files = addon_files(root)
    return fingerprint(*(str(path.relative_to(root)) for path in files), *files)


class DemoDatabase:
    """The demo database.

    :param Odoo odoo: how to run jobs on it
    :param Databases databases: where it is
    :param str prefix: start of its name
    :param Console console: where progress is shown
    """

    def __init__(self, odoo, databases, prefix, console):
        self.odoo = odoo
        self.databases = databases
        self.name = f"{prefix}_demo"
        self.console = console

    def ensure(self):
        """Make the database if there is none, else bring the add-on up to date."""
        base = self.odoo.facts["fingerprint"]
        wanted = {
            "base": base,
            "addon": addon_fingerprint(self.odoo.project.root),
        }
        facts = self.databases.facts(self.name)
        if facts.get("base") != base:
            self._install(self._ensure_base(base))
        elif facts != wanted:
            self._upgrade()
        if facts != wanted:
            self.databases.set_facts(self.name, wanted)

    def check_answers(self, client):
        """Check that who answers serves this database, and no other of that name.

        :param Client client: logged in
        :raise SetupError: if not
        """
        query = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
        [(own,)] = self.databases.execute(query, database=self.name)
        if client.call("ir.config_parameter", "get_param", "database.uuid") != own:
            raise SetupError(f"At {client.url} another Odoo answers, not ours.")

    def _ensure_base(self, base):
        """Odoo with its demo data, kept so that a failed installation costs little.

        :param str base: fingerprint of Odoo
        :return: the database's name
        :rtype: str
        """
        name, facts = f"{self.name}_base", {"base": base}
        if self.databases.facts(name) != facts:
            step = self.console.step("Demo database: Odoo and its demo data")
            with step, self.databases.made(name) as part:
                self._job(part, "base.log", "-i", BASE, "--with-demo")
                self.databases.set_facts(part, facts)
        return name

    def _install(self, base):
        with self.console.step("Demo database: the add-on"):
            self._forget_companions()
            with self.databases.made(self.name, base) as part:
                self._job(part, "install.log", "-i", ADDON, "--with-demo")

    def _upgrade(self):
        """Update the add-on in it: its files have changed."""
        with self.console.step("Updating the add-on in the demo database"):
            self._job(self.name, "upgrade.log", "-u", ADDON)

    def _job(self, name, log, *arguments):
        path = self.odoo.folder / "logs" / log
        problems = self.odoo.job(name, path, *arguments, console=self.console)
        if problems:
            self.console.say("\n".join(["    Odoo warns:", *problems]))

    def _forget_companions(self):
        """Empty mailbox and Stripe sandbox, which belong to the former database."""
        shutil.rmtree(self.odoo.folder / "mail", ignore_errors=True)
        (self.odoo.folder / "stripe.json").unlink(missing_ok=True)
