from datetime import date, datetime

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..payment_common import PortalPaymentCommon


class TestPaymentDates(PortalPaymentCommon):
    """The company's day counts, whoever's request it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.term = cls.env["account.payment.term"].create(
            {
                "name": "2/10 net 30",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )

    def _as_everybody(self, record):
        """Yield a record as each of those sees it whose request it may be."""
        root = self.env.ref("base.user_root").sudo()
        self.salesperson.tz, root.tz = "Asia/Tokyo", "Europe/Brussels"
        for user in (self.env.ref("base.public_user").sudo(), root, self.salesperson):
            for context in ({}, {"tz": "America/New_York"}):
                self.env.invalidate_all()
                yield (
                    record.with_env(self.env(user=user.id, su=True, context=context)),
                    f"{user.login} {context}",
                )

    def _create_discounted(self):
        return self._create_portal_invoice(
            invoice_date="2026-03-01",
            invoice_payment_term_id=self.term.id,
            invoice_date_due=False,
        )

    def test_s15_invoice_is_overdue_by_the_companys_day(self):
        invoice = self._create_portal_invoice(
            invoice_date="2026-03-01", invoice_date_due="2026-03-10"
        )
        for zone, moment, days in [
            ("America/Los_Angeles", "2026-03-11 02:00:00", 0),
            ("America/Los_Angeles", "2026-03-11 07:30:00", 1),
            ("UTC", "2026-03-10 23:59:59", 0),
            ("UTC", "2026-03-11 00:00:00", 1),
            ("Asia/Kolkata", "2026-03-10 18:29:59", 0),
            ("Asia/Kolkata", "2026-03-10 18:30:00", 1),
            ("Pacific/Auckland", "2026-03-10 10:59:59", 0),
            ("Pacific/Auckland", "2026-03-10 12:30:00", 1),
        ]:
            self.company.partner_id.tz = zone
            with freeze_time(moment):
                for seen, who in self._as_everybody(invoice):
                    with self.subTest(zone=zone, moment=moment, who=who):
                        self.assertEqual(seen._get_portal_days_overdue(), days)
                        self.assertEqual(
                            seen._get_portal_invoice_status(),
                            "overdue" if days else "open",
                        )

    def test_s21_debit_is_authorized_on_the_companys_day(self):
        self.company.partner_id.tz = "America/Los_Angeles"
        with freeze_time("2026-03-11 02:00:00"):
            for seen, who in self._as_everybody(self.invoice):
                with self.subTest(who):
                    text = seen._get_portal_authorization("$ 1")
                    self.assertIn("03/10/2026", text)

    def test_s19_discount_ends_with_the_companys_day(self):
        invoice = self._create_discounted()  # Until 11 March.
        for zone, last, after in [
            ("America/Los_Angeles", "2026-03-12 06:59:00", "2026-03-12 07:00:00"),
            ("UTC", "2026-03-11 23:59:00", "2026-03-12 00:00:00"),
            ("Pacific/Auckland", "2026-03-11 10:59:00", "2026-03-11 11:00:00"),
        ]:
            self.company.partner_id.tz = zone
            for moment, usual in [(last, 98.0), (after, 100.0)]:
                with freeze_time(moment):
                    for seen, who in self._as_everybody(invoice):
                        with self.subTest(zone=zone, moment=moment, who=who):
                            self.assertEqual(seen._get_portal_amounts()[0][0], usual)

    def test_s19_discount_that_was_offered_is_booked(self):
        self.company.partner_id.tz = "America/Los_Angeles"
        invoice = self._create_discounted()
        with freeze_time("2026-03-12 06:30:00"):  # 23:30 on the last day.
            tx = self._create_attempt(link=self._create_link(invoice), amount=98.0)
            self._confirm(tx)
        self.env.cr.execute(
            "UPDATE payment_transaction SET create_date = %s WHERE id = %s",
            ["2026-03-12 06:30:00", tx.id],
        )
        tx.invalidate_recordset()
        with freeze_time("2026-03-16 12:00:00"):
            root = self.env(user=1, su=True, context={})
            tx.portal_attempt_id.with_env(root)._stripe_refresh()
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(tx.payment_id.date, date(2026, 3, 16))

    def test_s19_discount_that_has_ended_is_named(self):
        self.company.portal_allow_part_payment = True
        invoice = self._create_discounted()
        with freeze_time("2026-03-12 12:00:00"):
            with self.assertRaisesRegex(ValidationError, "ended on 03/11/2026"):
                invoice._check_portal_amount("98.00")
            self.assertEqual(invoice._check_portal_amount("97.99"), 97.99)

    def test_b5_payment_is_booked_on_the_companys_day(self):
        self.company.partner_id.tz = "America/Los_Angeles"
        for moment, day in [
            ("2026-04-01 02:00:00", date(2026, 3, 31)),
            ("2026-04-01 07:00:00", date(2026, 4, 1)),
        ]:
            invoice = self._create_portal_invoice(invoice_date="2026-03-01")
            tx = self._create_attempt(link=self._create_link(invoice))
            self._confirm(tx)
            with self.subTest(moment), freeze_time(moment):
                public = self.env(user=self.env.ref("base.public_user").id, su=True)
                tx.portal_attempt_id.with_env(public)._stripe_refresh()
                self.assertEqual(tx.payment_id.date, day)
                self.assertEqual(tx.payment_id.move_id.date, day)

    def test_b4_refund_is_booked_on_the_companys_day(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        tx = self._create_attempt()
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        self._get_stripe().refunds.create({"payment_intent": tx.provider_reference})
        with freeze_time("2026-04-30 13:00:00"):
            tx.portal_attempt_id._stripe_refresh()
        [refund] = tx.child_transaction_ids
        self.assertEqual(refund.payment_id.date, date(2026, 5, 1))

    def test_b2_link_expires_with_the_companys_day(self):
        self.company.portal_link_expiry_days = 1
        link = self._create_link(
            self._create_portal_invoice(invoice_date_due="2030-03-31")
        )
        for zone, moment in {
            "America/Los_Angeles": datetime(2030, 4, 2, 7),
            "UTC": datetime(2030, 4, 2),
            "Asia/Kolkata": datetime(2030, 4, 1, 18, 30),
            "Pacific/Auckland": datetime(2030, 4, 1, 11),
        }.items():
            self.company.partner_id.tz = zone
            with self.subTest(zone), freeze_time("2030-03-01 12:00:00"):
                self.assertEqual(link._get_default_expiry(), moment)

    def test_s15_zone_is_set_in_the_settings(self):
        settings = self.env["res.config.settings"].sudo().create({})
        settings.portal_timezone = "Asia/Kolkata"
        settings.execute()
        self.assertEqual(self.env.company._get_portal_timezone(), "Asia/Kolkata")

    def test_s15_zone_is_the_companys_or_its_countrys_or_its_parents(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        united_states = self.env.ref("base.us")
        for company in (branch, self.company):
            company.partner_id.tz = False
            company.country_id = united_states  # Has several times of day.
        self.assertEqual(branch._get_portal_timezone(), "UTC")
        self.company.partner_id.tz = "America/Chicago"
        self.assertEqual(branch._get_portal_timezone(), "America/Chicago")
        branch.country_id = self.env.ref("base.de")  # Two zones, one time of day.
        self.assertEqual(branch._get_portal_timezone(), "Europe/Berlin")
        branch.partner_id.tz = "Asia/Tokyo"
        self.assertEqual(branch._get_portal_timezone(), "Asia/Tokyo")
        self.assertEqual(self.company._get_portal_timezone(), "America/Chicago")
