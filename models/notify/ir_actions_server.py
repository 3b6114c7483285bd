from odoo import api, models


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    @api.model
    def _get_eval_context(self, action=None):
        """Override of `base` to have the occasion at hand in a portal rule's code."""
        context = super()._get_eval_context(action=action)
        notification = self.env["account.move.portal.notification"]._get_current()
        return {**context, **notification._get_occasion()} if notification else context
