"""What a test may do to the sandbox, in the process or over ``/_sandbox/…``."""

import json
from contextlib import contextmanager

from werkzeug.wrappers import Response

from . import bank_debits, banks, disputing
from .errors import StripeError, invalid
from .resources import refunds


class Control:
    """The levers behind the scenery.

    :param Sandbox sandbox: what is to be moved.
    """

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.backend = sandbox.backend

    @contextmanager
    def _change(self):
        with self.backend.lock:
            yield
            self.backend.run_due()
        self.sandbox.save()

    def settle(self, intent):
        """Let a bank debit under way go through now.

        :param str intent: id of the PaymentIntent.
        """
        with self._change():
            self._in_status(intent, "processing")
            bank_debits.settle(self.backend, intent)

    def return_payment(self, intent, reason="insufficient_funds"):
        """Let the payer's bank return a debit, before or after it settled.

        Before, the payment fails. After, Stripe books a dispute that is lost.

        :param str intent: id of the PaymentIntent.
        :param str reason: a code of :data:`banks.FAILURES`.
        """
        if reason not in banks.FAILURES:
            raise ValueError(f"unknown reason {reason!r}")
        with self._change():
            found = self._in_status(intent, "processing", "succeeded")
            if found["status"] == "processing":
                bank_debits.settle(self.backend, intent, reason)
            else:
                codes = disputing.REASONS
                reason = reason if reason in codes else "bank_cannot_process"
                charge = found["latest_charge"]
                disputing.open_dispute(self.backend, charge, reason, final=True)

    def dispute(self, intent, reason="fraudulent", inquiry=False, amount=None):
        """Dispute a payment, or an amount of it, and return the dispute's id."""
        with self._change():
            charge = self._in_status(intent, "succeeded")["latest_charge"]
            dispute = disputing.open_dispute(
                self.backend, charge, reason, inquiry, amount=amount
            )
        return dispute["id"]

    def close_dispute(self, dispute, status="lost", reinstated=None):
        """End a dispute as ``won`` or ``lost``; see `disputing.close_dispute`."""
        with self._change():
            found = self.backend.store.get("dispute", dispute)
            disputing.close_dispute(self.backend, found, status, reinstated)

    def succeed_refund(self, refund):
        """Let a pending refund arrive."""
        with self._change():
            refunds.succeed_refund(self.backend, refund)

    def fail_refund(self, refund, reason="expired_or_canceled_card"):
        """Let a refund come back."""
        with self._change():
            refunds.fail_refund(self.backend, refund, reason)

    def change_settings(self, **values):
        """Change :class:`backend.Settings`."""
        with self.backend.lock:
            for name, value in values.items():
                if name not in vars(self.backend.settings):
                    raise ValueError(f"unknown setting {name!r}")
                setattr(self.backend.settings, name, value)

    def _in_status(self, intent, *statuses):
        found = self.backend.store.get("payment_intent", intent)
        if found["status"] not in statuses:
            wanted = " or ".join(statuses)
            raise invalid(f"The payment is {found['status']}, not {wanted}.")
        return found


class ControlApi:
    """``/_sandbox/…``: the same levers over HTTP, as JSON.

    A POST needs ``Content-Type: application/json``, which a foreign web page
    cannot send without a preflight that is never answered.
    """

    def __init__(self, sandbox):
        self.sandbox = sandbox
        control, hooks, faults = sandbox.control, sandbox.webhooks, sandbox.faults
        self.posts = {
            "advance_time": sandbox.advance_time,
            "close_dispute": control.close_dispute,
            "dispute": control.dispute,
            "fail_refund": control.fail_refund,
            "faults": faults.add,
            "faults/clear": faults.clear,
            "return_payment": control.return_payment,
            "settings": control.change_settings,
            "settle": control.settle,
            "succeed_refund": control.succeed_refund,
            "webhooks/drop": lambda types=(): hooks.drop(*types),
            "webhooks/drop_held": hooks.drop_held,
            "webhooks/duplicate": hooks.duplicate,
            "webhooks/hold": hooks.hold,
            "webhooks/release": hooks.release,
            "webhooks/resend": hooks.resend,
        }
        self.gets = {
            "deliveries": lambda: list(map(vars, hooks.deliveries)),
            "health": lambda: {"ready": True},
            "requests": lambda: list(map(vars, sandbox.requests)),
        }

    def answer(self, request):
        """Return the response to a Werkzeug request."""
        name = request.path.removeprefix("/_sandbox/")
        try:
            if request.method == "GET":
                return _json(self._get(name))
            if request.mimetype != "application/json":
                return _json({"error": "send application/json"}, 415)
            if name not in self.posts:
                return _json({"error": "unknown control"}, 404)
            result = self.posts[name](**(request.get_json() or {}))
        except StripeError as error:
            return _json({"error": error.message}, error.status)
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, 400)
        return _json({"result": result})

    def _get(self, name):
        if name.startswith("objects/"):
            return self.sandbox.objects(name.removeprefix("objects/"))
        if name not in self.gets:
            raise invalid("unknown control", status=404)
        return self.gets[name]()


def _json(body, status=200):
    text = json.dumps(body, indent=2)
    return Response(text, status, mimetype="application/json")
