from odoo import api, fields, models

#: What the payer is told of a receipt, by the state of its email.
RECEIPT_STATES = {"waiting": "waiting", "sending": "waiting", "sent": "sent"}


class PaymentTransaction(models.Model):
    """Which emails a payment has caused."""

    _inherit = "payment.transaction"

    portal_delivery_ids = fields.One2many(
        comodel_name="account.move.portal.delivery",
        inverse_name="transaction_id",
        string="Portal emails",
        readonly=True,
    )
    portal_receipt_state = fields.Selection(
        selection=[
            ("waiting", "To be sent"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        string="Receipt",
        compute="_compute_portal_receipt_state",
    )

    # === COMPUTE METHODS === #

    @api.depends("portal_delivery_ids.state")
    def _compute_portal_receipt_state(self):
        for tx in self:
            # In sudo mode because the payer is told, who has no rights on emails.
            receipt_sudo = tx.sudo().portal_delivery_ids.filtered(
                lambda each: each.kind == "receipt"
            )
            state = receipt_sudo.state
            tx.portal_receipt_state = state and RECEIPT_STATES.get(state, "failed")
