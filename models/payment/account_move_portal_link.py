from odoo import fields, models


class AccountMovePortalLink(models.Model):
    """A link's side of payments: how much was paid through it, and for whom."""

    _inherit = "account.move.portal.link"

    amount_paid = fields.Monetary(
        string="Paid", help="Through this link.", compute="_compute_amount_paid"
    )

    def _compute_amount_paid(self):
        # In sudo mode because billers have no rights on transactions.
        paid = dict(
            self.env["payment.transaction"]
            .sudo()
            ._read_group(
                [
                    ("portal_link_id", "in", self.ids),
                    ("state", "=", "done"),
                    ("operation", "!=", "refund"),
                ],
                groupby=["portal_link_id"],
                aggregates=["amount:sum"],
            )
        )
        for link in self:
            link.amount_paid = paid.get(link.sudo(), 0.0)

    def _get_payer(self, user):
        """Return the contact for whom a visitor pays.

        Not just anyone who is logged in: the payment has to settle this customer's
        account, whoever makes it.

        :param res.users user: The visitor; possibly the public user.
        :rtype: res.partner
        """
        return user.partner_id if self._is_customer(user) else self.move_id.partner_id
