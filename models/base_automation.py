from odoo import api, fields, models
from odoo.exceptions import ValidationError

VIEWED = "on_portal_viewed"
PAYMENT_RECEIVED = "on_portal_payment_received"


class BaseAutomation(models.Model):
    _inherit = "base.automation"

    trigger = fields.Selection(
        selection_add=[
            (VIEWED, "Invoice Web Portal Viewed"),
            (PAYMENT_RECEIVED, "Invoice Payment Received"),
        ],
        ondelete={VIEWED: "cascade", PAYMENT_RECEIVED: "cascade"},
    )

    @api.constrains("trigger", "model_id")
    def _check_trigger(self):
        """Override to keep the portal's triggers on invoices.

        :raise ValidationError: If a rule with a portal trigger is on another model.
        """
        result = super()._check_trigger()
        for automation in self:
            if (
                automation.trigger in (VIEWED, PAYMENT_RECEIVED)
                and automation.model_id.model != "account.move"
            ):
                raise ValidationError(
                    self.env._(
                        "The trigger of “%(rule)s” works on invoices only.",
                        rule=automation.name,
                    )
                )
        return result

    @api.model
    def _queue_portal_notifications(self, trigger, move, **occasion):
        """Note which rules are due for an occasion, and have the scheduler run them.

        :param str trigger: A portal trigger.
        :param account.move move: The invoice.
        :param dict occasion: What happened: `event_id` or `transaction_id`.
        :return: The notifications that were not queued before.
        :rtype: account.move.portal.notification
        """
        # In sudo mode because the occasion comes from a customer.
        automations_sudo = self.sudo().search([("trigger", "=", trigger)])
        notifications_sudo = self.env["account.move.portal.notification"].sudo()
        known = notifications_sudo.search(
            [("move_id", "=", move.id)]
            + [(field, "=", value) for field, value in occasion.items()]
        )
        notifications_sudo = notifications_sudo.create(
            [
                {"automation_id": automation.id, "move_id": move.id, **occasion}
                for automation in automations_sudo - known.automation_id
            ]
        )
        if notifications_sudo:
            self.env.ref(
                "account_payment_portal.ir_cron_run_portal_notifications"
            ).sudo()._trigger()  # In sudo mode, again for the customer.
        return notifications_sudo
