from odoo import fields

from ..browser_common import PortalBrowserCase
from ..common import PortalCommon
from ..development import expect

LAPTOP = {"width": 1366, "height": 768}
# What browsers leave away on a page that came without encryption.
WITHOUT_CLIPBOARD = (
    "Object.defineProperty(Navigator.prototype, 'clipboard', {get: () => undefined})"
)
REFUSING_CLIPBOARD = "navigator.clipboard.write = () => Promise.reject(new Error())"


class TestLinkCopyBrowser(PortalCommon, PortalBrowserCase):
    """A biller copies a customer's link in Chromium."""

    bundles = ("web.assets_web", "web.assets_web_print")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        now = fields.Datetime.now()
        people = {
            "to": {"email": "carla@customer.example", "email_role": "to"},
            "cc": {"email": "cecil@customer.example", "email_role": "cc"},
            "bcc": {
                "email": "boss@company.example",
                "email_role": "bcc",
                "audience": "internal",
            },
            "printed": {"email": False, "audience": "document"},
        }
        cls.links = {
            role: cls._create_link(sent_on=now, **values)
            for role, values in people.items()
        }
        # Read before a browser's requests are answered with the same cursor.
        cls.urls = {role: link._get_url() for role, link in cls.links.items()}
        cls.names = {role: link.display_name for role, link in cls.links.items()}

    def _open_links(self, page):
        """Open the invoice's list of links.

        :return: The row of each link, by its role.
        """
        self.log_in(page, self.biller)
        self.env.flush_all()  # For the server, which has its own cache.
        page.goto(f"{self.base_url()}/odoo/account.move/{self.invoice.id}")
        page.get_by_role("tab", name="Links").click()
        rows = page.locator("[name='portal_link_ids'] .o_data_row")
        expect(rows).to_have_count(len(self.links))
        return {role: rows.filter(has_text=name) for role, name in self.names.items()}

    def _get_notes(self):
        self.env.invalidate_all()
        return [
            note for note in self.invoice.message_ids.mapped("body") if "copied" in note
        ]

    def test_b2_link_is_copied_in_one_click_by_whoever_has_one(self):
        with self.page(LAPTOP) as page:
            page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            rows = self._open_links(page)
            for role in ("to", "cc", "bcc"):
                rows[role].get_by_role("button", name="Copy link").click()
                page.wait_for_function(
                    "async url => await navigator.clipboard.readText() === url",
                    arg=self.urls[role],
                    timeout=180_000,
                )
            expect(page.locator(".o_notification").first).to_contain_text("copied")
            # The one on the PDF is nobody's to be handed on.
            expect(
                rows["printed"].get_by_role("button", name="Copy link")
            ).to_have_count(0)
            self.wait_for_answers(page)
        self.assertEqual(len(self._get_notes()), 3)

    def test_b2_without_a_clipboard_the_link_is_selected_to_be_copied(self):
        for script in (WITHOUT_CLIPBOARD, REFUSING_CLIPBOARD):
            with self.subTest(script), self.page(LAPTOP) as page:
                page.add_init_script(script)
                rows = self._open_links(page)
                rows["cc"].get_by_role("button", name="Copy link").click()
                shown = page.get_by_role("dialog").get_by_role("textbox")
                expect(shown).to_have_value(self.urls["cc"])
                expect(shown).to_be_focused()
                selected = shown.evaluate(
                    "node => node.value.slice(node.selectionStart, node.selectionEnd)"
                )
                self.assertEqual(selected, self.urls["cc"])
                self.wait_for_answers(page)
        self.assertEqual(len(self._get_notes()), 2)

    def test_c6_list_of_links_fits_a_laptop(self):
        with self.page(LAPTOP) as page:
            rows = self._open_links(page)
            renderer = page.locator("[name='portal_link_ids'] .o_list_renderer")
            self.assertEqual(
                renderer.evaluate("node => node.scrollWidth - node.clientWidth"), 0
            )
            for role, label in {
                "to": "To",
                "cc": "Cc",
                "bcc": "Bcc",
                "printed": "PDF",
            }.items():
                expect(rows[role].locator("td[name='role']")).to_have_text(label)
