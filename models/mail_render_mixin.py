from odoo import models


class MailRenderMixin(models.AbstractModel):
    _inherit = "mail.render.mixin"

    def _render_eval_context(self):
        """Override of `mail` to have the occasion at hand in a portal rule's mails."""
        context = super()._render_eval_context()
        notification = self.env["account.move.portal.notification"]._get_current()
        return {**context, **notification._get_occasion()} if notification else context
