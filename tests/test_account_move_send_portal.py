from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .common import PortalMailCommon

MAIL_LOGGERS = (
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.base.models.ir_mail_server",
)


class TestAccountMoveSendPortal(PortalMailCommon):
    def _open_window(self, invoice=None, user=None):
        """Open the window on an invoice as the button does."""
        invoice = (invoice or self.invoice).with_user(user or self.biller)
        action = invoice.action_open_portal_send()
        return Form(
            self.env[action["res_model"]]
            .with_user(user or self.biller)
            # Odoo makes no PDF in tests unless told to.
            .with_context(**action["context"], force_report_rendering=True)
        )

    def _send(self, window):
        return window.save().action_send()

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
        self.assertEqual(window.customer_without_email, "Carla Customer")
        with self.assertRaisesRegex(UserError, "Enter an e-mail address"):
            self._send(window)

    def test_s5_malformed_address_is_named(self):
        window = self._open_window()
        window.email_to = "carla@customer.example, nobody-at-all"
        with self.mailbox() as mailbox, self.assertRaisesRegex(UserError, "nobody-at"):
            self._send(window)
        self.assertFalse(mailbox.messages)

    def test_s6_empty_subject_or_body_is_refused(self):
        for field, hint in [("subject", "Enter a subject"), ("body", "Enter a mess")]:
            window = self._open_window()
            window[field] = False
            with self.assertRaisesRegex(UserError, hint):
                self._send(window)

    def test_s2_only_posted_customer_invoices_have_the_window(self):
        draft = self._create_portal_invoice(post=False)
        credit_note = self.invoice._reverse_moves()
        for document in draft | credit_note:
            with self.assertRaises(UserError):
                document.with_user(self.biller).action_open_portal_send()

    def test_s2_window_is_for_those_who_may_edit_invoices(self):
        reader = new_test_user(
            self.env,
            login="portal_reader",
            groups="base.group_user,account.group_account_readonly",
            company_id=self.company.id,
        )
        with self.assertRaises(AccessError):
            self._open_window(user=reader).save()

    def test_s11_s14_mail_as_the_server_received_it(self):
        with self.mailbox() as mailbox:
            action = self._send(self._open_window())
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])
        self.assertIn("carla@customer.example", mail.to)
        self.assertIn("Sally Sales", mail.sender)
        link = self.invoice.portal_link_ids
        self.assertEqual(len(link), 1)
        self.assertEqual(link.email, "carla@customer.example")
        self.assertEqual(link.partner_id, self.customer)
        self.assertEqual(link.sent_by_id, self.biller)
        self.assertIn("View &amp; Pay Invoice", mail.html)
        self.assertEqual({each["href"] for each in mail.links}, {link._get_url()})
        self.assertIn(link.token, mail.text, "the plain-text part has the link too")
        self.assertLess(len(mail.html.encode()), 102 * 1024, "Gmail clips more")
        [(_name, mimetype, content)] = mail.attachments
        self.assertEqual(mimetype, "application/pdf")
        self.assertEqual(content, self.invoice.invoice_pdf_report_id.raw)
        self.assertTrue(content.startswith(b"%PDF-"))
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("carla@customer.example", action["params"]["message"])

    def test_s11_chatter_shows_what_was_sent_without_the_token(self):
        with self.mailbox():
            self._send(self._open_window())
        message = self.invoice.message_ids.filtered(
            lambda message: "Payment portal link sent" in (message.body or "")
        )
        self.assertEqual(len(message), 1)
        self.assertIn("carla@customer.example", message.body)
        self.assertNotIn(self.invoice.portal_link_ids.token, message.body)
        self.assertEqual(message.attachment_ids.mimetype, "application/pdf")
        self.assertEqual(message.subtype_id, self.env.ref("mail.mt_note"))
        self.assertFalse(
            self.env["mail.mail"].search([("mail_message_id", "=", message.id)]),
            "a mail that was delivered is not kept: it holds a token",
        )

    def test_s11_each_recipient_gets_a_mail_with_an_own_link(self):
        window = self._open_window()
        window.email_to = "carla@customer.example; Otto <otto@customer.example>"
        with self.mailbox() as mailbox:
            self._send(window)
        mails = {mail.envelope_to[0]: mail for mail in mailbox.messages}
        self.assertEqual(
            sorted(mails), ["carla@customer.example", "otto@customer.example"]
        )
        for link in self.invoice.portal_link_ids:
            mail = mails.pop(link.email)
            self.assertIn(link._get_url(), mail.html)
            self.assertEqual(
                sorted(mail.to), ["carla@customer.example", "otto@customer.example"]
            )
            for other in self.invoice.portal_link_ids - link:
                self.assertNotIn(other.token, mail.raw.decode())
        self.assertFalse(mails)

    def test_s11_invoice_is_marked_sent(self):
        self.assertFalse(self.invoice.is_move_sent)
        with self.mailbox():
            self._send(self._open_window())
        self.assertTrue(self.invoice.is_move_sent)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_refused_by_server_keeps_window_and_leaves_no_trace(self):
        window = self._open_window()
        window.subject = "My own subject"
        wizard = window.save()
        messages = self.invoice.message_ids
        refusal = {"carla@customer.example": (550, "No such user here")}
        with self.mailbox(refuse_recipients=refusal) as mailbox:
            with self.assertRaisesRegex(UserError, "No such user here") as refused:
                with self.env.cr.savepoint():
                    wizard.action_send()
        self.assertIn("carla@customer.example", str(refused.exception))
        self.assertFalse(mailbox.messages)
        self.assertFalse(self.invoice.portal_link_ids)
        self.assertFalse(self.invoice.is_move_sent)
        self.assertEqual(self.invoice.message_ids, messages)
        self.assertEqual(wizard.subject, "My own subject")

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_second_send_goes_to_those_who_did_not_get_it(self):
        window = self._open_window()
        window.email_to = "carla@customer.example, full@customer.example"
        wizard = window.save()
        refusal = {"full@customer.example": (452, "Mailbox full")}
        with self.mailbox(refuse_recipients=refusal) as mailbox:
            action = wizard.action_send()
            self.assertEqual(action["res_model"], wizard._name)
            self.assertEqual(action["res_id"], wizard.id)
        self.assertEqual(len(mailbox.messages), 1)
        self.assertEqual(wizard.email_to, "full@customer.example")
        self.assertIn("Mailbox full", wizard.failure)
        self.assertEqual(self.invoice.portal_link_ids.email, "carla@customer.example")
        with self.mailbox() as mailbox:
            wizard.action_send()
        self.assertEqual(
            [mail.envelope_to for mail in mailbox.messages], [["full@customer.example"]]
        )

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_no_mail_server_is_said(self):
        with self.mailbox() as mailbox:
            pass
        self.env["ir.mail_server"].create(
            {
                "name": "Gone",
                "smtp_host": "127.0.0.1",
                "smtp_port": mailbox.smtp_port,  # Nobody listens there any more.
                "smtp_encryption": "none",
            }
        )
        with self.assertRaisesRegex(UserError, "not sent"):
            self._send(self._open_window())
        self.assertFalse(self.invoice.portal_link_ids.exists())
