"""PDF files, the window and a send, inside one Odoo process."""

import statistics
import time
from unittest.mock import patch

from odoo.tests import Form

from .fixtures import BATCH, create_customers, create_invoices
from .sample import Row, compare, seconds

OURS = "account_payment_portal.action_report_invoice"
CORE = "account.account_invoices"


def pdf_rows(site, moves):
    """Printing: one invoice of each length, and a batch.

    :param Site site: what is measured
    :param account.move moves: the batch
    :rtype: list[bench.sample.Row]
    """
    report = site.env["ir.actions.report"]

    def render(reference, ids):
        return lambda: report._render_qweb_pdf(reference, ids)

    rows = [
        compare(
            f"PDF, one invoice of {lines} lines",
            render(OURS, invoice["move"].ids),
            render(CORE, invoice["move"].ids),
            repeat=5,
        )
        for lines, invoice in site.invoices.items()
    ]
    # Core cannot print several at once with the plain Qt of Debian's wkhtmltopdf, and
    # prints them one by one where it can: its figure is that of a single one.
    ours, single = render(OURS, moves.ids), render(CORE, moves[0].ids)
    name = f"PDF in a batch of {len(moves)}, each"
    batch = compare(name, ours, ours, repeat=2, per=len(moves))
    batch.core = compare("", single, single, repeat=3).core
    checks = [
        check_row(lines, render(OURS, invoice["move"].ids))
        for lines, invoice in site.invoices.items()
    ]
    return [*rows, batch, *checks]


def check_row(lines, print_invoice):
    """The check of a file that is made, beside all of its making.

    :param int lines: how many lines the invoice has
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


def window_row(move):
    """Opening the window, as the web client asks for it.

    :rtype: bench.sample.Row
    """

    def open_window(button):
        def press():
            action = button()
            model = move.env[action["res_model"]].with_context(
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


def send_row(env, moves):
    """Making the documents of an invoice and sending them.

    The mail server is left out on both sides: it would be the same. Both end as a
    request does, with a commit: core builds its email after that, and it would be
    counted as ours.

    :rtype: bench.sample.Row
    """
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


def rows(site):
    """All of this module's measurements.

    :param Site site: what is measured
    :rtype: list[bench.sample.Row]
    """
    [customer] = create_customers(site.env, 1)
    moves = create_invoices(site.env, [customer] * BATCH)
    site.env.cr.commit()
    return [
        *pdf_rows(site, moves),
        window_row(site.invoices[2]["move"]),
        send_row(site.env, moves),
    ]
