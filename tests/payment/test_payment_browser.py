import re
from urllib.parse import parse_qsl, unquote

from odoo import fields

from ..browser_common import PortalBrowserCase
from ..development import expect
from ..payment_common import ROUTING, PortalPaymentCommon
from ..traces_common import TracesMixin

PAID = "Thank you, your payment was received"
BANK_NUMBER = "000123456789"
CARD_NUMBER = "4242 4242 4242 4242"
CVC = "739"


class TestPaymentBrowser(TracesMixin, PortalPaymentCommon, PortalBrowserCase):
    """A customer who pays, on a phone-sized screen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._enable_echeck()
        cls.company.portal_allow_part_payment = True

    def _open_screen(self, page, method="Credit Card"):
        """Open the payment screen and choose a way to pay.

        :return: Everything that the browser sends from then on, address and body.
        """
        sent = []
        page.on(
            "request",
            lambda request: sent.append((request.url, request.post_data or "")),
        )
        self.visit(page, self.link._get_path("pay"))
        page.get_by_text(method, exact=True).click()
        return sent

    def _expect_heading(self, page, text):
        expect(page.get_by_role("heading", level=1)).to_have_text(text)

    def _pay(self, page):
        page.get_by_role("button", name="Pay").click()

    def _fill_echeck(self, page, number=BANK_NUMBER, again=None, routing="110000000"):
        page.get_by_label("Routing number").fill(routing)
        page.get_by_label("Account number", exact=True).fill(number)
        page.get_by_label("Confirm account number").fill(again or number)

    def _fill_card(self, page, number):
        frame = page.frame_locator("[name='o_stripe_element_container'] iframe").first
        frame.locator("[name='number']").fill(number)
        frame.locator("[name='expiry']").fill("12 / 34")
        frame.locator("[name='cvc']").fill(CVC)
        if frame.locator("[name='postalCode']").count():
            frame.locator("[name='postalCode']").fill("19901")

    def test_s15_s18_s20_s22_card_is_paid_end_to_end(self):
        self.link.sudo().sent_on = fields.Datetime.now()  # Read and paid at once.
        with self.page() as page:
            with self.traces(page):
                self.visit(page, self.link._get_path())
                page.get_by_role("link", name="Pay Now").click()
                page.get_by_text("Credit Card", exact=True).click()
                self._fill_card(page, CARD_NUMBER)
                self._pass_time(30)  # As long as it takes people to type that.
                self._pay(page)
                self._expect_heading(page, PAID)
                page.get_by_role("link", name="Back to the invoice").click()
                expect(page.get_by_role("status")).to_contain_text("Paid")
            self._assert_stays_away(page, CARD_NUMBER, CVC)
        self.env.invalidate_all()
        tx = self._get_transactions()
        self.assertEqual(tx.mapped("state"), ["done"])
        self.assertTrue(tx.payment_id)
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertIn(self.invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(self._get_intents()[0]["status"], "succeeded")
        kinds = self.link.event_ids.sorted("id").mapped("kind")
        self.assertLess(kinds.index("viewed"), kinds.index("paid"))
        self._run_notifications()
        subjects = self._get_staff_messages(self.invoice, self.salesperson).mapped(
            "subject"
        )
        self.assertEqual(len(subjects), 2, subjects)
        self.assertTrue(any("was viewed" in subject for subject in subjects))
        self.assertTrue(any("Payment received" in subject for subject in subjects))

    def test_s22_declined_card_says_why_and_can_be_retried(self):
        with self.page() as page:
            self._open_screen(page)
            problem = page.locator("#pay_errors")
            for number, words in {
                "4000 0000 0000 0002": "declined",
                "4000 0000 0000 9995": "insufficient funds",
                "4000 0000 0000 0069": "expired",
                "4000 0000 0000 0127": "security code is incorrect",
                "4000 0000 0000 0119": "processing",
            }.items():
                self._fill_card(page, number)
                self._pay(page)
                expect(problem).to_contain_text(words)
                expect(problem).to_contain_text("Nothing was charged. Try another card")
                expect(problem).to_be_focused()
            self.wait_for_answers(page)
            self.assertEqual(self.invoice.amount_residual, 100.0)
            self.assertFalse(self._get_transactions().payment_id)
            self._fill_card(page, CARD_NUMBER)
            page.get_by_role("button", name="Pay").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(PAID)
        self.env.invalidate_all()
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertEqual(len(self._get_transactions().payment_id), 1)

    def test_s20_3d_secure_is_failed_and_told_then_passed_and_paid(self):
        with self.page() as page:
            self._open_screen(page)
            self._fill_card(page, "4000 0025 0000 3155")
            self._pay(page)
            self._pass_challenge(page, "Fail")
            problem = page.locator("#pay_errors")
            expect(problem).to_contain_text("unable to authenticate")
            self.wait_for_answers(page)
            self.assertEqual(self.invoice.amount_residual, 100.0)
            self._pay(page)
            self._pass_challenge(page, "Complete")
            self._expect_heading(page, PAID)
        self._assert_paid_once()

    def _pass_challenge(self, page, answer):
        """Answer the question of the card's bank, which comes in a frame."""
        frame = page.frame_locator("iframe[src*='/3ds/']")
        frame.get_by_role("button", name=answer).click()

    def test_s21_b4_echeck_is_verified_settled_and_returned(self):
        with self.page() as page:
            page.clock.install()  # What takes days is asked for once a minute.
            with self.traces(page):
                self._open_screen(page, "eCheck / Bank")
                self._fill_echeck(page)
                self._pay(page)
                self._expect_heading(page, "One more step: verify your bank account")
            tx = self._get_transactions()
            self.assertEqual(
                page.get_by_role("link", name="Verify").get_attribute("href"),
                tx.portal_attempt_id.verification_url,
            )
            page.evaluate("window.isWhereItWas = true")
            self._get_stripe().payment_intents.verify_microdeposits(
                tx.provider_reference, {"descriptor_code": "SM11AA"}
            )
            self._catch_up()
            page.clock.fast_forward("01:00")
            self._expect_heading(page, "Your payment is being processed")
            self.sandbox.control.settle(tx.provider_reference)
            self._catch_up()
            page.clock.fast_forward("01:00")
            self._expect_heading(page, PAID)
            self.assertTrue(page.evaluate("window.isWhereItWas"), "without a reload")
            self._assert_stays_away(page, BANK_NUMBER, ROUTING)
            self._assert_paid_once()
            self.assertIn("$\xa0100.00", tx.portal_attempt_id.authorization)
            self.assertIn("authorize", tx.portal_attempt_id.authorization)
            self.sandbox.control.return_payment(tx.provider_reference)
            self._assert_taken_back(page, "payment_returned")

    def test_b4_disputed_card_payment_is_told_wherever_the_customer_looks(self):
        with self.page() as page:
            self._open_screen(page)
            self._fill_card(page, CARD_NUMBER)
            self._pay(page)
            self._expect_heading(page, PAID)
            self.wait_for_answers(page)
            self.sandbox.control.dispute(self._get_transactions().provider_reference)
            self._assert_taken_back(page, "payment_disputed")

    def _assert_taken_back(self, page, kind):
        """Check that customer and staff are told as soon as Stripe is asked."""
        self._catch_up()
        self.visit(page, self.link._get_path("result"))
        self._expect_heading(page, "Your bank returned the payment")
        expect(page.get_by_role("link", name="Pay again")).to_be_visible()
        page.get_by_role("link", name="Back to the invoice").click()
        expect(page.get_by_role("status")).to_have_text("Open")
        expect(page.locator("#balance_due")).to_contain_text("100.00")
        expect(page.locator(".o_portal_reversed")).to_contain_text("100.00")
        expect(page.get_by_role("link", name="Pay Now")).to_be_visible()
        self.wait_for_answers(page)
        self.assertIn(kind, self.link.event_ids.mapped("kind"))
        [activity] = self.invoice.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertIn("reversed", activity.summary)

    def _assert_stays_away(self, page, *numbers):
        """Check that Stripe got some numbers, and Odoo none of them.

        Neither in a request, nor in a line of the log, nor in any table.
        """
        # The server works with this test's cursor: it is left nothing to do.
        self.wait_for_answers(page)
        page.goto("about:blank")
        patterns = [self._get_pattern(number) for number in numbers]
        for pattern in patterns:
            self.assertTrue(
                any(re.search(pattern, text) for text in self._get_sent_to_stripe())
            )
        self.assertFalse(self.find_traces("|".join(patterns)))
        # The same search does find what Odoo may know.
        known = self.find_traces(re.escape(self.customer.email))
        self.assertLessEqual({"request", "log", "payment_transaction"}, known)

    def _get_pattern(self, number):
        """Return a pattern that finds a number, however it is written."""
        digits = number.replace(" ", "")
        if len(digits) > 4:
            return "[ +-]?".join(digits)
        return f"""["'=]{digits}(["'&]|$)"""  # A value by itself.

    def _get_sent_to_stripe(self):
        return [unquote(text) for text in self._get_sent(self.sandbox.url)]

    def test_s21_echecks_fields_are_checked_beside_them(self):
        with self.page() as page:
            sent = self._open_screen(page, "eCheck / Bank")
            page.get_by_label("Amount to pay").fill("40.00")
            expect(page.locator("#echeck_authorization")).to_contain_text("$\xa040.00")
            self._fill_echeck(page, routing="110000001", again="000123456780")
            self._pay(page)
            for field, text in {
                "routing": "9-digit routing number",
                "account_again": "numbers are different",
            }.items():
                expect(page.locator(f"#echeck_{field}_error")).to_contain_text(text)
                expect(page.locator("#pay_errors")).to_contain_text(text)
            self.assertFalse([url for url, _data in sent if "/transaction" in url])
            expect(page.get_by_label("Account number", exact=True)).to_have_value(
                BANK_NUMBER
            )
            # Put right, and a bank that answers at once.
            self.sandbox.control.change_settings(
                verify_banks_instantly=True, settle_bank_immediately=True
            )
            page.get_by_label("Amount to pay").fill("100.00")
            self._fill_echeck(page)
            self._pay(page)
            self._expect_heading(page, PAID)
        self._assert_paid_once()

    def test_s20_wallets_are_left_on_and_open_at_the_click(self):
        with self.page() as page:
            # Look over the shoulder of the screen, which keeps the elements to itself.
            page.add_init_script(
                """
                let given;
                Object.defineProperty(window, "Stripe", {
                    configurable: true,
                    set(Stripe) {
                        given = (...args) => {
                            const stripe = Stripe(...args);
                            const make = stripe.elements.bind(stripe);
                            stripe.elements = (options) => {
                                window.seenOptions = options;
                                window.seenElements = make(options);
                                return window.seenElements;
                            };
                            return stripe;
                        };
                    },
                    get: () => given,
                });
                """
            )
            sent = self._open_screen(page)
            page.wait_for_function("window.seenElements?.getElement('payment')")
            options = page.evaluate("window.seenOptions")
            self.assertEqual(options["paymentMethodTypes"], ["card"])
            self.assertNotIn("wallets", options)
            self._fill_card(page, CARD_NUMBER)
            with page.expect_response("**/transaction"):
                # At one stroke: the element may have more to tell about the card.
                page.evaluate(
                    """
                    seenElements.getElement("payment").emit("change", {
                        value: {type: "apple_pay"},
                    });
                    document.querySelector("#pay_button").click();
                    """
                )
        self.assertFalse([url for url, _data in sent if url.endswith("/check")])

    def test_s19_part_payment_then_the_rest(self):
        with self.page() as page:
            self._open_screen(page)
            page.get_by_label("Amount to pay").fill("40.00")
            self._fill_card(page, CARD_NUMBER)
            self._pay(page)
            self._expect_heading(page, PAID)
            expect(page.get_by_role("status")).to_contain_text("60.00")
            page.get_by_role("link", name="Pay the remaining balance").click()
            expect(page.get_by_label("Amount to pay")).to_have_value("60.00")
            page.get_by_text("Credit Card", exact=True).click()
            self._fill_card(page, CARD_NUMBER)
            self._pay(page)
            self._expect_heading(page, PAID)
            expect(page.get_by_role("status")).to_contain_text("fully paid")
        self.env.invalidate_all()
        self.assertEqual(self._get_transactions().mapped("amount"), [40.0, 60.0])
        self.assertEqual(self.invoice.amount_residual, 0.0)

    def test_s19_billing_is_checked_and_goes_to_stripe_and_not_to_the_contact(self):
        with self.page() as page:
            self._open_screen(page)
            page.get_by_role("button", name="Change billing information").click()
            page.locator("#billing_name").fill("Carl Cousin")
            page.locator("#billing_country_id").select_option(label="Belgium")
            expect(page.locator("#billing_state_id")).to_have_attribute(
                "aria-required", "false"
            )
            page.get_by_label("Postal code").fill("1000")
            page.get_by_label("Email").fill("nobody")
            page.get_by_label("Amount to pay").fill("100.01")
            self._fill_card(page, CARD_NUMBER)
            self._pay(page)
            for field, text in {
                "billing_email": "Enter an email address",
                "portal_amount": "more than the balance due",
            }.items():
                expect(page.locator(f"#{field}_error")).to_contain_text(text)
                expect(page.locator("#pay_errors")).to_contain_text(text)
            self.wait_for_answers(page)
            self.assertFalse(self._get_transactions())
            page.locator("#pay_errors a").first.click()
            expect(page.get_by_label("Email")).to_be_focused()
            page.get_by_label("Email").fill("carl@customer.example")
            page.get_by_label("Amount to pay").fill("100.00")
            self._pay(page)
            self._expect_heading(page, PAID)
        self.env.invalidate_all()
        tx = self._get_transactions()
        self.assertEqual(tx.partner_name, "Carl Cousin")
        self.assertEqual(tx.partner_country_id.code, "BE")
        self.assertEqual(self.customer.name, "Carla Customer")
        [method] = self.sandbox.objects("payment_method")
        self.assertEqual(method["billing_details"]["name"], "Carl Cousin")
        address = method["billing_details"]["address"]
        self.assertEqual((address["country"], address["postal_code"]), ("BE", "1000"))
        self.assertIn("Carl Cousin", self.invoice.portal_billing_differences)

    def _get_confirmed(self, sent):
        """Return what the browser told Stripe when it confirmed a payment."""
        [body] = [body for url, body in sent if url.endswith("/confirm")]
        return dict(parse_qsl(body, keep_blank_values=True))

    def _assert_billing(self, confirmed, **address):
        prefix = "payment_method_data[billing_details]"
        for key, value in confirmed.items():
            if key.startswith(prefix):
                self.assertTrue(value.strip(), f"{key} is sent as an empty text")
        for name, value in address.items():
            self.assertEqual(confirmed.get(f"{prefix}[address][{name}]"), value, name)

    def test_s19_card_is_confirmed_with_the_chosen_country_and_no_empty_texts(self):
        with self.page() as page:
            sent = self._open_screen(page)
            page.get_by_role("button", name="Change billing information").click()
            # Which has no states; Stripe's own field asks for the card's postal code.
            page.locator("#billing_country_id").select_option(label="Hong Kong")
            self.wait_for_answers(page)
            page.locator("#billing_zip").fill("")
            page.locator("#billing_city").fill("Kowloon")
            self._fill_card(page, CARD_NUMBER)
            self._pay(page)
            self._expect_heading(page, PAID)
        self._assert_billing(
            self._get_confirmed(sent),
            country="HK",
            city="Kowloon",
            line2=None,
            state=None,
        )

    def test_s19_debit_is_confirmed_with_the_state_by_its_code(self):
        with self.page() as page:
            sent = self._open_screen(page, "eCheck / Bank")
            page.get_by_role("button", name="Change billing information").click()
            page.locator("#billing_country_id").select_option(label="United States")
            self.wait_for_answers(page)
            page.locator("#billing_street").fill("5 Fern Way")
            page.locator("#billing_city").fill("Dover")
            page.locator("#billing_state_id").select_option(label="Delaware")
            page.locator("#billing_zip").fill("19901")
            self._fill_echeck(page)
            self._pay(page)
            self._expect_heading(page, "One more step: verify your bank account")
        confirmed = self._get_confirmed(sent)
        self._assert_billing(
            confirmed, country="US", state="DE", postal_code="19901", line2=None
        )

    def test_b3_other_tab_is_asked_before_it_takes_over(self):
        with self.page() as page:
            self._open_screen(page)
            self.wait_for_answers(page)
            self._create_attempt(portal_client_key="another tab")
            self.env.flush_all()
            self._fill_card(page, CARD_NUMBER)
            self._pay(page)
            question = page.get_by_role("group", name="A payment was started")
            expect(question).to_contain_text("was started")
            expect(question).to_be_focused()
            question.get_by_role("button", name="Cancel it and pay here").click()
            self._expect_heading(page, PAID)
        self.env.invalidate_all()
        self.assertEqual(self._get_transactions().mapped("state"), ["cancel", "done"])
        self._assert_paid_once()
