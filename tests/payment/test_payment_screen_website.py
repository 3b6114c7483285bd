from lxml import html

from odoo.fields import Command

from ..browser_common import PortalBrowserCase
from ..development import expect
from ..payment_common import PortalPaymentCommon

ANALYTICS = "G-PORTALTEST1"
CUSTOM_CODE = "https://tracker.example/every-page.js"


class TestPaymentScreenWebsite(PortalPaymentCommon, PortalBrowserCase):
    """Nothing that a website adds to its pages is on the portal's.

    To be run with `website` installed.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "website" not in cls.env:
            return
        cls.website = cls.env["website"].get_current_website()
        cls.website.write(
            {
                "google_analytics_key": ANALYTICS,
                "plausible_shared_key": "plausible-test",
                "custom_code_head": f"<script src='{CUSTOM_CODE}'></script>",
                "custom_code_footer": f"<script src='{CUSTOM_CODE}'></script>",
                "cookies_bar": True,
            }
        )

    def setUp(self):
        super().setUp()
        if "website" not in self.env:
            self.skipTest("website is not installed")

    def _find_traces(self, text):
        """Return what of the website is in a page."""
        traces = [
            *(ANALYTICS, "plausible", CUSTOM_CODE, "googletagmanager"),
            *("website_cookies_bar", "data-website-id", "wrapwrap", "o_main_nav"),
        ]
        return [trace for trace in traces if trace in text]

    def _add_provider(self):
        """Offer a provider whose form is core's, in a document of its own."""
        method = self.env.ref("payment.payment_method_paypal")
        method.active = True
        provider = self.provider.copy({"code": "none", "name": "Another"})
        provider.write(
            {
                "payment_method_ids": [Command.set(method.ids)],
                "state": "test",
                "is_published": True,
            }
        )
        return provider

    def test_b2_websites_own_pages_have_what_is_looked_for(self):
        found = self._find_traces(self.url_open("/").text)
        for trace in (ANALYTICS, CUSTOM_CODE, "website_cookies_bar", "wrapwrap"):
            self.assertIn(trace, found)

    def test_b2_nothing_of_the_website_is_on_the_portals_pages(self):
        self._create_attempt()
        link = self.link
        for screen in ("", "pay", "result", "document"):
            with self.subTest(screen):
                response = self.url_open(link._get_path(screen))
                self.assertEqual(response.status_code, 200)
                self.assertEqual(self._find_traces(response.text), [])
                self.assertIn(
                    "frame-ancestors", response.headers["Content-Security-Policy"]
                )
        link.sudo()._revoke("staff")
        for path in (link._get_path(), "/portal/invoice/unknown"):
            response = self.url_open(path)
            self.assertEqual(response.status_code, 404)
            self.assertEqual(self._find_traces(response.text), [])

    def test_b2_nothing_of_the_website_is_beside_another_providers_form(self):
        provider = self._add_provider()
        page = html.fromstring(self.url_open(self.link._get_path("pay")).content)
        [option] = page.xpath(f"//*[@data-provider-id='{provider.id}']//input/@value")[
            :1
        ]
        form = dict(page.forms[0].form_values())
        response = self.url_open(
            self.link._get_path("pay/form"), data={**form, "payment_option": option}
        )
        page = html.fromstring(response.content)
        self.assertTrue(page.xpath("//form[@id='o_payment_form']"))
        self.assertEqual(self._find_traces(response.text), [])
        # Scripts come from here; core loads Stripe's beside every form.
        allowed = ("/", self.sandbox.url)
        sources = page.xpath("//script/@src")
        self.assertFalse(
            [source for source in sources if not source.startswith(allowed)]
        )

    def test_b14_another_providers_form_works_beside_a_website(self):
        self._add_provider()
        problems = []
        with self.page() as page:
            page.on("pageerror", lambda error: problems.append(str(error)))
            self.visit(page, self.link._get_path("pay"))
            page.locator("[data-kind='provider'] label").first.click()
            page.locator("#pay_button").click()
            # Core's scripts run: it is they that let it be pressed.
            expect(page.get_by_role("button", name="Pay")).to_be_enabled()
            expect(page.locator("#provider_amount")).to_contain_text("100.00")
            self.wait_for_answers(page)
        self.assertEqual(problems, [])

    def test_b2_visits_are_not_the_websites_to_track(self):
        visitors = self.env["website.visitor"].sudo()
        before = visitors.search_count([])
        for screen in ("", "pay"):
            response = self.url_open(self.link._get_path(screen))
            self.assertNotIn("visitor", " ".join(response.cookies.keys()))
        self.assertEqual(visitors.search_count([]), before)

    def test_b2_screen_loads_only_the_portals_bundles(self):
        page = html.fromstring(self.url_open(self.link._get_path("pay")).content)
        sources = [
            *page.xpath("//script/@src"),
            *page.xpath("//link[@rel='stylesheet']/@href"),
        ]
        self.assertTrue(sources)
        for source in sources:
            self.assertIn("account_payment_portal.assets_", source)

    def test_s18_s22_payment_works_beside_a_website(self):
        values = self.make_jsonrpc_request(
            self.link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "client_key": "tab 1",
            },
        )
        self.assertTrue(values["client_secret"])
        self._confirm(self._get_transactions())
        status = self.make_jsonrpc_request(self.link._get_path("status"))
        self.assertEqual(status, "paid")
        self._assert_paid_once()
