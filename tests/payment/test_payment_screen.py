import json
from urllib.parse import urlencode

from lxml import html

from odoo.fields import Command
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..common import BROWSER_HEADERS
from ..payment_common import PortalPaymentCommon


class TestPaymentScreen(PortalPaymentCommon, HttpCase):
    """What the server sends for the payment screen, and what it keeps to itself."""

    def _open(self, link=None, screen="pay", **kwargs):
        return self.url_open((link or self.link)._get_path(screen), **kwargs)

    def _read(self, link=None):
        return html.fromstring(self._open(link).content)

    def _get_value(self, page, field):
        [field] = page.xpath(f"//*[@id='billing_{field}']")
        return field.get("value", "")

    # === What may be loaded, and by whom it may be framed === #

    def _get_policy(self, response):
        header = response.headers["Content-Security-Policy"]
        return {
            name: values
            for name, *values in (part.split() for part in header.split(";"))
        }

    def test_b8_policy_lets_stripe_in_and_nobody_else(self):
        self.env["ir.config_parameter"].set_param(
            "account_payment_portal.stripe_sandbox_url", False
        )
        policy = self._get_policy(self._open())
        self.assertEqual(policy["default-src"], ["'none'"])
        self.assertEqual(policy["frame-ancestors"], ["'none'"])
        self.assertEqual(policy["base-uri"], ["'none'"])
        self.assertEqual(
            policy["script-src"],
            ["'self'", "https://js.stripe.com", "https://*.js.stripe.com"],
        )
        self.assertIn("https://hooks.stripe.com", policy["frame-src"])
        self.assertIn("https://api.stripe.com", policy["connect-src"])
        self.assertNotIn("'unsafe-inline'", policy["style-src"])
        self.assertEqual(policy["style-src-attr"], ["'unsafe-inline'"])

    def test_b8_policy_of_the_sandbox_names_the_sandbox(self):
        policy = self._get_policy(self._open())
        self.assertEqual(policy["script-src"], ["'self'", self.sandbox.url])
        self.assertNotIn("stripe.com", str(policy))

    def test_b8_invoice_page_does_not_let_stripe_in(self):
        policy = self._get_policy(self._open(screen=""))
        self.assertEqual(policy["script-src"], ["'self'"])
        self.assertNotIn("style-src-attr", policy)

    def test_b8_without_stripe_nothing_of_it_is_let_in_or_loaded(self):
        self.provider.payment_method_ids = [Command.clear()]
        response = self._open()
        self.assertEqual(self._get_policy(response)["script-src"], ["'self'"])
        page = html.fromstring(response.content)
        # There is nothing to pay with: the invoice page says how to pay otherwise.
        self.assertTrue(page.xpath("//*[@id='other_way_to_pay']"))
        self.assertFalse(page.xpath("//link[@rel='preload']"))

    def test_b2_redirects_are_not_kept_or_referred_from(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({})._create_payments()
        for screen in ("pay", "pay/form"):
            response = self._open(screen=screen, allow_redirects=False)
            self._assert_private_redirect(response, screen)

    def _assert_private_redirect(self, response, case):
        self.assertEqual(response.status_code, 303, case)
        self.assertIn("no-store", response.headers["Cache-Control"], case)
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer", case)

    @mute_logger("odoo.addons.payment_stripe.models.payment_transaction")
    def test_b2_redirects_of_answers_are_not_kept_or_referred_from(self):
        # Nothing was paid yet: there is no answer, and no receipt of it.
        for screen in ("result", "receipt"):
            response = self._open(screen=screen, allow_redirects=False)
            self._assert_private_redirect(response, screen)
        tx = self._create_attempt()
        restarted = self._open(
            screen="restart", method="POST", data={}, allow_redirects=False
        )
        self._assert_private_redirect(restarted, "restart")
        self.assertTrue(restarted.headers["Location"].endswith("/pay"))
        secret = self._get_intents()[0]["client_secret"]
        for reference, client_secret in (
            (tx.reference, secret),
            (tx.reference, "someone else's"),
            ("unknown", secret),
        ):
            query = urlencode(
                {"reference": reference, "payment_intent_client_secret": client_secret}
            )
            response = self.url_open(
                f"/payment/stripe/return?{query}", allow_redirects=False
            )
            self._assert_private_redirect(response, (reference, client_secret))
            if reference == tx.reference and client_secret == secret:
                self.assertIn(
                    self.link._get_path("result"), response.headers["Location"]
                )
        self._assert_private_redirect(
            self.url_open("/payment/status", allow_redirects=False), "status"
        )

    def test_b8_screen_costs_sixteen_queries(self):
        path = self.link._get_path("pay")
        self.opener.headers.update(BROWSER_HEADERS)
        self.url_open(path)  # Caches.
        with self._capture_statements() as statements:
            self.url_open(path)
        self.assertIn("account_move_portal_link", "".join(statements))
        # Odoo looks for the databases here, and not for changed caches.
        self.assertLessEqual(len(statements), 16, "\n".join(statements))

    # === Whose data it shows === #

    def test_b8_screen_waits_for_one_style_sheet_which_the_page_has_loaded(self):
        sheets = {
            screen: html.fromstring(self._open(screen=screen).content).xpath(
                "//link[@rel='stylesheet']/@href"
            )
            for screen in ("", "pay")
        }
        self.assertEqual(len(sheets["pay"]), 1)
        self.assertEqual(sheets["pay"], sheets[""])

    def test_b8_screen_begins_with_the_links_own_address(self):
        self.customer.email = "info@customer.example"
        for email in ("ap@customer.example", "boss@customer.example"):
            page = self._read(self._create_link(email=email))
            self.assertEqual(self._get_value(page, "email"), email)

    def test_s19_contact_with_several_addresses_gives_the_payer_one(self):
        link = self._create_link(email=False, partner_id=False, audience="document")
        for email, first in {
            "ap@customer.example; cfo@customer.example": "ap@customer.example",
            "cfo@customer.example, ap@customer.example": "cfo@customer.example",
            "Ann <ann@customer.example>": "ann@customer.example",
            '"Doe, Ann" <ann@customer.example>': "ann@customer.example",
            "nobody": "",
            False: "",
        }.items():
            with self.subTest(email):
                self.customer.email = email
                self.assertEqual(self._get_value(self._read(link), "email"), first)

    def _start(self, link, **values):
        country, state = self.customer.country_id, self.customer.state_id
        billing = {
            "name": "Carl Cousin",
            "street": "2 Short Street",
            "city": "Dover",
            "zip": "19901",
            "country_id": str(country.id),
            "state_id": str(state.id),
            "email": "carl@private.example",
            "phone": "+1 555 0199",
        }
        return self.make_jsonrpc_request(
            link._get_path("transaction"),
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": "direct",
                "amount": "100",
                "billing": billing,
                "client_key": "tab 1",
                **values,
            },
        )

    def test_b8_what_a_payer_entered_is_shown_to_that_browser_only(self):
        for audience in ("customer", "document"):
            with self.subTest(audience):
                invoice = self._create_portal_invoice()
                email = audience == "customer" and self.customer.email
                link = self._create_link(invoice, audience=audience, email=email)
                self._start(link)
                self.assertIn("Carl Cousin", self._open(link).text)
                self.opener.cookies.clear()
                self.authenticate(None, None)
                page = self._open(link).text
                for entered in ("Carl Cousin", "carl@private.example", "555 0199"):
                    self.assertNotIn(entered, page)

    def test_b8_next_holder_of_the_pdf_has_no_part_in_the_former_ones_payment(self):
        link = self._create_link(email=False, audience="document")
        self._start(link)
        attempt = self._get_transactions().portal_attempt_id
        mine = self._open(link, "result").text
        self.assertIn("data-answer", mine)
        self.opener.cookies.clear()
        self.authenticate(None, None)
        for screen in ("result", "receipt"):
            response = self._open(link, screen, allow_redirects=False)
            self.assertEqual(response.status_code, 303, screen)
        self.assertEqual(self.make_jsonrpc_request(link._get_path("status")), "")
        self._open(link, "restart", method="POST", data={})
        self.assertTrue(attempt.is_open, "others cannot cancel it")

    # === What is asked for === #

    def test_s19_amount_is_editable_unless_the_company_says_otherwise(self):
        fresh = self.env["res.company"].create({"name": "Fresh"})
        self.assertTrue(fresh.portal_allow_part_payment)
        self.company.portal_allow_part_payment = True
        self.assertTrue(self._read().xpath("//input[@id='portal_amount']"))
        self.company.portal_allow_part_payment = False
        page = self._read()
        self.assertFalse(page.xpath("//input[@id='portal_amount']"))
        [text] = page.xpath("//*[@class='o_portal_fixed_amount']")
        self.assertIn("100.00", text.text_content())

    def test_s19_amount_is_written_as_the_customer_writes_it(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        invoice = self._create_portal_invoice(price=1769.85)
        page = self._read(self._create_link(invoice))
        [value] = page.xpath("//input[@id='portal_amount']/@value")
        self.assertEqual(value, "1.769,85")
        [button] = page.xpath("//button[@id='pay_button']")
        amount = invoice.currency_id.with_context(lang="de_DE").format(1769.85)
        self.assertIn(amount, button.text_content())

    def test_s18_card_is_chosen_at_first(self):
        self._enable_echeck()
        [option] = self._read().xpath("//input[@name='payment_option'][@checked]/..")
        self.assertEqual(option.text_content().split()[:2], ["Credit", "Card"])

    def test_b8_billing_is_a_line_only_while_nothing_is_missing(self):
        folded = "//*[contains(@class, 'o_portal_billing_folded')]"
        self.assertTrue(self._read().xpath(folded))
        for field in ("street", "city", "zip", "country_id"):
            with self.subTest(field), self.env.cr.savepoint() as savepoint:
                self.customer[field] = False
                self.assertFalse(self._read().xpath(folded))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_b8_country_route_takes_anything_a_visitor_sends(self):
        for country in (0, -1, "", None, [], {}, True, "x" * 5000, 10**30, "9" * 5000):
            answer = self.make_jsonrpc_request(
                self.link._get_path("country"), {"country_id": country}
            )
            self.assertEqual(answer["states"], [], country)
        us = self.env.ref("base.us")
        answer = self.make_jsonrpc_request(
            self.link._get_path("country"), {"country_id": us.id}
        )
        self.assertIn("DE", answer["codes"].values())
        self.assertIn("zip", answer["required"])

    # === Where the screen's script did not come === #

    def test_s22_posted_screen_keeps_what_was_entered_and_says_what_is_wrong(self):
        page = self._read()
        form = page.forms[0]
        form.fields["name"] = "Carl Cousin"
        form.fields["email"] = "nobody"
        form.fields["amount"] = "12345"
        response = self._open(screen="pay/form", data=dict(form.form_values()))
        page = html.fromstring(response.content)
        self.assertEqual(self._get_value(page, "name"), "Carl Cousin")
        self.assertEqual(page.xpath("//input[@id='portal_amount']/@value"), ["12345"])
        [problem] = page.xpath("//*[@id='pay_errors'][not(@hidden)]")
        self.assertIn("more than the balance due", problem.text_content())
        self.assertFalse(self._get_transactions())

    def test_s22_posted_screen_without_a_mistake_says_that_something_is_missing(self):
        form = self._read().forms[0]
        response = self._open(screen="pay/form", data=dict(form.form_values()))
        [problem] = html.fromstring(response.content).xpath(
            "//*[@id='pay_errors'][not(@hidden)]"
        )
        self.assertIn("did not load", problem.text_content())
        self.assertFalse(self._get_transactions())

    # === Another provider === #

    def test_b14_form_of_another_bank_is_a_document_of_its_own(self):
        method = self.env.ref("payment.payment_method_paypal")
        method.active = True
        provider = self.provider.copy({"code": "none", "name": "Another"})
        provider.write(
            {
                "payment_method_ids": [Command.set(method.ids)],
                "state": "test",
                "is_published": True,
            }
        )
        page = self._read()
        [option] = page.xpath(f"//*[@data-provider-id='{provider.id}']")
        self.assertEqual(option.get("data-kind"), "provider")
        form = page.forms[0]
        form.fields["amount"] = "40.00"
        form.fields["name"] = "Carl Cousin"
        values = dict(form.form_values())
        values["payment_option"] = option.xpath(".//input/@value")[0]
        response = self._open(screen="pay/form", data=values)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(
            self._get_policy(response)["frame-ancestors"], ["'none'"], "no frame"
        )
        self.assertIn("no-store", response.headers["Cache-Control"])
        page = html.fromstring(response.content)
        self.assertTrue(page.xpath("//form[@id='o_payment_form']"))
        [entered] = page.xpath("//*[@data-portal-entered]/@data-portal-entered")
        entered = json.loads(entered)
        self.assertEqual(entered["amount"], "40.00")
        self.assertEqual(entered["billing"]["name"], "Carl Cousin")
        self.assertEqual(entered["client_key"], values["client_key"])
        [amount] = page.xpath("//*[@id='provider_amount']")
        self.assertIn("40.00", amount.text_content())
        self.assertNotIn("pay?", response.url, "no address holds what was entered")

    # === A bank account that waits to be verified === #

    def test_b4_invoice_page_offers_the_verification_to_who_started_it(self):
        self._enable_echeck()
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        attempt = tx.portal_attempt_id
        attempt._stripe_refresh()
        page = html.fromstring(self._open(screen="").content)
        [link] = page.xpath("//*[@id='verification_note']//a[1]/@href")[:1]
        self.assertEqual(link, attempt.verification_url)
        other = self._create_link(email="boss@customer.example")
        page = html.fromstring(self._open(other, "").content)
        self.assertFalse(page.xpath("//*[@id='verification_note']"))
        [note] = page.xpath("//*[@id='bank_note']")
        self.assertIn("100.00", note.text_content())
        self.assertIn("was started on", " ".join(note.text_content().split()))
        # As soon as it is done nobody is asked for it any more, whoever asks first.
        self._get_stripe().payment_intents.verify_microdeposits(
            tx.provider_reference, {"descriptor_code": "SM11AA"}
        )
        status = self.make_jsonrpc_request(self.link._get_path("status"))
        self.assertEqual(status, "processing")
        page = html.fromstring(self._open(screen="").content)
        self.assertFalse(page.xpath("//*[@id='verification_note']"))
        self.assertTrue(page.xpath("//*[@id='bank_note']"))

    # === The answer === #

    def test_s22_answer_and_page_name_the_card(self):
        tx = self._create_attempt(amount=40.0)
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        result = html.fromstring(self._open(screen="result").content).text_content()
        self.assertIn("•••• 4242", result)
        payments = html.fromstring(self._open(screen="").content).xpath(
            "//section[@aria-labelledby='payments_title']"
        )
        self.assertIn("•••• 4242", payments[0].text_content())
        self.assertNotIn("Stripe", payments[0].text_content())

    def test_b9_amounts_and_addresses_keep_their_order_from_right_to_left(self):
        self.env["res.lang"]._activate_lang("ar_001")
        self.customer.lang = "ar_001"
        self.salesperson.partner_id.phone = "+1 302-555-0134"
        link = self._create_link(self._create_portal_invoice())
        tx = self._create_attempt(amount=40.0, link=link)
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        for screen in ("", "pay", "result"):
            page = html.fromstring(self._open(link, screen).content)
            self.assertEqual(page.get("dir"), "rtl", screen)
            amounts = page.xpath("//*[contains(@class, 'oe_currency_value')]")
            self.assertTrue(amounts, screen)
            addresses = page.xpath(
                "//main//*[text()[contains(., '@')]][not(ancestor::*[@hidden])]"
            )
            self.assertTrue(addresses, screen)
            phones = page.xpath("//main//*[text()[contains(., '302-555')]]")
            self.assertEqual(bool(phones), screen != "result")
            for node in [*amounts, *addresses, *phones]:
                isolated = node.xpath(
                    "ancestor-or-self::bdi | ancestor-or-self::*[@dir][not(self::html)]"
                )
                self.assertTrue(isolated, html.tostring(node))
