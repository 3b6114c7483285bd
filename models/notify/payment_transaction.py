from odoo import models

from ... import const


class PaymentTransaction(models.Model):
    """What becomes of payments is what rules want to hear of."""

    _inherit = "payment.transaction"

    def _after_portal_outcome(self, move, outcome):
        """Override to queue the rules that want to hear of these payments."""
        result = super()._after_portal_outcome(move, outcome)
        for tx in self:
            self.env["base.automation"]._queue_portal_notifications(
                const.TRIGGER_PAYMENT, move, outcome=outcome, transaction_id=tx.id
            )
        return result
