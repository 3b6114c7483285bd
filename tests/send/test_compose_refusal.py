from unittest.mock import patch

from odoo.tools import config, mute_logger

from ..send_common import MAIL_LOGGERS, PortalSendCommon


class TestAccountMoveSendPortalRefusal(PortalSendCommon):
    """What a mail server refused, and what broke off: said, kept, and taken up."""

    has_document = True

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
        self.assertFalse(self._get_links())
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
        self.assertIn("The mail server says the mailbox is full", window.failure)
        self.assertNotIn("carla", window.failure)
        self.assertIn("carla@customer.example", window.delivered_to)
        self.assertTrue(self.invoice.is_move_sent)
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["full@customer.example"])
        self.assertEqual(mail.to, ["carla@customer.example", "full@customer.example"])
        self.assertEqual(mail.cc, ["cecil@customer.example"])
        self.assertEqual(window.step, "sent")
        self.assertIn("carla@customer.example", window.outcome_ids.mapped("email"))
        self.assertEqual(len(self._get_links()), 3)
        self.assertEqual(len(self._get_notes()), 2)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_refusals_are_explained(self):
        for behaviour, words in [
            ({"refuse_recipients": {"*": (554, "Go away")}}, "rejected this recipient"),
            ({"refuse_recipients": {"*": (450, "Greylisted")}}, "Try again later"),
            ({"refuse_sender": (550, "Not you")}, "does not allow .* to send email"),
            ({"refuse_data": (554, "Spam")}, "rejected the email: “Spam”"),
            ({"max_size": 1000}, "too large"),
            ({"drop_connection": "helo"}, "was lost|cannot be reached"),
            ({"drop_connection": "rcpt"}, "was lost"),
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
        self.assertFalse(self._get_links())

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
        link = self._get_links()
        self.assertTrue(link._is_live(), "the recipient may hold it")
        self.assertFalse(link.sent_on)
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertIn(link._get_url(), mail.html)
        self.assertEqual(self._get_links(), link)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_link_whose_mail_was_refused_was_sent_when_it_was_before(self):
        links = self._create_link(sent_on="2020-03-01 10:00:00")
        links |= self.invoice._get_portal_printed_links()
        before = links.mapped(lambda link: (link.sent_on, link.sent_by_id))
        self.assertEqual(len(before), 2)
        for behaviour in (
            {"refuse_recipients": {"*": (550, "No")}},
            {"drop_connection": "content"},
        ):
            with self.subTest(behaviour), self.mailbox(**behaviour):
                self._compose().action_send()
                after = links.mapped(lambda link: (link.sent_on, link.sent_by_id))
                self.assertEqual(after, before)
        with self.mailbox():
            self._compose().action_send()
        for link in links:
            self.assertEqual(link.sent_by_id, self.biller)
            self.assertGreater(link.sent_on.year, 2020)

    # === CRASHES === #

    def test_s11_what_a_mail_needs_is_committed_before_it_goes_out(self):
        """Each mail finds its link committed; each outcome is committed at once."""
        window = self._compose(email_to="carla@customer.example, otto@x.example")
        log = []
        delivery_class = type(self.env["account.move.portal.delivery"])
        send_message = delivery_class._send_message

        def commit(_delivery):
            log.append(window._get_deliveries().mapped("state"))

        def send(delivery, handover):
            self.assertTrue(delivery.link_id._is_live())
            log.append("mail")
            return send_message(delivery, handover)

        with (
            self.mailbox(),
            patch.object(delivery_class, "_commit", commit),
            patch.object(delivery_class, "_send_message", send),
        ):
            window.action_send()
        self.assertEqual(
            log,
            [
                *(["sending", "waiting"], "mail", ["sent", "waiting"]),
                *(["sent", "sending"], "mail", ["sent", "sent"]),
                ["sent", "sent"],
            ],
        )

    def test_s11_sending_that_died_is_taken_up_again(self):
        """A process that is killed leaves committed what it had done, and no lock."""
        window = self._compose(
            email_to="carla@customer.example, otto@x.example, last@x.example"
        )
        link = self._create_link(sent_on="2020-03-01 10:00:00")
        tried = self._create_link(email="otto@x.example", partner_id=False)
        deliveries = window._write_deliveries()
        for delivery, state, its_link in zip(
            deliveries, ("sent", "sending"), (link, tried), strict=False
        ):
            delivery.write({"state": state, "link_id": its_link.id})
        message_id = deliveries[1].message_id
        with self.mailbox() as mailbox:
            action = window.action_send()
        # What is left goes out; what may have arrived is shown first.
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["last@x.example"])
        self.assertEqual(action["res_id"], window.id)
        self.assertIn("otto@x.example: Odoo was interrupted", window.failure)
        self.assertEqual(deliveries.mapped("state"), ["sent", "uncertain", "sent"])
        # Staff are told of the one, too, who got the mail before.
        [note] = self._get_notes()
        self.assertIn("carla@customer.example", note.body)
        self.assertNotIn("otto@x.example", note.body)
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["otto@x.example"])
        self.assertIn(tried._get_url(), mail.html)
        self.assertEqual(mail.header("Message-Id").strip(), message_id)
        self.assertEqual(window.step, "sent")
