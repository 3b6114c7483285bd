from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from ..reminder_common import PortalReminderCommon


class TestReminderForecast(PortalReminderCommon):
    """What will go out, when, or why not."""

    def _forecast(self, rule, moment):
        with self._at(moment):
            action = rule.with_user(self.biller).action_forecast()
        # One's own, and nobody else's.
        lines = self.env[action["res_model"]].with_user(self.biller)
        lines = lines.search(action["domain"])
        return [(line.day, line.rule_id, line.move_id, line.email) for line in lines]

    def _explain(self, invoice, moment):
        invoice.invalidate_recordset()
        with self._at(moment):
            return invoice.with_user(self.biller).portal_reminder_note

    # === THE NEXT 30 DAYS === #

    def test_b11_forecast_is_what_then_goes_out(self):
        rules = [
            self._create_rule("due", 3),
            self._create_rule("overdue", 1),
            self._create_rule("overdue", 7, max_per_invoice=2),
            self._create_rule("overdue", 14),
        ]
        for due, email in (
            ("2026-03-05", "a@a.example"),
            ("2026-03-07", "a@a.example"),
            ("2026-03-14", "b@a.example"),
            ("2026-02-27", "c@a.example"),
            ("2026-03-31", "d@a.example"),
        ):
            self._create_sent(due, email=email)
        held = self._create_sent("2026-03-02", email="e@a.example")
        self.env["account.move.portal.hold"].create(
            {"move_id": held.id, "reason": "promised", "until": "2026-03-17"}
        )
        foreseen = self._forecast(rules[0], "2026-03-02 12:00:00")
        sent = []
        for day in range(2, 32):
            moment = f"2026-03-{day:02} 16:00:00"
            for rule, move in self._decide(moment):
                reminder = self.reminders.search(
                    [("rule_id", "=", rule.id), ("move_id", "=", move.id)]
                )
                sent.append((date(2026, 3, day), rule, move, reminder.email))
        self.assertGreater(len(sent), 10)
        until = date(2026, 3, 31)
        self.assertCountEqual([each for each in foreseen if each[0] <= until], sent)

    def test_b11_forecast_of_a_rule_that_is_off_writes_nothing(self):
        rule = self._create_rule()
        rule.action_switch_off()
        rule.starts_on = False
        invoice = self._create_sent("2026-03-04")
        foreseen = self._forecast(rule, "2026-03-02 16:00:00")
        self.assertEqual(
            foreseen,
            [(date(2026, 3, 5), rule, invoice, "carla@customer.example")],
        )
        self.assertFalse(self.reminders.search([]))
        self.assertFalse(self._get_delivery(invoice))

    def test_b11_forecast_is_one_s_own(self):
        rule = self._create_rule()
        self._create_sent("2026-03-04")
        with self._at("2026-03-02 16:00:00"):
            action = rule.with_user(self.biller).action_forecast()
        lines = self.env[action["res_model"]]
        self.assertTrue(lines.with_user(self.biller).search(action["domain"]))
        self.assertFalse(lines.with_user(self.salesperson).search(action["domain"]))
        employee = new_test_user(self.env, "portal_employee", "base.group_user")
        with self.assertRaises(AccessError):
            rule.with_user(employee).action_forecast()

    # === THE SENTENCE === #

    def test_b11_sentence_says_what_goes_out_next(self):
        self._create_rule("overdue", 7, name="Overdue by a week")
        invoice = self._create_sent("2026-03-02")
        self.assertEqual(
            self._explain(invoice, "2026-03-03 16:00:00"),
            "The reminder “Overdue by a week” goes out to carla@customer.example on"
            " 03/09/2026.",
        )
        self._decide("2026-03-09 16:00:00")
        self.assertEqual(
            self._explain(invoice, "2026-03-09 16:00:00"),
            "The reminder “Overdue by a week” is about to go out to"
            " carla@customer.example.",
        )

    def test_b11_sentence_says_why_not(self):
        invoice = self._create_sent("2026-03-02")
        moment = "2026-03-03 16:00:00"
        start = "No reminder goes out now: "
        self.assertEqual(
            self._explain(invoice, moment), start + "no reminder rule is switched on."
        )
        rule = self._create_rule("overdue", 7)
        credit_note = invoice._reverse_moves()
        self.assertEqual(
            self._explain(invoice, moment), start + "a credit note is in draft."
        )
        credit_note.unlink()
        link = invoice.portal_link_ids.filtered("email")
        link.sudo()._decline_reminders()
        self.assertEqual(
            self._explain(invoice, moment), start + "the recipient declined reminders."
        )
        link.sudo()._revoke("staff")
        self.assertEqual(
            self._explain(invoice, moment),
            start + "it was not emailed with a portal link that still works.",
        )
        other = self._create_sent("2026-03-02", email="max@a.example")
        self._decide("2026-03-09 16:00:00")
        self.reminders.search([]).write({"state": "sent"})
        self.assertIn(
            "no reminder falls due",
            self._explain(other, "2026-03-10 16:00:00"),
        )
        self.assertTrue(rule.is_on)

    def test_b11_sentence_says_what_follows_a_hold(self):
        rule = self._create_rule("promised", 1)
        invoice = self._create_sent("2026-03-02")
        self.env["account.move.portal.hold"].create(
            {"move_id": invoice.id, "reason": "promised", "until": "2026-03-10"}
        )
        self.assertEqual(
            self._explain(invoice, "2026-03-03 16:00:00"),
            "No reminder goes out now: the customer promised to pay (on hold until"
            f" 03/10/2026). The reminder “{rule.name}” goes out to"
            " carla@customer.example on 03/11/2026.",
        )

    def test_b11_no_sentence_where_reminders_are_no_matter(self):
        self._create_rule()
        paid, draft = (
            self._create_sent("2026-03-02"),
            self._create_portal_invoice(post=False),
        )
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=paid.ids
        ).create({})._create_payments()
        self.assertFalse(self._explain(draft, "2026-03-03 16:00:00"))
        self.assertIn(
            self._explain(paid, "2026-03-03 16:00:00"),
            ("", "No reminder goes out now: a payment is on its way."),
        )
