"""The sandbox's state and the things that happen in it by themselves."""

import copy
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import render, versions
from .clock import Clock
from .store import Store

# Types that tell neither when they were made nor whether they are real.
_WITHOUT_TIME = ("mandate",)
_WITHOUT_MODE = ("balance_transaction", "refund")


@dataclass
class Settings:
    """How the simulated account behaves; tests may change it at any time.

    :param bool settle_bank_immediately: bank debits settle at once instead of
        after four business days.
    :param bool verify_banks_instantly: a typed bank account counts as linked
        through Financial Connections, so that no micro-deposits are needed.
    :param str microdeposit_type: ``descriptor_code`` or ``amounts``.
    :param str default_api_version: what requests without a version get, and what
        ``GET /v1/events`` shows.
    :param int script_status: what the address of the script answers with.
    :param float script_delay: after how many seconds it does.
    :param dict script_calls: what methods of the script do instead of their work, by
        name: ``throw``, ``error`` (resolve with one), ``late`` (after 3 s), ``never``.
        ``Stripe`` can only throw.
    """

    settle_bank_immediately: bool = False
    verify_banks_instantly: bool = False
    microdeposit_type: str = "descriptor_code"
    default_api_version: str = versions.CURRENT
    script_status: int = 200
    script_delay: float = 0.0
    script_calls: dict = field(default_factory=dict)


class Backend:
    """Objects, clock, events and due jobs, behind one lock."""

    def __init__(self, settings):
        self.lock = threading.RLock()
        self.store = Store()
        self.clock = Clock()
        self.settings = settings
        self.base_url = ""
        self.actions = {}
        self.origin = None
        self.on_event = lambda event: None

    # What an API request may use.

    def now(self):
        """Return the sandbox's time in seconds since the epoch."""
        return self.clock.now()

    def create(self, kind, **values):
        """Keep and return a new object of a type, with id, time and mode."""
        obj = {"id": self.store.new_id(kind), "object": kind, **values}
        if kind not in _WITHOUT_TIME:
            obj["created"] = self.now()
        if kind not in _WITHOUT_MODE:
            obj["livemode"] = False
        return self.store.add(obj)

    def fingerprint(self, *parts):
        """Return a stable short text that tells equal numbers apart from others.

        The key is made once per account, so the numbers cannot be looked up.
        """
        key = self.store.secrets.setdefault("fingerprint", secrets.token_hex(16))
        return render.digest(key, *parts)[:16]

    def emit(self, event_type, obj, previous=None):
        """Record an event about an object as it is now.

        :param str event_type: such as ``charge.succeeded``.
        :param dict previous: the attributes that an update replaced.
        """
        wanted = {self.settings.default_api_version}
        endpoints = self._endpoints(event_type)
        wanted.update(self.endpoint_version(endpoint) for endpoint in endpoints)
        shapes = {version: render.plain(self, obj, version) for version in wanted}
        event = self.create(
            "event",
            api_version=self.settings.default_api_version,
            data={"object": None},
            pending_webhooks=len(endpoints),
            request=copy.copy(self.origin) or {"id": None, "idempotency_key": None},
            type=event_type,
            _shapes=shapes,
            _endpoints=[endpoint["id"] for endpoint in endpoints],
        )
        if previous is not None:
            event["data"]["previous_attributes"] = previous
        self.on_event(event)

    def endpoint_version(self, endpoint):
        """Return the API version in which an endpoint gets its events."""
        return endpoint["api_version"] or self.settings.default_api_version

    def _endpoints(self, event_type):
        return [
            endpoint
            for endpoint in self.store.objects["webhook_endpoint"].values()
            if endpoint["status"] == "enabled"
            and {"*", event_type} & set(endpoint["enabled_events"])
        ]

    @contextmanager
    def request(self, request_id, idempotency_key):
        """Hold the lock and mark events as caused by an API request."""
        with self.lock:
            self.origin = {"id": request_id, "idempotency_key": idempotency_key}
            try:
                yield
            finally:
                self.origin = None

    # What happens later.

    def later(self, due, action, **arguments):
        """Plan an action.

        :param int due: seconds since the epoch on the sandbox's clock.
        :param str action: a name registered in :attr:`actions`.
        :param arguments: JSON values for the action.
        """
        self.store.jobs.append({"due": due, "action": action, "with": arguments})

    def drop_jobs(self, **arguments):
        """Forget the planned actions that have these arguments."""
        self.store.jobs = [
            job
            for job in self.store.jobs
            if not arguments.items() <= job["with"].items()
        ]

    def run_due(self, until=None):
        """Do what is due, in the order of time.

        :param int until: the clock goes forward to this moment, stopping at each
            job's own; without it, only what is due now is done.
        """
        with self.lock:
            limit = self.now() if until is None else until
            while job := self._next_job(limit):
                self.store.jobs.remove(job)
                self.clock.move_to(job["due"])
                self.actions[job["action"]](self, **job["with"])
            self.clock.move_to(limit)

    def _next_job(self, limit):
        due = [job for job in self.store.jobs if job["due"] <= limit]
        return min(due, key=lambda job: job["due"], default=None)
