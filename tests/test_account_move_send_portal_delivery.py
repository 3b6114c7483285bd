from base64 import b64encode
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import config, file_open, mute_logger

from .send_common import MAIL_LOGGERS, PortalSendCommon


class TestAccountMoveSendPortalDelivery(PortalSendCommon):
    """The sending: what a real mail server received, and what it refused."""

    # === THE MAIL === #

    def test_s11_s14_mail_as_the_server_received_it(self):
        with file_open("account/static/description/icon.png", "rb") as logo:
            self.company.logo = b64encode(logo.read())
        self.company.email_secondary_color = "#123456"
        with self.mailbox() as mailbox:
            _window, action = self._send()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])
        self.assertEqual(mail.to, ["carla@customer.example"])
        self.assertEqual(mail.cc, [])
        self.assertIn("Sally Sales", mail.sender)
        self.assertEqual(
            [each.address for each in mail.addresses("Reply-To")],
            ["sally@company.example"],
        )
        link = self.invoice.portal_link_ids
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
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("carla@customer.example", action["params"]["message"])
        self.assertEqual(
            action["params"]["next"]["type"], "ir.actions.act_window_close"
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
        self.assertEqual(invoice.portal_link_ids.partner_id, contact)

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
        for link in self.invoice.portal_link_ids:
            mail = mails.pop(link.email)
            self.assertIn(link._get_url(), mail.html)
            self.assertEqual(
                sorted(mail.to), ["carla@customer.example", "otto@customer.example"]
            )
            self.assertEqual(mail.cc, ["cecil@customer.example"])
            raw = mail.raw.decode()
            if link.email != "boss@company.example":
                self.assertNotIn("boss@company.example", raw)
            for other in self.invoice.portal_link_ids - link:
                self.assertNotIn(other.sudo().token, raw)
        self.assertFalse(mails)

    def test_s11_second_mail_has_the_recipients_link_again(self):
        with self.mailbox():
            self._send(email_bcc="boss@company.example")
            links = self.invoice.portal_link_ids
            self._send(email_bcc="boss@company.example")
        customers = self.invoice.portal_link_ids.filtered(
            lambda link: link.audience == "customer"
        )
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
        audiences = {link.email: link.audience for link in self.invoice.portal_link_ids}
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
        for link in self.invoice.portal_link_ids:
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
        self.assertEqual(len(self.invoice.portal_link_ids), 1)
        self.assertEqual(len(self._get_notes()), 1)

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

    # === REFUSALS === #

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_refused_by_server_keeps_window_and_marks_nothing(self):
        window = self._compose(subject="My own subject")
        messages = self.invoice.message_ids
        refusal = {"carla@customer.example": (550, "No such user here")}
        with self.mailbox(refuse_recipients=refusal) as mailbox:
            action = window.action_send()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (window._name, window.id)
        )
        self.assertIn("carla@customer.example", window.failure)
        self.assertIn("no such mailbox", window.failure)
        self.assertIn("No such user here", window.failure)
        self.assertFalse(mailbox.messages)
        self.assertFalse(self.invoice.portal_link_ids)
        self.assertFalse(self.invoice.is_move_sent)
        self.assertEqual(self.invoice.message_ids, messages)
        self.assertFalse(
            self.env["mail.mail"].search([("subject", "=", "My own subject")])
        )
        self.assertEqual(window.subject, "My own subject")

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_second_send_goes_to_those_who_did_not_get_it(self):
        window = self._compose(
            email_to="carla@customer.example, full@customer.example",
            email_cc="cecil@customer.example",
        )
        refusal = {"full@customer.example": (452, "Mailbox full")}
        with self.mailbox(refuse_recipients=refusal) as mailbox:
            action = window.action_send()
        self.assertEqual(action["res_id"], window.id)
        self.assertEqual(len(mailbox.messages), 2)
        self.assertIn("full@customer.example: The mailbox is full", window.failure)
        self.assertNotIn("carla", window.failure)
        self.assertIn("carla@customer.example", window.delivered_to)
        self.assertTrue(self.invoice.is_move_sent)
        with self.mailbox() as mailbox:
            action = window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["full@customer.example"])
        self.assertEqual(mail.to, ["carla@customer.example", "full@customer.example"])
        self.assertEqual(mail.cc, ["cecil@customer.example"])
        self.assertIn("carla@customer.example", action["params"]["message"])
        self.assertEqual(len(self.invoice.portal_link_ids), 3)
        self.assertEqual(len(self._get_notes()), 2)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_refusals_are_explained(self):
        for behaviour, words in [
            ({"refuse_recipients": {"*": (554, "Go away")}}, "refuses this recipient"),
            ({"refuse_recipients": {"*": (450, "Greylisted")}}, "try again later"),
            ({"refuse_sender": (550, "Not you")}, "does not let .* send mails"),
            ({"refuse_data": (554, "Spam")}, "refused the mail: “Spam”"),
            ({"max_size": 1000}, "too large"),
            ({"drop_connection": "helo"}, "broke off|cannot be reached"),
            ({"drop_connection": "rcpt"}, "broke off"),
            ({"require_auth": ("user", "secret")}, "[Aa]uth"),
        ]:
            with self.subTest(behaviour), self.mailbox(**behaviour) as mailbox:
                window = self._compose()
                window.action_send()
                self.assertRegex(window.failure, words)
                self.assertFalse(mailbox.messages)
                self.assertFalse(self.invoice.is_move_sent)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_wrong_password_is_said(self):
        with self.mailbox(require_auth=("user", "secret")) as mailbox:
            self.env["ir.mail_server"].search([]).write(
                {"smtp_user": "user", "smtp_pass": "wrong"}
            )
            window = self._compose()
            window.action_send()
        self.assertIn("user name or password is wrong", window.failure)
        self.assertFalse(mailbox.messages)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_unreachable_server_is_said(self):
        with self.mailbox():
            server = self.env["ir.mail_server"].search([])
        server.active = True  # Nobody listens there any more.
        window = self._compose()
        window.action_send()
        self.assertIn("cannot be reached", window.failure)
        self.assertFalse(self.invoice.portal_link_ids)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_missing_server_is_said(self):
        # What Odoo tries then: its own machine, where nobody listens.
        self.patch(config, "options", config.options.new_child({"smtp_port": 1}))
        window = self._compose()
        window.action_send()
        self.assertIn("Odoo has no outgoing mail server", window.failure)
        self.assertFalse(self.invoice.is_move_sent)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_mail_that_may_have_arrived_keeps_its_link(self):
        window = self._compose()
        with self.mailbox(drop_connection="content"):
            window.action_send()
        self.assertIn("may have arrived", window.failure)
        self.assertFalse(self.invoice.is_move_sent)
        link = self.invoice.portal_link_ids
        self.assertTrue(link._is_live(), "the recipient may hold it")
        self.assertFalse(link.sent_on)
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertIn(link._get_url(), mail.html)
        self.assertEqual(self.invoice.portal_link_ids, link)

    # === CRASHES === #

    def test_s11_what_a_mail_needs_is_committed_before_it_goes_out(self):
        """Each mail finds its link committed; each outcome is committed at once."""
        window = self._compose(email_to="carla@customer.example, otto@x.example")
        log = []
        window_class = type(window)
        send_mail = window_class._send_mail

        def commit(wizard):
            log.append(sorted(each["state"] for each in wizard.deliveries.values()))

        def send(wizard, values):
            log.append("mail")
            return send_mail(wizard, values)

        with (
            self.mailbox(),
            patch.object(window_class, "_commit", commit),
            patch.object(window_class, "_send_mail", send),
        ):
            window.action_send()
        self.assertEqual(
            log,
            [
                *(["trying"], "mail", ["sent"]),
                *(["sent", "trying"], "mail", ["sent", "sent"]),
                ["sent", "sent"],
            ],
        )

    def test_s11_sending_that_died_is_taken_up_again(self):
        """A process that is killed leaves committed what it had done, and no lock."""
        window = self._compose(email_to="carla@customer.example, otto@x.example")
        link = self._create_link(sent_on="2020-03-01 10:00:00")
        tried = self._create_link(email="otto@x.example", partner_id=False)
        window.write(
            {
                "delivery_state": "sending",
                "deliveries": {
                    each.email: {
                        "state": "sent" if each.sent_on else "trying",
                        "link_id": each.id,
                        "is_new": True,
                        "formatted": each.email,
                    }
                    for each in link | tried
                },
            }
        )
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["otto@x.example"])
        self.assertIn(tried._get_url(), mail.html)
