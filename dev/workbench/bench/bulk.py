"""Thousands at once.

Ours from the click in the list until the mail server took the last email, in the two
lanes that an installation has, and core's own batch on as many invoices of the same
kind in the same run. All parts take some ten minutes, most of which core needs.
"""

import multiprocessing
import subprocess
import sys
import time
from datetime import datetime, timezone

from odoo import SUPERUSER_ID, api, sql_db
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

from .fixtures import create_customers, create_drafts, create_invoices
from .sample import Row, seconds

SENT = 200
LANES = 2
LANE_SENT = 40
SLOW = 0.3
FEW, MANY, MOST = 200, 2000, 5000
MAX_QUERIES = 40


def open_window(moves):
    """Do what the list's button does.

    :rtype: account.move.send.portal.mass
    """
    action = moves.action_open_portal_mass_send()
    return moves.env[action["res_model"]].browse(action["res_id"])


def click(moves, **values):
    """Do what the list's button and the window's *Send Now* do.

    :rtype: account.move.portal.batch
    """
    env, window = moves.env, open_window(moves)
    window.read(["chosen_count", "budget", "left_out"])
    window.write(values)
    batch = env["account.move.portal.batch"].browse(window.action_send()["res_id"])
    env.cr.commit()
    return batch


def run_lane(name):
    """Run a lane until nothing is due, in a process that was forked for it.

    :param str name: the database
    """
    # The connections are the parent's: this process makes its own.
    sql_db._Pool = None
    registry = Registry(name)
    registry._db = sql_db.db_connect(name)
    with registry.cursor() as cr:
        lane = api.Environment(cr, SUPERUSER_ID, {})
        lane["account.move.portal.delivery"]._run_due()


def run_lanes(env, count):
    """Run lanes, each in a process of its own, until nothing is due.

    :return: seconds
    :rtype: float
    """
    # Forked: the registry need not be loaded anew.
    process = multiprocessing.get_context("fork").Process
    lanes = [process(target=run_lane, args=(env.cr.dbname,)) for _lane in range(count)]
    start = time.perf_counter()
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
        if lane.exitcode:
            raise RuntimeError("a lane failed")
    return time.perf_counter() - start


def send_by_core(env, moves):
    """Do what core's window does on several invoices.

    :return: how it went
    :rtype: str
    """
    sender = env["account.move.send"]
    try:
        sender._generate_and_send_invoices(moves, sending_methods={"email"})
        how = "its batch"
    except UserError:
        env.cr.rollback()
        how = "one by one: plain wkhtmltopdf refuses its batch"
        for move in moves:
            sender._generate_and_send_invoices(move, sending_methods={"email"})
            env.cr.commit()
    env.cr.commit()
    env["mail.mail"].process_email_queue()
    env.cr.commit()
    return how


def send_rows(site):
    """Send as many invoices by ours and by core's batch.

    :param Site site: what is measured
    :rtype: list[Row]
    """
    env, mailbox = site.env, site.mailbox
    moves = create_invoices(env, create_customers(env, 2 * SENT))
    ours, theirs = moves[:SENT], moves[SENT:]
    env.cr.commit()
    mailbox.clear()
    start, clicked_at = time.perf_counter(), datetime.now(timezone.utc)
    batch = click(ours)
    run_lanes(env, LANES)
    mine = time.perf_counter() - start
    env.invalidate_all()
    taken = {mail.envelope_to[0] for mail in mailbox.messages}
    print(f"ours: {len(taken)} of {SENT} taken, {batch.sent_count} noted as sent")
    if not len(taken) == batch.sent_count == SENT:
        raise RuntimeError("not all were sent")
    first = (mailbox.messages[0].received_at - clicked_at).total_seconds()
    mailbox.clear()
    start = time.perf_counter()
    how = send_by_core(env, theirs)
    core = time.perf_counter() - start
    print(f"core ({how}): {len(mailbox.messages)} of {SENT} taken")
    return [
        Row(f"{SENT} invoices, from click to last email", "s", mine, core),
        # Core has no such figure: it makes all documents first.
        Row("From click to first email : bar", "s", first, 5.0),
    ]


def start_without_documents(drafts):
    """Have drafts sent whose PDF files are not what is measured."""
    batch = click(drafts, drafts="send")
    batch.delivery_ids.write({"subject": "Draft", "body": "<p>x</p>"})
    batch.env.cr.commit()
    batch.env.invalidate_all()


def lanes_rows(site):
    """Send to a slow server, and to one that takes no time, in one lane and in two.

    :param Site site: what is measured
    :rtype: list[Row]
    """
    found, customers = [], create_customers(site.env, LANE_SENT)
    for delay, what in ((SLOW, f"{SLOW} s each"), (0.0, "no time: bound by the CPU")):
        taken = []
        for count in (1, LANES):
            start_without_documents(create_drafts(site.env, customers))
            site.mailbox.behave(delay=delay)
            taken.append(run_lanes(site.env, count))
        site.mailbox.behave()
        one, two = taken
        print(f"{what}: one lane {one:.1f} s, two {two:.1f} s: {one / two:.2f} times")
        found.append(Row(f"{LANE_SENT} emails, {what}: two lanes : one", "s", two, one))
    return found


def memory_rows(site):
    """Send ten times as many, and look at what stays in memory.

    :param Site site: what is measured
    :rtype: list[Row]
    """
    figures, customers = [], create_customers(site.env, MANY)
    for count in (FEW, MANY):
        start_without_documents(create_drafts(site.env, customers[:count]))
        start = time.perf_counter()
        figures.append(lane_memory())
        rate = count / (time.perf_counter() - start)
        print(f"{count} emails: {rate:.1f} a second, {figures[-1]:.0f} MB")
    return [Row(f"Memory after {MANY} emails : after {FEW}", "MB", *reversed(figures))]


def lane_memory():
    """Run a lane in a process that has done nothing else: a fork has its parent's.

    :return: megabytes that it holds in the end
    :rtype: float
    """
    lane = [sys.executable, "-m", "workbench.bench.lane", config["config"]]
    done = subprocess.run(lane, check=True, text=True, stdout=subprocess.PIPE)
    return float(done.stdout.split()[-1])


def summary_rows(site):
    """Open the window on thousands of invoices.

    :param Site site: what is measured
    :rtype: list[Row]
    """
    env = site.env
    drafts = create_drafts(env, create_customers(env, MOST))
    env.cr.commit()
    env.invalidate_all()
    before = env.cr.sql_log_count

    def summarise():
        window = open_window(drafts)
        window.drafts = "confirm"
        window.read([name for name in window._fields if name != "move_ids"])

    taken = seconds(summarise)
    queries = env.cr.sql_log_count - before
    return [
        Row(f"Summary of {len(drafts)} invoices : bar", "s", taken, 3.0),
        Row(f"Its queries : bar of {MAX_QUERIES}", "", queries, MAX_QUERIES),
    ]
