"""What is in an email that is about to leave, read from the message itself."""

import re
from email.message import EmailMessage
from typing import NamedTuple

from odoo.tools import email_normalize_all

#: The headers that name who gets an email; core takes the second one for the first.
_ADDRESSEES = ("To", "X-Forge-To", "Cc", "Bcc")
#: A character of a text in a PDF, by its number (ISO 32000-1, 7.3.4.2).
_PDF_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")


class Attached(NamedTuple):
    """A file that goes with an email.

    :param str name: Its name.
    :param str mimetype: Its type.
    :param bytes|None content: None of an email that is attached: it is written anew.
    """

    name: str
    mimetype: str
    content: bytes | None


def get_addressees(message: EmailMessage) -> set[str]:
    """Return the addresses that an email shows to whoever gets it.

    :return: Normalized, as `email_normalize` does it.
    """
    return {
        address
        for name in _ADDRESSEES
        for header in message.get_all(name, [])
        for address in email_normalize_all(str(header))
    }


def get_texts(message: EmailMessage) -> list[str]:
    """Return all that can be read in an email without opening a file of it."""
    texts = [str(value) for value in message.values()]
    texts += [
        part.get_content()
        for part in message.walk()
        if part.get_content_maintype() == "text" and not part.is_attachment()
    ]
    return texts


def get_attached(message: EmailMessage) -> list[Attached]:
    """Return the files that go with an email; pictures of its text are none."""
    return [
        Attached(
            part.get_filename() or "",
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in message.iter_attachments()
    ]


def read_pdf_links(content: bytes) -> bytes:
    """Return a PDF with the addresses of its links in plain text.

    What they lead to is never compressed: annotations are objects of their own.
    """
    return _PDF_ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), content)
