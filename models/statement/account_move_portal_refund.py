from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ... import const

#: States of a transaction in which a refund is made, or may be made still.
EFFECTIVE_STATES = ("draft", "pending", "done")


class AccountMovePortalRefund(models.Model):
    """A refund of a payment of several invoices, and which of them it reopens.

    That is for staff to say: the customer may have returned goods of one invoice, and
    a credit note settles it. A refund that was made at the provider reopens none until
    somebody chooses.

    An overpaid amount is refunded first, and reopens nothing.
    """

    _name = "account.move.portal.refund"
    _description = "Refund of Several Invoices"
    _order = "id desc"
    _rec_name = "reference"

    transaction_id = fields.Many2one(
        comodel_name="payment.transaction",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    attempt_id = fields.Many2one(
        comodel_name="account.move.portal.attempt",
        string="Payment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    reference = fields.Char(related="transaction_id.reference")
    state = fields.Selection(related="transaction_id.state")
    company_id = fields.Many2one(related="attempt_id.company_id", store=True)
    currency_id = fields.Many2one(related="attempt_id.currency_id")
    amount = fields.Monetary(
        compute="_compute_amount",
        compute_sudo=True,  # Whoever may see a refund need not see transactions.
    )
    line_ids = fields.One2many(
        comodel_name="account.move.portal.refund.line",
        inverse_name="refund_id",
        string="Reopened invoices",
        readonly=True,
    )
    reopened_amount = fields.Monetary(
        string="Reopened", compute="_compute_reopened_amount"
    )
    is_assigned = fields.Boolean(
        string="Assigned",
        help="Someone chose which invoices this refund reopens, if any.",
        readonly=True,
    )
    is_booked = fields.Boolean(
        help="The invoices are open again, as was chosen.", readonly=True
    )

    _transaction_unique = models.UniqueIndex("(transaction_id)")

    # === COMPUTE METHODS === #

    @api.depends("transaction_id.amount")
    def _compute_amount(self):
        for refund in self:
            refund.amount = -refund.transaction_id.amount

    @api.depends("line_ids.amount")
    def _compute_reopened_amount(self):
        for refund in self:
            refund.reopened_amount = sum(refund.line_ids.mapped("amount"))

    # === ACTION METHODS === #

    def action_open_window(self):
        """Open the window in which staff choose which invoices this reopens.

        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        shares = {line.line_id: line.amount for line in self.line_ids}
        if not self.is_assigned:
            shares = self._suggest_shares(self.attempt_id, self.amount, self)
        window = self.env["account.move.portal.reopen.window"].create(
            {
                "refund_id": self.id,
                "line_ids": self._prepare_window_lines(self.attempt_id, shares, self),
            }
        )
        return {
            "name": self.env._("Reopen Invoices"),
            "type": "ir.actions.act_window",
            "res_model": window._name,
            "res_id": window.id,
            "views": [(False, "form")],
            "target": "new",
        }

    # === BUSINESS METHODS - THE CHOICE === #

    @api.model
    def _prepare_window_lines(self, attempt, shares, refund=None):
        """Prepare the lines of a window in which staff choose.

        :param account.move.portal.attempt attempt: The payment.
        :param dict shares: How much of each invoice is reopened, by the attempt's line.
        :param account.move.portal.refund|None refund: The refund, if it is on record.
        :return: Commands that replace the lines.
        :rtype: list
        """
        return [
            Command.clear(),
            *(
                Command.create(
                    {
                        "line_id": line.id,
                        "most": line._get_reopenable_amount(refund),
                        "amount": shares.get(line, 0.0),
                    }
                )
                for line in attempt.line_ids
            ),
        ]

    @api.model
    def _check_shares(self, attempt, amount, shares, refund=None):
        """Check that a refund can reopen invoices as was chosen.

        :param account.move.portal.attempt attempt: The payment.
        :param float amount: The amount of the refund, in the payment's currency.
        :param dict shares: How much of each invoice is reopened, by the id of the
            attempt's line.
        :param account.move.portal.refund|None refund: The refund, if it is on record.
        :raise ValidationError: If it cannot.
        """
        currency = attempt.currency_id
        if not shares.keys() <= set(attempt.line_ids.ids):
            raise ValidationError(
                self.env._("This payment did not pay all of these invoices.")
            )
        for line in attempt.line_ids:
            share, most = shares.get(line.id, 0.0), line._get_reopenable_amount(refund)
            # Neither negative nor "not a number".
            if not 0 <= share or currency.compare_amounts(share, most) > 0:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s can be reopened by %(most)s at most.",
                        invoice=line.move_id.name,
                        most=currency.format(most),
                    )
                )
        most = self._get_most(attempt, amount, refund)
        if currency.compare_amounts(sum(shares.values()), most) > 0:
            raise ValidationError(
                self.env._(
                    "This refund can reopen %(most)s at most.",
                    most=currency.format(most),
                )
            )

    @api.model
    def _suggest_shares(self, attempt, amount, refund=None):
        """Return which invoices a refund reopens unless staff choose others.

        Those that are due last, as those that are due first are paid first.

        :param account.move.portal.attempt attempt: The payment.
        :param float amount: The amount of the refund, in the payment's currency.
        :param account.move.portal.refund|None refund: The refund, if it is on record.
        :return: How much of each invoice is reopened, by the attempt's line.
        :rtype: dict[account.move.portal.attempt.line, float]
        """
        left, shares = self._get_most(attempt, amount, refund), {}
        lines = attempt.line_ids.sorted(
            lambda line: (line.move_id.invoice_date_due or line.move_id.date, line.id)
        )
        for line in reversed(lines):
            shares[line] = min(left, line._get_reopenable_amount(refund))
            left = attempt.currency_id.round(left - shares[line])
        return {line: shares[line] for line in lines}

    @api.model
    def _get_most(self, attempt, amount, refund=None):
        """Return how much a refund can reopen: not what was paid too much.

        :param account.move.portal.attempt attempt: The payment.
        :param float amount: The amount of the refund, in the payment's currency.
        :param account.move.portal.refund|None refund: The refund, if it is on record.
        :rtype: float
        """
        excess = attempt._get_unrefunded_excess(refund)
        return max(attempt.currency_id.round(amount - excess), 0.0)

    @api.model
    def _record(self, attempt, transaction, shares=None):
        """Put a refund on record, and what was chosen for it.

        :param account.move.portal.attempt attempt: The payment.
        :param payment.transaction transaction: The refund.
        :param dict|None shares: As `_check_shares` takes them; None if not chosen yet.
        """
        refund = attempt.refund_ids.filtered(
            lambda refund: refund.transaction_id == transaction
        ) or self.create({"attempt_id": attempt.id, "transaction_id": transaction.id})
        if shares is not None:
            refund._assign(shares)

    def _assign(self, shares):
        """Have this refund reopen invoices, instead of those chosen before.

        At once if it is booked, otherwise once it is.

        :param dict shares: As `_check_shares` takes them.
        :raise ValidationError: If it cannot.
        """
        self.ensure_one()
        attempt = self.attempt_id
        attempt._lock()  # Two refunds are not to reopen the same share.
        self._check_shares(attempt, self.amount, shares, self)
        self._close_invoices()
        self.line_ids.unlink()
        self.write(
            {
                "is_assigned": True,
                "line_ids": [
                    Command.create({"line_id": line_id, "amount": share})
                    for line_id, share in shares.items()
                    if not attempt.currency_id.is_zero(share)
                ],
            }
        )
        self._reopen_invoices()
        if not attempt._get_unassigned_refunds():
            attempt._resolve("refund", "done")

    # === BUSINESS METHODS - BOOKING === #

    def _reopen_invoices(self):
        """Match this refund with the payment instead of the invoices, once booked."""
        self.ensure_one()
        booked = self.transaction_id.payment_id
        if self.is_booked or not booked or self.state != "done":
            return
        self.is_booked = True
        payment = self.attempt_id.transaction_id.payment_id
        for line in self.line_ids:
            line.line_id._change_matched_amount(payment, -line.amount)
        counterpart = self.env["account.move.portal.attempt.line"]._get_counterpart(
            payment
        )
        due = self._get_entry_lines().filtered(lambda item: not item.reconciled)
        if self.reopened_amount and due and not counterpart.reconciled:
            meant = (counterpart.id, self.reopened_amount, due.ids)
            (counterpart + due).with_context(**{const.CONTEXT_SHARE: meant}).reconcile()
        for line in self.line_ids:
            line.move_id._message_log(
                body=self.env._(
                    "%(amount)s of this invoice was refunded (%(reference)s) and is "
                    "due again.",
                    amount=self.currency_id.format(line.amount),
                    reference=self.reference,
                )
            )

    def _close_invoices(self):
        """Match the payment with the invoices again that this refund has reopened."""
        self.ensure_one()
        if not self.is_booked:
            return
        payment = self.attempt_id.transaction_id.payment_id
        self._get_entry_lines().matched_credit_ids.filtered(
            lambda partial: partial.credit_move_id.move_id == payment.move_id
        ).unlink()
        self.is_booked = False
        for line in self.line_ids:
            line.line_id._change_matched_amount(payment, line.amount)

    def _get_entry_lines(self):
        """Return what this refund's entry takes back of what the customer had paid.

        :return: Empty if it has no entry.
        :rtype: account.move.line
        """
        self.ensure_one()
        booked = self.transaction_id.payment_id
        return booked.move_id.line_ids.filtered(
            lambda item: item.account_id == booked.destination_account_id
        )
