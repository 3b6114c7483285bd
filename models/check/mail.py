"""Checks of outgoing and incoming email."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import config, format_datetime

from .finding import (
    ALIAS_DOMAINS,
    DELIVERIES,
    ERROR,
    INCOMING_SERVERS,
    MAIL_LIMITS,
    MAIL_SERVERS,
    OK,
    QUEUED_MAILS,
    SETTINGS,
    UNKNOWN,
    WARNING,
    Finding,
)

#: How long an email that is due may wait before someone should know.
LAG = timedelta(minutes=30)
#: The same for core's own queue, which runs once an hour.
CORE_LAG = timedelta(hours=2)
#: How long the record of a failed email counts as news.
NEWS = timedelta(days=1)


def get_servers(env, limit=None):
    """Return the mail servers that are for everybody.

    :param odoo.api.Environment env: In sudo mode.
    :param int|None limit: How many at most; all if None.
    :rtype: ir.mail_server
    """
    return env["ir.mail_server"].search([("owner_user_id", "=", False)], limit=limit)


def has_mail_server(company):
    """Return whether emails can leave at all: the cheap half of the next check.

    :param res.company company: Whose emails, in sudo mode.
    :rtype: bool
    """
    return is_configured() or company.env["ir.mail_server"]._is_there_for_everybody()


def is_configured():
    """Return whether Odoo's configuration file names a mail server.

    :rtype: bool
    """
    return config["smtp_server"] not in ("", "localhost", False, None)


def check_mail_server(company):
    """Check that there is a mail server.

    :param res.company company: Whose emails, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Outgoing mail server")
    if servers := get_servers(company.env):
        level, message = OK, env._("Emails are sent through %s.", servers[0].name)
    elif is_configured():
        level = OK
        message = env._(
            "Emails are sent through %s, the server in Odoo's configuration file.",
            config["smtp_server"],
        )
    else:
        level = ERROR
        message = env._("There is no outgoing mail server. Create one.")
    return [Finding("mail_server", name, level, message, MAIL_SERVERS)]


def check_mail_connection(company):
    """Connect to each mail server, and begin an email without sending one.

    :param res.company company: Whose emails, in sudo mode.
    :rtype: list[Finding]
    """
    env, findings = company.env, []
    name = env._("Connection to the mail server")
    for server in get_servers(company.env):
        level = OK
        message = env._("%s accepts emails from this Odoo.", server.name)
        try:
            server.test_smtp_connection()
        except UserError as error:
            level = ERROR
            message = env._(
                "%(server)s does not accept emails: %(reason)s",
                server=server.name,
                reason=str(error),
            )
        findings.append(
            Finding("mail_connection", name, level, message, "", _record(server))
        )
    return findings


def check_mail_limit(company):
    """Check that no mail server is left alone because it took nothing.

    :param res.company company: Whose emails, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Email limits")
    budgets = env["account.move.portal.mail.budget"].search([])
    now = fields.Datetime.now()
    held = budgets.filtered(lambda each: each.held_until and each.held_until > now)
    if held:
        message = env._(
            "%(server)s is not used until %(until)s: %(reason)s",
            server=held[0].display_name,
            until=format_datetime(env, held[0].held_until),
            reason=held[0].hold_reason or "",
        )
        return [Finding("mail_limit", name, WARNING, message, MAIL_LIMITS)]
    limited = budgets.filtered(lambda each: each.minute_limit or each.day_limit)
    if limited:
        message = env._(
            "%(server)s is sent at most %(minute)s emails a minute and %(day)s a day "
            "(0 means no limit).",
            server=limited[0].display_name,
            minute=limited[0].minute_limit,
            day=limited[0].day_limit,
        )
    else:
        message = env._(
            "No limit is set. If your mail server has one, enter it before you send "
            "many invoices at once."
        )
    return [Finding("mail_limit", name, OK, message, MAIL_LIMITS)]


def check_sender(company):
    """Check that the company has an address that its mail server takes emails from.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Sender's address")
    servers = get_servers(company.env)
    if not company.email:
        message = env._("%s has no email address. Enter one.", company.name)
        record = ("res.company", company.id)
        return [Finding("sender", name, ERROR, message, "", record)]
    # Without a filter, a server takes emails from everybody.
    is_taken = not servers or any(
        not each.from_filter or each._match_from_filter(company.email, each.from_filter)
        for each in servers
    )
    if is_taken:
        message = env._("Emails can be sent from %s.", company.email)
        return [Finding("sender", name, OK, message, MAIL_SERVERS)]
    message = env._(
        "No mail server is set up for %(email)s, so emails are sent from another "
        "address. Add the domain to “FROM Filtering” on the server.",
        email=company.email,
    )
    return [Finding("sender", name, WARNING, message, MAIL_SERVERS)]


