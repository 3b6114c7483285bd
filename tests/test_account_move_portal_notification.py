from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from odoo.addons.account_payment_portal.models.base_automation import (
    PAYMENT_RECEIVED,
    VIEWED,
)

from .common import PortalCommon

NOTIFICATION_LOGGER = (
    "odoo.addons.account_payment_portal.models.account_move_portal_notification"
)


class TestAccountMovePortalNotification(PortalCommon):
    def _queue_view(self):
        return self._record_view(self._create_link())

    def test_s12_installed_rule_tells_the_salesperson_once(self):
        view = self._queue_view()
        self.env["base.automation"]._queue_portal_notifications(
            VIEWED, self.invoice, event_id=view.id
        )
        self._run_notifications()
        self._run_notifications()
        [message] = self._get_staff_messages(self.invoice, self.salesperson)
        self.assertIn(self.invoice.name, message.subject)
        self.assertIn("Carla Customer", message.body)
        self.assertIn("carla@customer.example", message.body)
        self.assertNotIn(view.link_id.token, message.body)

    def test_s12_creator_is_told_where_there_is_no_salesperson(self):
        self.invoice.invoice_user_id = False
        self._queue_view()
        self._run_notifications()
        self.assertTrue(self._get_staff_messages(self.invoice, self.invoice.create_uid))

    def test_s12_rule_with_a_condition_that_fails_does_nothing(self):
        self.env.ref("account_payment_portal.base_automation_portal_viewed").write(
            {"filter_domain": "[('amount_total', '>', 1000000)]"}
        )
        self._queue_view()
        self._run_notifications()
        self.assertFalse(self._get_staff_messages(self.invoice, self.salesperson))

    def test_s12_any_server_action_of_any_rule_runs(self):
        rule = self.env["base.automation"].create(
            {
                "name": "Mark viewed",
                "model_id": self.env.ref("account.model_account_move").id,
                "trigger": VIEWED,
                "action_server_ids": [
                    Command.create(
                        {
                            "name": "Mark viewed",
                            "model_id": self.env.ref("account.model_account_move").id,
                            "usage": "base_automation",
                            "state": "code",
                            "code": "record.write({'ref': 'viewed'})",
                        }
                    )
                ],
            }
        )
        self._queue_view()
        self._run_notifications()
        self.assertEqual(self.invoice.ref, "viewed")
        self.assertTrue(self._get_staff_messages(self.invoice, self.salesperson))
        self.assertEqual(rule.trigger, VIEWED)

    def test_s12_rule_that_fails_is_retried_once_and_hinders_no_other(self):
        action = self.env.ref("account_payment_portal.ir_actions_server_portal_viewed")
        action.code = "raise UserError('The rule is broken')"
        self._queue_view()
        other = self._create_portal_invoice()
        self.env["base.automation"]._queue_portal_notifications(
            PAYMENT_RECEIVED, other, transaction_id=self._create_transaction(other).id
        )
        with mute_logger(NOTIFICATION_LOGGER):
            self._run_notifications()
        failed = self.env["account.move.portal.notification"].search(
            [("move_id", "=", self.invoice.id)]
        )
        self.assertEqual(failed.state, "failed")
        self.assertEqual(failed.attempts, 2)
        self.assertIn("The rule is broken", failed.failure_reason)
        self.assertTrue(self._get_staff_messages(other, self.salesperson))

    def _create_transaction(self, invoice):
        provider = self.env["payment.provider"].search([], limit=1)
        return self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_card").id,
                "reference": f"{invoice.name}-test",
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "invoice_ids": [Command.set(invoice.ids)],
            }
        )

    def test_s13_message_says_how_much_was_paid_and_what_is_open(self):
        tx = self._create_transaction(self.invoice)
        self.env["base.automation"]._queue_portal_notifications(
            PAYMENT_RECEIVED, self.invoice, transaction_id=tx.id
        )
        self._run_notifications()
        [message] = self._get_staff_messages(self.invoice, self.salesperson)
        self.assertIn("payment received", message.subject)
        self.assertEqual(message.body.count("100.00"), 2, "paid, and still open")

    def test_s12_s13_triggers_are_for_invoices_only(self):
        with self.assertRaises(ValidationError):
            self.env["base.automation"].create(
                {
                    "name": "On contacts",
                    "model_id": self.env.ref("base.model_res_partner").id,
                    "trigger": VIEWED,
                }
            )
