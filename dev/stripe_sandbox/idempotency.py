"""Idempotency keys (https://docs.stripe.com/api/idempotent_requests)."""

import json

from .clock import DAY
from .errors import IDEMPOTENCY_ERROR, StripeError, invalid
from .render import digest

MAX_LENGTH = 255


class Idempotency:
    """Answers that are kept for a day and given again for the same key.

    :param Backend backend: its store keeps the answers, its lock guards them.
    """

    def __init__(self, backend):
        self.backend = backend
        self._running = set()

    def begin(self, key, method, path, params):
        """Claim a key, or return the kept answer.

        :param dict params: as parsed, before conversion.
        :return: ``None``, or the kept ``{"status", "body", "request"}``.
        :raise StripeError: the key was used for something else (400) or is in use
            at this moment (409).
        """
        if len(key) > MAX_LENGTH:
            raise invalid(f"Idempotency key must be at most {MAX_LENGTH} characters.")
        with self.backend.lock:
            self._forget_old()
            kept = self.backend.store.idempotency.get(key)
            if kept and kept["print"] != self._print(method, path, params):
                raise _reused(key)
            if kept:
                return kept
            if key in self._running:
                raise _in_use()
            self._running.add(key)
        return None

    def finish(self, key, method, path, params, answer):
        """Give a key free and keep the answer.

        :param dict answer: status, body and request id; None when the work was
            not begun (parameters were refused, for one), so that the key can be
            used again.
        """
        with self.backend.lock:
            self._running.discard(key)
            if answer:
                self.backend.store.idempotency[key] = {
                    **answer,
                    "print": self._print(method, path, params),
                    "created": self.backend.now(),
                }

    @staticmethod
    def _print(method, path, params):
        # A digest, so that no card or bank number stays behind.
        return digest("idempotency", method, path, json.dumps(params, sort_keys=True))

    def _forget_old(self):
        kept = self.backend.store.idempotency
        limit = self.backend.now() - DAY
        for key in [key for key, answer in kept.items() if answer["created"] < limit]:
            del kept[key]


def _reused(key):
    return StripeError(
        400,
        IDEMPOTENCY_ERROR,
        "Keys for idempotent requests can only be used with the same parameters they"
        f" were first used with. Try using a key other than '{key}' if you meant to"
        " execute a different request.",
    )


def _in_use():
    return StripeError(
        409,
        IDEMPOTENCY_ERROR,
        "There is currently another in-progress request using this Idempotency Key."
        " Please try again later.",
        code="idempotency_key_in_use",
        headers={"Stripe-Should-Retry": "true"},
    )
