"""Lists of e-mail addresses, as people type them."""

import re
from email.utils import parseaddr
from typing import NamedTuple

from odoo.tools import email_normalize, formataddr

# One entry: up to a comma, semicolon or line break that no quotes or brackets enclose.
_ENTRY = re.compile(r'(?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,;\n])+')
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")

KINDS = ("to", "cc", "bcc")


class Recipient(NamedTuple):
    """Someone who gets the mail.

    :param str kind: one of ``KINDS``
    :param str email: the normalized address, by which recipients are told apart
    :param str formatted: the address with its name: ``"Name" <address>``
    """

    kind: str
    email: str
    formatted: str


def parse(text):
    """Take a typed list of addresses apart.

    :param str text: entries such as ``Ann <ann@x.example>; bob@x.example``
    :return: the formatted addresses by normalized address, each once, and the entries
        that are no addresses
    :rtype: tuple[dict[str, str], list[str]]
    """
    addresses, malformed = {}, []
    for entry in filter(None, map(str.strip, _ENTRY.findall(text or ""))):
        name, address = parseaddr(entry)
        email = _ADDRESS.fullmatch(address) and email_normalize(address)
        # Odoo takes what it understands of an address; that must be all of it.
        if email and email.lower() == address.lower():
            addresses.setdefault(email, formataddr((name, email)))
        else:
            malformed.append(entry)
    return addresses, malformed


def collect(lists):
    """Gather the recipients of a mail, each once: To goes before CC before BCC.

    :param dict lists: the typed list of each of ``KINDS``
    :return: the recipients, and the entries that are no addresses
    :rtype: tuple[list[Recipient], list[str]]
    """
    recipients, malformed = {}, []
    for kind in KINDS:
        addresses, wrong = parse(lists.get(kind))
        malformed += wrong
        for email, formatted in addresses.items():
            recipients.setdefault(email, Recipient(kind, email, formatted))
    return list(recipients.values()), malformed


def join(formatted):
    """Return formatted addresses as the text in which they were typed.

    :param formatted: the addresses
    :rtype: str
    """
    return ", ".join(formatted)
