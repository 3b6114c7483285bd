import re

from odoo.fields import Command
from odoo.tests import new_test_user

from ..browser_common import DESKTOP
from ..development import expect
from ..payment_screen_common import PaymentScreenBrowserCase

CHALLENGED_CARD = "4000 0025 0000 3155"
DECLINED_CARD = "4000 0000 0000 9995"
#: What screen readers are told, from the top.
SCREEN = """
- banner
- main:
  - heading /Pay invoice/ [level=1]
  - term: Balance due
  - definition: /100\\.00/
  - term: Due date
  - definition: 03/31/2099
  - region "Billing information":
    - paragraph:
      - button "Change billing information"
  - region "Amount":
    - heading "Amount" [level=2]
    - textbox "Amount to pay (USD)": "100.00"
    - paragraph: You can pay part now and the rest later.
  - group "Payment method":
    - heading "Payment method" [level=2]
    - radio /Credit Card/ [checked]
    - iframe
    - radio /eCheck/
  - button /Pay .*100\\.00/
  - status
  - paragraph: /Questions/
  - paragraph:
    - link "Back to the invoice"
"""
SCREEN_WITH_ERRORS = """
- main:
  - region "Amount":
    - textbox "Amount to pay (USD)" [invalid]: "0"
    - paragraph: Enter an amount greater than zero.
  - group "Payment method"
  - group "There is a problem":
    - heading "There is a problem" [level=2]
    - list:
      - listitem:
        - link "Enter an amount greater than zero."
      - listitem:
        - link "Your card number is incomplete."
  - button /Pay/
"""
#: Letters that do not fit what they stand in, which hides them.
FIND_CUT_OFF = """() => [...document.querySelectorAll("main *")]
    .filter((node) => {
        const {overflowX, overflowY} = getComputedStyle(node);
        const isHiding = [overflowX, overflowY].some((value) =>
            ["hidden", "clip"].includes(value)
        );
        const isShown = node.clientWidth > 1 && node.clientHeight > 1;
        return (
            isHiding &&
            isShown &&
            node.matches(":not(iframe, input, select)") &&
            (node.scrollWidth > node.clientWidth + 1 ||
                node.scrollHeight > node.clientHeight + 1)
        );
    })
    .map((node) => node.id || node.className)"""


#: Has a page show what it shows where scripts are switched off.
SHOW_NOSCRIPT = """() => document.querySelectorAll("noscript").forEach(
    node => { node.outerHTML = node.textContent; }
)"""


