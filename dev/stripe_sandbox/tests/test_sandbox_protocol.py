"""Keys, parameters, idempotency, versions, expansion and lists."""

import base64
import threading

import pytest
import stripe

OLD = "2019-05-16"
INTENT = {"amount": 1000, "currency": "usd"}


def test_no_key(send):
    answer = send("GET", "/v1/account", key=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Stripe"'
    assert answer.json["error"]["type"] == "invalid_request_error"


def test_wrong_key_is_masked(send):
    answer = send("GET", "/v1/account", key="sk_test_0123456789abcdefWXYZ")
    assert answer.status == 401
    assert "WXYZ" in answer.json["error"]["message"]
    assert "0123456789" not in answer.json["error"]["message"]


def test_basic_authentication(sandbox, send):
    token = base64.b64encode(f"{sandbox.secret_key}:".encode()).decode()
    headers = {"Authorization": f"Basic {token}"}
    assert send("GET", "/v1/account", key=None, headers=headers).status == 200


def test_publishable_key_is_refused_for_secret_calls(sandbox, send):
    answer = send("POST", "/v1/payment_intents", INTENT, key=sandbox.publishable_key)
    assert answer.status == 401
    assert answer.json["error"]["code"] == "secret_key_required"


@pytest.mark.parametrize("secret", [None, "pi_wrong_secret_x"])
def test_publishable_key_needs_the_client_secret(sandbox, client, send, secret):
    intent = client.payment_intents.create(INTENT)
    params = {"client_secret": secret} if secret else {}
    path = f"/v1/payment_intents/{intent.id}"
    answer = send("GET", path, params, key=sandbox.publishable_key)
    assert answer.status == 400
    assert answer.json["error"]["param"] == "client_secret"


def test_publishable_key_sees_a_reduced_intent(sandbox, client, send):
    intent = client.payment_intents.create({**INTENT, "metadata": {"secret": "1"}})
    params = {"client_secret": intent.client_secret}
    path = f"/v1/payment_intents/{intent.id}"
    shown = send("GET", path, params, key=sandbox.publishable_key).json
    assert shown["status"] == "requires_payment_method"
    assert not {"metadata", "customer", "latest_charge"} & set(shown)


WRONG = [
    # params, status, code, param
    ({"currency": "usd"}, 400, "parameter_missing", "amount"),
    ({"amount": 1000}, 400, "parameter_missing", "currency"),
    ({**INTENT, "foo": "1"}, 400, "parameter_unknown", "foo"),
    ({**INTENT, "shipping[foo]": "1"}, 400, "parameter_unknown", "shipping[foo]"),
    ({**INTENT, "amount": "ten"}, 400, "parameter_invalid_integer", "amount"),
    ({**INTENT, "amount": "10.5"}, 400, "parameter_invalid_integer", "amount"),
    ({**INTENT, "amount": -1}, 400, "parameter_invalid_integer", "amount"),
    ({**INTENT, "amount": 49}, 400, "amount_too_small", "amount"),
    ({**INTENT, "amount": 100000000}, 400, "amount_too_large", "amount"),
    ({**INTENT, "currency": "xyz"}, 400, None, "currency"),
    ({**INTENT, "description": ""}, 400, "parameter_invalid_empty", "description"),
    ({**INTENT, "capture_method": "later"}, 400, None, "capture_method"),
    ({**INTENT, "confirm": "yes"}, 400, None, "confirm"),
    ({**INTENT, "customer": "cus_none"}, 400, "resource_missing", "customer"),
    ({**INTENT, "off_session": "true"}, 400, None, "off_session"),
    ({**INTENT, "hooks[inputs][tax][calculation]": "x"}, 501, None, None),
    ({**INTENT, "amount[x]": "1"}, 400, None, "amount"),
    ({**INTENT, "expand[]": "nothing"}, 400, None, "expand"),
]


@pytest.mark.parametrize("params, status, code, param", WRONG)
def test_wrong_parameters(send, params, status, code, param):
    error = send("POST", "/v1/payment_intents", params)
    assert error.status == status
    assert error.json["error"]["type"] in ("invalid_request_error", "api_error")
    if status == 400:
        assert error.json["error"].get("code") == code
        assert error.json["error"]["param"] == param


def test_only_forms_are_read(send):
    headers = {"Content-Type": "application/json"}
    answer = send("POST", "/v1/customers", headers=headers, body='{"name": "x"}')
    assert answer.status == 400


def test_unknown_address(send):
    answer = send("GET", "/v1/nothing")
    assert answer.status == 404
    assert (
        "Unrecognized request URL (GET: /v1/nothing)" in answer.json["error"]["message"]
    )


def test_unknown_object(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.payment_intents.retrieve("pi_none")
    assert caught.value.http_status == 404
    assert caught.value.code == "resource_missing"
    assert caught.value.param == "intent"


def test_parameters_of_a_get_may_stand_in_its_body(client, send):
    # Odoo's payment providers send them like this.
    intent = client.payment_intents.create({**INTENT, "payment_method": "pm_card_visa"})
    path = f"/v1/payment_intents/{intent.id}"
    shown = send("GET", path, {"expand[]": "payment_method"}).json
    assert shown["payment_method"]["card"]["last4"] == "4242"


def test_headers(client, send):
    answer = send(
        "POST",
        "/v1/payment_intents",
        INTENT,
        {"Idempotency-Key": "k", "Stripe-Version": OLD},
    )
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Idempotency-Key"] == "k"
    assert answer.headers["Stripe-Version"] == OLD
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_there_are_no_connected_accounts(client, send):
    own = client.accounts.retrieve_current().id
    assert send("GET", "/v1/account", headers={"Stripe-Account": own}).status == 200
    answer = send("GET", "/v1/account", headers={"Stripe-Account": "acct_other"})
    assert answer.status == 403
    assert answer.json["error"]["code"] == "account_invalid"


# Idempotency.


def test_the_same_key_replays_the_answer(sandbox, send):
    first = send("POST", "/v1/payment_intents", INTENT, {"Idempotency-Key": "k1"})
    again = send("POST", "/v1/payment_intents", INTENT, {"Idempotency-Key": "k1"})
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert len(sandbox.objects("payment_intent")) == 1


def test_the_same_key_with_other_parameters(send):
    send("POST", "/v1/payment_intents", INTENT, {"Idempotency-Key": "k"})
    other = {**INTENT, "amount": 2000}
    answer = send("POST", "/v1/payment_intents", other, {"Idempotency-Key": "k"})
    assert answer.status == 400
    assert answer.json["error"]["type"] == "idempotency_error"


def test_a_decline_is_replayed_too(sandbox, client, send):
    params = {
        **INTENT,
        "confirm": "true",
        "payment_method": "pm_card_chargeDeclined",
        "return_url": "https://shop.example",
    }
    for _time in range(2):
        answer = send("POST", "/v1/payment_intents", params, {"Idempotency-Key": "k"})
        assert answer.status == 402
    assert len(sandbox.objects("charge")) == 1


def test_refused_parameters_leave_the_key_free(send):
    headers = {"Idempotency-Key": "k"}
    assert send("POST", "/v1/payment_intents", {"amount": 1}, headers).status == 400
    assert send("POST", "/v1/payment_intents", INTENT, headers).status == 200


def test_a_key_in_use_is_refused(sandbox, send):
    sandbox.faults.add("latency", seconds=0.6, path="payment_intents")
    answers = []

    def post():
        headers = {"Idempotency-Key": "k"}
        answers.append(send("POST", "/v1/payment_intents", INTENT, headers))

    threads = [threading.Thread(target=post) for _time in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    assert refused.json["error"]["code"] == "idempotency_key_in_use"
    assert len(sandbox.objects("payment_intent")) == 1


def test_keys_are_forgotten_after_a_day(sandbox, send):
    headers = {"Idempotency-Key": "k"}
    first = send("POST", "/v1/payment_intents", INTENT, headers).json
    sandbox.advance_time(days=2)
    assert (
        send("POST", "/v1/payment_intents", INTENT, headers).json["id"] != first["id"]
    )


# Versions.


def test_old_and_new_shape(client, old_client, pay):
    intent = pay()
    new = client.payment_intents.retrieve(intent.id)
    assert "charges" not in new
    assert new.latest_charge.startswith("ch_")
    old = old_client.payment_intents.retrieve(intent.id)
    assert old.charges.total_count == 1
    assert old.charges.data[0].id == new.latest_charge
    assert old.charges.data[0].refunds.data == []
    assert "refunds" not in client.charges.retrieve(new.latest_charge)


def test_unknown_version(send):
    answer = send("GET", "/v1/account", headers={"Stripe-Version": "2020-02-30"})
    assert answer.status == 400


def test_payment_method_types_end_with_endive(send):
    params = {**INTENT, "payment_method_types[]": "card"}
    old = send("POST", "/v1/payment_intents", params, {"Stripe-Version": OLD})
    assert old.json["payment_method_types"] == ["card"]
    new = send("POST", "/v1/payment_intents", params)
    code = "payment_method_types_no_longer_supported"
    assert new.json["error"]["code"] == code


def test_defaults_by_version(client, old_client):
    new, old = (c.payment_intents.create(INTENT) for c in (client, old_client))
    assert new.automatic_payment_methods.enabled
    assert new.payment_method_types == ["card", "us_bank_account"]
    assert new.capture_method == "automatic_async"
    assert old.payment_method_types == ["card"]
    assert old.capture_method == "automatic"


CLASSES = {
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "mandate": stripe.Mandate,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
}


def test_objects_have_only_the_members_that_the_sdk_knows(sandbox, client, debit, pay):
    customer = client.customers.create({"name": "Jenny"})
    values = {"customer": customer.id, "setup_future_usage": "off_session"}
    client.refunds.create({"payment_intent": pay(**values).id, "amount": 100})
    pay("pm_card_createDispute")
    debit()
    client.setup_intents.create({"payment_method": "pm_card_visa"})
    for kind, cls in CLASSES.items():
        known = set()
        for base in cls.__mro__:
            known |= set(vars(base).get("__annotations__", {}))
        found = sandbox.objects(kind)
        assert found, kind
        for obj in found:
            assert not set(obj) - known, kind


# Expansion.


def test_expand(client, pay):
    customer = client.customers.create({"name": "Jenny"})
    intent = pay(
        customer=customer.id, expand=["customer", "latest_charge.balance_transaction"]
    )
    assert intent.customer.name == "Jenny"
    assert intent.latest_charge.status == "succeeded"
    found = client.payment_intents.list({"expand": ["data.payment_method"]})
    assert found.data[0].payment_method.card.brand == "visa"


# Lists.


def test_paging_forwards_and_backwards(client):
    made = [client.customers.create({"name": str(n)}).id for n in range(7)][::-1]
    first = client.customers.list({"limit": 3})
    assert [c.id for c in first.data] == made[:3]
    assert first.has_more
    second = client.customers.list({"limit": 3, "starting_after": made[2]})
    assert [c.id for c in second.data] == made[3:6]
    back = client.customers.list({"limit": 2, "ending_before": made[3]})
    assert [c.id for c in back.data] == made[1:3]
    assert [
        c.id for c in client.customers.list({"limit": 2}).auto_paging_iter()
    ] == made


def test_created_filter(sandbox, client):
    early = client.customers.create({"name": "early"})
    sandbox.advance_time(days=1)
    late = client.customers.create({"name": "late"})
    found = client.customers.list({"created": {"gt": early.created}}).data
    assert [c.id for c in found] == [late.id]
    found = client.customers.list({"created": {"lte": early.created}}).data
    assert [c.id for c in found] == [early.id]


@pytest.mark.parametrize("limit", [0, 101])
def test_limit_bounds(client, limit):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.events.list({"limit": limit})
    assert caught.value.param == "limit"


# Metadata.


def test_metadata_is_merged_and_unset(client):
    customer = client.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = client.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert not client.customers.update(customer.id, {"metadata": ""}).metadata.to_dict()


@pytest.mark.parametrize(
    "metadata", [{"k" * 41: "v"}, {"k": "v" * 501}, {f"k{n}": "v" for n in range(51)}]
)
def test_metadata_limits(client, metadata):
    with pytest.raises(stripe.InvalidRequestError):
        client.customers.create({"metadata": metadata})
