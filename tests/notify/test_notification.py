from odoo.fields import Command
from odoo.tools import mute_logger

from ...const import (
    TRIGGER_PAYMENT,
    TRIGGER_VIEWED,
)
from ..notification_common import NOTIFICATION_LOGGER, PortalNotificationCommon


class TestAccountMovePortalNotification(PortalNotificationCommon):
    """When a rule is due, what it does then, and what if it fails."""

    # === WHEN === #

    def test_s12_installed_rule_tells_the_salesperson_once(self):
        view = self._record_view(self._create_link())
        self.env["base.automation"]._queue_portal_notifications(
            TRIGGER_VIEWED, self.invoice, event_id=view.id
        )
        self.assertEqual(self._get_queue(self.viewed_rule).state, "waiting")
        self.assertFalse(self._get_told(), "not on the customer's time")
        self._run_notifications()
        self._run_notifications()
        [message] = self._get_told()
        for text in ["Carla Customer", "carla@customer.example", "100.00"]:
            self.assertIn(text, message.body)
        self.assertIn(self.invoice.name, message.subject)
        self.assertNotIn(view.link_id.token, message.body)

    def test_s12_first_view_each_recipient_or_every_view(self):
        links = [self._create_link(email=f"{name}@customer.example") for name in "ab"]
        for scope, expected in [("first", 1), ("recipient", 2), ("every", 4)]:
            rule = self._create_rule(
                code="record.message_post(body='hello')", portal_view_scope=scope
            )
            with self.subTest(scope=scope):
                self.invoice.portal_link_ids.event_ids.sudo().unlink()
                for link in links * 2:
                    self._record_view(link)
                self.assertEqual(len(self._get_queue(rule)), expected)

    def test_s12_every_view_but_not_more_than_once_in_n_minutes(self):
        rule = self._create_rule(
            code="record.message_post(body='hello')",
            portal_view_scope="every",
            portal_throttle_minutes=10,
        )
        link = self._create_link()
        for minutes in [3, 3, 60]:
            self._record_view(link)
            self._run_notifications()
            self._pass_time(minutes * 60)
        self._record_view(link)
        self._run_notifications()
        self.assertEqual(
            self._get_queue(rule).mapped("state"),
            ["done", "skipped", "skipped", "done"],
        )

    def test_s13_full_or_any_payment(self):
        any_rule = self._create_rule(TRIGGER_PAYMENT)
        full_rule = self._create_rule(TRIGGER_PAYMENT, portal_payment_scope="full")
        self._pay(40.0)
        self._queue_payment(amount=40.0)
        self.assertTrue(self._get_queue(any_rule))
        self.assertFalse(self._get_queue(full_rule))
        self._pay()
        self._queue_payment(amount=60.0)
        self.assertEqual(len(self._get_queue(any_rule)), 2)
        self.assertTrue(self._get_queue(full_rule))

    def test_s13_by_card_or_from_a_bank_account(self):
        rules = {
            means: self._create_rule(TRIGGER_PAYMENT, portal_payment_method=means)
            for means in ["any", "card", "bank"]
        }
        for method, expected in [
            ("card", {"any", "card"}),
            ("ach_direct_debit", {"any", "bank"}),
            ("paypal", {"any"}),
        ]:
            queued = self._queue_payment(method=method)
            told = {means for means in rules if rules[means] in queued.automation_id}
            self.assertEqual(told, expected, method)

    def test_s13_failed_returned_and_disputed_payments_have_their_own_rules(self):
        problem_rule = self._create_rule(
            TRIGGER_PAYMENT,
            portal_payment_event="problem",
            portal_recipient="salesperson",
        )
        tx = self._create_transaction()
        for outcome in ["failed", "returned", "disputed"]:
            for _repetition in range(2):
                self.env["base.automation"]._queue_portal_notifications(
                    TRIGGER_PAYMENT,
                    self.invoice,
                    outcome=outcome,
                    transaction_id=tx.id,
                )
        self.assertEqual(len(self._get_queue(problem_rule)), 3)
        self.assertFalse(self._get_queue(self.paid_rule))
        self._run_notifications()
        bodies = " ".join(self._get_told().mapped("body"))
        for words in ["failed", "was returned", "is disputed"]:
            self.assertIn(words, bodies)

    def test_s13_message_says_how_much_was_paid_and_what_is_open(self):
        self._queue_payment()
        self._run_notifications()
        [message] = self._get_told()
        self.assertIn("Payment received", message.subject)
        self.assertEqual(message.body.count("100.00"), 2, "paid, and still open")

    def test_s12_rule_with_a_condition_that_fails_does_nothing(self):
        self.viewed_rule.filter_domain = "[('amount_total', '>', 1000000)]"
        self._record_view(self._create_link())
        self._run_notifications()
        self.assertFalse(self._get_told())

    def test_s12_rule_that_is_switched_off_does_nothing(self):
        self.viewed_rule.active = False
        self.assertTrue(self._record_view(self._create_link()).is_first_view)
        self.assertFalse(self._get_queue(self.viewed_rule))

    # === WHAT === #

    def test_s12_any_server_action_of_several_rules_has_the_occasion_at_hand(self):
        self._create_rule(
            code="record.write({'ref': link.email + ' ' + event.kind})",
        )
        self._record_view(self._create_link())
        self._run_notifications()
        self.assertEqual(self.invoice.ref, "carla@customer.example viewed")
        self.assertTrue(self._get_told())

    def test_s13_mail_template_of_an_action_has_the_payment_at_hand(self):
        template = self.env["mail.template"].create(
            {
                "name": "Paid",
                "model_id": self.env.ref("account.model_account_move").id,
                "subject": "{{ transaction.amount }} {{ outcome }}",
                "email_to": "cfo@company.example",
                "use_default_to": False,
                "body_html": "<p t-out='transaction.reference'/>",
            }
        )
        rule = self._create_rule(TRIGGER_PAYMENT)
        rule.action_server_ids = [
            Command.create(
                {
                    "name": "Mail",
                    "model_id": rule.model_id.id,
                    "usage": "base_automation",
                    "state": "mail_post",
                    "template_id": template.id,
                    "mail_post_method": "email",
                }
            )
        ]
        queued = self._queue_payment()
        self._run_notifications()
        mail = self.env["mail.mail"].search([("email_to", "=", "cfo@company.example")])
        self.assertEqual(mail.subject, "100.0 received")
        self.assertIn(queued.transaction_id.reference, mail.body_html)

    # === FAILURES === #

    def test_s12_rule_that_fails_is_retried_once_shown_and_hinders_no_other(self):
        rule = self._create_rule(code="raise UserError('The rule is broken')")
        self._record_view(self._create_link())
        other = self._create_portal_invoice()
        self._queue_payment(invoice=other)
        with mute_logger(NOTIFICATION_LOGGER):
            self._run_notifications()
            self._pass_time(301)
            self._run_notifications()
            self._pass_time(301)
            self._run_notifications()
        failed = self._get_queue(rule)
        self.assertEqual((failed.state, failed.attempts), ("failed", 2))
        self.assertIn("The rule is broken", failed.failure_reason)
        self.assertEqual(rule.portal_failure_count, 1)
        self.assertTrue(self._get_told(), "the installed rule")
        self.assertTrue(self._get_staff_messages(other, self.salesperson))
