import os
import signal
import time
from contextlib import contextmanager
from unittest.mock import patch

import psycopg2

from odoo import sql_db
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..send_common import MAIL_LOGGERS, PortalSendProcessCase

#: Seconds within which the database has to notice that a process is gone.
DEADLINE = 30


@tagged("post_install", "-at_install", "portal_race")
class TestPortalDeliveryKill(PortalSendProcessCase):
    """A process that is killed between any two steps of a sending.

    It is a process of its own, with its own connection, and dies of SIGKILL: nothing in
    it can catch that, or tidy up.
    """

    def _kill(self, owner, method, when):
        """Send in a process that is killed at a step.

        :param type owner: The class of the method.
        :param str method: The step.
        :param str when: `before` or `after`.
        """
        known = self._get_connections()
        pid = os.fork()
        if not pid:
            try:
                self._send_and_die(owner, method, when)
            finally:
                os._exit(1)  # Not reached, unless something failed.
        _pid, status = os.waitpid(pid, 0)
        self.assertTrue(os.WIFSIGNALED(status), "the step was not reached")
        end = time.monotonic() + DEADLINE
        while self._get_connections() - known:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)  # There is nothing to wait on but the database.

    def _send_and_die(self, owner, method, when):
        # The connections are the parent's: this process makes its own.
        sql_db._Pool = None
        self.registry._db = sql_db.db_connect(self.registry.db_name)
        original = getattr(owner, method)

        def die(*args, **kwargs):
            if when == "after":
                original(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, method, die)
        with self._transaction() as env:
            self._get_window(env).action_send()

    def _get_connections(self):
        with self._transaction() as env:
            env.cr.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
            return {pid for (pid,) in env.cr.fetchall()}

    def _send(self):
        """Click Send, and return what is true then."""
        with self._transaction() as env:
            self._get_window(env).action_send()
        return self._look()

    def _look(self):
        with self._transaction() as env:
            window = self._get_window(env)
            deliveries = env["account.move.portal.delivery"].search(
                [("move_id", "=", window.move_id.id)]
            )
            notes = window.move_id.message_ids.filtered(
                lambda message: "Payment portal link sent" in message.body
            )
            return {
                "states": deliveries.mapped("state"),
                "live": self._get_links(env).mapped("state"),
                "marked": [bool(link.sent_on) for link in self._get_links(env)],
                "mails": len(self.mailbox.messages),
                "notes": len(notes),
                "leftover": env["mail.mail"].search_count(
                    [("email_to", "ilike", "race@customer.example")]
                ),
            }

    def _assert(self, seen, states, links, mails, notes, marked=False):
        self.assertEqual(
            seen,
            {
                "states": states,
                "live": ["live"] * links,
                "marked": [marked] * links,
                "mails": mails,
                "notes": notes,
                "leftover": 0,
            },
        )

    def test_s11_killed_before_the_claim_leaves_nothing(self):
        for when in ("before", "after"):
            with self.subTest(when):
                self._kill(self.delivery_class, "_prepare_handover", when)
                self._assert(self._look(), [], 0, 0, 0)
        self._assert(self._send(), ["sent"], 1, 1, 1, True)

    def test_s11_killed_between_claim_and_handing_over_is_uncertain(self):
        self._kill(self.delivery_class, "_lock_what_is_written", "after")
        self._assert(self._look(), ["sending"], 1, 0, 0, True)
        self._assert(self._send(), ["uncertain"], 1, 0, 0, False)
        self._assert(self._send(), ["sent"], 1, 1, 1, True)

    @mute_logger("mail.log")
    def test_s11_killed_between_handing_over_and_noting_is_uncertain(self):
        for owner, method, when in [
            (self.delivery_class, "_send_message", "after"),
            (self.delivery_class, "_set_sent", "after"),
        ]:
            with self.subTest(method):
                self._start_over()
                before = len(self.mailbox.messages)
                self._kill(owner, method, when)
                seen = self._look()
                self._assert(seen, ["sending"], 1, before + 1, 0, True)
                # Told first, and never repeated unasked.
                self._assert(self._send(), ["uncertain"], 1, before + 1, 0, False)
                self._assert(self._send(), ["sent"], 1, before + 2, 1, True)
                first, second = self.mailbox.messages[-2:]
                self.assertEqual(
                    first.header("Message-Id"), second.header("Message-Id")
                )
                [link] = {each["href"] for each in first.links}
                self.assertIn(link, second.html)

    def test_s11_killed_after_noting_is_sent_once_and_told(self):
        batch_class = self.registry["account.move.portal.batch"]
        for when in ("before", "after"):
            with self.subTest(when):
                self._start_over()
                before = len(self.mailbox.messages)
                self._kill(batch_class, "_post_note", when)
                self._assert(self._look(), ["sent"], 1, before + 1, 0, True)
                self._assert(self._send(), ["sent"], 1, before + 1, 1, True)
                self._assert(self._send(), ["sent"], 1, before + 1, 1, True)

    @mute_logger("mail.log")
    def test_s11_scheduler_finds_what_was_killed_and_tells_staff(self):
        self._kill(self.delivery_class, "_send_message", "after")
        for _run in range(2):
            with self._transaction() as env:
                env.cr.execute(
                    "UPDATE account_move_portal_delivery"
                    " SET claimed_on = claimed_on - interval '1 hour'"
                )
                env["account.move.portal.delivery"]._run_due()
        self._assert(self._look(), ["uncertain"], 1, 1, 0, False)
        with self._transaction() as env:
            move = self._get_window(env).move_id
            [activity] = move.activity_ids
            self.assertIn("race@customer.example", activity.note)
            self.assertTrue(
                move.message_ids.filtered(
                    lambda note: "may not have arrived" in note.body
                )
            )

    def test_s11_scheduler_leaves_alone_what_is_being_sent(self):
        with self._transaction() as env, self._transaction() as other:
            delivery = self._get_window(env).sudo()._write_deliveries()
            delivery._set_sending()
            delivery.claimed_on = "2020-01-01 00:00:00"
            env.cr.commit()  # pylint: disable=invalid-commit
            delivery._lock_what_is_written()
            other["account.move.portal.delivery"]._recover_abandoned()
            self.assertEqual(
                other["account.move.portal.delivery"].browse(delivery.id).state,
                "sending",
            )

    # === THE DATABASE GOES AWAY === #

    @contextmanager
    def _database_gone_while_handing_over(self):
        """Have the connection of whoever sends cut, when the email has left."""
        send_message = self.delivery_class._send_message

        def send_and_cut(delivery, handover):
            try:
                send_message(delivery, handover)
            finally:
                with self._transaction() as env:
                    env.cr.execute(
                        "SELECT pg_terminate_backend(%s)",
                        [delivery.env.cr._cnx.info.backend_pid],
                    )

        with patch.object(self.delivery_class, "_send_message", send_and_cut):
            yield

    @mute_logger("odoo.sql_db", "mail.log")
    def test_s11_database_lost_while_handing_over_is_noted_all_the_same(self):
        with (
            self._database_gone_while_handing_over(),
            self.assertRaises(psycopg2.Error),
        ):
            self._send()
        self._assert(self._look(), ["sent"], 1, 1, 0, True)
        self._assert(self._send(), ["sent"], 1, 1, 1, True)

    @mute_logger("odoo.sql_db", "mail.log", *MAIL_LOGGERS)
    def test_s11_database_lost_at_a_refusal_leaves_no_live_link(self):
        self.mailbox.behave(refuse_data=(554, "Spam"))
        with (
            self._database_gone_while_handing_over(),
            self.assertRaises(psycopg2.Error),
        ):
            self._send()
        self._assert(self._look(), ["refused"], 0, 0, 0)
        self.mailbox.behave()
        self._assert(self._send(), ["sent"], 1, 1, 1, True)
