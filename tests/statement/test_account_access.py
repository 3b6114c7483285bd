from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..send_common import PortalSendCommon
from ..statement_common import StatementCommon


@tagged("post_install", "-at_install")
class TestAccountAccess(PortalSendCommon, StatementCommon):
    """An account shows what is its customer's, and to its own people only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.parent, cls.subsidiary = cls.env["res.partner"].create(
            [
                {
                    "name": name,
                    "email": f"{name.lower()}@group.example",
                    "is_company": True,
                }
                for name in ("Parent", "Subsidiary")
            ]
        )
        cls.subsidiary.parent_id = cls.parent
        cls.parents, cls.subsidiarys = (
            cls._create_portal_invoice(price, partner_id=partner.id)
            for price, partner in ((11.0, cls.parent), (22.0, cls.subsidiary))
        )

    def _assert_sees(self, link, seen, unseen):
        """Check what an account has, on the page and at each of its addresses."""
        page, csv = self._get_page(link=link), self._get_page("csv", link)
        for move in seen + unseen:
            is_seen = move in seen
            self.assertEqual(move.name in page.text, is_seen, move.name)
            self.assertEqual(move.name in csv.text, is_seen, move.name)
            pdf = self._get_page(f"pdf/{move.id}", link)
            self.assertEqual(pdf.status_code, 200 if is_seen else 404)
            response = self._choose("ticked", link, tick=[move.id])
            self.assertEqual(response.status_code, 200 if is_seen else 422)

    def test_b10_parent_and_subsidiary_have_accounts_of_their_own(self):
        self._assert_sees(
            self._create_account_link(self.parent), self.parents, self.subsidiarys
        )
        self._assert_sees(
            self._create_account_link(self.subsidiary), self.subsidiarys, self.parents
        )

    def test_b10_sibling_contacts_share_one_account(self):
        for contact in (self.bookkeeper, self.branch):
            self._assert_sees(
                self._create_account_link(contact),
                self.overdue + self.invoice + self.childs,
                self.strangers + self.parents,
            )

    def test_b10_subsidiary_that_is_sold_takes_its_account_along(self):
        link = self._create_account_link(self.subsidiary)
        self.subsidiary.parent_id = self.customer
        self._assert_sees(link, self.subsidiarys, self.overdue + self.parents)

    def test_b10_company_that_becomes_a_contact_has_no_account_any_more(self):
        link = self._create_account_link(self.subsidiary)
        self.subsidiary.is_company = False
        self.assertEqual(self._get_page(link=link).status_code, 404)

    def test_b10_contacts_are_offered_of_the_same_commercial_entity_only(self):
        self.assertEqual(
            self.parent._get_portal_account_contacts(self.company), self.parent
        )
        self.assertEqual(
            self.customer._get_portal_account_contacts(self.company),
            self.customer + self.bookkeeper + self.branch,
        )

    def test_b10_contact_that_is_kept_for_another_company_gets_nothing(self):
        other = self.setup_other_company(name="Other")["company"]
        self.bookkeeper.company_id = other
        contacts = self.customer._get_portal_account_contacts(self.company)
        self.assertNotIn(self.bookkeeper, contacts)

    def test_b10_biller_reaches_no_account_of_another_company(self):
        other = self.setup_other_company(name="Other")["company"]
        move = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.stranger.id,
                    "invoice_date": "2020-03-01",
                    "invoice_line_ids": [
                        Command.create({"name": "Elsewhere", "price_unit": 1000.0})
                    ],
                }
            )
        )
        move.action_post()
        windows = self.env["account.move.portal.statement.window"]
        window = windows.with_user(self.biller).create(
            {
                "company_id": other.id,
                "partner_ids": [Command.set(self.stranger.ids)],
            }
        )
        self.assertEqual(window.customer_count, 0)
        self.assertFalse(window.get_email_preview())

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_b10_link_to_an_account_is_never_handed_over(self):
        link = self.link.with_user(self.biller)
        for method in ("action_copy", "get_url_to_copy"):
            with (
                self.subTest(method),
                self.assertRaisesRegex(Exception, "only emailed"),
            ):
                getattr(link, method)()
        with self.assertRaises(AccessError):
            link.write({"account_partner_id": self.stranger.id})
        action = link.action_send_again()
        window = (
            self.env[action["type"]]
            .browse(action["id"])
            .with_user(self.biller)
            .with_context(**action["context"])
            .run()
        )
        self.assertEqual(window["res_model"], "account.move.portal.statement.window")

    def test_b10_address_of_a_contact_only(self):
        links = self.env["account.move.portal.link"]
        with self.assertRaises(ValueError):
            links._prepare_account_link(self.bookkeeper, self.company, "x@x.example")
