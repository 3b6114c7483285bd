from odoo import models

from .base_automation_portal_summary import PAYMENT_RECEIVED

EVENT_KINDS = {
    "received": "paid",
    "failed": "payment_failed",
    "returned": "payment_returned",
    "disputed": "payment_disputed",
}


class PaymentTransactionPortalNotify(models.AbstractModel):
    """What staff and the record of the portal hear of a payment."""

    _name = "payment.transaction.portal.notify"
    _description = "Telling of Portal Payments"

    def _set_error(self, state_message, extra_allowed_states=()):
        """Override of `payment` to tell that a payment failed."""
        txs = super()._set_error(
            state_message, extra_allowed_states=extra_allowed_states
        )
        txs._portal_tell("failed")
        return txs

    def _portal_tell(self, outcome):
        """Record what came of these payments, and queue the rules that want to know.

        Once for each outcome of a payment, however often it is called.

        :param str outcome: `received`, `failed`, `returned` or `disputed`.
        """
        for tx in self:
            # In sudo mode because the payment comes from a customer or a provider.
            link_sudo = tx.portal_link_id.sudo()
            for move in tx._get_portal_paid_invoices():
                if link_sudo.move_id == move:
                    link_sudo.env["account.move.portal.event"]._record_payment(
                        link_sudo, EVENT_KINDS[outcome], tx
                    )
                self.env["base.automation"]._queue_portal_notifications(
                    PAYMENT_RECEIVED, move, outcome=outcome, transaction_id=tx.id
                )

    def _portal_give_staff_to_do(self, summary, note):
        """Give whoever is responsible for the invoice something to do.

        One of them, so that it is not done twice; where there is nobody, it waits on
        the invoice for whoever takes it.

        Note: `self.ensure_one()`

        :param str summary: What it is about.
        :param str note: What there is to know.
        """
        self.ensure_one()
        move = self.portal_move_id
        move.activity_schedule(
            "mail.mail_activity_data_warning",
            user_id=move._get_portal_staff()[:1].id,
            summary=summary,
            note=note,
        )
