"""Free TCP ports on the loopback interface."""

import os
import socket

HOST = "127.0.0.1"
#: How many numbers after the preferred one are tried before any free one is taken.
NEIGHBOURS = 20


def is_free(port):
    """Whether a server could listen on this port now.

    :rtype: bool
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def any_free_port():
    """A port that the system has just given out as free.

    :rtype: int
    """
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def free_port(preferred, taken=()):
    """A free port, near the preferred one if possible.

    :param int preferred: the number to try first
    :param taken: numbers promised to others
    :rtype: int
    """
    for port in range(preferred, preferred + NEIGHBOURS):
        if port not in taken and is_free(port):
            return port
    return any_free_port()


def choose(preferred, environ=os.environ):
    """A port for each server.

    :param dict preferred: variable that may override it -> number to try first; an
        override is taken as it is, so that a port in use is reported by its server
    :return: variable -> port
    :rtype: dict[str, int]
    """
    chosen = {}
    for variable, number in preferred.items():
        if environ.get(variable):
            chosen[variable] = int(environ[variable])
        else:
            chosen[variable] = free_port(number, chosen.values())
    return chosen
