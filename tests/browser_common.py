import resource
import time
from contextlib import contextmanager
from urllib.request import urlopen
from weakref import WeakKeyDictionary

from odoo.tests import HttpCase
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME

from .development import PATIENCE_MS, Axe, find_browser, sync_playwright

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
RUN_AXE = """([type, values]) => axe.run({
    resultTypes: ["violations"], runOnly: {type, values}
}).then(results => results.violations)"""
WCAG_22_AA = [
    "tag",
    ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
]
# What depends on colours and sizes; all else is the same in each of them.
LOOKS = ["rule", ["color-contrast", "target-size", "scrollable-region-focusable"]]
# A person's browser does not say that it has no head, and is graded by what it says.
PERSON_AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/143.0.0.0 Mobile Safari/537.36"
)
#: Seconds that the slowest machine may take for an answer.
ANSWERED_WITHIN = PATIENCE_MS / 1000
PERSON_BRANDS = '"Chromium";v="143"'


class PortalBrowserCase(HttpCase):
    """A customer in a real Chromium.

    Playwright and not a tour, because a customer's pages load none of Odoo's scripts,
    and because the card's fields are in a frame of another origin.
    """

    #: The bundles of Odoo's own that the pages load: compiled once for all tests of the
    #: class, and not by each for itself.
    bundles = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._chromium = None
        cls._unanswered = WeakKeyDictionary()
        for name in cls.bundles:
            bundle = cls.env["ir.qweb"]._get_asset_bundle(name)
            bundle.css()
            bundle.js()

    @classmethod
    def _get_chromium(cls):
        """Return the browser that the tests of this class share; it starts once."""
        if not cls._chromium:
            with cls._unlimited_memory():
                playwright = sync_playwright().start()
                cls.addClassCleanup(playwright.stop)
                cls._chromium = playwright.chromium.launch(
                    executable_path=find_browser(), args=["--no-sandbox"]
                )
            cls.addClassCleanup(cls._chromium.close)
        return cls._chromium

    @staticmethod
    @contextmanager
    def _unlimited_memory():
        """Lift Odoo's limit on addresses: Chromium inherits it and dies of it."""
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    @contextmanager
    def browser(self):
        """Use a browser; what it asks of the test's server is answered."""
        with self.allow_requests(all_requests=True):
            browser = self._get_chromium()
            before = browser.contexts
            try:
                yield browser
            finally:
                for context in browser.contexts:
                    if context not in before:
                        context.close()
                self._wait_for_what_is_on_its_way()

    def _wait_for_what_is_on_its_way(self):
        """Wait until the server has answered all that closed pages have asked.

        Else it could still use the test's cursor when the next test does. Connections
        are taken in their order: one more, to a file, comes after them all.
        """
        file = f"{self.base_url()}/web/static/img/favicon.ico"
        urlopen(file, timeout=ANSWERED_WITHIN).close()
        self._wait_remaining_requests()

    @contextmanager
    def page(self, viewport=None, is_driven=False, **kwargs):
        """Open one page in a context of its own.

        :param dict viewport: The size of the window, in CSS pixels; a phone's if none.
        :param bool is_driven: Whether the browser says that a program drives it, as it
            does by itself: a person's says no.
        :param dict kwargs: Other options of the browser's context.
        """
        with self.browser() as browser:
            options = {
                "user_agent": PERSON_AGENT,
                "extra_http_headers": {"Sec-CH-UA": PERSON_BRANDS},
                "locale": "en-US",
                **kwargs,
            }
            context = browser.new_context(viewport=viewport or PHONE, **options)
            # For clicks and for whole pages: a busy machine is not a wrong page.
            context.set_default_timeout(PATIENCE_MS)
            if not is_driven:
                context.add_init_script(
                    "Object.defineProperty(Navigator.prototype, 'webdriver', "
                    "{get: () => false})"
                )
            self.trust(context)
            page = context.new_page()
            self._follow_requests(page)
            yield page

    def _follow_requests(self, page):
        """Know which requests of a page are not answered yet."""
        unanswered = self._unanswered[page] = set()

        def follow(request):
            # Nothing says when beacons are answered, and scripts of shared workers.
            is_untold = request.resource_type == "ping" or "/bus/" in request.url
            if request.url.startswith(self.base_url()) and not is_untold:
                unanswered.add(request)

        page.on("request", follow)
        for answered in ("requestfinished", "requestfailed"):
            page.on(answered, lambda request: unanswered.discard(request))

    def wait_for_answers(self, page):
        """Wait until a page's requests are answered, to read the records anew.

        The server's threads work with the test's cursor: who reads while one of them
        does may get the rows of its query. Not `networkidle`, which says that the page
        has been idle once.

        :param playwright.sync_api.Page page: The page, from `page()`.
        """
        deadline = time.monotonic() + ANSWERED_WITHIN
        while self._unanswered[page]:
            self.assertLess(time.monotonic(), deadline, self._unanswered[page])
            page.wait_for_timeout(10)
        self._wait_remaining_requests()
        self.env.invalidate_all()

    def visit(self, page, path, wait_until="networkidle"):
        """Go to a page of the test's server, and wait until it has loaded all.

        :param playwright.sync_api.Page page: The page of the browser.
        :param str path: The address, from the site's root.
        :param str wait_until: `load` where scripts load nothing later.
        """
        self.env.flush_all()  # For the server, which has its own cache.
        page.goto(self.base_url() + path, wait_until=wait_until)

    def log_in(self, page, user):
        """Make the test's server take a browser for a user's.

        :param playwright.sync_api.Page page: The page of the browser.
        :param res.users user: The user.
        """
        session = self.authenticate(user.login, user.login)
        page.context.add_cookies(
            [{"name": "session_id", "value": session.sid, "url": self.base_url()}]
        )
        self.trust(page.context)

    def assert_accessible(self, page, schemes=("light", "dark")):
        """Check that axe finds nothing on a page, wide and light, narrow and dark.

        :param playwright.sync_api.Page page: The page of the browser.
        :param tuple[str] schemes: The colour schemes to look at.
        """
        page.evaluate(Axe().axe_script)
        for scheme, viewport, rules in (
            ("light", DESKTOP, WCAG_22_AA),
            ("light", PHONE, LOOKS),
            ("dark", PHONE, LOOKS),
        ):
            if scheme not in schemes:
                continue
            # Without transitions: halfway, colors are those of neither scheme.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size(viewport)
            nodes = [
                (violation["id"], node["html"][:200])
                for violation in page.evaluate(RUN_AXE, rules)
                for node in violation["nodes"]
            ]
            self.assertFalse(nodes, f"{page.url}, {scheme}")

    def trust(self, context):
        """Make the test's server answer a browser's context.

        :param playwright.sync_api.BrowserContext context: The context.
        """
        context.add_cookies(
            [
                {
                    "name": TEST_CURSOR_COOKIE_NAME,
                    "value": self.http_request_key,
                    "url": self.base_url(),
                }
            ]
        )
