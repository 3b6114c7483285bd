from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMoveSendPortalMass(models.TransientModel):
    """The window on many invoices, where each customer gets one email for all."""

    _inherit = "account.move.send.portal.mass"

    is_per_customer = fields.Boolean(
        string="One email per customer",
        help="Each customer gets one email with all of the selected invoices attached,"
        " as far as the size limit allows. Its button opens the customer's account,"
        " where all open invoices can be viewed and paid together. Drafts are left"
        " out.",
    )

    # === COMPUTE METHODS === #

    @api.depends("move_ids", "drafts", "is_repeating", "is_per_customer")
    def _compute_summary(self):
        """Override to count emails by customer where there is one for each."""
        result = super()._compute_summary()
        for window in self.filtered("is_per_customer"):
            accounts = window._choose_accounts(window._choose())
            window.email_count = sum(map(len, accounts.recipients.values()))
        return result

    # === ACTION METHODS === #

    def action_send(self):
        """Override to send each customer one email."""
        if not self.is_per_customer:
            return super().action_send()
        self.move_ids.check_access("write")
        if len(self.move_ids.company_id) > 1:
            raise UserError(self.env._("Select the invoices of one company at a time."))
        accounts = self._choose_accounts(self._choose())
        if not accounts.recipients:
            raise UserError(self.env._("None of these invoices can be sent."))
        # In sudo mode because what is sent is written by the system alone.
        batch_sudo = (
            self.env["account.move.portal.batch"]
            .sudo()
            ._start_accounts(
                accounts,
                {**self._get_batch_values(), "is_per_customer": True},
                self._get_due_on(),
            )
        )
        if batch_sudo.body:
            batch_sudo.body = batch_sudo._keep_pictures(
                batch_sudo.body, self._filter_readable
            )
        return batch_sudo.sudo(False)._get_batch_action()

    def get_email_preview(self, index=0):
        """Override to page by customer, each with the email that they get."""
        if not self.is_per_customer:
            return super().get_email_preview(index)
        accounts = self._choose_accounts(self._choose())
        customers = list(accounts.recipients)
        if not customers:
            return {}
        index %= len(customers)
        customer = customers[index]
        values = {**self._get_batch_values(), "is_per_customer": True}
        batches = self.env["account.move.portal.batch"]
        return {
            **batches._preview_account(customer, accounts, values),
            "invoice_id": accounts.moves[customer][:1].id,
            "invoice_name": customer.display_name,
            "position": index + 1,
            "count": len(customers),
        }

    # === BUSINESS METHODS === #

    def _choose(self):
        """Override to leave out those whose customer has nobody to write to."""
        if not self.is_per_customer:
            return super()._choose()
        batches = self.env["account.move.portal.batch"]
        choice = batches._choose(self.move_ids._origin, is_repeating=self.is_repeating)
        reached = self._choose_accounts(choice).recipients
        for move in list(choice.recipients):
            if move.commercial_partner_id not in reached:
                del choice.recipients[move]
                others = choice.left_out.get("no_email", self.env["account.move"])
                choice.left_out["no_email"] = others | move
        return choice

    def _choose_accounts(self, choice):
        """Return which customers get an email with chosen invoices.

        :param Choice choice: Which invoices.
        :rtype: AccountChoice
        """
        moves = self.env["account.move"].concat(*choice.recipients)
        # In sudo mode because who may read an invoice may send it, whatever they may
        # read of its customer.
        customers_sudo = moves.sudo().commercial_partner_id
        return self.env["account.move.portal.batch"]._choose_accounts(
            customers_sudo, self.company_id, moves
        )

    def _describe_budget(self, choice):
        """Override to count emails by customer where there is one for each."""
        if self.is_per_customer:
            accounts = self._choose_accounts(choice)
            choice = choice._replace(
                recipients={
                    accounts.moves[customer][:1]: recipients
                    for customer, recipients in accounts.recipients.items()
                }
            )
        return super()._describe_budget(choice)
