"""What Stripe documents as wrong is refused: amounts by currency, empty texts."""

import pytest

AMOUNTS = [
    # currency, amount, code of the refusal
    ("usd", 50, None),
    ("usd", 49, "amount_too_small"),
    ("ars", 49, "amount_too_small"),
    ("krw", 49, "amount_too_small"),
    ("jpy", 50, None),
    ("usd", 99999999, None),
    ("usd", 100000000, "amount_too_large"),
    ("inr", 999999999, None),
    ("inr", 1000000000, "amount_too_large"),
    ("idr", 999999999999, None),
    ("isk", 10000, None),
    ("isk", 10050, "invalid_charge_amount"),
    ("ugx", 500000, None),
    ("ugx", 500001, "invalid_charge_amount"),
    ("kwd", 10010, None),
    ("kwd", 10005, "invalid_charge_amount"),
    ("mga", 501, None),
]
INTENT = {"amount": 1000, "currency": "usd"}
SHIPPING = {
    "shipping[name]": "Nora",
    "shipping[address][line1]": "1 Long Street",
    "shipping[address][country]": "US",
}
CARD = {"payment_method_data[type]": "card"}
HOLDER = "payment_method_data[billing_details]"
EMPTY = [
    # endpoint, other parameters, the empty one
    ("payment_intents", {**INTENT, **SHIPPING}, "shipping[name]"),
    ("payment_intents", {**INTENT, **SHIPPING}, "shipping[address][line1]"),
    ("payment_intents", {**INTENT, **SHIPPING}, "shipping[address][country]"),
    ("payment_intents", {**INTENT, **CARD}, f"{HOLDER}[address][country]"),
    ("customers", {}, "address[country]"),
]


@pytest.mark.parametrize("currency, amount, code", AMOUNTS)
def test_amounts(send, currency, amount, code):
    params = {"amount": amount, "currency": currency}
    answer = send("POST", "/v1/payment_intents", params)
    assert answer.status == (400 if code else 200)
    if code:
        assert answer.json["error"]["code"] == code
        assert answer.json["error"]["param"] == "amount"


@pytest.mark.parametrize("endpoint, params, param", EMPTY)
def test_empty_texts_that_cannot_be_unset(send, endpoint, params, param):
    answer = send("POST", f"/v1/{endpoint}", {**params, param: ""})
    assert answer.status == 400
    assert answer.json["error"]["code"] == "parameter_invalid_empty"
    assert answer.json["error"]["param"] == param


def test_empty_texts_that_can_be_unset(send):
    params = {"address[line2]": "", "address[postal_code]": "", "address[state]": ""}
    answer = send("POST", "/v1/customers", params)
    assert answer.status == 200
