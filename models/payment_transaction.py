from odoo import fields, models


class PaymentTransaction(models.Model):
    _name = "payment.transaction"
    _inherit = ["payment.transaction.portal.notify", "payment.transaction"]

    portal_link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        string="Portal link",
        help="The link through which the customer started this payment.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    def _post_process(self):
        """Override of `payment` to raise *Invoice Payment Received*."""
        result = super()._post_process()
        for tx in self.filtered(lambda tx: tx.state == "done" and tx.payment_id):
            tx._portal_tell("received")
        return result

    def _get_portal_paid_invoices(self):
        """Return the customer invoices that this payment pays.

        Note: `self.ensure_one()`

        :rtype: account.move
        """
        self.ensure_one()
        if self.operation in ("refund", "validation"):
            return self.env["account.move"]
        return self.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")
