import re
from ipaddress import ip_address, ip_network

# What is kept of an address: enough to tell networks apart, too little to find a
# person (the lengths that web analytics use to make addresses anonymous).
PREFIX_LENGTHS = {4: 24, 6: 48}


# An address as some proxies write it (Azure's, for one): with the visitor's port, and
# in brackets where that has colons itself. A zone (RFC 4007) is the host's own affair.
_WITH_PORT = re.compile(
    r"\[(?P<v6>[^\]]+)\](:\d+)?|(?P<v4>[\d.]+):\d+|(?P<other>.*)", re.DOTALL
)


def _strip_port(address):
    """Return an address without what some proxies write around it.

    :param str address: What the header says.
    :rtype: str
    """
    found = _WITH_PORT.fullmatch(address.strip().strip('"'))
    return next(filter(None, found.group("v6", "v4", "other")), "").split("%")[0]


def shorten(address):
    """Return the network of an address.

    :param str|None address: An IPv4 or IPv6 address, as the web server tells it.
    :return: The network, such as `198.51.100.0/24`; empty if it is no address.
    :rtype: str
    """
    try:
        ip = ip_address(_strip_port(address or ""))
    except ValueError:
        return ""
    # An IPv4 client of an IPv6 socket.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ip_network((ip, PREFIX_LENGTHS[ip.version]), strict=False))
