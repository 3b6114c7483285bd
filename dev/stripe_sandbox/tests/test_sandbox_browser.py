"""The Payment Element in a real browser, on a page with a strict policy."""

import time

import pytest
from playwright.sync_api import expect

from stripe_sandbox.tests.shop import fields, fill_card, pay, result, returned


def test_pay_by_card(sandbox, visit, intent, old_client):
    made = intent()
    page = visit(type="card", cs=made.client_secret)
    frame = fill_card(page, number="", expiry="")
    for name, keys in (("number", "4242424242424242"), ("expiry", "1240")):
        frame.locator(f"[name={name}]").press_sequentially(keys)
    expect(frame.locator("[name=number]")).to_have_value("4242 4242 4242 4242")
    expect(frame.locator("[name=expiry]")).to_have_value("12 / 40")
    pay(page)
    back = returned(page)
    assert (back.ref, back.payment_intent, back.redirect_status) == (
        "1",
        made.id,
        "succeeded",
    )
    assert back.payment_intent_client_secret == made.client_secret
    paid = old_client.payment_intents.retrieve(made.id, {"expand": ["payment_method"]})
    assert paid.status == "succeeded"
    address = paid.payment_method.billing_details.address
    assert (address.country, address.postal_code) == ("US", "94103")
    confirm = next(r for r in sandbox.requests if r.path.endswith("/confirm"))
    assert (confirm.source, confirm.version) == ("browser", "2019-05-16")


def test_the_page_never_sees_the_number(visit, intent, shop):
    page = visit(type="card", cs=intent().client_secret)
    sent = []
    page.on("request", lambda r: sent.append((r.url, r.post_data or "")))
    fill_card(page)
    heard = page.evaluate("JSON.stringify(shop.seen) + document.body.innerHTML")
    assert "4242" not in heard
    assert page.evaluate("shop.seen.at(-1).complete") is True
    pay(page)
    returned(page)
    assert not [url for url, data in sent if url.startswith(shop) and "4242" in data]


def test_another_origin_cannot_speak_to_the_frame(visit, intent):
    page = visit(type="card", cs=intent().client_secret)
    frame = next(frame for frame in page.frames if "/elements/" in frame.url)
    asked = frame.evaluate(
        """() => new Promise((resolve) => {
            const id = location.hash.slice(1);
            window.addEventListener("message", () => setTimeout(() => resolve(
                document.documentElement.dataset.theme), 100));
            window.postMessage({frame: id, id: 1, type: "update",
                payload: {elements: {appearance: {theme: "flat"}}}}, "*");
        })"""
    )
    assert asked == "night"


WRONG = [
    ({"number": "4242"}, "incomplete_number"),
    ({"number": "4242424242424241"}, "invalid_number"),
    ({"expiry": "12"}, "incomplete_expiry"),
    ({"expiry": "1220"}, "invalid_expiry_year_past"),
    ({"cvc": "12"}, "incomplete_cvc"),
    ({"zip_": "941"}, "incomplete_zip"),
]


def test_fields_are_checked(sandbox, visit, intent):
    page = visit(type="card", cs=intent().client_secret)
    for values, code in WRONG:
        frame = fill_card(page, **values)
        pay(page)
        expected = f'"type":"validation_error","code":"{code}"'
        expect(page.locator("#out")).to_contain_text(expected)
        wrong = frame.locator("[aria-invalid=true]")
        expect(wrong).to_have_count(1)
        expect(wrong).to_be_focused()
        expect(frame.locator("[role=alert]:visible")).to_have_count(1)
    assert not [r for r in sandbox.requests if r.path.endswith("/confirm")]


def test_a_decline_and_another_try(visit, intent):
    page = visit(type="card", cs=intent().client_secret)
    frame = fill_card(page, "4000000000000002")
    pay(page)
    assert '"message":"Your card was declined."' in result(page)
    frame.locator("[name=number]").fill("4242424242424242")
    pay(page)
    assert returned(page).redirect_status == "succeeded"


@pytest.mark.parametrize("button", ["authorize", "fail"])
def test_three_d_secure(visit, intent, button):
    page = visit(type="card", cs=intent().client_secret)
    fill_card(page, "4000002760003184")
    pay(page)
    bank = page.frame_locator('iframe[title="Card authentication"]')
    bank.locator(f"#test-source-{button}-3ds").click()
    if button == "authorize":
        assert returned(page).redirect_status == "succeeded"
    else:
        assert '"code":"payment_intent_authentication_failure"' in result(page)
        expect(page.locator('iframe[title="Card authentication"]')).to_have_count(0)


