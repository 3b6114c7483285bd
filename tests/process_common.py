import os
import re
import sys
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import requests

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config, mute_logger

from odoo.addons.account_payment_portal.models.payment.payment_provider import (
    STRIPE_SANDBOX_PARAMETER,
)

from .development import (
    Component,
    StripeSandbox,
    hold,
    http_answers,
    number_of,
    on_socket,
)

HOST = "127.0.0.1"
#: Seconds after which something that hangs is given up, however slow the machine is.
DEADLINE = 600


def start_odoo(add_cleanup, *options, **env):
    """Start a server of the tests' database in a process of its own.

    :param add_cleanup: What is called with what is to be done at the end.
    :param str options: Of Odoo's command line.
    :param str env: More of the process's environment.
    :return: The server, and where it answers.
    :rtype: tuple[Component, str]
    """
    name, held = get_db_name(), hold({"ODOO": 0}, {})["ODOO"]
    port = number_of(held)
    folder = tempfile.TemporaryDirectory()
    add_cleanup(folder.cleanup)
    odoo = Component(
        "Odoo",
        on_socket(
            held,
            [
                *(sys.executable, "-m", "odoo", "server", "-c", config["config"]),
                *("-d", name, f"--db-filter=^{re.escape(name)}$", "--workers=0"),
                *(f"--http-interface={HOST}", f"--http-port={port}"),
                *options,
            ],
        ),
        Path(folder.name) / "odoo.log",
        http_answers(port, "/web/health"),
        env={**os.environ, **env},
        sockets=[held],
    )
    odoo.start()
    add_cleanup(odoo.stop)
    odoo.wait_ready()
    return odoo, f"http://{HOST}:{port}"


