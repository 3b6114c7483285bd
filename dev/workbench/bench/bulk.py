"""Thousands at once: ``python -m workbench.bench.bulk CONFIG URL RESULT PART…``.

Ours from the click in the list until the mail server took the last email, in the two
lanes that an installation has, and core's own batch on as many invoices of the same
kind in the same run. All parts take some ten minutes, most of which core needs.
"""

import os
import subprocess
import sys
import threading
import time

from odoo import SUPERUSER_ID, api, sql_db
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

from workbench.mailbox import Mailbox

from .fixtures import create_invoices, set_up_company
from .odoo_env import environment
from .sample import Row, save

SENT = 200
LANES = 2
LANE_SENT = 40
SLOW = 0.3
FEW, MANY, MOST = 200, 2000, 5000
MAX_QUERIES = 40
#: Seconds between two looks at what the mail server has taken.
POLL = 0.02


def create_customers(env, count):
    """Create customers, each with an address of their own.

    :rtype: res.partner
    """
    return env["res.partner"].create(
        [
            {
                "name": f"Customer {number}",
                "email": f"customer{number}@customer.example",
                "street": "1 Long Street",
                "city": "Dover",
                "country_id": env.ref("base.us").id,
            }
            for number in range(count)
        ]
    )


def create_drafts(env, customers):
    """Create a draft invoice of each customer.

    :rtype: account.move
    """
    return env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_line_ids": [
                    (0, 0, {"name": "x", "price_unit": 1, "tax_ids": False})
                ],
            }
            for customer in customers
        ]
    )


def use_mailbox(env, mailbox):
    """Have Odoo send to a mail server that is on this machine."""
    env["ir.mail_server"].search([]).active = False
    env["ir.mail_server"].create(
        {
            "name": "Bench",
            "smtp_host": "127.0.0.1",
            "smtp_port": mailbox.smtp_port,
            "smtp_encryption": "none",
        }
    )
    env.cr.commit()


def click(env, moves, **values):
    """Do what the list's button and the window's *Send Now* do.

    :rtype: account.move.portal.batch
    """
    action = moves.action_open_portal_mass_send()
    window = env[action["res_model"]].browse(action["res_id"])
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
    name = env.cr.dbname
    start, pids = time.perf_counter(), []
    for _lane in range(count):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                run_lane(name)
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    for pid in pids:
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError("a lane failed")
    return time.perf_counter() - start


def first_email(mailbox, start):
    """Wait for the first email in a thread of its own.

    :return: a list that its seconds since the start are put into
    :rtype: list[float]
    """
    found = []

    def wait():
        while not mailbox.messages:
            time.sleep(POLL)
        found.append(time.perf_counter() - start)

    threading.Thread(target=wait, daemon=True).start()
    return found


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


def send_rows(env, mailbox, customers):
    """Send as many invoices by ours and by core's batch.

    :rtype: list[Row]
    """
    moves = create_invoices(env, customers[: 2 * SENT])
    ours, theirs = moves[:SENT], moves[SENT:]
    env.cr.commit()
    mailbox.clear()
    start = time.perf_counter()
    batch = click(env, ours)
    first = first_email(mailbox, start)
    run_lanes(env, LANES)
    mine = time.perf_counter() - start
    env.invalidate_all()
    taken = {mail.envelope_to[0] for mail in mailbox.messages}
    say(f"ours: {len(taken)} of {SENT} taken, {batch.sent_count} noted as sent")
    if not len(taken) == batch.sent_count == SENT:
        raise RuntimeError("not all were sent")
    mailbox.clear()
    start = time.perf_counter()
    how = send_by_core(env, theirs)
    core = time.perf_counter() - start
    say(f"core ({how}): {len(mailbox.messages)} of {SENT} taken")
    return [
        Row(f"{SENT} invoices, from click to last email", "s", mine, core),
        # Core has no such figure: it makes all documents first.
        Row("From click to first email : bar", "s", first[0], 5.0),
    ]


