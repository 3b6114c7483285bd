import resource
import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from odoo.tests import HttpCase
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# A person's browser does not say that it has no head, and is graded by what it says.
PERSON_AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/143.0.0.0 Mobile Safari/537.36"
)


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
        cls._started_browser = None
        for name in cls.bundles:
            cls.env["ir.qweb"]._get_asset_bundle(name).get_links()

    @classmethod
    def _start_browser(cls):
        """Start the browser of all tests of the class."""
        with cls._unlimited_memory():
            cls._playwright = sync_playwright().start()
            cls.addClassCleanup(cls._playwright.stop)
            cls._started_browser = cls._playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
        cls.addClassCleanup(cls._started_browser.close)

    @classmethod
    @contextmanager
    def _unlimited_memory(cls):
        """Lift Odoo's limit on addresses: Chromium inherits it and dies of it."""
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    @contextmanager
    def browser(self):
        """Open the browser; what it asks of the test's server is answered.

        The class's tests share it; what they open in it is closed after each.
        """
        if not self._started_browser:
            self._start_browser()
        browser = self._started_browser
        with self.allow_requests(all_requests=True):
            try:
                yield browser
            finally:
                for context in browser.contexts:
                    context.close()

    @contextmanager
    def page(self, viewport=None, **kwargs):
        """Open one page in a context of its own.

        :param dict viewport: The size of the window, in CSS pixels; a phone's if none.
        :param dict kwargs: Other options of the browser's context.
        """
        with self.browser() as browser:
            options = {"user_agent": PERSON_AGENT, **kwargs}
            context = browser.new_context(viewport=viewport or PHONE, **options)
            self.trust(context)
            yield context.new_page()

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
