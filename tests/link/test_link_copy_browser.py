from odoo import fields

from ..browser_common import PortalBrowserCase
from ..common import PortalCommon
from ..development import expect

LAPTOP = {"width": 1366, "height": 768}


class TestLinkCopyBrowser(PortalCommon, PortalBrowserCase):
    """A biller looks at an invoice's links in Chromium."""

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
        cls.names = {role: link.display_name for role, link in cls.links.items()}
        cls.urls = {role: link.sudo()._get_url() for role, link in cls.links.items()}

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

    def _copy(self, page, role):
        """Press a link's button.

        :return: The link's address.
        """
        self._open_links(page)[role].get_by_role("button", name="Copy link").click()
        return self.urls[role]

    def test_c6_link_is_copied_in_one_click(self):
        with self.page(
            LAPTOP, permissions=["clipboard-read", "clipboard-write"]
        ) as page:
            url = self._copy(page, "to")
            expect(page.get_by_text("Link copied.")).to_be_visible()
            self.assertEqual(page.evaluate("navigator.clipboard.readText()"), url)
            self.wait_for_answers(page)
        notes = self.invoice.message_ids.mapped("body")
        self.assertEqual(sum("copied" in note for note in notes), 1)

    def test_c6_link_is_selected_where_nothing_can_be_copied(self):
        for hindrance in (
            "Object.defineProperty(navigator, 'clipboard', {value: undefined})",
            "navigator.clipboard.write = () => Promise.reject(new Error('refused'))",
        ):
            # With touch, where Odoo focuses nothing by itself.
            with (
                self.subTest(hindrance=hindrance),
                self.page(LAPTOP, has_touch=True) as page,
            ):
                page.add_init_script(hindrance)
                url = self._copy(page, "cc")
                field = page.get_by_role("dialog").get_by_role("textbox")
                expect(field).to_have_value(url)
                expect(field).to_be_focused()
                selected = field.evaluate(
                    "node => node.value.slice(node.selectionStart, node.selectionEnd)"
                )
                self.assertEqual(selected, url)
                self.wait_for_answers(page)

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
                # The one on the PDF is nobody's to be handed on.
                button = rows[role].get_by_role("button", name="Copy link")
                expect(button).to_have_count(int(role != "printed"))
