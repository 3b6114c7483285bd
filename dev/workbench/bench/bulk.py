"""Thousands at once: ``python -m workbench.bench.bulk CONFIG URL RESULT``.

Ours from the click in the list until the mail server took the last email, and core's
own batch on as many invoices of the same kind in the same run.
"""

import json
import os
import pathlib
import sys
import time

from odoo import SUPERUSER_ID, api, sql_db
from odoo.exceptions import UserError
from odoo.modules.registry import Registry

from workbench.mailbox import Mailbox

from .fixtures import create_invoice, set_up_company
from .odoo_env import environment
from .sample import Row

SENT = 200
LANE_SENT = 40
SLOW = 0.3
MANY, MOST = 2000, 5000


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
                sql_db._Pool = None
                registry = Registry(name)
                registry._db = sql_db.db_connect(name)
                with registry.cursor() as cr:
                    lane = api.Environment(cr, SUPERUSER_ID, {})
                    lane["account.move.portal.delivery"]._run_due()
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    for pid in pids:
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError("a lane failed")
    return time.perf_counter() - start


def send_rows(env, mailbox, ours, theirs):
    """Send as many invoices by ours and by core's batch.

    :rtype: list[Row]
    """
    mailbox.clear()
    start = time.perf_counter()
    batch = click(env, ours)
    clicked = time.perf_counter()
    first = []

    def note_first(*_args):
        if not first:
            first.append(time.perf_counter() - start)

    delivery = env.registry["account.move.portal.delivery"]
    set_sent = delivery._set_sent

    def set_sent_and_note(self):
        note_first()
        return set_sent(self)

    delivery._set_sent = set_sent_and_note
    try:
        env["account.move.portal.delivery"]._run_due()
    finally:
        delivery._set_sent = set_sent
    mine = time.perf_counter() - start
    env.invalidate_all()
    taken = len(mailbox.messages)
    print(f"ours: {taken} of {len(ours)} taken, {batch.sent_count} noted as sent")
    print(f"ours: click {clicked - start:.1f} s, first email {first[0]:.1f} s")
    mailbox.clear()
    start = time.perf_counter()
    sender = env["account.move.send"]
    try:
        sender._generate_and_send_invoices(theirs, sending_methods={"email"})
        how = "its batch"
    except UserError:
        env.cr.rollback()
        how = "one by one: plain wkhtmltopdf refuses its batch"
        for move in theirs:
            sender._generate_and_send_invoices(move, sending_methods={"email"})
            env.cr.commit()
    env.cr.commit()
    env["mail.mail"].process_email_queue()
    env.cr.commit()
    core = time.perf_counter() - start
    print(f"core ({how}): {len(mailbox.messages)} of {len(theirs)} taken")
    return [
        Row(f"{SENT} invoices, from click to last email", "s", mine, core),
        # Core has no such figure: it makes all documents first.
        Row("From click to first email (bar: 5 s)", "s", first[0], 5.0),
    ]


def lane_row(env, mailbox, drafts):
    """Send to a slow server in one lane and in two.

    :rtype: Row
    """
    seconds = []
    for count, chosen in ((1, drafts[:LANE_SENT]), (2, drafts[LANE_SENT:])):
        batch = click(env, chosen, drafts="send")
        batch.delivery_ids.write({"subject": "Draft", "body": "<p>x</p>"})
        env.cr.commit()
        mailbox.behave(delay=SLOW)
        seconds.append(run_lanes(env, count))
    mailbox.behave()
    one, two = seconds
    print(f"one lane {one:.1f} s, two lanes {two:.1f} s: {one / two:.2f} times as fast")
    return Row(f"{LANE_SENT} emails at {SLOW} s each, two lanes : one", "s", two, one)


def memory_row(env, drafts):
    """Send ten times as many, and look at what stays in memory.

    :rtype: Row
    """
    figures = []
    for chosen in (drafts[:200], drafts[200:MANY]):
        batch = click(env, chosen, drafts="send")
        batch.delivery_ids.write({"subject": "Draft", "body": "<p>x</p>"})
        env.cr.commit()
        env.invalidate_all()
        start = time.perf_counter()
        env["account.move.portal.delivery"]._run_due()
        rate = len(chosen) / (time.perf_counter() - start)
        figures.append(resident_megabytes())
        print(f"{len(chosen)} emails: {rate:.1f} a second, {figures[-1]:.0f} MB")
    return Row(f"Memory after {MANY} emails : after 200", "MB", figures[1], figures[0])


def resident_megabytes():
    """Memory of this process.

    :rtype: float
    """
    status = pathlib.Path("/proc/self/status").read_text()
    [line] = [each for each in status.splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def summary_row(env, drafts):
    """Open the window on thousands of invoices.

    :rtype: Row
    """
    env.cr.commit()
    env.invalidate_all()
    before, start = env.cr.sql_log_count, time.perf_counter()
    action = drafts.action_open_portal_mass_send()
    window = env[action["res_model"]].browse(action["res_id"])
    window.drafts = "confirm"
    window.read([name for name in window._fields if name != "move_ids"])
    seconds = time.perf_counter() - start
    queries = env.cr.sql_log_count - before
    print(f"summary of {len(drafts)}: {seconds:.2f} s, {queries} queries")
    return Row(f"Summary of {len(drafts)} invoices (bar: 3 s)", "s", seconds, 3.0)


def rows(env):
    """All of this module's measurements.

    :rtype: list[Row]
    """
    found = []
    customers = create_customers(env, MOST)
    env.cr.commit()
    with Mailbox() as mailbox:
        use_mailbox(env, mailbox)
        moves = [create_invoice(env, each, 2) for each in customers[: 2 * SENT]]
        moves = env["account.move"].concat(*moves)
        env.cr.commit()
        found += send_rows(env, mailbox, moves[:SENT], moves[SENT:])
        drafts = create_drafts(env, customers[: 2 * LANE_SENT])
        env.cr.commit()
        found.append(lane_row(env, mailbox, drafts))
        drafts = create_drafts(env, customers[:MANY])
        env.cr.commit()
        found.append(memory_row(env, drafts))
    drafts = create_drafts(env, customers)
    env.cr.commit()
    found.append(summary_row(env, drafts))
    return found


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
