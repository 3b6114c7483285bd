"""The sandbox as a running HTTP server."""

import collections
import contextlib
import logging
import secrets
import socket
import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from . import attempts, bank_debits, control, disputing, render
from .api import Api
from .backend import Backend, Settings
from .clock import DAY
from .faults import ConnectionDropped, Faults
from .pages import Pages
from .resources import refunds, webhook_endpoints
from .webhooks import Webhooks

_logger = logging.getLogger(__name__)

ACTIONS = {
    "dispute": disputing.open_dispute,
    "end_verification": bank_debits.end_verification,
    "expire_authorization": attempts.expire_authorization,
    "fail_refund": refunds.fail_refund,
    "post_charge": attempts.post_charge,
    "settle": bank_debits.settle,
    "succeed_refund": refunds.succeed_refund,
}
# Odoo's payment_stripe asks Stripe for events in this version.
_WEBHOOK_VERSION = "2019-05-16"
_HOST = "127.0.0.1"
_REQUESTS_KEPT = 10000


class StripeSandbox:
    """A stand-in for Stripe on one port of this machine.

    :param int port: 0 takes a free one.
    :param int fd: a socket that listens already, instead of a port.
    :param str webhook_url: gets every event, signed with ``webhook_secret``.
    :param str webhook_secret: the ``whsec_…`` of that URL.
    :param str state_file: keeps everything over a restart.
    :param str secret_key: ``sk_test_…``; a random one by default.
    :param str publishable_key: ``pk_test_…``; a random one by default.
    :param options: fields of :class:`backend.Settings`.
    """

    def __init__(
        self,
        port=0,
        webhook_url=None,
        webhook_secret=None,
        state_file=None,
        secret_key=None,
        publishable_key=None,
        fd=None,
        **options,
    ):
        self.port, self._fd = port, fd
        self.state_file = state_file and Path(state_file)
        self.backend = Backend(Settings(**options))
        self.backend.actions = ACTIONS
        if self.state_file and self.state_file.exists():
            self.backend.clock.offset = self.backend.store.load(self.state_file)
        self.secret_key = self._key("secret_key", secret_key, "sk_test_")
        self.publishable_key = self._key("publishable_key", publishable_key, "pk_test_")
        self.webhook_secret = self._key("webhook_secret", webhook_secret, "whsec_")
        self.webhook_url = webhook_url
        self.requests_seen = collections.deque(maxlen=_REQUESTS_KEPT)
        self.faults = Faults()
        self.webhooks = Webhooks(self.backend)
        self.control = control.Control(self)
        self._api, self._pages = Api(self), Pages(self)
        self._control_api = control.ControlApi(self)
        self._server = self._thread = None

    def _key(self, name, given, prefix):
        """Return a key as given, as kept or new, and keep it."""
        kept = self.backend.store.secrets
        kept[name] = given or kept.get(name) or prefix + secrets.token_hex(24)
        return kept[name]

    # Life.

    @property
    def url(self):
        """The base URL, without a slash at its end."""
        return f"http://{_HOST}:{self.port}"

    def start(self):
        """Listen, answer in the background, and return the sandbox."""
        self._server = make_server(
            _HOST,
            self.port,
            self,
            threaded=True,
            request_handler=_QuietHandler,
            fd=self._fd,
        )
        self._server.daemon_threads = True
        self.port = self._server.port
        self.backend.base_url = self.url
        self._register_endpoint()
        self._resume_deliveries()
        self.webhooks.start()
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="stripe-sandbox", daemon=True
        )
        self._thread.start()
        return self

    def stop(self):
        """Stop listening and delivering, and save the state."""
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        with contextlib.suppress(OSError):  # wakes the server out of its poll
            socket.create_connection((_HOST, self.port), 1).close()
        ending.join()
        self._thread.join()
        self._server.server_close()
        self.webhooks.stop()
        self.save()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc_info):
        self.stop()

    def _register_endpoint(self):
        """Make the configured URL an endpoint, or the kept one point at it."""
        found = self.backend.store.objects["webhook_endpoint"].values()
        kept = next((e for e in found if e.get("_configured")), None)
        if kept:
            status = "enabled" if self.webhook_url else "disabled"
            kept.update(
                status=status,
                url=self.webhook_url or kept["url"],
                api_version=_WEBHOOK_VERSION,
                _secret=self.webhook_secret,
            )
        elif self.webhook_url:
            self.add_webhook_endpoint(
                self.webhook_url, api_version=_WEBHOOK_VERSION, _configured=True
            )

    def _resume_deliveries(self):
        """Send again what was not acknowledged when the sandbox stopped."""
        for event in self.backend.store.objects["event"].values():
            if event["pending_webhooks"]:
                self.webhooks.enqueue(event)

    def add_webhook_endpoint(self, url, **values):
        """Send all events to one more URL and return the endpoint's id.

        :param values: members of the endpoint, such as ``api_version``.
        """
        values.update(url=url, enabled_events=["*"])
        with self.backend.lock:
            endpoint = webhook_endpoints.add(
                self.backend, self.webhook_secret, **values
            )
        return endpoint["id"]

    def save(self):
        """Write the state file, if there is one."""
        if self.state_file:
            with self.backend.lock:
                self.backend.store.save(self.state_file, self.backend.clock.offset)

    # What tests look at and pull.

    @property
    def requests(self):
        """All API requests so far, as :class:`api.ApiRequest`."""
        return list(self.requests_seen)

    def objects(self, kind):
        """Return all objects of a type, oldest first, as the newest version has them.

        :param str kind: such as ``payment_intent``.
        """
        version = self.backend.settings.default_api_version
        with self.backend.lock:
            found = self.backend.store.objects[kind].values()
            return [render.plain(self.backend, obj, version) for obj in found]

    def advance_time(self, days=0, hours=0, seconds=0):
        """Put the sandbox's clock forward; what becomes due on the way happens."""
        delta = int(days * DAY + hours * 3600 + seconds)
        self.backend.run_due(self.backend.now() + delta)
        self.save()

    # WSGI.

    def __call__(self, environ, start_response):
        """Answer a request."""
        request = Request(environ)
        try:
            response = self._dispatch(request)
        except ConnectionDropped:
            _cut(environ)
            raise ConnectionError("dropped on demand") from None
        return response(environ, start_response)

    def _dispatch(self, request):
        if request.path.startswith("/v1"):
            return self._api.answer(request)
        if request.path.startswith("/_sandbox/"):
            return self._control_api.answer(request)
        if request.method not in ("GET", "HEAD", "POST"):
            return Response(status=405)
        return self._pages.answer(request)


def _cut(environ):
    connection = environ.get("werkzeug.socket")
    if connection:
        connection.shutdown(socket.SHUT_RDWR)


class _QuietHandler(WSGIRequestHandler):
    """Writes no query string: it may hold a client secret."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        path = getattr(self, "path", "").partition("?")[0]
        if not path.startswith(("/v1", "/3ds", "/microdeposits")):
            _logger.debug("%s %s %s", self.command, path, code)

    def log(self, type_, message, *args):
        if type_ == "error":
            _logger.debug("request ended early")
