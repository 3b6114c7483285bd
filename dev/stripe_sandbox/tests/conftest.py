"""Fixtures: a running sandbox, the real SDK, plain HTTP, a receiver of webhooks."""

import http.client
import json
import threading
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest
import stripe
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from stripe_sandbox import StripeSandbox
from stripe_sandbox.tests.shop import AMOUNT, PAGE, SHOP
from workbench.provision.system import find_browser

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

    def call(
        method, path, params=None, headers=None, key=sandbox.secret_key, body=None
    ):
        target = urlsplit(sandbox.url)
        connection = http.client.HTTPConnection(
            target.hostname, target.port, timeout=30
        )
        encoded = body if body is not None else urlencode(params or {}, doseq=True)
        sent = {"Content-Type": "application/x-www-form-urlencoded"} if encoded else {}
        sent |= {"Authorization": f"Bearer {key}"} if key else {}
        try:
            connection.request(
                method, path, encoded or None, {**sent, **(headers or {})}
            )
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        return SimpleNamespace(
            status=answer.status,
            headers=answer.headers,
            text=text,
            json=json.loads(text)
            if "json" in answer.headers.get_content_type()
            else None,
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
        serve = self.server.serve_forever
        threading.Thread(target=serve, args=(0.05,), daemon=True).start()

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


# In a browser.


# Not kept for the session: Playwright lets no other test of the process start it again.
@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox"]
        )
        yield running
        running.close()


@pytest.fixture
def shop(sandbox):
    """A page of another origin that allows the sandbox and nothing else."""
    policy = (
        f"default-src 'self'; script-src 'self' {sandbox.url}; style-src 'self';"
        f" frame-src {sandbox.url}; connect-src {sandbox.url}"
    )

    def answer(environ, start_response):
        request = Request(environ)
        kind = "text/javascript" if request.path == "/shop.js" else "text/html"
        text = SHOP if request.path == "/shop.js" else PAGE
        if request.path == "/back":
            text = "<title>Back</title>"
        text = text.replace("{script}", f"{sandbox.url}/v3/")
        response = Response(text, mimetype=kind)
        response.headers["Content-Security-Policy"] = policy
        return response(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    server.log = lambda *args: None
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(browser, shop, sandbox):
    """Open the shop's page; no error of script or policy may occur on it."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda m: wrong.append(m.text) if "Security Policy" in m.text else None,
    )

    def opened(**words):
        words = {"pk": sandbox.publishable_key, "amount": AMOUNT, **words}
        query = "&".join(f"{name}={value}" for name, value in words.items())
        page.goto(f"{shop}/?{query}")
        if "type" in words:
            page.locator("body[data-ready=yes]").wait_for()
        return page

    yield opened
    context.close()
    assert not wrong


@pytest.fixture
def intent(old_client):
    def made(kind="card", **values):
        return old_client.payment_intents.create(
            {
                "amount": AMOUNT,
                "currency": "usd",
                "payment_method_types": [kind],
                **values,
            }
        )

    return made
