from odoo import api, models

from ... import const


class AccountMoveLine(models.Model):
    """A payment of several invoices is matched with each by its share."""

    _inherit = "account.move.line"

    @api.model
    def _prepare_reconciliation_plan(
        self, plan, amls_values_map, shadowed_aml_values=None
    ):
        """Override of `account` to match no more of a payment than an invoice's share.

        Core matches a payment with as much of its invoices as there is, one after the
        other. What it matches are the amounts given here, which are no records: what is
        held back stays open on the payment, for the next invoice.
        """
        share = self.env.context.get(const.CONTEXT_SHARE)
        line_id, amount, due_ids = share or (0, 0.0, ())
        # The entry of an exchange difference, made on the way, is matched in full.
        if plan["aml_ids"] == {line_id, *due_ids}:
            line = self.browse(line_id)
            amls_values_map[line].update(line._get_portal_capped_residuals(amount))
        return super()._prepare_reconciliation_plan(
            plan, amls_values_map, shadowed_aml_values=shadowed_aml_values
        )

    def _get_portal_capped_residuals(self, amount):
        """Return what is open of this line, and no more than an amount of it.

        :param float amount: Zero or more, in the line's currency.
        :return: `amount_residual` and `amount_residual_currency`.
        :rtype: dict[str, float]
        """
        self.ensure_one()
        balance, open_amount = self.amount_residual, self.amount_residual_currency
        if self.currency_id.compare_amounts(abs(open_amount), amount) > 0:
            # What is left takes the cents: the last share takes what there is.
            part = amount / abs(open_amount)
            balance = self.company_currency_id.round(balance * part)
            open_amount = self.currency_id.round(open_amount * part)
        return {"amount_residual": balance, "amount_residual_currency": open_amount}
