from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form
from odoo.tools import mute_logger

from ...tools import outgoing
from ..send_common import MAIL_LOGGERS, PortalSendCommon

LANE = "odoo.addons.account_payment_portal.models.send.account_move_portal_delivery"


class TestPortalBulk(PortalSendCommon):
    """Many invoices, from the list to the customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = cls.env["res.partner"].create(
            [
                {"name": f"Customer {number}", "email": f"c{number}@customer.example"}
                for number in range(3)
            ]
        )
        cls.invoices = cls.env["account.move"].concat(
            *(cls._create_portal_invoice(partner_id=each.id) for each in cls.customers)
        )

    def _open_mass_window(self, invoices=None, **values):
        """Open the window on invoices, as the list's action does."""
        invoices = (invoices or self.invoices).with_user(self.biller)
        action = invoices.action_open_portal_mass_send()
        window = invoices.env[action["res_model"]].browse(action["res_id"])
        with Form(window) as form:
            for name, value in values.items():
                form[name] = value
        return window

    def _start(self, invoices=None, **values):
        action = self._open_mass_window(invoices, **values).action_send()
        return self.env[action["res_model"]].browse(action["res_id"])

    def test_b6_each_customer_gets_their_invoice_once(self):
        batch = self._start()
        with self.mailbox() as mailbox:
            self._send_due()
            self._send_due()
        self.assertEqual(
            sorted(mail.envelope_to[0] for mail in mailbox.messages),
            sorted(self.customers.mapped("email")),
            batch.delivery_ids.mapped("answer"),
        )
        self.assertEqual((batch.sent_count, batch.state), (3, "done"))
        for invoice, customer in zip(self.invoices, self.customers, strict=True):
            [mail] = [
                each
                for each in mailbox.messages
                if each.envelope_to == [customer.email]
            ]
            [link] = self._get_links(invoice)
            self.assertIn(link._get_url(), mail.html)
            self.assertEqual(
                mail.attachments[0].content, invoice.invoice_pdf_report_id.raw
            )
            self.assertTrue(invoice.is_move_sent)

    @mute_logger(LANE)
    def test_b6_note_that_fails_leaves_what_was_sent_sent(self):
        batches = self.env.registry["account.move.portal.batch"]
        post, broken = batches._post_note, self.invoices[1]

        def fail_for_one(this, move):
            if move == broken:
                raise UserError(self.env._("No notes here."))
            return post(this, move)

        batch = self._start()
        with (
            self.mailbox() as mailbox,
            patch.object(batches, "_post_note", fail_for_one),
        ):
            self._send_due()
        self.assertEqual(len(mailbox.messages), 3)
        self.assertEqual(set(batch.delivery_ids.mapped("state")), {"sent"})
        self.assertEqual(len(self._get_links(broken)), 1, "the link in it works")
        noted = batch.delivery_ids.filtered(lambda each: each.is_noted)
        self.assertEqual(noted.move_id, self.invoices - broken)
        # It is told as soon as that is possible.
        self._pass_time(120)
        self._send_due()
        self.assertTrue(all(batch.delivery_ids.mapped("is_noted")))

    # === THE SUMMARY === #

    def test_b6_summary_says_what_goes_and_why_the_rest_does_not(self):
        draft = self._create_portal_invoice(post=False, partner_id=self.customers[0].id)
        cancelled = self._create_portal_invoice(partner_id=self.customers[0].id)
        cancelled.button_draft()
        cancelled.button_cancel()
        refund = self._create_portal_invoice(
            move_type="out_refund", partner_id=self.customers[0].id
        )
        nobody = self._create_portal_invoice(
            partner_id=self.env["res.partner"].create({"name": "Nobody"}).id
        )
        wrong = self._create_portal_invoice(
            partner_id=self.env["res.partner"]
            .create({"name": "Wrong", "email": "wrong@"})
            .id
        )
        sent = self._create_portal_invoice(partner_id=self.customers[0].id)
        sent.is_move_sent = True
        window = self._open_mass_window(
            self.invoices | draft | cancelled | refund | nobody | wrong | sent
        )
        self.assertEqual(
            {each["reason"]: each["count"] for each in window.left_out},
            dict.fromkeys(
                ("draft", "cancelled", "not_invoice", "no_email", "bad_email", "sent"),
                1,
            ),
        )
        self.assertEqual(
            (window.invoice_count, window.chosen_count, window.email_count), (9, 3, 3)
        )
        self.assertIn("300.00", window.amounts)
        action = window.action_show("bad_email")
        self.assertEqual(self.env["account.move"].search(action["domain"]), wrong)
        window.write({"drafts": "confirm", "is_repeating": True})
        self.assertEqual(window.chosen_count, 5)
        batch = self.env["account.move.portal.batch"].browse(
            window.action_send()["res_id"]
        )
        reasons = {
            each.move_id: each.answer
            for each in batch.delivery_ids
            if each.state == "skipped"
        }
        self.assertEqual(set(reasons), set(cancelled | refund | nobody | wrong))
        self.assertIn("no email address", reasons[nobody])
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(len(mailbox.messages), 5, "the good ones go regardless")
        self.assertEqual(draft.state, "posted")

    def test_b6_summary_says_how_long_the_mail_server_takes(self):
        with self.mailbox():
            self.assertIn("no known limit", self._open_mass_window().budget)
            server = self.env["ir.mail_server"].search([])
            # In sudo mode because limits are the administrator's.
            budget = self.env["account.move.portal.mail.budget"].sudo()._get_for(server)
            budget.write({"minute_limit": 2, "reserve": 50})
            text = self._open_mass_window().budget
        self.assertIn("3 emails. This mail server accepts 2 a minute", text)
        end = budget._estimate_end(3, fields.Datetime.now())
        self.assertEqual(end, fields.Datetime.now() + timedelta(minutes=2))

    def test_b6_preview_is_of_any_one_of_them(self):
        window = self._open_mass_window(
            is_adjusting=True, subject="For {{customer_name}}", body="<p>Hello!</p>"
        )
        found = {}
        for index in range(4):
            preview = window.get_email_preview(index)
            self.assertIn("Hello!", preview["html"])
            self.assertEqual(
                (preview["position"], preview["count"]), (index % 3 + 1, 3)
            )
            found.setdefault(preview["invoice_id"], []).append(preview["subject"])
        self.assertEqual(
            sorted(name for names in found.values() for name in set(names)),
            [f"For {customer.name}" for customer in self.customers],
        )
        self.assertEqual(set(found), set(self.invoices.ids))
        self.assertFalse(self.invoices.portal_link_ids, "nothing is left of it")

    def test_b6_nothing_to_preview_where_nothing_is_sent(self):
        self.invoices.is_move_sent = True
        self.assertEqual(self._open_mass_window().get_email_preview(5), {})

    def test_b6_text_that_was_changed_goes_to_all_in_their_own_words(self):
        self._start(
            is_adjusting=True, subject="{{invoice_number}}!", body="<p>Note this.</p>"
        )
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(
            {mail.subject for mail in mailbox.messages},
            {f"{name}!" for name in self.invoices.mapped("name")},
        )

    def test_b6_summary_of_many_asks_little(self):
        # As different as they can be: customers, addresses, languages, states.
        self.env["res.lang"]._activate_lang("fr_FR")
        people = self.env["res.partner"].create(
            [
                {
                    "name": f"Person {number}",
                    "email": f"p{number}@person.example" if number % 3 else False,
                    "lang": "fr_FR" if number % 2 else "en_US",
                    "parent_id": self.customers[number % 3].id,
                }
                for number in range(12)
            ]
        )
        many = self.invoices.concat(
            *(
                self._create_portal_invoice(partner_id=each.id, post=number % 4 > 0)
                for number, each in enumerate(people)
            )
        )
        many[5:7].is_move_sent = True

        def count(invoices):
            """Open the window, read all that it says, and answer a question."""
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            action = invoices.with_user(self.biller).action_open_portal_mass_send()
            window = self.env[action["res_model"]].browse(action["res_id"])
            window.drafts = "confirm"
            window.read([name for name in window._fields if name != "move_ids"])
            return self.env.cr.sql_log_count - before

        count(many)  # What is read once and for all.
        found = count(many)
        self.assertLessEqual(found, 40)
        self.assertLessEqual(found, count(many[:5]))

    # === DECIDED AGAIN WHEN IT IS SENT === #

    def test_b6_what_changed_meanwhile_is_not_sent(self):
        batch = self._start()
        moved, grown, elsewhere = self.invoices
        for invoice in moved | grown:
            invoice.button_draft()
        moved.partner_id = self.customers[1]
        grown.invoice_line_ids.price_unit = 200
        (moved | grown).action_post()
        elsewhere.partner_id.email = "new@customer.example"
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertFalse(mailbox.messages)
        answers = {each.move_id: each.answer for each in batch.delivery_ids}
        self.assertEqual(set(batch.delivery_ids.mapped("state")), {"skipped"})
        self.assertIn("another customer", answers[moved])
        self.assertIn("total", answers[grown])
        self.assertIn("address", answers[elsewhere])
        self.assertEqual(batch.state, "done")
        self.assertFalse(self.invoices.portal_link_ids.filtered("sent_on"))

    def test_b6_paid_or_sent_meanwhile_is_not_sent(self):
        batch = self._start()
        paid, sent, _other = self.invoices
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=paid.ids
        ).create({}).action_create_payments()
        with self.mailbox() as mailbox:
            self._send(sent)
            self._send_due()
        self.assertEqual(len(mailbox.messages), 2)
        answers = {each.move_id: each.answer for each in batch.delivery_ids}
        self.assertIn("paid", answers[paid])
        self.assertIn("already sent", answers[sent])

    @mute_logger(LANE, *MAIL_LOGGERS)
    def test_b6_draft_that_cannot_be_confirmed_holds_up_nobody(self):
        draft = self._create_portal_invoice(post=False, partner_id=self.customers[0].id)
        batch = self._start(self.invoices | draft, drafts="confirm")
        draft.invoice_line_ids = [Command.clear()]  # Core confirms no empty invoice.
        # In sudo mode because emails are the system's.
        batch.sudo().delivery_ids.filtered(
            lambda each: each.move_id == draft
        ).expected_total = 0
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(len(mailbox.messages), 3)
        failed = batch.delivery_ids.filtered(lambda each: each.move_id == draft)
        self.assertIn(failed.state, ("waiting", "refused"))
        self.assertTrue(failed.answer)
        self.assertEqual(draft.state, "draft")

    # === PROGRESS === #

    @mute_logger(*MAIL_LOGGERS)
    def test_b6_sending_is_paused_cancelled_and_what_failed_is_retried(self):
        batch = self._start().with_user(self.biller)
        batch.action_pause()
        with self.mailbox(refuse_recipients={"c1@*": (550, "No")}) as mailbox:
            self._send_due()
            self.assertFalse(mailbox.messages)
            self.assertEqual(batch.state, "paused")
            batch.action_resume()
            self._send_due()
            self.assertEqual((batch.sent_count, batch.refused_count), (2, 1))
            self.assertEqual(batch.state, "done")
            batch.action_retry()
            self.assertEqual(batch.state, "sending")
            batch.action_cancel()
            self._send_due()
        self.assertEqual((batch.sent_count, batch.state), (2, "done"))
        self.assertEqual(len(mailbox.messages), 2)

    def test_b6_who_started_it_is_told_how_far_it_has_got(self):
        channel = self.biller.partner_id
        batch = self._start()
        self.assertEqual(
            self.env["account.move.portal.batch"]
            .with_user(self.biller)
            .get_running()[0]["waiting"],
            3,
        )
        with self.mailbox():
            self._send_due()
        self.env.cr.precommit.run()
        # In sudo mode because the bus is the system's.
        told = self.env["bus.bus"].sudo().search([("channel", "like", f"{channel.id}")])
        text = " ".join(told.mapped("message"))
        self.assertIn("account_payment_portal.batch", text)
        self.assertIn("3 sent, 0 failed, 0 skipped", text)
        [progress] = batch.with_user(self.biller).get_progress()
        self.assertEqual(
            (progress["sent"], progress["waiting"], progress["total"]), (3, 0, 3)
        )

    # === SCHEDULED === #

    def test_b6_schedule_goes_by_the_companys_clock(self):
        self.company.partner_id.tz = "America/New_York"
        for day, hour, moment in [
            (date(2026, 7, 1), 9.5, datetime(2026, 7, 1, 13, 30)),
            (date(2026, 1, 5), 9.5, datetime(2026, 1, 5, 14, 30)),
            # 2:30 does not come on this day; 1:30 comes twice on that one.
            (date(2026, 3, 8), 2.5, datetime(2026, 3, 8, 7, 30)),
            (date(2026, 11, 1), 1.5, datetime(2026, 11, 1, 5, 30)),
        ]:
            self.assertEqual(self.company._get_portal_moment(day, hour), moment)

    def test_b6_scheduled_is_sent_then_and_not_before(self):
        day = fields.Date.today() + timedelta(days=3)
        batch = self._start(when="later", day=day, hour=9.0)
        due = self.company._get_portal_moment(day, 9.0)
        self.assertEqual((batch.scheduled_on, batch.state), (due, "scheduled"))
        with self.mailbox() as mailbox:
            self._send_due()
            self.assertFalse(mailbox.messages)
            left = due - fields.Datetime.now()
            self._pass_time(left.total_seconds() + 1)
            self._send_due()
        self.assertEqual(len(mailbox.messages), 3)

    def test_b6_time_that_has_passed_is_not_taken(self):
        window = self._open_mass_window()
        window.write({"when": "later", "day": "2020-01-01"})
        with self.assertRaises(UserError):
            window.action_send()

    def test_b6_invoices_of_marked_customers_leave_when_confirmed(self):
        self.customers[0].portal_send_at_confirmation = True
        invoices = self.env["account.move"].concat(
            *(
                self._create_portal_invoice(post=False, partner_id=each.id)
                for each in self.customers
            )
        )
        mailed = self._create_portal_invoice(
            post=False, partner_id=self.customers[0].id
        )
        mailed.is_move_sent = True
        with self.mailbox() as mailbox:
            (invoices | mailed).action_post()
            self._send_due()
        self.assertEqual(
            [mail.envelope_to for mail in mailbox.messages],
            [[self.customers[0].email]],
        )

    def test_b6_invoices_of_a_marked_journal_leave_when_confirmed(self):
        invoice = self._create_portal_invoice(post=False)
        invoice.journal_id.portal_send_at_confirmation = True
        with self.mailbox() as mailbox:
            invoice.action_post()
            self._send_due()
        [mail] = mailbox.messages
        self.assertIn(self.customer.email, mail.envelope_to)

    def test_b6_confirmed_in_the_window_leaves_once(self):
        invoice = self._create_portal_invoice(post=False)
        invoice.journal_id.portal_send_at_confirmation = True
        with self.mailbox() as mailbox:
            window = self._open_window(invoice)
            window.action_continue()
            self._send_due()
            window.action_send()
            self._send_due()
        self.assertEqual(len(mailbox.messages), 1)

    # === SUPPORTING DOCUMENTS === #

    def _attach(self, record, name, size=10):
        return self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": name.encode().ljust(size, b"."),
                "mimetype": "application/octet-stream",
                "res_model": record._name,
                "res_id": record.id,
            }
        )

    def _get_files(self, mailbox):
        """Return the names of supporting documents by who got them."""
        return {
            mail.envelope_to[0].partition("@")[0]: [
                each.name
                for each in mail.attachments
                if not each.name.endswith((".pdf", ".xml"))  # The invoice's own.
            ]
            for mail in mailbox.messages
        }

    def test_b6_supporting_documents_go_with_the_email_of_their_invoice(self):
        self.company.portal_mail_size_limit = 1
        self._attach(self.invoices[0], "terms.txt")
        self._attach(self.invoices[1], "plan.dat", 700_000)
        self._attach(self.invoices[1], "note.txt")
        batch = self._start(is_with_documents=True)
        with self.mailbox() as mailbox:
            self._send_due()
        # What is too large for an email is only on the page, as by the single window.
        self.assertEqual(
            self._get_files(mailbox),
            {"c0": ["terms.txt"], "c1": ["note.txt"], "c2": []},
            batch.delivery_ids.mapped("answer"),
        )
        offered = {
            invoice: set(self._get_links(invoice).document_ids.mapped("name"))
            for invoice in self.invoices
        }
        # Core leaves this one on invoices in tests only, in place of embedding it.
        self.assertEqual(
            [sorted(names - {"factur-x.xml"}) for names in offered.values()],
            [["terms.txt"], ["note.txt", "plan.dat"], []],
        )
        [mail] = [each for each in mailbox.messages if each.envelope_to[0][:2] == "c1"]
        self.assertIn("plan.dat", mail.html, "the email says that it is on the page")

    def test_b6_supporting_documents_stay_where_they_are_not_asked_for(self):
        self._attach(self.invoices[0], "terms.txt")
        self._start(self.invoices[0])
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(self._get_files(mailbox), {"c0": []})
        self.assertFalse(self._get_links(self.invoices[0]).document_ids)

    def test_b6_draft_goes_with_its_documents(self):
        draft = self._create_portal_invoice(post=False, partner_id=self.customers[0].id)
        self._attach(draft, "terms.txt")
        self._start(draft, drafts="send", is_with_documents=True)
        with self.mailbox() as mailbox:
            self._send_due()
        [mail] = mailbox.messages
        files = {each.name: each.content for each in mail.attachments}
        self.assertEqual(files.pop("terms.txt"), b"terms.txt.")
        [draft_pdf] = files.values()
        self.assertTrue(draft_pdf.startswith(b"%PDF"))

    def test_b6_picture_that_was_pasted_into_the_text_is_in_each_email(self):
        dot = (
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
            "WjR9awAAAABJRU5ErkJggg=="
        )
        self._start(
            is_adjusting=True,
            subject="Hello",
            body=f'<p>Hello <img src="data:image/png;base64,{dot}"></p>',
        )
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(len(mailbox.messages), 3)
        for mail in mailbox.messages:
            self.assertIn('src="cid:', mail.html)

    # === NOTHING OF ANOTHER CUSTOMER === #

    def _get_mix_ups(self, link, pdf):
        """Return how two customers could be mixed up, step by step.

        :param link: The other customer's.
        :param pdf: The PDF of the other customer's invoice.
        :return: What is done wrong, and how: a class, its method, and another one.
        :rtype: dict
        """
        deliveries, servers = (
            self.env.registry[name]
            for name in ("account.move.portal.delivery", "ir.mail_server")
        )
        headers, values = deliveries._get_headers, deliveries._get_mail_values
        prepare, build = deliveries._build_message, servers._build_email__

        def with_recipients(*others, is_own=False):
            return lambda this, *args: (
                prepare(this, *args)[0],
                [*([this.email] if is_own else []), *others],
            )

        def with_file(content):
            def attach(this, *args, **kwargs):
                message = build(this, *args, **kwargs)
                message.add_attachment(content, "application", "pdf", filename="a.pdf")
                return message

            return attach

        return {
            "to them": (deliveries, "_build_message", with_recipients(link.email)),
            "to them, too": (
                deliveries,
                "_build_message",
                with_recipients(link.email, is_own=True),
            ),
            "their address": (
                deliveries,
                "_get_headers",
                lambda this, *args: {**headers(this, *args), "Cc": link.email},
            ),
            "their link in the text": (
                deliveries,
                "_get_mail_values",
                lambda this, _link, *args: values(this, link, *args),
            ),
            "their link in the subject": (
                deliveries,
                "_get_mail_values",
                lambda this, *args: {**values(this, *args), "subject": link._get_url()},
            ),
            "their file": (deliveries, "_get_attachments", lambda _this: pdf),
            "their file, too": (servers, "_build_email__", with_file(pdf.raw)),
            "a file of nobody": (servers, "_build_email__", with_file(b"%PDF")),
        }

    def _send_first(self, mailbox, **values):
        """Send the first invoice, and return what left, and what became of it."""
        mailbox.clear()
        batch = self._start(self.invoices[0], **values)
        self._send_due()
        return mailbox.messages, batch.delivery_ids

    @mute_logger(LANE)
    def test_b6_nothing_of_another_customer_leaves_whatever_goes_wrong(self):
        for invoice in self.invoices[:2]:
            window = self.env["account.move.send.portal"].create(
                {"move_id": invoice.id}
            )
            window._prepare_documents()
        # In sudo mode because links and documents are the system's.
        own, theirs = (move.invoice_pdf_report_id.sudo() for move in self.invoices[:2])
        link_sudo = self._create_link(self.invoices[1], email="c1@customer.example")
        mix_ups = self._get_mix_ups(link_sudo.sudo(), theirs)
        with self.mailbox() as mailbox:
            for name, (owner, method, wrong) in mix_ups.items():
                with self.subTest(name), patch.object(owner, method, wrong):
                    mails, delivery = self._send_first(mailbox)
                    self.assertFalse(mails)
                    self.assertEqual(delivery.state, "refused")
            # All PDF files of a run are made in one go.
            content, own.raw = own.raw, theirs.raw
            mails, delivery = self._send_first(mailbox)
            self.assertFalse(mails)
            self.assertIn("not of this invoice", delivery.answer)
            own.raw = content
            mails, _delivery = self._send_first(mailbox)
            self.assertEqual(len(mails), 1, "and what is right leaves")

    @mute_logger(LANE)
    def test_b6_without_its_check_each_mix_up_would_leave(self):
        for invoice in self.invoices[:2]:
            window = self.env["account.move.send.portal"].create(
                {"move_id": invoice.id}
            )
            window._prepare_documents()
        link = self._create_link(self.invoices[1], email="c1@customer.example")
        # In sudo mode because links and documents are the system's.
        theirs = self.invoices[1].invoice_pdf_report_id.sudo()
        mix_ups = self._get_mix_ups(link.sudo(), theirs)
        deliveries = self.env.registry["account.move.portal.delivery"]
        self.invoices[0].is_move_sent = True  # To be asked whether to repeat.
        # If one of these passed with its check, the test above would prove nothing.
        with self.mailbox() as mailbox:
            for name, check, off in (
                ("their address", (outgoing, "get_addressees"), lambda _message: set()),
                (
                    "their link in the text",
                    (deliveries, "_is_of_another"),
                    lambda _this, _token: False,
                ),
                (
                    "their link in the subject",
                    (deliveries, "_is_of_another"),
                    lambda _this, _token: False,
                ),
                (
                    "a file of nobody",
                    (deliveries, "_check_attached"),
                    lambda _this, _attached: None,
                ),
            ):
                with (
                    self.subTest(name),
                    patch.object(*mix_ups[name]),
                    patch.object(*check, off),
                ):
                    mails, delivery = self._send_first(mailbox, is_repeating=True)
                    self.assertEqual(len(mails), 1, delivery.answer)

    @mute_logger(LANE)
    def test_b6_email_with_anothers_link_or_file_does_not_leave(self):
        other = self._create_link(self.invoices[1], email="c1@customer.example")
        batch = self._start(
            self.invoices[:2],
            is_adjusting=True,
            subject="Hello",
            body=f"<p>See {other._get_url()}</p>",
        )
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertFalse(
            [each for each in mailbox.messages if each.envelope_to[0][:2] == "c0"]
        )
        first = batch.delivery_ids.filtered(lambda each: each.email[:2] == "c0")
        self.assertEqual(first.state, "refused")
        self.assertIn("another recipient", first.answer)
        foreign = self.env["ir.attachment"].create(
            {
                "name": "theirs.pdf",
                "raw": b"%PDF-1.4",
                "res_model": "account.move",
                "res_id": self.invoices[1].id,
            }
        )
        third = self._start(self.invoices[2])
        # In sudo mode because emails are the system's.
        third.sudo().delivery_ids.write(
            {"subject": "x", "body": "<p>x</p>", "attachment_ids": foreign.ids}
        )
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertFalse(mailbox.messages)
        self.assertIn("not of this invoice", third.delivery_ids.answer)

    # === ACCESS === #

    def test_b6_who_may_not_send_invoices_sends_none(self):
        stranger = self.env["res.users"].create(
            {"name": "Stranger", "login": "bulk-stranger", "group_ids": False}
        )
        with self.assertRaises(AccessError):
            self.invoices.with_user(stranger).action_open_portal_mass_send()
        batch = self._start()
        for action in ("action_pause", "action_cancel", "action_retry"):
            with self.assertRaises(AccessError):
                getattr(batch.with_user(stranger), action)()
        self.assertEqual(batch.waiting_count, 3)
