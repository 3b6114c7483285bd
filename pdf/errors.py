"""What can go wrong between a document and its file."""

from odoo.exceptions import UserError


class ConverterMissing(Exception):
    """No usable ``wkhtmltopdf``; the text says what was looked for."""


class ConversionFailed(Exception):
    """One page could not be converted.

    :ivar str reason: one of ``REASONS``.
    :ivar str detail: what the converter said, for the log.
    """

    def __init__(self, reason, detail=""):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


# The converter did not answer in time, ended by itself, wrote nothing, or wrote
# something else; the report's own template failed.
HANG, CRASH, REFUSED, UNREADABLE, TEMPLATE = REASONS = (
    "hang",
    "crash",
    "refused",
    "unreadable",
    "template",
)


class DocumentConversionError(UserError):
    """Some documents of a batch have no file; the message names them.

    :ivar dict failures: the reason in words, by record id.
    :ivar dict contents: the files of the other documents (bytes), by record id.
    """

    def __init__(self, message, failures, contents):
        super().__init__(message)
        self.failures = failures
        self.contents = contents
