"""The demo stack: PostgreSQL, the Stripe sandbox, the mailbox and Odoo."""

import itertools
import json
import secrets
from contextlib import contextmanager

from workbench.mailbox import MessageStore
from workbench.provision.commands import SetupError
from workbench.provision.steps import write_atomically

from . import demo_settings as settings
from .client import Client
from .component import Component
from .databases import Databases
from .demo_database import DemoDatabase
from .leftovers import is_running, read_stack, stop_stack
from .odoo_server import Odoo, on_socket
from .ports import HOST, hold, number_of
from .postgres import OwnServer, from_environment
from .probes import http_answers, smtp_greets
from .supervisor import Supervisor

#: Variable that may override a port -> the number that is tried first.
PORTS = {
    "ODOO_PORT": 8069,
    "MAILBOX_PORT": 8025,
    "SMTP_PORT": 1025,
    "STRIPE_PORT": 12111,
}
WEBHOOK_PATH = "/payment/stripe/webhook"


class DemoStack:
    """The demo stack of one clone.

    :param Project project: the clone
    :param Console console: where progress is shown
    """

    def __init__(self, project, console):
        self.project = project
        self.console = console
        self.folder = project.state / "demo"
        self.mail = self.folder / "mail"
        self.logs = self.folder / "logs"
        self.server = from_environment() or OwnServer(self.folder)
        self.odoo = Odoo(project, self.server, self.folder)
        self.databases = Databases(self.server, self.odoo.data_dir)
        self.database = DemoDatabase(
            self.odoo, self.databases, self.server.prefix(project.root), console
        )
        self.supervisor = Supervisor(project.stack_file)
        self.sockets, self.ports = {}, {}
        self.facts = {}

    def start(self):
        """Start everything, set it up and run the main job if it never ran.

        :return: where to look, see :meth:`_describe`
        :rtype: dict
        :raise ComponentFailed: if a program does not start
        :raise SetupError: if the database cannot be made, or no email arrives
        """
        self.supervisor.note({})
        self.sockets = self._hold_ports()
        keys = self._keys()
        with self.console.step("PostgreSQL"):
            component = self.server.component()
            if component:
                self.supervisor.start(component)
        self.database.ensure()
        with self.console.step("Odoo, the mailbox and the Stripe sandbox"):
            self.supervisor.start(self._stripe(keys), self._mailbox(), self._odoo())
        with self.console.step("Settings and the first email"):
            self.facts = self._set_up(keys)
        self.supervisor.note(self.facts)
        return self.facts

    def stop(self):
        """Stop everything that was started."""
        self.supervisor.stop()
        for held in self.sockets.values():
            held.close()

    def url(self, variable):
        """Address of the server behind a port variable.

        :rtype: str
        """
        return f"http://{HOST}:{self.ports[variable]}"

    def _hold_ports(self):
        """Listen on all ports, so that nobody else takes one while Odoo is made ready.

        Those of the last time if they are free: links in old mails stay good.
        """
        path = self.folder / "ports.json"
        known = json.loads(path.read_text()) if path.is_file() else {}
        held = hold({**PORTS, **known})
        self.ports = {variable: number_of(each) for variable, each in held.items()}
        write_atomically(path, json.dumps(self.ports))
        return held

    def _keys(self):
        """Keys that Odoo and the sandbox share, made once."""
        path = self.folder / "keys.json"
        if not path.is_file():
            kinds = ("sk_test_", "pk_test_", "whsec_")
            write_atomically(
                path, json.dumps([kind + secrets.token_hex(16) for kind in kinds])
            )
        return settings.Keys(*json.loads(path.read_text()))

    def _python(self, module, *arguments):
        return [self.project.python, "-m", module, *arguments]

    def _component(self, name, argv, probe, *sockets):
        return Component(
            name,
            argv,
            self.logs / f"{name.split()[0].lower()}.log",
            probe,
            env=self.odoo.env,
            sockets=sockets,
        )

    def _stripe(self, keys):
        held = self.sockets["STRIPE_PORT"]
        arguments = {
            "--port": number_of(held),
            "--fd": held.fileno(),
            "--webhook-url": self.url("ODOO_PORT") + WEBHOOK_PATH,
            "--webhook-secret": keys.webhook,
            "--secret-key": keys.secret,
            "--publishable-key": keys.publishable,
            "--state-file": self.folder / "stripe.json",
        }
        argv = self._python("stripe_sandbox", *itertools.chain(*arguments.items()))
        # It answers to its own key only.
        key = f"Bearer {keys.secret}"
        answers = http_answers(number_of(held), "/v1/account", Authorization=key)
        return self._component("Stripe sandbox", argv, answers, held)

    def _mailbox(self):
        smtp, http = self.sockets["SMTP_PORT"], self.sockets["MAILBOX_PORT"]
        arguments = [f"--smtp=fd:{smtp.fileno()}", f"--http=fd:{http.fileno()}"]
        argv = self._python("workbench.mailbox", *arguments, "--store", self.mail)
        greets, answers = smtp_greets(number_of(smtp)), http_answers(number_of(http))
        return self._component(
            "Mailbox", argv, lambda: greets() and answers(), smtp, http
        )

    def _odoo(self):
        port, held = self.ports["ODOO_PORT"], self.sockets["ODOO_PORT"]
        config = self.odoo.write_config(
            "odoo.conf", self.database.name, http_port=port, max_cron_threads=2
        )
        argv = on_socket(held, self.odoo.command(config))
        return self._component("Odoo", argv, http_answers(port, "/web/health"), held)

    def _set_up(self, keys):
        """Set Odoo up, run the main job once.

        :return: where to look
        :rtype: dict
        """
        client = Client(self.url("ODOO_PORT"))
        client.login(self.database.name, settings.LOGIN, settings.PASSWORD)
        self.database.check_answers(client)
        settings.set_parameters(client, self.url("ODOO_PORT"), self.url("STRIPE_PORT"))
        settings.set_mail_server(client, self.ports["SMTP_PORT"])
        settings.set_logo(client)
        settings.set_stripe(client, keys)
        link = settings.first_link(client)
        if not link:
            invoice, number, customer = settings.open_invoice(client)
            self.console.say(f"    emailing invoice {number} to {customer}")
            settings.send_link(client, invoice)
            link = settings.first_link(client)
            if not (link and self._mailed_link(link[1])):
                raise SetupError(f"The first email did not arrive, see {self.logs}.")
        return self._describe(link)

    def _mailed_link(self, recipient):
        return settings.mailed_link(MessageStore(self.mail).all(), recipient)

    def _describe(self, link):
        """Where to look: what :func:`running_demo` gives, and ``stack.json`` holds."""
        invoice, recipient = link
        mailbox = self.url("MAILBOX_PORT")
        return {
            "odoo_url": self.url("ODOO_PORT"),
            "database": self.database.name,
            "login": settings.LOGIN,
            "password": settings.PASSWORD,
            "mailbox_url": mailbox,
            "smtp_port": self.ports["SMTP_PORT"],
            "stripe_url": self.url("STRIPE_PORT"),
            "customer_link": self._mailed_link(recipient) or mailbox,
            "invoice": invoice,
            "recipient": recipient,
            "odoo_log": str(self.logs / "odoo.log"),
        }


def find_running(project):
    """Where to look in the demo that runs from this clone now, else nothing.

    :rtype: dict
    """
    noted = read_stack(project.stack_file)
    running = noted and is_running(noted["supervisor"]) and "odoo_url" in noted
    return noted if running else {}


@contextmanager
def running_demo(project, console):
    """The demo that runs already, or one that is started and stopped again.

    :return: where to look, as :meth:`DemoStack.start` tells it
    :rtype: dict
    """
    facts = find_running(project)
    if facts:
        yield facts
        return
    stop_stack(project.stack_file)
    stack = DemoStack(project, console)
    try:
        yield stack.start()
    finally:
        stack.stop()
