from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user
from odoo.tools import mute_logger

from ..payment_common import PortalPaymentCommon

#: Currency, country, balance, what else is set, and what is offered first: nothing
#: where nothing can be paid. See `_prepare`.
CELLS = [
    ("USD", "us", 100, "", 100),
    # Minimum, by currency.
    ("USD", "us", 0.50, "", 0.50),
    ("USD", "us", 0.49, "", None),
    ("USD", "us", 0.01, "", None),
    ("EUR", "de", 0.50, "", 0.50),
    ("GBP", "uk", 0.30, "", 0.30),
    ("GBP", "uk", 0.29, "", None),
    ("MXN", "mx", 9.99, "", None),
    ("JPY", "jp", 50, "", 50),
    ("JPY", "jp", 49, "", None),
    # Maximum: of Stripe, and of the provider in the company's currency.
    ("USD", "us", 999999.99, "", 999999.99),
    ("USD", "us", 1250000, "parts", 999999.99),
    ("USD", "us", 1000000.10, "parts", 999999.60),
    ("USD", "us", 1250000, "", None),
    ("JPY", "jp", 99999999, "", 99999999),
    ("INR", "in", 1250000, "", 1250000),
    ("USD", "us", 1000, "maximum", None),
    ("USD", "us", 1000, "maximum parts", 500),
    ("USD", "us", 500, "maximum", 500),
    ("USD", "us", 500.20, "maximum parts", 499.70),
    ("EUR", "de", 240, "maximum rate", 240),
    ("EUR", "de", 260, "maximum rate", None),
    ("EUR", "de", 260, "maximum rate parts", 250),
    # The smallest unit.
    ("KWD", "kw", 10.01, "", 10.01),
    ("KWD", "kw", 10.005, "", None),
    ("KWD", "kw", 10.005, "parts", 10.00),
    ("ISK", "is", 1500, "", 1500),
    # Currencies and countries.
    ("IRR", "us", 100000, "", None),
    ("USD", "us", 100, "only euro", None),
    ("EUR", "us", 100, "only euro", 100),
    ("USD", "us", 100, "only canada", None),
    ("USD", "ca", 100, "only canada", 100),
    ("USD", "", 100, "only canada", 100),
    # Providers and their methods.
    ("USD", "us", 100, "unpublished", None),
    ("USD", "us", 100, "disabled", None),
    ("USD", "us", 100, "no method", None),
    ("USD", "us", 100, "method only canada", None),
    ("USD", "us", 100, "method only euro", None),
    ("USD", "us", 0.30, "offline", 0.30),
    ("USD", "us", 1250000, "offline", 1250000),
    # Companies.
    ("USD", "us", 100, "branch", 100),
    ("USD", "us", 0.30, "branch", None),
    ("USD", "us", 100, "provider of branch", None),
]


