import os
from contextlib import contextmanager
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.notify import account_move_portal_reminder
from ..bulk_common import PortalBulkProcessCase
from ..send_common import MAIL_LOGGERS

SENT_ON, DUE, DECIDED = "2026-02-02 15:00:00", "2026-03-02", "2026-03-03 16:00:00"


@tagged("post_install", "-at_install", "portal_race")
class TestReminderKill(PortalBulkProcessCase):
    """What decides, and what sends, is killed between any two steps.

    The invoices are drafts, made to look posted: they are removed without a trace.
    """

    def _create_due(self, count):
        """Create invoices of which a reminder is due."""
        self._create_emails(count)
        with self._transaction() as env:
            env["account.move.portal.batch"].browse(
                self.ids["account.move.portal.batch"]
            ).delivery_ids.unlink()
            moves = env["account.move"].browse(self.ids["account.move"])
            env["account.move.portal.link"].create(
                [
                    {
                        "move_id": move.id,
                        "email": move.partner_id.email,
                        "partner_id": move.partner_id.id,
                        "email_role": "to",
                        "sent_on": SENT_ON,
                        "expires_on": False,
                    }
                    for move in moves
                ]
            )
            calendar = env["resource.calendar"].create({"name": self.mark})
            with freeze_time("2026-01-02 12:00:00"):
                rule = env["account.move.portal.reminder.rule"].create(
                    {
                        "name": self.mark,
                        "days": 1,
                        "subject": "x",
                        "body": "<p>x</p>",
                        "hour_from": 0,
                        "hour_to": 24,
                        "calendar_id": calendar.id,
                    }
                )
                rule.action_switch_on()
            self.ids = {
                "account.move.portal.reminder.rule": rule.ids,
                "resource.calendar": calendar.ids,
                **self.ids,
            }
        self._set_posted(True)

    def _set_posted(self, is_posted):
        state, maturity = ("posted", DUE) if is_posted else ("draft", DUE)
        with self._transaction() as env:
            ids = self.ids["account.move"]
            env.cr.execute(
                "UPDATE account_move SET state = %s, payment_state = 'not_paid',"
                " amount_residual = amount_total,"
                " amount_residual_signed = amount_total WHERE id = ANY(%s)",
                [state, ids],
            )
            env.cr.execute(
                "UPDATE account_move_line SET parent_state = %s, date_maturity = %s"
                " WHERE move_id = ANY(%s) AND display_type = 'payment_term'",
                [state, maturity, ids],
            )

    def _remove_all(self):
        if not hasattr(self, "ids"):
            return
        self._set_posted(False)
        with self._transaction() as env:
            moves = env["account.move"].browse(self.ids["account.move"])
            deliveries = env["account.move.portal.delivery"].search(
                [("move_id", "in", moves.ids)]
            )
            batches = deliveries.batch_id
            deliveries.unlink()
            batches.unlink()
            env["account.move.portal.link"].search(
                [("move_id", "in", moves.ids)]
            ).unlink()
        super()._remove_all()

    def _decide(self, env):
        with self._frozen():
            reminders = env["account.move.portal.reminder"]
            reminders._decide(env.company)
            reminders._queue_emails()

    @contextmanager
    def _frozen(self):
        with freeze_time(DECIDED):
            yield

    def _run_lane(self):
        with self._frozen():
            return super()._run_lane()

    def _fork(self, job, die=None):
        """Do something in a process of its own, which is killed at a step."""
        original = self._run_lane
        self._run_lane = job
        try:
            return self._start_lane(die)
        finally:
            self._run_lane = original

    def _queue_here(self):
        with self._transaction() as env:
            env["account.move.portal.reminder"]._queue_emails()

    def _decide_here(self):
        with self._transaction() as env:
            self._decide(env)

    def _get_states(self):
        with self._transaction() as env:
            return {
                each.email: each.state
                for each in env["account.move.portal.delivery"].search(
                    [
                        ("move_id", "in", self.ids["account.move"]),
                        ("kind", "=", "reminder"),
                    ]
                )
            }

    def test_b11_killed_while_it_decides_has_decided_nothing(self):
        reminder_class = self.registry["account.move.portal.reminder"]
        self._create_due(4)
        for method, when in (
            ("_insert", "before"),
            ("_insert", "after"),
            ("_write_chosen", "after"),
        ):
            with self.subTest(f"{when} {method}"):
                known = self._get_connections()
                call = 2 if method == "_insert" else 1
                pid = self._fork(
                    self._decide_here, (reminder_class, method, when, call)
                )
                self.assertTrue(os.WIFSIGNALED(os.waitpid(pid, 0)[1]))
                self._wait_until_gone(known)
                self.assertEqual(self._get_states(), {})
        self._decide_here()
        self.assertEqual(list(self._get_states().values()), ["waiting"] * 4)
        self._run_lane()
        self.assertEqual(self._assert_each_once_or_uncertain(), ["sent"] * 4)

    def test_b11_killed_while_it_writes_emails_writes_each_once(self):
        reminder_class = self.registry["account.move.portal.reminder"]
        self.startPatcher(patch.object(account_move_portal_reminder, "QUEUE_SIZE", 2))
        self._create_due(5)
        with self._transaction() as env, self._frozen():
            env["account.move.portal.reminder"]._decide(env.company)
        for method, when, call, count in (
            ("_write_emails", "before", 1, 0),
            ("_write_emails", "after", 2, 2),
            ("_find_without_email", "after", 2, 4),
        ):
            with self.subTest(f"{when} {method}"):
                known = self._get_connections()
                pid = self._fork(self._queue_here, (reminder_class, method, when, call))
                self.assertTrue(os.WIFSIGNALED(os.waitpid(pid, 0)[1]))
                self._wait_until_gone(known)
                self.assertEqual(len(self._get_states()), count)
        self._decide_here()
        self.assertEqual(list(self._get_states().values()), ["waiting"] * 5)
        self._run_lane()
        self.assertEqual(self._assert_each_once_or_uncertain(), ["sent"] * 5)

    def test_b11_email_of_a_reminder_is_written_once(self):
        self._create_due(1)
        self._decide_here()
        with self._transaction() as env:
            reminders = env["account.move.portal.reminder"]
            [reminder] = reminders.search([("move_id", "in", self.ids["account.move"])])
            batch = env["account.move.portal.batch"].create(
                {"company_id": reminder.company_id.id, "origin": "reminder"}
            )
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(UniqueViolation),
                env.cr.savepoint(),
            ):
                reminders._write_emails(batch, reminder.ids)
            env.cr.rollback()

    def test_b11_killed_between_decision_and_sending_sends_each_once(self):
        self._create_due(4)
        self._decide_here()
        for method, when in (
            ("_find_reason_to_skip", "before"),
            ("_find_reason_to_skip", "after"),
            ("_set_sending", "before"),
        ):
            known = self._get_connections()
            pid = self._start_lane((self.delivery_class, method, when, 1))
            self.assertTrue(os.WIFSIGNALED(os.waitpid(pid, 0)[1]))
            self._wait_until_gone(known)
            self._decide_here()
        self._run_lane()
        self.assertEqual(self._assert_each_once_or_uncertain(), ["sent"] * 4)
        # And nothing is decided or sent once more.
        self._decide_here()
        self._run_lane()
        self.assertEqual(self._assert_each_once_or_uncertain(), ["sent"] * 4)

    @mute_logger("mail.log", *MAIL_LOGGERS)
    def test_b11_killed_while_it_leaves_leaves_one_to_a_person(self):
        self._create_due(3)
        self._decide_here()
        known = self._get_connections()
        pid = self._start_lane((self.delivery_class, "_send_message", "after", 2))
        self.assertTrue(os.WIFSIGNALED(os.waitpid(pid, 0)[1]))
        self._wait_until_gone(known)
        with self._transaction() as env:
            env.cr.execute(
                "UPDATE account_move_portal_delivery SET claimed_on = %s"
                " WHERE claimed_on IS NOT NULL",
                [fields.Datetime.to_datetime(SENT_ON)],
            )
        self._run_lane()
        self._decide_here()
        self._run_lane()
        states = self._assert_each_once_or_uncertain()
        self.assertEqual(sorted(states), ["sent", "sent", "uncertain"])

    def test_b11_two_that_decide_at_once_decide_once(self):
        self._create_due(6)
        pids = [self._fork(self._decide_here) for _number in range(3)]
        for pid in pids:
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self._run_lane()
        self.assertEqual(self._assert_each_once_or_uncertain(), ["sent"] * 6)
