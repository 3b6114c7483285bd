"""Payments and set-ups by card."""

import pytest
import stripe

INTENT = {"amount": 1999, "currency": "usd"}
BACK = "https://shop.example/back"
DECLINES = [
    # token, code, decline code
    ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
    ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
]


@pytest.mark.parametrize("token, code, decline_code", DECLINES)
def test_declines(sandbox, client, pay, token, code, decline_code):
    with pytest.raises(stripe.CardError) as caught:
        pay(token)
    assert caught.value.http_status == 402
    error = caught.value.error
    assert (error.code, getattr(error, "decline_code", None)) == (code, decline_code)
    (intent,) = sandbox.objects("payment_intent")
    assert intent["status"] == "requires_payment_method"
    assert intent["payment_method"] is None
    assert intent["last_payment_error"]["code"] == code
    charge = client.charges.retrieve(error.charge)
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)
    types = [event["type"] for event in sandbox.objects("event")]
    assert types[-2:] == ["charge.failed", "payment_intent.payment_failed"]


@pytest.mark.parametrize(
    "token, brand, last4",
    [
        ("pm_card_visa", "visa", "4242"),
        ("pm_card_mastercard", "mastercard", "4444"),
        ("pm_card_amex", "amex", "0005"),
        ("pm_card_discover", "discover", "1117"),
    ],
)
def test_success(sandbox, client, pay, token, brand, last4):
    intent = pay(token, expand=["latest_charge"])
    assert (intent.status, intent.amount_received) == ("succeeded", 1999)
    card = intent.latest_charge.payment_method_details.card
    assert (card.brand, card.last4) == (brand, last4)
    types = [event["type"] for event in sandbox.objects("event")]
    assert types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]
    charge = client.charges.retrieve(intent.latest_charge.id)
    money = client.balance_transactions.retrieve(charge.balance_transaction)
    assert (money.amount, money.fee, money.net) == (1999, 88, 1911)


def test_a_decline_can_be_followed_by_a_success(client):
    intent = client.payment_intents.create(INTENT)
    confirm = client.payment_intents.confirm
    with pytest.raises(stripe.CardError):
        confirm(
            intent.id, {"payment_method": "pm_card_chargeDeclined", "return_url": BACK}
        )
    paid = confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": BACK})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    assert len(client.charges.list({"payment_intent": intent.id}).data) == 2


STATES = [
    # operation, parameters, statuses in which it is refused
    ("confirm", {"payment_method": "pm_card_visa", "return_url": BACK}, "succeeded"),
    ("confirm", {"payment_method": "pm_card_visa", "return_url": BACK}, "canceled"),
    ("confirm", {"return_url": BACK}, "requires_payment_method"),
    ("capture", {}, "succeeded"),
    ("capture", {}, "requires_payment_method"),
    ("cancel", {}, "succeeded"),
    ("cancel", {}, "canceled"),
    ("update", {"amount": 5}, "succeeded"),
    ("verify_microdeposits", {"descriptor_code": "SM11AA"}, "requires_payment_method"),
]


@pytest.mark.parametrize("operation, params, status", STATES)
def test_unexpected_states(client, pay, operation, params, status):
    if status == "succeeded":
        intent = pay()
    else:
        intent = client.payment_intents.create(INTENT)
        if status == "canceled":
            intent = client.payment_intents.cancel(intent.id)
    assert intent.status == status
    with pytest.raises(stripe.InvalidRequestError) as caught:
        getattr(client.payment_intents, operation)(intent.id, params)
    assert caught.value.code == "payment_intent_unexpected_state"
    assert caught.value.error.payment_intent["id"] == intent.id


def test_manual_capture(sandbox, client, pay):
    intent = pay(capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 1999)
    done = client.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    assert (done.status, done.amount_received) == ("succeeded", 1500)
    assert client.charges.retrieve(done.latest_charge).amount_captured == 1500
    types = [event["type"] for event in sandbox.objects("event")]
    assert "payment_intent.amount_capturable_updated" in types
    assert types[-2:] == ["charge.captured", "payment_intent.succeeded"]


