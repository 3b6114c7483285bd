from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from ...models.send.account_move_portal_mail_budget import HOLD_MINUTES
from ...tools import smtp_limits
from ..send_common import MAIL_LOGGERS, PortalSendCommon


class TestPortalBulkLimits(PortalSendCommon):
    """What a mail server takes, and what becomes of emails when it takes no more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.count = 5
        cls.invoices = cls.env["account.move"].concat(
            *(
                cls._create_portal_invoice(
                    post=False,
                    partner_id=cls.env["res.partner"]
                    .create({"name": f"C{n}", "email": f"c{n}@customer.example"})
                    .id,
                )
                for n in range(cls.count)
            )
        )

    def _start(self, **values):
        choice = self.env["account.move.portal.batch"]._choose(
            self.invoices,
            is_with_drafts=True,
            is_repeating=values.get("is_repeating", False),
        )
        # In sudo mode because emails are the system's.
        batch = (
            self.env["account.move.portal.batch"]
            .with_user(self.biller)
            .sudo()
            ._start(choice, {"company_id": self.company.id, "origin": "list", **values})
        )
        # To make the documents takes longer than all the rest.
        batch.delivery_ids.write({"subject": "Draft", "body": "<p>x</p>"})
        return batch

    def test_b6_lane_whose_time_is_up_says_whether_there_is_more(self):
        batch = self._start()
        # In sudo mode as the scheduler runs it.
        lanes = self.env["account.move.portal.lane"].sudo()
        with self.mailbox() as mailbox:
            for sent in range(1, self.count + 1):
                self.assertEqual(lanes._run(seconds=0), sent < self.count)
                self.assertEqual(len(mailbox.messages), sent)
        self.assertEqual(batch.state, "done")

    def _get_budget(self):
        """Return the limits of the mail server that is there now."""
        server = self.env["ir.mail_server"].search([], order="id desc", limit=1)
        return self.env["account.move.portal.mail.budget"].sudo()._get_for(server)

    def test_b6_limit_a_minute_is_kept_in_any_minute(self):
        batch = self._start()
        with self.mailbox() as mailbox:
            self._get_budget().write({"minute_limit": 2, "reserve": 0})
            for passed, sent in [(0, 2), (30, 2), (32, 4), (61, 5)]:
                self._pass_time(passed)
                self._send_due()
                self.assertEqual(len(mailbox.messages), sent, passed)
        self.assertEqual(batch.sent_count, 5)

    def test_b6_share_of_the_limit_is_left_to_what_somebody_waits_for(self):
        batch = self._start()
        with self.mailbox() as mailbox:
            self._get_budget().write({"day_limit": 4, "reserve": 50})
            self._send_due()
            self.assertEqual((batch.sent_count, batch.waiting_count), (2, 3))
            urgent = batch.delivery_ids.filtered(lambda each: each.state == "waiting")
            urgent[0].copy(
                {
                    **dict.fromkeys(("batch_id", "is_mass"), False),
                    **dict.fromkeys(("email", "formatted"), "u@x.example"),
                }
            )
            self._send_due()
            self.assertEqual(mailbox.messages[-1].envelope_to, ["u@x.example"])
            self.assertEqual(batch.sent_count, 2)

    @mute_logger("mail.log", *MAIL_LOGGERS)
    def test_b6_server_that_takes_no_more_is_given_a_rest(self):
        for reply in [
            (450, "4.7.1 Too many mails, try again later"),
            (432, "4.3.2 Concurrent connections limit exceeded"),
            (421, "4.4.5 Server busy"),
            (451, "4.7.0 Slow down"),
            (550, "5.4.5 Daily user sending limit exceeded"),
        ]:
            with self.subTest(reply):
                batch = self._start(is_repeating=True)
                with self.mailbox(refuse_data=reply) as mailbox:
                    self._send_due()
                    self.assertFalse(mailbox.messages)
                    self.assertEqual(batch.waiting_count, self.count, "none is final")
                    self.assertIn(reply[1], batch.pause_reason)
                    tried = batch.delivery_ids.filtered("attempts")
                    self.assertEqual(len(tried), 1, "one tells of all")
                    self._send_due()
                    self.assertEqual(sum(tried.mapped("attempts")), 1, "it rests")
                    mailbox.behave()
                    self._pass_time(61)
                    self._send_due()
                    self.assertEqual(len(mailbox.messages), self.count)
                self.assertEqual((batch.state, batch.pause_reason), ("done", False))

    @mute_logger("mail.log", *MAIL_LOGGERS)
    def test_b6_server_that_is_down_pauses_the_sending_in_the_end(self):
        batch = self._start()
        with self.mailbox():
            budget = self._get_budget()
            budget.mail_server_id.smtp_port = 1  # Nobody listens there.
            for minutes in HOLD_MINUTES:
                self._send_due()
                until = fields.Datetime.now() + timedelta(minutes=minutes)
                self.assertEqual(budget.held_until, until)
                self.assertEqual(batch.held_until, until)
                self._pass_time(minutes * 60 + 1)
            self._send_due()
        self.assertEqual((batch.state, batch.waiting_count), ("paused", self.count))
        self.assertIn("cannot be reached", batch.pause_reason)
        with self.mailbox() as mailbox:
            batch.with_user(self.biller).sudo(False).action_resume()
            self._send_due()
            self.assertEqual(len(mailbox.messages), self.count)

    @mute_logger("mail.log", *MAIL_LOGGERS)
    def test_b6_one_recipient_who_is_refused_holds_up_nobody(self):
        batch = self._start()
        refusals = {
            "c1@*": (550, "No such user"),
            "c2@*": (450, "4.2.0 Greylisted"),
        }
        with self.mailbox(refuse_recipients=refusals) as mailbox:
            self._send_due()
        self.assertEqual(len(mailbox.messages), 3)
        self.assertEqual((batch.refused_count, batch.waiting_count), (1, 1))

    def test_b6_one_connection_for_many_and_a_new_one_when_it_ends(self):
        self._start()
        with self.mailbox(max_mails=2) as mailbox:
            self._send_due()
        self.assertEqual(len(mailbox.messages), self.count)
        self.assertEqual(len({mail.envelope_to[0] for mail in mailbox.messages}), 5)

    def test_b6_limits_of_hosted_servers_are_known(self):
        self.assertEqual(smtp_limits.get_limits("SMTP.Office365.com "), (30, 10000))
        self.assertEqual(smtp_limits.get_limits("mail.example"), (0, 0))
        self.assertEqual(smtp_limits.get_limits(None), (0, 0))

    def test_b6_limits_are_the_administrators(self):
        with self.mailbox():
            budget = self._get_budget().with_user(self.biller).sudo(False)
            self.assertTrue(budget.reserve)
            with self.assertRaises(AccessError):
                budget.day_limit = 7
            with self.assertRaises(AccessError):
                self.env["account.move.portal.mail.permit"].with_user(
                    self.biller
                ).search([])