class TestPayable(PortalPaymentCommon, HttpCase):
    """Page, email, PDF, screen and preview give one answer to what can be paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = {currency for currency, *_cell in CELLS}
        cls.currencies = {
            currency.name: currency
            for currency in cls.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", list(names))])
        }
        for currency in cls.currencies.values():
            currency.active = True
        cls.env["res.currency.rate"].search([]).unlink()
        cls.previewer = new_test_user(
            cls.env,
            login="portal_previewer",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            password="portal_previewer",
        )
        # Somewhere else than any customer.
        cls.previewer.country_id = cls.env.ref("base.nz")

    def _prepare(self, currency, country, balance, settings):
        """Set up one cell of the matrix."""
        self.company.portal_allow_part_payment = "parts" in settings
        company = self.company
        if "maximum" in settings:
            self.provider.maximum_amount = 500
        if "rate" in settings:
            self.env["res.currency.rate"].create(
                {
                    "name": "2020-01-01",
                    "rate": 0.5,
                    "currency_id": self.currencies[currency].id,
                    "company_id": company.id,
                }
            )
        if "method only canada" in settings:
            self.card.supported_country_ids = self.env.ref("base.ca")
        elif "method only euro" in settings:
            self.card.supported_currency_ids = self.currencies["EUR"]
        elif "only euro" in settings:
            self.provider.available_currency_ids = self.currencies["EUR"]
        elif "only canada" in settings:
            self.provider.available_country_ids = self.env.ref("base.ca")
        if "unpublished" in settings:
            self.provider.is_published = False
        if "disabled" in settings:
            self.provider.write({"state": "disabled", "is_published": False})
        if "no method" in settings:
            self.provider.payment_method_ids = [Command.clear()]
        if "offline" in settings:
            self.provider.copy(
                {
                    "code": "none",
                    "company_id": company.id,
                    "state": "test",
                    "payment_method_ids": [Command.set(self.card.ids)],
                }
            ).is_published = True
        if "branch" in settings:
            branch = self.env["res.company"].create(
                {"name": "Branch", "parent_id": company.id}
            )
            self.env.user.company_ids |= branch
            self.previewer.company_ids |= branch
            if settings == "branch":
                company = branch
                receivable = self.company_data["default_account_receivable"]
                customer = self.customer.with_company(branch)
                customer.property_account_receivable_id = receivable
            else:
                self.provider.company_id = branch
        self.customer.country_id = country and self.env.ref(f"base.{country}")
        return self._create_portal_invoice(
            price=balance,
            currency_id=self.currencies[currency].id,
            company_id=company.id,
            journal_id=self.env["account.journal"]
            .with_company(company)
            .search([("type", "=", "sale"), *self._of_company(company)], limit=1)
            .id,
        )

    def _of_company(self, company):
        return self.env["account.journal"]._check_company_domain(company)

    def _get_answers(self, invoice):
        """Return what each of the five says."""
        link = self._create_link(invoice)
        self.env.flush_all()
        self.authenticate(None, None)
        page = self.url_open(link._get_path())
        screen = self.url_open(link._get_path("pay"), allow_redirects=False)
        window = self.env["account.move.send.portal"].with_user(self.previewer)
        window = window.create({"move_id": invoice.id})
        preview_path = window._get_preview_link()._get_path()
        self.env.flush_all()
        self.authenticate("portal_previewer", "portal_previewer")
        preview = self.url_open(preview_path)
        screen_for_staff = self.url_open(link._get_path("pay"), allow_redirects=False)
        for answer in (page, preview):
            self.assertEqual(answer.status_code, 200)
        email = self.env["account.move.portal.text"]._render_mail(link, "Hello", "Body")
        return {
            "page": 'id="pay_now"' in page.text,
            "email": "Pay Invoice" in email,
            "PDF": invoice._is_portal_link_printed(),
            "screen": self._has_method(screen),
            "screen for staff": self._has_method(screen_for_staff),
            "preview": 'id="pay_now"' in preview.text,
        }

    def _has_method(self, screen):
        """Return whether a payment screen is there, and has a way to pay."""
        if screen.status_code != 200:
            self.assertEqual(screen.status_code, 303)
            return False
        self.assertIn("data-provider-id", screen.text)
        return True

    def test_s18_page_email_pdf_screen_and_preview_agree(self):
        for currency, country, balance, settings, offered in CELLS:
            with (
                self.subTest(currency=currency, balance=balance, settings=settings),
                self.env.cr.savepoint() as savepoint,
            ):
                self.env.registry.clear_cache()
                invoice = self._prepare(currency, country, balance, settings)
                amounts = [amount for amount, _label in invoice._get_portal_amounts()]
                self.assertEqual(amounts[:1], [offered] if offered else [])
                answers = self._get_answers(invoice)
                self.assertEqual(answers, dict.fromkeys(answers, bool(offered)))
                savepoint.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache()

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
                "$ 500.00 at most",
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
                self.assertIn("above zero", self._check_part(self.invoice, entered))
        for entered in (False, True, [], {}, [100]):
            with self.subTest(repr(entered)):
                self.assertIn("as a number", self._check_part(self.invoice, entered))
        answer = self.make_jsonrpc_request(self.link._get_path("check"), {"amount": 0})
        self.assertIn("above zero", answer["errors"]["amount"])
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
