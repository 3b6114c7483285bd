"""Keep the tokens of links out of every log of the process."""

import logging
import re

# A character may stand for itself or be percent-encoded, once or several times; the
# web server decodes an address before it looks for its route, and logs it as it came.
_PERCENT = r"%(?:25)*"


def _spell(word):
    """Return the pattern of a word in any spelling that an address can have.

    :param str word: ASCII letters.
    :rtype: str
    """
    return "".join(
        f"(?:{letter}|{_PERCENT}(?:{ord(letter):x}|{ord(letter.upper()):x}))"
        for letter in word
    )


# Any number of slashes, also as JSON, HTML and backslashes have them; what is between
# the words may be more than that (`/./`, `/../`).
_SLASH = rf"(?:[/\\.]|{_PERCENT}(?:2f|5c|2e)|&#(?:47|x2f);)+"
_CHARACTER = rf"(?:[\w-]|{_PERCENT}(?!2f|5c|3f|23)[0-9a-f]{{2}})"
_ADDRESS = re.compile(
    rf"({_spell('portal')}{_SLASH}(?:{_spell('invoice')}|{_spell('account')}){_SLASH}"
    rf"(?:{_spell('preview')}{_SLASH})?)"
    rf"{_CHARACTER}{{16,}}",
    re.IGNORECASE,
)
# Where tokens are looked for without an address before them: next to these words, as
# statements of the database have them.
_MARKS = re.compile(
    rf"{_spell('portal')}.{{0,40}}(?:{_spell('invoice')}|{_spell('account')})"
    r"|account_move_portal_link|landing_route",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = re.compile(r"(?<![\w-])(?=[\w%-]*[A-Z])(?=[\w%-]*[a-z])[\w-]{40,}")


def hide_tokens(text):
    """Return a text without the tokens in it.

    :param str text: A line of a log, a path, a message, a traceback.
    :rtype: str
    """
    if not _MARKS.search(text):
        return text
    return _TOKEN.sub("***", _ADDRESS.sub(r"\1***", text))


def _hide_in_record(record):
    """Rewrite a record that tells a token, formatted as it would be.

    :param logging.LogRecord record: The record; changed in place.
    """
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - a malformed record is its handler's to report.
        return
    hidden = hide_tokens(message)
    if hidden != message:
        record.msg, record.args = hidden, None
    if record.exc_info and record.exc_info[0]:
        # What formatters show of an exception, if it is there.
        record.exc_text = hide_tokens(
            logging.Formatter().formatException(record.exc_info)
        )
    if record.stack_info:
        record.stack_info = hide_tokens(record.stack_info)


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
        _hide_in_record(record)
        return record

    make_silent_record.hides_portal_tokens = True
    logging.setLogRecordFactory(make_silent_record)
