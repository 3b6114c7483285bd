from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..payment_common import PortalPaymentCommon

BILLING = {
    "name": "Carl Cousin",
    "street": "2 Short Street",
    "street2": "Floor 3",
    "city": "Dover",
    "zip": "19901",
    "email": "carl@customer.example",
    "phone": "+1 555 0100",
}


class TestPaymentAmount(PortalPaymentCommon, HttpCase):
    """What is paid, and with which billing information: the server's word."""

    def _check(self, amount=None, **billing):
        return self.make_jsonrpc_request(
            self.link._get_path("check"),
            {"amount": amount, "billing": {**self._get_billing(), **billing}},
        )["errors"]

    def _get_billing(self):
        return {
            **BILLING,
            "country_id": str(self.customer.country_id.id),
            "state_id": str(self.customer.state_id.id),
        }

    def test_s19_amounts_that_may_not_be_paid_are_refused(self):
        self.company.write(
            {"portal_allow_part_payment": True, "portal_minimum_part_payment": 10.0}
        )
        for amount, reason in {
            "0": "greater than zero",
            "-1": "greater than zero",
            "100.01": "more than the balance",
            "99999": "more than the balance",
            "10.001": "decimals",
            "9.99": "minimum payment",
            "ten": "as a number",
            "nan": "as a number",
            "inf": "as a number",
            "1e400": "as a number",
            "$5": "as a number",
            "12,50": "as a number",  # No 1250, whoever means 12.50.
            "1,2,3": "as a number",
        }.items():
            with self.subTest(amount):
                self.assertIn(reason, self._check(amount)["amount"])
                with self.assertRaises(ValidationError):
                    self.invoice._check_portal_amount(amount)

    def test_s19_amounts_that_may_be_paid(self):
        self.company.portal_allow_part_payment = True
        for entered, amount in {
            "100": 100.0,
            "100.00": 100.0,
            " 40.5 ": 40.5,
            40: 40.0,
            "": 100.0,
        }.items():
            with self.subTest(entered):
                self.assertEqual(self.invoice._check_portal_amount(entered), amount)

    def test_s19_part_is_refused_unless_the_company_allows_it(self):
        self.company.portal_allow_part_payment = False
        self.assertIn("cannot be paid in part", self._check("40")["amount"])
        self.assertFalse(self._check("100"))

    def test_s19_amount_is_read_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.company.portal_allow_part_payment = True
        invoice = self._create_portal_invoice(price=2000.0).with_context(lang="de_DE")
        self.assertEqual(invoice._check_portal_amount("1.234,56"), 1234.56)
        self.assertEqual(invoice._check_portal_amount("1.500"), 1500.0)
        with self.assertRaisesRegex(ValidationError, "als Zahl"):
            invoice._check_portal_amount("12.50")

    def test_s19_separators_of_thousands_are_read_where_they_belong(self):
        self.company.portal_allow_part_payment = True
        rupee = self.env.ref("base.INR")  # Stripe takes that much in rupees.
        rupee.active = True
        invoice = self._create_portal_invoice(price=2000000.0, currency_id=rupee.id)
        for entered, amount in {
            "1,234.5": 1234.5,
            "1,234,567": 1234567.0,
            "12,34,567": 1234567.0,  # As in India.
            "1 234.50": 1234.5,
        }.items():
            self.assertEqual(invoice._check_portal_amount(entered), amount)

    def test_s19_currency_without_decimals_takes_none(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        invoice = self._create_portal_invoice(price=5000.0, currency_id=yen.id)
        self.assertEqual(invoice._check_portal_amount("5000"), 5000.0)
        with self.assertRaisesRegex(ValidationError, "decimals"):
            invoice._check_portal_amount("5000.5")

    def test_s19_other_currency_is_booked_in_it(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "name": "2020-01-01",
                "rate": 0.5,
                "currency_id": euro.id,
                "company_id": self.company.id,
            }
        )
        invoice = self._create_portal_invoice(currency_id=euro.id)
        tx = self._create_attempt(link=self._create_link(invoice))
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        payment = tx.payment_id
        self.assertEqual((payment.amount, payment.currency_id), (100.0, euro))
        self.assertEqual(payment.journal_id, self.provider.journal_id)
        self.assertEqual(payment.company_id, self.company)
        self.assertEqual(payment.move_id.line_ids[0].amount_currency, 100.0)
        self.assertEqual(payment.move_id.line_ids[0].balance, 200.0)
        self._assert_paid_once(invoice)

    def test_s19_next_instalment_is_offered(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Half now, half later",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (36500, 36600)
                ],
            }
        )
        invoice = self._create_portal_invoice(
            invoice_payment_term_id=term.id, invoice_date_due=False
        )
        self.assertEqual(
            [amount for amount, _label in invoice._get_portal_amounts()], [100.0, 50.0]
        )
        self.assertEqual(invoice._check_portal_amount("50"), 50.0)

    def test_s19_early_payment_discount_is_the_usual_amount(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 %, if early",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 36500,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 36600}
                    )
                ],
            }
        )
        invoice = self._create_portal_invoice(
            invoice_payment_term_id=term.id, invoice_date_due=False
        )
        self.assertEqual(
            [amount for amount, _label in invoice._get_portal_amounts()], [98.0, 100.0]
        )
        tx = self._create_attempt(link=self._create_link(invoice), amount=98.0)
        self._confirm(tx)
        # It is settled after the last day, as a bank takes its time.
        [line] = invoice.line_ids.filtered("discount_date")
        line.discount_date = tx.create_date.date()
        with freeze_time(tx.create_date + timedelta(days=4)):
            self.assertEqual(
                [amount for amount, _label in invoice._get_portal_amounts()], [100.0]
            )
            tx.portal_attempt_id._stripe_refresh()
        self.assertEqual(invoice.amount_residual, 0.0)

    # === Billing === #

    def test_s19_required_fields_follow_the_country(self):
        self.assertFalse(self._check())
        errors = self._check(name=" ", street="", state_id="", zip="")
        self.assertEqual(set(errors), {"name", "street", "state_id", "zip"})
        hong_kong = self.env.ref("base.hk")
        self.assertNotIn(
            "zip", self._check(country_id=str(hong_kong.id), state_id="", zip="")
        )

    def test_s19_nonsense_is_refused_beside_its_field(self):
        other_state = self.env.ref("base.state_ca_on")
        for field, value in {
            "email": "nobody",
            "state_id": str(other_state.id),
            "country_id": "999999",
            "phone": "1" * 30,
        }.items():
            with self.subTest(field):
                self.assertIn(field, self._check(**{field: value}))

    def test_s19_what_no_form_sends_breaks_nothing(self):
        self.assertIn("state_id", self._check(state_id="9" * 30))
        choice = {
            "provider_id": self.provider.id,
            "payment_method_id": self.card.id,
            "flow": "direct",
            "client_key": "é",
        }
        path = self.link._get_path("transaction")
        # No text that a browser sends, nor one that PostgreSQL takes.
        for name in ("Carl\ud800", "C\0arl"):
            billing = {**self._get_billing(), "name": name}
            params = {**choice, "billing": billing}
            answer = self.url_open(path, json={"params": params})
            self.assertEqual(answer.status_code, 400)
        self.assertFalse(self._get_transactions())
        billing = {**self._get_billing(), "name": " Carl\n"}
        params = {**choice, "billing": billing}
        answer = self.url_open(path, json={"params": params})
        self.assertNotIn("error", answer.json())
        self.assertEqual(self._get_transactions().partner_name, "Carl")

    def test_s19_states_follow_the_country(self):
        answer = self.make_jsonrpc_request(
            self.link._get_path("country"), {"country_id": self.env.ref("base.us").id}
        )
        self.assertIn([self.customer.state_id.id, "Delaware"], answer["states"])
        self.assertIn("state_id", answer["required"])

    @mute_logger("odoo.http")
    def test_s19_server_checks_again_when_the_payment_starts(self):
        answer = self.url_open(
            self.link._get_path("transaction"),
            json={
                "params": {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.card.id,
                    "flow": "direct",
                    "amount": "250",
                    "billing": {**self._get_billing(), "email": "nobody"},
                }
            },
        ).json()
        message = answer["error"]["data"]["message"]
        self.assertIn("more than the balance", message)
        self.assertIn("email", message)
        self.assertFalse(self._get_transactions())

    @mute_logger("odoo.http")
    def test_b3_what_was_paid_elsewhere_meanwhile_is_not_asked_for_again(self):
        """The other tab's payment is booked only when this one makes it give way."""
        self.company.portal_allow_part_payment = True
        first = self._create_attempt(amount=40.0)
        self._confirm(first)
        values = {
            "provider_id": self.provider.id,
            "payment_method_id": self.card.id,
            "flow": "direct",
            "billing": self._get_billing(),
            "client_key": "tab 2",
            "restart": True,
        }
        url = self.link._get_path("transaction")
        answer = self.url_open(url, json={"params": {**values, "amount": "100"}}).json()
        self.assertIn("more than the balance", answer["error"]["data"]["message"])
        self.assertEqual(len(self._get_intents()), 1)
        self.make_jsonrpc_request(url, values)  # The usual amount is what is left.
        self.env.invalidate_all()
        self.assertEqual(self._get_transactions().mapped("amount"), [40.0, 60.0])

    def _pay_with_other_billing(self):
        values = self.env["account.move.portal.attempt"]._parse_billing(
            self._get_billing()
        )
        tx = self._create_attempt(portal_billing=values)
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        return tx

    def test_s19_what_was_entered_stays_on_the_payment_and_goes_to_stripe(self):
        tx = self._pay_with_other_billing()
        self.assertEqual(tx.partner_name, "Carl Cousin")
        self.assertEqual(tx.partner_email, "carl@customer.example")
        self.assertEqual(tx.partner_address, "2 Short Street Floor 3")
        [customer] = self.sandbox.objects("customer")
        self.assertEqual(customer["name"], "Carl Cousin")
        self.assertEqual(self.customer.name, "Carla Customer")

    def test_s19_staff_see_what_differs_and_take_it_over(self):
        self._pay_with_other_billing()
        invoice = self.invoice.with_user(self.biller)
        self.assertIn("2 Short Street", invoice.portal_billing_differences)
        self.biller.group_ids += self.env.ref("base.group_partner_manager")
        invoice.action_update_portal_contact()
        self.assertEqual(self.customer.name, "Carl Cousin")
        self.assertEqual(self.customer.street2, "Floor 3")
        self.env.invalidate_all()
        self.assertFalse(invoice.portal_billing_differences)

    def test_s19_contact_that_has_it_all_shows_nothing(self):
        tx = self._create_attempt()
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        self.assertFalse(self.invoice.portal_billing_differences)
