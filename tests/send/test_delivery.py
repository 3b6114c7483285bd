from datetime import timedelta
from email.message import EmailMessage
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.tools import mute_logger

from ...models.send import account_move_portal_delivery as deliveries
from ..send_common import MAIL_LOGGERS, PortalSendCommon

LOGGER = "odoo.addons.account_payment_portal.models.send.account_move_portal_delivery"
MINUTES = deliveries.AccountMovePortalDelivery._queue_retry_minutes


class TestPortalDelivery(PortalSendCommon):
    """One email: its states, what leads from one to another, and who sends it."""

    has_document = True

    def _create_delivery(self, **values):
        """Create an email for the scheduler, as bulk and schedules do."""
        # In sudo mode because emails are the system's.
        return (
            self.env["account.move.portal.delivery"]
            .with_user(self.biller)
            .sudo()
            .create(
                {
                    "move_id": self.invoice.id,
                    "email": "carla@customer.example",
                    "formatted": '"Carla" <carla@customer.example>',
                    "subject": "Your invoice",
                    "body": "<p>Here it is.</p>",
                    "lang": "en_US",
                    "is_queued": True,
                    **values,
                }
            )
        )

    # === THE SCHEDULER === #

    def test_b6_due_later_is_sent_when_it_is_due_and_not_before(self):
        due = fields.Datetime.now() + timedelta(hours=1)
        delivery = self._create_delivery(retry_on=due)
        with self.mailbox() as mailbox:
            self._send_due()
            self.assertEqual(delivery.state, "waiting")
            self.assertFalse(self._get_links(), "nothing is open before it leaves")
            self.assertFalse(mailbox.messages)
            self._pass_time(3601)
            self._send_due()
            self._send_due()
        [mail] = mailbox.messages
        self.assertEqual(delivery.state, "sent")
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])
        self.assertIn("Sally Sales", mail.sender)
        self.assertEqual(mail.header("Message-Id").strip(), delivery.message_id)
        self.assertIn(delivery.link_id._get_url(), mail.html)
        self.assertEqual(delivery.link_id.sent_by_id, self.biller)
        self.assertTrue(self.invoice.is_move_sent)
        [attachment] = mail.attachments
        self.assertEqual(attachment.content, self.invoice.invoice_pdf_report_id.raw)

    def test_b6_document_is_made_when_it_is_due(self):
        invoice = self._create_portal_invoice()
        delivery = self._create_delivery(move_id=invoice.id)
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(delivery.state, "sent", delivery.answer)
        [mail] = mailbox.messages
        self.assertTrue(mail.attachments[0].content.startswith(b"%PDF-"))

    def test_b6_invoice_that_was_cancelled_meanwhile_is_skipped(self):
        delivery = self._create_delivery()
        self.invoice.button_draft()
        self.invoice.button_cancel()
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(delivery.state, "skipped")
        self.assertIn("cancelled", delivery.answer)
        self.assertFalse(mailbox.messages)

    def test_b6_paused_sending_waits(self):
        # In sudo mode because emails are the system's.
        batches_sudo = self.env["account.move.portal.batch"].sudo()
        batch = batches_sudo.create({"company_id": self.company.id}).sudo(False)
        delivery = self._create_delivery(batch_id=batch.id)
        batch.with_user(self.biller).action_pause()
        with self.mailbox() as mailbox:
            self._send_due()
            self.assertEqual((delivery.state, batch.waiting_count), ("waiting", 1))
            batch.with_user(self.biller).action_resume()
            self._send_due()
        self.assertEqual(len(mailbox.messages), 1)
        self.assertEqual((batch.sent_count, batch.waiting_count), (1, 0))
        [note] = self._get_notes()
        self.assertIn("carla@customer.example", note.body)

    def test_b6_scheduler_sends_nothing_that_a_user_waits_for(self):
        delivery = self._create_delivery(is_queued=False)
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertFalse(mailbox.messages)
        self.assertEqual(delivery.state, "waiting")

    # === REFUSED === #

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_what_may_pass_is_tried_again_and_then_told(self):
        delivery = self._create_delivery()
        refusal = {"refuse_recipients": {"*": (450, "Greylisted")}}
        for minutes in MINUTES:
            with self.mailbox(**refusal):
                self._send_due()
            self.assertEqual(delivery.state, "waiting")
            self.assertIn("Greylisted", delivery.answer)
            self.assertFalse(self._get_links())
            self._pass_time(minutes * 60 + 1)
        with self.mailbox(**refusal):
            self._send_due()
        self.assertEqual(delivery.state, "refused")
        activity = self.invoice.activity_ids
        self.assertEqual(activity.user_id, self.biller, "who sent it")
        self.assertIn("Greylisted", activity.note)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_what_is_refused_for_good_is_not_tried_again(self):
        delivery = self._create_delivery()
        with self.mailbox(refuse_recipients={"*": (550, "No such user")}):
            self._send_due()
        self.assertEqual(delivery.state, "refused")
        self.assertIn("no such mailbox", delivery.answer)
        self.assertFalse(self._get_links())
        self.assertFalse(self.invoice.is_move_sent)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_link_on_the_pdf_opens_nothing_before_it_is_sent(self):
        invoice = self._create_portal_invoice()
        window = self._compose(invoice)
        with self.mailbox(refuse_recipients={"*": (550, "No")}):
            window.action_send()
        self.assertFalse(
            invoice.portal_link_ids.filtered(lambda link: link.state == "live")
        )
        with self.mailbox():
            window.action_send()
        self.assertEqual(invoice.portal_link_ids.mapped("state"), ["live"] * 2)

    # === ERRORS OF ANY KIND === #

    def _assert_nothing_is_sent(self, window, mailbox, **typed):
        self.assertFalse(mailbox.messages)
        live = self.invoice.portal_link_ids.filtered(
            lambda link: link.email and link.state == "live"
        )
        self.assertFalse(live)
        self.assertFalse(self.invoice.portal_link_ids.filtered("sent_on"))
        self.assertFalse(self.invoice.is_move_sent)
        for name, value in typed.items():
            self.assertEqual(window[name], value)

    def test_s11_line_break_in_a_documents_name_is_sent(self):
        self.env["ir.attachment"].create(
            {
                "name": "delivery\nnote.pdf",
                "raw": b"%PDF-1.4",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": self.invoice.id,
            }
        )
        window = self._open_window()
        window.include_documents = "yes"
        window.action_continue()
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        names = [each.name for each in mail.attachments]
        self.assertIn("delivery note.pdf", names)

    def test_s11_email_that_cannot_be_made_keeps_the_window_and_marks_nothing(self):
        def fail(*_args, **_kwargs):
            raise ValueError("no template today")

        text_class = type(self.env["account.move.portal.text"])
        window = self._compose(subject="My own subject")
        with (
            self.mailbox() as mailbox,
            mute_logger(LOGGER),
            patch.object(text_class, "_render_mail", fail),
        ):
            action = window.action_send()
        self.assertEqual(action["res_id"], window.id)
        self.assertIn("no template today", window.failure)
        self._assert_nothing_is_sent(window, mailbox, subject="My own subject")

    def test_s11_error_while_handing_over_marks_nothing(self):
        def fail(*_args, **_kwargs):
            raise psycopg2.InterfaceError("connection already closed")

        servers = type(self.env["ir.mail_server"])
        window = self._compose(subject="My own subject")
        with (
            self.mailbox() as mailbox,
            mute_logger(LOGGER),
            patch.object(servers, "_prepare_email_message__", fail),
        ):
            window.action_send()
        self.assertTrue(window.failure)
        self._assert_nothing_is_sent(window, mailbox, subject="My own subject")

    # === MESSAGE-ID AND THREAD === #

    def test_s11_each_email_has_its_message_id_and_one_thread(self):
        addresses = ["zoe@x.example", "carla@customer.example", "anna@x.example"]
        with self.mailbox() as mailbox:
            self._send(
                email_to=", ".join(addresses),
                email_bcc="boss@company.example",
            )
        mails = list(mailbox.messages)
        self.assertEqual(
            [mail.envelope_to for mail in mails],
            [[each] for each in (*addresses, "boss@company.example")],
            "in their order",
        )
        for mail in mails:
            self.assertEqual(mail.to, addresses)
        ids = [mail.header("Message-Id").strip() for mail in mails]
        self.assertEqual(len(set(ids)), 4)
        [note] = self._get_notes()
        self.assertEqual(note.message_id, ids[0])
        self.assertFalse(mails[0].header("References"))
        for mail in mails[1:]:
            self.assertEqual(mail.header("References").strip(), ids[0])

    def test_s11_bounce_of_any_of_the_emails_finds_the_invoice(self):
        with self.mailbox() as mailbox:
            self._send(email_to="carla@customer.example, otto@x.example")
        last = mailbox.messages[-1]
        returned = EmailMessage()
        returned["Message-Id"] = last.header("Message-Id").strip()
        message, _references = self.env["mail.thread"]._get_bounced_message_data(
            returned, {"in_reply_to": "", "references": ""}
        )
        self.assertEqual(
            (message.model, message.res_id), ("account.move", self.invoice.id)
        )

    def _answer(self, **headers):
        """Have the mail gateway take a customer's answer to an email.

        :return: The invoice's newest message.
        """
        answer = EmailMessage()
        answer["From"] = "Otto <otto@x.example>"
        answer["To"] = "catchall@company.example"
        answer["Subject"] = "Re: Your invoice"
        for name, value in headers.items():
            answer[name.replace("_", "-")] = value
        answer.set_content("It is paid on Friday.")
        self.env["mail.thread"].message_process(False, answer.as_bytes())
        return self.invoice.message_ids[0]

    def test_s11_answer_that_names_only_its_own_email_finds_the_invoice(self):
        with self.mailbox() as mailbox:
            self._send(email_to="carla@customer.example, otto@x.example")
        first, last = (mail.header("Message-Id").strip() for mail in mailbox.messages)
        self.assertNotEqual(first, last)
        for number, headers in enumerate(
            ({"In_Reply_To": last}, {"References": last}, {"In_Reply_To": first})
        ):
            with self.subTest(headers):
                headers["Message_Id"] = f"<answer{number}@x.example>"
                message = self._answer(**headers)
                self.assertEqual(message.message_id, headers["Message_Id"])
                self.assertIn("paid on Friday", message.body)

    # === UNCERTAIN === #

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_uncertain_is_told_and_repeated_by_a_person_alone(self):
        delivery = self._create_delivery()
        with self.mailbox(drop_connection="content"):
            self._send_due()
        link, message_id = delivery.link_id, delivery.message_id
        self.assertEqual(delivery.state, "uncertain")
        self.assertTrue(link._is_live())
        self.assertFalse(link.sent_on)
        self.assertEqual(self.invoice.activity_ids.user_id, self.biller)
        self._pass_time(7 * 24 * 3600)
        with self.mailbox(refuse_recipients={"*": (550, "No")}) as mailbox:
            self._send_due()
            self.assertEqual(delivery.state, "uncertain")
            delivery.with_user(self.biller).sudo(False).action_repeat()
            self._send_due()
        self.assertEqual(delivery.state, "refused")
        self.assertTrue(link.exists()._is_live(), "the first may have arrived")
        with self.mailbox() as mailbox:
            delivery.with_user(self.biller).sudo(False).action_repeat()
            self._send_due()
        [mail] = mailbox.messages
        self.assertEqual(mail.header("Message-Id").strip(), message_id)
        self.assertIn(link._get_url(), mail.html)
