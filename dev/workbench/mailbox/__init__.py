"""A mailbox for development and tests: a real SMTP server that delivers nowhere.

Every mail that it accepts is kept, can be waited for by a test, and is shown on a small
web page. What it refuses, and when, it is told by a :class:`Behaviour`.
"""

from .behaviour import Behaviour
from .mailbox import Mailbox
from .message import Attachment, Message
from .store import MessageStore

__all__ = ["Attachment", "Behaviour", "Mailbox", "Message", "MessageStore"]
