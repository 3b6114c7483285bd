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
        for name in cls.bundles:
            bundle = cls.env["ir.qweb"]._get_asset_bundle(name)
            bundle.css()
            bundle.js()

    @contextmanager
    def _unlimited_memory(self):
        """Lift Odoo's limit on addresses: Chromium inherits it and dies of it."""
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    @contextmanager
    def browser(self):
        """Open a browser; what it asks of the test's server is answered."""
        with (
            self._unlimited_memory(),
            self.allow_requests(all_requests=True),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            try:
                yield browser
            finally:
                browser.close()

    @contextmanager
    def page(self, viewport=None, **kwargs):
        """Open one page of an own browser.

        :param dict viewport: The size of the window, in CSS pixels; a phone's if none.
        :param dict kwargs: Other options of the browser's context.
        """
        with self.browser() as browser:
            options = {"user_agent": PERSON_AGENT, **kwargs}
            context = browser.new_context(viewport=viewport or PHONE, **options)
            self.trust(context)
            yield context.new_page()

    def visit(self, page, path):
        """Go to a page of the test's server, and wait until it has loaded all.

        :param playwright.sync_api.Page page: The page of the browser.
        :param str path: The address, from the site's root.
        """
        self.env.flush_all()  # For the server, which has its own cache.
        page.goto(self.base_url() + path, wait_until="networkidle")

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
