"""What travels through core's report methods in place of HTML and files."""

from typing import NamedTuple

from .document import joined
from .errors import ConversionFailed


class ReportHtml(bytes):
    """A report's HTML on its way through core's methods to our converter.

    :ivar list documents: its documents, or
    :ivar bytes content: the file that was made of it already, and
    :ivar int res_id: the record that the file belongs to.
    """

    documents = ()
    content = None
    res_id = None


class Prepared:
    """Files made ahead; compared by identity, as the value of a context key."""

    def __init__(self, report, contents):
        self.report = report
        self.contents = contents


class Result(NamedTuple):
    """A finished file, or the reason why there is none.

    :ivar tuple[check.Finding] warnings: what is wrong with a file that may be sent.
    """

    res_id: int | None
    content: bytes | None
    failure: ConversionFailed | None
    warnings: tuple = ()


def by_record(results):
    """The finished files by record id; the parts of one record put together.

    :param list[Result] results: in the documents' order.
    :rtype: dict[int, bytes]
    """
    parts = {}
    for result in results:
        parts.setdefault(result.res_id, []).append(result)
    return {
        res_id: joined([result.content for result in own])
        for res_id, own in parts.items()
        if not any(result.failure for result in own)
    }
