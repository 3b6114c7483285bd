"""What is raised when a payment cannot be started, or is left open."""

from odoo.exceptions import ValidationError


class PortalPaymentValidationError(ValidationError):
    """A payment cannot be started.

    The code and the field go to the browser in the error's `context`.
    """

    def __init__(self, code, message, field=None):
        """Say why.

        :param str code: `invalid`, `in_progress`, `not_payable`, `option_unavailable`,
            `unreachable` or `refused`.
        :param str message: Why, in words for the customer.
        :param str field: The field of the form that is wrong, if one is.
        """
        super().__init__(message)
        self.code = code
        self.field = field
        self.context = {"code": code, "field": field}


class UnansweredChargeError(Exception):
    """A provider was asked to charge a card, and did not say whether it has."""