class TestPaymentStatesBrowser(PaymentScreenBrowserCase):
    """The payment screen while it waits, and where customers have more to choose from:
    for everybody to use as well.
    """

    def _create_installments(self):
        """Create an invoice that is due in two parts, neither of them overdue."""
        term = self.env["account.payment.term"].create(
            {
                "name": "30 later, 70 much later",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": percent, "nb_days": days}
                    )
                    for percent, days in [(30, 36500), (70, 36600)]
                ],
            }
        )
        return self._create_link(
            self._create_portal_invoice(
                invoice_payment_term_id=term.id, invoice_date_due=False
            )
        )

    def _save_card(self):
        """Save a card at Stripe and in Odoo, of a customer who can sign in."""
        self.provider.allow_tokenization = True
        stripe = self._get_stripe()
        customer = stripe.customers.create({"email": self.customer.email})
        card = stripe.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        # In sudo mode because nobody but core makes tokens.
        self.env["payment.token"].sudo().create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "payment_details": card.card.last4,
                "partner_id": self.customer.id,
                "provider_ref": customer.id,
                "stripe_payment_method": card.id,
            }
        )
        return new_test_user(
            self.env,
            login="carla_portal",
            groups="base.group_portal",
            partner_id=self.customer.id,
            email=self.customer.email,
            company_id=self.company.id,
        )

    def test_b8_3d_secure_is_for_everybody_and_its_refusal_is_told(self):
        with self.page() as page:
            self._open(page)
            self._fill_card(page, CHALLENGED_CARD)
            self._get_button(page).click()
            challenge = page.frame_locator("iframe[src*='/3ds/']")
            expect(challenge.get_by_role("button", name="Fail")).to_be_visible()
            expect(page.get_by_role("status")).to_have_text("Processing…")
            self._assert_for_everybody(page)
            challenge.get_by_role("button", name="Fail").click()
            problem = page.locator("#pay_errors")
            expect(problem).to_contain_text("unable to authenticate")
            expect(problem).to_be_focused()

    def test_b8_processing_and_what_takes_long_are_for_everybody(self):
        calls = {"confirmPayment": "never"}
        self.sandbox.control.change_settings(script_calls=calls)
        with self.page() as page:
            page.clock.install()
            self._open(page)
            self._fill_card(page)
            with page.expect_response("**/transaction**"):
                self._get_button(page).click()
            self.wait_for_answers(page)
            expect(page.get_by_role("status")).to_have_text("Processing…")
            self._assert_for_everybody(page)
            page.clock.fast_forward("00:21")
            expect(page.locator("#pay_long")).to_be_visible()
            self._assert_for_everybody(page)
            # Another copy of the screen asks before it takes over.
            self._open(page)
            self._fill_card(page)
            self._get_button(page).click()
            expect(page.locator("#pay_question")).to_be_focused()
            self._assert_for_everybody(page)

    def test_b8_declined_card_is_for_everybody(self):
        with self.page() as page:
            self._open(page)
            self._fill_card(page, DECLINED_CARD)
            self._get_button(page).click()
            problem = page.locator("#pay_errors")
            expect(problem).to_contain_text("insufficient funds")
            expect(problem).to_contain_text("Nothing was charged")
            expect(problem).to_be_focused()
            self._assert_for_everybody(page)

    def test_b8_screen_without_javascript_is_for_everybody(self):
        with self.page(java_script_enabled=False) as page:
            self._open(page, wait_until="load")
            text = page.locator("main").inner_text()
            self.assertIn("needs JavaScript", text)
            expect(page.locator("#payment_form")).to_be_hidden()
        # What measures is a script itself: the same page, as it is without its own.
        with self.page() as page:
            page.route(
                "**/*",
                lambda route: (
                    route.abort()
                    if route.request.resource_type == "script"
                    else route.continue_()
                ),
            )
            self._open(page, wait_until="load")
            page.evaluate(SHOW_NOSCRIPT)
            expect(page.get_by_text("needs JavaScript")).to_be_visible()
            self.assert_accessible(page)

    def test_b8_installments_are_for_everybody(self):
        link = self._create_installments()
        for is_editable in (True, False):
            self.company.portal_allow_part_payment = is_editable
            with self.page() as page:
                self._open(page, link)
                expect(page.locator("[name='portal_offer']")).to_have_count(2)
                expect(self._get_button(page)).to_have_text("Pay $\xa0100.00")
                page.get_by_label("Next installment").check()
                expect(self._get_button(page)).to_have_text("Pay $\xa030.00")
                self._assert_for_everybody(page)

    def test_b8_twice_as_large_nothing_is_cut_off(self):
        # A window of 1280 pixels at 200 %; then letters alone, as a browser for people
        # with low vision shows them.
        viewport = {"width": DESKTOP["width"] // 2, "height": DESKTOP["height"] // 2}
        with self.page(viewport, device_scale_factor=2) as page:
            for screen in ("pay", ""):
                self.visit(page, self.link._get_path(screen))
                for size in ("100%", "200%"):
                    page.evaluate(
                        "size => { document.documentElement.style.fontSize = size; }",
                        size,
                    )
                    self.assertEqual(
                        page.evaluate(
                            "document.documentElement.scrollWidth - innerWidth"
                        ),
                        0,
                        (screen, size),
                    )
                    self.assertEqual(page.evaluate(FIND_CUT_OFF), [], (screen, size))

    def test_s20_saved_card_is_chosen_and_pays(self):
        user = self._save_card()
        with self.page() as page:
            self.log_in(page, user)
            self._open(page)
            expect(page.locator(".o_portal_chosen")).to_contain_text("4242")
            self._assert_for_everybody(page)
            self._get_button(page).click()
            self._expect_paid(page)
            expect(page.locator("main")).to_contain_text("•••• 4242")
        [charge] = self.sandbox.objects("charge")
        self.assertEqual(charge["amount"], 10000)

    def test_s22_saved_card_whose_answer_was_lost_is_not_said_to_be_uncharged(self):
        user = self._save_card()
        with self.page() as page:
            self.log_in(page, user)
            self._open(page)

            def lose_answer(route):
                route.fetch()
                route.abort()

            page.route("**/transaction**", lose_answer)
            self._get_button(page).click()
            problem = page.locator("#pay_errors")
            expect(problem).to_contain_text("check before you pay again")
            self.assertNotIn("Nothing was charged", problem.text_content())
            # It leads to where the answer is.
            problem.get_by_role("link").click()
            self._expect_paid(page)

    def test_b8_screen_readers_read_it_in_the_order_of_the_screen(self):
        with self.page() as page:
            self._open(page)
            expect(self._get_card(page).locator("[name='number']")).to_be_visible()
            expect(page.locator("body")).to_match_aria_snapshot(SCREEN)
            page.locator("#portal_amount").fill("0")
            self._get_button(page).click()
            expect(page.locator("#pay_errors")).to_be_focused()
            expect(page.locator("body")).to_match_aria_snapshot(SCREEN_WITH_ERRORS)
            expect(page).to_have_title(re.compile("^Error: Pay invoice"))
