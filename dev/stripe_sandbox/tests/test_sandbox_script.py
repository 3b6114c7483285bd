"""The calls of the script that need no fields, and its refusals."""

from playwright.sync_api import expect

from stripe_sandbox.tests.shop import fields, result

BANK = """async ([secret]) => shop.stripe.confirmUsBankAccountPayment(secret, {
    payment_method: {
        billing_details: {name: "Jenny Rosen", email: "jenny@example.com"},
        us_bank_account: {routing_number: "110000000", account_number: "000123456789",
            account_holder_type: "individual", account_type: "checking"},
    },
})"""


def test_bank_account_from_the_pages_ownfields(visit, intent):
    made = intent("us_bank_account")
    page = visit()
    first = page.evaluate(BANK, [made.client_secret])
    action = first["paymentIntent"]["next_action"]
    assert action["type"] == "verify_with_microdeposits"
    verify = (
        "([s]) => shop.stripe.verifyMicrodepositsForPayment(s, {descriptor_code: %r})"
    )
    wrong = page.evaluate(verify % "SM00AA", [made.client_secret])
    assert wrong["error"]["code"].endswith("descriptor_code_mismatch")
    right = page.evaluate(verify % "SM11AA", [made.client_secret])
    assert right["paymentIntent"]["status"] == "processing"
    read = "([s]) => shop.stripe.retrievePaymentIntent(s)"
    intent_ = page.evaluate(read, [made.client_secret])["paymentIntent"]
    assert intent_["status"] == "processing"


def test_card_payment_in_two_steps(visit, intent):
    made = intent(payment_method="pm_card_authenticationRequired")
    page = visit()
    call = "([s]) => shop.stripe.confirmCardPayment(s, {}, {handleActions: false})"
    first = page.evaluate(call, [made.client_secret])
    assert first["paymentIntent"]["status"] == "requires_action"
    page.evaluate(
        "([s]) => { shop.stripe.handleNextAction({clientSecret: s}).then(shop.show); }",
        [made.client_secret],
    )
    bank = page.frame_locator('iframe[title="Card authentication"]')
    bank.get_by_role("button", name="Complete").click()
    assert '"status":"succeeded"' in result(page)


def test_no_wallet_is_available(visit):
    page = visit()
    options = '{country: "US", currency: "usd", total: {label: "x", amount: 100}}'
    script = f"() => shop.stripe.paymentRequest({options}).canMakePayment()"
    assert page.evaluate(script) is None


WRONG_CALLS = [
    "Stripe('sk_test_1')",
    "Stripe()",
    "shop.stripe.elements({mode: 'payment', amount: 10.5, currency: 'usd'})",
    "shop.stripe.elements({mode: 'payment', amount: 10, currency: 'USD'})",
    "shop.stripe.elements({mode: 'later'})",
    "shop.stripe.elements({}).create('payment')",
    "shop.stripe.elements({mode: 'setup'}).create('iban')",
    "shop.stripe.elements({mode: 'setup'}).create('payment').mount('#nowhere')",
    "(e => [e.create('card'), e.create('card')])(shop.stripe.elements())",
    "shop.stripe.retrievePaymentIntent('nonsense')",
]


def test_wrong_calls_throw(visit):
    page = visit()
    caught = "async () => { try { await %s; } catch (error) { return error.name; } }"
    for script in WRONG_CALLS:
        assert page.evaluate(caught % script) == "IntegrationError", script


def test_an_existing_intent_fills_the_element(visit, intent):
    page = visit()
    page.evaluate(
        """([secret]) => {
            const elements = shop.stripe.elements({clientSecret: secret});
            const element = elements.create("payment");
            element.on("ready", () => (document.body.dataset.ready = "yes"));
            element.on("loaderror", ({error}) => shop.show(error));
            element.mount("#box");
        }""",
        [intent("us_bank_account").client_secret],
    )
    page.locator("body[data-ready=yes]").wait_for()
    expect(fields(page).locator("[name=routingNumber]")).to_be_visible()


def test_an_unknown_intent_is_a_load_error(visit):
    page = visit()
    page.evaluate(
        """() => {
            const clientSecret = "pi_none_secret_none";
            const elements = shop.stripe.elements({clientSecret});
            const element = elements.create("payment");
            element.on("loaderror", ({error}) => shop.show(error));
            element.mount("#box");
        }"""
    )
    assert "No such payment_intent" in result(page)


def test_a_method_that_is_not_activated_is_a_load_error(visit):
    page = visit()
    page.evaluate(
        """() => {
            const options = {mode: "payment", amount: 100, currency: "usd"};
            const elements = shop.stripe.elements(
                {...options, paymentMethodTypes: ["ideal"]});
            const element = elements.create("payment");
            element.on("loaderror", ({error}) => shop.show(error));
            element.mount("#box");
        }"""
    )
    assert 'type \\"ideal\\" is invalid' in result(page)


def test_script_misbehaves_on_demand(sandbox, visit, intent):
    made = intent("us_bank_account")
    read = "([s]) => shop.stripe.retrievePaymentIntent(s)"
    for trouble, code in {
        "throw": "([s]) => { try { shop.stripe.retrievePaymentIntent(s); }"
        " catch (error) { return error.name; } }",
        "error": read,
        "late": read,
    }.items():
        calls = {"retrievePaymentIntent": trouble}
        sandbox.control.change_settings(script_calls=calls)
        answer = visit().evaluate(code, [made.client_secret])
        if trouble == "throw":
            assert answer == "IntegrationError"
        else:
            assert ("error" in answer) == (trouble == "error")
