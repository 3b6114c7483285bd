"""Signed webhook deliveries, with Stripe's retries in a quick form.

See https://docs.stripe.com/webhooks#verify-manually for the signature.
"""

import hashlib
import hmac
import http.client
import json
import logging
import random
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import render

_logger = logging.getLogger(__name__)

# Seconds between tries; Stripe's own reach over three days.
BACKOFF = (0.3, 0.6, 1.2, 2.5, 5, 10, 20, 60, 300, 1800)
TIMEOUT = 20
_STOP_SECONDS = 3


@dataclass
class Delivery:
    """One event on its way to one endpoint.

    :param list attempts: of each try, the HTTP status or the kind of failure.
    """

    event_id: str
    event_type: str
    endpoint_id: str
    due: float = 0.0
    attempts: list = field(default_factory=list)
    delivered: bool = False


def signature(secret, payload, timestamp):
    """Return the value of the ``Stripe-Signature`` header.

    :param str secret: the endpoint's ``whsec_…``.
    :param bytes payload: the request's body.
    :param int timestamp: real time, since receivers refuse old ones.
    """
    signed = str(timestamp).encode() + b"." + payload
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={mac}"


class Webhooks:
    """A queue and the thread that empties it.

    :param Backend backend: where events and endpoints are.
    """

    def __init__(self, backend):
        self.backend = backend
        self.deliveries = []
        self.held = False
        self.copies = 1
        self.dropped_types = set()
        self._changed = threading.Condition()
        self._queue = []
        self._busy = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        backend.on_event = self.enqueue

    # Control.

    def start(self):
        """Begin to deliver."""
        self._thread.start()

    def stop(self):
        """Stop delivering; what is not acknowledged stays unsent."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(_STOP_SECONDS)

    def hold(self):
        """Keep every delivery back until :meth:`release`."""
        with self._changed:
            self.held = True

    def release(self, order="sent", copies=1):
        """Deliver what was held.

        :param str order: ``sent``, ``reversed`` or ``shuffled``.
        :param int copies: how often each held event is sent.
        """
        with self._changed:
            if order == "shuffled":
                random.shuffle(self._queue)
            elif order == "reversed":
                self._queue.reverse()
            self._queue = [delivery for delivery in self._queue for _ in range(copies)]
            self.held = False
            self._changed.notify_all()

    def drop_held(self):
        """Lose what is held and stop holding."""
        with self._changed:
            self._queue.clear()
            self.release()

    def duplicate(self, copies):
        """Send each event that many times from now on."""
        with self._changed:
            self.copies = copies

    def drop(self, *event_types):
        """Lose the events of these types from now on (``*``: all; none: no more)."""
        with self._changed:
            self.dropped_types = set(event_types)

    def resend(self, event_id):
        """Deliver an event again, as the dashboard's button does."""
        with self.backend.lock:
            event = self.backend.store.get("event", event_id)
            self.enqueue(event, forced=True)

    def wait_idle(self, timeout=10):
        """Wait until all is delivered or given up.

        :param float timeout: seconds.
        :return: whether the queue became empty in time.
        """
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._queue and not self._busy, timeout
            )

    # The queue.

    def enqueue(self, event, forced=False):
        """Plan the deliveries of a new event."""
        with self._changed:
            if not forced and self.dropped_types & {"*", event["type"]}:
                return
            for endpoint_id in event["_endpoints"]:
                delivery = Delivery(event["id"], event["type"], endpoint_id)
                self.deliveries.append(delivery)
                self._queue.extend([delivery] * (1 if forced else self.copies))
            self._changed.notify_all()

    def _run(self):
        while delivery := self._take():
            self._settle(delivery, self._send(delivery))

    def _take(self):
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if not self.held:
                    for delivery in self._queue:
                        if delivery.due <= now:
                            self._queue.remove(delivery)
                            self._busy += 1
                            return delivery
                self._changed.wait(self._pause(now))
        return None

    def _pause(self, now):
        if self.held or not self._queue:
            return None
        return max(0.01, min(delivery.due for delivery in self._queue) - now)

    def _send(self, delivery):
        endpoint, payload = self._prepare(delivery)
        if endpoint is None:
            return "endpoint deleted"
        url = urlsplit(endpoint["url"])
        secure = url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(url.hostname, url.port, timeout=TIMEOUT)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request("POST", path, payload, self._headers(endpoint, payload))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()

    def _prepare(self, delivery):
        with self.backend.lock:
            event = self.backend.store.find("event", delivery.event_id)
            endpoint = self.backend.store.find("webhook_endpoint", delivery.endpoint_id)
            if not event or not endpoint:
                return None, None
            version = self.backend.endpoint_version(endpoint)
            body = render.plain(self.backend, event, event["api_version"])
            body["api_version"] = version
            body["data"]["object"] = event["_shapes"].get(
                version, body["data"]["object"]
            )
        return endpoint, json.dumps(body, indent=2).encode()

    def _headers(self, endpoint, payload):
        return {
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(
                endpoint["_secret"], payload, int(time.time())
            ),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }

    def _settle(self, delivery, status):
        delivery.attempts.append(status)
        done = isinstance(status, int) and 200 <= status < 300
        tries = len(delivery.attempts)
        _logger.info(
            "webhook %s %s try %s: %s",
            delivery.event_type,
            delivery.event_id,
            tries,
            status,
        )
        if done:
            self._acknowledge(delivery)
        with self._changed:
            self._busy -= 1
            if not done and not delivery.delivered and tries <= len(BACKOFF):
                delivery.due = time.monotonic() + BACKOFF[tries - 1]
                self._queue.append(delivery)
            self._changed.notify_all()

    def _acknowledge(self, delivery):
        with self.backend.lock:
            event = self.backend.store.find("event", delivery.event_id)
            if event and not delivery.delivered:
                event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            delivery.delivered = True
