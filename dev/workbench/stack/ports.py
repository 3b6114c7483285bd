"""TCP ports on the loopback interface, held from their choice to their use."""

import os
import socket

from workbench.provision.commands import SetupError

HOST = "127.0.0.1"
#: How many numbers after the preferred one are tried before any free one is taken.
NEIGHBOURS = 20


def any_free_port():
    """A port that the system has just given out as free.

    :rtype: int
    """
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def hold(preferred, environ=os.environ):
    """Listen on a port for each server, which is handed the socket when it starts.

    :param dict preferred: variable that may override it -> number to try first
    :return: variable -> socket
    :rtype: dict[str, socket.socket]
    :raise SetupError: if a port that is given by a variable is taken
    """
    held = {}
    for variable, number in preferred.items():
        given = environ.get(variable)
        numbers = [int(given)] if given else range(number, number + NEIGHBOURS)
        held[variable] = _first_free(numbers if given else (*numbers, 0))
        if held[variable] is None:
            raise SetupError(
                f"{variable}={given}: another program listens on that port."
            )
    return held


def _first_free(numbers):
    """Listen on the first of some ports that is free; None if none is."""
    for number in numbers:
        try:
            return socket.create_server((HOST, number))
        except OSError:
            continue
    return None


def number_of(held):
    """The port of a socket.

    :rtype: int
    """
    return held.getsockname()[1]
