"""Fixtures: a running sandbox, the real SDK, plain HTTP, a receiver of webhooks."""

import http.client
import json
import threading
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest
import stripe
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from stripe_sandbox import StripeSandbox

OLD = "2019-05-16"


@pytest.fixture
def sandbox():
    with StripeSandbox() as running:
        yield running


def _client(sandbox, **options):
    options.setdefault("max_network_retries", 0)
    return stripe.StripeClient(
        sandbox.secret_key, base_addresses={"api": sandbox.url}, **options
    ).v1


@pytest.fixture
def client(sandbox):
    """The SDK with its own API version."""
    return _client(sandbox)


@pytest.fixture
def old_client(sandbox):
    """The SDK with the API version that Odoo's payment_stripe asks for."""
    return _client(sandbox, stripe_version=OLD)


@pytest.fixture
def make_client(sandbox):
    """The SDK with other options."""
    return lambda **options: _client(sandbox, **options)


@pytest.fixture
def send(sandbox):
    """Plain HTTP: ``send(method, path, params, headers, key)``."""

    def call(method, path, params=None, headers=None, key=sandbox.secret_key, body=None):
        target = urlsplit(sandbox.url)
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
        encoded = body if body is not None else urlencode(params or {}, doseq=True)
        sent = {"Content-Type": "application/x-www-form-urlencoded"} if encoded else {}
        sent |= {"Authorization": f"Bearer {key}"} if key else {}
        try:
            connection.request(method, path, encoded or None, {**sent, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return SimpleNamespace(
            status=answer.status,
            headers=answer.headers,
            json=json.loads(text) if text else None,
        )

    return call


@pytest.fixture
def control(send):
    """A lever of the sandbox over HTTP: ``control(name, **values)``."""

    def pull(name, **values):
        headers = {"Content-Type": "application/json"}
        body = json.dumps(values)
        return send("POST", f"/_sandbox/{name}", headers=headers, key=None, body=body)

    return pull


class Receiver:
    """A webhook endpoint that records what it gets."""

    def __init__(self):
        self.got = []
        self.statuses = []
        self.changed = threading.Condition()
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.server.log = lambda *args: None
        self.url = f"http://127.0.0.1:{self.server.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __call__(self, environ, start_response):
        request = Request(environ)
        payload = request.get_data()
        with self.changed:
            status = self.statuses.pop(0) if self.statuses else 200
            header = request.headers.get("Stripe-Signature")
            self.got.append(
                SimpleNamespace(
                    payload=payload, signature=header, event=json.loads(payload)
                )
            )
            self.changed.notify_all()
        return Response(status=status)(environ, start_response)

    @property
    def types(self):
        return [delivery.event["type"] for delivery in self.got]

    def wait(self, count, timeout=15):
        with self.changed:
            done = self.changed.wait_for(lambda: len(self.got) >= count, timeout)
        assert done, f"{len(self.got)} of {count} events came: {self.types}"


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def hooked(sandbox, receiver):
    """A sandbox that sends its events to the receiver."""
    sandbox.add_webhook_endpoint(receiver.url, api_version=OLD)
    return sandbox


@pytest.fixture
def pay(client):
    """Pay with a payment method: returns the PaymentIntent."""

    def confirmed(method="pm_card_visa", amount=1999, **values):
        return client.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "confirm": True,
                "payment_method": method,
                "return_url": "https://shop.example/back",
                **values,
            }
        )

    return confirmed


ACCEPTANCE = {"customer_acceptance": {"type": "offline"}}


@pytest.fixture
def debit(client):
    """Pay from a typed bank account, from a server: returns the PaymentIntent."""

    def confirmed(number="000123456789", amount=5000, **values):
        return client.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "confirm": True,
                "allowed_payment_method_types": ["us_bank_account"],
                "payment_method_data": {
                    "type": "us_bank_account",
                    "billing_details": {"name": "Jenny Rosen"},
                    "us_bank_account": {
                        "account_holder_type": "individual",
                        "account_number": number,
                        "routing_number": "110000000",
                    },
                },
                "mandate_data": ACCEPTANCE,
                **values,
            }
        )

    return confirmed
