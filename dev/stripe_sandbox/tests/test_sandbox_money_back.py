"""Refunds and disputes."""

import pytest
import stripe


@pytest.fixture
def refund(client):
    return lambda intent, **values: client.refunds.create(
        {"payment_intent": intent.id, **values}
    )


def _events(sandbox):
    return [event["type"] for event in sandbox.objects("event")]


def test_partial_refunds_up_to_the_amount(sandbox, client, pay, refund):
    intent = pay(amount=1000)
    first = refund(intent, amount=300, reason="duplicate")
    assert (first.status, first.amount, first.reason) == ("succeeded", 300, "duplicate")
    assert _events(sandbox)[-2:] == ["refund.created", "charge.refunded"]
    charge = client.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (300, False)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(intent, amount=701)
    assert caught.value.param == "amount"
    assert refund(intent).amount == 700
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(intent)
    assert caught.value.code == "charge_already_refunded"
    assert len(client.refunds.list({"charge": charge.id}).data) == 2


@pytest.mark.parametrize("params", [{}, {"charge": "ch_x", "payment_intent": "pi_x"}])
def test_exactly_one_payment_is_named(client, params):
    with pytest.raises(stripe.InvalidRequestError):
        client.refunds.create(params)


def test_what_did_not_succeed_cannot_be_refunded(client, refund):
    intent = client.payment_intents.create({"amount": 1000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError):
        refund(intent)


def test_refund_event_in_the_old_shape_lists_refunds(hooked, receiver, pay, refund):
    refund(pay())
    receiver.wait(6)
    event = next(d.event for d in receiver.got if d.event["type"] == "charge.refunded")
    refunds = event["data"]["object"]["refunds"]
    assert (len(refunds["data"]), refunds["has_more"]) == (1, False)


def test_a_pending_refund_arrives(sandbox, client, pay, refund):
    made = refund(pay("pm_card_pendingRefund"))
    assert made.status == "pending"
    sandbox.advance_time(days=8)
    assert client.refunds.retrieve(made.id).status == "succeeded"
    assert _events(sandbox)[-2:] == ["refund.updated", "charge.refund.updated"]


def test_a_refund_fails_later(sandbox, client, pay, refund):
    intent = pay("pm_card_refundFail")
    made = refund(intent)
    assert made.status == "succeeded"
    sandbox.advance_time(days=8)
    made = client.refunds.retrieve(made.id)
    assert (made.status, made.failure_reason) == ("failed", "expired_or_canceled_card")
    assert made.failure_balance_transaction
    assert client.charges.retrieve(intent.latest_charge).amount_refunded == 0


def test_refund_levers(client, control, pay, refund):
    made = refund(pay("pm_card_pendingRefund"))
    assert (
        control("fail_refund", refund=made.id, reason="lost_or_stolen_card").status
        == 200
    )
    failed = client.refunds.retrieve(made.id)
    assert failed.failure_reason == "lost_or_stolen_card"


def test_a_dispute_follows_the_charge(sandbox, client, pay, refund):
    intent = pay("pm_card_createDispute")
    (dispute,) = client.disputes.list({"charge": intent.latest_charge}).data
    assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")
    assert dispute.balance_transactions[0].net == -1999 - 1500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(intent)
    assert caught.value.code == "charge_disputed"
    assert client.disputes.close(dispute.id).status == "lost"


def test_an_inquiry_moves_no_money(client, pay):
    intent = pay("pm_card_createDisputeInquiry")
    (dispute,) = client.disputes.list({"charge": intent.latest_charge}).data
    assert (dispute.status, dispute.balance_transactions) == (
        "warning_needs_response",
        [],
    )


def test_a_dispute_is_won(sandbox, client, control, pay):
    intent = pay()
    answer = control("dispute", intent=intent.id, reason="product_not_received")
    dispute = answer.json["result"]
    control("close_dispute", dispute=dispute, status="won")
    found = client.disputes.retrieve(dispute)
    assert found.status == "won"
    assert sum(money.amount for money in found.balance_transactions) == 0
    assert _events(sandbox)[-2:] == [
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


def test_a_charge_is_disputed_in_parts(client, control, pay):
    intent = pay(amount=1000)
    control("dispute", intent=intent.id, amount=300)
    assert control("dispute", intent=intent.id).status == 400
    control("dispute", intent=intent.id, amount=700)
    found = client.disputes.list({"charge": intent.latest_charge}).data
    assert [dispute.amount for dispute in found] == [700, 300]


def test_a_charge_is_disputed_again_after_a_dispute_was_won(client, control, pay):
    intent = pay(amount=1000)
    first = control("dispute", intent=intent.id).json["result"]
    control("close_dispute", dispute=first, status="won", reinstated=990)
    control("dispute", intent=intent.id)
    second, won = client.disputes.list({"charge": intent.latest_charge}).data
    assert (second.status, won.status) == ("needs_response", "won")
    assert [money.amount for money in won.balance_transactions] == [-1000, 990]
