"""The day's reminders.

How long it takes to decide on 50,000 open invoices, to tell at one of them what goes
out next, and what stays in memory. Core's community edition has no reminders: ours is
compared with what it may take at most.
"""

import time
from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tools import SQL

from .fixtures import copy_rows, create_customers, create_drafts, last_id
from .lane import resident_megabytes
from .sample import Row

#: Open invoices, and how many of them are due for a reminder on a usual day.
INVOICES, FEW = 50000, 2500
#: Seconds to decide on a day's reminders, and to tell at one invoice what goes out.
BAR, BAR_TO_TELL = 5.0, 0.02


def create_open(env, draft, count, days):
    """Make open invoices that were emailed, from a draft, by SQL.

    Each goes to an address of its own, and each overdue one is due a reminder.

    :param int days: For how long they are overdue.
    """
    env.flush_all()
    last = last_id(env, "account_move")
    number = SQL("%s + n", last)
    name = SQL("'BENCH/' || %s", number)
    copy_rows(
        env,
        "account_move",
        draft.id,
        count,
        {
            "name": name,
            "payment_reference": name,
            "sequence_prefix": SQL("'BENCH/'"),
            "sequence_number": number,
            "state": SQL("'posted'"),
            "payment_state": SQL("'not_paid'"),
            "amount_residual": SQL("r.amount_total"),
            "amount_residual_signed": SQL("r.amount_total"),
            "access_token": SQL("NULL"),
        },
    )
    due = fields.Date.today() - timedelta(days=days)
    changes = {
        "move_id": number,
        "parent_state": SQL("'posted'"),
        "date_maturity": SQL("%s::date", due),
    }
    for line in draft.line_ids:
        copy_rows(env, "account_move_line", line.id, count, changes)
    env.cr.execute(
        "INSERT INTO account_move_portal_link (move_id, company_id, email, audience,"
        " role, email_role, token, token_selector, sent_on, past_first_viewed_on,"
        " create_uid, create_date)"
        " SELECT id, company_id, 'c' || id || '@customer.example', 'customer', 'to',"
        " 'to', md5(id::text) || 'x', md5(id::text), now() - interval '40 days',"
        " now() - interval '39 days', 1, now() FROM account_move WHERE id > %s",
        [last],
    )
    analyse(env)


def analyse(env):
    """Let PostgreSQL know what is there, as it does by itself sooner or later."""
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()


def create_rules(env):
    """Switch on the rules that are ready-made, at all hours."""
    hours = {"hour_from": 0, "hour_to": 23, "day_period": "morning"}
    days = [
        Command.create({"name": day, "dayofweek": day, **hours}) for day in "0123456"
    ]
    calendar = env["resource.calendar"].create(
        {"name": "Always", "attendance_ids": days}
    )
    rules = env["account.move.portal.reminder.rule"].search([])
    rules.write({"hour_from": 0, "hour_to": 24, "calendar_id": calendar.id})
    rules.action_switch_on()
    rules.starts_on = fields.Date.today() - timedelta(days=90)
    env.cr.commit()


def measure(env, action):
    """Do something afresh.

    :return: what it returns, seconds, queries
    :rtype: tuple
    """
    env.flush_all()
    env.invalidate_all()
    queries, start = env.cr.sql_log_count, time.perf_counter()
    result = action()
    env.flush_all()
    seconds = time.perf_counter() - start
    return result, seconds, env.cr.sql_log_count - queries


def decide(env, name):
    """Decide on the day's reminders, and take that back.

    :return: seconds, megabytes in memory
    :rtype: tuple[float, float]
    """
    reminders = env["account.move.portal.reminder"]
    count, seconds, queries = measure(env, lambda: reminders._decide(env.company))
    env.cr.rollback()
    memory = resident_megabytes()
    print(f"{name}: {count} in {seconds:.2f} s, {queries} queries, {memory:.0f} MB")
    return seconds, memory


def tell(env):
    """Tell at some invoices what goes out next, as their forms do.

    :return: seconds of the median
    :rtype: float
    """
    moves = env["account.move"].search([("name", "like", "BENCH/")], limit=21)
    reminders = env["account.move.portal.reminder"]
    runs = [measure(env, lambda move=move: reminders._explain(move)) for move in moves]
    seconds = sorted(run[1] for run in runs)[len(runs) // 2]
    print(f"{runs[-1][0]}: {seconds * 1000:.1f} ms, {runs[-1][2]} queries")
    return seconds


def rows(site):
    """All of this module's measurements.

    :param Site site: what is measured
    :rtype: list[Row]
    """
    env = site.env
    draft = create_drafts(env, create_customers(env, 1))
    create_rules(env)
    create_open(env, draft, FEW, days=1)
    decide(env, "to begin with")  # What is cached for good.
    _seconds, little = decide(env, f"all of {FEW}")
    create_open(env, draft, INVOICES - FEW, days=-90)
    usual, _memory = decide(env, f"{FEW} of {INVOICES}")
    told = tell(env)
    env.cr.execute(
        "UPDATE account_move_line SET date_maturity = %s"
        " WHERE display_type = 'payment_term' AND parent_state = 'posted'",
        [fields.Date.today() - timedelta(days=1)],
    )
    analyse(env)
    whole, much = decide(env, f"all of {INVOICES}")
    reminders = env["account.move.portal.reminder"]
    reminders._decide(env.company)
    _none, written, _queries = measure(env, reminders._queue_emails)
    print(f"their emails, by the thousand: {written:.2f} s")
    return [
        Row(f"{FEW} reminders of {INVOICES} open invoices", "s", usual, BAR),
        Row(f"{INVOICES} reminders, all due at once", "s", whole, BAR),
        Row("What goes out next, at one of them", "s", told, BAR_TO_TELL),
        Row(f"Memory after {INVOICES} : after {FEW}", "MB", much, little),
    ]
