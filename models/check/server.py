"""Checks of the scheduler, of what PDF files are made with, and of the settings."""

import subprocess
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

from .finding import ERROR, JOBS, OK, SETTINGS, UNKNOWN, WARNING, Finding
from .mail import get_customer_languages

#: Scheduled actions of core without which this add-on does not keep its promises.
CORE_JOBS = (
    "mail.ir_cron_mail_scheduler_action",
    "payment.cron_post_process_payment_tx",
)
#: How late a scheduled action may be, at least.
LATE = timedelta(hours=1)
FONT_SECONDS = 5
#: After how many months to keep visits someone should ask what for.
LONG_RETENTION = 60


def get_jobs(env):
    """Return the scheduled actions that the add-on needs, archived ones as well.

    :param odoo.api.Environment env: In sudo mode.
    :rtype: ir.cron
    """
    own = env["ir.model.data"].search(
        [("module", "=", "account_payment_portal"), ("model", "=", "ir.cron")]
    )
    jobs = env["ir.cron"].with_context(active_test=False)
    core = [
        job.id
        for xmlid in CORE_JOBS
        if (job := env.ref(xmlid, raise_if_not_found=False))
    ]
    return jobs.browse([*own.mapped("res_id"), *core]).exists()


def check_jobs(company):
    """Check that the scheduled actions are active, run, and do not fail.

    Odoo itself switches one off that fails again and again.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, now = company.env, fields.Datetime.now()
    jobs = get_jobs(env)
    off = jobs.filtered(lambda job: not job.active)
    late = (jobs - off).filtered(lambda job: job.nextcall < now - LATE)
    failing = (jobs - off).filtered("failure_count")
    if off:
        level, shown = ERROR, off
        message = env._(
            "Switched off: %s. Odoo does this when an action fails repeatedly. Check "
            "the log, then switch it on again.",
            ", ".join(off.mapped("name")),
        )
    elif late:
        level, shown = ERROR, late
        message = env._(
            "Late: %s. Odoo's scheduler is not running or is overloaded. Check "
            "max_cron_threads in the configuration file.",
            ", ".join(late.mapped("name")),
        )
    elif failing:
        level, shown = WARNING, failing
        message = env._("Failed last time: %s.", ", ".join(failing.mapped("name")))
    else:
        level, shown = OK, jobs[:0]
        message = env._("All %(count)s are active and on time.", count=len(jobs))
    record = ("ir.cron", shown.id) if len(shown) == 1 else ()
    return [Finding("jobs", env._("Scheduled actions"), level, message, JOBS, record)]


def check_converter(company):
    """Check that PDF files can be made.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("PDF converter")
    try:
        binary = env["ir.actions.report"]._pdf_binary()
    except UserError as error:
        return [Finding("converter", name, ERROR, str(error))]
    if binary.patched:
        message = env._("wkhtmltopdf with patched Qt, at %s.", binary.path)
    else:
        message = env._(
            "wkhtmltopdf as Debian and Ubuntu ship it, at %s. That is all the portal's "
            "invoices need.",
            binary.path,
        )
    return [Finding("converter", name, OK, message)]


def list_font_languages():
    """Return the languages that the server's fonts can write, as fontconfig has them.

    :return: Codes such as `ja` and `zh-cn`; None if fontconfig cannot be asked.
    :rtype: set[str] | None
    """
    try:
        listed = subprocess.run(
            ["fc-list", "--format", "%{lang}\n"],
            capture_output=True,
            text=True,
            timeout=FONT_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return {
        code.strip() for line in listed.splitlines() for code in line.split("|")
    } - {""}


def check_fonts(company):
    """Check that there are fonts for the customers' languages.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Fonts")
    available = list_font_languages()
    if available is None:
        message = env._(
            "Odoo cannot see which fonts are installed, because fc-list (package "
            "fontconfig) does not run here."
        )
        return [Finding("fonts", name, UNKNOWN, message)]
    missing = [
        label
        for lang, label in get_customer_languages(company)
        if not _can_write(lang, available)
    ]
    if missing:
        message = env._(
            "No font on the server has all letters of %(languages)s, so they would be "
            "missing from PDF files. Install fonts-noto-core, and fonts-noto-cjk for "
            "Chinese, Japanese and Korean.",
            languages=", ".join(missing),
        )
        return [Finding("fonts", name, ERROR, message)]
    message = env._("There are fonts for each of your customers' languages.")
    return [Finding("fonts", name, OK, message)]


def _can_write(lang, available):
    """Return whether one of the fonts has the letters of a language.

    :param str lang: The code, such as `zh_TW` or `sr@latin`.
    :param set[str] available: What fontconfig lists.
    :rtype: bool
    """
    code, _, script = lang.lower().partition("@")
    if script == "latin":
        return True  # Odoo brings fonts with Latin letters along.
    main = code.partition("_")[0]
    return bool({code.replace("_", "-"), main} & available)


def check_periods(company):
    """Check how long links open something, and visits are kept.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Expiry and retention")
    months = company.portal_event_months
    if company.portal_link_expiry == "never":
        message = env._(
            "Links never expire. Anyone who finds an old email can view the invoice. "
            "Let links expire after the due date."
        )
        return [Finding("periods", name, WARNING, message, SETTINGS)]
    if months > LONG_RETENTION:
        message = env._(
            "Visits are kept for %(months)s months. Privacy rules may require a "
            "reason.",
            months=months,
        )
        return [Finding("periods", name, WARNING, message, SETTINGS)]
    message = env._(
        "Links expire %(days)s days after the due date. Visits are kept for %(months)s "
        "months.",
        days=company.portal_link_expiry_days,
        months=months,
    )
    return [Finding("periods", name, OK, message, SETTINGS)]
