from odoo.fields import Command
from odoo.tests import new_test_user

from .payment_common import PortalPaymentCommon

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


class PayableCommon(PortalPaymentCommon):
    """What can be paid, by what page, email, PDF, screen and preview say."""

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

    def _check_cells(self, compares):
        """Check what is offered in each cell, and in some that the five agree.

        :param callable compares: Of which number of a cell.
        """
        for number, (currency, country, balance, settings, offered) in enumerate(CELLS):
            with (
                self.subTest(currency=currency, balance=balance, settings=settings),
                self.env.cr.savepoint() as savepoint,
            ):
                self.env.registry.clear_cache()
                invoice = self._prepare(currency, country, balance, settings)
                amounts = [amount for amount, _label in invoice._get_portal_amounts()]
                self.assertEqual(amounts[:1], [offered] if offered else [])
                if compares(number):
                    answers = self._get_answers(invoice)
                    self.assertEqual(answers, dict.fromkeys(answers, bool(offered)))
                savepoint.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache()
