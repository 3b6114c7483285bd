"""The day's reminders: ``python -m workbench.bench.reminders CONFIG URL RESULT``.

How long it takes to decide on 50,000 open invoices, and what stays in memory. Core's
community edition has no reminders: the bar is five seconds.
"""

import json
import pathlib
import sys
import time
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from .bulk import create_customers, create_drafts, resident_megabytes
from .fixtures import set_up_company
from .odoo_env import environment
from .sample import Row

INVOICES, FEW = 50000, 5000
BAR = 5.0


def create_open(env, draft, count):
    """Make open, overdue invoices that were emailed, from a draft, by SQL.

    Each has a customer's address of its own: all of them are to be reminded.
    """
    names = {
        table: [
            row[0]
            for row in env.execute_query(
                SQL(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_name = %s AND is_generated = 'NEVER'",
                    table,
                )
            )
        ]
        for table in ("account_move", "account_move_line")
    }
    env.flush_all()
    overdue = fields.Date.today() - timedelta(days=1)
    [[first]] = env.execute_query(SQL("SELECT MAX(id) + 1000 FROM account_move"))
    changed = {
        "id": f"{first} + n",
        "name": f"'BENCH/' || {first} + n",
        "state": "'posted'",
        "payment_state": "'not_paid'",
        "amount_residual": "amount_total",
        "amount_residual_signed": "amount_total",
        "sequence_prefix": "'BENCH/'",
        "sequence_number": f"{first} + n",
        "payment_reference": f"'BENCH/' || {first} + n",
    }
    columns = [name for name in names["account_move"] if name != "access_token"]
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    env.cr.execute(
        f"INSERT INTO account_move ({listed}) SELECT {values} FROM account_move,"
        " generate_series(1, %s) n WHERE account_move.id = %s",
        [count, draft.id],
    )
    changed = {
        "id": "nextval('account_move_line_id_seq')",
        "move_id": f"{first} + n",
        "parent_state": "'posted'",
        "date_maturity": f"'{overdue}'::date",
    }
    columns = names["account_move_line"]
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    env.cr.execute(
        f"INSERT INTO account_move_line ({listed}) SELECT {values}"
        " FROM account_move_line, generate_series(1, %s) n"
        " WHERE account_move_line.move_id = %s",
        [count, draft.id],
    )
    env.cr.execute(
        "INSERT INTO account_move_portal_link (move_id, company_id, email, audience,"
        " role, email_role, token, token_selector, sent_on, create_uid, create_date)"
        " SELECT id, company_id, 'c' || id || '@customer.example', 'customer', 'to',"
        " 'to', md5(id::text) || 'x', md5(id::text), now() - interval '40 days', 1,"
        " now() FROM account_move WHERE id > %s",
        [first],
    )
    env.cr.execute(
        "SELECT setval('account_move_id_seq', (SELECT MAX(id) FROM account_move))"
    )
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()


def create_rules(env):
    """Switch on the rules that are ready-made, at all hours."""
    calendar = env["resource.calendar"].create(
        {
            "name": "Always",
            "attendance_ids": [
                (
                    0,
                    0,
                    {
                        "name": str(day),
                        "dayofweek": str(day),
                        "hour_from": 0,
                        "hour_to": 23,
                        "day_period": "morning",
                    },
                )
                for day in range(7)
            ],
        }
    )
    rules = env["account.move.portal.reminder.rule"].search([])
    rules.write({"hour_from": 0, "hour_to": 24, "calendar_id": calendar.id})
    rules.action_switch_on()
    rules.starts_on = fields.Date.today() - timedelta(days=90)
    env.cr.commit()


def decide(env):
    """Decide on the day's reminders, and take that back.

    :return: how many go out, seconds, queries
    :rtype: tuple[int, float, int]
    """
    env.invalidate_all()
    queries, start = env.cr.sql_log_count, time.perf_counter()
    count = env["account.move.portal.reminder"]._decide(env.company)
    env.flush_all()
    seconds = time.perf_counter() - start
    queries = env.cr.sql_log_count - queries
    env.cr.rollback()
    return count, seconds, queries


def rows(env):
    """All of this module's measurements.

    :rtype: list[Row]
    """
    draft = create_drafts(env, create_customers(env, 1))
    create_rules(env)
    create_open(env, draft, FEW)
    decide(env)  # What is cached for good.
    count, seconds, queries = decide(env)
    little = resident_megabytes()
    print(f"{count} reminders: {seconds:.2f} s, {queries} queries, {little:.0f} MB")
    create_open(env, draft, INVOICES - FEW)
    count, seconds, queries = decide(env)
    much = resident_megabytes()
    print(f"{count} reminders: {seconds:.2f} s, {queries} queries, {much:.0f} MB")
    return [
        Row(f"Reminders of {INVOICES} invoices (bar: {BAR:.0f} s)", "s", seconds, BAR),
        Row(f"Memory after {INVOICES} : after {FEW}", "MB", much, little),
    ]


def main(config_file, url, result):
    """Measure everything, print a table, write the same as JSON."""
    with environment(config_file) as env:
        set_up_company(env, url)
        measured = rows(env)
    pathlib.Path(result).write_text(
        json.dumps([row.as_dict() for row in measured], indent=2) + "\n"
    )
    for row in measured:
        print(f"{row.name:<50} {row.ours:8.2f} {row.unit} : {row.core:8.2f} {row.unit}")


if __name__ == "__main__":
    main(*sys.argv[1:])
