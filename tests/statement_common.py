from lxml import html

from odoo.tests import HttpCase

from .common import BROWSER_HEADERS
from .payment_common import PortalPaymentCommon


class StatementCommon(PortalPaymentCommon, HttpCase):
    """A company as customer, with two contacts, and a link to its account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.portal_allow_part_payment = True
        cls.customer.is_company = True
        cls.bookkeeper, cls.branch = cls.env["res.partner"].create(
            [
                {
                    "name": name,
                    "email": f"{name.lower()}@customer.example",
                    "parent_id": cls.customer.id,
                }
                for name in ("Bookkeeper", "Branch")
            ]
        )
        cls.stranger = cls.customer.copy(
            {"name": "Stranger", "email": "stranger@other.example"}
        )
        cls.overdue = cls._create_portal_invoice(60.0, invoice_date_due="2020-03-10")
        cls.childs = cls._create_portal_invoice(40.0, partner_id=cls.branch.id)
        cls.strangers = cls._create_portal_invoice(7.0, partner_id=cls.stranger.id)
        cls.link = cls._create_account_link()

    @classmethod
    def _create_account_link(cls, recipient=None):
        links = cls.env["account.move.portal.link"]
        link = links._find_for_account(recipient or cls.bookkeeper, cls.company)
        return link.sudo(cls.env.su)

    def _get_page(self, screen="", link=None, **options):
        return self.url_open(
            (link or self.link)._get_path(screen), headers=BROWSER_HEADERS, **options
        )

    def _choose(self, what, link=None, **entered):
        """Tick and pay, as the page's form does, and follow to what is answered."""
        return self._get_page("choose", link, data={"what": what, **entered})

    def _read_text(self, element):
        """Return the text of an element, with plain spaces."""
        return element.text_content().replace("\xa0", " ").replace("\ufeff", "").strip()

    def _read_shares(self, response, element_id="bill_shares"):
        """Return what a screen says that is paid, by the invoice's number."""
        root = html.fromstring(response.content)
        return {
            row.find("bdi").text_content(): self._read_text(row.find("b"))
            for row in root.xpath(f"//ul[@id='{element_id}']/li")
        }

    def _start_payment(self, response, **choice):
        """Start a payment of what a payment screen shows, by card."""
        [screen] = html.fromstring(response.content).xpath("//*[@id='payment_screen']")
        attempts = self.env["account.move.portal.attempt"]
        return self.make_jsonrpc_request(
            screen.get("data-transaction-url"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "billing": attempts._get_billing_defaults(self.customer),
                "client_key": screen.get("data-client-key"),
                **choice,
            },
        )
