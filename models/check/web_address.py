"""Checks of the address that customers come to."""

import ipaddress
from urllib.parse import urlsplit

from .finding import ERROR, OK, PARAMETERS, WARNING, Finding

#: Names that mean nothing outside one network (RFC 6761, RFC 6762, RFC 8375).
_LOCAL_ENDINGS = (
    *(".localhost", ".local", ".localdomain", ".internal", ".lan", ".home.arpa"),
    *(".test", ".example", ".invalid"),
)


def is_reachable(host):
    """Return whether a host may be reached from the internet, by its name alone.

    :param str host: A name or an IP address.
    :rtype: bool
    """
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.lower().rstrip(".")
        return "." in name and not f".{name}".endswith(_LOCAL_ENDINGS)


def opens_everywhere(url):
    """Return whether customers can open what begins with an address.

    :param str url: The address.
    :rtype: bool
    """
    scheme, host = _split(url)
    return scheme == "https" and is_reachable(host)


def _split(url):
    """Return the scheme and the host of an address; empty if it is none.

    :param str url: The address.
    :rtype: tuple[str, str]
    """
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or ""
    except ValueError:  # Someone has mistyped web.base.url.
        return "", ""


def check_web_address(company):
    """Check that links begin with an address that opens everywhere, and stays.

    :param res.company company: Whose links, in sudo mode.
    :rtype: list[Finding]
    """
    env = company.env
    url = company.get_base_url()
    scheme, host = _split(url)
    is_frozen = env["ir.config_parameter"].get_param("web.base.url.freeze")
    if not is_reachable(host):
        level = ERROR
        message = env._(
            "Links begin with %(url)s, which customers cannot open. Set web.base.url "
            "to the address under which they reach this Odoo.",
            url=url,
        )
    elif scheme != "https":
        level = ERROR
        message = env._(
            "Links begin with %(url)s, which is not encrypted. Set web.base.url to an "
            "address that begins with https://. Stripe requires this too.",
            url=url,
        )
    elif is_frozen in (False, "", "False", "0"):
        level = WARNING
        message = env._(
            "Links begin with %(url)s, but that changes when an administrator logs in "
            "under another address. Add the parameter web.base.url.freeze with the "
            "value True.",
            url=url,
        )
    else:
        level, message = OK, env._("Links begin with %(url)s.", url=url)
    name = env._("Web address")
    return [Finding("web_address", name, level, message, PARAMETERS)]
