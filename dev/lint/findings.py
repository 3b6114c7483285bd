"""One thing that a check does not like, and where it is."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What a check reports.

    :param str path: the file, relative to the repository's root
    :param int line: counted from 1
    :param str message: what is wrong
    """

    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"
