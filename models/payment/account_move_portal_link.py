from odoo import fields, models


class AccountMovePortalLink(models.Model):
    """A link's side of payments: how much was paid through it, and for whom."""

    _inherit = "account.move.portal.link"

    amount_paid = fields.Monetary(
        string="Paid", help="Paid through this link.", compute="_compute_amount_paid"
    )

    def _compute_amount_paid(self):
        # In sudo mode because a payment may be of a company that one does not see.
        paid = dict(
            self.env["account.move.portal.attempt"]
            .sudo()
            ._read_group(
                [("link_id", "in", self.ids), ("state", "=", "done")],
                groupby=["link_id"],
                aggregates=["amount:sum"],
            )
        )
        for link in self:
            link.amount_paid = paid.get(link.sudo(), 0.0)

    def _get_payer(self, user):
        """Return the contact for whom a visitor pays.

        Not just anyone who is logged in: the payment has to settle this customer's
        account, whoever makes it. Nor a contact that is kept for another company, which
        could not be paid with this one's payments.

        :param res.users user: The visitor; possibly the public user.
        :rtype: res.partner
        """
        if self._is_customer(user):
            company = user.partner_id.company_id
            if not company or company in self.company_id.parent_ids:
                return user.partner_id
        return self._get_billed_contact()

    def _get_billed_contact(self):
        """Return whose details the payment screen begins with.

        :rtype: res.partner
        """
        return self.move_id.partner_id or self.account_partner_id
