"""The mailbox's web page and its JSON API, on Werkzeug."""

import io
import socket
import threading
from pathlib import Path

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.utils import send_file, send_from_directory
from werkzeug.wrappers import Request, Response

from . import view

_STATIC = Path(__file__).parent / "static"
_STOP_TIMEOUT = 5.0

# What a browser may show by itself; everything else is offered for download.
_SHOWN_TYPES = frozenset(
    ("application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp")
)

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# A mail's own HTML: no scripts, no forms; pictures and styles as mail programs allow.
# Its origin is kept so that the page around it can measure its height; without scripts
# the mail can do nothing with it.
_BODY_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; img-src 'self' data: http: https:; "
    "style-src 'unsafe-inline'; font-src data:; frame-ancestors 'self'"
)
# A browser's PDF viewer does not start in a sandbox; a PDF runs no script of the page.
_FILE_POLICY = "default-src 'none'; frame-ancestors 'self'"


class WebServer:
    """Shows a message store on HTTP, in threads of its own.

    :param str host: address to listen on
    :param int port: port to listen on; 0 for any free one
    :param MessageStore store: the mails to show
    """

    def __init__(self, host, port, store):
        self._host = host
        self._wanted_port = port
        self._application = Application(store)
        self._server = None
        self._thread = None
        self.port = None

    def start(self):
        """Listen; a browser can connect once this has returned.

        :raise OSError: if the port is taken
        """
        # Werkzeug would end the process if it found the port taken by itself.
        with socket.create_server((self._host, self._wanted_port)) as listener:
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
            ("/", "inbox"),
            ("/list", "list"),
            ("/messages/<int:number>", "message"),
            ("/messages/<int:number>/body", "body"),
            ("/messages/<int:number>/source", "source"),
            ("/messages/<int:number>/inline/<path:content_id>", "inline"),
            ("/messages/<int:number>/attachments/<int:index>", "attachment"),
            ("/api/messages", "api_messages"),
            ("/api/messages/<int:number>", "api_message"),
            ("/static/<path:name>", "static"),
        )
    )

    def __init__(self, store):
        self._store = store

    def __call__(self, environ, start_response):
        request = Request(environ)
        try:
            response = self._answer(request, environ)
        except HTTPException as error:
            response = self._explain(request, error)
        _add_safe_headers(response)
        return response(environ, start_response)

    def _answer(self, request, environ):
        """Return what a request asks for.

        :raise HTTPException: if there is no such thing
        """
        endpoint, values = self._urls.bind_to_environ(environ).match()
        return getattr(self, f"_show_{endpoint}")(request, **values)

    def _explain(self, request, error):
        """Return the answer to a request that cannot be met."""
        if isinstance(error, NotFound) and not request.path.startswith("/api/"):
            return _page(view.render_not_found(self._store.all()), status=404)
        return _json({"error": error.description}, error.code)

    def _message(self, number):
        """Return a mail.

        :raise NotFound: if there is none of that number
        """
        message = self._store.get(number)
        if message is None:
            raise NotFound
        return message

    # === PAGES === #

    def _show_inbox(self, _request):
        return _page(view.render_inbox(self._store.all()))

    def _show_list(self, request):
        selected = request.args.get("selected", type=int)
        return _page(view.render_list(self._store.all(), selected))

    def _show_message(self, request, number):
        message = self._message(number)
        choices = view.Choices.from_query(message, request.args)
        return _page(view.render_message(self._store.all(), message, choices))

    def _show_body(self, _request, number):
        html = view.prepare_body(self._message(number))
        return _page(html, policy=_BODY_POLICY)

    def _show_static(self, request, name):
        return send_from_directory(_STATIC, name, request.environ)

    # === FILES === #

    def _show_source(self, request, number):
        message = self._message(number)
        return _file(request, message.raw, "message/rfc822", f"{number}.eml", True)

    def _show_inline(self, request, number, content_id):
        part = self._message(number).inline_part(content_id)
        if part is None:
            raise NotFound
        return _file(request, part.content, part.type, part.name, False)

    def _show_attachment(self, request, number, index):
        attachments = self._message(number).attachments
        if index >= len(attachments):
            raise NotFound
        part = attachments[index]
        download = "download" in request.args
        return _file(request, part.content, part.type, part.name, download)

    # === API === #

    def _show_api_messages(self, request):
        after = request.args.get("after", default=0, type=int)
        found = [m for m in self._store.all() if m.number > after]
        return _json([view.describe(message) for message in found])

    def _show_api_message(self, _request, number):
        return _json(view.describe_fully(self._message(number)))


def _page(html, status=200, policy=_PAGE_POLICY):
    """Return an HTML response under a content security policy."""
    headers = {"Content-Security-Policy": policy}
    return Response(html, status, headers, mimetype="text/html")


def _json(value, status=200):
    """Return a JSON response."""
    return Response(view.to_json(value), status, mimetype="application/json")


def _file(request, content, mime_type, name, download):
    """Return a file of a mail, shown in the browser only where that is harmless."""
    shown = mime_type in _SHOWN_TYPES and not download
    response = send_file(
        io.BytesIO(content),
        request.environ,
        mimetype=mime_type,
        as_attachment=not shown,
        download_name=name,
    )
    response.headers["Content-Security-Policy"] = _FILE_POLICY
    return response


def _add_safe_headers(response):
    """Add what every answer carries."""
    response.headers.setdefault("Content-Security-Policy", _FILE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
