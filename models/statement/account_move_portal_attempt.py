from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ... import const
from ..payment.errors import PortalPaymentValidationError


class AccountMovePortalAttempt(models.Model):
    """A payment of what was ticked in a customer's account.

    What is ticked comes as `shares` of the choice: the amount by invoice.
    """

    _inherit = "account.move.portal.attempt"

    refund_ids = fields.One2many(
        comodel_name="account.move.portal.refund",
        inverse_name="attempt_id",
        string="Refunds",
        help="Of a payment of several invoices.",
        readonly=True,
    )

    # === BUSINESS METHODS - WHAT IS PAID === #

    @api.model
    def _get_chosen_moves(self, link, choice):
        """Override to return the ticked invoices."""
        if not link.account_partner_id:
            return super()._get_chosen_moves(link, choice)
        return self.env["account.move"].concat(*choice["shares"])

    @api.model
    def _get_usual_amount(self, link, choice):
        """Override to return the amount of what was ticked."""
        if not link.account_partner_id:
            return super()._get_usual_amount(link, choice)
        shares = choice["shares"]
        [currency] = self._get_chosen_moves(link, choice).currency_id
        return currency.round(sum(shares.values()))

    @api.model
    def _check_chosen_amount(self, link, choice):
        """Override to check the share of each ticked invoice.

        The amount is the shares' and nothing else: what has changed since they were
        ticked is said, and asked anew.
        """
        if not link.account_partner_id:
            return super()._check_chosen_amount(link, choice)
        self._check_shares_of_account(link, choice)
        return self._get_usual_amount(link, choice)

    @api.model
    def _check_chosen_payable(self, link, choice):
        """Override to check each ticked invoice, now that they are locked."""
        if not link.account_partner_id:
            return super()._check_chosen_payable(link, choice)
        moves = self._get_chosen_moves(link, choice)
        moves.invalidate_recordset(["portal_balance_due", "amount_residual", "state"])
        return self._check_shares_of_account(link, choice)

    @api.model
    def _check_shares_of_account(self, link, choice):
        """Check that what was ticked can be paid as it was ticked.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`.
        :raise PortalPaymentValidationError: If not; in words for the customer.
        """
        try:
            link._check_account_shares(choice["shares"], choice["credit_shares"])
        except ValidationError as error:
            raise PortalPaymentValidationError(
                "changed",
                self.env._(
                    "Your selection can no longer be paid as it is, and nothing was "
                    "charged. %(reason)s Please go back to your account and choose "
                    "again.",
                    reason=str(error),
                ),
                field="amount",
            ) from error

    @api.model
    def _prepare_chosen_lines(self, link, choice):
        """Override to bring the share of each ticked invoice."""
        if not link.account_partner_id:
            return super()._prepare_chosen_lines(link, choice)
        return [
            Command.create(
                {
                    "move_id": move.id,
                    "amount": share,
                    "credit_amount": choice["credit_shares"].get(move, 0.0),
                }
            )
            for move, share in choice["shares"].items()
        ]

    def _is_repeated(self, link, choice, amount, billing):
        """Override to go on with a payment of the same shares only."""
        return super()._is_repeated(link, choice, amount, billing) and (
            not link.account_partner_id
            or self._get_shares() == (choice["shares"], choice["credit_shares"])
        )

    def _get_shares(self):
        """Return what this is to pay of each invoice, and what credit covers.

        :rtype: tuple[dict, dict]
        """
        return (
            {line.move_id: line.amount for line in self.line_ids},
            {
                line.move_id: line.credit_amount
                for line in self.line_ids
                if line.credit_amount
            },
        )

    def _get_choice_query(self):
        """Override to choose the same invoices again."""
        if not self.link_id.account_partner_id:
            return super()._get_choice_query()
        return f"?choice={self.link_id._format_choice(*self._get_shares())}"

    def _after_booking(self):
        """Override to match the credit that was chosen to be used first."""
        result = super()._after_booking()
        self.line_ids._match_credit()
        return result

    def _get_credit_used(self):
        """Return how much credit is used beside what is paid.

        :rtype: float
        """
        self.ensure_one()
        return self.currency_id.round(sum(self.line_ids.mapped("credit_amount")))

    # === BUSINESS METHODS - REFUNDS === #

    def _check_refund(self, amount):
        """Override to check which invoices the refund is to reopen."""
        shares = self._get_reopened_shares()
        if shares is not None:
            self.env["account.move.portal.refund"]._check_shares(self, amount, shares)
        return super()._check_refund(amount)

    def _get_reopened_shares(self):
        """Return which invoices were chosen for the refund that is being made.

        :return: The amounts by the id of the line; None if nobody has chosen.
        :rtype: dict[int, float] | None
        """
        return self.env.context.get(const.CONTEXT_REOPENED)

    def _after_refund_creation(self, refund):
        """Override to put on record which invoices the refund reopens."""
        result = super()._after_refund_creation(refund)
        if len(self.line_ids) > 1:
            self.refund_ids._record(self, refund, self._get_reopened_shares())
        return result

    def _match_refund(self, refund):
        """Override to reopen invoices as chosen, or have staff choose them."""
        most = self.env["account.move.portal.refund"]._get_most(
            self, -refund.amount, self._find_refund(refund)
        )
        result = super()._match_refund(refund)
        for row in self._find_refund(refund):
            row._reopen_invoices()
            if self.currency_id.compare_amounts(most, 0.0) <= 0:
                row.is_assigned = True  # All of it was paid too much.
            elif not row.is_assigned:
                self._report_unassigned_refunds()
        return result

    def _after_refund_return(self, refund):
        """Override to match the payment with the invoices again.

        What they do not need any more, as the customer has paid again meanwhile, is the
        customer's credit.
        """
        result = super()._after_refund_return(refund)
        for row in self._find_refund(refund).filtered("is_booked"):
            row._close_invoices()
            if not self._get_unassigned_refunds():
                self._resolve("refund", "done")
            credit = -sum(self._get_credit_lines().mapped("amount_residual_currency"))
            self._report_excess(self.amount - credit)
        return result

    def _find_refund(self, refund):
        """Return what is on record of a refund.

        :param payment.transaction refund: The refund.
        :return: Empty if it is of a payment of one invoice.
        :rtype: account.move.portal.refund
        """
        return self.refund_ids.filtered(lambda row: row.transaction_id == refund)

    def _get_unrefunded_excess(self, refund=None):
        """Return how much of what was paid too much is the customer's credit still.

        :param account.move.portal.refund|None refund: A refund that does not count.
        :rtype: float
        """
        self.ensure_one()
        refunded = self._get_refunded_amount()
        if refund and refund.state in ("pending", "done"):
            refunded -= refund.amount
        excess = max(self.currency_id.round(self.overpaid_amount - refunded), 0.0)
        if excess and self.transaction_id.payment_id.move_id:
            # Staff may have matched it with another invoice.
            credit_lines = self._get_credit_lines()
            credit = -sum(credit_lines.mapped("amount_residual_currency"))
            excess = min(excess, credit)
        return excess

    def _get_unassigned_refunds(self):
        """Return the booked refunds for which nobody has chosen invoices to reopen.

        :rtype: account.move.portal.refund
        """
        return self.refund_ids.filtered(
            lambda refund: refund.is_booked and not refund.is_assigned
        )

    def _report_unassigned_refunds(self):
        """Have staff choose which invoices refunds reopen."""
        # Of another refund they are told anew, with the sum of both.
        self._resolve("refund", "done")
        amount = sum(self._get_unassigned_refunds().mapped("amount"))
        self._report(
            "refund",
            self.env._(
                "%(amount)s was refunded: choose the invoices to reopen",
                amount=self.currency_id.format(amount),
            ),
            self.env._(
                "Payment %(reference)s paid several invoices: %(invoices)s. The refund "
                "is booked, but no one chose which of them it reopens, so they all "
                "remain paid. Choose them in the list of payments that need you, or "
                "mark this as done if a credit note covers the refund.",
                reference=self.reference,
                invoices=self._get_invoice_names(),
            ),
        )
