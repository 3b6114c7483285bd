"""Lists and reports over many links, inside one Odoo process.

Core's own analysis of the same invoices stands beside them.
"""

from contextlib import closing

import odoo
from odoo.tools import SQL

from .fixtures import copy_rows, last_id
from .sample import compare

#: Invoices, each sent to two people.
INVOICES = 100_000
LINKS = 2 * INVOICES
TABLES = (
    *("account_move", "account_move_line"),
    *("account_move_portal_link", "account_move_portal_event"),
    *("account_move_portal_delivery", "account_partial_reconcile"),
)


def unless_paid(column):
    """What a column of an invoice gets, of which every other one is paid.

    :rtype: SQL
    """
    return SQL("CASE WHEN n %% 2 = 0 THEN 0 ELSE %s END", SQL.identifier("r", column))


def make_many(env, move):
    """Make invoices, links and what happened at them.

    :param account.move move: copied, with its link
    """
    env.flush_all()
    last_move_id = last_id(env, "account_move")
    move_id = SQL("%s + n", last_move_id)
    # Of the last year: half are paid, a third is overdue.
    day = SQL("current_date - (n %% 365)::int")
    copy_rows(
        env,
        "account_move",
        move.id,
        INVOICES,
        {
            "name": SQL("'BENCH/' || n"),
            "sequence_prefix": SQL("'BENCH/'"),
            "sequence_number": SQL("n"),
            "access_token": SQL("NULL"),
            "invoice_date": day,
            "date": day,
            "invoice_date_due": SQL("%s + 30", day),
            "payment_state": SQL(
                "CASE WHEN n %% 2 = 0 THEN 'paid' ELSE 'not_paid' END"
            ),
            "amount_residual": unless_paid("amount_residual"),
            "amount_residual_signed": unless_paid("amount_residual_signed"),
        },
    )
    # Core's analysis counts lines of products.
    [line, *_others] = move.invoice_line_ids
    copy_rows(
        env,
        "account_move_line",
        line.id,
        INVOICES,
        {"move_id": move_id, "date": day, "invoice_date": day},
    )
    sent_on = SQL("now() AT TIME ZONE 'UTC' - (n %% 365) * interval '1 day'")
    last_link_id = last_id(env, "account_move_portal_link")
    # Not the one that is printed on documents.
    link = move.portal_link_ids.filtered("email")[:1]
    email = env["account.move.portal.delivery"].create(
        {
            "move_id": move.id,
            "link_id": link.id,
            "email": link.email,
            "formatted": link.email,
            "state": "sent",
        }
    )
    env.flush_all()
    # Of each link an email: copies know their invoice, from which the link is found.
    for role in ("to", "cc"):
        address = SQL("%s || n || '@customer.example'", role)
        sent = {
            "move_id": move_id,
            "email": address,
            "role": SQL("%s", role),
            "sent_on": sent_on,
        }
        link_values = {
            "token": SQL("%s || n", f"bench-{role}-"),
            "token_selector": SQL("%s || n", f"{role}-"),
            "email_role": SQL("%s", role),
        }
        for table, row, values in (
            ("account_move_portal_link", link, link_values),
            ("account_move_portal_delivery", email, {"formatted": address}),
        ):
            copy_rows(env, table, row.id, INVOICES, {**sent, **values})
    env.cr.execute(
        """
        UPDATE account_move_portal_delivery email
           SET link_id = link.id
          FROM account_move_portal_link link
         WHERE link.id > %s AND link.move_id = email.move_id
               AND link.email = email.email
        """,
        [last_link_id],
    )
    env.cr.execute(
        """
        INSERT INTO account_move_portal_event
            (link_id, move_id, delivery_id, kind, visitor, create_date)
        SELECT link.id, link.move_id,
               CASE WHEN kind.name = 'sent' THEN email.id END,
               kind.name, kind.visitor,
               link.sent_on + kind.after
          FROM account_move_portal_link link
          JOIN account_move_portal_delivery email ON email.link_id = link.id,
               (VALUES ('sent', 'staff', interval '0', 1),
                       ('opened', 'person', interval '3 hours', 2),
                       ('viewed', 'person', interval '3 hours', 2))
               AS kind(name, visitor, after, share)
         WHERE link.id > %s AND link.id %% kind.share = 0
        """,
        [last_link_id],
    )
    # As PostgreSQL does by itself sooner or later.
    env.cr.commit()
    with closing(odoo.sql_db.db_connect(env.cr.dbname).cursor()) as cr:
        cr._cnx.autocommit = True
        for table in TABLES:
            cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
    env.invalidate_all()


def rows(site):
    """All of this module's measurements.

    :param Site site: what is measured
    :rtype: list[bench.sample.Row]
    """
    env = site.env
    make_many(env, site.invoices[2]["move"])
    by_invoice = env["account.move.portal.invoice.report"]
    by_recipient = env["account.move.portal.report"]
    core = env["account.invoice.report"]
    sent = [("move_type", "=", "out_invoice"), ("portal_status", "!=", "not_sent")]
    moves = env["account.move"]

    def analyse_core():
        core.formatted_read_group(
            [("move_type", "=", "out_invoice")],
            ["invoice_date:month"],
            ["price_subtotal:sum", "__count"],
        )

    def list_core():
        core_moves = moves.search([("move_type", "=", "out_invoice")], limit=80)
        core_moves.read(["name", "amount_total", "payment_state"])

    amounts = ["sent_count:sum", "viewed_count:sum", "amount_sent:sum"]
    medians = ["hours_to_view:median", "hours_to_pay:median"]
    analyses = {
        "dashboard": by_invoice.get_portal_dashboard,
        "dashboard, two years": lambda: by_invoice.get_portal_dashboard(24),
        "pivot by invoice": lambda: by_invoice.formatted_read_group(
            [], ["sent_on:month", "stage"], [*amounts, *medians]
        ),
        "pivot by recipient": lambda: by_recipient.formatted_read_group(
            [], ["sent_on:month", "stage"], ["sent_count:sum", *medians]
        ),
        "invoices, grouped by status": lambda: moves.formatted_read_group(
            sent, ["portal_status"], ["__count"]
        ),
    }
    lists = {
        "report as list": lambda: by_invoice.search_fetch(
            [], ["move_id", "sent_on"], limit=80
        ),
        "invoices, list with columns": lambda: moves.search(sent, limit=80).read(
            ["name", "portal_status", "portal_viewed_on", "portal_viewed_by"]
        ),
    }

    def afresh(action):
        def run():
            env.invalidate_all()
            action()

        return run

    return [
        compare(f"{LINKS} links, {name}", afresh(ours), afresh(theirs), repeat=3)
        for actions, theirs in ((analyses, analyse_core), (lists, list_core))
        for name, ours in actions.items()
    ]
