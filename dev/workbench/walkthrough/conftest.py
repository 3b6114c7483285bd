"""Whom the story is about, their screens, and the pictures."""

import itertools
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect, sync_playwright

from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.provision.system import find_browser
from workbench.stack.client import Client
from workbench.stack.demo import running_demo
from workbench.walkthrough import records

#: Widths, in pixels, at which people look at our pages.
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PHONE_MODEL = "Pixel 7"
#: Seconds that anything on a page may take to appear.
PATIENCE = 60


@pytest.fixture(scope="session")
def project():
    """This clone."""
    return Project()


@pytest.fixture(scope="session")
def facts(project):
    """Where the parts of the demo are, see ``DemoStack.start``."""
    with running_demo(project, Console()) as found:
        yield found


@pytest.fixture(scope="session")
def pages():
    """A desk's and a phone's screen in one browser; errors of scripts are kept."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox"]
        )
        phone = {**playwright.devices[PHONE_MODEL], "viewport": PHONE}
        phone["device_scale_factor"] = 2
        found = {"script_errors": []}
        for person, options in {
            "staff": {"viewport": DESKTOP},
            "customer": phone,
        }.items():
            context = browser.new_context(
                locale="en-US",
                # Nor do people's browsers say that they have no head.
                extra_http_headers={"Sec-CH-UA": '"Chromium";v="143"'},
                **options,
            )
            # Nor that a program drives them, as this one does.
            context.add_init_script(
                "Object.defineProperty(Navigator.prototype, 'webdriver', "
                "{get: () => false})"
            )
            context.set_default_timeout(PATIENCE * 1000)
            context.on("weberror", lambda error: found["script_errors"].append(error))
            found[person] = context.new_page()
        yield found
        browser.close()


@pytest.fixture(scope="session")
def story(facts, pages):
    """The invoice, the salesperson, and a client of the administrator."""
    client = Client(facts["odoo_url"])
    client.login(facts["database"], facts["login"], facts["password"])
    salesperson = records.salesperson(client)
    return SimpleNamespace(
        facts=facts,
        pages=pages,
        client=client,
        salesperson=salesperson,
        invoice=records.open_invoice(client, salesperson),
    )


@pytest.fixture
def staff(pages):
    """The page that staff looks at."""
    return pages["staff"]


@pytest.fixture
def customer(pages):
    """The page that the customer looks at."""
    return pages["customer"]


@pytest.fixture(scope="session")
def pictures(project):
    """Where the pictures go, without older ones, and their numbers."""
    folder = project.state / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    for picture in folder.glob("*.png"):
        picture.unlink()
    return folder, itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Let the pictures know how a step has ended."""
    report = yield
    if report.when == "call":
        item.has_failed = report.failed
    return report


def save_picture(page, path, is_whole):
    """Save a picture of a page.

    :param pathlib.Path path: where to
    :param bool is_whole: from top to bottom. The window is made as high as the page:
        frames of other sites below its edge would be empty.
    """
    size = page.viewport_size
    if is_whole:
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({**size, "height": max(height, size["height"])})
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => setTimeout(done, 500)))"
        )
    page.screenshot(path=path, full_page=is_whole)
    page.set_viewport_size(size)


@pytest.fixture(autouse=True)
def photograph(request, pages, pictures):
    """Save what is to be seen after a step; on a phone the page from top to bottom."""
    folder, numbers = pictures
    name = request.node.name.removeprefix("test_").replace("_", "-")
    label = f"{next(numbers):02}-{name}"
    yield
    page = pages["staff" if "staff" in request.fixturenames else "customer"]
    is_phone = page.viewport_size["width"] == PHONE["width"]
    if request.node.has_failed:
        page.screenshot(path=folder / f"{label}-failed.png")
        return
    save_picture(page, folder / f"{label}.png", is_phone)
    if request.node.get_closest_marker("both_sizes"):
        size, other = page.viewport_size, DESKTOP if is_phone else PHONE
        page.set_viewport_size(other)
        path = folder / f"{label}-{other['width']}.png"
        save_picture(page, path, is_phone)
        page.set_viewport_size(size)
    assert [error.error for error in pages["script_errors"]] == []
