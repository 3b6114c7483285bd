import hashlib
import importlib.util

from psycopg2 import IntegrityError

from odoo.fields import Command
from odoo.tools import mute_logger
from odoo.tools.misc import file_path

from ...tools.inline_pictures import Picture
from ..send_common import MAIL_LOGGERS, PortalSendCommon

MIGRATION = "account_payment_portal/migrations/19.0.2.0.0/post-migrate.py"
EVENT = "account_move_portal_event"
PICTURE = Picture("picture.png", b"\x89PNG", "image/png")
REFUSED = {"refuse_recipients": {"gone@x.example": (550, "No such user here")}}


class TestPortalDeliveryEvidence(PortalSendCommon):
    """The email's row alone says what was sent, while there is an invoice."""

    has_document = True

    def _get_deliveries(self):
        return self.invoice.sudo().portal_delivery_ids.sorted("id")

    def _get_sent_events(self):
        events = self.invoice.sudo().portal_link_ids.event_ids
        return events.filtered(lambda event: event.kind == "sent").sorted("id")

    def _get_evidence(self):
        report = self.env["report.account_payment_portal.report_portal_evidence"]
        return report.with_user(self.biller)._get_evidence(
            self.invoice.with_user(self.biller)
        )

    def _let_time_be_over(self, days=1):
        """Let all emails be older than the company keeps them, and clean up."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_portal_delivery"
            " SET create_date = create_date - make_interval(months => %s, days => %s)"
            " WHERE move_id = %s",
            [self.company.portal_event_months, days, self.invoice.id],
        )
        self.env.invalidate_all()
        # In sudo mode as the scheduler does it.
        self.env["account.move.portal.delivery"].sudo()._gc_deliveries()
        self.env.invalidate_all()

    # === THE EVENT REFERS TO THE EMAIL === #

    def test_b13_each_sent_event_refers_to_the_email_of_its_recipient(self):
        with self.mailbox() as mailbox:
            self._send(
                email_to="carla@customer.example, otto@x.example",
                email_bcc="boss@company.example",
            )
        events = self._get_sent_events()
        self.assertEqual(len(events), 3)
        self.assertEqual(events.delivery_id, self._get_deliveries())
        for event in events:
            self.assertEqual(event.link_id, event.delivery_id.link_id)
            self.assertEqual(event.link_id.email, event.delivery_id.email)
        on_file = hashlib.sha256(self.invoice.invoice_pdf_report_id.raw).hexdigest()
        self.assertEqual(
            events.delivery_id.document_ids.mapped("sha256"), [on_file] * 3
        )
        evidence = self._get_evidence()
        self.assertEqual(evidence["documents"], [{"number": 1, "hash": on_file}])
        self.assertEqual(evidence["current"], 1)
        details = " ".join(entry["detail"] or "" for entry in evidence["entries"])
        self.assertEqual(details.count("with PDF 1"), 3)
        for mail in mailbox.messages:
            self.assertIn(mail.header("Message-Id").strip(), details)

    def test_b13_nothing_is_sent_without_an_email(self):
        link = self._create_link()
        # In sudo mode because nobody has the right to create events.
        events_sudo = self.env["account.move.portal.event"].sudo()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            events_sudo._record(link.sudo(), "sent", "staff")

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_email_that_is_sent_again_has_the_fingerprints_of_its_own_files(self):
        window = self._compose(email_to="gone@x.example")
        with self.mailbox(**REFUSED):
            window.action_send()
        [delivery] = self._get_deliveries()
        self.assertEqual(delivery.state, "refused")
        self.assertFalse(self._get_sent_events())
        with self.mailbox():
            window.action_send()
        self.assertEqual(delivery.state, "sent")
        self.assertEqual(len(delivery.document_ids), 1)

    # === RETENTION === #

    def test_b13_what_was_said_goes_and_what_is_proved_stays(self):
        attached = self.env["ir.attachment"].create(
            {
                "name": "plan.txt",
                "raw": b"Our plan",
                "res_model": "account.move",
                "res_id": self.invoice.id,
            }
        )
        with self.mailbox():
            window, _action = self._send(
                email_to='"Carla" <carla@customer.example>, otto@x.example'
            )
        deliveries = self._get_deliveries()
        deliveries.attachment_ids = [Command.link(attached.id)]
        batch = window.sudo().batch_id
        picture = batch._keep_picture(PICTURE)
        before = self._get_evidence()
        self._let_time_be_over()
        self.assertEqual(self._get_evidence(), before)
        self.assertEqual(len(deliveries.exists()), 2)
        for delivery in deliveries:
            self.assertTrue(delivery.is_redacted)
            self.assertEqual(delivery.formatted, delivery.email)
            for name in ("subject", "body", "attachment_ids", "download_ids"):
                self.assertFalse(delivery[name], name)
        self.assertFalse(picture.exists())
        self.assertTrue(attached.exists(), "it is the invoice's")
        self.assertTrue(self.invoice.invoice_pdf_report_id)
        said = self._compose().earlier_sendings
        self.assertIn("carla@customer.example, otto@x.example on", said)
        self.assertIn("by Bill Biller", said)

    def test_b13_sending_keeps_its_pictures_until_its_last_email_is_old(self):
        with self.mailbox():
            window, _action = self._send(email_to="carla@customer.example, o@x.example")
        picture = window.sudo().batch_id._keep_picture(PICTURE)
        first, second = self._get_deliveries()
        second.move_id = self._create_portal_invoice()
        self._let_time_be_over()
        self.assertEqual(
            [first.is_redacted, second.is_redacted, bool(picture.exists())],
            [True, False, True],
        )

    @mute_logger(*MAIL_LOGGERS)
    def test_b13_email_that_left_nobody_is_removed(self):
        with self.mailbox(**REFUSED):
            self._send(email_to="carla@customer.example, gone@x.example")
        sent, refused = self._get_deliveries()
        self._let_time_be_over(days=-1)
        self.assertTrue(refused.exists(), "its time is not over")
        self._let_time_be_over(days=2)
        self.assertFalse(refused.exists())
        self.assertTrue(sent.exists())

    def test_b13_waiting_email_is_kept(self):
        delivery = self._record_sent(self._create_link())
        delivery.write({"state": "waiting", "is_queued": True, "body": "<p>x</p>"})
        self._let_time_be_over()
        self.assertFalse(delivery.is_redacted)
        self.assertTrue(delivery.body)

    def test_b13_redacted_email_is_not_sent_again(self):
        delivery = self._record_sent(self._create_link(), state="uncertain")
        self._let_time_be_over()
        self.assertTrue(delivery.is_redacted)
        delivery.with_user(self.biller).action_repeat()
        self.assertEqual(delivery.state, "uncertain")
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertFalse(mailbox.messages)

    # === DATA OF EARLIER VERSIONS === #

    def _migrate(self):
        spec = importlib.util.spec_from_file_location("post", file_path(MIGRATION))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def _insert_old_event(self, link, message_id, content=None):
        """Insert an event as it was: it said all of the email itself."""
        self.env.cr.execute(
            f"INSERT INTO {EVENT} (link_id, move_id, kind, visitor, message_id,"
            " document_sha256, create_uid, create_date)"
            " VALUES (%s, %s, 'sent', 'staff', %s, %s, %s, '2024-05-06 07:08:09')"
            " RETURNING id",
            [
                *(link.id, link.move_id.id, message_id),
                content and hashlib.sha256(content).hexdigest(),
                self.biller.id,
            ],
        )
        return self.env["account.move.portal.event"].browse(self.env.cr.fetchone()[0])

    def test_b13_events_of_earlier_versions_refer_to_their_emails(self):
        self.env.cr.execute(
            f"ALTER TABLE {EVENT} DROP CONSTRAINT {EVENT}_sent_by_delivery,"
            " ADD message_id varchar, ADD document_sha256 varchar"
        )
        link = self._create_link(email_role="cc")
        kept = self._record_sent(link, message_id="<kept@company.example>")
        self._get_sent_events().unlink()
        known = self._insert_old_event(link, "<kept@company.example>", b"%PDF-1")
        lost = self._insert_old_event(link, "<lost@company.example>", b"%PDF-2")
        bare = self._insert_old_event(link, "<bare@company.example>")
        self._migrate()
        self.assertEqual(known.delivery_id, kept)
        restored = lost.sudo().delivery_id
        self.assertEqual(
            [restored.email, restored.role, restored.message_id, restored.state],
            ["carla@customer.example", "cc", "<lost@company.example>", "sent"],
        )
        self.assertEqual(str(restored.sent_on), "2024-05-06 07:08:09")
        self.assertEqual(restored.create_uid, self.biller)
        self.assertTrue(restored.is_redacted)
        self.assertEqual(len((known | lost | bare).sudo().delivery_id), 3)
        digests = [hashlib.sha256(text).hexdigest() for text in (b"%PDF-1", b"%PDF-2")]
        self.assertEqual(
            [document["hash"] for document in self._get_evidence()["documents"]][:2],
            digests,
        )
        self.assertFalse(bare.sudo().delivery_id.document_ids)
