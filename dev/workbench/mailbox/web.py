"""The mailbox's web page, on Werkzeug: the mails, and one of them in all its forms."""

import io
import re
import socket
import threading
from pathlib import Path
from urllib.parse import quote, unquote

from jinja2 import Template
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from .message import SHOWN_ID

_PAGE = Template(Path(__file__).with_name("page.html").read_text(), autoescape=True)
_STOP_TIMEOUT = 5.0
#: What a browser may show by itself; everything else is offered for download.
_SHOWN_TYPES = {"application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp"}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: A mail's own HTML: no scripts, no forms; pictures and styles as mail programs allow.
#: Its origin stays, for its pictures; without scripts it can do nothing with it.
_BODY_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; "
    "img-src 'self' data: http: https:; style-src 'unsafe-inline'; font-src data:; "
    "frame-ancestors 'self'"
)
# A browser's PDF viewer does not start in a sandbox; a PDF runs no script of the page.
_FILE_POLICY = "default-src 'none'; frame-ancestors 'self'"
_DOCUMENT_START = re.compile(
    r"\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?\s*(<head[^>]*>)?", re.IGNORECASE
)


class WebServer:
    """Shows a message store on HTTP, in threads of its own.

    :param str host: address to listen on
    :param port: port to listen on, 0 for any free one; or a socket that listens
    :param MessageStore store: the mails to show
    """

    def __init__(self, host, port, store):
        self._host, self._wanted = host, port
        self._application = Application(store)
        self._server = self._thread = self.port = None

    def start(self):
        """Listen; a browser can connect once this has returned.

        :raise OSError: if the port is taken
        """
        # Werkzeug would end the process if it found the port taken by itself.
        listener = self._wanted
        if isinstance(listener, int):
            listener = socket.create_server((self._host, listener))
        with listener:
            self.port = listener.getsockname()[1]
            self._server = make_server(
                self._host,
                self.port,
                self._application,
                threaded=True,
                request_handler=_QuietRequestHandler,
                fd=listener.fileno(),
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="mailbox-web",
            daemon=True,
        )
        self._thread.start()

    def stop(self):
        """Stop listening; idempotent."""
        if self._thread is None:
            return
        self._server.shutdown()
        self._thread.join(_STOP_TIMEOUT)
        self._server.server_close()
        self._thread = None


class _QuietRequestHandler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code="-", size="-"):
        """Override of `werkzeug`: the mails are of interest, not who looks at them."""


class Application:
    """The WSGI application.

    :param MessageStore store: the mails to show
    """

    _urls = Map(
        Rule(path, endpoint=endpoint, methods=["GET"])
        for path, endpoint in (
            ("/", "list"),
            ("/messages/<int:number>", "message"),
            ("/messages/<int:number>/body", "body"),
            ("/messages/<int:number>/source", "source"),
            ("/messages/<int:number>/inline/<path:content_id>", "inline"),
            ("/messages/<int:number>/attachments/<int:index>", "attachment"),
        )
    )

    def __init__(self, store):
        self._store = store

    def __call__(self, environ, start_response):
        try:
            endpoint, values = self._urls.bind_to_environ(environ).match()
            show = getattr(self, f"_show_{endpoint}")
            response = show(Request(environ), **values)
        except HTTPException as error:
            response = error.get_response()
        response.headers.setdefault("Content-Security-Policy", _FILE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start_response)

    def _message(self, number):
        """Return a mail.

        :raise NotFound: if there is none of that number
        """
        message = self._store.get(number)
        if message is None:
            raise NotFound("There is no such mail.")
        return message

    def _show_list(self, _request):
        newest_first = self._store.all()[::-1]
        return _html(_PAGE.render(messages=newest_first), _PAGE_POLICY)

    def _show_message(self, request, number):
        message = self._message(number)
        form = request.args.get("form") or ("html" if message.html else "text")
        source = message.raw.decode("utf-8", "replace")
        page = _PAGE.render(message=message, form=form, source=source)
        return _html(page, _PAGE_POLICY)

    def _show_body(self, _request, number):
        return _html(prepare_body(self._message(number)), _BODY_POLICY)

    def _show_source(self, request, number):
        raw = self._message(number).raw
        return _file(request, raw, "message/rfc822", f"{number}.eml")

    def _show_inline(self, request, number, content_id):
        part = self._message(number).inline_part(content_id)
        if part is None:
            raise NotFound
        return _file(request, part.content, part.type, part.name)

    def _show_attachment(self, request, number, index):
        attachments = self._message(number).attachments
        if index >= len(attachments):
            raise NotFound
        part = attachments[index]
        return _file(request, part.content, part.type, part.name)


def prepare_body(message):
    """Return a mail's HTML such that links open a tab and its own images are found.

    :param Message message: the mail
    :rtype: str
    """
    folder = f"/messages/{message.number}/inline/"
    html = SHOWN_ID.sub(
        lambda match: folder + quote(unquote(match[1]), safe="@"), message.html
    )
    # After the doctype, or the browser would leave its standards mode.
    start = _DOCUMENT_START.match(html)
    return f'{html[: start.end()]}<base target="_blank">{html[start.end() :]}'


def _html(page, policy):
    headers = {"Content-Security-Policy": policy}
    return Response(page, headers=headers, mimetype="text/html")


def _file(request, content, mime_type, name):
    """Return a file of a mail, shown in the browser only where that is harmless."""
    return send_file(
        io.BytesIO(content),
        request.environ,
        mimetype=mime_type,
        as_attachment=mime_type not in _SHOWN_TYPES,
        download_name=name,
    )
