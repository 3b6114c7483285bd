import queue
import threading
from contextlib import contextmanager, suppress
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from workbench.mailbox import Mailbox


class Killed(BaseException):
    """What ends a process at any moment: nothing catches it."""


@tagged("post_install", "-at_install")
class TestAccountMoveSendPortalRace(BaseCase):
    """Send in transactions of their own, committed to the real database.

    A draft is sent, because it can be removed afterwards without a trace; where the
    mark of an invoice that was sent matters, it only says that it is posted.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.mailbox = Mailbox()
        self.mailbox.start()
        self.addCleanup(self.mailbox.stop)
        window_class = self.registry["account.move.send.portal"]
        self.startPatcher(
            patch.object(IrMail_Server, "_disable_send", lambda *args: False)
        )
        self.startPatcher(patch.object(window_class, "_can_commit", lambda *args: True))
        with self._transaction() as env:
            self.ids = self._create_all(env)
        self.addCleanup(self._remove_all)

    @contextmanager
    def _transaction(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _create_all(self, env):
        partner = env["res.partner"].create(
            {"name": "Race", "email": "race@customer.example"}
        )
        move = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_line_ids": [
                    (0, 0, {"name": "x", "price_unit": 1, "tax_ids": False})
                ],
            }
        )
        server = env["ir.mail_server"].create(
            {
                "name": "Race",
                "smtp_host": "127.0.0.1",
                "smtp_port": self.mailbox.smtp_port,
                "smtp_encryption": "none",
                "sequence": -1,
            }
        )
        window = env["account.move.send.portal"].create({"move_id": move.id})
        return {each._name: each.id for each in (window, move, server, partner)}

    def _remove_all(self):
        with self._transaction() as env:
            for model, record_id in self.ids.items():
                env[model].browse(record_id).exists().unlink()

    def _get_window(self, env):
        return env["account.move.send.portal"].browse(
            self.ids["account.move.send.portal"]
        )

    def _get_links(self, env):
        return self._get_window(env).move_id.portal_link_ids.filtered("email")

    @mute_logger("odoo.sql_db")
    def test_s11_simultaneous_clicks_send_once(self):
        start = threading.Barrier(4)
        outcomes = queue.SimpleQueue()

        def click():
            start.wait(30)
            try:
                with self._transaction() as env:
                    outcomes.put(self._get_window(env).action_send()["tag"])
            except (UserError, SerializationFailure) as error:
                outcomes.put(type(error).__name__)

        threads = [threading.Thread(target=click) for _number in range(4)]
        with self.mailbox.hold():
            for thread in threads:
                thread.start()
            # Three are turned away while the mail of the first is on its way.
            late = [outcomes.get(timeout=30) for _number in range(3)]
        self.assertNotIn("display_notification", late)
        self.assertEqual(outcomes.get(timeout=30), "display_notification")
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(self.mailbox.messages), 1, late)
        with self._transaction() as env:
            self.assertEqual(len(self._get_links(env)), 1)

    @mute_logger("odoo.sql_db")
    def test_s11_click_that_looked_before_the_first_ended_sends_nothing(self):
        with self._transaction() as late, self._transaction() as first:
            self.assertEqual(self._get_window(late).delivery_state, "none")
            self._get_window(first).action_send()
            # Odoo runs it again then, with what is true now.
            with self.assertRaises(SerializationFailure):
                self._get_window(late).action_send()
            late.cr.rollback()
            again = self._get_window(late).action_send()
            self.assertEqual(again["tag"], "display_notification")
        self.assertEqual(len(self.mailbox.messages), 1)

    def test_s11_link_of_a_mail_that_left_before_the_crash_is_live(self):
        window_class = self.registry["account.move.send.portal"]
        send_mail = window_class._send_mail

        def send_and_die(window, values):
            send_mail(window, values)
            raise Killed

        with self.assertRaises(Killed), self._transaction() as env:
            with patch.object(window_class, "_send_mail", send_and_die):
                self._get_window(env).action_send()
        [mail] = self.mailbox.messages
        with self._transaction() as env:
            window, link = self._get_window(env), self._get_links(env)
            self.assertTrue(link._is_live())
            self.assertIn(link._get_url(), mail.html)
            self.assertEqual(window.delivery_state, "sending")
            # A person decides to send once more: it is the same link.
            window.action_send()
        with self._transaction() as env:
            self.assertEqual(self._get_links(env).ids, link.ids)
            self.assertEqual(self._get_window(env).delivery_state, "sent")

    # === OTHERS, AT THE SAME TIME === #

    def _get_window_class(self):
        return self.registry["account.move.send.portal"]

    def _post(self):
        """Have the invoice say that it is posted, and nothing else with it."""
        with self._transaction() as env:
            env.cr.execute(
                "UPDATE account_move SET state = 'posted' WHERE id = %s",
                [self.ids["account.move"]],
            )
        self.addCleanup(self._unpost)

    def _unpost(self):
        with self._transaction() as env:
            env.cr.execute(
                "UPDATE account_move SET state = 'draft' WHERE id = %s",
                [self.ids["account.move"]],
            )

    @contextmanager
    def _meanwhile(self, happen):
        """Have something happen when a mail has left, and nothing is written yet."""
        window_class = self._get_window_class()
        send_mail = window_class._send_mail

        def send(window, values):
            result = send_mail(window, values)
            happen()
            return result

        with patch.object(window_class, "_send_mail", send):
            yield

    def _edit_invoice(self):
        """Save the invoice as a colleague does, who waits for a short time only."""
        with suppress(LockNotAvailable), self._transaction() as env:
            env.cr.execute("SET LOCAL lock_timeout = '50ms'")
            self._get_window(env).move_id.ref = "edited"
            env.flush_all()

    def _open_page(self):
        """Open the page behind the link, as a program at the recipient's does."""
        with self._transaction() as env:
            visit = env["account.move.portal.event"]._record_visit(
                self._get_links(env), "unverified", reason="browser"
            )
            self.facts = visit._get_visit_facts()

    @mute_logger("odoo.sql_db")
    def test_s11_invoice_that_is_edited_while_the_mail_leaves_is_sent_once(self):
        self._post()
        with self._meanwhile(self._edit_invoice), self._transaction() as env:
            window = self._get_window(env)
            with patch.object(
                self._get_window_class(),
                "_prepare_documents",
                lambda window: (window.env["ir.attachment"],) * 2,
            ):
                action = window.action_send()
            self.assertEqual(action["tag"], "display_notification")
            self.assertTrue(window.move_id.is_move_sent)
        self.assertEqual(len(self.mailbox.messages), 1)

    def test_s11_invoice_that_is_being_edited_is_not_sent_until_then(self):
        window_class = self._get_window_class()
        commit = window_class._commit
        with self._transaction() as colleague:

            def commit_and_edit(window):
                commit(window)
                # Whoever waits for the colleague fails, as nobody else is here to end.
                window.env.cr.execute("SET LOCAL lock_timeout = '1s'")
                move = self._get_window(colleague).move_id
                move.ref = "edited"
                colleague.flush_all()

            with self._transaction() as env:
                with patch.object(window_class, "_commit", commit_and_edit):
                    self._get_window(env).action_send()
                self.assertIn("Somebody else", self._get_window(env).failure)
                self.assertFalse(self.mailbox.messages)
                self.assertFalse(self._get_links(env))
        with self._transaction() as env:
            self.assertEqual(self._get_window(env).move_id.ref, "edited")
            self._get_window(env).action_send()
        self.assertEqual(len(self.mailbox.messages), 1)

    @mute_logger("odoo.sql_db")
    def test_s11_staff_are_told_although_the_note_fails_at_first(self):
        window_class = self._get_window_class()

        def fail(*_args):
            raise SerializationFailure

        with self._transaction() as env:
            with (
                patch.object(window_class, "_post_message", fail),
                self.assertRaises(SerializationFailure),
            ):
                self._get_window(env).action_send()
            env.cr.rollback()
            # As Odoo does it: all of it again.
            self._get_window(env).action_send()
            self._get_window(env).action_send()
        [mail] = self.mailbox.messages
        with self._transaction() as env:
            [note] = self._get_window(env).move_id.message_ids.filtered(
                lambda message: "Payment portal link sent" in message.body
            )
            self.assertIn("race@customer.example", note.body)
            self.assertEqual(note.message_id, mail.header("Message-Id").strip())

    def test_b1_page_opened_while_the_mail_arrives_was_opened_after_it_was_sent(self):
        with self._meanwhile(self._open_page), self._transaction() as env:
            self._get_window(env).action_send()
        self.assertIsNotNone(self.facts.opened_after_mail)
