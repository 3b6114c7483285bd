"""The invoice page: the server's work, the bytes, and how soon there is something."""

import re
import statistics
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from playwright.sync_api import sync_playwright

from stripe_sandbox import StripeSandbox
from workbench.provision.system import find_browser
from workbench.stack.demo_settings import SANDBOX_PARAMETER

from .sample import compare, side_rows

PHONE = {"width": 390, "height": 844}
#: What Odoo's access log ends with: queries, their seconds, other seconds.
ACCESS = re.compile(r'" 200 - (\d+) ([\d.]+) ([\d.]+)\s*$')
#: Requests of a page in a row, and how often each page has its turn.
REQUESTS, TURNS = 10, 6
#: What `serve` tells of a request: name, unit, and what it is divided by.
SERVED = (("queries", "", 1), ("server", "ms", 1), ("page", "KB", 1024))
#: The same of `visit`, and of `type_card`.
VISITED = (("requests", "", 1), ("bytes", "KB", 1024), ("first paint", "ms", 1))
TYPED = (("first paint", "s", 1000), ("card can be typed", "s", 1000))
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
#: Lines as Chromium's own tools imitate them: bytes a second down and up, latency in
#: milliseconds.
LINES = {
    "fast 3G": (180_000, 84_375, 562.5),
    "slow 3G": (50_000, 50_000, 2000),
}
#: Longer than anything loads on a slow line.
PATIENCE_MS = 300_000


def answer_row(name, url, paths):
    """Time until a client has the whole page, on a connection that is kept.

    :param str name: of the page
    :param str url: of the server
    :param dict paths: of the page, ours and core's
    :rtype: bench.sample.Row
    """
    with requests.Session() as ours, requests.Session() as core:
        return compare(
            f"{name}, answer",
            lambda: ours.get(url + paths["ours"]).raise_for_status(),
            lambda: core.get(url + paths["core"]).raise_for_status(),
            repeat=REQUESTS * TURNS,
        )


def serve(client, address, log):
    """Ask for a page, and read what Odoo says of its work.

    :param client: ``requests``, or a session of it
    :param str address: of the page
    :param pathlib.Path log: of the server
    :return: of each request: the queries, the milliseconds, the bytes
    :rtype: list[tuple[int, float, int]]
    """
    client.get(address).raise_for_status()  # Caches.
    before, sizes = log.stat().st_size, []
    for _request in range(REQUESTS):
        answer = client.get(address)
        answer.raise_for_status()
        sizes.append(len(answer.content))
    found = []
    while len(found) < REQUESTS:  # A line is written after the answer.
        with log.open() as lines:
            lines.seek(before)
            found = [match for line in lines if (match := ACCESS.search(line))]
    return [
        (int(queries), 1000 * (float(sql) + float(rest)), size)
        for (queries, sql, rest), size in zip(
            (match.groups() for match in found), sizes, strict=False
        )
    ]


def server_rows(name, sides, log, kinds=SERVED):
    """The server's own work for a page.

    :param str name: of the page
    :param dict sides: ours and core's: who asks, and for what address
    :param pathlib.Path log: of the server
    :param tuple kinds: those of `SERVED` that are wanted
    :rtype: list[bench.sample.Row]
    """
    served = {side: [] for side in sides}
    for _turn in range(TURNS):
        for side, (client, address) in sides.items():
            served[side] += serve(client, address, log)
    return side_rows(name, kinds, served, middle)


def middle(values):
    """Mean of the middle half: Odoo counts in whole milliseconds.

    :rtype: float
    """
    quarter = len(values) // 4
    return statistics.mean(sorted(values)[quarter:-quarter])


def visit(browser, address):
    """Load a page as a phone does that was never there.

    :return: requests and bytes of the bodies, without those to Stripe; milliseconds
        until something is painted
    :rtype: tuple[int, int, float]
    """
    page = browser.new_page(viewport=PHONE, is_mobile=True)
    finished = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(address, wait_until="networkidle")
    paint = page.evaluate(FIRST_PAINT)
    origin = urlsplit(address)[:2]
    own = [request for request in finished if urlsplit(request.url)[:2] == origin]
    size = sum(request.sizes()["responseBodySize"] for request in own)
    page.close()
    return len(own), size, paint


def type_card(browser, address, line):
    """Open a payment screen on a phone, and wait until a card can be typed.

    :param str line: one of `LINES`
    :return: milliseconds until something is painted; until the card's field is there
    :rtype: tuple[float, float]
    """
    page = browser.new_page(viewport=PHONE, is_mobile=True)
    page.set_default_timeout(PATIENCE_MS)
    down, up, latency = LINES[line]
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "downloadThroughput": down,
            "uploadThroughput": up,
            "latency": latency,
        },
    )
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    card = page.frame_locator("[name='o_stripe_element_container'] iframe").first
    number = card.locator("[name='number']")
    core_radio = page.locator(
        "[name='o_payment_radio'][data-payment-method-code='card']"
    )
    number.or_(core_radio).first.wait_for()
    if core_radio.count():
        core_radio.first.check()
    number.fill("4242 4242 4242 4242")
    typed = 1000 * (time.perf_counter() - start)
    paint = page.evaluate(FIRST_PAINT)
    page.close()
    return paint, typed


@contextmanager
def sandbox(site):
    """Have something stand in for Stripe.

    :param Site site: what is measured
    """
    stripe = StripeSandbox()
    stripe.start()
    try:
        site.env["ir.config_parameter"].set_param(SANDBOX_PARAMETER, stripe.url)
        site.env.ref("payment.payment_provider_stripe").write(
            {
                "stripe_publishable_key": stripe.publishable_key,
                "stripe_secret_key": stripe.secret_key,
            }
        )
        site.publish()
        yield
    finally:
        stripe.stop()


def phone_rows(url, invoice):
    """What a phone loads, and how long a customer on the road waits for it.

    :param str url: of the server
    :param dict invoice: where it is, ours and core's
    :rtype: list[bench.sample.Row]
    """
    rows, paid_at = [], invoice["payment"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox"]
        )

        def both(paths, times, load, *arguments):
            return {
                side: [load(browser, url + path, *arguments) for _each in range(times)]
                for side, path in paths.items()
            }

        for name, paths in {"Page": invoice["page"], "Payment screen": paid_at}.items():
            visits = both(paths, 5, visit)
            rows += side_rows(f"{name} on a phone", VISITED, visits, statistics.median)
        for line in LINES:
            typed = both(paid_at, 2, type_card, line)
            rows += side_rows(f"Payment screen, {line}", TYPED, typed, min)
        browser.close()
    return rows


def rows(site):
    """All of this module's measurements.

    :param Site site: what is measured
    :rtype: list[bench.sample.Row]
    """
    url, small = site.url, site.invoices[2]
    pages = {
        f"Page of {lines} lines": invoice["page"]
        for lines, invoice in site.invoices.items()
    }
    pages["Payment screen"] = small["payment"]
    found = []
    with sandbox(site):
        for name, paths in pages.items():
            sides = {side: (requests, url + path) for side, path in paths.items()}
            found += server_rows(name, sides, site.log, SERVED[:2])
            found.append(answer_row(name, url, paths))
        found += phone_rows(url, small)
    return found
