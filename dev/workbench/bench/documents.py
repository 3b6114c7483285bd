"""PDF files, the window and a send, inside one Odoo process."""

import statistics
import time
from unittest.mock import patch

from odoo.tests import Form

from .sample import Row, compare, seconds

OURS = "account_payment_portal.action_report_invoice"
CORE = "account.account_invoices"


def pdf_rows(env, facts):
    """Printing: one invoice of each length, and a batch.

    :param dict facts: what the fixtures printed
    :rtype: list[bench.sample.Row]
    """
    report = env["ir.actions.report"]

    def render(reference, ids):
        return lambda: report._render_qweb_pdf(reference, ids)

    rows = [
        compare(
            f"PDF, one invoice of {lines} lines",
            render(OURS, [invoice["id"]]),
            render(CORE, [invoice["id"]]),
            repeat=5,
        )
        for lines, invoice in facts["lines"].items()
    ]
    # Core cannot print several at once with the plain Qt of Debian's wkhtmltopdf, and
    # prints them one by one where it can: its figure is that of a single one.
    single = [facts["batch"][0]]
    batch = compare(
        f"PDF in a batch of {len(facts['batch'])}, each",
        render(OURS, facts["batch"]),
        render(OURS, facts["batch"]),
        repeat=2,
        per=len(facts["batch"]),
    )
    batch.core = compare("", render(CORE, single), render(CORE, single), 3).core
    checks = [
        check_row(lines, render(OURS, [invoice["id"]]))
        for lines, invoice in facts["lines"].items()
    ]
    return [*rows, batch, *checks]


def check_row(lines, print_invoice):
    """The check of a file that is made, beside all of its making.

    :param str lines: how many lines the invoice has
    :param print_invoice: called without arguments
    :rtype: bench.sample.Row
    """
    # Only now: Odoo knows where add-ons are once it has read its configuration.
    from odoo.addons.account_payment_portal.pdf import pipeline

    checked, printed = [], []

    def timed(check):
        def measure(*arguments):
            start = time.perf_counter()
            try:
                return check(*arguments)
            finally:
                checked[-1] += time.perf_counter() - start

        return measure

    job = pipeline._Job
    checks = {
        name: timed(getattr(job, name)) for name in ("check", "check_surroundings")
    }
    with patch.multiple(job, **checks):
        for _each in range(5):
            checked.append(0.0)
            printed.append(seconds(print_invoice))
    return Row(
        f"Checking a PDF of {lines} lines, of its making",
        "ms",
        1000 * statistics.median(checked),
        1000 * statistics.median(printed),
    )


def window_row(env, facts):
    """Opening the window, as the web client asks for it.

    :rtype: bench.sample.Row
    """
    move = env["account.move"].browse(facts["lines"]["2"]["id"])

    def open_window(button):
        def press():
            action = button()
            model = env[action["res_model"]].with_context(
                {"active_ids": move.ids, **action["context"]}
            )
            return Form(model.browse(action.get("res_id", [])))

        return press

    return compare(
        "Opening the send window",
        open_window(move.action_open_portal_send),
        open_window(move.action_send_and_print),
        repeat=20,
    )


def send_row(env, facts):
    """Making the documents of an invoice and sending them.

    The mail server is left out on both sides: it would be the same. Both end as a
    request does, with a commit: core builds its email after that, and it would be
    counted as ours.

    :rtype: bench.sample.Row
    """
    moves = env["account.move"].browse(facts["batch"])
    ours, core = iter(moves[:20]), iter(moves[20:40])

    def send_ours():
        wizard = env["account.move.send.portal"].create({"move_id": next(ours).id})
        wizard.action_send()
        env.cr.commit()

    def send_core():
        env["account.move.send"]._generate_and_send_invoices(
            next(core), sending_methods={"email"}
        )
        env.cr.commit()

    mail_server = env.registry["ir.mail_server"]
    with patch.object(mail_server, "_disable_send", lambda self: True):
        return compare("Making and sending one invoice", send_ours, send_core, repeat=8)


def rows(env, facts):
    """All of this module's measurements.

    :rtype: list[bench.sample.Row]
    """
    return [*pdf_rows(env, facts), window_row(env, facts), send_row(env, facts)]
