from odoo import api, fields, models
from odoo.exceptions import AccessError


class AccountMovePortalWindow(models.AbstractModel):
    """What the windows on an invoice share: they show it to who may read it anyway.

    What a window shows of its invoice, it takes in sudo mode: texts, addresses and the
    customer's page. So the user's rights are checked where the invoice is chosen.
    """

    _name = "account.move.portal.window"
    _description = "Window on an Invoice"

    #: The fields that choose what the window shows.
    _shown_fields = ("move_id",)

    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        required=True,
        readonly=True,
        ondelete="cascade",
    )

    # === CRUD METHODS === #

    @api.model
    def _prepare_create_values(self, vals_list):
        """Override to check the rights once the defaults are known."""
        prepared = super()._prepare_create_values(vals_list)
        for values in prepared:
            self._check_shown(values)
        return prepared

    def write(self, vals):
        """Override to keep a window on the invoice that it was opened on.

        :raise AccessError: If a user tries to move it.
        """
        self._check_shown(vals)
        is_moved = "move_id" in vals and any(
            window.move_id.id != vals["move_id"] for window in self
        )
        if is_moved and not self.env.su:
            raise AccessError(
                self.env._("This window belongs to another invoice. Open a new one.")
            )
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        """Override to compute nothing of what the user may not read."""
        defaults = {} if self else self.default_get(list(self._shown_fields))
        self._check_shown({**defaults, **values})
        return super().onchange(values, field_names, fields_spec)

    # === BUSINESS METHODS === #

    @api.model
    def _check_shown(self, values):
        """Check that the user may read what a window with these values shows.

        :param dict values: Values of the window's fields.
        :raise AccessError: If the user may not.
        """
        chosen = {name: values[name] for name in self._shown_fields if values.get(name)}
        # As the window itself would understand them.
        window = self.browse().new(chosen)
        for name in chosen:
            window[name]._origin.check_access("read")
