from odoo import api, fields, models


class AccountMovePortalHoldWindow(models.TransientModel):
    """The window that keeps reminders from invoices, or from whole customers."""

    _name = "account.move.portal.hold.window"
    _description = "Put Invoice Reminders on Hold"

    move_ids = fields.Many2many(comodel_name="account.move", string="Invoices")
    partner_ids = fields.Many2many(comodel_name="res.partner", string="Customers")
    reason = fields.Selection(
        selection=lambda self: self._get_reasons(), required=True, default="other"
    )
    until = fields.Date(help="The last day on hold. If empty, until it is released.")
    note = fields.Char(help="Shown as the reason on the invoice.")

    @api.model
    def _get_reasons(self):
        """Return the reasons that staff can give.

        :rtype: list[tuple[str, str]]
        """
        holds = self.env["account.move.portal.hold"]
        return holds._fields["reason"]._description_selection(self.env)

    # === ACTION METHODS === #

    def action_hold(self):
        """Put the invoices and customers on hold.

        :return: The action that closes the window.
        :rtype: dict
        """
        self.ensure_one()
        common = {"reason": self.reason, "until": self.until, "note": self.note}
        customers = self.partner_ids.commercial_partner_id
        self.move_ids.check_access("write")
        self.env["account.move.portal.hold"].create(
            [
                *({**common, "move_id": move.id} for move in self.move_ids),
                *(
                    {
                        **common,
                        "partner_id": customer.id,
                        "company_id": self.env.company.id,
                    }
                    for customer in customers
                ),
            ]
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}