def test_too_much_cannot_be_captured(client, pay):
    intent = pay(capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError):
        client.payment_intents.capture(intent.id, {"amount_to_capture": 2000})


def test_an_authorization_expires(sandbox, client, pay):
    intent = pay(capture_method="manual")
    sandbox.advance_time(days=8)
    intent = client.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")


def test_a_server_must_say_where_to_return(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.payment_intents.create(
            {**INTENT, "confirm": True, "payment_method": "pm_card_visa"}
        )
    assert caught.value.param == "return_url"


# 3-D Secure.


def _answer(send, intent, result):
    path = intent.next_action.redirect_to_url.url.partition("/3ds/")[2]
    return send("POST", f"/3ds/{path}", {"result": result}, key=None)


@pytest.mark.parametrize(
    "token, result, status, code",
    [
        ("pm_card_authenticationRequired", "complete", "succeeded", None),
        (
            "pm_card_authenticationRequired",
            "fail",
            "requires_payment_method",
            "payment_intent_authentication_failure",
        ),
        ("pm_card_threeDSecure2Required", "complete", "succeeded", None),
        ("pm_card_authenticationRequiredOnSetup", "complete", "succeeded", None),
        (
            "pm_card_threeDSecureRequiredChargeDeclined",
            "complete",
            "requires_payment_method",
            "card_declined",
        ),
    ],
)
def test_three_d_secure(client, send, pay, token, result, status, code):
    intent = pay(token)
    assert intent.status == "requires_action"
    assert intent.next_action.type == "redirect_to_url"
    answer = _answer(send, intent, result)
    assert answer.status == 303
    location = answer.headers["Location"]
    assert location.startswith(f"{BACK}?payment_intent={intent.id}&")
    word = "succeeded" if status == "succeeded" else "failed"
    assert location.endswith(f"redirect_status={word}")
    after = client.payment_intents.retrieve(intent.id)
    assert (after.status, after.next_action) == (status, None)
    assert getattr(after.last_payment_error, "code", None) == code


def test_a_challenge_is_answered_once(send, pay):
    intent = pay("pm_card_authenticationRequired")
    assert _answer(send, intent, "complete").status == 303
    assert _answer(send, intent, "complete").status == 404


def test_without_the_payer_authentication_is_a_decline(client):
    with pytest.raises(stripe.CardError) as caught:
        client.payment_intents.create(
            {
                **INTENT,
                "confirm": True,
                "off_session": True,
                "payment_method": "pm_card_authenticationRequired",
            }
        )
    assert caught.value.code == "authentication_required"


# Customers and saved cards.


def test_save_and_charge_later(client, pay):
    customer = client.customers.create({"email": "jenny@example.com"})
    first = pay(customer=customer.id, setup_future_usage="off_session")
    saved = client.customers.payment_methods.list(customer.id).data
    assert [method.id for method in saved] == [first.payment_method]
    later = client.payment_intents.create(
        {
            **INTENT,
            "confirm": True,
            "off_session": True,
            "customer": customer.id,
            "payment_method": saved[0].id,
        }
    )
    assert later.status == "succeeded"


def test_a_card_is_good_for_one_payment(client, pay):
    used = pay().payment_method
    with pytest.raises(stripe.InvalidRequestError, match="previously used"):
        pay(used)


def test_a_saved_card_needs_its_customer(client, pay):
    customer = client.customers.create()
    attach = client.payment_methods.attach
    method = attach("pm_card_visa", {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="belongs to the Customer"):
        pay(method.id)
    client.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        attach(method.id, {"customer": customer.id})


def test_a_declining_card_cannot_be_attached_but_0341_can(client, pay):
    customer = client.customers.create()
    attach = client.payment_methods.attach
    with pytest.raises(stripe.CardError):
        attach("pm_card_chargeDeclined", {"customer": customer.id})
    method = attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    with pytest.raises(stripe.CardError):
        pay(method.id, customer=customer.id)


def test_setup_intent(sandbox, client):
    customer = client.customers.create()
    intent = client.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "return_url": BACK,
        }
    )
    assert intent.status == "succeeded"
    saved = client.payment_methods.retrieve(intent.payment_method)
    assert saved.customer == customer.id
    types = [event["type"] for event in sandbox.objects("event")]
    assert types[-2:] == ["payment_method.attached", "setup_intent.succeeded"]


