"""API keys: who calls, and what a publishable key may do."""

import hmac
import re

from .errors import INVALID_REQUEST, StripeError, invalid

API = "api"
BROWSER = "browser"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Stripe"'}


def key_of(request, params):
    """Return the API key of a request, or None.

    Stripe takes it as bearer token, as user name of basic authentication, or from
    Stripe.js as the parameter ``key``.
    """
    given = request.authorization
    return given.token or given.username if given else params.get("key")


def source_of(key, secret_key, publishable_key):
    """Return :data:`API` or :data:`BROWSER` for a valid key.

    :raise StripeError: 401 for none or a wrong one.
    """
    if not key:
        raise _refuse(
            "You did not provide an API key. You need to provide your API key in the"
            " Authorization header, using Bearer auth (e.g. 'Authorization: Bearer"
            " YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for"
            " details, or we can help at https://support.stripe.com/."
        )
    if hmac.compare_digest(key.encode(), secret_key.encode()):
        return API
    if hmac.compare_digest(key.encode(), publishable_key.encode()):
        return BROWSER
    raise _refuse(f"Invalid API Key provided: {masked(key)}")


def masked(key):
    """Return a key with all but its kind and its end replaced."""
    visible = key[-4:] if len(key) > 12 else ""
    kind = re.match("[sp]k_(test|live)_|", key)[0]
    return f"{kind}{'*' * 16}{visible}"


def require_secret_key(source):
    """Refuse the publishable key."""
    if source == BROWSER:
        raise _refuse(
            "This API call cannot be made with a publishable API key. Please use a"
            " secret API key. You can find a list of your API keys at"
            " https://dashboard.stripe.com/account/apikeys.",
            "secret_key_required",
        )


def check_client_secret(intent, client_secret, source):
    """Refuse a missing or wrong client secret.

    :param str client_secret: as sent, or None; only the publishable key needs it.
    """
    if client_secret is None and source == API:
        return
    given = client_secret or ""
    if not hmac.compare_digest(given.encode(), intent["client_secret"].encode()):
        raise invalid(
            "The client_secret provided does not match any associated"
            f" {intent['object']} on this account. Ensure the provided client_secret"
            " and object ID match, and that this account owns the object.",
            "client_secret",
            f"{intent['object']}_invalid_parameter",
        )


def _refuse(message, code=None):
    return StripeError(401, INVALID_REQUEST, message, code=code, headers=_CHALLENGE)
