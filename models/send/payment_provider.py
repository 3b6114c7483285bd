from odoo import api, models


class PaymentProvider(models.Model):
    """What is mailed because of what Stripe tells the scheduler."""

    _inherit = "payment.provider"

    @api.model
    def _cron_stripe_catch_up(self):
        """Override to have what staff are told leave at once."""
        result = super()._cron_stripe_catch_up()
        self.env["account.move.portal.queue"]._wake_mail_queue()
        return result
