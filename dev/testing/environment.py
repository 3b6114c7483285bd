"""The server and the databases that tests run on.

Two templates, one without ``website`` and one with it, hold what the add-on depends on.
They are made once and kept; each run works on copies, with the add-on installed from
the code of the moment.
"""

from contextlib import contextmanager

from provision.paths import ADDON
from provision.steps import fingerprint
from stack.databases import Databases
from stack.odoo_server import Odoo
from stack.postgres import OwnServer, from_environment

DEPENDENCIES = ("account_payment", "payment_stripe", "base_automation")
WEBSITE = (*DEPENDENCIES, "website")


class TestEnvironment:
    """PostgreSQL, Odoo and the databases of a test run.

    :param Project project: the clone
    :param Console console: where progress is shown
    """

    __test__ = False  # not a test class, whatever its name looks like

    def __init__(self, project, console):
        self.project = project
        self.console = console
        self.folder = project.state / "test"
        self.logs = self.folder / "logs"
        self.server = from_environment() or OwnServer(self.folder, durable=False)
        self.odoo = Odoo(project, self.server, self.folder)
        self.databases = Databases(self.server, self.odoo.data_dir)
        self.prefix = self.server.prefix(project.root)

    @contextmanager
    def running(self, shared=False):
        """Have PostgreSQL running.

        :param bool shared: use the server of the run that this is a part of, if there
            is one; else a server that runs already is left over from a killed run
        """
        attached = shared and self.server.answers()
        component = None if attached else self.server.component()
        try:
            if component:
                component.start()
                component.wait_ready()
            yield self
        finally:
            if component:
                component.stop()

    def template(self, modules):
        """A database with these modules and no demo data, made if there is none.

        :param tuple modules: technical names
        :return: the database's name
        :rtype: str
        """
        made_from = fingerprint(self.odoo.facts["fingerprint"], *modules)
        name = f"{self.prefix}_template_{made_from[:8]}"
        if self.databases.facts(name) != {"made_from": made_from}:
            with self.console.step(f"Test database with {', '.join(modules)}"):
                self._make_template(name, modules)
                self.databases.set_facts(name, {"made_from": made_from})
        return name

    def _make_template(self, name, modules):
        """Make it under another name, from a smaller one if there is one."""
        part = f"{name}_part"
        if modules[: len(DEPENDENCIES)] == DEPENDENCIES != modules:
            self.databases.clone(self.template(DEPENDENCIES), part)
        else:
            self.databases.create(part)
        self.odoo.job(
            part,
            self.logs / "template.log",
            *("-i", ",".join(modules), "--skip-auto-install"),
            console=self.console,
        )
        self.databases.rename(part, name)

    @contextmanager
    def copy(self, modules, purpose):
        """A database of one's own with these modules, dropped at the end.

        :param tuple modules: technical names
        :param str purpose: part of its name
        :return: its name
        :rtype: str
        """
        name = f"{self.prefix}_{purpose}"
        self.databases.clone(self.template(modules), name)
        try:
            yield name
        finally:
            self.databases.drop(name)

    def install(self, name):
        """Install the add-on, from the code of the moment.

        :return: warnings in Odoo's log
        :rtype: list[str]
        """
        with self.console.step(f"Installing {ADDON}"):
            log = self.logs / "install.log"
            return self.odoo.job(name, log, "-i", ADDON, console=self.console)
