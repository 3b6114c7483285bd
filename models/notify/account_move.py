from odoo import fields, models

from ... import const
from ...tools import plain_text


class AccountMove(models.Model):
    """An invoice's side of telling staff what happens, and of reminders."""

    _inherit = "account.move"

    portal_reminder_note = fields.Char(
        string="Next reminder",
        help="What goes out next and when, or why nothing does.",
        compute="_compute_portal_reminders",
        export_string_translation=True,
    )
    is_portal_on_hold = fields.Boolean(
        compute="_compute_portal_reminders", export_string_translation=False
    )
    portal_reminder_count = fields.Integer(compute="_compute_portal_reminders")

    # === COMPUTE METHODS === #

    def _compute_portal_reminders(self):
        reminders = self.env["account.move.portal.reminder"]
        # In sudo mode because of salespeople, who read invoices and nothing of these.
        counts = dict(
            reminders.sudo()._read_group(
                [("move_id", "in", self.ids)], ["move_id"], ["__count"]
            )
        )
        held = (
            self.env["account.move.portal.hold"]
            .sudo()
            ._search_in_force([("move_id", "in", self.ids)])
            .move_id
        )
        for move in self:
            move.portal_reminder_count = counts.get(move.sudo(), 0)
            move.is_portal_on_hold = move.sudo() in held
            move.portal_reminder_note = reminders._explain(move) if move.id else ""

    # === ACTION METHODS === #

    def action_portal_hold(self):
        """Open the window that puts these invoices on hold.

        :return: The action of the window.
        :rtype: dict
        """
        return self.env["account.move.portal.hold"]._open_window(moves=self)

    def action_portal_release_hold(self):
        """End the holds of these invoices; those of their customers stay."""
        self.check_access("write")
        self.env["account.move.portal.hold"].search(
            [("move_id", "in", self.ids), ("released_on", "=", False)]
        ).action_release()

    def action_view_portal_reminders(self):
        """Open the log of this invoice's reminders.

        :return: The action of the list.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Reminders"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.reminder",
            "view_mode": "list",
            "domain": [("move_id", "=", self.id)],
        }

    # === BUSINESS METHODS === #

    def _get_portal_outcome_label(self, outcome):
        """Return how a payment of the invoice went, for the subject of an email.

        :param str outcome: As an `account.move.portal.notification` has it.
        :return: In the language of the environment.
        :rtype: str
        """
        return {
            "received": self.env._("Payment received"),
            "failed": self.env._("Payment failed"),
            "returned": self.env._("Payment returned"),
            "disputed": self.env._("Payment disputed"),
        }[outcome]

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Override of `mail` to tell by the way that a portal rule asks for."""
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        delivery = self.env.context.get(const.CONTEXT_DELIVERY)
        if delivery in ("email", "inbox"):
            for recipient in recipients:
                recipient["notif"] = delivery
        return recipients

    def _notify_by_email_get_base_mail_values(self, message, recipients_data, **kwargs):
        """Override of `mail` to write the plain text of what a portal rule tells.

        Core makes it of the HTML: layout and all, with numbered references.
        """
        values = super()._notify_by_email_get_base_mail_values(
            message, recipients_data, **kwargs
        )
        if self.env.context.get(const.CONTEXT_DELIVERY):
            address = self._notify_get_action_link("view")
            values["portal_text"] = "\n\n".join(
                (
                    plain_text.from_html(message.body),
                    f"{self.env._('View Invoice')}:\n{address}",
                    f"-- \n{self.company_id.name}",
                )
            )
        return values
