from odoo import models


class AccountMove(models.Model):
    """An invoice's way into the *Email Payment Portal Link* window."""

    _inherit = "account.move"

    # === ACTION METHODS === #

    def action_open_portal_send(self):
        """Open the Email Payment Portal Link window on this invoice.

        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        return self._open_portal_send()

    # === BUSINESS METHODS === #

    def _open_portal_send(self, **values):
        """Open the Email Payment Portal Link window on this invoice.

        :param dict values: What the window is filled with, beside the defaults.
        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        self.ensure_one()
        self._check_portal_send()
        window = self.env["account.move.send.portal"].create(
            {"move_id": self.id, **values}
        )
        return self._get_portal_send_action(window.id)

    def _get_portal_send_action(self, window_id):
        """Return the action that shows a window of this invoice.

        :param int window_id: The id of the `account.move.send.portal`.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._(
                "Email Payment Portal Link: %(invoice)s",
                invoice=self._get_portal_number(),
            ),
            "type": "ir.actions.act_window",
            "res_model": "account.move.send.portal",
            "res_id": window_id,
            "views": [(False, "form")],
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }
