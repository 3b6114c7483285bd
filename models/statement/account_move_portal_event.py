from odoo import models


class AccountMovePortalEvent(models.Model):
    """What is looked at of a customer's account."""

    _inherit = "account.move.portal.event"

    def _record_account_document(self, move):
        """Record that an invoice of the account was opened from this visit's page.

        Who opens it as a person views it; once for each link is enough to know.

        :param account.move move: The invoice; nothing is recorded of a credit note.
        """
        if not self or move.move_type != "out_invoice":
            return
        is_person = self.search_count(
            [("visit_id", "=", self.id), ("kind", "=", "viewed")], limit=1
        )
        if not is_person:
            return
        known = self.search_count(
            [
                ("link_id", "=", self.link_id.id),
                ("move_id", "=", move.id),
                ("kind", "=", "viewed"),
            ],
            limit=1,
        )
        if known:
            return
        is_first = not (
            self.search_count(
                [("move_id", "=", move.id), ("is_first_view", "=", True)], limit=1
            )
            or move.portal_link_ids.filtered("past_view_count")
        )
        view = self._record(
            self.link_id,
            "viewed",
            "person",
            reason="action",
            move_id=move.id,
            network=self.network or None,
            device=self.device or None,
            is_first_view=is_first,
            # The page of the account is what is counted as the link's view.
            is_repeated=True,
        )
        if view:
            view._after_portal_view()
