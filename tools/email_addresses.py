"""Lists of email addresses, as people type them and as their programs paste them.

The same grammar stands in `static/src/compose/address_list.js`, for the browser; one
table of cases is read by both (`tests/send/test_email_addresses.py`). It is:

- Semicolons, line breaks and tabs end an entry, and so do the brackets of an address.
- A comma ends an entry, too, unless no address comes before it and one in brackets
  after it: Outlook writes ``Doe, John <john@x.example>``.
- Quotes keep together what they enclose, if both of them are where quotes can be:
  ``5" Pipes <a@x.example>`` has none.
- An address is the ``dot-atom`` of RFC 5322 at a domain, which may be international.
"""

import re
from typing import NamedTuple

from odoo.tools import email_normalize, formataddr

KINDS = ("to", "cc", "bcc")

# Invisible: of contact cards and web pages, that programs copy along.
# Control characters, that no header may hold, are none of a name either.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_TOKEN = re.compile(
    r"""
    (?P<quoted>(?<![^\s,;>])"(?:\\.|[^"\\])*"(?=[\s,;<\[]|$))
    | (?P<address><[^<>]*@[^<>]*>|\[mailto:[^\[\]]*\])
    | (?P<hard>[;；؛\n\t])
    | (?P<soft>[,，،])
    | [^"<\[;；؛\n\t,，،]+ | .
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_BRACKETED = re.compile(
    r"(.*?)(?:<([^<>]*)>|\[(mailto:[^\[\]]*)\])", re.IGNORECASE | re.DOTALL
)
_COMMENTED = re.compile(r"(\S+@\S+) ?\(([^()]*)\)")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# What is not ASCII is left to the domain's registry, but for punctuation.
_LABEL = "[A-Za-z0-9\u00a1-\u1fff\u2c00-\uffef\U00010000-\U0010ffff]"
_LABEL = rf"{_LABEL}(?:(?:{_LABEL}|-)*{_LABEL})?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_MAX_LENGTH = 254
# Pairs of marks in which programs put names and addresses.
_MARKS = ('""', "''", "“”", "‘’", "„“", "‚‘", "«»")


class Entry(NamedTuple):
    """One entry of a list.

    :param str text: What was typed, as it stands.
    :param str name: The name; empty if there is none.
    :param str email: The address; empty if the entry has none that can be read.
    """

    text: str
    name: str
    email: str


class Recipient(NamedTuple):
    """Someone who gets the mail.

    :param str kind: one of ``KINDS``
    :param str email: the normalized address, by which recipients are told apart
    :param str formatted: the address with its name: ``"Name" <address>``
    """

    kind: str
    email: str
    formatted: str


def split(text):
    """Take a typed list of addresses apart into its entries.

    :param str text: Entries such as ``Doe, Ann <ann@x.example>; bob@x.example``.
    :rtype: list[Entry]
    """
    return [entry for piece in _cut(_clean(text or "")) for entry in _read(piece)]


def parse(text):
    """Take a typed list of addresses apart.

    :param str text: entries such as ``Ann <ann@x.example>; bob@x.example``
    :return: the formatted addresses by normalized address, each once, and the entries
        that are no addresses
    :rtype: tuple[dict[str, str], list[str]]
    """
    addresses, malformed = {}, []
    for entry in split(text):
        email = entry.email and email_normalize(entry.email)
        if email:
            addresses.setdefault(email, formataddr((entry.name, email)))
        else:
            malformed.append(entry.text)
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


def label(formatted):
    """Return a formatted address as people read it, as the window's pills do.

    :param str formatted: the address with its name: ``"Name" <address>``
    :return: ``Name · address``, or the address alone
    :rtype: str
    """
    entries = split(formatted)
    if len(entries) != 1 or not entries[0].email:
        return formatted  # A name alone, say: it is read as it stands.
    return " · ".join(filter(None, (entries[0].name, entries[0].email)))


# === THE GRAMMAR === #


def _clean(text):
    """Return a text with one kind of space and of line break, and nothing invisible."""
    text = _LINE_BREAKS.sub("\n", _INVISIBLE.sub("", text))
    text = _SPACES.sub(" ", text)
    # Headers of emails are folded before the address.
    return re.sub(r"\n[ \t]*<", " <", text)


def _cut(text):
    """Cut a text into the pieces that hold an entry each."""
    pieces, waiting, current = [], [], ""

    def end():
        nonlocal current
        piece, current = current.strip(), ""
        return piece

    def take(piece):
        pieces.extend(waiting)
        waiting.clear()
        if piece:
            pieces.append(piece)

    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "soft":
            piece = end()
            if piece and "@" not in piece:
                waiting.append(piece)  # Perhaps a surname.
            else:
                take(piece)
        elif kind == "hard":
            take(end())
        elif kind == "address":
            current += token[0]
            piece = end()
            if waiting and not piece.startswith(('"', "<", "[")):
                piece = ", ".join([*waiting, piece])
                waiting.clear()
            take(piece)
        else:
            current += token[0]
    take(end())
    return pieces


def _read(piece):
    """Return the entries of a piece: one, or several addresses that spaces part."""
    if match := _BRACKETED.fullmatch(piece):
        found = [(match[1], match[2] or match[3] or "")]
    elif match := _COMMENTED.fullmatch(piece):
        found = [(match[2], match[1])]
    else:
        found = [("", part) for part in piece.split() if part not in ("/", "|", "&")]
    entries = []
    for name, address in found:
        email = _read_address(address)
        name = _read_name(name)
        if not email:
            return [Entry(piece, "", "")]
        if name.lower() == email.lower():
            name = ""
        entries.append(Entry(piece if len(found) == 1 else email, name, email))
    return entries


def _read_address(text):
    """Return the address in a text, or an empty string."""
    address = _strip_marks(text.strip())
    if address.startswith("<") and address.endswith(">"):
        address = address[1:-1].strip()
    if address.lower().startswith("mailto:"):
        address = address[len("mailto:") :].partition("?")[0]
    address = address.rstrip(".")
    is_address = len(address) <= _MAX_LENGTH and _ADDRESS.fullmatch(address)
    return address if is_address else ""


def _read_name(text):
    """Return the name in a text, without the quotes around it."""
    name = text.strip()
    if re.fullmatch(r'"(?:\\.|[^"\\])*"', name):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return _strip_marks(name.strip())


def _strip_marks(text):
    """Return a text without the marks around all of it."""
    for opening, closing in _MARKS:
        inner = text[1:-1]
        if (
            len(text) > 2
            and text[0] == opening
            and text[-1] == closing
            and opening not in inner
            and closing not in inner
        ):
            return inner.strip()
    return text
