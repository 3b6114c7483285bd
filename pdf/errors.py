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
# something else; the report's own template failed; the document has no text, or header
# and footer leave no room for it; what matters most of it (its number, an amount) is
# missing, off the sheet, or printed over something else.
REASONS = (
    *("hang", "crash", "refused", "unreadable", "template"),
    *("empty", "no_room", "incomplete", "off_sheet", "overprinted"),
)
HANG, CRASH, REFUSED, UNREADABLE, TEMPLATE = REASONS[:5]
EMPTY, NO_ROOM, INCOMPLETE, OFF_SHEET, OVERPRINTED = REASONS[5:]


class DocumentConversionError(UserError):
    """Some documents of a batch have no file; the message names them.

    :ivar dict failures: the reason in words, by record id.
    :ivar core_bridge.Prepared prepared: the files of the other documents. Who can go on
        without the failed ones calls again for the rest, with this as the context key
        ``account_payment_portal_pdf``: nothing is converted twice.
    """

    def __init__(self, message, failures, prepared):
        super().__init__(message)
        self.failures = failures
        self.prepared = prepared