def start_without_documents(env, drafts):
    """Have drafts sent whose PDF files are not what is measured.

    :rtype: account.move.portal.batch
    """
    batch = click(env, drafts, drafts="send")
    batch.delivery_ids.write({"subject": "Draft", "body": "<p>x</p>"})
    env.cr.commit()
    env.invalidate_all()
    return batch


def lane_rows(env, mailbox, customers):
    """Send to a slow server, and to one that takes no time, in one lane and in two.

    :rtype: list[Row]
    """
    found = []
    for delay, what in ((SLOW, f"{SLOW} s each"), (0.0, "no time: bound by the CPU")):
        seconds = []
        for count in (1, LANES):
            drafts = create_drafts(env, customers[:LANE_SENT])
            start_without_documents(env, drafts)
            mailbox.behave(delay=delay)
            seconds.append(run_lanes(env, count))
        mailbox.behave()
        one, two = seconds
        say(f"{what}: one lane {one:.1f} s, two {two:.1f} s: {one / two:.2f} times")
        found.append(Row(f"{LANE_SENT} emails, {what}: two lanes : one", "s", two, one))
    return found


def memory_rows(env, _mailbox, customers):
    """Send ten times as many, and look at what stays in memory.

    :rtype: list[Row]
    """
    figures = []
    for count in (FEW, MANY):
        drafts = create_drafts(env, customers[:count])
        start_without_documents(env, drafts)
        start = time.perf_counter()
        figures.append(lane_memory())
        rate = count / (time.perf_counter() - start)
        say(f"{count} emails: {rate:.1f} a second, {figures[-1]:.0f} MB")
    return [Row(f"Memory after {MANY} emails : after {FEW}", "MB", *reversed(figures))]


def lane_memory():
    """Run a lane in a process that has done nothing else: a fork has its parent's.

    :return: megabytes that it holds in the end
    :rtype: float
    """
    lane = [sys.executable, "-m", "workbench.bench.lane", config["config"]]
    done = subprocess.run(lane, check=True, text=True, stdout=subprocess.PIPE)
    return float(done.stdout.split()[-1])


def summary_rows(env, _mailbox, customers):
    """Open the window on thousands of invoices.

    :rtype: list[Row]
    """
    drafts = create_drafts(env, customers)
    env.cr.commit()
    env.invalidate_all()
    before, start = env.cr.sql_log_count, time.perf_counter()
    action = drafts.action_open_portal_mass_send()
    window = env[action["res_model"]].browse(action["res_id"])
    window.drafts = "confirm"
    window.read([name for name in window._fields if name != "move_ids"])
    seconds = time.perf_counter() - start
    queries = env.cr.sql_log_count - before
    return [
        Row(f"Summary of {len(drafts)} invoices : bar", "s", seconds, 3.0),
        Row(f"Its queries : bar of {MAX_QUERIES}", "", queries, MAX_QUERIES),
    ]


#: What can be measured by itself, and what it needs in customers.
PARTS = {
    "send": (send_rows, 2 * SENT),
    "lanes": (lane_rows, LANE_SENT),
    "memory": (memory_rows, MANY),
    "summary": (summary_rows, MOST),
}


def say(text):
    """Tell how it is going: all of it takes minutes."""
    print(text, flush=True)


def main(config_file, url, result, *parts):
    """Measure, and print each row when it is known; write all as JSON."""
    measured, parts = [], parts or tuple(PARTS)
    with environment(config_file) as env, Mailbox() as mailbox:
        set_up_company(env, url)
        use_mailbox(env, mailbox)
        customers = create_customers(env, max(PARTS[name][1] for name in parts))
        env.cr.commit()
        for name in parts:
            measure, _count = PARTS[name]
            rows = measure(env, mailbox, customers)
            for row in rows:
                say(
                    f"{row.name:<60} {row.ours:8.2f} : {row.core:8.2f} {row.unit}"
                    f" = {row.ratio:.2f}"
                )
            measured += rows
            save(measured, result)


if __name__ == "__main__":
    main(*sys.argv[1:])
