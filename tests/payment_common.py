import re

from odoo.fields import Command

from odoo.addons.account_payment_portal.models.payment_provider import (
    STRIPE_SANDBOX_PARAMETER,
)

from stripe_sandbox import StripeSandbox

from .common import PortalCommon


class PortalPaymentCommon(PortalCommon):
    """The same with Stripe as a payment provider: the sandbox, over HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["payment.provider"].sudo().search([]).write(
            {"state": "disabled", "is_published": False}
        )
        cls.card = cls.env.ref("payment.payment_method_card")
        cls.provider = cls._create_stripe_provider()
        cls.card.active = True
        cls.link = cls._create_link()

    @classmethod
    def _create_stripe_provider(cls):
        # In sudo mode because the installed provider is another company's.
        template = cls.env.ref("payment.payment_provider_stripe").sudo()
        provider = template.copy({"company_id": cls.company.id})
        provider.write(
            {
                "payment_method_ids": [Command.link(cls.card.id)],
                "stripe_publishable_key": "pk_test_portal",
                "stripe_secret_key": "sk_test_portal",
                "state": "test",
                "is_published": True,
            }
        )
        provider.journal_id = cls.company_data["default_journal_bank"]
        return provider

    def setUp(self):
        super().setUp()
        # A fresh one for each test: each rolls back to the same references, on which
        # Stripe would answer with what it answered to the test before.
        self.sandbox = StripeSandbox()
        self.sandbox.start()
        self.addCleanup(self.sandbox.stop)
        self.env["ir.config_parameter"].set_param(
            STRIPE_SANDBOX_PARAMETER, self.sandbox.url
        )
        self.provider.write(
            {
                "stripe_publishable_key": self.sandbox.publishable_key,
                "stripe_secret_key": self.sandbox.secret_key,
                "stripe_webhook_secret": self.sandbox.webhook_secret,
            }
        )

    def _get_transactions(self):
        return self.env["payment.transaction"].search(
            [("invoice_ids", "in", self.invoice.ids)], order="id"
        )

    def _get_intents(self):
        return self.sandbox.objects("payment_intent")

    def _assert_no_card_number(self, text):
        self.assertFalse(re.search(r"\d{13,}", re.sub(r"[ -]", "", text)))
