"""The mailbox as one object: what tests and the command line use."""

from .behaviour import Behaviour
from .smtp import SmtpServer
from .store import MessageStore
from .web import WebServer


class Mailbox:
    """An SMTP server, what it accepted, and a web page to read it.

    ::

        with Mailbox(refuse_recipients={"*@nowhere.example": (550, "No")}) as mailbox:
            ...  # send to 127.0.0.1:mailbox.smtp_port
            [mail] = mailbox.wait_for(count=1)

    :param smtp_port: port of the SMTP server, 0 for any free one; or a socket
    :param http_port: port of the web page, 0 for any free one, None for no page; or a
        socket
    :param str host: address to listen on
    :param store: folder that keeps the mails; None keeps them in memory
    :param behaviour: what to refuse, see :class:`Behaviour`
    """

    def __init__(
        self, smtp_port=0, http_port=None, host="127.0.0.1", store=None, **behaviour
    ):
        self.host = host
        self.behaviour = Behaviour(**behaviour)
        self._store = MessageStore(store)
        self._smtp = SmtpServer(
            host, smtp_port, self._store.add, lambda: self.behaviour
        )
        self._web = None
        if http_port is not None:
            self._web = WebServer(host, http_port, self._store)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc_info):
        self.stop()

    def start(self):
        """Start the servers; both can be used once this has returned.

        :raise OSError: if a port is taken; nothing is running then
        """
        self._smtp.start()
        if self._web:
            try:
                self._web.start()
            except OSError:
                self._smtp.stop()
                raise

    def stop(self):
        """Stop the servers; the mails stay readable."""
        self._smtp.stop()
        if self._web:
            self._web.stop()

    @property
    def smtp_port(self):
        """The port on which the SMTP server listens."""
        return self._smtp.port

    @property
    def http_port(self):
        """The port of the web page, None if there is none."""
        return self._web and self._web.port

    @property
    def url(self):
        """The web page's address without a trailing slash, None if there is none."""
        return self._web and f"http://{self.host}:{self._web.port}"

    @property
    def messages(self):
        """The accepted mails, oldest first."""
        return self._store.all()

    @property
    def connections_made(self):
        """How many connections clients have made."""
        return self._smtp.connections_made

    def behave(self, **behaviour):
        """Replace the behaviour, for connections made from now on.

        :param behaviour: see :class:`Behaviour`; without any, everything is accepted
        """
        self.behaviour = Behaviour(**behaviour)

    def hold(self):
        """Let senders wait for the answer, see :meth:`SmtpServer.hold`."""
        return self._smtp.hold()

    def down(self):
        """Refuse connections, see :meth:`SmtpServer.down`."""
        return self._smtp.down()

    def clear(self):
        """Forget all mails."""
        self._store.clear()

    def wait_for(self, count=1, predicate=None, timeout=60.0):
        """Wait for mails, see :meth:`MessageStore.wait_for`."""
        return self._store.wait_for(count, predicate, timeout)
