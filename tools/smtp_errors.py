"""What a mail server's refusal means, in plain words."""

import smtplib

from odoo.exceptions import LockError, UserError
from odoo.tools import config

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

# RFC 5321, section 4.2.3, and RFC 3463: what servers say with these codes.
_NO_MAILBOX = (550, 551, 553)
_FULL = (452, 552)


def get_cause(error):
    """Return what went wrong beneath the error that Odoo raised.

    :param Exception error: what `mail.mail.send` raised
    :rtype: Exception
    """
    nested = [each for each in error.args if isinstance(each, Exception)]
    cause = (nested or [error.__cause__ or error.__context__])[0]
    return cause if isinstance(cause, Exception) else error


def is_refusal(error):
    """Return whether an error came of the mail server or the way to it.

    Anything else is a fault of the program, and not the mail server's answer.

    :param Exception error: what `mail.mail.send` raised
    :rtype: bool
    """
    return isinstance(
        error,
        MailDeliveryException | smtplib.SMTPException | OSError | UserError,
    )


def is_uncertain(error):
    """Return whether the mail may have arrived in spite of the error.

    A connection that breaks off can do so after the server took the mail, and before
    its answer came through.

    :param Exception error: what `mail.mail.send` raised
    :rtype: bool
    """
    return isinstance(error, smtplib.SMTPServerDisconnected)


def is_permanent(error):
    """Return whether the mail server would say the same the next time.

    :param Exception error: what `mail.mail.send` raised
    :rtype: bool
    """
    cause = get_cause(error)
    if isinstance(cause, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _reply in cause.recipients.values()]
    elif isinstance(cause, smtplib.SMTPAuthenticationError):
        return False  # Someone mends it.
    elif isinstance(cause, smtplib.SMTPResponseException):
        codes = [cause.smtp_code]
    else:
        return False
    # RFC 5321, section 4.2.1: 5yz is a permanent negative completion reply.
    return bool(codes) and all(code >= 500 for code in codes)


def explain(env, error):
    """Say why a mail was not taken, to someone who knows nothing of mail servers.

    :param odoo.api.Environment env: for the language
    :param Exception error: what `mail.mail.send` raised
    :rtype: str
    """
    cause = get_cause(error)
    for kinds, in_words in _EXPLANATIONS:
        if isinstance(cause, kinds):
            return in_words(env, cause)
    return env._("The mail server rejected the email: %(reason)s", reason=cause)


def _quote(reply):
    """Return the words of the server."""
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)
    return " ".join(text.split())


def _disconnected(env, _cause):
    return env._(
        "The connection to the mail server was lost. The email may have arrived. Check "
        "with the recipient, or send it again. The link stays the same."
    )


def _recipient(env, cause):
    code, reply = next(iter(cause.recipients.values()))
    reply = _quote(reply)
    if code in _NO_MAILBOX:
        return env._(
            "The mail server says there is no such mailbox: “%(reply)s”", reply=reply
        )
    if code in _FULL:
        return env._(
            "The mail server says the mailbox is full: “%(reply)s”", reply=reply
        )
    if code < 500:
        return env._(
            "The mail server can't accept the email right now. Try again later. "
            "“%(reply)s”",
            reply=reply,
        )
    return env._("The mail server rejected this recipient: “%(reply)s”", reply=reply)


def _authentication(env, cause):
    return env._(
        "Odoo could not sign in to the mail server: the user name or password is"
        " wrong. Contact your administrator. “%(reply)s”",
        reply=_quote(cause.smtp_error),
    )


def _response(env, cause):
    reply = _quote(cause.smtp_error)
    if cause.smtp_code == 552 or "size" in reply.lower():
        return env._(
            "The email is too large for the mail server. Attach fewer documents."
            " “%(reply)s”",
            reply=reply,
        )
    if isinstance(cause, smtplib.SMTPSenderRefused):
        return env._(
            "The mail server does not allow %(sender)s to send email. Contact your"
            " administrator. “%(reply)s”",
            sender=cause.sender,
            reply=reply,
        )
    return env._("The mail server rejected the email: “%(reply)s”", reply=reply)


def _has_server(env):
    """Return whether Odoo was told of a mail server: else it tries its own host."""
    # In sudo mode because servers are the administrator's.
    servers_sudo = env["ir.mail_server"].sudo()
    is_configured = config["smtp_server"] != "localhost"
    return is_configured or bool(servers_sudo.search_count([], limit=1))


def _unreachable(env, cause):
    if not _has_server(env):
        return env._(
            "Odoo has no outgoing mail server. Ask your administrator to set one up."
            " (%(reason)s)",
            reason=cause,
        )
    return env._(
        "The mail server cannot be reached. Contact your administrator. (%(reason)s)",
        reason=cause,
    )


def _locked(env, _cause):
    return env._(
        "Someone else is editing or sending this invoice right now. Nothing was sent."
        " Try again in a moment."
    )


def _odoo(_env, cause):
    return str(cause)


# The first kind that fits explains it: the order matters.
_EXPLANATIONS = (
    (smtplib.SMTPServerDisconnected, _disconnected),
    (smtplib.SMTPRecipientsRefused, _recipient),
    (smtplib.SMTPAuthenticationError, _authentication),
    (smtplib.SMTPResponseException, _response),
    (smtplib.SMTPException, _unreachable),
    (OSError, _unreachable),
    (LockError, _locked),
    (UserError, _odoo),
)
