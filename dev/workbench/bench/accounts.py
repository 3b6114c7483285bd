"""A customer's account, beside core's list of the same invoices.

Core's wants a login; its page has 80 invoices, ours 50, with a form to pay them.
"""

import re

import requests

from odoo.fields import Command

from .fixtures import create_invoices
from .pages import server_rows

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
    create_invoices(env, [customer] * count, lines=1)
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


def rows(site):
    """All of this module's measurements.

    :param Site site: what is measured
    :rtype: list[bench.sample.Row]
    """
    customers = {count: make_customer(site.env, count) for count in INVOICES}
    site.publish()
    return [
        row
        for count, (login, path) in customers.items()
        for row in server_rows(
            f"Account of {count} invoices",
            {
                "ours": (requests.Session(), site.url + path),
                "core": (sign_in(site.url, login), f"{site.url}/my/invoices"),
            },
            site.log,
        )
    ]
