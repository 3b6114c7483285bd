from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .base_automation_portal_summary import PAYMENT_RECEIVED, TRIGGERS, VIEWED

# Of core's payment methods, those that move money from a bank account.
BANK_METHODS = (
    "ach_direct_debit",
    "bacs_direct_debit",
    "bank_account",
    "bank_transfer",
    "becs_direct_debit",
    "sepa_direct_debit",
    "us_bank_account",
)


class BaseAutomation(models.Model):
    _name = "base.automation"
    _inherit = ["base.automation.portal.message", "base.automation"]

    trigger = fields.Selection(
        selection_add=[
            (VIEWED, "Invoice Web Portal Viewed"),
            (PAYMENT_RECEIVED, "Invoice Payment Received"),
        ],
        ondelete={VIEWED: "cascade", PAYMENT_RECEIVED: "cascade"},
    )
    portal_view_scope = fields.Selection(
        selection=[
            ("first", "the first view of an invoice"),
            ("recipient", "the first view by each recipient"),
            ("every", "every view"),
        ],
        string="On",
        required=True,
        default="first",
    )
    portal_throttle_minutes = fields.Integer(
        string="At most once in",
        help="Minutes between two notifications on one invoice. 0: no limit.",
    )
    portal_payment_event = fields.Selection(
        selection=[
            ("received", "is received"),
            ("problem", "fails, is returned or disputed"),
        ],
        string="When a payment",
        required=True,
        default="received",
    )
    portal_payment_scope = fields.Selection(
        selection=[
            ("any", "any payment"),
            ("full", "only the one that pays the invoice in full"),
        ],
        string="For",
        required=True,
        default="any",
    )
    portal_payment_method = fields.Selection(
        selection=[
            ("any", "by any means"),
            ("card", "by card"),
            ("bank", "from a bank account"),
        ],
        string="Paid",
        required=True,
        default="any",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("trigger", "model_id")
    def _check_trigger(self):
        """Override to keep the portal's triggers on invoices.

        :raise ValidationError: If a rule with a portal trigger is on another model.
        """
        result = super()._check_trigger()
        for automation in self:
            if (
                automation.trigger in TRIGGERS
                and automation.model_id.model != "account.move"
            ):
                raise ValidationError(
                    self.env._(
                        "The trigger of “%(rule)s” works on invoices only.",
                        rule=automation.name,
                    )
                )
        return result

    @api.constrains("portal_throttle_minutes", "portal_webhook_url")
    def _check_portal_options(self):
        """Check what a rule is told to do.

        :raise ValidationError: If the limit is negative, or the address is not one.
        """
        for automation in self:
            if automation.portal_throttle_minutes < 0:
                raise ValidationError(self.env._("Enter 0 minutes or more."))
            url = urlsplit(automation.portal_webhook_url or "https://none")
            if url.scheme not in ("http", "https") or not url.netloc:
                raise ValidationError(
                    self.env._("The webhook's address has to begin with https://.")
                )

    # === BUSINESS METHODS === #

    @api.model
    def _queue_portal_notifications(
        self, trigger, move, outcome="received", **occasion
    ):
        """Note which rules are due for an occasion, and have the scheduler run them.

        :param str trigger: A portal trigger.
        :param account.move move: The invoice.
        :param str outcome: What came of a payment: `received`, `failed`, `returned` or
            `disputed`.
        :param dict occasion: What happened: `event_id` or `transaction_id`.
        :return: The notifications that were not queued before.
        :rtype: account.move.portal.notification
        """
        # In sudo mode because the occasion comes from a customer.
        notifications_sudo = self.env["account.move.portal.notification"].sudo()
        values = {"move_id": move.id, "outcome": outcome, **occasion}
        wanted = notifications_sudo.new(values)
        automations_sudo = (
            self.sudo()
            .search([("trigger", "=", trigger)])
            .filtered(lambda automation: automation._is_portal_occasion(wanted))
        )
        notifications_sudo = notifications_sudo._queue_once(automations_sudo, values)
        if notifications_sudo:
            self.env.ref(
                "account_payment_portal.ir_cron_run_portal_notifications"
            ).sudo()._trigger()  # In sudo mode, again for the customer.
        return notifications_sudo

    def _is_portal_occasion(self, notification):
        """Return whether this rule wants to hear of an occasion.

        Note: `self.ensure_one()`

        :param account.move.portal.notification notification: The occasion.
        :rtype: bool
        """
        self.ensure_one()
        if self.trigger == VIEWED:
            return self._is_portal_view(notification.event_id)
        return self._is_portal_payment(notification)

    def _is_portal_view(self, view):
        """Return whether this rule wants to hear of a view."""
        if self.portal_view_scope == "first":
            return view.is_first_view
        if self.portal_view_scope == "recipient":
            return view.is_first_of_link
        return not view.is_repeated

    def _is_portal_payment(self, notification):
        """Return whether this rule wants to hear of what came of a payment."""
        move, tx = notification.move_id, notification.transaction_id
        is_received = notification.outcome == "received"
        if is_received != (self.portal_payment_event == "received"):
            return False
        if self.portal_payment_method not in ("any", self._get_payment_means(tx)):
            return False
        return (
            not is_received
            or self.portal_payment_scope == "any"
            or move.currency_id.is_zero(move.portal_balance_due)
        )

    @api.model
    def _get_payment_means(self, transaction):
        """Return by which means a payment was made.

        :param payment.transaction transaction: The payment.
        :return: `card`, `bank`, or empty for anything else.
        :rtype: str
        """
        method = transaction.payment_method_id
        code = (method.primary_payment_method_id or method).code
        if code == "card":
            return "card"
        return "bank" if code in BANK_METHODS else ""
