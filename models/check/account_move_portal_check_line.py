from odoo import fields, models


class AccountMovePortalCheckLine(models.TransientModel):
    """What one check has found, as it is shown."""

    _name = "account.move.portal.check.line"
    _description = "Payment Portal Check Result"
    _order = "id"

    check_id = fields.Many2one(
        string="Self-check",
        comodel_name="account.move.portal.check",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    code = fields.Char(required=True, readonly=True)
    name = fields.Char(string="Check", readonly=True)
    level = fields.Selection(
        selection=[
            ("ok", "OK"),
            ("unknown", "Not known"),
            ("warning", "Warning"),
            ("error", "Problem"),
        ],
        string="Result",
        required=True,
        readonly=True,
    )
    message = fields.Text(string="Details", readonly=True)
    mended_in = fields.Char(readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    is_mendable = fields.Boolean(compute="_compute_is_mendable")

    # === COMPUTE METHODS === #

    def _compute_is_mendable(self):
        for line in self:
            line.is_mendable = bool(
                (line.mended_in or line.res_id) and line._can_be_opened()
            )

    # === ACTION METHODS === #

    def action_mend(self):
        """Open where the matter is mended.

        :rtype: dict
        :raise AccessError: If the user may not.
        """
        self.ensure_one()
        if not self.res_id:
            return self.env["ir.actions.actions"]._for_xml_id(self.mended_in)
        self.env[self.res_model].check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    # === BUSINESS METHODS === #

    def _can_be_opened(self):
        """Return whether the user may open where the matter is mended.

        :rtype: bool
        """
        model = self.res_model
        if not model:
            # In sudo mode because actions are the system's.
            action_sudo = self.env.ref(self.mended_in, raise_if_not_found=False)
            model = action_sudo and action_sudo.sudo().res_model
        if model == "res.config.settings":
            return self.env.user.has_group("base.group_system")
        return bool(model) and self.env[model].has_access("read")
