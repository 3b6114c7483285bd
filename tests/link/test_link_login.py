from urllib.parse import urlsplit

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user

from ..common import BROWSER_HEADERS, PortalCommon


class TestLinkLogin(PortalCommon, HttpCase):
    """Who comes by core's portal: customers with a login, core's emails, staff."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_user("portal_carla", cls.customer)
        cls.address = f"/my/invoices/{cls.invoice.id}"

    @classmethod
    def _create_user(cls, login, partner):
        return new_test_user(
            cls.env,
            login=login,
            groups="base.group_portal",
            partner_id=partner.id,
            email=partner.email,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.opener.headers.update(BROWSER_HEADERS)

    def _go(self, address, user=None):
        """Go to an address; return the path that it leads to at once, if to any."""
        self.authenticate(user and user.login, user and user.login)
        response = self.url_open(address, allow_redirects=False)
        self.env.invalidate_all()
        self.assertLess(response.status_code, 400)
        if response.status_code == 200:
            return None
        self.assertIn("no-store", response.headers.get("Cache-Control", "no-store"))
        return urlsplit(response.headers["Location"]).path

    def test_c13_customer_gets_to_a_personal_link_without_a_second_login(self):
        path = self._go(self.address, self.user)
        [link] = self.invoice.portal_link_ids
        self.assertEqual(path, link._get_path())
        self.assertEqual(
            (link.email, link.partner_id, link.audience, link.role),
            ("carla@customer.example", self.customer, "customer", "login"),
        )
        self.assertEqual(self._go(self.address, self.user), path, "the same again")
        page = self.url_open(path)
        self.assertIn("data-seen-url", page.text)
        self.assertEqual(link.event_ids.visitor, "unverified", "a customer's visit")
        self._pass_time(5)
        self._record_view(link, link.event_ids)
        self._run_notifications()
        self.assertEqual(link.view_count, 1)
        self.assertTrue(self._get_staff_messages(self.invoice, self.salesperson))

    def test_c13_link_that_was_mailed_is_the_one_that_is_opened(self):
        link = self._create_link()
        self.assertEqual(self._go(self.address, self.user), link._get_path())

    def test_c13_colleague_with_a_login_gets_a_link_of_their_own(self):
        colleague = self.env["res.partner"].create(
            {
                "name": "Cora Colleague",
                "parent_id": self.customer.id,
                "email": "cora@customer.example",
            }
        )
        user = self._create_user("portal_cora", colleague)
        self._go(self.address, self.user)
        self._go(self.address, user)
        self.assertEqual(
            self.invoice.portal_link_ids.partner_id, self.customer | colleague
        )

    def test_c13_cores_token_opens_what_the_pdf_opens(self):
        address = self.invoice.get_portal_url()
        self.assertIn("access_token", address)
        path = self._go(address)
        [link] = self.invoice.portal_link_ids
        self.assertEqual((path, link.audience), (link._get_path(), "document"))
        self.assertEqual(self._go(address + "&pid=1&hash=x&utm_source=mail"), path)
        link.action_revoke()
        self.assertIsNone(self._go(address), "core's page, as staff closed ours")
        self.assertEqual(self.invoice.portal_link_ids, link)

    def test_c13_wrong_token_and_strangers_get_no_link(self):
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "email": "stranger@else.example"}
        )
        for user in (None, self._create_user("portal_stranger", stranger)):
            for address in (self.address, f"{self.address}?access_token=wrong"):
                self.assertEqual(self._go(address, user), "/my")
        self.assertFalse(self.invoice.portal_link_ids)

    def test_c13_staff_see_the_preview_and_are_never_counted(self):
        path = self._go(self.address, self.biller)
        self.assertIn("/portal/invoice/preview/", path)
        page = self.url_open(path)
        self.assertIn(self.invoice.name, page.text)
        self.assertFalse(self.invoice.portal_link_ids)

    def test_c13_files_and_returns_of_payments_stay_cores(self):
        for query in (
            "report_type=html",
            "report_type=pdf",
            "report_type=pdf&download=true",
            "payment=True",
            "payment_method=x",
        ):
            self.assertIsNone(self._go(f"{self.address}?{query}", self.user), query)
        self.assertFalse(self.invoice.portal_link_ids)

    def test_c13_documents_that_are_no_customer_invoices_stay_cores(self):
        refund = self.invoice._reverse_moves([{"invoice_date": "2020-04-01"}])
        refund.action_post()
        self.assertIsNone(self._go(f"/my/invoices/{refund.id}", self.user))
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self._go(self.address, self.user)
        self.assertFalse((self.invoice + refund).portal_link_ids)

    def test_c13_list_of_invoices_leads_there(self):
        self.authenticate(self.user.login, self.user.login)
        response = self.url_open("/my/invoices")
        self.assertIn(f"/my/invoices/{self.invoice.id}", response.text)
