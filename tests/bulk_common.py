import os
import signal
import time
import uuid
from contextlib import contextmanager
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tests import BaseCase
from odoo.tests.common import get_db_name

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from ..tools import sql
from .development import Mailbox

#: Seconds after which something that hangs is given up, however slow the machine is.
DEADLINE = 600


class PortalBulkProcessCase(BaseCase):
    """Many emails in the real database, sent by lanes that are processes of their own.

    A lane dies of SIGKILL: nothing in it can catch that, or tidy up. Drafts are sent,
    because they can be removed afterwards without a trace.
    """

    #: What was made, by model; nothing as long as nothing is made.
    ids = None

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.delivery_class = self.registry["account.move.portal.delivery"]
        self.startPatcher(
            patch.object(IrMail_Server, "_disable_send", lambda *args: False)
        )
        self.startPatcher(patch.object(sql, "can_commit", lambda: True))
        self.mark = uuid.uuid4().hex[:8]
        self.mailbox = Mailbox()
        self.mailbox.start()
        self.addCleanup(self.mailbox.stop)
        self.addCleanup(self._remove_all)

    @contextmanager
    def _transaction(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _create_emails(self, count, **batch_values):
        """Create a sending of so many emails, each of an invoice and customer."""
        with self._transaction() as env:
            server = env["ir.mail_server"].create(
                {
                    "name": self.mark,
                    "smtp_host": "127.0.0.1",
                    "smtp_port": self.mailbox.smtp_port,
                    "smtp_encryption": "none",
                    "sequence": -1,
                }
            )
            partners = env["res.partner"].create(
                [
                    {"name": f"{self.mark} {n}", "email": self._get_address(n)}
                    for n in range(count)
                ]
            )
            moves = env["account.move"].create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": partner.id,
                        "invoice_line_ids": [
                            (0, 0, {"name": "x", "price_unit": 1, "tax_ids": False})
                        ],
                    }
                    for partner in partners
                ]
            )
            choice = moves.env["account.move.portal.batch"]._choose(
                moves, is_with_drafts=True
            )
            batch = env["account.move.portal.batch"]._start(
                choice,
                {"company_id": env.company.id, "origin": "list", **batch_values},
            )
            # As what has a text of its own, without a document: to make one takes
            # longer than all the rest.
            batch.delivery_ids.write({"subject": "Draft", "body": "<p>x</p>"})
            self.ids = {
                each._name: each.ids for each in (batch, moves, server, partners)
            }
            env.ref(self.delivery_class._queue_cron).flush_model()
            env["ir.cron.trigger"].search([]).unlink()

    def _get_address(self, number):
        return f"{self.mark}-{number}@customer.example"

    def _remove_all(self):
        if not self.ids:
            return  # The test was skipped before it made anything.
        with self._transaction() as env:
            env["account.move.portal.delivery"].search(
                [("batch_id", "in", self.ids["account.move.portal.batch"])]
            ).unlink()
            env["mail.activity"].search(
                [
                    ("res_model", "=", "account.move"),
                    ("res_id", "in", self.ids["account.move"]),
                ]
            ).unlink()
            for model, ids in self.ids.items():
                env[model].browse(ids).exists().unlink()

    # === LANES === #

    def _run_lane(self):
        """Run a lane here, until nothing is due."""
        with self._transaction() as env:
            env["account.move.portal.delivery"]._run_due()

    def _start_lane(self, die=None):
        """Start a lane in a process of its own, which ends when nothing is due.

        :param die: A method of a class, `before` or `after` which it is killed: the
            class, the name, when, and at which of its calls.
        :return: The id of the process.
        :rtype: int
        """
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            # The connections are the parent's: this process makes its own.
            sql_db._Pool = None
            self.registry._db = sql_db.db_connect(self.registry.db_name)
            if die:
                self._plan_death(*die)
            self._run_lane()
            code = 0
        finally:
            os._exit(code)

    @staticmethod
    def _plan_death(owner, method, when, call):
        original, calls = getattr(owner, method), []

        def step(*args, **kwargs):
            calls.append(1)
            if when == "before" and len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*args, **kwargs)
            if len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, method, step)

    def _wait_until_gone(self, known):
        """Wait until the database has noticed that processes are gone."""
        end = time.monotonic() + DEADLINE
        while self._get_connections() - known:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)  # There is nothing to wait on but the database.

    def _get_connections(self):
        with self._transaction() as env:
            env.cr.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
            return {pid for (pid,) in env.cr.fetchall()}

    def _pass_hours(self):
        """Let hours pass for what waits."""
        for _attempt in range(10):
            try:
                with self._transaction() as env:
                    for table, column in [
                        ("account_move_portal_delivery", "retry_on"),
                        ("account_move_portal_delivery", "claimed_on"),
                        ("account_move_portal_mail_budget", "held_until"),
                        ("account_move_portal_mail_permit", "taken_on"),
                    ]:
                        env.cr.execute(
                            f'UPDATE "{table}" SET "{column}" ='
                            f" \"{column}\" - interval '25 hours'"
                            f' WHERE "{column}" IS NOT NULL',
                            log_exceptions=False,
                        )
                return
            except psycopg2.OperationalError:
                continue  # A lane was writing one of them.
        self.fail("time does not pass")

    # === WHAT IS TRUE THEN === #

    def _get_states(self):
        """Return the state of each email by its recipient."""
        with self._transaction() as env:
            return {
                each.email: each.state
                for each in env["account.move.portal.delivery"].search(
                    [("batch_id", "in", self.ids["account.move.portal.batch"])]
                )
            }

    def _count_received(self):
        """Return how many emails the mail server took, by recipient."""
        counts = {}
        for mail in self.mailbox.messages:
            [address] = mail.envelope_to
            counts[address] = counts.get(address, 0) + 1
        return counts

    def _assert_each_once_or_uncertain(self):
        states, received = self._get_states(), self._count_received()
        for address, state in states.items():
            count = received.get(address, 0)
            if state == "sent":
                self.assertEqual(count, 1, address)
            else:
                self.assertEqual(state, "uncertain", address)
                self.assertLessEqual(count, 1, address)
        return list(states.values())
