from ...models.payment import stripe_params
from ..payment_common import PortalPaymentCommon


class TestStripeParams(PortalPaymentCommon):
    """What goes to Stripe: nothing empty, and nothing left out that was entered."""

    def _get_sent(self, endpoint):
        """Return what was sent to an endpoint, flat."""
        [request] = [
            request
            for request in self.sandbox.requests
            if request.method == "POST" and request.path == f"/v1/{endpoint}"
        ]
        return dict(self._flatten(request.params))

    def _flatten(self, value, path=()):
        if isinstance(value, dict | list):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, one in items:
                yield from self._flatten(one, (*path, key))
        else:
            yield ".".join(map(str, path)), value

    def _pay(self, **contact):
        customer = self.env["res.partner"].create(
            {"name": "Nora", "email": "nora@customer.example", **contact}
        )
        invoice = self._create_portal_invoice(partner_id=customer.id)
        return self._create_attempt(self._create_link(invoice))

    def _assert_nothing_empty(self):
        for endpoint in ("customers", "payment_intents"):
            sent = self._get_sent(endpoint)
            for name, value in sent.items():
                self.assertNotIn(value, ("", None, "None", "False"), name)

    def test_s20_contact_without_an_address_is_sent_without(self):
        tx = self._pay()
        self.assertEqual(tx.state, "draft", tx.state_message)
        self._assert_nothing_empty()
        self.assertFalse(
            [name for name in self._get_sent("payment_intents") if "shipping" in name]
        )

    def test_s20_what_an_address_does_not_have_is_left_out(self):
        germany, hong_kong = self.env.ref("base.de"), self.env.ref("base.hk")
        for contact, left_out in [
            ({"street": "1 Long Street"}, {"city", "country", "postal_code", "state"}),
            (
                {"street": "Weg 1", "city": "Ulm", "country_id": germany.id},
                {"postal_code", "state", "line2"},
            ),
            (
                {"street": "1 Road", "street2": " ", "country_id": hong_kong.id},
                {"line2", "city", "postal_code"},
            ),
        ]:
            with self.subTest(contact):
                self.sandbox.requests_seen.clear()
                tx = self._pay(**contact)
                self.assertEqual(tx.state, "draft", tx.state_message)
                self._assert_nothing_empty()
                sent = self._get_sent("payment_intents")
                self.assertEqual(sent["shipping.name"], "Nora")
                for name in left_out:
                    self.assertNotIn(f"shipping.address.{name}", sent)

    def test_s20_address_without_a_street_is_no_address_to_ship_to(self):
        self._pay(city="Dover", country_id=self.env.ref("base.us").id)
        self._assert_nothing_empty()
        self.assertNotIn("shipping.name", self._get_sent("payment_intents"))
        self.assertEqual(self._get_sent("customers")["address.country"], "US")

    def test_s19_country_and_state_that_were_entered_are_sent_by_their_codes(self):
        ontario = self.env.ref("base.state_ca_on")
        attempts = self.env["account.move.portal.attempt"]
        billing = attempts._get_billing_defaults(self.customer)
        billing.update(country_id=ontario.country_id.id, state_id=ontario.id)
        self._create_attempt(portal_billing=billing)
        sent = self._get_sent("customers")
        self.assertEqual(sent["address.country"], "CA")
        self.assertEqual(sent["address.state"], "ON")
        sent = self._get_sent("payment_intents")  # That of the invoice.
        self.assertEqual(sent["shipping.address.state"], "DE")

    def test_s19_street_that_is_too_long_is_said_and_not_cut(self):
        attempts = self.env["account.move.portal.attempt"]
        for field, size in {"name": 120, "street": 120, "city": 80, "zip": 20}.items():
            for length, is_refused in [(size, False), (size + 1, True), (300, True)]:
                values = attempts._parse_billing({field: "x" * length})
                errors = attempts._check_billing(values, set())
                with self.subTest(field=field, length=length):
                    self.assertEqual(field in errors, is_refused)

    def test_without_empty(self):
        for value, cleaned in [
            ({"a": "", "b": None, "c": False, "d": 0, "e": "x"}, {"d": 0, "e": "x"}),
            ({"a": {"b": " ", "c": []}}, {}),
            ({"a": ["", {"b": 1}]}, {"a": [{"b": 1}]}),
            ({"confirm": True}, {"confirm": True}),
        ]:
            self.assertEqual(stripe_params.without_empty(value), cleaned)
