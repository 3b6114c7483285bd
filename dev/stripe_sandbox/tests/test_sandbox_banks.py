"""US bank accounts: micro-deposits, waiting, failures, returns."""

import pytest
import stripe

OUTCOMES = [
    # account number, failure code
    ("000111111113", "account_closed"),
    ("000111111116", "no_account"),
    ("000222222227", "insufficient_funds"),
    ("000333333335", "debit_not_authorized"),
    ("000444444440", "invalid_currency"),
    ("000777777771", "charge_exceeds_weekly_limit"),
]


@pytest.fixture
def verify(client):
    """Verify the bank account of a PaymentIntent."""

    def done(intent, **values):
        values = values or {"descriptor_code": "SM11AA"}
        return client.payment_intents.verify_microdeposits(intent.id, values)

    return done


def _status(client, intent):
    return client.payment_intents.retrieve(intent.id).status


def test_from_microdeposits_to_money(sandbox, client, debit, verify):
    intent = debit()
    assert intent.status == "requires_action"
    details = intent.next_action.verify_with_microdeposits
    assert details.microdeposit_type == "descriptor_code"
    assert details.arrival_date > intent.created
    assert details.hosted_verification_url.startswith(sandbox.url)
    assert intent.latest_charge is None
    assert verify(intent).status == "processing"
    sandbox.advance_time(days=2)
    assert _status(client, intent) == "processing"
    sandbox.advance_time(days=5)
    intent = client.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.amount_received) == ("succeeded", 5000)
    bank = intent.latest_charge.payment_method_details.us_bank_account
    assert (bank.last4, bank.account_holder_type) == ("6789", "individual")
    mandate = client.mandates.retrieve(bank.mandate)
    assert (mandate.type, mandate.status) == ("single_use", "active")
    types = [event["type"] for event in sandbox.objects("event")]
    assert types == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "payment_intent.processing",
        "charge.pending",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize("number, code", OUTCOMES)
def test_failures(sandbox, client, debit, verify, number, code):
    intent = debit(number)
    verify(intent)
    sandbox.advance_time(days=7)
    intent = client.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == code
    charge = intent.latest_charge
    assert (charge.status, charge.failure_code) == ("failed", code)


def test_deposits_that_cannot_be_sent(sandbox, client, debit):
    intent = debit("000666666661")
    sandbox.advance_time(days=5)
    error = client.payment_intents.retrieve(intent.id).last_payment_error
    assert error.code == "payment_method_microdeposit_failed"


def test_verification_times_out(sandbox, client, debit):
    intent = debit()
    sandbox.advance_time(days=11)
    error = client.payment_intents.retrieve(intent.id).last_payment_error
    assert error.code == "payment_method_microdeposit_verification_timeout"


PREFIX = "payment_method_microdeposit_verification"
WRONG = [
    # type, parameters, code, status of the intent afterwards
    (
        "descriptor_code",
        {"descriptor_code": "SM00AA"},
        "descriptor_code_mismatch",
        True,
    ),
    ("descriptor_code", {"descriptor_code": "SM33CC"}, "attempts_exceeded", False),
    ("descriptor_code", {"descriptor_code": "SM44DD"}, "timeout", False),
    ("amounts", {"amounts": [1, 2]}, "amounts_mismatch", True),
    ("amounts", {"amounts": [32]}, "amounts_invalid", True),
    ("amounts", {"amounts": [10, 11]}, "attempts_exceeded", False),
    ("amounts", {"amounts": [40, 41]}, "timeout", False),
]


@pytest.mark.parametrize("kind, params, code, open_still", WRONG)
def test_wrong_deposits(sandbox, client, debit, verify, kind, params, code, open_still):
    sandbox.control.change_settings(microdeposit_type=kind)
    intent = debit()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        verify(intent, **params)
    assert caught.value.code == f"{PREFIX}_{code}"
    status = "requires_action" if open_still else "requires_payment_method"
    assert _status(client, intent) == status


@pytest.mark.parametrize("kind, attempts", [("amounts", 3), ("descriptor_code", 10)])
def test_attempts_are_counted(sandbox, client, debit, verify, kind, attempts):
    sandbox.control.change_settings(microdeposit_type=kind)
    intent = debit()
    wrong = {"amounts": [1, 2]} if kind == "amounts" else {"descriptor_code": "SM99XX"}
    for _time in range(attempts):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            verify(intent, **wrong)
    assert caught.value.code == f"{PREFIX}_attempts_exceeded"
    assert _status(client, intent) == "requires_payment_method"


def test_the_other_kind_of_deposit_is_refused(debit, verify):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        verify(debit(), amounts=[32, 45])
    assert caught.value.param == "descriptor_code"


