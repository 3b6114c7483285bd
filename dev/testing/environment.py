"""The server and the databases that tests run on.

Templates hold what the add-on depends on. They are made once and kept; each run works
on copies, with the add-on installed from the code of the moment.
"""

from contextlib import contextmanager
from typing import NamedTuple

from provision.commands import run
from provision.paths import ADDON
from provision.steps import fingerprint
from stack.databases import Databases
from stack.odoo_server import Odoo
from stack.postgres import OwnServer, from_environment

DEPENDENCIES = ("account_payment", "payment_stripe", "base_automation")


class Template(NamedTuple):
    """What a test database starts from; never with demo data."""

    name: str
    modules: tuple
    #: Whether Odoo adds what it adds by itself, such as electronic invoice formats.
    auto_install: bool = True
    #: Whether it has a company with a chart of accounts, see ``testing.company``.
    has_company: bool = False
    #: The template that it is made from, if there is one.
    base: "Template | None" = None


#: The hard dependencies and nothing else.
LEAN = Template("lean", DEPENDENCIES, auto_install=False)
#: What an administrator gets who installs the add-on.
USUAL = Template("usual", DEPENDENCIES)
#: The same, for the many classes of tests that need a chart of accounts.
ACCOUNTING = Template("accounting", DEPENDENCIES, has_company=True, base=USUAL)
WEBSITE = Template("website", (*DEPENDENCIES, "website"), base=USUAL)
#: Applications that invoices come from, all optional: each alone with what it needs.
SALE = Template("sale", (*DEPENDENCIES, "sale"), base=USUAL)
SALE_PROJECT = Template("sale_project", (*DEPENDENCIES, "sale_timesheet"), base=SALE)
REPAIR = Template("repair", (*DEPENDENCIES, "repair"), base=SALE)
POINT_OF_SALE = Template("point_of_sale", (*DEPENDENCIES, "point_of_sale"), base=USUAL)
#: All of them together, with what they add to each other, and providers other than
#: Stripe.
APPLICATIONS = Template(
    "applications",
    (
        *DEPENDENCIES,
        *("sale_management", "sale_project", "sale_timesheet", "stock", "repair"),
        *("point_of_sale", "payment_custom", "payment_demo"),
    ),
    base=REPAIR,
)
TEMPLATES = (LEAN, USUAL, WEBSITE)


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

    def ensure(self, template):
        """Make a template if it is not there, or if it is for another Odoo.

        :param Template template: what is in it
        :return: the database's name
        :rtype: str
        """
        facts = {
            "made_from": fingerprint(self.odoo.facts["fingerprint"], repr(template))
        }
        name = f"{self.prefix}_{template.name}"
        if self.databases.facts(name) != facts:
            base = template.base and self.ensure(template.base)
            with self.console.step(f"Test database ({template.name})"):
                self._make(template, name, base)
                self.databases.set_facts(name, facts)
        return name

    def _make(self, template, name, base):
        """Make it under another name and move it into place when it is complete."""
        part = f"{name}_part"
        if base:
            self.databases.clone(base, part)
        else:
            self.databases.create(part)
        options = ["-i", ",".join(template.modules)]
        if not template.auto_install:
            options.append("--skip-auto-install")
        log = self.logs / f"template-{template.name}.log"
        self.odoo.job(part, log, *options, console=self.console)
        if template.has_company:
            config = self.odoo.write_config(f"{part}.conf", part)
            argv = [self.project.python, "-m", "testing.company", config]
            run(argv, self.logs / "company.log", env=self.odoo.env)
        self.databases.rename(part, name)

    @contextmanager
    def copy(self, template, purpose):
        """A database of one's own, dropped at the end.

        :param Template template: what it starts from
        :param str purpose: part of its name
        :return: its name
        :rtype: str
        """
        name = f"{self.prefix}_{purpose}"
        self.databases.clone(self.ensure(template), name)
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
            log = self.logs / f"install-{name}.log"
            return self.odoo.job(name, log, "-i", ADDON, console=self.console)
