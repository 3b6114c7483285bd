from datetime import date

import psycopg2
from freezegun import freeze_time

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..reminder_common import PortalReminderCommon


class TestReminderRule(PortalReminderCommon):
    """Which invoices a rule finds, on which days and at which hours."""

    # === DAYS AND HOURS === #

    def test_b11_each_step_once(self):
        rule = self._create_rule(days=1)
        invoice = self._create_sent("2026-03-02")
        self.assertEqual(self._decide("2026-03-02 16:00:00"), [])
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [(rule, invoice)])
        self.assertEqual(self._decide("2026-03-03 16:30:00"), [])
        self.assertEqual(self._decide("2026-03-30 16:00:00"), [])

    def test_b11_hours_across_the_change_to_summer_time(self):
        # 9:00 is 14:00 UTC on March 6, 2026, and 13:00 from March 9 on.
        rule = self._create_rule(days=1, min_days_between=1)
        friday, monday = (
            self._create_sent("2026-03-05"),
            self._create_sent("2026-03-08", email="max@customer.example"),
        )
        self.assertEqual(self._decide("2026-03-06 13:30:00"), [])
        self.assertEqual(self._decide("2026-03-06 14:00:00"), [(rule, friday)])
        self.assertEqual(self._decide("2026-03-09 12:59:00"), [])
        self.assertEqual(self._decide("2026-03-09 13:00:00"), [(rule, monday)])

    def test_b11_nothing_after_hours(self):
        rule = self._create_rule()
        invoice = self._create_sent("2026-03-02")
        self.assertEqual(self._decide("2026-03-03 22:00:00"), [])  # 17:00.
        self.assertEqual(self._decide("2026-03-03 21:59:00"), [(rule, invoice)])

    def test_b11_the_day_is_the_company_s(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        rule = self._create_rule()
        invoice = self._create_sent("2026-03-02")
        # There it is 9:00 of the third.
        self.assertEqual(self._decide("2026-03-02 20:00:00"), [(rule, invoice)])

    def test_b11_weekend_and_holiday_are_waited_for(self):
        rule = self._create_rule()
        invoice = self._create_sent("2026-07-02")  # The step falls on July 3.
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Independence Day (observed)",
                "company_id": self.company.id,
                "calendar_id": self.company.resource_calendar_id.id,
                "date_from": "2026-07-03 04:00:00",
                "date_to": "2026-07-04 03:59:59",
            }
        )
        for day in ("03", "04", "05"):
            self.assertEqual(self._decide(f"2026-07-{day} 16:00:00"), [])
        self.assertEqual(self._decide("2026-07-06 16:00:00"), [(rule, invoice)])

    def test_b11_before_the_due_date_across_a_month_s_end(self):
        rule = self._create_rule("due", 3)
        invoice = self._create_sent("2028-03-02")  # A leap year.
        self.assertEqual(self._decide("2028-02-25 16:00:00"), [])
        self.assertEqual(self._decide("2028-02-28 16:00:00"), [(rule, invoice)])

    def test_b11_due_in_days_is_never_said_of_an_overdue_invoice(self):
        self._create_rule("due", 3)
        self._create_sent("2026-03-03")
        self.assertEqual(self._decide("2026-03-04 16:00:00"), [])

    def test_b11_week_of_downtime_sends_only_the_newest_step(self):
        rules = [self._create_rule(days=days) for days in (1, 7, 14)]
        invoice = self._create_sent("2026-03-02")
        self.assertEqual(self._decide("2026-03-11 16:00:00"), [(rules[1], invoice)])
        self.assertEqual(self._decide("2026-03-16 16:00:00"), [(rules[2], invoice)])
        self.assertEqual(self._decide("2026-04-30 16:00:00"), [])

    def test_b11_new_rule_starts_with_what_falls_due_from_now_on(self):
        old, new = (
            self._create_sent("2026-03-02"),
            self._create_sent("2026-03-09", email="max@customer.example"),
        )
        rule = self._create_rule(days=1, since="2026-03-09")
        self.assertEqual(self._decide("2026-03-10 16:00:00"), [(rule, new)])
        self.assertFalse(self.reminders.search([("move_id", "=", old.id)]))

    def test_b11_rule_that_is_moved_starts_anew(self):
        rule = self._create_rule(days=30)
        self._create_sent("2026-03-02")
        with freeze_time("2026-03-20 16:00:00"):
            rule.days = 7
        self.assertEqual(rule.starts_on, date(2026, 3, 20))
        self.assertEqual(self._decide("2026-03-20 16:00:00"), [])

    def test_b11_invoice_that_was_emailed_late_gets_no_old_step(self):
        self._create_rule(days=1)
        rule = self._create_rule(days=14)
        invoice = self._create_sent("2026-03-02", sent="2026-03-10 16:00:00")
        self.assertEqual(self._decide("2026-03-11 16:00:00"), [])
        self.assertEqual(self._decide("2026-03-16 16:00:00"), [(rule, invoice)])

    # === WHAT A RULE LOOKS AT === #

    def test_b11_not_viewed(self):
        rule = self._create_rule("not_viewed", 3)
        viewed, invoice = (
            self._create_sent("2026-04-01"),
            self._create_sent("2026-04-01", email="max@customer.example"),
        )
        self._record_view(viewed.portal_link_ids.filtered("email"))
        for link in (viewed | invoice).portal_link_ids.filtered("email"):
            link.sudo().sent_on = "2026-03-02 16:00:00"
        self.assertEqual(self._decide("2026-03-04 16:00:00"), [])
        self.assertEqual(self._decide("2026-03-05 16:00:00"), [(rule, invoice)])

    def test_b11_promised_and_not_paid(self):
        rule = self._create_rule("promised", 1)
        invoice, other = (
            self._create_sent("2026-03-02"),
            self._create_sent(
                "2026-03-02",
                email="max@customer.example",
                partner_id=self.env["res.partner"].create({"name": "Max"}).id,
            ),
        )
        holds = self.env["account.move.portal.hold"]
        holds.create(
            {"move_id": invoice.id, "reason": "promised", "until": "2026-03-10"}
        )
        holds.create(
            {
                "partner_id": other.partner_id.id,
                "company_id": self.company.id,
                "reason": "promised",
                "until": "2026-03-11",
            }
        )
        self.assertEqual(self._decide("2026-03-10 16:00:00"), [])
        self.assertEqual(self._decide("2026-03-11 16:00:00"), [(rule, invoice)])
        self.assertEqual(self._decide("2026-03-12 16:00:00"), [(rule, other)])

    def test_b11_small_amounts_are_left_alone(self):
        rule = self._create_rule(minimum_amount=50)
        self._create_sent("2026-03-02", price=49.99)
        invoice = self._create_sent("2026-03-02", price=50, email="max@a.example")
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [(rule, invoice)])

    def test_b11_never_emailed_is_never_reminded(self):
        self._create_rule()
        invoice = self._create_portal_invoice(invoice_date_due="2026-03-02")
        self._create_link(invoice, email_role="to")
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [])

    def test_b11_copies_are_not_reminded(self):
        rule = self._create_rule()
        invoice = self._create_sent("2026-03-02")
        for role, audience in (("cc", "customer"), ("bcc", "internal")):
            self._create_link(
                invoice,
                email=f"{role}@a.example",
                email_role=role,
                audience=audience,
                sent_on="2026-02-02 15:00:00",
            )
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [(rule, invoice)])

    def test_b11_at_most_so_many_per_invoice(self):
        rules = [self._create_rule(days=days, max_per_invoice=2) for days in (1, 7, 14)]
        invoice = self._create_sent("2026-03-02")
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [(rules[0], invoice)])
        self.assertEqual(self._decide("2026-03-09 16:00:00"), [(rules[1], invoice)])
        self.assertEqual(self._decide("2026-03-16 16:00:00"), [])

    def test_b11_one_per_recipient_in_so_many_days(self):
        rule = self._create_rule(days=1, min_days_between=4)
        first, second = self._create_sent("2026-03-01"), self._create_sent("2026-03-02")
        other = self._create_sent("2026-03-02", email="max@customer.example")
        self.assertEqual(
            self._decide("2026-03-03 16:00:00"), [(rule, first), (rule, other)]
        )
        self.assertEqual(self._decide("2026-03-06 16:00:00"), [])
        # Saturday is the fourth day.
        self.assertEqual(self._decide("2026-03-09 16:00:00"), [(rule, second)])

    # === WHAT HOLDS === #

    def test_b11_held_with_its_reason_until_it_is_released(self):
        rule = self._create_rule()
        invoice = self._create_sent("2026-03-02")
        hold = self.env["account.move.portal.hold"].create(
            {"move_id": invoice.id, "note": "PO number is missing"}
        )
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [])
        held = self.reminders.search([("move_id", "=", invoice.id)])
        self.assertEqual((held.state, held.reason), ("held", "PO number is missing"))
        hold.action_release()
        self.assertEqual(self._decide("2026-03-04 16:00:00"), [(rule, invoice)])
        self.assertEqual((held.state, held.reason), ("waiting", False))

    def test_b11_held_invoice_lets_another_of_its_recipient_go(self):
        rule = self._create_rule()
        held, other = self._create_sent("2026-03-01"), self._create_sent("2026-03-02")
        self.env["account.move.portal.hold"].create({"move_id": held.id})
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [(rule, other)])

    # === RIGHTS, LIMITS OF VALUES === #

    @mute_logger("odoo.sql_db")
    def test_b11_values_that_make_no_sense(self):
        rule = self._create_rule()
        for values in (
            {"days": 0},
            {"hour_from": 17, "hour_to": 9},
            {"max_per_invoice": 0},
            {"min_days_between": 0},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                rule.write(values)
                rule.flush_recordset()
        with self.assertRaises(ValidationError):
            rule.body = "<p>{{nonsense}}</p>"

    def test_b11_billers_look_and_managers_decide(self):
        rule = self._create_rule()
        self.assertTrue(rule.with_user(self.biller).read(["name"]))
        with self.assertRaises(AccessError):
            rule.with_user(self.biller).action_switch_off()
        manager = new_test_user(
            self.env,
            "portal_manager",
            "account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        rule.with_user(manager).action_switch_off()
        self.assertFalse(rule.is_on)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        manager.write(
            {"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id}
        )
        with self.assertRaises(AccessError):
            rule.with_user(manager).read(["name"])

    def test_b11_ready_made_rules_are_off(self):
        rules = self.env["ir.model.data"].search(
            [
                ("module", "=", "account_payment_portal"),
                ("model", "=", "account.move.portal.reminder.rule"),
            ]
        )
        self.assertEqual(len(rules), 7)
        # In sudo mode because they are another company's.
        rules_sudo = self.rules.sudo().browse(rules.mapped("res_id"))
        self.assertFalse(any(rules_sudo.mapped("is_on")))

    # === COST === #

    def test_b11_no_query_per_invoice(self):
        self._create_rule()
        counts = []
        for round_, size in enumerate((2, 12)):
            for number in range(size):
                self._create_sent(
                    "2026-03-02",
                    price=10 + number,
                    email=f"{round_}.{number}@a.example",
                )
            with self._at(f"2026-03-0{3 + round_} 16:00:00"):
                self.reminders._run()  # What is cached for good, and its rows.
                self.reminders.search([]).unlink()
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self.reminders._run()
                counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(len(self._get_waiting()), 14)
        self.assertEqual(*counts)
