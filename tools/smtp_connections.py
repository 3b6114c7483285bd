"""Connections to mail servers that more than one email goes through."""

import smtplib
from contextlib import suppress


class Connections:
    """One connection for each mail server and sender, kept until the end of a run.

    A server may end a connection at any time, after a number of mails above all. A
    connection that has gone must not be found out by handing an email over: nobody
    could tell whether it arrived. So it is asked first, by a command that does nothing.
    """

    def __init__(self):
        self._sessions = {}
        self._reused = set()

    def take(self, key, connect):
        """Return a connection that is there, the one of before if it still works.

        :param key: What it is for: the server and the sender.
        :param connect: Function that makes a new one.
        :rtype: smtplib.SMTP | None
        """
        session = self._sessions.get(key)
        if session is not None and not _is_alive(session):
            self.drop(session)
            session = None
        if session is not None:
            self._reused.add(id(session))
        else:
            session = self._sessions[key] = connect()
        return session

    def is_reused(self, session):
        """Return whether an earlier email went through a connection.

        :param smtplib.SMTP session: The connection.
        :rtype: bool
        """
        return id(session) in self._reused

    def drop(self, session):
        """Use a connection no more: nobody knows what state it is in.

        :param smtplib.SMTP session: The connection.
        """
        for key, known in list(self._sessions.items()):
            if known is session:
                del self._sessions[key]
        self._reused.discard(id(session))
        close(session)

    def close(self):
        """End all connections."""
        for session in self._sessions.values():
            close(session)
        self._sessions.clear()


def close(session):
    """End a connection, whatever state it is in.

    :param smtplib.SMTP|None session: The connection; None in tests.
    """
    if session is not None:
        with suppress(smtplib.SMTPException, OSError):
            session.quit()


def _is_alive(session):
    """Return whether a connection takes another email."""
    try:
        # RFC 5321, sections 4.1.1.5 and 4.1.1.9: undoes what was begun; does nothing.
        return session.rset()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False
