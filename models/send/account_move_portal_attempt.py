from odoo import models


class AccountMovePortalAttempt(models.Model):
    """What the payer is told by email while a payment is under way."""

    _inherit = "account.move.portal.attempt"

    # === HOOKS OF THE ROOM `PAYMENT` === #

    def _after_failure(self):
        """Override to tell the payer, whom nothing else tells."""
        result = super()._after_failure()
        for attempt in self:
            attempt.transaction_id._queue_portal_email("payment_failed")
        return result

    def _after_verification_request(self):
        """Override to tell the payer how to verify the bank account."""
        result = super()._after_verification_request()
        for attempt in self:
            attempt.transaction_id._queue_portal_email("verification")
        return result
