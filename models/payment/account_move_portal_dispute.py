from odoo import api, fields, models

from . import provider_limits

#: Our states by Stripe's; one that is not listed counts as open.
#: Source: https://docs.stripe.com/disputes/how-disputes-work.
STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "prevented": "closed",
    "charge_refunded": "closed",
    "won": "won",
    "lost": "lost",
}
#: Stripe's states of a dispute that leaves, or has reinstated, the money.
REINSTATED = ("won", "warning_closed")


class AccountMovePortalDispute(models.Model):
    """A payment that the customer's bank questions, takes back, or returns.

    A payment may have several: of a part each, or one after another.
    """

    _name = "account.move.portal.dispute"
    _description = "Invoice Portal Dispute"
    _order = "id desc"
    _rec_name = "provider_ref"

    attempt_id = fields.Many2one(
        comodel_name="account.move.portal.attempt",
        string="Payment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(related="attempt_id.move_id")
    partner_id = fields.Many2one(related="attempt_id.partner_id")
    company_id = fields.Many2one(related="attempt_id.company_id", store=True)
    provider_ref = fields.Char(string="Dispute", required=True, readonly=True)
    kind = fields.Selection(
        # Bank debits are returned: the rules of the ACH network know no dispute.
        selection=[("dispute", "Dispute"), ("return", "Bank return")],
        required=True,
        readonly=True,
    )
    amount = fields.Monetary(
        help="Can be less or more than the payment.", readonly=True
    )
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    state = fields.Selection(
        selection=[
            ("inquiry", "Inquiry"),
            ("open", "Open"),
            ("won", "Won"),
            ("lost", "Lost"),
            ("closed", "Closed"),
        ],
        compute="_compute_state",
        store=True,
    )
    status = fields.Char(
        string="Provider status", help="In the provider's words.", readonly=True
    )
    reason = fields.Char(help="In the words of the customer's bank.", readonly=True)
    holds_money = fields.Boolean(
        string="Money withdrawn",
        help="The bank has withdrawn the money and not returned it.",
        readonly=True,
    )
    reversal_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Reversal entry",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    _provider_ref_unique = models.UniqueIndex("(attempt_id, provider_ref)")

    # === COMPUTE METHODS === #

    @api.depends("status")
    def _compute_state(self):
        for dispute in self:
            dispute.state = STATES.get(dispute.status, "open")

    # === BUSINESS METHODS === #

    @api.model
    def _parse_dispute(self, dispute):
        """Return the values of a dispute as Stripe has it now.

        :param dict dispute: Stripe's dispute.
        :rtype: dict
        """
        name = dispute["currency"].upper()
        digits = provider_limits.get_stripe_decimals(name)
        # It may be a currency that nobody here uses.
        currency = self.env["res.currency"].with_context(active_test=False)
        return {
            "provider_ref": dispute["id"],
            "amount": dispute["amount"] / 10**digits,
            "currency_id": currency.search([("name", "=", name)], limit=1).id,
            "status": dispute["status"],
            "reason": (dispute["reason"] or "").replace("_", " "),
            "holds_money": _holds_money(dispute),
        }

    def _is_about_whole(self):
        """Return whether this dispute is about the whole of its payment.

        :rtype: bool
        """
        self.ensure_one()
        paid_in = self.attempt_id.currency_id
        return (
            self.currency_id == paid_in
            and paid_in.compare_amounts(self.amount, self.attempt_id.amount) == 0
        )


def _holds_money(dispute):
    """Return whether a dispute has taken money and not given it back.

    Not by the sum of its entries: they are in the currency of the account, at the
    exchange rates of their days.

    :param dict dispute: The dispute as Stripe has it now.
    :rtype: bool
    """
    return dispute["status"] not in REINSTATED and any(
        entry["amount"] < 0 for entry in dispute["balance_transactions"]
    )
