import csv
import io

from lxml import html

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..statement_common import StatementCommon


@tagged("post_install", "-at_install")
class TestAccountPage(StatementCommon):
    """The account shows a customer's open invoices, and nobody else's."""

    def _read_numbers(self, response):
        self.assertEqual(response.status_code, 200, response.text[:300])
        root = html.fromstring(response.content)
        return [
            cell.text_content().strip()
            for cell in root.xpath("//td[contains(@class, 'o_portal_name')]")
        ]

    def _read(self, response, element_id):
        root = html.fromstring(response.content)
        return self._read_text(root.xpath(f"//*[@id='{element_id}']")[0])

    def test_b10_account_lists_open_invoices_of_all_contacts_due_first(self):
        response = self._get_page()
        self.assertEqual(
            self._read_numbers(response),
            [self.overdue.name, self.invoice.name, self.childs.name],
        )
        self.assertNotIn(self.strangers.name, response.text)
        self.assertEqual(self._read(response, "account_balance"), "$ 200.00")
        self.assertEqual(self._read(response, "account_overdue"), "$ 60.00")

    def test_b10_account_shows_what_is_open_now(self):
        draft = self._create_portal_invoice(5.0, post=False)
        paid = self._create_portal_invoice(9.0)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=paid.ids
        ).create({}).action_create_payments()
        part = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.overdue.ids
        )
        part.create({"amount": 12.5}).action_create_payments()
        response = self._get_page()
        self.assertNotIn(paid.name, self._read_numbers(response))
        self.assertNotIn(f'pdf/{draft.id}"', response.text)
        self.assertEqual(self._read(response, "account_overdue"), "$ 47.50")

    def test_b10_account_of_one_company_only(self):
        other = self.setup_other_company(name="Other")
        self.env["account.move"].with_company(other["company"]).create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2020-03-01",
                "invoice_line_ids": [
                    Command.create({"name": "Elsewhere", "price_unit": 1000.0})
                ],
            }
        ).action_post()
        self.assertEqual(self._read(self._get_page(), "account_balance"), "$ 200.00")

    def test_b10_credits_are_shown_and_not_taken_for_invoices(self):
        refund = self._create_portal_invoice(15.0, move_type="out_refund")
        response = self._get_page()
        self.assertEqual(self._read(response, "account_credit"), "$ 15.00")
        self.assertIn(refund.name, self._read(response, "account_credits"))
        self.assertNotIn(refund.name, self._read_numbers(response))
        self.assertEqual(self._get_page(f"pdf/{refund.id}").status_code, 200)

    def test_b10_account_is_filtered_and_sorted_by_its_address(self):
        for query, expected in (
            ({"show": "overdue"}, [self.overdue]),
            ({"sort": "balance"}, [self.childs, self.overdue, self.invoice]),
            ({"sort": "-balance"}, [self.invoice, self.overdue, self.childs]),
            ({"search": self.childs.name[-4:].lower()}, [self.childs]),
            ({"sort": "nonsense", "page": "-1"}, None),
            ({"page": "9" * 50, "currency": "XXX"}, None),
        ):
            with self.subTest(query):
                response = self.url_open(self.link._get_path(), params=query)
                expected = expected or [self.overdue, self.invoice, self.childs]
                numbers = [move.name for move in expected]
                self.assertEqual(self._read_numbers(response), numbers)

    def test_b10_one_currency_at_a_time(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        foreign = self._create_portal_invoice(33.0, currency_id=euro.id)
        self.assertNotIn(foreign.name, self._read_numbers(self._get_page()))
        response = self.url_open(self.link._get_path(), params={"currency": "EUR"})
        self.assertEqual(self._read_numbers(response), [foreign.name])
        self.assertEqual(self._read(response, "account_balance"), "33.00 €")

    def test_b10_nothing_open_is_said(self):
        link = self._create_account_link(
            self.customer.copy({"name": "New", "email": "new@new.example"})
        )
        self.assertIn("You have no open invoices", self._get_page(link=link).text)

    def test_b10_csv_has_the_open_items_to_the_cent(self):
        self._create_portal_invoice(15.0, move_type="out_refund")
        response = self._get_page("csv")
        self.assertIn("text/csv", response.headers["Content-Type"])
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
        self.assertEqual(
            [row[0] for row in rows[1:4]],
            [self.overdue.name, self.invoice.name, self.childs.name],
        )
        self.assertEqual(
            [row[6] for row in rows[1:]], ["60.00", "100.00", "40.00", "-15.00"]
        )

    def test_b10_csv_is_no_program(self):
        self.overdue.ref = "=HYPERLINK(1)"
        self.assertIn("'=HYPERLINK(1)", self._get_page("csv").text)

    def test_b10_what_is_disputed_or_promised_is_said(self):
        today = self.company._get_portal_day()
        self.env["account.move.portal.hold"].create(
            [
                {"move_id": self.overdue.id, "reason": "disputed"},
                {"move_id": self.childs.id, "reason": "promised", "until": today},
                {"move_id": self.invoice.id, "reason": "other", "note": "Secret"},
            ]
        )
        response = self._get_page()
        rows = {
            self._read_text(row.xpath("td")[1]): self._read_text(row)
            for row in html.fromstring(response.content).xpath("//tbody/tr")
        }
        self.assertIn("In dispute", rows[self.overdue.name])
        self.assertIn("Promised until", rows[self.childs.name])
        self.assertNotIn("Secret", response.text)
        # Paid only if it is ticked.
        bill = self._read_shares(self._choose("all"))
        self.assertEqual(set(bill), {self.invoice.name, self.childs.name})
        ticked = self._choose("ticked", tick=[self.overdue.id])
        self.assertEqual(self._read_shares(ticked), {self.overdue.name: "$ 60.00"})

    def test_b10_enter_in_a_field_pays_what_is_ticked_not_all(self):
        root = html.fromstring(self._get_page().content)
        buttons = root.xpath("//button[@form='account_form' or ancestor::form[@id]]")
        values = [button.get("value") for button in buttons]
        self.assertEqual(values, ["ticked", "overdue", "all", "ticked", "spread"])

    def test_b10_only_invoice_is_ticked(self):
        root = html.fromstring(self._get_page().content)
        self.assertFalse(root.xpath("//input[@name='tick'][@checked]"))
        (self.overdue + self.childs).button_draft()
        root = html.fromstring(self._get_page().content)
        self.assertEqual(
            root.xpath("//input[@name='tick'][@checked]/@value"), [str(self.invoice.id)]
        )
        self.assertFalse(root.xpath("//*[@id='pay_all']"))

    # === Rights and secrets === #

    def test_b10_pdf_of_the_account_only(self):
        self.assertEqual(
            self._get_page(f"pdf/{self.childs.id}").headers["Content-Type"],
            "application/pdf",
        )
        draft = self._create_portal_invoice(5.0, post=False)
        for move_id in (self.strangers.id, draft.id, "abc", "9" * 400, -1):
            with self.subTest(move_id):
                self.assertEqual(self._get_page(f"pdf/{move_id}").status_code, 404)

    def test_b10_token_opens_only_what_it_is_for(self):
        invoice_link = self._create_link()
        for link, address in (
            (invoice_link, "/portal/account/{}"),
            (invoice_link, "/portal/account/{}/csv"),
            (invoice_link, f"/portal/account/{{}}/pdf/{self.invoice.id}"),
            (self.link, "/portal/invoice/{}"),
            (self.link, "/portal/invoice/{}/pdf"),
            (self.link, "/portal/invoice/{}/document"),
            (self.link, "/portal/invoice/{}/pay"),
        ):
            with self.subTest(address):
                path = address.format(link.sudo().token)
                response = self.url_open(path, allow_redirects=False)
                self.assertEqual(response.status_code, 404)
                self.assertNotIn(self.invoice.name, response.text)

    def test_b10_link_to_an_account_expires_and_is_revoked(self):
        self.assertEqual(self._get_page().status_code, 200)
        self.link.with_user(self.biller).action_revoke()
        response = self._get_page()
        self.assertEqual(response.status_code, 404)
        self.assertNotIn(self.invoice.name, response.text)
        again = self._create_account_link()
        self.assertNotEqual(again, self.link)
        again.expires_on = "2020-01-01"
        self.assertEqual(self._get_page(link=again).status_code, 404)

    def test_b10_wish_for_a_new_link_to_an_account_is_answered_as_any(self):
        self.link.with_user(self.biller).action_revoke()
        path = f"/portal/invoice/{self.link.sudo().token}/new-link"
        response = self.url_open(path, data={"asked": "1"})
        self.assertEqual(response.status_code, 200)
        self.assertIn("Check your inbox", response.text)

    def test_b10_contact_that_changes_employers_loses_the_account(self):
        self.bookkeeper.parent_id = self.stranger
        self.assertEqual(self._get_page().status_code, 404)

    def test_b10_contact_with_another_address_loses_the_account(self):
        self.bookkeeper.email = "new@customer.example"
        self.assertEqual(self._get_page().status_code, 404)

    def test_b10_who_has_no_address_gets_no_link(self):
        nobody = self.env["res.partner"].create({"name": "No address"})
        self.assertFalse(self._create_account_link(nobody))

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_b10_account_links_are_not_made_by_rpc(self):
        links = self.env["account.move.portal.link"].with_user(self.biller)
        for values in (
            {"account_partner_id": self.customer.id, "company_id": self.company.id},
            {"account_partner_id": self.customer.id, "move_id": self.invoice.id},
        ):
            with self.subTest(values), self.assertRaises(Exception) as caught:
                links.create({"email": "carla@customer.example", **values})
            self.assertEqual(type(caught.exception).__name__, "AccessError")

    # === What it costs === #

    def test_b10_cost_does_not_grow_with_the_invoices(self):
        self._get_page()
        self._create_many(10)
        few = self._count_queries()
        self._create_many(70)
        many = self._count_queries()
        self.assertLessEqual(many, few + 2)
        self.assertLessEqual(many, 40)
        response = self._get_page()
        self.assertEqual(len(self._read_numbers(response)), 50)
        self.assertLess(len(response.content), 150_000)
        last = self.url_open(self.link._get_path(), params={"page": 2})
        self.assertEqual(len(self._read_numbers(last)), 33)

    def _create_many(self, count):
        moves = self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2020-03-01",
                    "invoice_date_due": "2099-03-31",
                    "invoice_line_ids": [
                        Command.create({"name": "Line", "price_unit": 10.0 + index})
                    ],
                }
                for index in range(count)
            ]
        )
        moves.invoice_line_ids.tax_ids = False
        moves.action_post()

    def _count_queries(self):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        link = self.env["account.move.portal.link"]._find_live(self.link.sudo().token)
        link._get_account_page({})
        return self.env.cr.sql_log_count - before
