"""The people of the story, their screens, and the invoice that it is about."""

from contextlib import contextmanager

from playwright.sync_api import expect, sync_playwright

from workbench.provision.system import find_browser
from workbench.stack.client import Client

from . import records
from .step import DESKTOP, PHONE, StepFailed

#: Seconds that anything on a page may take to appear.
PATIENCE = 30
PHONE_MODEL = "Pixel 7"


class Story:
    """What the steps share.

    :param dict facts: where the parts of the demo are, see ``stack.demo``
    :param dict pages: the screen of each person: ``staff`` at a desk, ``customer`` on
        a phone
    """

    def __init__(self, facts, pages):
        self.facts = facts
        self.pages = pages
        self.client = Client(facts["odoo_url"])
        self.client.login(facts["database"], facts["login"], facts["password"])
        self.salesperson = records.salesperson(self.client)
        self.invoice = records.open_invoice(self.client, self.salesperson)
        self.script_errors = ScriptErrors(pages.values())

    def odoo(self, path):
        """Address of a page of Odoo.

        :rtype: str
        """
        return self.facts["odoo_url"] + path


class ScriptErrors:
    """Errors that no script of a page has caught.

    :param pages: the pages to watch, with all that are opened from them
    """

    def __init__(self, pages):
        self._told = []
        for page in pages:
            page.context.on("weberror", self._note)

    def check(self):
        """Check that there was none.

        :raise StepFailed: if there was
        """
        if self._told:
            raise StepFailed(
                "Scripts without errors expected:\n" + "\n".join(self._told)
            )

    def _note(self, web_error):
        self._told.append(f"{web_error.page.url}: {web_error.error}")


@contextmanager
def screens():
    """A desk's and a phone's screen in one browser.

    :return: person -> page
    :rtype: dict[str, playwright.sync_api.Page]
    """
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox"]
        )
        phone = {**playwright.devices[PHONE_MODEL], "viewport": PHONE}
        phone["device_scale_factor"] = 2
        sizes = {"staff": {"viewport": DESKTOP}, "customer": phone}
        try:
            pages = {}
            for person, options in sizes.items():
                context = browser.new_context(
                    locale="en-US",
                    # Nor do people's browsers say that they have no head.
                    extra_http_headers={"Sec-CH-UA": '"Chromium";v="143"'},
                    **options,
                )
                context.set_default_timeout(PATIENCE * 1000)
                pages[person] = context.new_page()
            yield pages
        finally:
            browser.close()
