import re

from ..browser_common import DESKTOP, PHONE
from ..development import expect
from ..payment_screen_common import PaymentScreenBrowserCase


class TestPaymentScreenBrowser(PaymentScreenBrowserCase):
    """The payment screen in a browser, whatever Stripe.js does."""

    def _expect_problem(self, page, text):
        problem = page.locator("#pay_errors")
        expect(problem).to_contain_text(text)
        expect(problem).to_be_focused()
        # And Pay works again.
        expect(self._get_button(page)).to_have_attribute("aria-disabled", "false")
        expect(self._get_button(page)).to_contain_text("Pay $")

    def _assert_nothing_started(self, page):
        self.wait_for_answers(page)
        self.assertFalse(self._get_transactions())
        self.assertFalse(self._get_intents())

    # === The way of a payment === #

    def test_b8_three_taps_from_the_invoice_to_paid(self):
        taps = []
        with self.page(PHONE, has_touch=True) as page:
            page.expose_function("countTap", lambda target: taps.append(target))
            page.add_init_script(
                "addEventListener('click', (ev) => countTap(ev.target.id), true)"
            )
            self.visit(page, self.link._get_path())
            page.locator("#pay_now").tap()
            card = self._get_card(page)
            card.locator("[name='number']").tap()
            page.keyboard.type("4242424242424242")
            page.keyboard.press("Tab")
            page.keyboard.type("1234")
            page.keyboard.press("Tab")
            page.keyboard.type("739")
            self._get_button(page).tap()
            self._expect_paid(page)
        self.assertEqual(taps, ["pay_now", "Field-numberInput", "pay_button"])

    def test_b8_keyboard_alone_pays_in_the_order_of_the_screen(self):
        with self.page(DESKTOP) as page:
            self._open(page)
            expect(self._get_card(page).locator("[name='number']")).to_be_visible()
            order = []
            page.locator("#billing_name").focus()
            for _step in range(40):
                order.append(page.evaluate("document.activeElement.id"))
                if order[-1] == "pay_button":
                    break
                if page.evaluate("document.activeElement.tagName") == "IFRAME":
                    page.keyboard.type("4242424242424242")
                    page.keyboard.press("Tab")
                    page.keyboard.type("1234")
                    page.keyboard.press("Tab")
                    page.keyboard.type("739")
                page.keyboard.press("Tab")
            named = [name for name in order if name and not name.startswith("option_")]
            self.assertEqual(
                named,
                [
                    *(
                        f"billing_{field}"
                        for field in (
                            *("name", "street", "street2", "city", "zip"),
                            *("country_id", "state_id", "email", "phone"),
                        )
                    ),
                    "portal_amount",
                    "pay_button",
                ],
            )
            page.keyboard.press("Enter")
            self._expect_paid(page)

    def test_a7_incomplete_card_starts_nothing_and_pay_works_again(self):
        with self.page() as page:
            self._open(page)
            expect(self._get_card(page).locator("[name='number']")).to_be_visible()
            for number in ("", "4242"):
                self._get_card(page).locator("[name='number']").fill(number)
                self._get_button(page).click()
                self._expect_problem(page, "card number")
                self._assert_nothing_started(page)
            # It is no matter any more where another way to pay is chosen.
            page.get_by_text("eCheck / Bank", exact=True).click()
            expect(page.locator("#pay_errors")).to_be_hidden()
            page.get_by_text("Credit Card", exact=True).click()
            self._fill_card(page)
            self._get_button(page).click()
            self._expect_paid(page)

    def test_b8_all_mistakes_are_told_at_once_and_lead_to_their_fields(self):
        with self.page() as page:
            self._open(page)
            expect(self._get_card(page).locator("[name='number']")).to_be_visible()
            page.get_by_role("button", name="Change billing information").click()
            page.locator("#billing_city").fill(" ")
            page.locator("#billing_email").fill("carl@")
            page.locator("#portal_amount").fill("100.01")
            self._get_button(page).click()
            entries = page.locator("#pay_errors li")
            expect(entries).to_have_count(4)
            for field in ("billing_city", "billing_email", "portal_amount"):
                expect(page.locator(f"#{field}")).to_have_attribute(
                    "aria-invalid", "true"
                )
                expect(page.locator(f"#{field}_error")).to_be_visible()
            entries.nth(1).get_by_role("link").click()
            expect(page.locator("#billing_email")).to_be_focused()
            self._assert_nothing_started(page)

    def test_b8_processing_is_said_while_it_lasts(self):
        self.sandbox.control.change_settings(script_calls={"confirmPayment": "late"})
        with self.page() as page:
            self._open(page)
            self._fill_card(page)
            self._get_button(page).click()
            expect(page.get_by_role("status")).to_have_text("Processing…")
            expect(self._get_button(page)).to_have_text("Processing…")
            expect(self._get_button(page)).to_be_focused()
            self._get_button(page).click(force=True)  # Once more: no second payment.
            self._expect_paid(page)

    # === The amount === #

    def test_s19_pay_and_authorization_say_what_is_charged(self):
        with self.page() as page:
            self._open(page)
            self.assertEqual(
                self._get_button(page).text_content().split(), ["Pay", "$", "100.00"]
            )
            page.locator("#portal_amount").fill("40.5")
            expect(self._get_button(page)).to_have_text("Pay $\xa040.50")
            page.locator("#portal_amount").blur()
            expect(page.locator("#portal_amount")).to_have_value("40.50")
            page.get_by_text("eCheck / Bank", exact=True).click()
            expect(page.locator("#echeck_amount")).to_have_text("$\xa040.50")
            page.locator("#portal_amount").fill("")
            expect(page.locator("#echeck_amount")).to_have_text("…")

    def test_b5_amount_changed_before_the_script_ran_is_what_is_authorized(self):
        with self.page() as page:
            waiting = []
            page.route(
                re.compile(r"assets_payment.*\.js"), lambda route: waiting.append(route)
            )
            self._open(page, wait_until="commit")
            page.locator("#portal_amount").fill("40.00")
            expect(page.locator("#pay_button")).to_be_visible()
            page.wait_for_function("document.readyState !== 'loading'")
            for route in waiting:
                route.continue_()
            expect(self._get_button(page)).to_have_text("Pay $\xa040.00")
            expect(page.locator("#echeck_amount")).to_have_text("$\xa040.00")

    def test_s19_amounts_are_written_as_the_server_writes_them(self):
        for lang, grouping in (
            ("de_DE", None),
            ("fr_FR", None),
            ("en_US", "[3,2,0]"),
            ("en_US", "[3,0]"),
        ):
            with self.subTest(lang=lang, grouping=grouping):
                record = self.env["res.lang"]._activate_lang(lang)
                if grouping:
                    record.grouping = grouping
                self.customer.lang = lang
                invoice = self._create_portal_invoice(price=876543.2)
                currency = invoice.currency_id.with_context(lang=lang)
                with self.page() as page:
                    self._open(page, self._create_link(invoice))
                    shown = self._get_button(page).text_content()
                    self.assertIn(currency.format(876543.2), shown)
                    page.locator("#portal_amount").fill("1234")
                    expect(self._get_button(page)).to_contain_text(
                        currency.format(1234.0)
                    )

    def test_s19_offered_amounts_are_choices_with_and_without_parts(self):
        link = self._create_offers()
        amounts = [amount for amount, _label in link.move_id._get_portal_amounts()]
        self.assertEqual(amounts, [98.0, 100.0])
        for is_editable in (True, False):
            self.company.portal_allow_part_payment = is_editable
            with self.page() as page:
                self._open(page, link)
                offers = page.locator("[name='portal_offer']")
                expect(offers.nth(0)).to_be_checked()
                expect(self._get_button(page)).to_have_text("Pay $\xa098.00")
                offers.nth(1).check()
                expect(self._get_button(page)).to_have_text("Pay $\xa0100.00")
                self.assertEqual(page.locator("#portal_amount").count(), is_editable)
                if is_editable:
                    expect(page.locator("#portal_amount")).to_have_value("100.00")
                    page.locator("#portal_amount").fill("50")
                    expect(page.locator("[name='portal_offer']:checked")).to_have_count(
                        0
                    )

    # === Whatever Stripe.js does === #

    def test_b5_script_that_is_blocked_is_told_and_can_be_tried_again(self):
        with self.page() as page:
            page.route("**/v3/**", lambda route: route.abort())
            self._open(page, wait_until="load")
            trouble = page.locator("#pay_trouble")
            expect(trouble).to_contain_text("could not be loaded")
            expect(page.locator("main")).to_contain_text("Questions?")
            self._get_button(page).click()
            self._expect_problem(page, "Nothing was charged")
            self._assert_nothing_started(page)
            # The bank account needs the script as well.
            page.get_by_text("eCheck / Bank", exact=True).click()
            expect(trouble).to_be_visible()
            page.locator("#echeck_routing").fill("110000000")
            page.locator("#echeck_account").fill("000123456789")
            page.locator("#echeck_account_again").fill("000123456789")
            self._get_button(page).click()
            self._expect_problem(page, "Nothing was charged")
            self._assert_nothing_started(page)
            page.unroute("**/v3/**")
            page.get_by_text("Credit Card", exact=True).click()
            self._fill_card(page)
            expect(trouble).to_be_hidden()
            self._get_button(page).click()
            self._expect_paid(page)

    def test_b5_script_that_is_out_of_order_is_told(self):
        for settings in (
            {"script_status": 503},
            {"script_status": 200, "script_calls": {"Stripe": "throw"}},
            {"script_calls": {"elements": "throw"}},
        ):
            with self.subTest(settings), self.page() as page:
                self.sandbox.control.change_settings(**settings)
                self._open(page)
                expect(page.locator("#pay_trouble")).to_contain_text(
                    "Nothing was charged"
                )
                self.sandbox.control.change_settings(script_status=200, script_calls={})

    def test_b5_script_that_is_slow_is_told_and_then_works(self):
        with self.page() as page:
            page.clock.install()
            waiting = []
            page.route("**/v3/**", lambda route: waiting.append(route))
            self._open(page, wait_until="domcontentloaded")
            expect(page.locator(".o_portal_chosen .o_portal_loading")).to_be_visible()
            page.wait_for_timeout(1000)  # Until the screen waits.
            page.clock.fast_forward("00:11")
            expect(page.locator("#pay_trouble")).to_contain_text("longer than usual")
            for route in waiting:
                route.continue_()
            self._fill_card(page)
            expect(page.locator("#pay_trouble")).to_be_hidden()
            page.clock.resume()
            self._get_button(page).click()
            self._expect_paid(page)

    def test_a7_fields_that_answer_with_an_error_throw_or_are_silent(self):
        for trouble in ("error", "throw", "never"):
            with self.subTest(trouble), self.page() as page:
                self.sandbox.control.change_settings(script_calls={"submit": trouble})
                page.clock.install()
                self._open(page)
                self._fill_card(page)
                self._get_button(page).click()
                page.clock.fast_forward("00:16")
                self._expect_problem(page, "")
                self._assert_nothing_started(page)

    def test_a7_confirmation_that_throws_or_errs_says_that_nothing_was_charged(self):
        for trouble in ("error", "throw"):
            invoice = self._create_portal_invoice()
            link = self._create_link(invoice)
            with self.subTest(trouble), self.page() as page:
                calls = {"confirmPayment": trouble}
                self.sandbox.control.change_settings(script_calls=calls)
                self._open(page, link)
                self._fill_card(page)
                self._get_button(page).click()
                self._expect_problem(page, "Nothing was charged")
                # Another copy of the screen asks before it takes over.
                self.sandbox.control.change_settings(script_calls={})
                self._open(page, link)
                self._fill_card(page)
                self._get_button(page).click()
                page.get_by_role("button", name="Cancel it and pay here").click()
                self._expect_paid(page, invoice)

    def test_a7_confirmation_without_an_answer_leads_to_where_it_will_be(self):
        calls = {"confirmPayment": "never"}
        self.sandbox.control.change_settings(script_calls=calls)
        with self.page() as page:
            page.clock.install()
            self._open(page)
            self._fill_card(page)
            with page.expect_response("**/transaction**"):
                self._get_button(page).click()
            expect(page.get_by_role("status")).to_have_text("Processing…")
            self.wait_for_answers(page)
            page.clock.fast_forward("00:21")
            expect(page.get_by_role("status")).to_contain_text("do not pay again")
            expect(
                page.get_by_role("link", name="See how your payment")
            ).to_be_visible()

    def test_b5_without_a_network_nothing_is_started_and_it_is_told(self):
        with self.page() as page:
            self._open(page)
            self._fill_card(page)
            page.route("**/portal/invoice/**", lambda route: route.abort())
            self._get_button(page).click()
            self._expect_problem(page, "Check your connection")
            page.unroute("**/portal/invoice/**")
            self._assert_nothing_started(page)
            self._get_button(page).click()
            self._expect_paid(page)

    def test_b5_without_javascript_it_says_so_and_whom_to_ask(self):
        with self.page(java_script_enabled=False) as page:
            self._open(page, wait_until="load")
            text = page.locator("main").inner_text()
            self.assertIn("needs JavaScript", text)
            self.assertIn(self.salesperson.email, text)
            expect(page.locator("#payment_form")).to_be_hidden()

    # === Light, and ours === #

    def test_b8_screen_is_light_and_breaks_no_policy_of_its_own(self):
        seen, complaints = [], []
        with self.page() as page:
            page.on("requestfinished", lambda request: seen.append(request))
            page.on("console", lambda message: complaints.append(message.text))
            self._open(page)
            expect(self._get_card(page).locator("[name='number']")).to_be_visible()
            ours = [req for req in seen if not req.url.startswith(self.sandbox.url)]
            size = sum(request.sizes()["responseBodySize"] for request in ours)
            self.assertLessEqual(len(ours), 8, [request.url for request in ours])
            self.assertLessEqual(size, 120 * 1024)
        self.assertFalse(
            [text for text in complaints if "Content Security Policy" in text]
        )

    # === For everybody to use === #

    def test_b8_every_state_is_for_everybody(self):
        with self.page() as page:
            self._open(page)
            expect(self._get_card(page).locator("[name='number']")).to_be_visible()
            self._assert_for_everybody(page)
            page.locator("#portal_amount").fill("0")
            self._get_button(page).click()
            expect(page.locator("#portal_amount_error")).to_be_visible()
            self._assert_for_everybody(page)
            page.get_by_text("eCheck / Bank", exact=True).click()
            self._get_button(page).click()
            expect(page.locator("#echeck_routing_error")).to_be_visible()
            self._assert_for_everybody(page)
            self.company.portal_allow_part_payment = False
            self._open(page)
            self._assert_for_everybody(page)
            self._open(page, self._create_offers())
            self._assert_for_everybody(page)
            page.route("**/v3/**", lambda route: route.abort())
            self._open(page, wait_until="load")
            expect(page.locator("#pay_trouble")).to_be_visible()
            self._assert_for_everybody(page)

    def test_b9_right_to_left_is_right_to_left(self):
        self.env["res.lang"]._activate_lang("ar_001")
        self.customer.lang = "ar_001"
        with self.page() as page:
            self._open(page)
            expect(page.locator("html")).to_have_attribute("dir", "rtl")
            box = page.locator(".o_portal_chosen input[type=radio]").bounding_box()
            self.assertGreater(box["x"], PHONE["width"] / 2)
            self._assert_for_everybody(page)