def test_setup_declined(client):
    with pytest.raises(stripe.CardError) as caught:
        client.setup_intents.create(
            {
                "payment_method": "pm_card_chargeDeclined",
                "confirm": True,
                "return_url": BACK,
            }
        )
    assert (
        caught.value.error.setup_intent["last_setup_error"]["code"] == "card_declined"
    )


# Numbers: from the browser only, and kept nowhere.


def _card(number="4242424242424242", **values):
    card = {"number": number, "exp_month": 12, "exp_year": 34, "cvc": "123", **values}
    data = {f"payment_method_data[card][{name}]": v for name, v in card.items()}
    return {"payment_method_data[type]": "card", **data}


@pytest.mark.parametrize(
    "values, code",
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "12"}, "invalid_number"),
        ({"number": "4111111111111111"}, "card_declined"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"exp_year": 20}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
def test_wrong_card_details(sandbox, client, send, values, code):
    intent = client.payment_intents.create(INTENT)
    params = {**_card(**values), "client_secret": intent.client_secret}
    path = f"/v1/payment_intents/{intent.id}/confirm"
    answer = send("POST", path, params, key=sandbox.publishable_key)
    assert answer.status == 402
    assert answer.json["error"]["code"] == code


def test_a_server_must_not_send_numbers(client, send):
    intent = client.payment_intents.create(INTENT)
    answer = send("POST", f"/v1/payment_intents/{intent.id}/confirm", _card())
    assert answer.json["error"]["code"] == "parameter_unknown"
    params = {"type": "card", "card[number]": "4242424242424242"}
    answer = send("POST", "/v1/payment_methods", params)
    assert answer.status == 402


def test_no_number_stays_behind(sandbox, client, send, caplog, tmp_path):
    caplog.set_level("DEBUG", "stripe_sandbox")
    caplog.set_level("WARNING", "stripe")  # the SDK tells what it sends
    sandbox.state_file = tmp_path / "state.json"
    intent = client.payment_intents.create(INTENT)
    params = {**_card(), "client_secret": intent.client_secret}
    path = f"/v1/payment_intents/{intent.id}/confirm"
    headers = {"Idempotency-Key": "k"}
    key = sandbox.publishable_key
    assert send("POST", path, params, headers, key).json["status"] == "succeeded"
    state = sandbox.state_file.read_text()
    assert "4242424242424242" not in state + caplog.text + repr(sandbox.requests)
    secrets = (sandbox.secret_key, sandbox.publishable_key, intent.client_secret)
    assert not [secret for secret in secrets if secret in caplog.text]
    assert not [s for s in secrets[:2] if s in repr(sandbox.requests)]


@pytest.mark.parametrize(
    "context, param",
    [
        ({"amount": 1998}, "amount"),
        ({"currency": "eur"}, "currency"),
        ({"setup_future_usage": "off_session"}, "setup_future_usage"),
        ({"mode": "setup"}, "mode"),
        ({"capture_method": "manual"}, "capture_method"),
        ({"payment_method_types": "us_bank_account"}, "payment_method_types"),
    ],
)
def test_elements_must_match_the_intent(sandbox, old_client, send, context, param):
    intent = old_client.payment_intents.create(INTENT)
    agreed = {"mode": "payment", "amount": 1999, "currency": "usd", **context}
    types = agreed.pop("payment_method_types", "card")
    params = {f"client_context[{name}]": value for name, value in agreed.items()}
    params |= {"client_context[payment_method_types][]": types, **_card()}
    params["client_secret"] = intent.client_secret
    path = f"/v1/payment_intents/{intent.id}/confirm"
    answer = send("POST", path, params, key=sandbox.publishable_key)
    assert answer.json["error"]["param"] == param
    assert "does not match the expected" in answer.json["error"]["message"]
