"""One accepted mail, as a mail program reads it."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

from lxml.html import document_fromstring

#: How HTML refers to another part of its mail (RFC 2392).
SHOWN_ID = re.compile(r"cid:([^\"'\s)>]+)")


class Attachment(NamedTuple):
    """A file that came with a mail.

    :param str name: file name as the sender gave it, or one made from the type
    :param str type: MIME type in lower case
    :param bytes content: the decoded bytes
    """

    name: str
    type: str
    content: bytes


class Address(NamedTuple):
    """One entry of an address header.

    :param str name: display name, may be empty
    :param str address: the bare address
    """

    name: str
    address: str


@dataclass(eq=False, repr=False)
class Message:
    """A mail that the server accepted: its envelope and its content.

    :param int number: position in the mailbox, counted from 1
    :param str envelope_from: sender given by MAIL; empty for a bounce
    :param list[str] envelope_to: recipients given by RCPT, as far as accepted; the
        only place where blind copies can be seen
    :param bytes raw: the mail exactly as received
    :param datetime.datetime received_at: when it was accepted, with a time zone
    """

    number: int
    envelope_from: str
    envelope_to: list
    raw: bytes
    received_at: datetime

    def __repr__(self):
        return f"<Message {self.number} to {self.envelope_to}: {self.subject!r}>"

    # === HEADERS === #

    @cached_property
    def email(self):
        """The parsed mail, an ``email.message.EmailMessage``."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self):
        """The decoded subject, empty if the mail has none."""
        return self.header("Subject")

    @property
    def sender(self):
        """The first address of From; the envelope's sender if there is none."""
        addresses = self.addresses("From")
        return addresses[0] if addresses else Address("", self.envelope_from)

    @property
    def to(self):
        """The bare addresses of To."""
        return [entry.address for entry in self.addresses("To")]

    @property
    def cc(self):
        """The bare addresses of Cc."""
        return [entry.address for entry in self.addresses("Cc")]

    @property
    def bcc(self):
        """The recipients of the envelope that neither To nor Cc shows."""
        shown = {address.lower() for address in self.to + self.cc}
        return [rcpt for rcpt in self.envelope_to if rcpt.lower() not in shown]

    def header(self, name):
        """Return a decoded header.

        :param str name: the header's name
        :return: its value, empty if the mail has no such header
        :rtype: str
        """
        return readable(str(self.email[name] or ""))

    def addresses(self, name):
        """Return the entries of an address header.

        :param str name: ``From``, ``To``, ``Cc`` or ``Reply-To``
        :rtype: list[Address]
        """
        header = self.email[name]
        return [
            Address(readable(entry.display_name), readable(entry.addr_spec))
            for entry in getattr(header, "addresses", ())
        ]

    # === CONTENT === #

    @cached_property
    def _leaves(self):
        """The parts that hold content, in order; an attached mail is one part."""
        return list(_iter_leaves(self.email))

    @cached_property
    def _bodies(self):
        """The first part of each type that is not an attachment, by its type."""
        shown = [part for part in self._leaves if not _is_attached(part)]
        return {part.get_content_type(): part for part in reversed(shown)}

    @cached_property
    def html(self):
        """The HTML body, empty if the mail has none."""
        return _decode_text(self._bodies.get("text/html"))

    @cached_property
    def text(self):
        """The plain text body, empty if the mail has none."""
        return _decode_text(self._bodies.get("text/plain"))

    @cached_property
    def attachments(self):
        """The attached files; images that the HTML body shows are not among them."""
        bodies = [self._bodies.get(kind) for kind in ("text/html", "text/plain")]
        shown = {unquote(content_id) for content_id in SHOWN_ID.findall(self.html)}
        return [
            _as_attachment(part)
            for part in self._leaves
            if part not in bodies and _content_id(part) not in shown
        ]

    @cached_property
    def links(self):
        """The links of the HTML body: dicts of ``href`` and ``text``."""
        found = document_fromstring(self.html.strip() or "<p/>").iterfind(".//a[@href]")
        return [
            {"href": link.get("href"), "text": link.text_content().strip()}
            for link in found
            if link.get("href")
        ]

    def inline_part(self, content_id):
        """Return a part that the HTML body refers to by ``cid:``.

        :param str content_id: the identifier without angle brackets
        :rtype: Attachment | None
        """
        found = (part for part in self._leaves if _content_id(part) == content_id)
        return next(map(_as_attachment, found), None)


def readable(text):
    """Return a text without the lone surrogates that stand for undecodable bytes.

    :param str text: a text decoded with ``surrogateescape``
    :rtype: str
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _iter_leaves(part):
    """Yield the content parts below a part, depth first."""
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        yield part
        return
    for child in part.iter_parts():
        yield from _iter_leaves(child)


def _is_attached(part):
    """Tell whether a part asks to be shown as a file."""
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _content_id(part):
    """Return the content id of a part without its angle brackets, or None."""
    content_id = part["Content-ID"]
    return str(content_id).strip().strip("<>") if content_id else None


def _as_attachment(part):
    """Return a part as a file; one without a name gets one made from its type."""
    kind, name = part.get_content_type(), readable(part.get_filename() or "")
    made_up = f"unnamed.{part.get_content_subtype()}"
    if kind == "message/rfc822":
        made_up = "message.eml"
    return Attachment(name or made_up, kind, _decode_bytes(part))


def _decode_bytes(part):
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        return part.get_payload(0).as_bytes()
    return part.get_payload(decode=True) or b""


def _decode_text(part):
    """Return the text of a part, also if its charset is unknown or wrong."""
    if part is None:
        return ""
    content = _decode_bytes(part)
    try:
        text = content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
