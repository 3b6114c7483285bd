"""What mail servers say when it is not this email that they refuse, but any."""

import re
import smtplib

from . import smtp_errors

#: The host, and what it takes in a minute and a day, as its provider documents it:
#: Google Workspace (2,000 messages a day), Microsoft 365 (30 messages a minute and
#: 10,000 recipients a day). 0 for no limit that is known.
KNOWN_LIMITS = {
    "smtp.gmail.com": (0, 2000),
    "smtp-relay.gmail.com": (0, 10000),
    "smtp.office365.com": (30, 10000),
    "smtp-mail.outlook.com": (30, 300),
}
# RFC 5321, 4.2.3: "Service not available, closing transmission channel".
_UNAVAILABLE = 421
# RFC 3463: 4.3.2 "System not accepting network messages"; 4.4.5 and 4.7.x as Microsoft
# and Google use them; 4.2.1 and 5.4.5 are Google's "too fast" and "daily limit".
_ENHANCED = re.compile(r"^\s*(?:4\.3\.[12]|4\.4\.5|4\.2\.1|4\.7\.\d+|5\.4\.5)\b")
_IN_WORDS = re.compile(
    r"too many|rate|throttl|limit exceeded|quota exceeded|per minute|slow down", re.I
)


def get_limits(host):
    """Return what a mail server is known to take.

    :param str host: Its name.
    :return: Emails in a minute and in a day, 0 where no limit is known.
    :rtype: tuple[int, int]
    """
    return KNOWN_LIMITS.get((host or "").strip().lower(), (0, 0))


def is_end_of_connection(error):
    """Return whether a mail server wants a new connection before it takes more.

    :param Exception error: What handing an email over raised: before anything of this
        email was said.
    :rtype: bool
    """
    cause = smtp_errors.get_cause(error)
    return (
        isinstance(cause, smtplib.SMTPSenderRefused) and cause.smtp_code == _UNAVAILABLE
    )


def is_server_wide(error):
    """Return whether a mail server would refuse any other email at this moment, too.

    :param Exception error: What handing an email over raised.
    :rtype: bool
    """
    cause = smtp_errors.get_cause(error)
    if isinstance(cause, smtplib.SMTPRecipientsRefused):
        replies = list(cause.recipients.values())
        return bool(replies) and all(_is_about_all(*each) for each in replies)
    if isinstance(cause, smtplib.SMTPSenderRefused) and cause.smtp_code < 500:
        return True  # Of the recipient nothing was said yet.
    if isinstance(cause, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError):
        return True
    if isinstance(cause, smtplib.SMTPResponseException):
        return _is_about_all(cause.smtp_code, cause.smtp_error)
    if isinstance(cause, smtplib.SMTPServerDisconnected):
        # While an email is handed over, this is uncertain: another question.
        return True
    return isinstance(cause, OSError) and not isinstance(cause, smtplib.SMTPException)


def _is_about_all(code, reply):
    """Return whether a reply speaks of the server, not of this email."""
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)
    if code == _UNAVAILABLE or _ENHANCED.match(text):
        return True
    return 400 <= code < 500 and bool(_IN_WORDS.search(text))
