import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 2


class AccountMovePortalNotification(models.Model):
    """One automation rule that is due because of one occasion on an invoice.

    The row is written in the transaction of the customer's view or payment, and run
    afterwards by the scheduler: a rule costs the customer no time, a rule that fails
    cannot undo a payment, and a restart neither loses one nor runs one twice.
    """

    _name = "account.move.portal.notification"
    _description = "Invoice Portal Notification"
    _order = "id"

    automation_id = fields.Many2one(
        comodel_name="base.automation", required=True, ondelete="cascade"
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
        ondelete="cascade",
    )
    transaction_id = fields.Many2one(
        comodel_name="payment.transaction",
        help="The payment that raised this notification.",
        ondelete="cascade",
    )
    state = fields.Selection(
        selection=[("waiting", "Waiting"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        default="waiting",
        index=True,
    )
    attempts = fields.Integer(default=0)
    failure_reason = fields.Char(readonly=True)

    _once_per_event = models.UniqueIndex(
        "(automation_id, event_id) WHERE event_id IS NOT NULL"
    )
    _once_per_transaction = models.UniqueIndex(
        "(automation_id, move_id, transaction_id) WHERE transaction_id IS NOT NULL"
    )

    @api.model
    def _cron_run(self):
        """Run what is due, each by itself: any number of workers may do so."""
        while notification := self.search(
            [("state", "=", "waiting")], limit=100
        ).try_lock_for_update(limit=1):
            notification._run()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _run(self):
        """Run the rule on the invoice, once; note why if it fails.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
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
            self.failure_reason = str(error)
            if self.attempts >= MAX_ATTEMPTS:
                self.state = "failed"

    def _process_rule(self):
        """Hand the invoice to the rule, with the occasion at hand in the context."""
        automation = self.automation_id.with_context(
            account_payment_portal_notification_id=self.id
        )
        move = self.move_id.with_env(automation.env)
        automation._process(automation._filter_post(move, feedback=True))
