from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user
from odoo.tools import mute_logger

from ..payable_common import PayableCommon


class TestPayable(PayableCommon, HttpCase):
    """Page, email, PDF, screen and preview give one answer to what can be paid."""

    def test_s18_page_email_pdf_screen_and_preview_agree(self):
        # The five are asked in each fifth cell; `soak_payable.py` asks in all.
        self._check_cells(lambda number: number % 5 == 2)

    def test_s18_where_nothing_can_be_paid_the_page_says_how_to_pay(self):
        invoice = self._create_portal_invoice(price=0.30)
        page = self.url_open(self._create_link(invoice)._get_path()).text
        self.assertIn("cannot be paid online", page)
        self.assertIn(invoice.payment_reference, page)
        page = self.url_open(self.link._get_path()).text
        self.assertNotIn("cannot be paid online", page)

    def test_s18_change_of_a_provider_or_method_counts_at_once(self):
        self.company.portal_allow_part_payment = False
        self.assertTrue(self.invoice._is_payable_on_portal())
        canada = self.env.ref("base.ca")
        # In sudo mode because an accountant sees no provider that is not published.
        provider, card = self.provider.sudo(), self.card.sudo()
        for record, field, value in [
            (provider, "available_country_ids", canada),
            (provider, "maximum_amount", 5),
            (provider, "is_published", False),
            (provider, "payment_method_ids", card.browse()),
            (card, "supported_country_ids", canada),
            (card, "active", False),
        ]:
            before = record[field]
            record[field] = value
            self.assertFalse(self.invoice._is_payable_on_portal(), field)
            record[field] = before
            self.assertTrue(self.invoice._is_payable_on_portal(), field)

    # === Parts === #

    def _check_part(self, invoice, entered):
        """Return why an amount is refused; the amount if it is not."""
        try:
            return invoice._check_portal_amount(entered)
        except ValidationError as error:
            return str(error)

    def test_s19_part_leaves_what_can_be_paid_later(self):
        self.company.portal_allow_part_payment = True
        invoice = self._create_portal_invoice(price=10.0)
        for entered, answer in {
            "9.80": "leave $ 0.20",
            "9.51": "leave $ 0.49",
            "9.50": 9.50,
            "10.00": 10.00,
            "0.50": 0.50,
            "0.49": "minimum payment is $ 0.50",
        }.items():
            with self.subTest(entered):
                found = self._check_part(invoice, entered)
                if isinstance(answer, float):
                    self.assertEqual(found, answer)
                else:
                    self.assertIn(answer, found.replace("\xa0", " "))

    def test_s19_part_is_at_most_what_can_be_paid_at_a_time(self):
        self.company.portal_allow_part_payment = True
        self.provider.maximum_amount = 500
        invoice = self._create_portal_invoice(price=1000.0)
        self.assertEqual(self._check_part(invoice, "500"), 500.0)
        self.assertEqual(self._check_part(invoice, None), 500.0)
        for entered in ("500.01", "1000"):
            self.assertIn(
                "at most $ 500.00",
                self._check_part(invoice, entered).replace("\xa0", " "),
            )
        self.company.portal_allow_part_payment = False
        for entered in (None, "500", "1000"):
            self.assertIn("at most", self._check_part(invoice, entered))

    def test_s19_part_is_a_multiple_of_the_smallest_unit(self):
        self.company.portal_allow_part_payment = True
        dinar = self.currencies["KWD"]
        invoice = self._create_portal_invoice(price=20.0, currency_id=dinar.id)
        self.assertEqual(self._check_part(invoice, "10.01"), 10.01)
        self.assertIn("multiples of", self._check_part(invoice, "10.005"))

    def test_s19_zero_is_an_amount_and_not_the_usual_one(self):
        self.company.portal_allow_part_payment = True
        for entered in (0, 0.0, "0", "0.00"):
            with self.subTest(repr(entered)):
                self.assertIn(
                    "greater than zero", self._check_part(self.invoice, entered)
                )
        for entered in (False, True, [], {}, [100]):
            with self.subTest(repr(entered)):
                self.assertIn("as a number", self._check_part(self.invoice, entered))
        answer = self.make_jsonrpc_request(self.link._get_path("check"), {"amount": 0})
        self.assertIn("greater than zero", answer["errors"]["amount"])
        self.assertFalse(answer["attempt"], "none is under way")

    @mute_logger("odoo.addons.payment_stripe.models.payment_transaction")
    def test_s22_return_from_stripe_without_a_payment_breaks_nothing(self):
        for query in ("?reference=unknown", "", "?reference=%00"):
            answer = self.url_open(
                f"/payment/stripe/return{query}", allow_redirects=False
            )
            self.assertLess(answer.status_code, 500, query)

    def test_s19_chosen_provider_has_to_take_the_amount(self):
        """Another one that is offered may take less or more."""
        self.company.portal_allow_part_payment = True
        self._prepare("USD", "us", 10, "parts offline")
        self.assertEqual(self._check_part(self.invoice, "0.30"), 0.30)
        with self.assertRaisesRegex(ValidationError, "minimum payment"):
            self._create_attempt(amount=0.30)
        self.assertFalse(self._get_intents())

    # === Who pays === #

    def test_s18_who_is_logged_in_pays_as_who_they_are(self):
        """A customer's contact in another country has that country's ways to pay."""
        user = new_test_user(
            self.env, login="carla", groups="base.group_portal", password="carla"
        )
        user.partner_id.write(
            {
                "parent_id": self.customer.id,
                "type": "other",  # Else it would have its parent's address.
                "country_id": self.env.ref("base.ca").id,
            }
        )
        self.provider.available_country_ids = self.env.ref("base.us")
        self.env.flush_all()
        self.assertIn('id="pay_now"', self.url_open(self.link._get_path()).text)
        self.authenticate("carla", "carla")
        page = self.url_open(self.link._get_path())
        screen = self.url_open(self.link._get_path("pay"), allow_redirects=False)
        self.assertNotIn('id="pay_now"', page.text)
        self.assertEqual(screen.status_code, 303)

    def test_s18_contact_of_another_company_pays_as_the_invoices_customer(self):
        user = new_test_user(self.env, login="carla", groups="base.group_portal")
        user.partner_id.parent_id = self.customer
        self.assertEqual(self.link._get_payer(user), user.partner_id)
        other = self.env["res.company"].create({"name": "Other"})
        user.sudo().write(
            {"company_ids": [Command.link(other.id)], "company_id": other.id}
        )
        user.partner_id.sudo().company_id = other
        self.assertEqual(self.link._get_payer(user), self.customer)
