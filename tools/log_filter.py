"""Keep the tokens of links out of every log of the process."""

import logging
import re

_TOKEN = re.compile(r"(/portal/invoice/)[\w-]{16,}")


def hide_tokens(text):
    """Return a text without the tokens in it.

    :param str text: A line of a log, a path, a message.
    :rtype: str
    """
    return _TOKEN.sub(r"\1***", text)


def _hide_in_record(record):
    """Rewrite a record that tells a token, formatted as it would be.

    :param logging.LogRecord record: The record; changed in place.
    """
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - a malformed record is its handler's to report.
        return
    if "/portal/invoice/" in message:
        record.msg, record.args = hide_tokens(message), None


def install():
    """Have all records made from now on pass here, whichever logger makes them.

    A filter on one logger would miss the others: the web server's access log, Odoo's
    warnings that name a path, a proxy's or a library's.
    """
    make_record = logging.getLogRecordFactory()
    if getattr(make_record, "hides_portal_tokens", False):
        return

    def make_silent_record(*args, **kwargs):
        record = make_record(*args, **kwargs)
        if "/portal/invoice/" in f"{record.msg}{record.args}":
            _hide_in_record(record)
        return record

    make_silent_record.hides_portal_tokens = True
    logging.setLogRecordFactory(make_silent_record)
