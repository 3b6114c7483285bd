"""Read what a report shows by address through the ORM, never over HTTP."""

import base64
import functools
import logging
import posixpath
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.tools import file_open
from odoo.tools.image import image_process
from odoo.tools.mimetypes import guess_mimetype

_logger = logging.getLogger(__name__)

_STATIC = re.compile(r"^/?[\w.]+/static/")
_STATIC_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
}
# The routes of core's controllers `content_image`, `content_common` and `company_logo`.
_SIZE = r"(?:/(?P<width>\d+)x(?P<height>\d+))?"
_RECORD_ROUTES = tuple(
    re.compile(rf"^/web/(?:image|content)/{record}{_SIZE}(?:/[^/]*)?$")
    for record in (
        r"(?P<id>\d+)(?:-[^/]*)?",
        r"(?P<model>[a-z_0-9.]+)/(?P<id>\d+)/(?P<field>\w+)",
        r"(?P<xmlid>[\w.]+\.[\w.]+)",
    )
)
_BARE_ROUTE = re.compile(r"^/web/(?:image|content)/?$")
_LOGO_ROUTE = re.compile(r"^/(?:web/binary/company_logo|logo(?:\.png)?)$")
_BARCODE_ROUTE = re.compile(r"^/report/barcode/?(?:(?P<type>[^/]+)/(?P<value>.+))?$")


def data_uri(content, mimetype):
    """
    :param bytes content: the file.
    :rtype: str
    """
    return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"


@functools.lru_cache(maxsize=64)
def static_file(address):
    """A file of an add-on's ``static`` folder.

    :param str address: ``/module/static/…``.
    :return: a ``data:`` URI, or None when it is neither an image nor a font.
    """
    path = posixpath.normpath(unquote(address)).lstrip("/")
    mimetype = _STATIC_TYPES.get(posixpath.splitext(path)[1].lower())
    if not mimetype or not _STATIC.match(path):
        return None
    try:
        with file_open(path, "rb") as file:
            return data_uri(file.read(), mimetype)
    except OSError:
        return None


class Resources:
    """What the documents of one report may show.

    :param odoo.api.Environment env: who renders. The rights of superuser mode are not
        used: an image in a text that someone wrote shows what the reader may see, or
        what belongs to the documents themselves.
    :param records: the documents' records.
    """

    def __init__(self, env, records):
        user = env.user
        if user.id == SUPERUSER_ID:
            user = env.ref("base.public_user")
        self.env = env(user=user.id, su=False)
        self.env_sudo = env(su=True)
        self.records = records
        self._own_addresses = tuple(
            urlsplit(address).netloc
            for address in (
                self.env_sudo["ir.config_parameter"].get_param("web.base.url"),
                self.env_sudo["ir.config_parameter"].get_param("report.url"),
            )
            if address
        )
        self._found = {}

    def __call__(self, address):
        """
        :param str address: an address as written in the report.
        :return: a ``data:`` URI, or None when there is nothing to be shown.
        """
        if address not in self._found:
            self._found[address] = self._read(address.strip())
        return self._found[address]

    def _read(self, address):
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        if parts.scheme not in ("", "http", "https"):
            return None
        if parts.netloc and parts.netloc not in self._own_addresses:
            return None
        query = dict(parse_qsl(parts.query))
        try:
            return self._read_path(parts.path, query)
        except (AccessError, MissingError, UserError, ValueError, KeyError) as error:
            _logger.info("Nothing to show for %s: %s", parts.path, error)
            return None

    def _read_path(self, path, query):
        if "/static/" in path:
            return static_file(path)
        if match := _BARCODE_ROUTE.match(path):
            return self._barcode(match, query)
        if _LOGO_ROUTE.match(path):
            return self._logo(query)
        if _BARE_ROUTE.match(path):
            return self._record_image(query)
        for route in _RECORD_ROUTES:
            if match := route.match(path):
                values = {key: each for key, each in match.groupdict().items() if each}
                return self._record_image({**query, **values})
        return None

    def _barcode(self, match, query):
        values = {
            key: query.pop(key) for key in ("barcode_type", "value") if key in query
        }
        kind = match["type"] or values["barcode_type"]
        value = unquote(match["value"]) if match["value"] else values["value"]
        image = self.env["ir.actions.report"].barcode(kind, value, **query)
        return data_uri(image, "image/png")

    def _logo(self, query):
        company = self.env_sudo["res.company"].browse(int(query.get("company") or 0))
        company = company.exists() or self.env.company.sudo()
        return self._image(base64.b64decode(company.logo or b""), {})

    def _record_image(self, values):
        record = self._record(values)
        field = values.get("field", "raw")
        if record._fields[field].type != "binary":
            return None
        if record._name == "ir.attachment" and record.type == "url":
            return static_file(record.url or "")
        record._check_field_access(record._fields[field], "read")
        content = record.with_context(bin_size=False)[field] or b""
        if record._name != "ir.attachment" or field == "datas":
            content = base64.b64decode(content)
        return self._image(content, values)

    def _record(self, values):
        """The record that an image is read from, if the reader may see it."""
        record_id = int(values["id"]) if "id" in values else None
        model = values.get("model", "ir.attachment")
        if model == "ir.attachment" and record_id:
            attachment = self.env_sudo[model].browse(record_id).exists()
            is_own = attachment.res_model == self.records._name
            if is_own and attachment.res_id in self.records.ids:
                # In sudo mode: it belongs to a document that the caller may see.
                return attachment
        return self.env["ir.binary"]._find_record(
            values.get("xmlid"),
            model,
            record_id,
            values.get("access_token"),
            field=values.get("field", "raw"),
        )

    def _image(self, content, values):
        mimetype = guess_mimetype(content, default="application/octet-stream")
        if not mimetype.startswith("image/"):
            return None
        size = int(values.get("width") or 0), int(values.get("height") or 0)
        if any(size) and mimetype != "image/svg+xml":
            content = image_process(content, size=size, crop=bool(values.get("crop")))
        return data_uri(content, mimetype)
