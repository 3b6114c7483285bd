from odoo import models

from ... import const


class AccountMovePortalEvent(models.Model):
    """Views are what rules want to hear of."""

    _inherit = "account.move.portal.event"

    def _after_portal_view(self):
        """Override to queue the rules that want to hear of these views."""
        result = super()._after_portal_view()
        for view in self.filtered("move_id"):
            self.env["base.automation"]._queue_portal_notifications(
                const.TRIGGER_VIEWED, view.move_id, event_id=view.id
            )
        return result
