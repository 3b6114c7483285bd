from base64 import b64encode

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import file_open, mute_logger

from ..send_common import MAIL_LOGGERS, PortalSendCommon


class TestAccountMoveSendPortalDelivery(PortalSendCommon):
    """The sending: what a real mail server received."""

    has_document = True

    # === THE MAIL === #

    def test_s11_s14_mail_as_the_server_received_it(self):
        with file_open("account/static/description/icon.png", "rb") as logo:
            self.company.logo = b64encode(logo.read())
        self.company.primary_color = "#123456"  # The page's.
        with self.mailbox() as mailbox:
            window, action = self._send()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])
        self.assertEqual(mail.to, ["carla@customer.example"])
        self.assertEqual(mail.cc, [])
        self.assertIn("Sally Sales", mail.sender)
        self.assertEqual(
            [each.address for each in mail.addresses("Reply-To")],
            ["sally@company.example"],
        )
        link = self._get_links()
        self.assertEqual(link.email, "carla@customer.example")
        self.assertEqual(link.partner_id, self.customer)
        self.assertEqual(link.sent_by_id, self.biller)
        self.assertTrue(link.sent_on)
        self.assertIn("View &amp; Pay Invoice", mail.html)
        self.assertEqual({each["href"] for each in mail.links}, {link._get_url()})
        self.assertIn(f"/logo.png?company={self.company.id}", mail.html)
        self.assertIn("background-color: #123456", mail.html)
        self.assertNotIn("<script", mail.html)
        self.assertLess(len(mail.html.encode()), 102 * 1024, "Gmail clips more")
        for fact in (self.invoice.name, "100.00", "03/31/2099"):
            self.assertIn(fact, mail.html)
            self.assertIn(fact, mail.text)
        self.assertIn(
            link.sudo().token, mail.text, "the plain-text part has the link too"
        )
        [(_name, mimetype, content)] = mail.attachments
        self.assertEqual(mimetype, "application/pdf")
        self.assertEqual(content, self.invoice.invoice_pdf_report_id.raw)
        self.assertEqual(
            (action["res_model"], action["res_id"]), (window._name, window.id)
        )
        self.assertEqual(window.step, "sent")
        self.assertEqual(
            window.outcome_ids.mapped(lambda each: (each.email, each.state)),
            [("carla@customer.example", "sent")],
        )

    def test_s14_nothing_to_pay_says_view_invoice(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        with self.mailbox() as mailbox:
            self._send()
        [mail] = mailbox.messages
        self.assertIn("View Invoice", mail.html)
        self.assertNotIn("View &amp; Pay", mail.html)

    def test_s14_mail_is_from_the_company_without_a_salesperson(self):
        for values in ({"active": False}, {"active": True, "email": False}):
            self.salesperson.write(values)
            with self.mailbox() as mailbox:
                self._send()
            [mail] = mailbox.messages
            self.assertEqual(
                mail.addresses("From")[0].address, "billing@company.example"
            )

    def test_s14_language_and_company_of_the_invoice(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        other = self.setup_other_company(name="Second Company")["company"]
        other.email = "billing@second.example"
        other.with_context(
            lang="fr_FR"
        ).portal_mail_subject = "Facture de {{company_name}}"
        other.with_context(
            lang="fr_FR"
        ).portal_mail_body = "<p>{{balance_due}}, {{due_date}}</p>"
        self.biller.company_ids |= other
        payer = self.env["res.partner"].create({"name": "Payeur", "is_company": True})
        contact = self.env["res.partner"].create(
            {
                "name": "Chloé",
                "parent_id": payer.id,
                "type": "invoice",
                "email": "chloe@payeur.example",
                "lang": "fr_FR",
            }
        )
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": contact.id,
                    "invoice_user_id": False,
                    "invoice_date": "2020-03-01",
                    "invoice_date_due": "2099-03-31",
                    "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": 1234.5})],
                }
            )
        )
        invoice.action_post()
        biller = self.biller.with_company(self.company)
        with self.mailbox() as mailbox:
            window = self._open_window(invoice, biller)
            window.with_context(
                allowed_company_ids=[self.company.id, other.id]
            ).action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.subject, "Facture de Second Company")
        self.assertEqual(mail.to, ["chloe@payeur.example"])
        self.assertEqual(mail.addresses("From")[0].address, "billing@second.example")
        self.assertIn('lang="fr-FR"', mail.html)
        self.assertIn("31/03/2099", mail.html)
        self.assertRegex(mail.html, "1\\s?234,50|1.419,68|1\\s?419,68")
        self.assertEqual(self._get_links(invoice).partner_id, contact)

    # === RECIPIENTS === #

    def test_s11_each_recipient_gets_a_mail_with_an_own_link(self):
        with self.mailbox() as mailbox:
            self._send(
                email_to="carla@customer.example; Otto <otto@customer.example>",
                email_cc="Cecil <cecil@customer.example>",
                email_bcc="boss@company.example",
            )
        mails = {mail.envelope_to[0]: mail for mail in mailbox.messages}
        self.assertEqual(
            sorted(mails),
            [
                "boss@company.example",
                "carla@customer.example",
                "cecil@customer.example",
                "otto@customer.example",
            ],
        )
        self.assertTrue(all(len(mail.envelope_to) == 1 for mail in mails.values()))
        for link in self._get_links():
            mail = mails.pop(link.email)
            self.assertIn(link._get_url(), mail.html)
            self.assertEqual(
                sorted(mail.to), ["carla@customer.example", "otto@customer.example"]
            )
            self.assertEqual(mail.cc, ["cecil@customer.example"])
            raw = mail.raw.decode()
            if link.email != "boss@company.example":
                self.assertNotIn("boss@company.example", raw)
            for other in self._get_links() - link:
                self.assertNotIn(other.sudo().token, raw)
        self.assertFalse(mails)

    def test_s11_second_mail_has_the_recipients_link_again(self):
        with self.mailbox():
            self._send(email_bcc="boss@company.example")
            links = self._get_links()
            self._send(email_bcc="boss@company.example")
        customers = self._get_links().filtered(lambda link: link.audience == "customer")
        self.assertEqual(customers, links & customers)
        self.assertEqual(len(customers), 1)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_refusal_closes_no_link_that_there_was(self):
        link = self._create_link()
        window = self._compose()
        with self.mailbox(refuse_recipients={"*": (550, "No")}):
            window.action_send()
        self.assertTrue(link.exists()._is_live())

    def test_s11_blind_copy_is_internal(self):
        with self.mailbox():
            self._send(email_bcc="boss@company.example")
        audiences = {link.email: link.audience for link in self._get_links()}
        self.assertEqual(
            audiences,
            {
                "carla@customer.example": "customer",
                "boss@company.example": "internal",
            },
        )

    def test_s11_chatter_shows_what_was_sent_without_the_token(self):
        with self.mailbox():
            self._send(email_bcc="boss@company.example")
        [message] = self._get_notes()
        self.assertIn("carla@customer.example", message.body)
        self.assertIn("boss@company.example", message.body)
        for link in self._get_links():
            self.assertNotIn(link.sudo().token, message.body)
        self.assertEqual(message.attachment_ids.mimetype, "application/pdf")
        customer = new_test_user(
            self.env, login="portal_customer", groups="base.group_portal"
        )
        customer.partner_id = self.customer
        self.assertTrue(self.invoice.with_user(customer).has_access("read"))
        self.assertFalse(
            message.with_user(customer).has_access("read"),
            "blind copies are for staff to know",
        )
        self.assertFalse(
            self.env["mail.mail"].search([("subject", "=", message.subject)]),
            "a mail that was delivered is not kept: it holds a token",
        )

    def test_s11_answer_to_the_mail_finds_the_invoice(self):
        with self.mailbox() as mailbox:
            self._send()
        [mail] = mailbox.messages
        [message] = self._get_notes()
        self.assertEqual(mail.header("Message-Id").strip(), message.message_id)

    def test_s11_invoice_is_marked_sent(self):
        self.assertFalse(self.invoice.is_move_sent)
        with self.mailbox():
            self._send()
        self.assertTrue(self.invoice.is_move_sent)

    def test_s11_second_click_sends_nothing_more(self):
        with self.mailbox() as mailbox:
            window, first = self._send()
            second = window.action_send()
        self.assertEqual(len(mailbox.messages), 1)
        self.assertEqual(second, first)
        self.assertEqual(len(self._get_links()), 1)
        self.assertEqual(len(self._get_notes()), 1)

    @mute_logger("mail.log")  # The mailbox's library, of its own log-in.
    def test_s11_mail_over_the_limit_of_a_personal_server_is_said_to_leave_later(self):
        address = "sally@company.example"
        self.env["ir.config_parameter"].set_param(
            "mail.server.personal.limit.minutes", 1
        )
        window = self._compose(
            user=self.salesperson, email_to="carla@customer.example, otto@x.example"
        )
        login = (address, "secret")
        with (
            self.mailbox(require_auth=login) as mailbox,
            freeze_time("2026-03-01 10:00:00"),
        ):
            self.env["ir.mail_server"].search([]).write(
                {
                    "owner_user_id": self.salesperson.id,
                    "from_filter": address,
                    "smtp_user": address,
                    "smtp_pass": "secret",
                }
            )
            window.action_send()
        self.assertEqual(len(mailbox.messages), 1, window.failure)
        self.assertEqual(window.step, "sent")
        self.assertEqual(window.delivered_to, "carla@customer.example")
        self.assertEqual(window.delayed_to, "otto@x.example")
        later = window._get_deliveries()[1]
        self.assertEqual(later.state, "waiting")
        self.assertFalse(later.link_id, "nothing is open before it leaves")
        self.env["ir.mail_server"].with_context(active_test=False).search(
            [("owner_user_id", "!=", False)]
        ).owner_user_id = False
        with self.mailbox(require_auth=login) as mailbox:
            self.env["ir.mail_server"].search([]).write(
                {
                    "owner_user_id": self.salesperson.id,
                    "from_filter": address,
                    "smtp_user": address,
                    "smtp_pass": "secret",
                }
            )
            self._send_due()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["otto@x.example"])
        self.assertEqual(later.state, "sent")
        self.assertEqual(len(self._get_notes()), 2, "staff are told of both")

    def test_s11_only_one_sends_at_a_time(self):
        window = self._compose()
        with self.mailbox() as mailbox, self.env.registry.cursor() as other:
            # What another worker holds while it sends this window's mails.
            other.execute(
                "SELECT pg_advisory_xact_lock(%s, %s)", (0x504F5254, window.id)
            )
            with self.assertRaisesRegex(UserError, "being sent"):
                window.action_send()
        self.assertFalse(mailbox.messages)
