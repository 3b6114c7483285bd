from contextlib import contextmanager

from ..browser_common import DESKTOP, PHONE, PortalBrowserCase
from ..common import PortalCommon
from ..recorded_visits import ANDROID, CHROME


class TestVisitsBrowser(PortalCommon, PortalBrowserCase):
    """Real browsers at the door; their clock runs as fast as the test likes."""

    @contextmanager
    def _visit(self, agent=CHROME, viewport=None, **options):
        """Open an invoice of its own in a browser.

        :return: The link and the page.
        """
        link = self._create_link(
            self._create_portal_invoice(), sent_on="2020-01-01 00:00:00"
        )
        with self.page(viewport or DESKTOP, user_agent=agent, **options) as page:
            if options.get("java_script_enabled", True):
                # Time passes when the test says so, and only then: not while a slow
                # machine loads the page.
                page.clock.install()
                page.clock.pause_at(page.evaluate("Date.now() / 1000 + 0.5"))
            self.visit(page, link._get_path())
            yield link, page

    def _let_time_pass(self, page, seconds):
        """Let time pass on both sides."""
        self._pass_time(seconds)
        page.clock.fast_forward(seconds * 1000)

    @contextmanager
    def _report(self, page, word='"how"'):
        """Wait until the page has reported, and was answered.

        :param str word: What is in the report; none for a beacon, which hides it.
        """
        with page.expect_response(
            lambda response: (
                response.url.endswith("/seen")
                and word in (response.request.post_data or "")
            )
        ):
            yield

    def _read(self, link):
        self.env.invalidate_all()
        return sorted((event.kind, event.reason or "") for event in link.event_ids)

    def test_b1_headless_browser_that_says_so_is_given_nothing_to_report_with(self):
        with self._visit(None, extra_http_headers={}) as (link, page):
            self.assertIn("Headless", page.evaluate("navigator.userAgent"))
            self._let_time_pass(page, 60)
            self.assertFalse(page.locator("[data-seen-url]").count())
        self.assertEqual(self._read(link), [("opened", "known_agent")])

    def test_b1_driven_browser_that_presses_nothing_is_not_counted(self):
        with self._visit(is_driven=True) as (link, page), self._report(page):
            self._let_time_pass(page, 31)
        self.assertEqual(
            self._read(link), [("dismissed", "webdriver"), ("opened", "browser")]
        )
        self.assertFalse(link.view_count)

    def test_b1_driven_browser_that_scrolls_is_not_counted(self):
        with self._visit(is_driven=True) as (link, page):
            self._pass_time(4)
            page.keyboard.press("PageDown")
            with self._report(page):
                self._let_time_pass(page, 2)
        self.assertFalse(link.view_count)
        self.assertIn(("dismissed", "webdriver"), self._read(link))

    def test_b1_page_in_front_for_a_minute_is_a_view_and_for_half_of_it_is_none(self):
        with self._visit() as (link, page):
            with self._report(page):
                self._let_time_pass(page, 31)
            self.assertFalse(link.view_count)
            self._let_time_pass(page, 2)
            with self._report(page):
                self._let_time_pass(page, 30)
        self.assertEqual(
            self._read(link),
            [("dismissed", "waiting"), ("opened", "browser"), ("viewed", "dwell")],
        )

    def test_b1_touch_of_the_invoice_itself_is_a_touch_of_the_page(self):
        with self._visit() as (link, page):
            self._pass_time(4)
            box = page.locator("#invoice_document").bounding_box()
            page.mouse.move(box["x"] + 50, box["y"] + 50)
            page.mouse.down()
            with self._report(page):
                self._let_time_pass(page, 2)
        self.assertEqual(link.view_count, 1)

    def test_b1_driven_browser_that_presses_all_is_not_counted(self):
        with self._visit(is_driven=True) as (link, page):
            hrefs = page.eval_on_selector_all(
                "a[href*='/portal/']", "all => all.map(a => a.href)"
            )
            self.assertGreaterEqual(len(hrefs), 4)
            page.keyboard.press("Tab")
            with self._report(page, ""):  # The beacon of Print.
                page.evaluate(
                    """async () => {
                        const all = document.querySelectorAll("a[href*='/portal/']");
                        for (const a of all) {
                            a.addEventListener("click", (ev) => ev.preventDefault());
                            a.click();
                            await fetch(a.href);
                        }
                    }"""
                )
            with self._report(page):
                self._let_time_pass(page, 3)
        self.assertFalse(link.view_count)
        self.assertIn(("dismissed", "honeypot"), self._read(link))

    def test_b1_person_who_touches_a_phone_is_counted(self):
        options = {"has_touch": True, "is_mobile": True}
        with self._visit(ANDROID, PHONE, **options) as (link, page):
            self._pass_time(4)
            page.touchscreen.tap(100, 200)
            with self._report(page):
                self._let_time_pass(page, 2)
        self.assertEqual(
            self._read(link), [("opened", "browser"), ("viewed", "interaction")]
        )
        self.assertEqual(link.event_ids[0].device, "phone")

    def test_b1_person_with_a_keyboard_only_is_counted(self):
        with self._visit() as (link, page):
            self._pass_time(4)
            page.keyboard.press("Tab")
            with self._report(page):
                self._let_time_pass(page, 2)
        self.assertEqual(link.view_count, 1)

    def test_b1_person_who_leaves_by_a_button_at_once_is_counted(self):
        with self._visit() as (link, page):
            self._pass_time(4)
            page.get_by_role("link", name="Pay Now").click()
            page.wait_for_url("**/pay**")
        self.env.invalidate_all()
        self.assertEqual(link.view_count, 1)

    def test_b1_person_without_javascript_who_downloads_is_counted(self):
        with self._visit(java_script_enabled=False) as (link, page):
            self._pass_time(20)
            with page.expect_download():
                page.get_by_role("link", name="Download").click()
        self.assertEqual(
            self._read(link),
            [("downloaded", "action"), ("opened", "browser"), ("viewed", "action")],
        )
        self.assertEqual((link.view_count, link.download_count), (1, 1))

    def test_b1_print_and_download_are_counted_with_javascript(self):
        with self._visit() as (link, page):
            page.evaluate("invoice_document.contentWindow.print = () => {}")
            self._pass_time(4)
            with self._report(page, ""):
                page.get_by_role("link", name="Print").click()
            with page.expect_download():
                page.get_by_role("link", name="Download").click()
            with self._report(page):
                self._let_time_pass(page, 2)
        self.env.invalidate_all()
        self.assertEqual(
            (link.view_count, link.print_count, link.download_count), (1, 1, 1)
        )

    def test_b1_early_visitor_is_counted_as_soon_as_it_is_plausible(self):
        with self._visit() as (link, page):
            self.wait_for_answers(page)
            self.env.cr.execute(
                "UPDATE account_move_portal_link SET sent_on = "
                "(SELECT MAX(create_date) FROM account_move_portal_event) "
                "- interval '3 seconds' WHERE id = %s",
                [link.id],
            )
            self.env.invalidate_all()
            self._pass_time(4)
            page.keyboard.press("Tab")
            with self._report(page):
                self._let_time_pass(page, 2)
            self.wait_for_answers(page)
            self.assertFalse(link.view_count, "as a gateway does it")
            self._let_time_pass(page, 25)
            page.keyboard.press("Tab")
            with self._report(page):
                self._let_time_pass(page, 2)
        self.env.invalidate_all()
        self.assertEqual(link.view_count, 1)
