from ast import literal_eval
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from ..common import PortalCommon

STATUSES = ("not_sent", "sent", "viewed", "paid")


class TestGlance(PortalCommon):
    """What was sent, viewed and paid: in the list of invoices and in the reports."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sent_on = fields.Datetime.now() - timedelta(hours=10)
        cls.not_sent = cls.invoice
        cls.sent, cls.viewed, cls.paid = (
            cls._create_portal_invoice(price) for price in (200.0, 300.0, 400.0)
        )
        cls.overdue = cls._create_portal_invoice(500.0, invoice_date_due="2020-04-01")
        cls.links = {
            move: cls._create_link(move, sent_on=sent_on)
            for move in cls.sent + cls.viewed + cls.paid + cls.overdue
        }
        # A copy that was never sent, and one for the house: neither counts as sent.
        cls._create_link(cls.not_sent, email="copied@customer.example")
        cls._create_link(
            cls.not_sent,
            email="own@house.example",
            audience="internal",
            sent_on=sent_on,
        )
        for move in cls.viewed + cls.paid:
            cls._record_view(cls.links[move])
        cls._create_link(cls.paid, email="second@customer.example", sent_on=sent_on)
        cls._pay(cls.paid)
        cls.env.flush_all()
        cls.moves = (
            cls.not_sent + cls.sent + cls.viewed + cls.paid + cls.overdue
        ).with_user(cls.biller)
        cls.moves.invalidate_recordset()

    @classmethod
    def _pay(cls, move):
        payments = cls.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        payments.create({"payment_date": move.date})._create_payments()

    def _search(self, domain, **values):
        return self.moves.search([("id", "in", self.moves.ids), *domain], **values)

    def test_b17_invoice_tells_how_far_it_has_come(self):
        self.assertEqual(
            self.moves.mapped("portal_status"),
            ["not_sent", "sent", "viewed", "paid", "sent"],
        )
        viewed = self.viewed.with_user(self.biller)
        self.assertEqual(viewed.portal_viewed_by, "Carla Customer")
        self.assertEqual(viewed.portal_viewed_on, self.links[viewed].first_viewed_on)
        self.assertFalse(self.sent.with_user(self.biller).portal_viewed_on)

    def test_b17_filters_and_groups_say_the_same_as_the_column(self):
        for status in STATUSES:
            found = self._search([("portal_status", "=", status)])
            self.assertEqual(
                found.sorted("id"),
                self.moves.filtered(lambda move, it=status: move.portal_status == it),
            )
        self.assertEqual(
            dict(
                self.moves._read_group(
                    [("id", "in", self.moves.ids)], ["portal_status"], ["__count"]
                )
            ),
            {"not_sent": 1, "sent": 2, "viewed": 1, "paid": 1},
        )
        self.assertEqual(
            self._search([("portal_status", "in", ["viewed", "paid"])]).sorted("id"),
            (self.viewed + self.paid).sorted("id"),
        )
        self.assertEqual(len(self._search([("portal_status", "!=", "paid")])), 4)

    def test_b17_invoices_are_found_and_sorted_by_view(self):
        now = fields.Datetime.now()
        both = (self.viewed + self.paid).sorted("id")
        for domain, expected in [
            ([("portal_viewed_on", "!=", False)], both),
            ([("portal_viewed_on", ">=", now - timedelta(days=1))], both),
            ([("portal_viewed_on", "<", now - timedelta(days=1))], self.moves.browse()),
            ([("portal_viewed_by", "ilike", "carla")], both),
            ([("portal_viewed_by", "ilike", "nobody")], self.moves.browse()),
        ]:
            with self.subTest(domain=domain):
                self.assertEqual(self._search(domain).sorted("id"), expected)
        self.assertEqual(len(self._search([("portal_viewed_on", "=", False)])), 3)
        newest = self._search([], order="portal_viewed_on DESC NULLS LAST", limit=2)
        self.assertEqual(set(newest), set(both))
        months = self.moves._read_group(
            [("id", "in", self.moves.ids)], ["portal_viewed_on:month"], ["__count"]
        )
        self.assertEqual(sum(count for _month, count in months), 5)

    def test_b17_views_that_were_summed_up_count_on(self):
        link = self.links[self.viewed]
        before = link.first_viewed_on
        link.sudo().event_ids._sum_up_and_remove()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.viewed.with_user(self.biller).portal_viewed_on, before)
        for domain in (
            [("portal_status", "=", "viewed")],
            [("portal_viewed_on", ">=", before), ("portal_viewed_on", "<=", before)],
            [("portal_viewed_on", "=", before)],
            [("portal_viewed_by", "ilike", "carla")],
        ):
            with self.subTest(domain=domain):
                self.assertIn(self.viewed, self._search(domain))
        later = before + timedelta(seconds=1)
        self.assertNotIn(self.viewed, self._search([("portal_viewed_on", ">=", later)]))

    def test_b17_filters_of_the_list_say_what_they_are_called(self):
        """The search view's own domains and groups, as the biller's browser sends."""
        moves = self.moves.browse()
        arch = etree.fromstring(
            moves.get_view(
                self.env.ref("account.view_account_invoice_filter").id,
                view_type="search",
            )["arch"]
        )
        expected = {
            "portal_not_sent": self.not_sent,
            "portal_sent": self.sent + self.overdue,
            "portal_viewed": self.viewed,
            "portal_paid": self.paid,
        }
        for name, invoices in expected.items():
            [domain] = arch.xpath(f"//filter[@name='{name}']/@domain")
            rows = moves.web_search_read(
                [("id", "in", self.moves.ids), *literal_eval(domain)],
                {"portal_status": {}, "portal_viewed_on": {}, "portal_viewed_by": {}},
            )["records"]
            with self.subTest(name):
                self.assertEqual(
                    {row["id"] for row in rows}, set(invoices.ids), "the filter"
                )
                self.assertEqual(
                    {row["portal_status"] for row in rows},
                    {name.removeprefix("portal_")},
                    "the column",
                )
                for row in rows:
                    is_viewed = row["id"] in (self.viewed + self.paid).ids
                    self.assertEqual(bool(row["portal_viewed_on"]), is_viewed)
                    self.assertEqual(bool(row["portal_viewed_by"]), is_viewed)
        for name, field in [
            ("group_portal_status", "portal_status"),
            ("group_portal_viewed_on", "portal_viewed_on:month"),
        ]:
            [context] = arch.xpath(f"//filter[@name='{name}']/@context")
            self.assertIn(literal_eval(context)["group_by"], field)
            groups = moves.web_read_group(
                [("id", "in", self.moves.ids)], [field], ["__count"]
            )["groups"]
            # Each group leads to as many invoices as it says.
            for group in groups:
                found = self._search(group["__extra_domain"])
                with self.subTest(name, group=group[field]):
                    self.assertEqual(len(found), group["__count"])

    def test_b17_bills_and_cancelled_invoices_have_no_status(self):
        bill = self.env["account.move"].create({"move_type": "in_invoice"})
        self.sent.button_draft()
        self.sent.button_cancel()
        for move in (bill, self.sent):
            self.assertFalse(move.with_user(self.biller).portal_status)
            self.assertFalse(
                move.search(
                    [("id", "=", move.id), ("portal_status", "in", list(STATUSES))]
                )
            )
        self.assertEqual(
            self._search([("portal_status", "=", False)]).ids, self.sent.ids
        )

    def test_b17_column_filters_and_groups_are_in_the_list(self):
        moves = self.env["account.move"].with_user(self.biller)
        arch = etree.fromstring(
            moves.get_view(
                self.env.ref("account.view_out_invoice_tree").id, view_type="list"
            )["arch"]
        )
        names = set(arch.xpath("//field/@name"))
        self.assertLessEqual({"portal_status", "portal_viewed_on"}, names)
        search = etree.fromstring(
            moves.get_view(
                self.env.ref("account.view_account_invoice_filter").id,
                view_type="search",
            )["arch"]
        )
        filters = set(search.xpath("//filter/@name"))
        self.assertLessEqual(
            {*(f"portal_{status}" for status in STATUSES), "group_portal_status"},
            filters,
        )
        description = moves.fields_get(["portal_status", "portal_viewed_on"])
        for name in ("portal_status", "portal_viewed_on"):
            self.assertTrue(description[name]["groupable"])
            self.assertTrue(description[name]["sortable"])

    def test_b17_status_is_hidden_from_those_without_rights_on_links(self):
        employee = new_test_user(
            self.env, "portal_employee", "base.group_user", company_id=self.company.id
        )
        self.assertNotIn(
            "portal_status", self.env["account.move"].with_user(employee).fields_get()
        )

    # === REPORTS === #

    def test_b17_reports_sum_up_to_what_the_list_shows(self):
        report = self.env["account.move.portal.invoice.report"].with_user(self.biller)
        domain = [("move_id", "in", self.moves.ids)]
        [[sent, viewed, paid, amount, settled, due, late]] = report._read_group(
            domain,
            [],
            [
                *("sent_count:sum", "viewed_count:sum", "paid_count:sum"),
                *("amount_sent:sum", "amount_paid:sum", "amount_due:sum"),
                "amount_overdue:sum",
            ],
        )
        listed = self._search([("portal_status", "not in", ["not_sent", False])])
        self.assertEqual((sent, viewed, paid), (len(listed), 2, 1))
        self.assertEqual(amount, sum(listed.mapped("amount_total_signed")))
        self.assertEqual(due, sum(listed.mapped("amount_residual_signed")))
        self.assertEqual((amount, settled, due, late), (1400.0, 400.0, 1000.0, 500.0))
        for stage, status in [("sent", "sent"), ("viewed", "viewed"), ("paid", "paid")]:
            self.assertEqual(
                report.search([*domain, ("stage", "=", stage)]).move_id.sorted("id"),
                self._search([("portal_status", "=", status)]).sorted("id"),
            )
        self.assertEqual(report.browse(self.paid.id).recipient_count, 2)

    def test_b17_what_was_credited_was_not_paid(self):
        self.sent._reverse_moves([{"invoice_date": self.sent.date}], cancel=True)
        self.env.flush_all()
        self.assertEqual(self.sent.payment_state, "reversed")
        report = self.env["account.move.portal.invoice.report"].with_user(self.biller)
        row = report.browse(self.sent.id)
        self.assertEqual(
            (row.amount_sent, row.amount_paid, row.amount_due, row.paid_count),
            (200.0, 0.0, 0.0, 0),
        )

    def test_b17_part_that_was_credited_was_not_paid(self):
        refund = self.sent._reverse_moves([{"invoice_date": self.sent.date}])
        refund.invoice_line_ids.price_unit = 50.0
        refund.action_post()
        (refund + self.sent).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        self.env.flush_all()
        report = self.env["account.move.portal.invoice.report"].with_user(self.biller)
        row = report.browse(self.sent.id)
        self.assertEqual(
            (row.amount_sent, row.amount_paid, row.amount_due),
            (200.0, 0.0, self.sent.amount_residual),
        )
        self.assertLess(row.amount_due, 200.0)

    def test_b17_recipients_pivot_and_list_count_the_same(self):
        self._create_link(
            self.sent,
            email=False,
            audience="document",
            sent_on=fields.Datetime.now(),
        )
        self.env.flush_all()
        report = self.env["account.move.portal.report"].with_user(self.biller)
        domain = [("move_id", "in", self.moves.ids), ("sent_on", "!=", False)]
        [[count]] = report._read_group(domain, [], ["sent_count:sum"])
        self.assertEqual((count, report.search_count(domain)), (5, 5))

    def test_b17_durations_are_medians(self):
        report = self.env["account.move.portal.invoice.report"].with_user(self.biller)
        for hours, move in [(1, self.viewed), (3, self.paid), (900, self.sent)]:
            self.env.cr.execute(
                "UPDATE account_move_portal_link SET past_first_viewed_on = "
                "sent_on + %s * interval '1 hour' WHERE id = %s",
                [hours, self.links[move].id],
            )
            self.env.cr.execute(
                "DELETE FROM account_move_portal_event WHERE move_id = %s", [move.id]
            )
        [[median]] = report._read_group(
            [("move_id", "in", self.moves.ids)], [], ["hours_to_view:median"]
        )
        self.assertAlmostEqual(median, 3)
        self.assertEqual(report.fields_get()["hours_to_view"]["aggregator"], "median")

    def test_b17_dashboard_has_counts_amounts_and_medians_by_month(self):
        report = self.env["account.move.portal.invoice.report"].with_user(self.biller)
        figures = report.get_portal_dashboard(1000)
        self.assertEqual(figures["currency_id"], self.company.currency_id.id)
        total = figures["total"]
        self.assertEqual(
            [total[f"{name}_count"] for name in ("sent", "viewed", "paid", "overdue")],
            [4, 2, 1, 1],
        )
        self.assertEqual(
            [total[f"amount_{name}"] for name in ("sent", "viewed", "paid", "overdue")],
            [1400.0, 700.0, 400.0, 500.0],
        )
        self.assertGreater(total["hours_to_view"], 9)
        self.assertEqual(sum(row["sent_count"] for row in figures["months"]), 4)

    def test_b17_reports_of_other_companies_are_hidden(self):
        other = self.setup_other_company()["company"]
        self.biller.write({"company_ids": other.ids, "company_id": other.id})
        report = self.env["account.move.portal.invoice.report"].with_user(self.biller)
        self.assertFalse(report.search([]))
        self.assertFalse(report.get_portal_dashboard()["total"]["sent_count"])

    # === LINKS === #

    def test_b2_link_tells_how_its_recipient_came_by_it(self):
        roles = {
            "to": {"email_role": "to", "sent_on": fields.Datetime.now()},
            "cc": {"email_role": "cc", "sent_on": fields.Datetime.now()},
            "bcc": {"email_role": "bcc", "audience": "internal"},
            "copied": {},
            "printed": {"email": False, "audience": "document"},
        }
        for role, values in roles.items():
            with self.subTest(role):
                self.assertEqual(self._create_link(**values).role, role)

    def test_b2_link_names_the_contact_among_the_customers_people(self):
        colleague = self.env["res.partner"].create(
            {
                "name": "Cora Colleague",
                "parent_id": self.customer.id,
                "email": "cora@customer.example",
            }
        )
        links = self.env["account.move.portal.link"].with_user(self.biller)
        link = links.create(links._prepare_link(self.invoice, "Cora@customer.example"))
        self.assertEqual(link.partner_id, colleague)

    def test_b2_copied_link_is_checked_and_noted(self):
        link = self.links[self.sent].with_user(self.biller).sudo(False)
        self.assertTrue(link.is_copyable)
        self.assertEqual(link.get_url_to_copy(), link._get_url())
        note = self.sent.message_ids.sorted("id")[-1:]
        self.assertIn("carla@customer.example copied", note.body)
        self.assertEqual(note.author_id, self.biller.partner_id)
        self.assertNotIn(link.sudo().token, note.body)
        auditor = new_test_user(
            self.env,
            "portal_auditor_glance",
            "account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            link.with_user(auditor).get_url_to_copy()
        printed = self._create_link(self.sent, email=False, audience="document")
        link.action_revoke()
        self.assertFalse(link.is_copyable)
        for closed in (link, printed.with_user(self.biller)):
            with self.assertRaises(UserError):
                closed.get_url_to_copy()
