"""A customer's account, beside core's list of the same invoices.

Core's wants a login; its page has 80 invoices, ours 50, with a form to pay them.
"""

import re

import requests

from odoo.fields import Command

from .pages import ACCESS, REQUESTS, TURNS, middle
from .sample import Row

#: How many open invoices a customer has.
INVOICES = (50, 500)
PASSWORD = "bench-portal"
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def make_customer(env, count):
    """Create a customer with open invoices, and a login.

    :param int count: of the invoices
    :return: the login, and where the account is
    :rtype: tuple[str, str]
    """
    login = f"bench{count}@customer.example"
    customer = env["res.partner"].create(
        {"name": f"Customer of {count} invoices", "email": login}
    )
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "partner_id": customer.id,
            "login": login,
            "password": PASSWORD,
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
        }
    )
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_date": "2026-01-15",
                "invoice_date_due": "2026-02-15",
                "invoice_line_ids": [
                    Command.create({"name": "Consulting", "price_unit": 42.0 + number})
                ],
            }
            for number in range(count)
        ]
    )
    moves.action_post()
    links = env["account.move.portal.link"]
    return login, links._find_for_account(customer, env.company)._get_path()


def sign_in(url, login):
    """Sign in as a customer.

    :param str url: of the server
    :rtype: requests.Session
    """
    session = requests.Session()
    page = session.get(f"{url}/web/login")
    session.post(
        f"{url}/web/login",
        data={
            "login": login,
            "password": PASSWORD,
            "csrf_token": _CSRF.search(page.text)[1],
        },
    ).raise_for_status()
    return session


def serve(session, address, log):
    """Ask for a page, and read what Odoo says of its work.

    :param pathlib.Path log: of the server
    :return: of each request: the queries, the milliseconds, the bytes
    :rtype: list[tuple[int, float, int]]
    """
    session.get(address).raise_for_status()  # Caches.
    before = log.stat().st_size
    sizes = [len(session.get(address).content) for _request in range(REQUESTS)]
    while True:  # A line is written after the answer.
        with log.open() as lines:
            lines.seek(before)
            found = [match for line in lines if (match := ACCESS.search(line))]
        if len(found) >= REQUESTS:
            return [
                (int(queries), 1000 * (float(sql) + float(rest)), size)
                for (queries, sql, rest), size in zip(
                    (match.groups() for match in found), sizes, strict=False
                )
            ]


def rows(env, url, log):
    """All of this module's measurements.

    :param str url: of the server
    :param pathlib.Path log: of the server
    :rtype: list[bench.sample.Row]
    """
    customers = {count: make_customer(env, count) for count in INVOICES}
    env.cr.commit()
    result = []
    for count, (login, path) in customers.items():
        sides = {
            "ours": (requests.Session(), url + path),
            "core": (sign_in(url, login), f"{url}/my/invoices"),
        }
        served = {side: [] for side in sides}
        for _turn in range(TURNS):
            for side, (session, address) in sides.items():
                served[side] += serve(session, address, log)
        kinds = (("queries", "", 1), ("server", "ms", 1), ("page", "KB", 1024))
        result += [
            Row(
                f"Account of {count} invoices, {kind}",
                unit,
                *(
                    middle([figure[at] for figure in served[side]]) / scale
                    for side in served
                ),
            )
            for at, (kind, unit, scale) in enumerate(kinds)
        ]
    return result
