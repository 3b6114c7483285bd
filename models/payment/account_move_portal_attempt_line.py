from odoo import api, fields, models

from ... import const


class AccountMovePortalAttemptLine(models.Model):
    """What an attempt is to pay of one invoice."""

    _name = "account.move.portal.attempt.line"
    _description = "Invoice Portal Payment Attempt Line"
    _rec_name = "move_id"

    attempt_id = fields.Many2one(
        comodel_name="account.move.portal.attempt",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        help="The customer of the invoice when the attempt was started.",
        compute="_compute_identity",
        store=True,
        ondelete="set null",
    )
    move_currency_id = fields.Many2one(
        comodel_name="res.currency",
        string="Invoice currency",
        help="The invoice's currency when the attempt was started.",
        compute="_compute_identity",
        store=True,
    )
    move_company_id = fields.Many2one(
        comodel_name="res.company",
        string="Invoice company",
        help="The company of the invoice when the attempt was started.",
        compute="_compute_identity",
        store=True,
    )
    amount = fields.Monetary(
        string="Share",
        help="The amount that the attempt pays of this invoice.",
        readonly=True,
    )
    currency_id = fields.Many2one(related="attempt_id.currency_id")
    company_id = fields.Many2one(related="attempt_id.company_id", store=True)
    is_open = fields.Boolean(
        string="Open",
        help="Whether the attempt may still take money. An invoice has one that may.",
        readonly=True,
        copy=False,
    )
    is_same_invoice = fields.Boolean(
        help="The invoice still has the customer, currency and company that it had "
        "when the attempt was started.",
        compute="_compute_is_same_invoice",
    )
    is_still_due = fields.Boolean(
        help="The invoice is still due as it was when the attempt was started.",
        compute="_compute_is_still_due",
    )

    # Decided by the database: whoever looked before starting may have looked too early.
    _one_open_attempt = models.UniqueIndex(
        "(move_id) WHERE is_open",
        "A payment for this invoice is in progress. Please reload the page.",
    )
    _one_line_per_invoice = models.UniqueIndex("(attempt_id, move_id)")

    # === COMPUTE METHODS === #

    @api.depends("move_id")  # And on nothing else: it is kept as it was.
    def _compute_identity(self):
        for line in self:
            move = line.move_id
            line.partner_id = move.partner_id
            line.move_currency_id = move.currency_id
            line.move_company_id = move.company_id

    @api.depends(
        *("partner_id.commercial_partner_id", "move_currency_id", "move_company_id"),
        *("move_id.partner_id.commercial_partner_id", "move_id.currency_id"),
        *("move_id.company_id", "move_id.move_type"),
    )
    def _compute_is_same_invoice(self):
        for line in self:
            move = line.move_id
            line.is_same_invoice = (
                # A contact may have got a company, or the invoice a colleague.
                move.partner_id.commercial_partner_id
                == line.partner_id.commercial_partner_id
                and move.currency_id == line.move_currency_id
                and move.company_id == line.move_company_id
                and move.move_type == "out_invoice"
            )

    @api.depends(
        *("amount", "currency_id", "is_same_invoice"),
        *("move_id.state", "move_id.currency_id", "move_id.portal_balance_due"),
    )
    def _compute_is_still_due(self):
        for line in self:
            move = line.move_id
            line.is_still_due = (
                move.state == "posted"
                and line.is_same_invoice
                and move.currency_id == line.currency_id
                and line.currency_id.compare_amounts(
                    line.amount, move.portal_balance_due
                )
                <= 0
            )

    # === BUSINESS METHODS - BOOKING === #

    def _match_with_payment(self, payment, discounts):
        """Match a payment's entry with each of these invoices, by its share.

        What an invoice does not need any more stays open: the customer's credit.

        :param account.payment payment: The payment; possibly without an entry.
        :param dict discounts: What the payment grants of each line's invoice, in the
            payment's currency, zero or more.
        """
        counterpart = self._get_counterpart(payment)
        for line in self.sorted("id"):
            line._match_share(counterpart, line.amount + discounts.get(line, 0.0))

    @api.model
    def _get_counterpart(self, payment):
        """Return the line of a payment's entry that is matched with invoices.

        :param account.payment payment: The payment.
        :return: Empty if it has no entry.
        :rtype: account.move.line
        """
        return payment.move_id.line_ids.filtered(
            lambda line: line.account_id == payment.destination_account_id
        )[:1]

    def _match_share(self, counterpart, share):
        """Match no more of a payment's entry with this invoice than its share.

        :param account.move.line counterpart: The line of the payment's entry.
        :param float share: In the payment's currency.
        """
        self.ensure_one()
        due = self.move_id.line_ids.filtered(
            lambda item: (
                item.account_id == counterpart.account_id and not item.reconciled
            )
        )
        share = self.currency_id.round(share)
        if (
            self.move_id.state == "posted"
            and due
            and not counterpart.reconciled
            and self.currency_id.compare_amounts(share, 0.0) > 0
        ):
            meant = (counterpart.id, share, due.ids)
            (counterpart + due).with_context(**{const.CONTEXT_SHARE: meant}).reconcile()
