from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from ..send_common import PortalSendCommon


class TestAccountMoveSendPortal(PortalSendCommon):
    """The window: who may open it, what it asks, and what it is filled with."""

    # === WHO AND ON WHAT === #

    def test_s2_only_customer_invoices_have_the_window(self):
        credit_note = self.invoice._reverse_moves()
        cancelled = self._create_portal_invoice()
        cancelled.button_draft()
        cancelled.button_cancel()
        others = self.env["account.move"].create(
            [
                {"move_type": move_type, "partner_id": self.customer.id}
                for move_type in ("in_invoice", "out_receipt", "entry")
            ]
        )
        for document in credit_note | cancelled | others:
            with self.assertRaises(UserError):
                document.with_user(self.biller).action_open_portal_send()

    def test_s2_action_is_offered_on_what_can_be_sent_and_on_nothing_else(self):
        moves = self.env["account.move"]
        kinds = moves._fields["move_type"].get_values(self.env)
        offered = {
            (kind, state)
            for kind in kinds
            for state in ("draft", "posted", "cancel")
            if moves.new({"move_type": kind, "state": state}).can_send_portal_link
        }
        self.assertEqual(offered, {("out_invoice", "draft"), ("out_invoice", "posted")})

    def test_s2_header_button_is_for_those_who_may_edit_invoices(self):
        for user, count in ((self.biller, 1), (self._create_reader(), 0)):
            form = self.env["account.move"].with_user(user).get_view(view_type="form")
            buttons = etree.fromstring(form["arch"]).findall(
                ".//header/button[@name='action_open_portal_send']"
            )
            self.assertEqual(
                [button.get("invisible") for button in buttons],
                ["not can_send_portal_link"] * count,
            )

    def _create_reader(self):
        """Create someone who may look at invoices, and not edit them."""
        return new_test_user(
            self.env,
            login="portal_reader",
            groups="base.group_user,account.group_account_readonly",
            company_id=self.company.id,
        )

    def test_s2_window_is_for_those_who_may_edit_invoices(self):
        with self.assertRaises(AccessError):
            self._open_window(user=self._create_reader())

    def test_s2_window_belongs_to_who_opened_it(self):
        window = self._open_window()
        with self.assertRaises(AccessError):
            window.with_user(self.salesperson).action_send()

    # === QUESTIONS === #

    def test_s3_nothing_is_asked_where_nothing_applies(self):
        self.assertEqual(self._open_window().step, "compose")

    def test_s3_draft_is_confirmed(self):
        draft = self._create_portal_invoice(post=False)
        window = self._open_window(draft)
        self.assertEqual(window.step, "questions")
        self.assertIn("Draft", window.subject)
        action = window.action_continue()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (window._name, window.id)
        )
        self.assertEqual(window.step, "compose")
        self.assertEqual(draft.state, "posted")
        self.assertIn(draft.name, window.subject)
        self.assertIn(draft.name, window.body)

    def test_s3_core_says_why_a_draft_cannot_be_confirmed(self):
        draft = self._create_portal_invoice(post=False)
        draft.invoice_line_ids.unlink()
        window = self._open_window(draft)
        with self.assertRaisesRegex(UserError, "post nothing"):
            window.action_continue()

    def test_s3_draft_is_sent_as_a_preview_that_cannot_be_paid(self):
        draft = self._create_portal_invoice(post=False)
        window = self._open_window(draft)
        window.confirm_invoice = "no"
        window.action_continue()
        self.assertEqual(draft.state, "draft")
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertIn("View Invoice", mail.html)
        self.assertNotIn("Pay", mail.html)
        self.assertIn("Draft", mail.subject)
        [(name, _type, content)] = mail.attachments
        self.assertIn("Draft", name)
        self.assertTrue(content.startswith(b"%PDF-"))
        self.assertFalse(draft.is_move_sent, "it is no invoice yet")
        self.assertFalse(draft.invoice_pdf_report_id)
        link = draft.portal_link_ids
        self.assertFalse(link.move_id._is_payable_on_portal())

    # === RECIPIENTS === #

    def test_s4_s5_s6_window_is_filled_from_the_customer(self):
        window = self._open_window()
        self.assertEqual(window.email_to, '"Carla Customer" <carla@customer.example>')
        self.assertIn(self.invoice.name, window.subject)
        self.assertIn("Carla Customer", window.body)
        self.assertIn(self.invoice.name, window.body)

    def test_s5_company_address_where_the_contact_has_none(self):
        company = self.env["res.partner"].create(
            {"name": "Acme", "is_company": True, "email": "office@acme.example"}
        )
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": company.id, "type": "invoice"}
        )
        window = self._open_window(self._create_portal_invoice(partner_id=contact.id))
        self.assertEqual(window.email_to, '"Acme" <office@acme.example>')

    def test_s5_customer_without_address_leaves_to_empty_with_a_hint(self):
        self.customer.email = False
        window = self._open_window()
        self.assertFalse(window.email_to)
        self.assertEqual(
            window.missing_email_hint,
            "Carla Customer has no email address. Enter one below.",
        )
        with self.assertRaisesRegex(UserError, "Enter an email address"):
            window.action_send()

    def test_s5_malformed_address_is_named_while_typing(self):
        form = Form(self._open_window())
        for wrong in ("nobody-at-all", "a b@x.example", "a@b", "@x.example"):
            form.email_cc = f"carla@customer.example, {wrong}"
            self.assertIn(wrong, form.recipients_problem)
        form.email_cc = "fine@x.example"
        self.assertFalse(form.recipients_problem)

    def test_s5_malformed_address_is_not_sent_to(self):
        window = self._compose(email_to="carla@customer.example, nobody-at-all")
        with self.mailbox() as mailbox, self.assertRaisesRegex(UserError, "nobody-at"):
            window.action_send()
        self.assertFalse(mailbox.messages)

    def test_s5_address_in_two_fields_is_kept_once(self):
        form = Form(self._open_window())
        form.email_bcc = "a@x.example, b@x.example, CARLA@customer.example"
        form.email_cc = "A@x.example; carla@customer.example"
        self.assertEqual(form.email_to, '"Carla Customer" <carla@customer.example>')
        self.assertEqual(form.email_cc, "a@x.example")
        self.assertEqual(form.email_bcc, "b@x.example")

    def test_s5_plain_address_creates_no_contact(self):
        contacts = self.env["res.partner"].search_count([])
        with self.mailbox():
            self._send(email_to="new@x.example, New Person <person@x.example>")
        self.assertEqual(self.env["res.partner"].search_count([]), contacts)

    def test_s5_completion_offers_the_customers_people_first(self):
        company = self.env["res.partner"].create(
            {"name": "Acme", "is_company": True, "email": "zoe@acme.example"}
        )
        self.env["res.partner"].create(
            [
                {"name": "Aaron Elsewhere", "email": "zoe-a@other.example"},
                {"name": "Zoe", "parent_id": company.id, "email": "zoe@payer.example"},
                {"name": "Zoe Without", "parent_id": company.id},
            ]
        )
        invoice = self._create_portal_invoice(partner_id=company.id)
        self._create_link(invoice, email="zoe.used@before.example", partner_id=False)
        found = (
            self.env["res.partner"]
            .with_user(self.biller)
            .search_portal_recipients("zoe", invoice.id)
        )
        emails = [each["email"] for each in found]
        self.assertEqual(set(emails[:2]), {"zoe@acme.example", "zoe@payer.example"})
        self.assertEqual(emails[2:], ["zoe-a@other.example", "zoe.used@before.example"])
        self.assertIn(
            '"Zoe" <zoe@payer.example>', [each["formatted"] for each in found]
        )

    # === TEXT === #

    def test_s6_defaults_of_the_company(self):
        self.company.write(
            {
                "portal_mail_cc": "archive@company.example",
                "portal_mail_bcc": "boss@company.example",
                "portal_mail_subject": "Bill {{invoice_number}} of {{company_name}}",
                "portal_mail_body": "<p>Pay {{ balance_due }} by {{due_date}}</p>",
            }
        )
        window = self._open_window()
        self.assertEqual(window.email_cc, "archive@company.example")
        self.assertEqual(window.email_bcc, "boss@company.example")
        self.assertEqual(
            window.subject, f"Bill {self.invoice.name} of {self.company.name}"
        )
        self.assertIn("100.00", window.body)
        self.assertIn("03/31/2099", window.body)

    def test_s6_empty_subject_or_body_is_refused(self):
        for field, hint in [("subject", "Enter a subject"), ("body", "Enter a mess")]:
            window = self._compose(**{field: False})
            with self.assertRaisesRegex(UserError, hint):
                window.action_send()

    def test_s6_text_is_never_run_as_code(self):
        window = self._compose(
            subject="{{ object.env }} {{ 7 * 191 }}",
            body="<p><t t-out='7 * 191'>x</t>{{ object.company_id }}</p>",
        )
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.subject, "{{ object.env }} {{ 7 * 191 }}")
        self.assertNotIn("1337", mail.html)
        self.assertIn("{{ object.company_id }}", mail.html)

    # === CANCEL === #

    def test_s10_cancel_leaves_nothing(self):
        before = self._count_traces()
        with self.mailbox() as mailbox:
            window = self._compose(subject="Changed my mind")
            window.get_email_preview()
            window._get_preview_pdf()
            window.unlink()
        self.assertEqual(self._count_traces(), before)
        self.assertFalse(mailbox.messages)
