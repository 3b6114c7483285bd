import queue
import threading
from contextlib import contextmanager, suppress
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..send_common import PortalSendProcessCase


class Killed(BaseException):
    """What ends a process at any moment: nothing catches it."""


@tagged("post_install", "-at_install")
class TestAccountMoveSendPortalRace(PortalSendProcessCase):
    """Several who send, edit and look at the same time.

    Where the mark of an invoice that was sent matters, the draft only says that it is
    posted.
    """

    @mute_logger("odoo.sql_db")
    def test_s11_simultaneous_clicks_send_once(self):
        start = threading.Barrier(4)
        outcomes = queue.SimpleQueue()

        def click():
            start.wait(600)
            try:
                with self._transaction() as env:
                    window = self._get_window(env)
                    window.action_send()
                    outcomes.put(window.step)
            except (UserError, SerializationFailure) as error:
                outcomes.put(type(error).__name__)

        threads = [threading.Thread(target=click) for _number in range(4)]
        with self.mailbox.hold():
            for thread in threads:
                thread.start()
            # Three are turned away while the mail of the first is on its way.
            late = [outcomes.get(timeout=600) for _number in range(3)]
        self.assertNotIn("sent", late)
        self.assertEqual(outcomes.get(timeout=600), "sent")
        for thread in threads:
            thread.join(600)
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
            self._get_window(late).action_send()
            self.assertEqual(self._get_window(late).step, "sent")
        self.assertEqual(len(self.mailbox.messages), 1)

    def test_s11_link_of_a_mail_that_left_before_the_crash_is_live(self):
        send_message = self.delivery_class._send_message

        def send_and_die(delivery, handover):
            send_message(delivery, handover)
            raise Killed

        with self.assertRaises(Killed), self._transaction() as env:
            with patch.object(self.delivery_class, "_send_message", send_and_die):
                self._get_window(env).action_send()
        [mail] = self.mailbox.messages
        with self._transaction() as env:
            window, link = self._get_window(env), self._get_links(env)
            self.assertTrue(link._is_live())
            self.assertIn(link._get_url(), mail.html)
            self.assertEqual(window.delivery_state, "sending")
            # The user is told first.
            window.action_send()
        with self._transaction() as env:
            self.assertEqual(len(self.mailbox.messages), 1)
            self.assertEqual(self._get_deliveries(env).state, "uncertain")
            self.assertFalse(self._get_links(env).sent_on)
            # A person decides to send once more: it is the same link.
            self._get_window(env).action_send()
        with self._transaction() as env:
            self.assertEqual(self._get_links(env).ids, link.ids)
            self.assertEqual(self._get_window(env).delivery_state, "sent")
            first, second = self.mailbox.messages
            self.assertEqual(first.header("Message-Id"), second.header("Message-Id"))

    # === OTHERS, AT THE SAME TIME === #

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
        send_message = self.delivery_class._send_message

        def send(delivery, handover):
            send_message(delivery, handover)
            happen()

        with patch.object(self.delivery_class, "_send_message", send):
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
            with (
                patch.object(
                    self.registry["account.move.send.portal"],
                    "_prepare_documents",
                    lambda window: (window.env["ir.attachment"],) * 2,
                ),
                patch.object(self.delivery_class, "_make_documents", lambda each: None),
            ):
                window.action_send()
            self.assertEqual(window.step, "sent")
            self.assertTrue(window.move_id.is_move_sent)
        self.assertEqual(len(self.mailbox.messages), 1)

    def test_s11_invoice_that_is_being_edited_is_not_sent_until_then(self):
        commit = self.delivery_class._commit
        with self._transaction() as colleague:

            def commit_and_edit(delivery):
                commit(delivery)
                # Whoever waits for the colleague fails, as nobody else is here to end.
                delivery.env.cr.execute("SET LOCAL lock_timeout = '1s'")
                move = self._get_window(colleague).move_id
                move.ref = "edited"
                colleague.flush_all()

            with self._transaction() as env:
                with patch.object(self.delivery_class, "_commit", commit_and_edit):
                    self._get_window(env).action_send()
                self.assertIn("Someone else", self._get_window(env).failure)
                self.assertFalse(self.mailbox.messages)
                self.assertFalse(self._get_links(env))
        with self._transaction() as env:
            self.assertEqual(self._get_window(env).move_id.ref, "edited")
            self._get_window(env).action_send()
        self.assertEqual(len(self.mailbox.messages), 1)

    @mute_logger("odoo.sql_db")
    def test_s11_staff_are_told_although_the_note_fails_at_first(self):
        batch_class = self.registry["account.move.portal.batch"]

        def fail(*_args):
            raise SerializationFailure

        with self._transaction() as env:
            with (
                patch.object(batch_class, "_post_note", fail),
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
