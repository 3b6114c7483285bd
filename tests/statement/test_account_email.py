import hashlib
import io

from pypdf import PdfReader

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..send_common import PortalSendCommon
from ..statement_common import StatementCommon


def read_pdf(content):
    """Return the text of a PDF, with plain spaces."""
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@tagged("post_install", "-at_install")
class TestAccountEmail(PortalSendCommon, StatementCommon):
    """An account statement is an email like all: queued, budgeted, noted, audited."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.link.sudo().unlink()
        # The least that lets one work with invoices and customers.
        cls.customers = cls.customer.with_user(cls.biller)

    def _open_statement(self, records=None):
        """Open the window as the action does."""
        records = self.customers if records is None else records
        if records._name == "account.move":
            action = records.action_email_account_statements()
        else:
            action = records.action_email_account_statement()
        return records.env[action["res_model"]].browse(action["res_id"])

    def _send_statement(self, records=None, **values):
        window = self._open_statement(records)
        window.write(values)
        with self.mailbox() as mailbox:
            window.action_send()
            self._send_due()
        return mailbox.messages

    def _get_account_links(self):
        return self.env["account.move.portal.link"].search(
            [("account_partner_id", "=", self.customer.id)]
        )

    def _get_deliveries(self):
        return self.env["account.move.portal.delivery"].search(
            [("kind", "=", "statement")]
        )

    def _read_files(self, mail):
        return {
            part.get_filename(): part.get_payload(decode=True)
            for part in mail.email.iter_attachments()
        }

    # === From the customer === #

    def test_b10_statement_leads_its_recipient_to_the_account(self):
        [mail] = self._send_statement()
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])
        [link] = self._get_account_links()
        self.assertEqual(link.email, "carla@customer.example")
        self.assertEqual(link.partner_id, self.customer)
        self.assertTrue(link.sent_on)
        for content in (mail.html, mail.text):
            self.assertIn(link._get_url(), content)
            for move in (self.overdue, self.invoice, self.childs):
                self.assertIn(move.name, content)
            self.assertNotIn(self.strangers.name, content)
        self.assertIn("Balance due: $ 200.00", mail.text.replace("\xa0", " "))
        self.assertIn("Overdue: $ 60.00", mail.text.replace("\xa0", " "))
        page = self._get_page(link=link)
        self.assertIn(self.overdue.name, page.text)

    def test_b10_statement_is_a_delivery_noted_on_the_customer(self):
        [mail] = self._send_statement()
        [delivery] = self._get_deliveries()
        self.assertEqual((delivery.state, delivery.is_noted), ("sent", True))
        self.assertEqual(delivery.message_id, mail.header("Message-Id").strip())
        [note] = self.customer.message_ids.filtered(
            lambda message: "Account link sent to" in (message.body or "")
        )
        self.assertNotIn("/portal/account/", note.body)
        self.assertEqual(note.subtype_id, self.env.ref("mail.mt_note"))
        [event] = self._get_account_links().event_ids
        self.assertEqual((event.kind, event.delivery_id), ("sent", delivery))
        self.assertFalse(self.overdue.is_move_sent, "its PDF was not in it")

    def test_b10_statement_pdf_is_attached_and_equals_page_and_ledger(self):
        self._create_portal_invoice(15.0, move_type="out_refund")
        [mail] = self._send_statement()
        [(name, content)] = self._read_files(mail).items()
        self.assertRegex(name, r"^Statement .*\.pdf$")
        text = read_pdf(content)
        for expected in (self.overdue.name, "$ 60.00", "$ 140.00", "$ 185.00"):
            self.assertIn(expected, text)
        self.assertNotIn(self.strangers.name, text)
        self.assertNotIn(b"/portal/", content, "no link to an account on a PDF")
        ledger = self.env["account.move.line"].search(
            [
                ("partner_id", "child_of", self.customer.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        self.assertEqual(sum(ledger.mapped("amount_residual")), 185.0)

    def test_b10_invoices_go_with_it_and_count_as_sent(self):
        [mail] = self._send_statement(is_with_invoices=True)
        names = set(self._read_files(mail))
        self.assertEqual(len(names), 4)
        for move in (self.overdue, self.invoice, self.childs):
            self.assertIn(move._get_portal_document_filename(), names)
            self.assertTrue(move.is_move_sent)
            self.assertEqual(move.portal_status, "sent")
            self.assertIn(
                move,
                self.env["account.move"].search([("portal_status", "=", "sent")]),
            )
        evidence = self.env["report.account_payment_portal.report_portal_evidence"]
        for move in (self.overdue, self.invoice, self.childs):
            digest = hashlib.sha256(move.invoice_pdf_report_id.raw).hexdigest()
            told = evidence._get_evidence(move)
            self.assertEqual(told["documents"], [{"number": 1, "hash": digest}])
            details = " ".join(entry["detail"] or "" for entry in told["entries"])
            self.assertIn("with PDF 1", details)
            self.assertIn(mail.header("Message-Id").strip(), details)
        events = self._get_account_links().event_ids
        self.assertEqual(
            set(events.mapped("move_id.id")),
            {self.overdue.id, self.invoice.id, self.childs.id},
        )

    def test_b10_account_link_spoils_no_filter_of_invoices(self):
        self._send_statement()
        unsent = self.env["account.move"].search([("portal_status", "=", "not_sent")])
        self.assertIn(self.overdue, unsent)
        self.assertEqual(self.overdue.portal_status, "not_sent")

    def test_b10_what_is_too_large_is_on_the_page_only(self):
        self.company.portal_mail_size_limit = 1
        window = self.env["account.move.send.portal"]
        for move in (self.overdue, self.invoice, self.childs):
            window.create({"move_id": move.id})._prepare_documents()
        # As large as it is, one fits beside what an email holds anyway.
        self.overdue.invoice_pdf_report_id.raw += b"\n%" + b" " * 250_000
        self.invoice.invoice_pdf_report_id.raw += b"\n%" + b" " * 250_000
        [mail] = self._send_statement(is_with_invoices=True)
        names = set(self._read_files(mail))
        self.assertIn(self.overdue._get_portal_document_filename(), names)
        self.assertNotIn(self.invoice._get_portal_document_filename(), names)
        self.assertIn("More documents on the account page", mail.text)
        self.assertIn(self.invoice._get_portal_document_filename(), mail.text)
        self.assertFalse(self.invoice.is_move_sent)

    def test_b10_statement_speaks_the_recipients_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        [mail] = self._send_statement()
        self.assertIn('lang="de-DE"', mail.html)
        self.assertIn("10.03.2020", mail.html)

    def test_b10_words_of_staff(self):
        [mail] = self._send_statement(
            is_adjusting=True, subject="Before year-end", body="<p>Please settle.</p>"
        )
        self.assertEqual(mail.subject, "Before year-end")
        self.assertIn("Please settle.", mail.text)
        self.assertIn(self.overdue.name, mail.text)
        self.assertNotIn("Please find attached", mail.text)

    # === Who gets it === #

    def test_b10_only_a_contact_of_the_customer_gets_it(self):
        window = self._open_statement()
        self.assertEqual(
            window.contact_ids, self.customer + self.bookkeeper + self.branch
        )
        window.recipient_id = self.bookkeeper
        with self.mailbox() as mailbox:
            window.action_send()
            self._send_due()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["bookkeeper@customer.example"])
        window = self._open_statement()
        window.recipient_id = self.stranger
        with self.mailbox() as mailbox:
            window.action_send()
            self._send_due()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])

    def test_b10_contact_for_invoices_goes_first(self):
        self.bookkeeper.type = "invoice"
        [mail] = self._send_statement()
        self.assertEqual(mail.envelope_to, ["bookkeeper@customer.example"])

    def test_b10_second_statement_has_the_same_link(self):
        self._send_statement()
        self._send_statement()
        self.assertEqual(len(self._get_account_links()), 1)

    def test_b10_what_happens_before_it_leaves_keeps_it(self):
        def pay():
            self.env["account.payment.register"].with_context(
                active_model="account.move",
                active_ids=(self.overdue + self.invoice + self.childs).ids,
            ).create({"group_payment": False}).action_create_payments()

        def change_address():
            self.customer.email = "other@customer.example"

        def become_part():
            self.customer.is_company = False
            self.customer.parent_id = self.stranger

        for change, reason in (
            (pay, "no longer has open invoices"),
            (change_address, "has this email address"),
            (become_part, "has this email address"),
        ):
            with self.subTest(change.__name__), self.mailbox() as mailbox:
                savepoint = self.env.cr.savepoint()
                self._open_statement().action_send()
                change()
                self._send_due()
                self.assertFalse(mailbox.messages)
                [delivery] = self._get_deliveries()
                self.assertEqual(delivery.state, "skipped")
                self.assertIn(reason, delivery.answer)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    @mute_logger(
        "odoo.addons.account_payment_portal.models.send.account_move_portal_delivery"
    )
    def test_b10_refused_statement_leaves_no_link(self):
        window = self._open_statement()
        with self.mailbox(refuse_recipients={"*": (550, "No")}):
            window.action_send()
            self._send_due()
        [delivery] = self._get_deliveries()
        self.assertEqual(delivery.state, "refused")
        self.assertFalse(self._get_account_links())

    def test_b10_customers_without_address_or_open_invoice_are_named(self):
        silent, settled = self.env["res.partner"].create(
            [{"name": "Silent"}, {"name": "Settled", "email": "settled@x.example"}]
        )
        self._create_portal_invoice(3.0, partner_id=silent.id)
        window = self._open_statement(
            (self.customer + silent + settled).with_user(self.biller)
        )
        self.assertEqual(window.customer_count, 1)
        self.assertIn("Silent", window.left_out)
        self.assertIn("Settled", window.left_out)
        with self.assertRaisesRegex(UserError, "No one can be emailed"):
            self._open_statement(silent.with_user(self.biller)).action_send()

    # === From selected invoices === #

    def test_b10_many_customers_are_chosen_by_as_many_queries_as_few(self):
        partners = self.env["res.partner"]
        customers = partners.create(
            [
                {
                    "name": f"Customer {number}",
                    "is_company": True,
                    "child_ids": [
                        Command.create(
                            {
                                "name": "Accounts",
                                "type": "invoice",
                                "email": f"{number}@many.example",
                            }
                        )
                    ],
                }
                for number in range(12)
            ]
        )
        for customer in customers:
            self._create_portal_invoice(partner_id=customer.id)
        batches = self.env["account.move.portal.batch"]

        def count(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            choice = batches._choose_accounts(partners.browse(some.ids), self.company)
            self.assertEqual(
                [one.email for [one] in choice.recipients.values()],
                some.child_ids.mapped("email"),
            )
            return self.env.cr.sql_log_count - before

        count(customers)  # Caches.
        self.assertEqual(count(customers), count(customers[:3]))

    def test_b10_selected_invoices_lead_to_one_email_per_customer(self):
        moves = (self.overdue + self.childs + self.strangers).with_user(self.biller)
        messages = self._send_statement(moves)
        self.assertEqual(
            sorted(mail.envelope_to[0] for mail in messages),
            ["carla@customer.example", "stranger@other.example"],
        )
        for mail in messages:
            is_carla = mail.envelope_to == ["carla@customer.example"]
            names = " ".join(self._read_files(mail))
            for move, is_carlas in (
                (self.overdue, True),
                (self.childs, True),
                (self.strangers, False),
            ):
                filename = move._get_portal_document_filename()
                self.assertEqual(filename in names, is_carla == is_carlas, filename)
                self.assertEqual(move.name in mail.text, is_carla == is_carlas)

    # === Rights === #

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_b10_statement_is_for_billers_only(self):
        for user in (self.env.ref("base.user_demo", False), self._create_plain_user()):
            if not user:
                continue
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.customer.with_user(user).action_email_account_statement()
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.env["ir.actions.report"].with_user(user)._render_qweb_html(
                    "account_payment_portal.report_account_statement", self.customer.ids
                )

    def _create_plain_user(self):
        return self.env["res.users"].create(
            {"name": "Plain", "login": "plain", "company_id": self.company.id}
        )