def test_the_hosted_page(sandbox, client, debit, send):
    intent = debit()
    url = intent.next_action.verify_with_microdeposits.hosted_verification_url
    path = url.removeprefix(sandbox.url)
    for code, text in (("SM00AA", "9 verification attempts"), ("sm11aa", "processing")):
        page = send("POST", path, {"descriptor_code": code}, key=None)
        assert text in page.text
    assert _status(client, intent) == "processing"


WRONG_ACCOUNTS = [
    ({"routing_number": "110000001"}, "routing_number_invalid"),
    ({"account_number": "111"}, "account_number_invalid"),
    ({"account_holder_type": "nobody"}, None),
    ({"account_number": None}, "parameter_missing"),
]


@pytest.mark.parametrize("changes, code", WRONG_ACCOUNTS)
def test_wrong_accounts(client, changes, code):
    account = {
        "account_holder_type": "individual",
        "account_number": "000123456789",
        "routing_number": "110000000",
        **changes,
    }
    given = {name: value for name, value in account.items() if value}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.payment_methods.create(
            {"type": "us_bank_account", "us_bank_account": given}
        )
    assert caught.value.code == code


def test_what_a_debit_needs(debit):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        debit(mandate_data={})
    assert caught.value.code == "payment_intent_mandate_invalid"
    with pytest.raises(stripe.InvalidRequestError):
        debit(currency="eur")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        debit(
            payment_method_options={
                "us_bank_account": {"verification_method": "instant"}
            }
        )
    assert caught.value.param == "payment_method"


def test_linked_account_needs_no_deposits(client, debit, sandbox):
    sandbox.control.change_settings(
        verify_banks_instantly=True, settle_bank_immediately=True
    )
    intent = debit()
    assert intent.status == "processing"  # the answer is given before the bank's
    assert _status(client, intent) == "succeeded"


def test_tokens_are_verified_accounts(client, pay):
    intent = pay(
        "pm_usBankAccount_success",
        mandate_data={"customer_acceptance": {"type": "offline"}},
    )
    assert intent.status == "processing"


def test_a_verified_account_is_known_again(client, debit, verify):
    customer = client.customers.create()
    verify(debit(customer=customer.id))
    assert debit(customer=customer.id).status == "processing"
    assert debit().status == "requires_action"


def test_a_debit_can_be_cancelled_for_a_while(sandbox, client, debit, verify):
    early, late = debit(), debit()
    for intent in (early, late):
        verify(intent)
    assert client.payment_intents.cancel(early.id).status == "canceled"
    sandbox.advance_time(hours=3)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.payment_intents.cancel(late.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    sandbox.advance_time(days=7)
    assert _status(client, early) == "canceled"
    assert _status(client, late) == "succeeded"


def test_return_before_and_after_settlement(sandbox, client, debit, verify):
    early, late = debit(), debit()
    for intent in (early, late):
        verify(intent)
    sandbox.control.return_payment(early.id, "account_closed")
    failed = client.payment_intents.retrieve(early.id)
    assert failed.last_payment_error.code == "account_closed"
    sandbox.advance_time(days=7)
    assert _status(client, early) == "requires_payment_method"
    sandbox.control.return_payment(late.id, "debit_not_authorized")
    (dispute,) = client.disputes.list({"payment_intent": late.id}).data
    assert (dispute.status, dispute.reason) == ("lost", "debit_not_authorized")
    assert not dispute.is_charge_refundable
    assert client.charges.retrieve(dispute.charge).disputed
    types = [event["type"] for event in sandbox.objects("event")]
    assert types[-3:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]


def test_dispute_account_and_endless_account(sandbox, client, debit, verify):
    disputed, endless = debit("000555555559"), debit("000000000009")
    for intent in (disputed, endless):
        verify(intent)
    sandbox.advance_time(days=60)
    assert len(client.disputes.list({"payment_intent": disputed.id}).data) == 1
    assert _status(client, endless) == "processing"
    assert client.payment_intents.cancel(endless.id).status == "canceled"


def test_setup_of_a_bank_account(client):
    customer = client.customers.create()
    intent = client.setup_intents.create(
        {
            "customer": customer.id,
            "confirm": True,
            "allowed_payment_method_types": ["us_bank_account"],
            "mandate_data": {"customer_acceptance": {"type": "offline"}},
            "payment_method_data": {
                "type": "us_bank_account",
                "billing_details": {"name": "Jenny"},
                "us_bank_account": {
                    "account_holder_type": "company",
                    "account_number": "000123456789",
                    "routing_number": "110000000",
                },
            },
        }
    )
    assert intent.status == "requires_action"
    code = {"descriptor_code": "SM11AA"}
    done = client.setup_intents.verify_microdeposits(intent.id, code)
    assert done.status == "succeeded"
    assert client.mandates.retrieve(done.mandate).type == "multi_use"
    paid = client.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "confirm": True,
            "off_session": True,
            "customer": customer.id,
            "payment_method": done.payment_method,
            "allowed_payment_method_types": ["us_bank_account"],
        }
    )
    assert paid.status == "processing"
