from datetime import timedelta

import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..common import PortalCommon


class TestReminderHold(PortalCommon):
    """What keeps reminders from an invoice: what staff say, and what Odoo knows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.holds = cls.env["account.move.portal.hold"].with_user(cls.biller)
        cls.other = cls._create_portal_invoice(price=250.0)
        cls.stranger = cls.env["res.partner"].create({"name": "Steve Stranger"})
        cls.third = cls._create_portal_invoice(price=77.0, partner_id=cls.stranger.id)
        cls.moves = cls.invoice | cls.other | cls.third

    def _get_codes(self):
        """Return the codes of the reasons of the three invoices, as staff see them."""
        self.env.flush_all()
        self.env.invalidate_all()
        reasons = self.holds._get_reasons(self.moves.with_user(self.biller))
        return [[reason.code for reason in reasons[move.id]] for move in self.moves]

    def _create_bank_line(self, **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": "2020-03-15",
                "payment_ref": "Transfer",
                "amount": 1.0,
                **values,
            }
        )

    # === WHAT STAFF SAY === #

    def test_b11_nothing_holds_an_open_invoice(self):
        self.assertEqual(self._get_codes(), [[], [], []])

    def test_b11_hold_on_one_invoice_leaves_the_others(self):
        self.holds.create({"move_id": self.other.id, "reason": "disputed"})
        self.assertEqual(self._get_codes(), [[], ["disputed"], []])

    def test_b11_hold_on_a_contact_is_on_the_whole_customer(self):
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.customer.id}
        )
        hold = self.holds.create({"partner_id": contact.id, "reason": "promised"})
        self.assertEqual(hold.partner_id, self.customer)
        self.assertEqual(self._get_codes(), [["promised"], ["promised"], []])

    def test_b11_released_hold_is_kept_and_holds_no_more(self):
        hold = self.holds.create({"move_id": self.invoice.id})
        hold.action_release()
        self.assertEqual(self._get_codes(), [[], [], []])
        self.assertEqual(hold.released_by_id, self.biller)

    def test_b11_hold_ends_with_its_day_in_the_company_s_zone(self):
        # The clock goes forward in this night (2026-03-08, 2 a.m.).
        self.company.partner_id.tz = "America/New_York"
        self.holds.create({"move_id": self.invoice.id, "until": "2026-03-08"})
        with freeze_time("2026-03-09 03:59:00"):  # 23:59, in summer time.
            self.assertEqual(self._get_codes(), [["other"], [], []])
        with freeze_time("2026-03-09 04:00:00"):
            self.assertEqual(self._get_codes(), [[], [], []])

    def test_b11_until_is_told(self):
        self.holds.create(
            {
                "move_id": self.invoice.id,
                "reason": "promised",
                "until": fields.Date.today() + timedelta(days=30),
            }
        )
        [reason] = self.holds._get_reasons(self.invoice)[self.invoice.id]
        self.assertIn("promised to pay (on hold until ", reason.text)

    @mute_logger("odoo.sql_db")
    def test_b11_hold_is_on_an_invoice_or_a_customer(self):
        for values in (
            {},
            {"move_id": self.invoice.id, "partner_id": self.customer.id},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.holds.create(values).flush_recordset()

    def test_b11_holds_are_for_billers_of_the_company(self):
        hold = self.holds.create({"move_id": self.invoice.id})
        employee = new_test_user(self.env, "portal_employee", "base.group_user")
        with self.assertRaises(AccessError):
            hold.with_user(employee).read(["reason"])
        company = self.env["res.company"].create({"name": "Elsewhere"})
        elsewhere = new_test_user(
            self.env,
            "portal_elsewhere",
            "account.group_account_invoice",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        with self.assertRaises(AccessError):
            hold.with_user(elsewhere).action_release()
        with self.assertRaises(AccessError):
            hold.unlink()

    def test_b11_nobody_says_themselves_when_and_by_whom_a_hold_was_released(self):
        hold = self.holds.create({"move_id": self.invoice.id})
        moment = fields.Datetime.now()
        for name, value in [
            ("released_on", moment),
            ("released_on", False),
            ("released_by_id", self.biller.id),
            ("move_id", self.other.id),
            ("company_id", self.company.id),
        ]:
            with self.subTest(name, value=value), self.assertRaises(AccessError):
                call_kw(self.holds, "write", [hold.ids, {name: value}], {})
        for name, value in [("released_on", moment), ("released_by_id", self.uid)]:
            values = {"move_id": self.other.id, name: value}
            with self.subTest(name), self.assertRaises(AccessError):
                call_kw(self.holds, "create", [[values]], {})
            with self.subTest(name, by="default"):
                context = {f"default_{name}": value}
                created = self.holds.with_context(**context).create(
                    {"move_id": self.other.id}
                )
                self.assertFalse(created.released_on)
                self.assertFalse(created.released_by_id)
        self.assertEqual(self._get_codes()[0], ["other"])
        call_kw(self.holds, "write", [hold.ids, {"note": "On holiday"}], {})
        call_kw(self.holds, "action_release", [hold.ids], {})
        self.assertEqual(hold.released_by_id, self.biller)
        self.assertEqual(self._get_codes()[0], [])

    # === WHAT ODOO KNOWS === #

    def test_b11_paid_draft_cancelled(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        self.other.button_draft()
        self.third.button_draft()
        self.third.button_cancel()
        first, second, third = self._get_codes()
        self.assertTrue({"paid", "on_its_way"} & set(first))
        self.assertEqual([second, third], [["not_open"], ["not_open"]])

    def test_b11_blocked_and_no_followup(self):
        self.invoice.action_toggle_block_payment()
        self.third.no_followup = True
        self.assertEqual(self._get_codes(), [["blocked"], [], ["blocked"]])

    def test_b11_draft_credit_note_until_it_is_gone(self):
        credit_note = self.other._reverse_moves()
        self.assertEqual(self._get_codes(), [[], ["credit_note"], []])
        credit_note.unlink()
        self.assertEqual(self._get_codes(), [[], [], []])

    def test_b11_unmatched_money_of_the_customer(self):
        self._create_bank_line(partner_id=self.customer.id)
        held = ["possibly_paid"]
        self.assertEqual(self._get_codes(), [held, held, []])

    def test_b11_unmatched_money_of_the_same_amount(self):
        self._create_bank_line(amount=250.0)
        self.assertEqual(self._get_codes(), [[], ["possibly_paid"], []])

    def test_b11_unmatched_money_of_another_customer_is_no_matter(self):
        self._create_bank_line(amount=250.0, partner_id=self.stranger.id)
        self.assertEqual(self._get_codes(), [[], [], ["possibly_paid"]])

    def test_b11_money_paid_out_is_no_matter(self):
        self._create_bank_line(amount=-250.0, partner_id=self.customer.id)
        self.assertEqual(self._get_codes(), [[], [], []])

    def test_b11_unmatched_money_that_names_the_invoice(self):
        spellings = {
            "as it is": self.third.name,
            "by a bank": "PAYMT " + self.third.name.replace("/", " ").lower() + " THX",
            "in one word with others": "X-" + self.third.name.replace("/", "-") + ".",
        }
        for name, text in spellings.items():
            with self.subTest(name):
                line = self._create_bank_line(payment_ref=text)
                self.assertEqual(self._get_codes(), [[], [], ["possibly_paid"]])
                line.unlink()

    def test_b11_bounced_unless_another_recipient_is_left(self):
        self._create_link(self.invoice)._revoke("bounced")
        self.assertEqual(self._get_codes(), [["bounced"], [], []])
        self._create_link(self.invoice, email="cora@customer.example")
        self.assertEqual(self._get_codes(), [[], [], []])

    def test_b11_another_add_on_adds_a_reason(self):
        third = self.third

        def find_reasons(holds, moves):
            return [*original(holds, moves), (moves & third, "weather", "it rains")]

        original = type(self.holds)._find_reasons
        self.patch(type(self.holds), "_find_reasons", find_reasons)
        self.assertEqual(self._get_codes(), [[], [], ["weather"]])

    # === COST === #

    def test_b11_no_query_per_invoice(self):
        def count(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.holds._get_reasons(moves)
            return self.env.cr.sql_log_count - before

        more = self.moves
        for price in range(20):
            more |= self._create_portal_invoice(price=1000.0 + price)
        count(more)  # What is cached for good.
        self.assertEqual(count(more), count(self.moves))
