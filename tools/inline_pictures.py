"""Pictures that go with an email: they show whatever becomes of their source."""

import base64
import binascii
import re
from email.utils import make_msgid
from typing import NamedTuple

_SOURCE = re.compile(r"""(<img\b[^>]*?\bsrc\s*=\s*)(["'])(.*?)\2""", re.I | re.DOTALL)
_DATA = re.compile(
    r"data:image/([\w.+-]+)\s*(?:;[^,]*)?;\s*base64\s*,(.*)", re.I | re.S
)
_ATTACHMENT = re.compile(r"/web/(?:image|content)/(\d+)(?=[/?#-]|$)")
#: Endings of files by kind of picture, where they differ.
_ENDINGS = {"jpeg": "jpg", "svg+xml": "svg", "x-icon": "ico"}


class Picture(NamedTuple):
    """A picture within a text.

    :param str name: The name of its file.
    :param bytes content: The file.
    :param str mimetype: Its type, such as ``image/png``.
    """

    name: str
    content: bytes
    mimetype: str


def replace_sources(html, find):
    """Return HTML with other addresses of its pictures.

    :param str html: The HTML.
    :param find: Function of an address that returns another one; None to leave it.
    :rtype: str
    """

    def replace(match):
        source = find(match[3].replace("&amp;", "&"))
        if source is None:
            return match[0]
        return f"{match[1]}{match[2]}{source.replace('&', '&amp;')}{match[2]}"

    return _SOURCE.sub(replace, html)


def get_sources(html):
    """Return the addresses of the pictures in HTML.

    :param str html: The HTML.
    :rtype: list[str]
    """
    return [match[3].replace("&amp;", "&") for match in _SOURCE.finditer(html)]


def read_data(source, number=1):
    """Return the picture that an address consists of.

    :param str source: The address.
    :param int number: The picture's number in its text, for its name.
    :return: None if the address is no picture, or a broken one.
    :rtype: Picture | None
    """
    if not (match := _DATA.fullmatch(source.strip())):
        return None
    kind = match[1].lower()
    try:
        content = base64.b64decode(re.sub(r"\s|%0A", "", match[2]), validate=True)
    except binascii.Error:
        return None
    ending = _ENDINGS.get(kind, kind)
    return Picture(f"picture-{number}.{ending}", content, f"image/{kind}")


def get_attachment_id(source, base_url=""):
    """Return the id of the attachment that an address leads to.

    :param str source: The address.
    :param str base_url: The site's own, if the address may begin with it.
    :rtype: int | None
    """
    match = _ATTACHMENT.match(source.removeprefix(base_url.rstrip("/")))
    return int(match[1]) if match else None


def embed(message, pictures, base_url=""):
    """Put pictures into an email, in place of the attachments' addresses.

    :param email.message.EmailMessage message: The email; its HTML is changed.
    :param dict pictures: `Picture` by the attachment's id.
    :param str base_url: The site's own, with which addresses may begin.
    """
    part = message.get_body(("html",))
    if part is None or not pictures:
        return
    used = {}

    def find(source):
        attachment_id = get_attachment_id(source, base_url)
        if attachment_id not in pictures:
            return None
        if attachment_id not in used:
            used[attachment_id] = make_msgid(domain="picture.invalid")
        return f"cid:{used[attachment_id].strip('<>')}"

    html = replace_sources(part.get_content(), find)
    if not used:
        return
    part.set_content(html, subtype="html", charset="utf-8")
    for attachment_id, content_id in used.items():
        name, content, mimetype = pictures[attachment_id]
        maintype, _slash, subtype = mimetype.partition("/")
        part.add_related(
            content,
            maintype,
            subtype,
            cid=content_id,
            filename=name,
            disposition="inline",
        )
