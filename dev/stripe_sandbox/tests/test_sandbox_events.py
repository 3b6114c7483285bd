"""Events, webhooks and trouble on the line."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import stripe

from stripe_sandbox import StripeSandbox

INTENT = {"amount": 1000, "currency": "usd"}


def test_signed_deliveries_in_the_endpoints_version(hooked, client, receiver, pay):
    intent = pay()
    receiver.wait(4)
    for delivery in receiver.got:
        event = stripe.Webhook.construct_event(
            delivery.payload, delivery.signature, hooked.webhook_secret
        )
        assert event.api_version == "2019-05-16"
    succeeded = receiver.got[receiver.types.index("payment_intent.succeeded")].event
    assert succeeded["data"]["object"]["charges"]["data"][0]["status"] == "succeeded"
    assert succeeded["request"]["id"].startswith("req_")
    listed = client.events.retrieve(succeeded["id"])
    assert listed.api_version == stripe.api_version
    assert "charges" not in listed.data.object
    assert listed.data.object.id == intent.id
    assert hooked.webhooks.wait_idle()
    assert client.events.retrieve(succeeded["id"]).pending_webhooks == 0


def test_another_secret_does_not_verify(hooked, receiver, client):
    client.payment_intents.create(INTENT)
    receiver.wait(1)
    delivery = receiver.got[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(
            delivery.payload, delivery.signature, "whsec_other"
        )


def test_retries_keep_the_event_id(hooked, receiver, client):
    receiver.statuses = [500, 302, 200]
    client.payment_intents.create(INTENT)
    receiver.wait(3)
    assert hooked.webhooks.wait_idle()
    assert len({delivery.event["id"] for delivery in receiver.got}) == 1
    (delivery,) = hooked.webhooks.deliveries
    assert (delivery.attempts, delivery.delivered) == ([500, 302, 200], True)


def test_an_endpoint_that_is_down_is_tried_again(sandbox, receiver, client):
    closed = "http://127.0.0.1:9"  # discard: nothing listens there
    endpoint = sandbox.add_webhook_endpoint(closed)
    intent = client.payment_intents.create(INTENT)
    (event,) = client.events.list({"delivery_success": False}).data
    assert event.data.object.id == intent.id
    client.webhook_endpoints.update(endpoint, {"url": receiver.url})
    receiver.wait(1)


@pytest.mark.parametrize("order", ["sent", "reversed", "shuffled"])
def test_held_and_released(hooked, receiver, pay, order):
    hooked.webhooks.hold()
    pay()
    assert receiver.got == []
    hooked.webhooks.release(order, copies=2)
    receiver.wait(8)
    assert hooked.webhooks.wait_idle()
    sent = [event["id"] for event in hooked.objects("event") for _copy in range(2)]
    came = [delivery.event["id"] for delivery in receiver.got]
    assert sorted(came) == sorted(sent)
    if order == "sent":
        assert came == sent
    if order == "reversed":
        assert came == sent[::-1]


def test_dropped_and_duplicated(hooked, receiver, client, pay):
    hooked.webhooks.drop("payment_intent.succeeded", "charge.updated")
    hooked.webhooks.duplicate(2)
    pay()
    receiver.wait(4)
    assert hooked.webhooks.wait_idle()
    assert receiver.types == ["payment_intent.created"] * 2 + ["charge.succeeded"] * 2
    (event,) = client.events.list({"type": "payment_intent.succeeded"}).data
    hooked.webhooks.resend(event.id)
    receiver.wait(5)
    assert receiver.types[-1] == "payment_intent.succeeded"


def test_endpoints_through_the_api(sandbox, old_client, receiver):
    endpoint = old_client.webhook_endpoints.create(
        {
            "url": receiver.url,
            "enabled_events": ["payment_intent.canceled"],
            "api_version": "2019-05-16",
        }
    )
    assert endpoint.secret.startswith("whsec_")
    assert "secret" not in old_client.webhook_endpoints.retrieve(endpoint.id)
    intent = old_client.payment_intents.create(INTENT)
    old_client.payment_intents.cancel(intent.id)
    receiver.wait(1)
    assert sandbox.webhooks.wait_idle()
    assert receiver.types == ["payment_intent.canceled"]
    delivery = receiver.got[0]
    assert stripe.Webhook.construct_event(
        delivery.payload, delivery.signature, endpoint.secret
    )
    assert old_client.webhook_endpoints.delete(endpoint.id).deleted


@pytest.mark.parametrize(
    "params", [{"url": "nowhere", "enabled_events": ["*"]}, {"enabled_events": ["*"]}]
)
def test_wrong_endpoints(client, params):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.webhook_endpoints.create(params)
    assert caught.value.param == "url"


def test_event_filters(sandbox, client, pay):
    pay()
    first = client.events.list({"limit": 1, "type": "charge.*"})
    assert first.has_more
    wanted = ["charge.succeeded", "payment_intent.created"]
    found = client.events.list({"types": wanted}).data
    assert [event.type for event in found] == wanted
    with pytest.raises(stripe.InvalidRequestError):
        client.events.list({"type": "charge.succeeded", "types": wanted})
    sandbox.advance_time(days=1)
    since = client.events.list({"created": {"gt": found[0].created}})
    assert since.data == []


# Trouble.


def test_server_error_before_the_work_is_retried(sandbox, make_client):
    sandbox.faults.add("error", status=503)
    client = make_client(max_network_retries=1)
    client.payment_intents.create(INTENT)
    assert len(sandbox.objects("payment_intent")) == 1


def test_connection_lost_after_the_charge(sandbox, make_client):
    sandbox.faults.add("drop", stage="after", path="confirm$")
    client = make_client(max_network_retries=2)
    intent = client.payment_intents.create({**INTENT, "payment_method": "pm_card_visa"})
    paid = client.payment_intents.confirm(
        intent.id, {"return_url": "https://shop.example"}
    )
    assert paid.status == "succeeded"
    assert len(sandbox.objects("charge")) == 1
    first, second = [r for r in sandbox.requests if r.path.endswith("/confirm")]
    assert first.idempotency_key == second.idempotency_key
    assert second.replayed


def test_connection_lost_before_the_charge(sandbox, client):
    sandbox.faults.add("drop", path="payment_intents")
    with pytest.raises(stripe.APIConnectionError):
        client.payment_intents.create(INTENT)
    assert sandbox.objects("payment_intent") == []


def test_an_error_after_the_work_is_what_a_replay_gets(sandbox, send):
    sandbox.faults.add("error", stage="after")
    headers = {"Idempotency-Key": "k"}
    for _time in range(2):
        assert send("POST", "/v1/payment_intents", INTENT, headers).status == 500
    assert len(sandbox.objects("payment_intent")) == 1


def test_levers_over_http(sandbox, control, send):
    assert control("faults", kind="error", status=500, times=0).status == 200
    assert send("GET", "/v1/account").status == 500
    assert control("faults/clear").status == 200
    assert send("GET", "/v1/account").status == 200
    assert control("faults", kind="flood").status == 400
    assert control("nothing").status == 404
    assert send("GET", "/_sandbox/requests", key=None).json[0]["status"] == 500
    assert send("POST", "/_sandbox/faults/clear", {"a": 1}, key=None).status == 415


def test_requests_are_recorded(sandbox, client):
    client.payment_intents.create(INTENT)
    (request,) = sandbox.requests
    assert (request.method, request.path) == ("POST", "/v1/payment_intents")
    assert (request.params["amount"], request.source, request.status) == (
        "1000",
        "api",
        200,
    )
    assert request.idempotency_key
    assert request.version == stripe.api_version


# Restart.


def test_everything_survives_a_restart(tmp_path, receiver):
    state = tmp_path / "state.json"
    with StripeSandbox(state_file=state, webhook_url=receiver.url) as first:
        client = stripe.StripeClient(
            first.secret_key, base_addresses={"api": first.url}
        )
        first.webhooks.hold()
        intent = client.v1.payment_intents.create(INTENT)
        first.advance_time(days=3)
        then = first.backend.now()
    assert state.stat().st_mode & 0o077 == 0
    with StripeSandbox(state_file=state, webhook_url=receiver.url) as second:
        assert second.secret_key == first.secret_key
        assert second.webhook_secret == first.webhook_secret
        assert second.backend.now() >= then
        client = stripe.StripeClient(
            second.secret_key, base_addresses={"api": second.url}
        )
        assert client.v1.payment_intents.retrieve(intent.id).amount == 1000
        receiver.wait(1)
        assert receiver.types == ["payment_intent.created"]


def test_as_a_program(tmp_path):
    folder = Path(__file__).parents[2]
    state = tmp_path / "state.json"
    words = ["--port", "0", "--state-file", str(state), "--secret-key", "sk_test_given"]
    process = subprocess.Popen(
        [sys.executable, "-m", "stripe_sandbox", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["secret_key"] == "sk_test_given"
        with urllib.request.urlopen(f"{ready['url']}/v3/", timeout=10) as answer:
            assert "window.Stripe" in answer.read().decode()
        client = stripe.StripeClient(
            "sk_test_given", base_addresses={"api": ready["url"]}
        )
        client.v1.customers.create({"name": "Jenny"})
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _out, log = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0
    assert time.monotonic() - started < 5
    assert "POST /v1/customers 200" in log
    assert "sk_test_given" not in log
    assert "Jenny" in state.read_text()
