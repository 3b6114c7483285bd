from odoo import api, fields, models


class AccountMovePortalReminderDecline(models.Model):
    """That a recipient wants no reminders of a company; they still get its invoices."""

    _name = "account.move.portal.reminder.decline"
    _description = "Declined Invoice Portal Reminders"
    _order = "id desc"
    _rec_name = "email"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    email = fields.Char(string="Recipient", required=True, readonly=True)
    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        string="Through the link",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    active = fields.Boolean(string="In force", default=True, readonly=True)

    _once = models.UniqueIndex("(company_id, email) WHERE active")

    # === ACTION METHODS === #

    def action_remind_again(self):
        """Have these recipients get reminders again: they asked for it."""
        self.env["account.move.portal.reminder.rule"].check_access("read")
        self.check_access("read")
        # In sudo mode because nobody is to decline on behalf of a customer.
        self.sudo().active = False

    # === BUSINESS METHODS === #

    @api.model
    def _is_declined(self, link):
        """Return whether the recipient of a link wants no reminders.

        :param account.move.portal.link link: The link.
        :rtype: bool
        """
        return bool(
            self.search_count(
                [("company_id", "=", link.company_id.id), ("email", "=", link.email)],
                limit=1,
            )
        )
