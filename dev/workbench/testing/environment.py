"""The server and the databases that tests run on.

Templates hold what the add-on depends on. They are made once and kept; each run works
on copies, with the add-on installed from the code of the moment.
"""

import json
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from workbench.provision.commands import SetupError, run
from workbench.provision.console import Console
from workbench.provision.foreign_addons import QUEUE_JOB as QUEUE_JOB_WHEELS
from workbench.provision.foreign_addons import ensure_foreign_addons
from workbench.provision.paths import ADDON, Project
from workbench.provision.steps import exclusive, fingerprint
from workbench.stack.databases import Databases
from workbench.stack.demo_database import addon_fingerprint
from workbench.stack.odoo_server import Odoo
from workbench.stack.postgres import OwnServer, from_environment

PREPARATION = Path(__file__).with_name("prepare.py")
DEPENDENCIES = ("account_payment", "payment_stripe", "base_automation")


class Template(NamedTuple):
    """What a test database starts from; never with demo data."""

    name: str
    modules: tuple
    #: Whether Odoo adds what it adds by itself, such as electronic invoice formats.
    auto_install: bool = True
    #: What is prepared in it for tests, see ``workbench.testing.prepare``.
    prepared: tuple = ()
    #: The same, once the add-on is in it.
    completed: tuple = ()
    #: The template that it is made from, if there is one.
    base: "Template | None" = None


#: The hard dependencies and nothing else.
LEAN = Template("lean", DEPENDENCIES, auto_install=False)
#: What an administrator gets who installs the add-on.
USUAL = Template("usual", DEPENDENCIES)
WEBSITE = Template("website", (*DEPENDENCIES, "website"), base=USUAL)
#: With the company that core's tests of accounting work in.
COMPANY = Template(
    "company",
    DEPENDENCIES,
    prepared=("company",),
    completed=("bundles",),
    base=USUAL,
)
#: Applications that invoices come from, all optional: together, and each alone.
APPLICATIONS = Template(
    "applications",
    (*DEPENDENCIES, "point_of_sale", "repair", "sale_timesheet"),
    base=COMPANY,
)
SALE = Template("sale", (*DEPENDENCIES, "sale"), base=COMPANY)
SALE_PROJECT = Template("sale_project", (*DEPENDENCIES, "sale_timesheet"), base=SALE)
REPAIR = Template("repair", (*DEPENDENCIES, "repair"), base=SALE)
POINT_OF_SALE = Template(
    "point_of_sale", (*DEPENDENCIES, "point_of_sale"), base=COMPANY
)
#: Providers other than Stripe.
PROVIDERS = Template(
    "providers", (*DEPENDENCIES, "payment_custom", "payment_demo"), base=COMPANY
)
#: With OCA's queue of jobs.
QUEUE_JOB = Template("queue_job", (*DEPENDENCIES, "queue_job"), base=COMPANY)
#: Packages that templates need beyond what all need.
WHEELS = {QUEUE_JOB.name: QUEUE_JOB_WHEELS}


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

    def fetch(self, template):
        """Fetch the add-ons of others that a template is made with, if there are any.

        :raise SetupError: if they cannot be fetched
        """
        if wheels := WHEELS.get(template.name):
            ensure_foreign_addons(self.project, self.console, wheels)

    def ensure(self, template):
        """Make a template if it is not there, or if it is for another Odoo.

        :param Template template: what is in it
        :return: the database's name
        :rtype: str
        """
        facts = {
            "made_from": fingerprint(
                self.odoo.facts["fingerprint"], repr(template), PREPARATION
            )
        }
        name = f"{self.prefix}_{template.name}"
        if self.databases.facts(name) != facts:
            base = template.base and self.ensure(template.base)
            step = self.console.step(f"Test database ({template.name})")
            with step, self.databases.made(name, base) as part:
                self._fill(template, part)
                self.databases.set_facts(part, facts)
        return name

    def _fill(self, template, part):
        if not template.base or template.modules != template.base.modules:
            options = ["-i", ",".join(template.modules)]
            if not template.auto_install:
                options.append("--skip-auto-install")
            log = self.logs / f"template-{template.name}.log"
            self.odoo.job(part, log, *options, console=self.console)
        if template.prepared:
            self._prepare(part, template.prepared)
        self.databases.vacuum(part)

    def ensure_installed(self, template):
        """Install the add-on, and prepare for tests, if it is not so already.

        It is done again when the add-on's code or the template has changed.

        :param Template template: what else is installed
        :return: the database's name; warnings in Odoo's log of the installation
        :rtype: tuple[str, list[str]]
        """
        base = self.ensure(template)
        name = f"{base}_installed"
        made_from = fingerprint(
            json.dumps(self.databases.facts(base)),
            addon_fingerprint(self.project.root),
        )
        facts = self.databases.facts(name)
        if facts.get("made_from") != made_from:
            with self.databases.made(name, base) as part:
                facts = {"made_from": made_from, "problems": self.install(part)}
                if template.completed:
                    with self.console.step("Preparing it for tests"):
                        self._prepare(part, template.completed)
                self.databases.vacuum(part)
                self.databases.set_facts(part, facts)
        return name, facts["problems"]

    def _prepare(self, name, steps):
        config = self.odoo.write_config(f"{name}.conf", name)
        argv = [self.project.python, "-m", "workbench.testing.prepare", config, *steps]
        run(argv, self.logs / "prepare.log", env=self.odoo.env)

    def copy(self, template, purpose):
        """A database of one's own, dropped at the end.

        :param Template template: what it starts from
        :param str purpose: part of its name
        :return: context manager of its name
        """
        return self._copy(self.ensure(template), purpose)

    @contextmanager
    def copy_installed(self, template, purpose):
        """The same, with the add-on in it.

        :param Template template: what else is in it
        :param str purpose: part of its name
        :return: its name; warnings in Odoo's log of the installation
        :rtype: tuple[str, list[str]]
        """
        source, problems = self.ensure_installed(template)
        with self._copy(source, purpose) as name:
            yield name, problems

    @contextmanager
    def _copy(self, source, purpose):
        name = f"{self.prefix}_{purpose}"
        self.databases.clone(source, name)
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


def run_alone(action):
    """Do something with a test environment that no other run has meanwhile.

    :param action: called with the environment; returns an exit code, or nothing for 0
    :return: exit code
    :rtype: int
    """
    console = Console()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    environment = TestEnvironment(Project(), console)
    lock = environment.project.state / "test.lock"
    try:
        with exclusive(lock, console), environment.running():
            return action(environment) or 0
    except SetupError as error:
        console.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        console.say("\nInterrupted.")
        return 130