def test_without_redirect(visit, intent):
    page = visit(type="card", cs=intent().client_secret, redirect="if_required")
    fill_card(page)
    pay(page)
    assert '"status":"succeeded"' in result(page)


def test_the_amount_must_match(visit, intent):
    page = visit(type="card", cs=intent(amount=2500).client_secret)
    fill_card(page)
    pay(page)
    assert "does not match the expected amount (2500)" in result(page)


def test_an_updated_amount_matches(visit, intent):
    page = visit(type="card", cs=intent(amount=2500).client_secret)
    page.evaluate("shop.elements.update({amount: 2500})")
    fill_card(page)
    pay(page)
    assert returned(page).redirect_status == "succeeded"


def test_hidden_address_must_be_given(visit, intent):
    options = '{"fields":{"billingDetails":{"address":"never"}}}'
    page = visit(type="card", cs=intent().client_secret, options=options)
    frame = fields(page)
    for name, text in (
        ("number", "5555555555554444"),
        ("expiry", "1240"),
        ("cvc", "123"),
    ):
        frame.locator(f"[name={name}]").fill(text)
    expect(frame.locator("[name=postalCode]")).to_have_count(0)
    pay(page)
    assert '"thrown":"IntegrationError"' in result(page)


def _assert_shown_whole(page, frame, name, width):
    field = frame.locator(f"[name={name}]")
    box = field.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert box["height"] >= 44
    assert field.evaluate("node => node.labels.length") == 1
    assert field.get_attribute("autocomplete")
    # The frame follows its content in a message; wait for that.
    deadline = time.monotonic() + 5
    while True:
        bottom = field.bounding_box()["y"] + box["height"]
        outer = page.locator("#box iframe").bounding_box()
        if bottom <= outer["y"] + outer["height"]:
            return
        assert time.monotonic() < deadline, name
        page.wait_for_timeout(20)


def test_no_field_is_cut_off(visit, intent):
    page = visit(type="card", cs=intent().client_secret)
    frame = fields(page)
    for width in (390, 320, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for name in ("number", "expiry", "cvc", "country", "postalCode"):
            _assert_shown_whole(page, frame, name, width)


def test_appearance_reaches_the_frame(visit, intent):
    page = visit(type="card", cs=intent().client_secret)
    color = (
        fields(page)
        .locator("html")
        .evaluate("node => getComputedStyle(node).getPropertyValue('--primary')")
    )
    assert color == "#ff0000"


def test_pay_by_bank_account(visit, intent, old_client):
    made = intent("us_bank_account")
    page = visit(type="us_bank_account", cs=made.client_secret)
    frame = fields(page)
    values = {
        "name": "Jenny Rosen",
        "email": "jenny@example.com",
        "routingNumber": "110000000",
        "accountNumber": "000123456789",
        "confirmAccountNumber": "000123456780",
    }
    for name, text in values.items():
        frame.locator(f"[name={name}]").fill(text)
    frame.locator("[name=accountHolderType]").select_option("company")
    pay(page)
    assert "account_numbers_mismatch" in result(page)
    frame.locator("[name=confirmAccountNumber]").fill("000123456789")
    pay(page)
    assert returned(page).redirect_status == "pending"
    waiting = old_client.payment_intents.retrieve(
        made.id, {"expand": ["payment_method"]}
    )
    assert waiting.payment_method.us_bank_account.account_holder_type == "company"
    page.goto(waiting.next_action.verify_with_microdeposits.hosted_verification_url)
    page.get_by_label("Code").fill("SM11AA")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status")).to_contain_text("processing")


def test_saving_a_card(visit, old_client):
    customer = old_client.customers.create()
    made = old_client.setup_intents.create(
        {"customer": customer.id, "payment_method_types": ["card"]}
    )
    page = visit(type="card", mode="setup", cs=made.client_secret)
    fill_card(page)
    page.evaluate(
        """([secret]) => {
            const {elements, stripe, show} = shop;
            const confirmParams = {return_url: location.origin + "/back"};
            elements.submit().then(() => stripe.confirmSetup(
                {elements, clientSecret: secret, confirmParams})).then(show);
        }""",
        [made.client_secret],
    )
    back = returned(page)
    assert (back.setup_intent, back.redirect_status) == (made.id, "succeeded")
    saved = old_client.customers.payment_methods.list(customer.id).data
    assert [method.card.last4 for method in saved] == ["4242"]
