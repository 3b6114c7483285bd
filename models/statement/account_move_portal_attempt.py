from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..payment.errors import PortalPaymentValidationError


class AccountMovePortalAttempt(models.Model):
    """A payment of what was ticked in a customer's account.

    What is ticked comes as `shares` of the choice: the amount by invoice.
    """

    _inherit = "account.move.portal.attempt"

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
