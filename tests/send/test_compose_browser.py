from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..browser_common import DESKTOP, PortalBrowserCase
from ..development import expect
from ..send_common import MAIL_LOGGERS, PortalSendCommon

LAPTOP = {"width": 1366, "height": 768}


class TestAccountMoveSendPortalBrowser(PortalSendCommon, PortalBrowserCase):
    """The window in Chromium, as a biller uses it."""

    bundles = ("web.assets_web", "web.assets_web_print")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.partner"].create(
            {
                "name": "Zenobia Colleague",
                "parent_id": cls.customer.id,
                "email": "zenobia@customer.example",
            }
        )

    def _go(self, page, path, user=None):
        """Go to a page of the back office as a user, else as the biller."""
        self.log_in(page, user or self.biller)
        self.env.flush_all()  # For the server, which has its own cache.
        page.goto(self.base_url() + path)
        page.locator(".o_form_view .o_field_widget").first.wait_for()

    def _show(self, page, document):
        self._go(page, f"/odoo/account.move/{document.id}")

    def _open_action_menu(self, page):
        page.locator(".o_cp_action_menus button, .o_cog_menu button").first.click()
        menu = page.locator(".o-dropdown--menu")
        expect(menu.get_by_text("Duplicate", exact=True)).to_be_visible()
        return menu.get_by_text("Email Portal Link", exact=True)

    def _expect_window(self, page):
        window = page.get_by_role("dialog")
        expect(window).to_contain_text("Email Payment Portal Link")
        return window

    def test_s2_s5_s8_s9_s11_from_the_invoice_to_sent(self):
        number = self.invoice.name
        with self.mailbox() as mailbox, self.page(LAPTOP) as page:
            self._show(page, self.invoice)
            page.locator(".o_form_statusbar").get_by_role(
                "button", name="Email Portal Link"
            ).click()
            window = self._expect_window(page)
            mail = window.frame_locator("iframe[title='The email']")
            expect(mail.get_by_role("link", name="View & Pay Invoice")).to_be_visible()
            for name in ("Send", "PDF Preview", "Portal Preview", "Cancel"):
                expect(
                    window.get_by_role("button", name=name, exact=True)
                ).to_be_in_viewport()

            # As on a phone, and in the dark.
            window.get_by_role("button", name="Phone").click()
            expect(window.locator(".o_portal_email_phone")).to_have_css(
                "width", "375px"
            )
            page.emulate_media(color_scheme="dark")
            for part, name, color in (
                (".o_card", "background-color", "rgb(35, 39, 43)"),
                ("td.o_text p >> nth=0", "color", "rgb(241, 243, 245)"),
            ):
                expect(mail.locator(part)).to_have_css(name, color)

            # A contact is completed while typing; nonsense is named at once.
            copies = window.locator("[name=email_cc]").get_by_role("combobox")
            copies.press_sequentially("zeno")
            expect(window.get_by_role("option").first).to_contain_text(
                "zenobia@customer.example"
            )
            # A slow server takes its time; what is typed meanwhile is added.
            held = []
            onchange = "**/account.move.send.portal/onchange"
            page.route(onchange, lambda route: held.append(route))
            copies.press("Enter")
            copies.press_sequentially("nonsense,")
            expect(window.locator("[name=email_cc] .o_portal_recipient")).to_have_count(
                2
            )
            self.assertEqual(len(held), 1)
            page.unroute(onchange)  # And what was held goes on.
            expect(window).to_contain_text("“nonsense” is not an email address")
            copies.press("Backspace")
            expect(window).not_to_contain_text("is not an email address")

            # The preview says that it is out of date, until it is refreshed.
            window.locator("[name=subject] input").fill("Your invoice, dear Carla")
            expect(window).to_contain_text("You've made changes")
            window.get_by_role("button", name="Refresh Email Preview").click()
            expect(window).not_to_contain_text("You've made changes")
            expect(window.locator(".o_portal_email_head")).to_contain_text(
                "Your invoice, dear Carla"
            )

            # The button in the preview leads to the preview of the page.
            with page.context.expect_page() as opened:
                mail.get_by_role("link", name="View & Pay Invoice").click()
            preview = opened.value
            expect(preview.get_by_role("heading", level=1)).to_contain_text(number)
            preview.get_by_role("link", name="Pay Now").click()
            expect(preview.get_by_role("heading", level=1)).to_have_text(
                "This is a preview"
            )
            preview.close()

            with mailbox.hold():
                window.get_by_role("button", name="Send", exact=True).dblclick()
                busy = page.locator(".o_blockUI")
                expect(busy).to_contain_text("Sending the email…")
                expect(busy).to_be_in_viewport(ratio=1)
                self.assertFalse(mailbox.messages)
            # A window and no toast: it stays until it is closed.
            confirmation = page.get_by_role("dialog")
            expect(confirmation).to_contain_text("Invoice Sent")
            for recipient in ("carla@customer.example", "zenobia@customer.example"):
                row = confirmation.get_by_role("row").filter(has_text=recipient)
                expect(row).to_contain_text("Sent")
            expect(busy).to_have_count(0)
            page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            confirmation.get_by_role("button", name="Copy Link").click()
            expect(confirmation).to_contain_text("Link Copied")
            copied = page.evaluate("navigator.clipboard.readText()")
            confirmation.locator("footer").get_by_role("button", name="Close").click()
            expect(confirmation).to_have_count(0)
        self.env.invalidate_all()
        link = self._get_links().filtered(lambda each: each.partner_id == self.customer)
        self.assertEqual(copied, link._get_url())
        self.assertEqual(
            sorted(each.envelope_to[0] for each in mailbox.messages),
            ["carla@customer.example", "zenobia@customer.example"],
        )
        self.assertEqual(
            {each.subject for each in mailbox.messages}, {"Your invoice, dear Carla"}
        )

    def _open_window_of_invoice(self, page):
        self._show(page, self.invoice)
        page.locator(".o_form_statusbar").get_by_role(
            "button", name="Email Portal Link"
        ).click()
        return self._expect_window(page)

    def test_s5_list_that_is_pasted_becomes_named_recipients(self):
        with self.page(LAPTOP) as page:
            window = self._open_window_of_invoice(page)
            field = window.locator("[name=email_to]")
            field.get_by_role("combobox").evaluate(
                """(input, text) => {
                    const clipboardData = new DataTransfer();
                    clipboardData.setData("text/plain", text);
                    const options = {clipboardData, bubbles: true, cancelable: true};
                    input.dispatchEvent(new ClipboardEvent("paste", options));
                }""",
                "Doe, John <john@x.example>; Doe, John <jd@y.example>\nann@x.example",
            )
            pills = field.locator(".o_portal_recipient")
            expect(pills).to_have_text(
                [
                    "Carla Customer · carla@customer.example",
                    "Doe, John · john@x.example",
                    "Doe, John · jd@y.example",
                    "ann@x.example",
                ]
            )
            # A name that is typed with a comma is mended by its address.
            field.get_by_role("combobox").press_sequentially(
                "Moss, Mara <m@moss.example>,"
            )
            expect(pills.last).to_have_text("Moss, Mara · m@moss.example")
            expect(window).not_to_contain_text("is not an email address")

    def test_s6_tab_leaves_the_message(self):
        with self.page(LAPTOP) as page:
            window = self._open_window_of_invoice(page)
            message = window.locator("[name=body] .odoo-editor-editable")
            before = message.inner_html()
            message.click()
            page.keyboard.press("Tab")
            expect(window.get_by_role("button", name="Attach a File")).to_be_focused()
            page.keyboard.press("Shift+Tab")
            message.click()
            page.keyboard.press("Shift+Tab")
            expect(window.locator("[name=subject] input")).to_be_focused()
            self.assertNotIn("\t", message.inner_html())
            self.assertEqual(message.inner_text().count("Dear"), before.count("Dear"))

    def test_s8_preview_shows_the_button_without_scrolling(self):
        with self.page(LAPTOP) as page:
            window = self._open_window_of_invoice(page)
            mail = window.frame_locator("iframe[title='The email']")
            button = mail.get_by_role("link", name="View & Pay Invoice")
            expect(button).to_be_in_viewport(ratio=1)

    def test_s10_cancel_forgets_the_window(self):
        windows = self.env["account.move.send.portal"]
        with self.page(LAPTOP) as page:
            window = self._open_window_of_invoice(page)
            expect(window.locator("iframe")).to_be_visible()
            window.get_by_role("button", name="Cancel").click()
            expect(window).to_have_count(0)
        self.env.invalidate_all()
        self.assertFalse(windows.search([("move_id", "=", self.invoice.id)]))

    def test_s2_send_opens_the_window_and_the_action_menu_odoos_own(self):
        self.company.portal_replaces_send = True
        with self.page(LAPTOP) as page:
            self._show(page, self.invoice)
            page.locator(".o_form_statusbar").get_by_role(
                "button", name="Send", exact=True
            ).click()
            window = self._expect_window(page)
            window.get_by_role("button", name="Cancel").click()
            expect(window).to_have_count(0)
            self._open_action_menu(page)
            page.locator(".o-dropdown--menu").get_by_text(
                "Send without Portal Link"
            ).click()
            expect(page.get_by_role("dialog")).not_to_contain_text(
                "Email Payment Portal Link"
            )

    def test_s2_b2_action_menu_offers_links_on_customer_invoices_only(self):
        with self.page(DESKTOP) as page:
            for document, count in (
                (self.invoice, 1),
                (self.invoice._reverse_moves(), 0),
            ):
                self._show(page, document)
                expect(self._open_action_menu(page)).to_have_count(count)
                menu = page.locator(".o-dropdown--menu")
                expect(menu.get_by_text("Copy Portal Link")).to_have_count(count)

    def test_s6_placeholder_is_picked_and_shown_on_a_sample(self):
        administrator = new_test_user(
            self.env,
            login="portal_administrator",
            groups="base.group_system,account.group_account_manager",
            company_id=self.company.id,
        )
        number = self.invoice.name
        self.company.tax_exigibility = True  # Else core warns of the tests' taxes.
        with self.page(DESKTOP) as page:
            self._go(page, "/odoo/action-account.action_account_config", administrator)
            page.get_by_text("Insert a placeholder").click()
            subject = page.locator("[name=portal_mail_subject] input")
            subject.press("End")
            page.get_by_role("button", name="{{customer_name}}").click()
            expect(subject).to_have_value(
                "{{company_name}}: Invoice {{invoice_number}}{{customer_name}}"
            )
            subject.press("Tab")
            expect(page.locator("[name=portal_mail_sample]")).to_contain_text(
                f"Invoice {number}Carla Customer"
            )

    @mute_logger(*MAIL_LOGGERS)
    def test_s2_s11_refusal_is_shown_in_the_window_with_everything_typed(self):
        refusal = {"*": (550, "No such user")}
        # So many that their field alone is as high as the window.
        people = [f"Person {number} <p{number}@x.example>" for number in range(12)]
        self.customer.email = ", ".join(people)
        with self.mailbox(refuse_recipients=refusal), self.page(LAPTOP) as page:
            self._show(page, self.invoice)
            self._open_action_menu(page).click()
            window = self._expect_window(page)
            window.locator("[name=subject] input").fill("My own words")
            page.keyboard.press("Alt+q")  # The hotkey of Send.
            expect(window.get_by_role("alert").first).to_contain_text(
                "there is no such mailbox"
            )
            expect(window.get_by_text("Not sent to:")).to_be_in_viewport(ratio=1)
            expect(window.locator("[name=subject] input")).to_have_value("My own words")
