from odoo.fields import Command

from odoo.addons.account_payment_portal.const import (
    TRIGGER_PAYMENT,
    TRIGGER_VIEWED,
)

from .common import PortalCommon

NOTIFICATION_LOGGER = (
    "odoo.addons.account_payment_portal.models.notify.account_move_portal_notification"
)


class PortalNotificationCommon(PortalCommon):
    """The same with the two installed rules, and payments to tell of."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewed_rule = cls.env.ref(
            "account_payment_portal.base_automation_portal_viewed"
        )
        cls.paid_rule = cls.env.ref(
            "account_payment_portal.base_automation_portal_payment_received"
        )

    # === HELPERS === #

    def _create_rule(self, trigger=TRIGGER_VIEWED, code=None, **values):
        """Create a rule that runs code, by itself."""
        model_id = self.env.ref("account.model_account_move").id
        actions = [
            Command.create(
                {
                    "name": "Run",
                    "model_id": model_id,
                    "usage": "base_automation",
                    "state": "code",
                    "code": code,
                }
            )
        ]
        return self.env["base.automation"].create(
            {
                "name": "Rule",
                "model_id": model_id,
                "trigger": trigger,
                "action_server_ids": actions if code else [],
                **values,
            }
        )

    def _create_transaction(self, invoice=None, method="card", amount=None):
        invoice = invoice or self.invoice
        provider = self.env["payment.provider"].search([], limit=1)
        count = self.env["payment.transaction"].search_count([])
        return self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref(
                    f"payment.payment_method_{method}"
                ).id,
                "reference": f"{invoice.name}-{count}",
                "amount": amount or invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "invoice_ids": [Command.set(invoice.ids)],
                # What is told of is over, so that another one can be started.
                "state": "done",
            }
        )

    def _pay(self, amount=None):
        """Book a payment of the invoice."""
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({"amount": amount} if amount else {})._create_payments()

    def _queue_payment(self, outcome="received", invoice=None, **transaction):
        invoice = invoice or self.invoice
        return self.env["base.automation"]._queue_portal_notifications(
            TRIGGER_PAYMENT,
            invoice,
            outcome=outcome,
            transaction_id=self._create_transaction(invoice, **transaction).id,
        )

    def _get_told(self, user=None):
        return self._get_staff_messages(self.invoice, user or self.salesperson)

    def _get_queue(self, rule, **values):
        return self.env["account.move.portal.notification"].search(
            [("automation_id", "=", rule.id)]
            + [(field, "=", value) for field, value in values.items()]
        )
