"""What is measured: the database, its company and its invoices."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from odoo.api import Environment
from odoo.fields import Command
from odoo.tools import SQL

from workbench.mailbox import Mailbox

LINES = (2, 20, 200)
BATCH = 100
ADDRESS = {"street": "1 Long Street", "city": "Dover", "zip": "19901"}
#: The only line of an invoice whose content does not matter.
SHORT = {"name": "x", "price_unit": 1, "tax_ids": False}


@dataclass
class Site:
    """The database that is measured, and the servers around it.

    :param Environment env: of the database, as its administrator
    :param str url: where its server answers
    :param pathlib.Path log: of its server
    :param Mailbox mailbox: takes its emails
    """

    env: Environment
    url: str
    log: Path
    mailbox: Mailbox

    def set_up(self):
        """Give the company accounts, a name, an address, a mail server, and Stripe."""
        env = self.env
        env.company.write(
            {
                "name": "Blue Ridge Supplies",
                "email": "billing@blueridge.example",
                "country_id": env.ref("base.us").id,
                **ADDRESS,
            }
        )
        if not env.company.chart_template:
            env["account.chart.template"].try_loading(
                "generic_coa", env.company, install_demo=False
            )
        env["ir.config_parameter"].set_param("web.base.url", self.url)
        env["ir.mail_server"].create(
            {
                "name": "Bench",
                "smtp_host": "127.0.0.1",
                "smtp_port": self.mailbox.smtp_port,
                "smtp_encryption": "none",
            }
        )
        env.ref("payment.payment_provider_stripe").write(
            {
                "state": "test",
                "is_published": True,
                "stripe_publishable_key": "pk_test_bench",
                "stripe_secret_key": "sk_test_bench",
            }
        )
        self.publish()

    def publish(self):
        """Commit, and tell the server, which has some of it in its caches."""
        self.env.cr.commit()
        self.env.registry.signal_changes()

    @cached_property
    def invoices(self):
        """An invoice of each length, and where it is: see :func:`addresses`.

        :rtype: dict[int, dict]
        """
        customers = create_customers(self.env, 1)
        found = {
            lines: addresses(create_invoices(self.env, customers, lines))
            for lines in LINES
        }
        self.env.cr.commit()
        return found


def create_customers(env, count):
    """Create customers, each with an email address of their own.

    :rtype: res.partner
    """
    return env["res.partner"].create(
        [
            {
                "name": f"Customer {number}",
                "email": f"customer{number}@customer.example",
                "country_id": env.ref("base.us").id,
                **ADDRESS,
            }
            for number in range(count)
        ]
    )


def create_drafts(env, customers, lines=(SHORT,), **values):
    """Create a draft invoice for each of some customers.

    :param customers: the customers, each as often as they get one
    :param list[dict] lines: of each
    :param values: more values of each
    :rtype: account.move
    """
    return env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_line_ids": [Command.create(line) for line in lines],
                **values,
            }
            for customer in customers
        ]
    )


def create_invoices(env, customers, lines=2):
    """Create and post an invoice for each of some customers.

    :param customers: the customers, each as often as they get one
    :param int lines: how many lines each has
    :rtype: account.move
    """
    parts = [
        {
            "name": f"Consulting, part {number}",
            "quantity": number,
            "price_unit": 42.0,
        }
        for number in range(1, lines + 1)
    ]
    invoices = create_drafts(
        env,
        customers,
        parts,
        invoice_date="2026-01-15",
        invoice_date_due="2026-02-15",
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
    # Or foreign keys go on being checked by a plan made when the table was small.
    env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))


def addresses(invoice):
    """The invoice, and where it is shown and paid at core and here.

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
        "move": invoice,
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
