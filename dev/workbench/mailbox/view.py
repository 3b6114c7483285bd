"""What the web page and the API show of a mail."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote, unquote

from jinja2 import Environment, FileSystemLoader

_TABS = ("html", "text", "source")
_AVATAR_COLOURS = 8
_DOCUMENT_START = re.compile(
    r"\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?\s*(<head[^>]*>)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Choices:
    """How a mail is shown.

    :param str tab: one of ``html``, ``text``, ``source``
    :param str width: ``desktop`` or ``phone``
    """

    tab: str
    width: str

    @classmethod
    def from_query(cls, message, query):
        """Read the choices from a query string; unknown values are ignored.

        :param Message message: the mail, whose HTML part is the default if it has one
        :param dict query: the query string's values
        :rtype: Choices
        """
        tab = query.get("tab")
        if tab not in _TABS:
            tab = "html" if message.html else "text"
        return cls(tab, "phone" if query.get("width") == "phone" else "desktop")


# === PAGES === #


def render_inbox(messages):
    """Return the page that lists the mails.

    :param list[Message] messages: oldest first
    :rtype: str
    """
    return _render("inbox.html", messages=messages, selected=None)


def render_list(messages, selected):
    """Return the list alone, for its refreshing.

    :param list[Message] messages: oldest first
    :param selected: number of the mail that is being read, or None
    :rtype: str
    """
    return _render("list.html", messages=messages, selected=selected)


def render_message(messages, message, choices):
    """Return the page of one mail.

    :param list[Message] messages: oldest first
    :param Message message: the mail
    :param Choices choices: how to show it
    :rtype: str
    """
    return _render(
        "message.html",
        messages=messages,
        message=message,
        selected=message.number,
        choices=choices,
        source=message.raw.decode("utf-8", "replace"),
    )


def render_not_found(messages):
    """Return the page for a mail that does not exist.

    :param list[Message] messages: oldest first
    :rtype: str
    """
    return _render("not_found.html", messages=messages, selected=None)


def prepare_body(message):
    """Return a mail's HTML such that links open a tab and its own images are found.

    :param Message message: the mail
    :rtype: str
    """
    folder = f"/messages/{message.number}/inline/"
    html = re.sub(
        r"cid:([^\"'\s)>]+)",
        lambda match: folder + quote(unquote(match[1]), safe="@"),
        message.html,
    )
    # After the doctype, or the browser would leave its standards mode.
    start = _DOCUMENT_START.match(html)
    return f'{html[: start.end()]}<base target="_blank">{html[start.end() :]}'


# === API === #


def describe(message):
    """Return the facts of a mail that a list needs.

    :param Message message: the mail
    :rtype: dict
    """
    return {
        "id": message.number,
        "received_at": message.received_at.isoformat(),
        "envelope_from": message.envelope_from,
        "envelope_to": message.envelope_to,
        "from": message.sender.address,
        "to": message.to,
        "cc": message.cc,
        "subject": message.subject,
        "attachments": [
            _describe_attachment(message, index)
            for index in range(len(message.attachments))
        ],
        "url": f"/messages/{message.number}",
    }


def describe_fully(message):
    """Return all facts of a mail.

    :param Message message: the mail
    :rtype: dict
    """
    return {
        **describe(message),
        "bcc": message.bcc,
        "headers": [[name, str(value)] for name, value in message.email.items()],
        "text": message.text,
        "html": message.html,
        "links": message.links,
        "source_url": f"/messages/{message.number}/source",
    }


def _describe_attachment(message, index):
    attachment = message.attachments[index]
    return {
        "name": attachment.name,
        "type": attachment.type,
        "size": len(attachment.content),
        "url": f"/messages/{message.number}/attachments/{index}",
    }


def to_json(value):
    """Return a value as JSON text.

    :rtype: str
    """
    return json.dumps(value, indent=2)


# === FORMATS === #


def format_size(size):
    """Return a number of bytes for reading: ``512 B``, ``12 KB``, ``3.4 MB``.

    :param int size: bytes
    :rtype: str
    """
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.0f} KB"
    return f"{size / 1_000_000:.1f} MB"


def format_time(moment, now=None):
    """Return a time as a list shows it: the hour today, else the day.

    :param datetime.datetime moment: with a time zone; shown in that of ``now``
    :param datetime.datetime now: with a time zone; None for the machine's own clock
    :rtype: str
    """
    now = now or datetime.now(timezone.utc).astimezone()
    local = moment.astimezone(now.tzinfo)
    if local.date() == now.date():
        return local.strftime("%H:%M")
    if local.year == now.year:
        return f"{local.day} {local:%b}"
    return f"{local.day} {local:%b %Y}"


def format_full_time(moment):
    """Return a time in full, in the machine's time zone.

    :param datetime.datetime moment: with a time zone
    :rtype: str
    """
    local = moment.astimezone()
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M:%S}"


def avatar_colour(address):
    """Return the number of the colour that stands for an address.

    :param str address: the bare address
    :return: 0 to 7, always the same for the same address
    :rtype: int
    """
    return sum(address.lower().encode()) % _AVATAR_COLOURS


def _render(template, **values):
    return _environment.get_template(template).render(**values)


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(
    avatar_colour=avatar_colour,
    full_time=format_full_time,
    size=format_size,
    time=format_time,
)
