"""How the SMTP server treats its clients: what it refuses, and how."""

import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

#: The moments at which a connection can be cut, in the order of an SMTP dialogue
#: (RFC 5321, section 3): at once, at HELO/EHLO, MAIL, RCPT, DATA, when the mail's
#: content has arrived, and when it has been taken: then the client cannot know.
DROP_STAGES = ("connect", "helo", "mail", "rcpt", "data", "content", "taken")


class Rate(NamedTuple):
    """How many mails a server takes in how much time, as hosted mail servers limit it.

    :param int mails: that are taken within the time; the next ones are refused
    :param float seconds: the time; with infinity, only so many are taken at all
    :param tuple reply: to MAIL, once there are too many
    """

    mails: int
    seconds: float = float("inf")
    reply: tuple = (450, "4.7.1 Too many mails, try again later")


@dataclass(frozen=True)
class Behaviour:
    """What a server does instead of accepting every mail at once.

    A *reply* is a pair of an SMTP reply code and its text: ``(550, "No such user")``.
    Codes from 400 to 499 are temporary and from 500 to 599 permanent failures
    (RFC 5321, section 4.2.1); 421 ends the connection (section 3.8). A *pattern* is a
    shell-style pattern, matched against the whole address without regard to case:
    ``"*@example.org"``.

    :param dict refuse_recipients: replies to RCPT, by pattern of the recipient
    :param refuse_sender: reply to MAIL: one for every sender, or a dict of replies by
        pattern of the sender
    :param tuple refuse_data: reply to the content of every mail
    :param Rate rate: how many mails are taken, see :class:`Rate`
    :param int max_mails: how many mails are taken on one connection before it is ended
        by 421
    :param tuple max_connections: how many connections may be open, and the reply to
        MAIL on any more: ``(3, (432, "4.3.2 Concurrent connections limit exceeded"))``
    :param int max_size: largest accepted mail in bytes, announced by the SIZE extension
        (RFC 1870); None for no limit
    :param tuple require_auth: user and password that a client must give by AUTH
    :param str drop_connection: one of ``DROP_STAGES``, at which the connection is cut
        without an answer
    :param float delay: seconds before the content of a mail is answered
    :param clock: returns the seconds that ``rate`` goes by; for tests with their own
    :raise ValueError: on an unknown stage or on a reply whose code is no refusal
    """

    refuse_recipients: dict = field(default_factory=dict)
    refuse_sender: tuple | dict | None = None
    refuse_data: tuple | None = None
    rate: Rate | None = None
    max_mails: int | None = None
    max_connections: tuple | None = None
    max_size: int | None = None
    require_auth: tuple | None = None
    drop_connection: str | None = None
    delay: float = 0.0
    clock: object = time.monotonic
    #: When mails were taken, by this behaviour's clock.
    taken: list = field(default_factory=list, init=False, compare=False)

    def __post_init__(self):
        if self.drop_connection not in (None, *DROP_STAGES):
            raise ValueError(f"{self.drop_connection!r} is not one of {DROP_STAGES}")
        for code, _text in self._replies():
            if not 400 <= code <= 599:
                raise ValueError(f"{code} is not the code of a refusal")

    def _replies(self):
        replies = [*self.refuse_recipients.values(), *self._senders().values()]
        replies += [self.refuse_data] if self.refuse_data else []
        replies += [self.rate.reply] if self.rate else []
        return replies + ([self.max_connections[1]] if self.max_connections else [])

    def _senders(self):
        """Return the replies to senders, by pattern."""
        if isinstance(self.refuse_sender, tuple):
            return {"*": self.refuse_sender}
        return self.refuse_sender or {}

    def reply_to_sender(self, address, open_connections):
        """Return the refusal of a sender, or None.

        :param str address: the address given by MAIL
        :param int open_connections: how many there are now
        :rtype: str | None
        """
        if self.max_connections and open_connections > self.max_connections[0]:
            return _format_reply(self.max_connections[1])
        if self.rate:
            since = self.clock() - self.rate.seconds
            if sum(moment > since for moment in self.taken) >= self.rate.mails:
                return _format_reply(self.rate.reply)
        return _first_match(self._senders(), address)

    def reply_to_recipient(self, address):
        """Return the refusal of a recipient, or None.

        :param str address: the address given by RCPT
        :rtype: str | None
        """
        return _first_match(self.refuse_recipients, address)

    def reply_to_content(self):
        """Return the refusal of a mail's content, or None.

        :rtype: str | None
        """
        return _format_reply(self.refuse_data) if self.refuse_data else None


def _first_match(replies, address):
    """Return the reply of the first pattern that matches an address, or None."""
    for pattern, reply in replies.items():
        if fnmatchcase(address.lower(), pattern.lower()):
            return _format_reply(reply)
    return None


def _format_reply(reply):
    code, text = reply
    return f"{code} {text}"
