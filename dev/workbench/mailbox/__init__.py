"""A mailbox for development and tests: a real SMTP server that delivers nowhere.

Every mail that it accepts is kept, can be waited for by a test, and is shown on a
small web page as a mail program would show it.
"""

from .behaviour import Behaviour
from .mailbox import Mailbox
from .message import Attachment, Message

__all__ = ["Attachment", "Behaviour", "Mailbox", "Message"]
