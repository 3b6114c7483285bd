"""Trouble on demand: latency, server errors, connections that break."""

import re
import threading
import time
from dataclasses import dataclass

from .errors import API_ERROR, StripeError

BEFORE = "before"
AFTER = "after"


class ConnectionDropped(Exception):
    """The connection is to be cut without an answer."""


@dataclass
class Fault:
    """One kind of trouble.

    :param str kind: ``latency``, ``error`` or ``drop``.
    :param str stage: ``before`` the work is done or ``after`` it.
    :param float seconds: for latency.
    :param int status: for errors.
    :param int times: how many requests it hits; 0 is all until it is cleared.
    :param str method: HTTP method, empty for any.
    :param str path: regular expression that the path must contain.
    :param str source: ``api`` or ``browser``, empty for both.
    """

    kind: str
    stage: str = BEFORE
    seconds: float = 1.0
    status: int = 500
    times: int = 1
    method: str = ""
    path: str = ""
    source: str = ""

    def matches(self, stage, request):
        """Tell whether an :class:`api.ApiRequest` at a stage is to be hit."""
        return (
            self.stage == stage
            and self.method in ("", request.method)
            and self.source in ("", request.source)
            and re.search(self.path, request.path) is not None
        )


class Faults:
    """The troubles that wait for requests."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting = []

    def add(self, kind, **options):
        """Let requests fail; see :class:`Fault` for the options."""
        if kind not in ("latency", "error", "drop"):
            raise ValueError(f"unknown fault {kind!r}")
        with self._lock:
            self._waiting.append(Fault(kind, **options))

    def clear(self):
        """Forget all that are waiting."""
        with self._lock:
            self._waiting.clear()

    def strike(self, stage, request):
        """Do to a request what was planned for it.

        :raise StripeError: a server error was planned.
        :raise ConnectionDropped: a broken connection was planned.
        """
        for fault in self._take(stage, request):
            if fault.kind == "latency":
                time.sleep(fault.seconds)
            elif fault.kind == "drop":
                raise ConnectionDropped
            else:
                raise _server_error(fault.status)

    def _take(self, stage, request):
        with self._lock:
            hits = [fault for fault in self._waiting if fault.matches(stage, request)]
            for fault in hits:
                if fault.times == 1:
                    self._waiting.remove(fault)
                elif fault.times > 1:
                    fault.times -= 1
        return hits


def _server_error(status):
    return StripeError(
        status,
        API_ERROR,
        "Sorry, there was a problem with the request. Please try again later.",
        headers={"Stripe-Should-Retry": "true"} if status == 503 else {},
    )
