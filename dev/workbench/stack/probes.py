"""Questions that only a server that is ready answers."""

import http.client
import socket

from .ports import HOST

#: Seconds until an unanswered question counts as a no.
TIMEOUT = 2


def http_answers(port, path="/", **headers):
    """A probe: does this server answer the path with success?

    :param int port: on the loopback interface
    :param headers: of the request
    :return: the probe
    """

    def probe():
        connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def smtp_greets(port):
    """A probe: does an SMTP server greet with 220 (RFC 5321, section 3.1)?

    :param int port: on the loopback interface
    :return: the probe
    """

    def probe():
        try:
            with socket.create_connection((HOST, port), TIMEOUT) as connection:
                connection.settimeout(TIMEOUT)
                return connection.recv(3) == b"220"
        except OSError:
            return False

    return probe
