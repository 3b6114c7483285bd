"""The invoices that are measured: ``python -m workbench.bench.fixtures CONFIG URL``.

Prints one line of JSON: for each number of lines an invoice's id, the addresses of its
page and of its payment on core's portal and on ours.
"""

import json
import sys
from urllib.parse import urlsplit

from odoo.fields import Command
from odoo.tools import SQL

from .odoo_env import environment

LINES = (2, 20, 200)
BATCH = 100


def set_up_company(env, url):
    """Give the company accounts, a name, an address, a mail server, and Stripe.

    :param str url: where the server answers
    """
    company = env.company
    company.write(
        {
            "name": "Blue Ridge Supplies",
            "email": "billing@blueridge.example",
            "street": "1 Main Street",
            "city": "Dover",
            "country_id": env.ref("base.us").id,
        }
    )
    if not company.chart_template:
        env["account.chart.template"].try_loading(
            "generic_coa", company, install_demo=False
        )
    env["ir.config_parameter"].set_param("web.base.url", url)
    env["ir.mail_server"].create({"name": "Bench", "smtp_host": "127.0.0.1"})
    env.ref("payment.payment_provider_stripe").write(
        {
            "state": "test",
            "is_published": True,
            "stripe_publishable_key": "pk_test_bench",
            "stripe_secret_key": "sk_test_bench",
        }
    )


def create_customer(env):
    """Create the customer of all invoices.

    :rtype: res.partner
    """
    return env["res.partner"].create(
        {
            "name": "Carla Customer",
            "email": "carla@customer.example",
            "street": "1 Long Street",
            "city": "Dover",
            "zip": "19901",
            "country_id": env.ref("base.us").id,
        }
    )


def create_invoices(env, customers, lines=2):
    """Create and post an invoice for each of some customers.

    :param customers: the customers, each as often as they get one
    :param int lines: how many lines each has
    :rtype: account.move
    """
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_date": "2026-01-15",
                "invoice_date_due": "2026-02-15",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": f"Consulting, part {number}",
                            "quantity": number,
                            "price_unit": 42.0,
                        }
                    )
                    for number in range(1, lines + 1)
                ],
            }
            for customer in customers
        ]
    )
    invoices.action_post()
    return invoices


def last_id(env, table):
    """The highest number that a row of a table has got.

    :rtype: int
    """
    sequence = SQL.identifier(f"{table}_id_seq")
    [[last]] = env.execute_query(SQL("SELECT last_value FROM %s", sequence))
    return last


def copy_rows(env, table, row_id, count, changes):
    """Copy a row: what Odoo's own methods take an hour for.

    :param str table: of the row
    :param int row_id: of the row, `r` in the changes
    :param int count: how often
    :param dict[str, SQL] changes: of columns; `n` is the number of the copy
    """
    columns = env.execute_query(
        SQL(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
            "AND column_name != 'id' AND is_generated = 'NEVER' "
            "AND table_schema = current_schema",
            table,
        )
    )
    names = [name for (name,) in columns]
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s AS r, generate_series(1, %s) AS n "
            "WHERE r.id = %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, names)),
            SQL(", ").join(
                changes.get(name) or SQL.identifier("r", name) for name in names
            ),
            SQL.identifier(table),
            count,
            row_id,
        )
    )


def addresses(invoice):
    """Where the invoice is shown and paid at core and here.

    :rtype: dict
    """
    link = invoice.env["account.move.portal.link"].create(
        {"move_id": invoice.id, "email": invoice.partner_id.email}
    )
    payment_link = (
        invoice.env["payment.link.wizard"]
        .with_context(active_model=invoice._name, active_id=invoice.id)
        .create({})
        .link
    )
    return {
        "id": invoice.id,
        "page": {
            "ours": link._get_path(),
            # With a parameter that is not for us; else core's page leads to ours.
            "core": invoice.get_portal_url(query_string="&core=1"),
        },
        "payment": {
            "ours": link._get_path("pay"),
            "core": urlsplit(payment_link)._replace(scheme="", netloc="").geturl(),
        },
    }


def main(config_file, url):
    """Create everything and print where it is."""
    with environment(config_file) as env:
        set_up_company(env, url)
        customer = create_customer(env)
        facts = {
            "lines": {
                lines: addresses(create_invoices(env, [customer], lines))
                for lines in LINES
            },
            "batch": create_invoices(env, [customer] * BATCH).ids,
        }
    print(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