def check_bounces(company):
    """Check that emails that come back are noticed.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Returned emails")
    incoming = env["fetchmail.server"].search([("state", "=", "done")])
    failing = incoming.filtered("error_date")
    if not company.alias_domain_id:
        message = env._(
            "There is no alias domain, so returned emails go unnoticed. "
            "Set one for the company."
        )
        return [Finding("bounces", name, WARNING, message, ALIAS_DOMAINS)]
    address = company.alias_domain_id.bounce_email
    if failing:
        level = WARNING
        message = env._(
            "The incoming mail server %(server)s cannot be read: %(reason)s",
            server=failing[0].name,
            reason=failing[0].error_message or "",
        )
    elif incoming:
        level = OK
        message = env._("Returned emails are read from %s.", address)
    else:
        level = UNKNOWN
        message = env._(
            "Odoo cannot see whether emails to %s reach it, because there is no "
            "incoming mail server. If a mail gateway passes them on, all is well.",
            address,
        )
    return [Finding("bounces", name, level, message, INCOMING_SERVERS)]


def check_spam(company):
    """Say what Odoo cannot see.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    message = company.env._(
        "Odoo cannot see whether customers' mail servers treat your emails as spam. "
        "Ask whoever manages your domain about SPF, DKIM and DMARC records, and check "
        "which folder the sample arrives in."
    )
    return [Finding("spam", company.env._("Spam filters"), UNKNOWN, message)]


def check_mail_queue(company):
    """Check that emails that are due leave.

    :param res.company company: Whose emails, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Waiting emails")
    now = fields.Datetime.now()
    late = env["account.move.portal.delivery"].search_count(
        [
            ("company_id", "=", company.id),
            ("state", "=", "waiting"),
            ("is_queued", "=", True),
            ("create_date", "<", now - LAG),
            "|",
            ("retry_on", "=", False),
            ("retry_on", "<", now - LAG),
        ]
    )
    if late:
        message = env._("%(count)s portal emails are late.", count=late)
        return [Finding("mail_queue", name, ERROR, message, DELIVERIES)]
    mails = env["mail.mail"].search_count(
        [
            ("state", "=", "outgoing"),
            ("create_date", "<", now - CORE_LAG),
            "|",
            ("scheduled_date", "=", False),
            ("scheduled_date", "<", now - CORE_LAG),
        ]
    )
    failed = env["mail.mail"].search_count(
        [("state", "=", "exception"), ("create_date", ">", now - NEWS)]
    )
    if mails or failed:
        message = env._(
            "Of Odoo's other emails, %(late)s are late and %(failed)s have failed "
            "since yesterday. They may include notifications to staff.",
            late=mails,
            failed=failed,
        )
        return [Finding("mail_queue", name, WARNING, message, QUEUED_MAILS)]
    message = env._("No email is late.")
    return [Finding("mail_queue", name, OK, message, DELIVERIES)]


def check_texts(company):
    """Check that the company's own texts are there in its customers' languages.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Texts of the emails")
    own = [
        set(translations)
        for field in ("portal_mail_subject", "portal_mail_body")
        if (translations := company._fields[field]._get_stored_translations(company))
    ]
    if not own:
        message = env._("The standard texts are used, in the customer's language.")
        return [Finding("texts", name, OK, message, SETTINGS)]
    missing = [
        label
        for lang, label in get_customer_languages(company)
        if any(lang not in langs for langs in own)
    ]
    if missing:
        message = env._(
            "Your own text is not translated for customers who read %(languages)s. "
            "Translate it.",
            languages=", ".join(missing),
        )
        return [Finding("texts", name, WARNING, message, SETTINGS)]
    message = env._(
        "Your own text is translated into each of your customers' languages."
    )
    return [Finding("texts", name, OK, message, SETTINGS)]


def get_customer_languages(company):
    """Return the languages of the company's customers.

    :param res.company company: The company, in sudo mode.
    :return: The code and the name of each.
    :rtype: list[tuple[str, str]]
    """
    env = company.env
    groups = env["res.partner"]._read_group(
        [
            ("customer_rank", ">", 0),
            ("lang", "!=", False),
            ("company_id", "in", (False, company.id)),
        ],
        ["lang"],
    )
    used = {lang for [lang] in groups}
    return [each for each in env["res.lang"].get_installed() if each[0] in used]


def _record(record):
    return (record._name, record.id)