@tagged("post_install", "-at_install", "portal_race")
class PortalProcessCase(BaseCase):
    """A company of its own, on the real database, served by an Odoo process of its own.

    What is made here is committed, and taken away again afterwards.
    """

    #: Whether Odoo's scheduler runs, too.
    cron_threads = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        cls.mark = uuid.uuid4().hex[:8]
        cls.sandbox = StripeSandbox()
        cls.sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.addClassCleanup(cls._take_away)
        cls._do(cls._make)
        cls.odoo = cls._start_odoo()

    # === The database === #

    @classmethod
    @contextmanager
    def _look(cls):
        with cls.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    @classmethod
    def _do(cls, work):
        """Do some work as a request of Odoo's server does, retries included."""
        with cls._look() as env:
            result = retrying(lambda: work(env), env)
            # Its own cursor, and what a request does.
            env.cr.commit()  # pylint: disable=invalid-commit
            return result

    @classmethod
    def _make(cls, env):
        env["ir.config_parameter"].set_param(STRIPE_SANDBOX_PARAMETER, cls.sandbox.url)
        company = env["res.company"].create(
            {
                "name": f"Race {cls.mark}",
                "country_id": env.ref("base.us").id,
                "currency_id": env.ref("base.USD").id,
            }
        )
        env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )
        env["res.users"].browse(SUPERUSER_ID).company_ids += company
        partner = env["res.partner"].create(
            {
                "name": f"Race {cls.mark}",
                "email": f"{cls.mark}@customer.example",
                # Core's own pages send all of it, and Stripe refuses what is empty.
                "street": "1 Main Street",
                "city": "Springfield",
                "zip": "62701",
                "state_id": env.ref("base.state_us_15").id,
                "country_id": env.ref("base.us").id,
                "phone": "+1 217 555 0100",
            }
        )
        user = env["res.users"].create(
            {
                "login": cls.mark,
                "password": cls.mark,
                "partner_id": partner.id,
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [Command.set(env.ref("base.group_portal").ids)],
            }
        )
        cls.company_id, cls.partner_id, cls.user_id = company.id, partner.id, user.id
        provider = cls._make_provider(env, company)
        cls.provider_id = provider.id

    @classmethod
    def _make_provider(cls, env, company):
        provider = env.ref("payment.payment_provider_stripe").copy(
            {"company_id": company.id}
        )
        card = env.ref("payment.payment_method_card")
        cls.card_id = card.id
        provider.write(
            {
                "payment_method_ids": [Command.link(card.id)],
                "stripe_publishable_key": cls.sandbox.publishable_key,
                "stripe_secret_key": cls.sandbox.secret_key,
                "stripe_webhook_secret": cls.sandbox.webhook_secret,
                "state": "test",
                "is_published": True,
                "allow_tokenization": True,
            }
        )
        provider.journal_id = env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
        )
        return provider

    @classmethod
    def _create_links(cls, env):
        """Create an invoice with two recipients.

        :return: Their links' paths.
        :rtype: list[str]
        """
        env = env(context={"allowed_company_ids": [cls.company_id]})
        invoice = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.partner_id,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 100.0, "tax_ids": []})
                ],
            }
        )
        invoice.action_post()
        links = env["account.move.portal.link"].create(
            [
                {"move_id": invoice.id, "email": f"{number}@{cls.mark}.example"}
                for number in range(2)
            ]
        )
        return [link._get_path() for link in links]

    @classmethod
    def _take_away(cls):
        cls._do(cls._delete_all)
        cls.registry.clear_all_caches()

    @classmethod
    def _delete_all(cls, env):
        env["ir.config_parameter"].set_param(STRIPE_SANDBOX_PARAMETER, False)
        company = env["res.company"].browse(cls.company_id)
        move_ids = env["account.move"].search([("company_id", "=", company.id)]).ids
        journals = env["account.journal"].with_context(active_test=False)
        alias_ids = journals.search([("company_id", "=", company.id)]).alias_id.ids
        env.cr.execute("SET session_replication_role = replica")
        for table, column, ids in [
            *((table, "company_id", company.ids) for table in cls._find_tables(env)),
            ("account_move_portal_notification", "move_id", move_ids),
            ("account_move_portal_link_request", "move_id", move_ids),
            ("account_invoice_transaction_rel", "invoice_id", move_ids),
            ("account_move_portal_event", "move_id", move_ids),
            ("payment_provider_event", "provider_id", [cls.provider_id]),
            ("mail_alias", "id", alias_ids),
            ("res_groups_users_rel", "uid", [cls.user_id]),
            ("res_company_users_rel", "cid", company.ids),
            ("res_partner", "id", [cls.partner_id, company.partner_id.id]),
            ("res_company", "id", company.ids),
        ]:
            env.cr.execute(f'DELETE FROM "{table}" WHERE "{column}" = ANY(%s)', [ids])
        env.cr.execute(
            "DELETE FROM mail_message WHERE model = 'account.move' "
            "AND res_id = ANY(%s)",
            [move_ids],
        )
        env.cr.execute("SET session_replication_role = DEFAULT")
        env.invalidate_all(flush=False)

    @staticmethod
    def _find_tables(env):
        """Return the tables that hold records of a company."""
        for model in env.values():
            field = model._fields.get("company_id")
            if (
                model._auto
                and not model._abstract
                and field
                and field.store
                and field.type == "many2one"
            ):
                yield model._table

    # === The process === #

    def setUp(self):
        super().setUp()
        if self.odoo.process.poll() is not None:  # A test before has killed it.
            type(self).odoo = self._start_odoo()

    @classmethod
    def _start_odoo(cls):
        """Start a server of this database; it is stopped at the end.

        :rtype: Component
        """
        odoo, cls.url = start_odoo(
            cls.addClassCleanup, f"--max-cron-threads={cls.cron_threads}"
        )
        return odoo

    def _call(self, path, session=requests, **params):
        """Call a JSON-RPC route as a browser does.

        :return: What it answered: a result or an error.
        :rtype: dict
        """
        response = session.post(
            self.url + path, json={"params": params}, timeout=DEADLINE
        )
        return response.json()

    def _log_in(self):
        """Return a session of the customer.

        :rtype: requests.Session
        """
        session = requests.Session()
        self.addCleanup(session.close)
        self._call(
            "/web/session/authenticate",
            session,
            db=get_db_name(),
            login=self.mark,
            password=self.mark,
        )
        return session

    def _at_once(self, *works):
        """Do some works at the same time.

        :return: Their results, or the exceptions that they ended with.
        """
        results = [None] * len(works)
        start = threading.Barrier(len(works))

        def run(index, work):
            start.wait(DEADLINE)
            try:
                results[index] = work()
            except Exception as error:  # noqa: BLE001 - to be looked at.
                results[index] = error

        threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
        with mute_logger("odoo.sql_db", "odoo.addons.payment.models"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(DEADLINE * 2)
        return results

    def _wait_for(self, condition):
        """Wait until something is true."""
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen in time")
            time.sleep(0.02)  # Another process: there is nothing else to wait on.

    def _assert_log_has_no_error(self):
        errors = re.findall(r"^.* ERROR .*$", self.odoo.log.read_text(), re.MULTILINE)
        self.assertFalse(errors)
