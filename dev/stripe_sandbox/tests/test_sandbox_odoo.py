"""The calls that Odoo's payment_stripe makes, in the form in which it makes them."""

import pytest

OLD = {"Stripe-Version": "2019-05-16"}
OPTIONS = "payment_method_options[card][mandate_options]"


@pytest.fixture
def odoo(send):
    """Call the API as Odoo does: version 2019-05-16, ``data`` in the body of a GET."""

    def call(method, endpoint, params=None, status=200, key=None):
        headers = {**OLD, **({"Idempotency-Key": key} if key else {})}
        answer = send(method, f"/v1/{endpoint}", params, headers)
        assert answer.status == status, answer.json
        return answer.json

    return call


@pytest.fixture
def customer(odoo):
    return odoo(
        "POST",
        "customers",
        {
            "address[city]": "Scranton",
            "address[country]": "US",
            "address[line1]": "215 Vine St",
            "address[postal_code]": "18503",
            "address[state]": "Pennsylvania",
            "description": "Odoo Partner: Azure Interior (id: 15)",
            "email": "azure@example.com",
            "name": "Azure Interior",
            "phone": "+1 555-0100",
        },
    )


def _intent(customer, **values):
    return {
        "amount": 115000,
        "currency": "usd",
        "description": "INV/2026/00001",
        "capture_method": "automatic",
        "payment_method_types[]": "card",
        "expand[]": "payment_method",
        "shipping[address][city]": "Scranton",
        "shipping[address][country]": "US",
        "shipping[address][line1]": "215 Vine St",
        "shipping[address][line2]": "",
        "shipping[address][postal_code]": "18503",
        "shipping[address][state]": "Pennsylvania",
        "shipping[name]": "Azure Interior",
        "customer": customer["id"],
        **values,
    }


def _pay_in_browser(sandbox, send, intent, number="4242424242424242"):
    params = {
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": number,
        "payment_method_data[card][exp_month]": "12",
        "payment_method_data[card][exp_year]": "2040",
        "payment_method_data[card][cvc]": "123",
        "client_secret": intent["client_secret"],
        "_stripe_version": "2019-05-16",
        "use_stripe_sdk": "true",
    }
    kind = "setup_intents" if intent["object"] == "setup_intent" else "payment_intents"
    path = f"/v1/{kind}/{intent['id']}/confirm"
    return send("POST", path, {**params, "key": sandbox.publishable_key}, key=None)


def test_online_payment_and_token(sandbox, send, odoo, customer):
    mandate = {
        "setup_future_usage": "off_session",
        f"{OPTIONS}[reference]": "INV/2026/00001",
        f"{OPTIONS}[amount_type]": "maximum",
        f"{OPTIONS}[amount]": 1500000,
        f"{OPTIONS}[start_date]": 1790000000,
        f"{OPTIONS}[interval]": "sporadic",
        f"{OPTIONS}[supported_types][]": "india",
    }
    intent = odoo("POST", "payment_intents", _intent(customer, **mandate), key="a1")
    assert intent["status"] == "requires_payment_method"
    assert intent["shipping"]["address"]["line2"] is None
    assert _pay_in_browser(sandbox, send, intent).json["status"] == "succeeded"
    # On return.
    path = f"payment_intents/{intent['id']}"
    paid = odoo("GET", path, {"expand[]": "payment_method"})
    assert paid["payment_method"]["card"]["brand"] == "visa"
    details = paid["charges"]["data"][0]["payment_method_details"]
    assert details[details["type"]].get("mandate", "absent") is None
    assert paid["description"] == "INV/2026/00001"
    # Later, without the payer.
    token = {
        "confirm": "True",
        "off_session": "True",
        "payment_method": paid["payment_method"]["id"],
    }
    # Odoo sends Python's words for truth.
    again = odoo("POST", "payment_intents", _intent(customer, **token))
    assert again["status"] == "succeeded"
    methods = odoo("GET", f"customers/{customer['id']}/payment_methods")
    assert len(methods["data"]) == 1
    params = {"customer": customer["id"], "type": "card", "limit": 1}
    assert odoo("GET", "payment_methods", params)["data"] == methods["data"]


def test_refund(sandbox, send, odoo, customer):
    intent = odoo("POST", "payment_intents", _intent(customer))
    _pay_in_browser(sandbox, send, intent)
    params = {"payment_intent": intent["id"], "amount": 5000}
    made = odoo("POST", "refunds", params)
    assert (made["status"], made["amount"], made["currency"]) == (
        "succeeded",
        5000,
        "usd",
    )
    for _time in range(11):
        odoo("POST", "refunds", {**params, "amount": 1})
    (charge,) = odoo("GET", "charges")["data"]
    refunds = charge["refunds"]
    assert (len(refunds["data"]), refunds["has_more"]) == (10, True)
    params = {"charge": charge["id"], "starting_after": refunds["data"][-1]["id"]}
    rest = odoo("GET", "refunds", {**params, "limit": 100})
    assert (len(rest["data"]), rest["has_more"]) == (2, False)


@pytest.mark.parametrize(
    "action, status", [("capture", "succeeded"), ("cancel", "canceled")]
)
def test_authorization(sandbox, send, odoo, customer, action, status):
    params = _intent(customer, capture_method="manual")
    intent = odoo("POST", "payment_intents", params)
    held = _pay_in_browser(sandbox, send, intent).json
    assert held["status"] == "requires_capture"
    assert odoo("POST", f"payment_intents/{intent['id']}/{action}")["status"] == status


def test_validation(sandbox, send, odoo, customer):
    intent = odoo(
        "POST",
        "setup_intents",
        {
            "customer": customer["id"],
            "description": "V-1",
            "payment_method_types[]": "card",
            f"{OPTIONS}[reference]": "V-1",
            f"{OPTIONS}[amount_type]": "maximum",
            f"{OPTIONS}[amount]": 1500000,
            f"{OPTIONS}[start_date]": 1790000000,
            f"{OPTIONS}[interval]": "sporadic",
            f"{OPTIONS}[supported_types][]": "india",
            f"{OPTIONS}[currency]": "usd",
        },
    )
    assert _pay_in_browser(sandbox, send, intent).json["status"] == "succeeded"
    path = f"setup_intents/{intent['id']}"
    done = odoo("GET", path, {"expand[]": "payment_method"})
    assert done["payment_method"]["card"]["last4"] == "4242"


def test_a_decline_tells_the_payer_why(sandbox, send, odoo, customer):
    intent = odoo("POST", "payment_intents", _intent(customer))
    answer = _pay_in_browser(sandbox, send, intent, "4000000000009995")
    assert answer.status == 402
    assert answer.json["error"]["message"] == "Your card has insufficient funds."
    assert "metadata" not in answer.json["error"]["payment_intent"]
    failed = odoo("GET", f"payment_intents/{intent['id']}")
    assert (
        failed["last_payment_error"]["message"] == "Your card has insufficient funds."
    )


def test_webhook_button(odoo):
    params = {
        "url": "https://shop.example/payment/stripe/webhook",
        "enabled_events[]": ["payment_intent.succeeded", "charge.refund.updated"],
        "api_version": "2019-05-16",
    }
    assert odoo("POST", "webhook_endpoints", params)["secret"].startswith("whsec_")


def test_apple_pay_button(odoo):
    domain = odoo("POST", "apple_pay/domains", {"domain_name": "shop.example"})
    assert domain["livemode"] is False
