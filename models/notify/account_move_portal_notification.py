import logging
from datetime import timedelta

from odoo import api, fields, models

from ... import const
from ...tools import sql

_logger = logging.getLogger(__name__)


class AccountMovePortalNotification(models.Model):
    """One automation rule that is due because of one occasion on an invoice.

    The row is written in the transaction of the customer's view or payment, and run
    afterwards by the scheduler: a rule costs the customer no time, a rule that fails
    cannot undo a payment, and a restart neither loses one nor runs one twice.
    """

    _name = "account.move.portal.notification"
    _inherit = ["account.move.portal.queue"]
    _description = "Invoice Portal Notification"
    _order = "id"
    _queue_cron = "account_payment_portal.ir_cron_run_portal_notifications"
    _queue_retry_minutes = (5,)

    automation_id = fields.Many2one(
        comodel_name="base.automation", string="Rule", required=True, ondelete="cascade"
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        required=True,
        index=True,
        ondelete="cascade",
    )
    event_id = fields.Many2one(
        comodel_name="account.move.portal.event",
        help="The view that raised this notification.",
        ondelete="set null",
    )
    transaction_id = fields.Many2one(
        comodel_name="payment.transaction",
        help="The payment that raised this notification.",
        ondelete="cascade",
    )
    outcome = fields.Selection(
        selection=[
            ("received", "Received"),
            ("failed", "Failed"),
            ("returned", "Returned"),
            ("disputed", "Disputed"),
        ],
        help="The outcome of the payment.",
        required=True,
        default="received",
    )
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("done", "Done"),
            ("skipped", "Skipped"),
            ("failed", "Failed"),
        ],
        required=True,
        default="waiting",
        index=True,
    )
    failure_reason = fields.Char(readonly=True)
    _once_per_event = models.UniqueIndex(
        "(automation_id, event_id) WHERE event_id IS NOT NULL"
    )
    _once_per_transaction = models.UniqueIndex(
        "(automation_id, move_id, transaction_id, outcome) "
        "WHERE transaction_id IS NOT NULL"
    )

    @api.model
    def _queue_once(self, automations, values):
        """Queue rules for an occasion, unless they have been before.

        :param base.automation automations: The rules.
        :param dict values: The occasion.
        :return: The notifications that were not queued before.
        :rtype: account.move.portal.notification
        """
        now = self.env.cr.now()
        row = {
            **values,
            "state": "waiting",
            "attempts": 0,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }
        rows = ({"automation_id": automation.id, **row} for automation in automations)
        ids = [sql.insert_unless_exists(self.env.cr, self._table, one) for one in rows]
        return self.browse(filter(None, ids))

    # === SCHEDULER === #

    def _process_due(self):
        """Run the rule on the invoice, once; note why if it fails."""
        self.ensure_one()
        if self._is_throttled():
            self.state = "skipped"
            return
        self.attempts += 1
        try:
            with self.env.cr.savepoint():
                self._process_rule()
                self.env.flush_all()
            self.state = "done"
        except Exception as error:  # noqa: BLE001 - any server action may run here.
            _logger.exception(
                "Automation rule %s failed on invoice %s",
                self.automation_id.display_name,
                self.move_id.display_name,
            )
            self._record_failure(error)
        self._wake_mail_queue()

    def _record_failure(self, error):
        """Note why the rule failed, and try again later if that was the first time.

        :param Exception error: What it raised.
        """
        self.failure_reason = str(error) or type(error).__name__
        if not self._retry_later():
            self.state = "failed"

    def _is_throttled(self):
        """Return whether the rule has told of this invoice too short a time ago.

        :rtype: bool
        """
        minutes = self.automation_id.portal_throttle_minutes
        if not (minutes and self.event_id):
            return False
        since = self.event_id.create_date - timedelta(minutes=minutes)
        return bool(
            self.search_count(
                [
                    ("automation_id", "=", self.automation_id.id),
                    ("move_id", "=", self.move_id.id),
                    ("state", "=", "done"),
                    ("event_id.create_date", ">", since),
                ],
                limit=1,
            )
        )

    def _process_rule(self):
        """Hand the invoice to the rule, with the occasion at hand in the context."""
        automation = self.automation_id.with_context(
            **{const.CONTEXT_NOTIFICATION: self.id}
        )
        move = automation._filter_post(
            self.move_id.with_env(automation.env), feedback=True
        )
        automation._process(move)
        if move and automation.portal_recipient:
            automation._notify_portal_message(self)

    # === THE OCCASION === #

    @api.model
    def _get_current(self):
        """Return the notification whose rule is just running, if one is.

        :rtype: account.move.portal.notification
        """
        # In sudo mode because notifications are the system's.
        return self.sudo().browse(self.env.context.get(const.CONTEXT_NOTIFICATION))

    def _get_occasion(self):
        """Return what mails and code of rules have at hand.

        :return: `link`, `event` and `transaction`, perhaps empty, and `outcome`.
        :rtype: dict
        """
        # In sudo mode because those who are told have no rights on payments.
        notification_sudo = self.sudo()
        event, tx = notification_sudo.event_id, notification_sudo.transaction_id
        return {
            "link": event.link_id or tx.portal_link_id,
            "event": event,
            "transaction": tx,
            "outcome": notification_sudo.outcome or "received",
        }

    def _get_webhook_payload(self):
        """Return what another system is told: no token, no address of a visitor.

        :rtype: dict
        """
        move, occasion = self.move_id, self._get_occasion()
        tx = occasion["transaction"]
        return {
            "notification": self.id or None,
            "event": self.automation_id.trigger.removeprefix("on_"),
            "outcome": occasion["outcome"] if tx else None,
            "invoice": move.name,
            "invoice_id": move.id,
            "customer": move.partner_id.display_name,
            "recipient": occasion["link"].email or None,
            "currency": move.currency_id.name,
            "amount_total": move.amount_total,
            "balance_due": move.portal_balance_due,
            "amount_paid": tx.amount if tx else None,
            "payment_method": tx.payment_method_id.code or None,
        }
