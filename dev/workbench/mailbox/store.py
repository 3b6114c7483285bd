"""Where accepted mails are kept: in memory, and in a folder if one is given."""

import json
import threading
from datetime import datetime, timezone
from pathlib import Path

from .message import Message


class MessageStore:
    """The accepted mails, in the order of their arrival. Safe to use from threads.

    With a folder, each mail is a pair of files: ``000001.eml`` as received, and
    ``000001.json`` with what the mail itself does not say, its envelope and its time.

    :param folder: path of the folder, made if it is missing; None keeps mails in
        memory only
    """

    def __init__(self, folder=None):
        self._folder = Path(folder) if folder else None
        self._changed = threading.Condition()
        self._messages = self._load()
        self._last_number = max((m.number for m in self._messages), default=0)

    def _load(self):
        """Return the mails that the folder holds from an earlier run."""
        if not self._folder:
            return []
        self._folder.mkdir(parents=True, exist_ok=True)
        return [_read(path) for path in sorted(self._folder.glob("*.eml"))]

    def add(self, envelope_from, envelope_to, raw):
        """Keep a mail and wake those that wait for one.

        :param str envelope_from: sender of the envelope
        :param list[str] envelope_to: accepted recipients of the envelope
        :param bytes raw: the mail as received
        :raise OSError: if the mail cannot be written; it is not kept then
        :rtype: Message
        """
        with self._changed:
            number = self._last_number + 1
            now = datetime.now(timezone.utc)
            message = Message(number, envelope_from, envelope_to, raw, now)
            if self._folder:
                _write(self._folder, message)
            self._last_number = number
            self._messages.append(message)
            self._changed.notify_all()
            return message

    def all(self):
        """Return the mails, oldest first, as a list of its own.

        :rtype: list[Message]
        """
        with self._changed:
            return list(self._messages)

    def get(self, number):
        """Return a mail by its number, or None.

        :param int number: the mail's number
        :rtype: Message | None
        """
        return next((m for m in self.all() if m.number == number), None)

    def clear(self):
        """Forget all mails, in the folder too. Numbers are not used again."""
        with self._changed:
            for message in self._messages if self._folder else ():
                for path in _paths(self._folder, message.number):
                    path.unlink(missing_ok=True)
            self._messages.clear()

    def wait_for(self, count=1, predicate=None, timeout=60.0):
        """Wait until enough mails are there.

        :param int count: how many mails to wait for
        :param predicate: which mails count: a function of a Message; None for all
        :param float timeout: seconds to wait at most
        :return: all mails that count, at least ``count``, oldest first
        :rtype: list[Message]
        :raise TimeoutError: if they did not arrive in time; says what is there
        """

        def found():
            return [m for m in self._messages if predicate is None or predicate(m)]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= count, timeout):
                raise TimeoutError(
                    f"{len(found())} of {count} mails after {timeout} s; "
                    f"the mailbox holds {self._messages}"
                )
            return found()


def _paths(folder, number):
    return folder / f"{number:06}.eml", folder / f"{number:06}.json"


def _write(folder, message):
    """Write a mail: its .eml file, which makes it count, comes last and whole."""
    content_path, envelope_path = _paths(folder, message.number)
    envelope = {
        "from": message.envelope_from,
        "to": message.envelope_to,
        "received_at": message.received_at.isoformat(),
    }
    envelope_path.write_text(json.dumps(envelope, indent=2), encoding="utf-8")
    part = content_path.with_suffix(".part")
    part.write_bytes(message.raw)
    part.replace(content_path)


def _read(content_path):
    envelope = json.loads(content_path.with_suffix(".json").read_text("utf-8"))
    return Message(
        int(content_path.stem),
        envelope["from"],
        envelope["to"],
        content_path.read_bytes(),
        datetime.fromisoformat(envelope["received_at"]),
    )
