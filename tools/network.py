from ipaddress import ip_address, ip_network

# What is kept of an address: enough to tell networks apart, too little to find a
# person (the lengths that web analytics use to make addresses anonymous).
PREFIX_LENGTHS = {4: 24, 6: 48}


def shorten(address):
    """Return the network of an address.

    :param str|None address: An IPv4 or IPv6 address, as the web server tells it.
    :return: The network, such as `198.51.100.0/24`; empty if it is no address.
    :rtype: str
    """
    try:
        ip = ip_address(address or "")
    except ValueError:
        return ""
    # An IPv4 client of an IPv6 socket.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ip_network((ip, PREFIX_LENGTHS[ip.version]), strict=False))
