"""Errors as the Stripe API reports them.

The shape, the types and the codes follow Stripe's API reference
(https://docs.stripe.com/api/errors and https://docs.stripe.com/error-codes).
"""

INVALID_REQUEST = "invalid_request_error"
CARD_ERROR = "card_error"
IDEMPOTENCY_ERROR = "idempotency_error"
API_ERROR = "api_error"


class StripeError(Exception):
    """An answer other than 200, with the body that Stripe gives.

    :param int status: HTTP status.
    :param str error_type: one of Stripe's error types.
    :param str message: the sentence for the developer, or for the payer when the
        type is ``card_error``.
    :param str code: Stripe's short error code, if the case has one.
    :param str param: the parameter that is to blame, in form notation.
    :param dict headers: further response headers.
    :param extra: further members of the error object, such as ``decline_code``
        or ``payment_intent`` (a stored object, rendered by the API layer).
    """

    def __init__(
        self,
        status,
        error_type,
        message,
        *,
        code=None,
        param=None,
        headers=None,
        **extra,
    ):
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.members = {"code": code, "param": param, "type": error_type, **extra}

    def body(self):
        """Return the JSON body: ``{"error": {…}}`` without empty members."""
        error = {key: value for key, value in self.members.items() if value is not None}
        error["message"] = self.message
        if "code" in error:
            slug = error["code"].replace("_", "-")
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{slug}"
        return {"error": dict(sorted(error.items()))}


def invalid(message, param=None, code=None, status=400, **extra):
    """Return an ``invalid_request_error``."""
    return StripeError(
        status, INVALID_REQUEST, message, code=code, param=param, **extra
    )


def missing(param):
    """Return the error for a required parameter that was not sent."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def exclusive(*names, param=None):
    """Return the error for parameters of which only one may be sent."""
    listed = ", ".join(names)
    return invalid(f"You may only specify one of these parameters: {listed}.", param)


def not_positive(param):
    """Return the error for a number below 1 where it has no sense."""
    return invalid(
        "This value must be greater than or equal to 1.",
        param,
        "parameter_invalid_integer",
    )


def invalid_email(email, param):
    """Return the error for a text that is no e-mail address."""
    return invalid(f"Invalid email address: {email}", param, "email_invalid")


def unusable_type(kind, param):
    """Return the error for a type of payment method that the account has not."""
    return invalid(
        f'The payment method type "{kind}" is invalid. Please ensure the provided type'
        " is activated in your dashboard"
        " (https://dashboard.stripe.com/account/payments/settings) and your account is"
        " enabled for any preview features that you are trying to use.",
        param,
        "payment_intent_invalid_parameter",
    )


def unknown(params):
    """Return the error for parameters that the endpoint does not have."""
    plural = "s" if len(params) > 1 else ""
    return invalid(
        f"Received unknown parameter{plural}: {', '.join(params)}",
        params[0],
        "parameter_unknown",
    )


def empty(param):
    """Return the error for an empty string where nothing can be unset."""
    return invalid(
        f"You passed an empty string for '{param}'. We assume empty values are an"
        f" attempt to unset a parameter; however '{param}' cannot be unset. You"
        f" should remove '{param}' from your request or supply a non-empty value.",
        param,
        "parameter_invalid_empty",
    )


def no_such(kind, object_id, param="id", status=404):
    """Return the error for an id that does not exist.

    :param str kind: the object's name in the message, such as ``customer``.
    :param int status: 404 when the id stands in the path, 400 in a parameter.
    """
    return invalid(
        f"No such {kind}: '{object_id}'", param, "resource_missing", status=status
    )


def unimplemented(params):
    """Return the sandbox's own refusal of what Stripe has and it has not.

    A stand-in that ignored such a parameter would let a wrong program pass.
    """
    return StripeError(
        501,
        API_ERROR,
        f"The Stripe sandbox does not implement: {', '.join(sorted(params))}.",
        code="sandbox_not_implemented",
    )


def unexpected_state(intent, message):
    """Return the refusal of an action that the intent's status does not allow."""
    return invalid(
        message,
        code=f"{intent['object']}_unexpected_state",
        **{intent["object"]: intent},
    )
