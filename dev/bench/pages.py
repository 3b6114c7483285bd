"""The invoice page: the server's work, the bytes, and how soon there is something."""

import re
import shutil
import statistics

import requests
from playwright.sync_api import sync_playwright

from .sample import Row, compare

PHONE = {"width": 390, "height": 844}
#: What Odoo's access log ends with: queries, their seconds, other seconds.
ACCESS = re.compile(r'" 200 - (\d+) [\d.]+ [\d.]+\s*$')


def server_row(url, invoice, lines):
    """Time of a request, on a connection that is kept.

    :param str url: of the server
    :param dict invoice: its addresses
    :param str lines: how many lines it has
    :rtype: bench.sample.Row
    """
    with requests.Session() as ours, requests.Session() as core:
        return compare(
            f"Page of {lines} lines, server",
            lambda: ours.get(url + invoice["ours"]).raise_for_status(),
            lambda: core.get(url + invoice["core"]).raise_for_status(),
            repeat=60,
        )


def count_queries(url, path, log):
    """Queries that the server counted for a request.

    :param pathlib.Path log: of the server
    :rtype: int
    """
    requests.get(url + path).raise_for_status()
    before = log.stat().st_size
    requests.get(url + path).raise_for_status()
    while True:  # The line is written after the answer.
        with log.open() as lines:
            lines.seek(before)
            counts = [int(found[1]) for line in lines if (found := ACCESS.search(line))]
        if counts:
            return counts[0]


def queries_row(url, invoice, log):
    """Queries of a page.

    :rtype: bench.sample.Row
    """
    return Row(
        "Page, queries",
        "",
        count_queries(url, invoice["ours"], log),
        count_queries(url, invoice["core"], log),
    )


def visit(browser, address):
    """Load a page as a phone does that was never there.

    :return: requests, bytes of the bodies, milliseconds until something is painted
    :rtype: tuple[int, int, float]
    """
    context = browser.new_context(viewport=PHONE, is_mobile=True)
    page = context.new_page()
    finished = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(address, wait_until="networkidle")
    paint = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    size = sum(request.sizes()["responseBodySize"] for request in finished)
    context.close()
    return len(finished), size, paint


def browser_rows(url, invoice):
    """What a phone loads.

    :rtype: list[bench.sample.Row]
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        visits = {
            side: [visit(browser, url + invoice[side]) for _each in range(5)]
            for side in ("ours", "core")
        }
        browser.close()
    figures = {
        side: [statistics.median(values) for values in zip(*seen, strict=True)]
        for side, seen in visits.items()
    }
    return [
        Row(name, unit, figures["ours"][at] / scale, figures["core"][at] / scale)
        for at, (name, unit, scale) in enumerate(
            [
                ("Page on a phone, requests", "", 1),
                ("Page on a phone, bytes", "KB", 1024),
                ("Page on a phone, first paint", "ms", 1),
            ]
        )
    ]


def rows(url, facts, log):
    """All of this module's measurements.

    :param str url: of the server
    :param dict facts: what the fixtures printed
    :param pathlib.Path log: of the server
    :rtype: list[bench.sample.Row]
    """
    return [
        *(server_row(url, each, lines) for lines, each in facts["lines"].items()),
        queries_row(url, facts["lines"]["2"], log),
        *browser_rows(url, facts["lines"]["2"]),
    ]
