"""Text that strangers enter in one line."""

import re
import unicodedata

#: They look like nothing, though Unicode calls them letters, marks or symbols.
BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
#: They join letters of Persian or Hindi, and parts of emoji: only between two of them.
JOINERS = "\u200c\u200d"
_STRAY_JOINERS = re.compile(rf"(?<!\S)[{JOINERS}]+|[{JOINERS}]+(?!\S)")


def clean_line(text):
    """Return text without what cannot be seen, in one line.

    Control and format characters, halves of characters, and blanks that pass for
    letters are left out; any white space is one space.

    :param str text: The text as entered.
    :rtype: str
    """
    # White space first: a tab or a line break parts words.
    visible = "".join(
        char
        for char in " ".join(text.split())
        if char in JOINERS
        or (unicodedata.category(char)[0] != "C" and char not in BLANKS)
    )
    return " ".join(_STRAY_JOINERS.sub("", visible).split())
