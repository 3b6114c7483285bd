"""What a mail server reports of an email that it took: RFC 3464, RFC 3463."""

import re
from dataclasses import dataclass

from odoo.tools import email_normalize

# "Addressing status" (RFC 3463, 3.2) of a recipient who cannot be reached, ever: no
# such mailbox, no such domain, no address at all, moved, a domain that takes no email
# (RFC 7505). The others are of the sender's address, or of one that is good.
_NO_SUCH_ADDRESS = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
# What says nothing by itself: the server's own words do.
_UNSPECIFIED = ("", "5.0.0", "5.1.0")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_REPLY = re.compile(r"\b55[013]\b")
# The words of Exim, Postfix, Sendmail, qmail, Exchange and the great providers.
_NO_SUCH_WORDS = re.compile(
    r"no such (user|mailbox|recipient|account|address)|(user|recipient|mailbox|account)"
    r"( is| was)?( unknown|( could)? not( be)? (found|exist)| does(n't| not) exist)"
    r"|unknown (user|recipient|mailbox)|invalid (recipient|mailbox)"
    r"|no mailbox here|does(n't| not) have an? [\w.]* ?account",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RecipientStatus:
    """What became of an email for one recipient."""

    #: The normalized address; empty if there is none.
    recipient: str
    #: `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    action: str
    #: An enhanced status code, such as `5.1.1`.
    status: str
    #: What the recipient's server said.
    diagnostic: str

    @property
    def is_no_such_address(self):
        """Whether this is the end of the address, and not just of the email."""
        if self.action != "failed":
            return False
        status = self.status
        if status in _UNSPECIFIED:
            found = _STATUS.search(self.diagnostic)
            status = found.group() if found else status
        if status not in _UNSPECIFIED:
            return status in _NO_SUCH_ADDRESS
        return bool(
            _REPLY.search(self.diagnostic) and _NO_SUCH_WORDS.search(self.diagnostic)
        )


def read(email_message):
    """Return what a delivery status notification says of each recipient.

    :param email.message.EmailMessage email_message: The email, of any kind.
    :return: Nothing if it is no such notification.
    :rtype: list[RecipientStatus]
    """
    return [
        _read_fields(fields)
        for part in email_message.walk()
        if part.get_content_type() == "message/delivery-status" and part.is_multipart()
        for fields in part.get_payload()
        if "Action" in fields
    ]


def _read_fields(fields):
    """Return what the fields of one recipient say.

    :param email.message.Message fields: The block of fields.
    :rtype: RecipientStatus
    """

    def get(name):
        return " ".join(str(fields.get(name, "")).split())

    status = _STATUS.search(get("Status"))
    address = get("Final-Recipient").partition(";")[2].strip()
    return RecipientStatus(
        recipient=email_normalize(address) or "",
        # Comments in brackets are allowed behind it.
        action=get("Action").partition("(")[0].strip().lower(),
        status=status.group() if status else "",
        diagnostic=get("Diagnostic-Code"),
    )
