"""What a check has found."""

from typing import NamedTuple

#: From good to bad. *unknown* is what Odoo cannot see: it is never called good.
LEVELS = (OK, UNKNOWN, WARNING, ERROR) = ("ok", "unknown", "warning", "error")

# Where something is mended: the external ids of core's actions.
JOBS = "base.ir_cron_act"
MAIL_SERVERS = "base.action_ir_mail_server_list"
PARAMETERS = "base.ir_config_list_action"
ALIAS_DOMAINS = "mail.mail_alias_domain_action"
INCOMING_SERVERS = "mail.action_email_server_tree"
QUEUED_MAILS = "mail.action_view_mail_mail"
PROVIDERS = "payment.action_payment_provider"
SETTINGS = "account.action_account_config"
DELIVERIES = "account_payment_portal.account_move_portal_delivery_action"
MAIL_LIMITS = "account_payment_portal.account_move_portal_mail_budget_action"


class Finding(NamedTuple):
    """The result of one check, in the user's language.

    :param str code: Which check it is, for programs.
    :param str name: What was looked at.
    :param str level: One of `LEVELS`.
    :param str message: What is the case, and what to do.
    :param str mended_in: The external id of the action in which it is mended.
    :param tuple record: The record to open instead: its model and its id.
    """

    code: str
    name: str
    level: str
    message: str
    mended_in: str = ""
    record: tuple = ()


def get_worst(findings):
    """Return the worst level of some findings.

    :param list[Finding] findings: The findings.
    :rtype: str
    """
    return max((each.level for each in findings), key=LEVELS.index, default=OK)
