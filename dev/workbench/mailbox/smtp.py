"""The SMTP side of the mailbox, on aiosmtpd."""

import asyncio
import logging
import socket
import threading
from contextlib import contextmanager

from aiosmtpd.smtp import MISSING, SMTP, AuthResult

from .message import readable

_logger = logging.getLogger(__name__)

# A name of our own: aiosmtpd would look up the machine's, which can take seconds.
_HOST_NAME = "mailbox.localhost"
_STOP_TIMEOUT = 5.0


class SmtpServer:
    """An SMTP server in a thread of its own.

    :param str host: address to listen on
    :param port: port to listen on, 0 for any free one; or a socket that listens
    :param deliver: function of the envelope's sender, its recipients and the mail's
        bytes, called before the mail is accepted
    :param get_behaviour: function that returns the Behaviour of the moment
    """

    def __init__(self, host, port, deliver, get_behaviour):
        self._host, self._wanted = host, port
        self._deliver = deliver
        self._get_behaviour = get_behaviour
        self._connections = set()
        self._loop = self._stopping = self._answering = self._thread = None
        self.port = None
        #: How many connections there have been.
        self.connections_made = 0

    def start(self):
        """Listen; a client can connect once this has returned.

        :raise OSError: if the port is taken
        """
        listener = self._wanted
        if isinstance(listener, int):
            listener = socket.create_server((self._host, listener))
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)),
            name="mailbox-smtp",
            daemon=True,
        )
        self._thread.start()
        ready.wait()

    def stop(self):
        """Cut open connections and stop; idempotent."""
        if self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_TIMEOUT)
        self._thread = None

    @contextmanager
    def hold(self):
        """Answer no mail's content before the end of the ``with`` block."""
        self._loop.call_soon_threadsafe(self._answering.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._answering.set)

    @contextmanager
    def down(self):
        """Refuse connections until the end of the ``with`` block, on the same port."""
        self.stop()
        # Bound and not listening: who asks for any free port does not get this one.
        reserved = socket.socket()
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((self._host, self.port))
        try:
            yield
        finally:
            reserved.listen()
            self._wanted = reserved
            self.start()

    async def _serve(self, listener, ready):
        """Serve until told to stop (the thread's body)."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._answering = asyncio.Event()
        self._answering.set()
        server = await self._loop.create_server(self._make_connection, sock=listener)
        ready.set()
        await self._stopping.wait()
        server.close()
        for connection in list(self._connections):
            connection.cut()

    def _make_connection(self):
        self.connections_made += 1
        behaviour = self._get_behaviour()
        handler = _Handler(behaviour, self._deliver, self._answering)
        return _Connection(handler, behaviour, self._connections, self._loop)


def _cuttable(command, stage):
    """Return an override of a command of `aiosmtpd` that can cut the connection.

    :param command: aiosmtpd's own
    :param str stage: at which it cuts, see ``DROP_STAGES``
    """

    async def answer(connection, arg):
        if not connection._cut_at(stage):
            await command(connection, arg)

    return answer


class _Connection(SMTP):
    """One client's connection, which can be cut at a chosen stage."""

    def __init__(self, handler, behaviour, connections, loop):
        self._behaviour = behaviour
        self.connections = connections
        #: How many mails were taken on it.
        self.taken = 0
        super().__init__(
            handler,
            data_size_limit=behaviour.max_size,
            enable_SMTPUTF8=True,
            hostname=_HOST_NAME,
            ident="mailbox",
            # AUTH is only announced where it is asked for; the connection is loopback.
            auth_require_tls=not behaviour.require_auth,
            authenticator=handler.authenticate,
            loop=loop,
        )

    def connection_made(self, transport):
        """Override of `aiosmtpd`: know the open connections."""
        super().connection_made(transport)
        self.connections.add(self)
        self._cut_at("connect")

    def connection_lost(self, error):
        """Override of `aiosmtpd`: know the open connections."""
        self.connections.discard(self)
        super().connection_lost(error)

    smtp_HELO = _cuttable(SMTP.smtp_HELO, "helo")
    smtp_EHLO = _cuttable(SMTP.smtp_EHLO, "helo")
    smtp_RCPT = _cuttable(SMTP.smtp_RCPT, "rcpt")
    smtp_DATA = _cuttable(SMTP.smtp_DATA, "data")

    async def smtp_MAIL(self, arg):
        """Override of `aiosmtpd`: can cut the connection, or end it."""
        limit = self._behaviour.max_mails
        if limit is not None and self.taken >= limit:
            await self.push("421 4.7.0 Too many mails on this connection")
        if not self._cut_at("mail"):
            await super().smtp_MAIL(arg)

    async def push(self, status):
        """Override of `aiosmtpd`: 421 is the last that a connection says."""
        await super().push(status)
        if status[:3] in ("421", b"421"):
            self.transport.close()
            raise ConnectionResetError("ended by the configured behaviour")

    def cut(self):
        """End the connection without a word."""
        self.transport.abort()

    def _cut_at(self, stage):
        """Cut the connection if this is the stage for it; tell whether it was."""
        if self._behaviour.drop_connection != stage:
            return False
        self.cut()
        return True


class _Handler:
    """Answers the commands of one connection as the Behaviour says."""

    def __init__(self, behaviour, deliver, answering):
        self._behaviour = behaviour
        self._deliver = deliver
        self._answering = answering

    def authenticate(self, _server, _session, _envelope, _mechanism, credentials):
        """Check a login.

        :return: the result that aiosmtpd answers with
        :rtype: AuthResult
        """
        given = (credentials.login.decode(), credentials.password.decode())
        success = given == self._behaviour.require_auth
        return AuthResult(success=success, handled=False)

    async def handle_MAIL(self, server, session, envelope, address, options):
        """Refuse a sender; anything else is aiosmtpd's default."""
        if self._behaviour.require_auth and not session.authenticated:
            return "530 5.7.0 Authentication required"
        opened = len(server.connections)
        return self._behaviour.reply_to_sender(address, opened) or MISSING

    async def handle_RCPT(self, _server, _session, envelope, address, options):
        """Refuse a recipient; anything else is aiosmtpd's default."""
        return self._behaviour.reply_to_recipient(address) or MISSING

    async def handle_DATA(self, server, _session, envelope):
        """Refuse a mail, or keep it and say so."""
        await asyncio.sleep(self._behaviour.delay)
        await self._answering.wait()
        stage = self._behaviour.drop_connection
        refusal = self._behaviour.reply_to_content()
        if refusal and stage != "content":
            return refusal
        reply = None if stage == "content" else self._accept(server, envelope)
        if stage in ("content", "taken"):
            server.cut()
            raise ConnectionResetError("cut by the configured behaviour")
        return reply

    def _accept(self, server, envelope):
        """Keep a mail and return the reply that says so."""
        recipients = [readable(address) for address in envelope.rcpt_tos]
        sender = readable(envelope.mail_from).removeprefix("<>")
        message = self._deliver(sender, recipients, envelope.content)
        self._behaviour.taken.append(self._behaviour.clock())
        server.taken += 1
        _logger.info("Accepted mail %s for %s", message.number, ", ".join(recipients))
        return f"250 OK, kept as {message.number}"
