import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from ...const import (
    TRIGGER_PAYMENT,
    TRIGGER_VIEWED,
)
from ..notification_common import NOTIFICATION_LOGGER, PortalNotificationCommon


class TestBaseAutomationPortal(PortalNotificationCommon, HttpCase):
    """Whom a rule tells, how, and the screen on which it is made."""

    # === WHOM AND HOW === #

    def test_s12_creator_is_told_where_there_is_no_salesperson(self):
        self.invoice.invoice_user_id = False
        self._record_view(self._create_link())
        self._run_notifications()
        self.assertTrue(self._get_told(self.invoice.create_uid))

    def _create_left_invoice(self, maker, **values):
        """Create an invoice that neither its salesperson nor its maker hears of."""
        # In sudo mode because a customer has no right to make one.
        invoice = (
            self.env["account.move"]
            .with_user(maker)
            .with_company(self.company)
            .sudo()
            .create({"move_type": "out_invoice", "partner_id": self.customer.id})
        )
        invoice.write({"invoice_user_id": False, **values})
        invoice.message_unsubscribe(invoice.message_partner_ids.ids)
        return invoice

    def _create_administrator(self, company):
        return new_test_user(
            self.env,
            login="portal_administrator",
            groups="account.group_account_manager",
            email="chief@company.example",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def _tell_of(self, invoice):
        """Tell of a view of an invoice, and again if that fails."""
        self._record_view(self._create_link(invoice))
        for _time in range(2):
            self._run_notifications()
            self._pass_time(301)
        return self._get_queue(self.viewed_rule, move_id=invoice.id)

    def test_s12_followers_then_administrators_are_told_where_nobody_is_left(self):
        robot = self.env.ref("base.user_root")
        visitor = new_test_user(self.env, "portal_maker", groups="base.group_portal")
        archived = new_test_user(self.env, "portal_left", groups="base.group_user")
        archived.active = False
        administrator = self._create_administrator(self.company)
        for name, recipient, maker, values in [
            ("made by a scheduled action", "salesperson", robot, {}),
            ("made by a customer", "salesperson", visitor, {}),
            ("left", "salesperson", robot, {"invoice_user_id": archived.id}),
            ("the maker is no user", "creator", robot, {}),
        ]:
            with self.subTest(name):
                self.viewed_rule.portal_recipient = recipient
                invoice = self._create_left_invoice(maker, **values)
                self.assertEqual(self._tell_of(invoice).state, "done")
                self.assertTrue(self._get_staff_messages(invoice, administrator))
                invoice = self._create_left_invoice(maker, **values)
                invoice.message_subscribe((self.biller.partner_id | self.customer).ids)
                self._tell_of(invoice)
                [message] = self._get_staff_messages(invoice, self.biller)
                self.assertEqual(message.notified_partner_ids, self.biller.partner_id)

    def test_s12_to_do_of_a_payment_goes_to_whom_a_rule_would_tell(self):
        robot = self.env.ref("base.user_root")
        invoice = self._create_left_invoice(robot)
        invoice.message_subscribe(self.biller.partner_id.ids)
        tx = self._create_transaction(invoice)
        # In sudo mode because it is the provider who makes it known.
        attempt = tx.sudo().portal_attempt_id
        attempt._schedule_activity("Payment taken back", "Ask the customer")
        self.assertEqual(invoice.activity_ids.user_id, self.biller)

    def test_s12_rule_that_has_nobody_to_tell_fails_and_says_so(self):
        stranger = self._create_administrator(self.env.ref("base.main_company"))
        administrators = self.invoice._get_portal_administrators()
        self.env.ref("account.group_account_manager").sudo().user_ids -= administrators
        invoice = self._create_left_invoice(self.env.ref("base.user_root"))
        with mute_logger(NOTIFICATION_LOGGER):
            notification = self._tell_of(invoice)
        self.assertEqual(notification.state, "failed")
        self.assertIn("No one to notify", notification.failure_reason)
        self.assertEqual(self.viewed_rule.portal_failure_count, 1)
        self.assertFalse(self._get_staff_messages(invoice, stranger))
        self.viewed_rule.portal_recipient = "followers"
        invoice = self._create_left_invoice(self.env.ref("base.user_root"))
        self.assertEqual(self._tell_of(invoice).state, "done", "it has none")

    def test_s12_followers_or_chosen_users_are_told(self):
        self.invoice.message_subscribe(self.biller.partner_id.ids)
        self.invoice.message_subscribe(self.customer.ids)
        self.viewed_rule.portal_recipient = "followers"
        self._record_view(self._create_link())
        self._run_notifications()
        self.assertTrue(self._get_told(self.biller))
        told = self._get_told(self.biller).notified_partner_ids
        self.assertNotIn(self.customer, told, "staff only")
        self.paid_rule.write(
            {"portal_recipient": "users", "portal_user_ids": self.biller.ids}
        )
        self._queue_payment()
        self._run_notifications()
        self.assertEqual(len(self._get_told(self.biller)), 2)

    def test_s12_told_as_the_user_prefers_or_as_the_rule_says(self):
        for preference, delivery, expected in [
            ("inbox", "preference", "inbox"),
            ("email", "preference", "email"),
            ("inbox", "email", "email"),
            ("email", "inbox", "inbox"),
        ]:
            self.salesperson.notification_type = preference
            self.viewed_rule.portal_delivery = delivery
            invoice = self._create_portal_invoice()
            self._record_view(self._create_link(invoice))
            self._run_notifications()
            message = self._get_staff_messages(invoice, self.salesperson)
            with self.subTest(preference=preference, delivery=delivery):
                self.assertEqual(
                    message.notification_ids.mapped("notification_type"), [expected]
                )

    def test_s12_mail_to_staff_has_a_button_to_the_invoice(self):
        self.salesperson.notification_type = "email"
        self._record_view(self._create_link())
        self._run_notifications()
        mail = self.env["mail.mail"].search(
            [("mail_message_id", "=", self._get_told().id)]
        )
        self.assertIn(f"res_id={self.invoice.id}", mail.body_html)
        self.assertIn("View Invoice", mail.body_html)

    def test_s12_told_by_an_activity(self):
        self.viewed_rule.portal_delivery = "activity"
        self._record_view(self._create_link())
        self._run_notifications()
        activity = self.invoice.activity_ids.filtered(
            lambda activity: activity.user_id == self.salesperson
        )
        self.assertIn("was viewed", activity.summary)

    def test_s12_told_in_a_channel(self):
        channel = self.env["discuss.channel"].create({"name": "Billing"})
        self.viewed_rule.write(
            {"portal_recipient": "channel", "portal_channel_id": channel.id}
        )
        self._record_view(self._create_link())
        self._run_notifications()
        [message] = channel.message_ids.filtered(
            lambda each: self.invoice.name in each.body
        )
        self.assertIn("viewed", message.body)
        self.assertFalse(self._get_told())

    def test_s12_told_by_sms(self):
        if "sms.sms" not in self.env:
            self.skipTest("SMS is not installed")
        self.salesperson.partner_id.phone = "+1 555 123 4567"
        self.viewed_rule.portal_delivery = "sms"
        self._record_view(self._create_link())
        self._run_notifications()
        sms = self.env["sms.sms"].search(
            [("partner_id", "=", self.salesperson.partner_id.id)]
        )
        self.assertIn("viewed", sms.body)

    def test_s12_sms_is_plain_text_in_the_cheapest_alphabet(self):
        view = self._record_view(self._create_link())
        notification = self._get_queue(self.viewed_rule)
        self.assertEqual(notification.event_id, view)
        _subject, body = self.viewed_rule._render_portal_message(
            notification, self.salesperson
        )
        text = self.viewed_rule._get_portal_sms(body)
        self.assertTrue(text.startswith("Carla Customer viewed invoice"))
        self.assertIn("Invoice total: $ 100.00\nBalance due: $ 100.00", text)
        self.assertNotIn("*", text)
        self.assertTrue(text.isascii())

    @contextmanager
    def _webhook(self, statuses):
        """Run an HTTP server that answers with one status after the other."""
        received, statuses = [], iter(statuses)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                received.append(
                    (
                        self.headers["Idempotency-Key"],
                        json.loads(self.rfile.read(length)),
                    )
                )
                self.send_response(next(statuses))
                self.end_headers()

            def log_message(self, *_args):
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with self.allow_requests(all_requests=True):
                yield f"http://127.0.0.1:{server.server_port}/hook", received
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def test_s13_webhook_is_called_and_once_more_if_it_fails(self):
        with self._webhook([500, 200]) as (url, received):
            self.paid_rule.write(
                {"portal_recipient": "webhook", "portal_webhook_url": url}
            )
            notification = self._queue_payment()
            with mute_logger(NOTIFICATION_LOGGER):
                self._run_notifications()
            self.assertEqual(notification.state, "waiting")
            self._run_notifications()
            self.assertEqual(len(received), 1, "not at once")
            self._pass_time(301)
            self._run_notifications()
        self.assertEqual(notification.state, "done")
        self.assertEqual(received[0], received[1], "the same occasion, told so")
        payload = received[0][1]
        self.assertEqual(payload["invoice"], self.invoice.name)
        self.assertEqual(payload["amount_paid"], 100.0)
        self.assertEqual(payload["event"], "portal_payment_received")

    def test_s13_test_of_a_webhook_says_that_it_is_one(self):
        with self._webhook([200]) as (url, received):
            rule = self._create_rule(
                TRIGGER_PAYMENT, portal_recipient="webhook", portal_webhook_url=url
            )
            rule.action_test_portal_message()
        self.assertIs(received[0][1]["test"], True)

    # === THE SCREEN === #

    def test_s12_s13_rule_is_made_in_the_builder(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_payment_portal.base_automation_portal_action"
        )
        builder = self.env["base.automation"].with_context(
            **safe_eval(action["context"])
        )
        view = "account_payment_portal.base_automation_portal_view_form"
        with Form(builder, view=view) as form:
            self.assertEqual(
                (form.trigger, form.portal_recipient), (TRIGGER_VIEWED, "salesperson")
            )
        rule = form.record
        self.assertEqual(rule.name, "Invoice Web Portal Viewed: The salesperson")
        self.assertEqual(
            rule.portal_summary,
            "On the first view of an invoice: notify the salesperson by inbox or "
            "email, as they prefer",
        )
        self._record_view(self._create_link())
        self._run_notifications()
        self.assertEqual(len(self._get_told()), 2, "this rule and the installed one")

    def test_s12_s13_rule_is_named_by_what_it_does_until_somebody_names_it(self):
        view = "account_payment_portal.base_automation_portal_view_form"
        with Form(self.viewed_rule.copy({"name": ""}), view=view) as form:
            form.portal_recipient = "creator"
            self.assertEqual(form.name, "Invoice Web Portal Viewed: Invoice creator")
            form.trigger = TRIGGER_PAYMENT
            self.assertEqual(form.name, "Invoice Payment Received: Invoice creator")
            form.name = "Mine"
            form.portal_recipient = "followers"
            self.assertEqual(form.name, "Mine")

    def test_s12_s13_rules_say_in_words_what_they_do(self):
        for values, words in [
            (
                {"portal_view_scope": "every", "portal_throttle_minutes": 5},
                "On every view, at most once every 5 minutes: only run the actions",
            ),
            (
                {
                    "portal_view_scope": "recipient",
                    "filter_domain": "[('amount_total', '>', 100)]",
                    "portal_recipient": "webhook",
                    "portal_webhook_url": "https://hook.example",
                },
                "On the first view by each recipient, for invoices whose Total is "
                "above 100: call a webhook",
            ),
            (
                {
                    "portal_recipient": "emails",
                    "portal_emails": "Boss <Boss@company.example>, own@else.example",
                    "portal_minimum_amount": 1000,
                    "filter_domain": "['|', ('partner_id', '=', "
                    f"{self.customer.id}), ('payment_state', 'in', "
                    "['paid', 'partial'])]",
                },
                "On the first view of an invoice, for invoices of at least $ 1,000.00 "
                "and whose Partner is Carla Customer or whose Payment Status is Paid "
                "or Partially Paid: email boss@company.example, own@else.example",
            ),
            (
                {"filter_domain": "[('amount_total', '>', "},
                "On the first view of an invoice, for invoices that meet a condition: "
                "only run the actions",
            ),
            (
                {
                    "trigger": TRIGGER_PAYMENT,
                    "portal_payment_method": "bank",
                    "portal_payment_scope": "full",
                    "portal_recipient": "users",
                    "portal_user_ids": self.biller.ids,
                    "portal_delivery": "email",
                },
                "When a payment is received, from a bank account, only the one that "
                "pays the invoice in full: notify Bill Biller by email",
            ),
        ]:
            with self.subTest(words=words):
                summary = self._create_rule(**values).portal_summary
                self.assertEqual(summary.replace("\xa0", " "), words)

    def test_s12_addresses_without_a_login_are_told_of_large_invoices_only(self):
        rule = self._create_rule(
            portal_recipient="emails",
            portal_emails="boss@company.example; Own <own@else.example>",
            portal_minimum_amount=150,
        )
        small, large = self.invoice, self._create_portal_invoice(150.0)
        for invoice in (small, large):
            self._record_view(self._create_link(invoice))
        self._run_notifications()
        self.assertFalse(self._get_queue(rule, move_id=small.id))
        self.assertEqual(self._get_queue(rule, move_id=large.id).state, "done")
        mails = self.env["mail.mail"].search([("res_id", "=", large.id)])
        self.assertEqual(
            set(mails.mapped("email_to")), {"boss@company.example", "own@else.example"}
        )
        token = large.portal_link_ids.sudo().token
        for mail in mails:
            self.assertIn(large.name, mail.subject)
            self.assertIn("Carla Customer", mail.body_html)
            self.assertNotIn(token, mail.body_html)

    def test_s12_what_is_no_address_is_refused(self):
        for emails in (False, " ", "boss", "boss@company.example, nobody"):
            with self.subTest(emails=emails), self.assertRaises(ValidationError):
                self._create_rule(portal_recipient="emails", portal_emails=emails)

    def test_s12_s13_test_goes_the_rules_own_way_and_says_where(self):
        admin = self.env.ref("base.user_admin")
        admin.write(
            {
                "company_ids": [Command.link(self.company.id)],
                "email": "admin@company.example",
                "notification_type": "inbox",
            }
        )
        channel = self.env["discuss.channel"].create({"name": "Billing"})
        for values, words in [
            ({"portal_delivery": "email"}, "by email to admin@company.example"),
            ({"portal_delivery": "inbox"}, "to your inbox"),
            ({"portal_delivery": "preference"}, "to your inbox"),
            ({"portal_delivery": "activity"}, "to your activities"),
            (
                {"portal_recipient": "emails", "portal_emails": "boss@c.example"},
                "by email to admin@company.example",
            ),
            (
                {"portal_recipient": "channel", "portal_channel_id": channel.id},
                "in the channel Billing",
            ),
        ]:
            rule = self._create_rule(**{"portal_recipient": "followers", **values})
            action = (
                rule.with_user(admin)
                .with_company(self.company)
                .action_test_portal_message()
            )
            with self.subTest(words=words):
                self.assertIn(words, action["params"]["message"])
        message, *_others = self._get_told(admin).sorted("id")
        self.assertEqual(message.notification_ids.notification_type, "email")
        self.assertIn("[Test]", self.invoice.activity_ids.summary)
        [mail] = self.env["mail.mail"].search(
            [("email_to", "=", "admin@company.example")]
        )
        self.assertIn("[Test]", mail.subject)
        self.assertIn("[Test]", channel.message_ids[0].body)
        self.assertFalse(
            self.env["mail.mail"].search([("email_to", "=", "boss@c.example")])
        )

    def test_s12_s13_test_is_sent_to_who_asks_and_to_nobody_else(self):
        admin = self.env.ref("base.user_admin")
        admin.write({"company_ids": [Command.link(self.company.id)]})
        for rule in self.viewed_rule | self.paid_rule:
            rule.with_user(admin).with_company(
                self.company
            ).action_test_portal_message()
        messages = self._get_told(admin)
        self.assertEqual(len(messages), 2)
        self.assertTrue(all("[Test]" in message.subject for message in messages))
        self.assertFalse(self._get_told())
        with self.assertRaises(UserError):
            self._create_rule(code="pass").action_test_portal_message()

    def test_s12_s13_only_administrators_make_rules(self):
        manager = new_test_user(
            self.env, login="portal_chief", groups="account.group_account_manager"
        )
        with self.assertRaises(AccessError):
            self.viewed_rule.with_user(manager).portal_recipient = "followers"
        menu = self.env.ref("account_payment_portal.base_automation_portal_menu")
        admin = self.env.ref("base.user_admin")
        for user, is_shown in [(manager, False), (admin, True)]:
            shown = menu.with_user(user)._visible_menu_ids()
            self.assertEqual(menu.id in shown, is_shown, user.name)

    def test_s12_s13_two_rules_are_active_and_keep_what_was_changed_at_upgrades(self):
        rules = self.viewed_rule | self.paid_rule
        self.assertEqual(rules.mapped("active"), [True, True])
        self.assertEqual(set(rules.mapped("portal_recipient")), {"salesperson"})
        self.assertEqual(set(rules.mapped("portal_delivery")), {"preference"})
        records = self.env["ir.model.data"].search(
            [("model", "=", rules._name), ("res_id", "in", rules.ids)]
        )
        self.assertEqual(records.mapped("noupdate"), [True, True])

    def test_s12_s13_triggers_are_for_invoices_only(self):
        with self.assertRaises(ValidationError):
            self.env["base.automation"].create(
                {
                    "name": "On contacts",
                    "model_id": self.env.ref("base.model_res_partner").id,
                    "trigger": TRIGGER_VIEWED,
                }
            )

    def test_s12_s13_options_are_checked(self):
        for values in [
            {"portal_throttle_minutes": -1},
            {"portal_webhook_url": "ftp://example.com"},
            {"portal_webhook_url": "nonsense"},
        ]:
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self.viewed_rule.write(values)
