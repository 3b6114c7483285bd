from markupsafe import Markup

from odoo import fields, models


class AccountMovePortalDelivery(models.Model):
    """Emails that remind a recipient of an invoice."""

    _inherit = "account.move.portal.delivery"

    kind = fields.Selection(
        selection_add=[("reminder", "Reminder")], ondelete={"reminder": "cascade"}
    )
    reminder_id = fields.Many2one(
        comodel_name="account.move.portal.reminder",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    _once_per_reminder = models.UniqueIndex(
        "(reminder_id) WHERE reminder_id IS NOT NULL"
        " AND state IN ('waiting', 'sending')"
    )

    # === CRUD METHODS === #

    def write(self, vals):
        """Override to have reminders know what became of their emails."""
        result = super().write(vals)
        if "state" in vals:
            for delivery in self.filtered("reminder_id"):
                delivery.reminder_id._note_email(delivery)
        return result

    # === BUSINESS METHODS === #

    def _process_due(self, run=None):
        """Override to send no reminder outside its rule's hours."""
        if self.kind == "reminder" and self.reminder_id.rule_id.is_on:
            now = fields.Datetime.now()
            opening = self.reminder_id.rule_id._get_next_opening(now)
            if opening and opening > now:
                self.retry_on = opening
                self._wake_queue(at=opening)
                return
        super()._process_due(run)

    def _find_reason_to_skip(self):
        """Override to decide on a reminder once more."""
        reason = super()._find_reason_to_skip()
        if not reason and self.kind == "reminder":
            reason = self.reminder_id._find_reason_to_skip(self)
        return reason

    def _is_with_link(self):
        """Override: a reminder leads to the invoice, too."""
        return super()._is_with_link() or self.kind == "reminder"

    def _after_sent(self):
        """Override to note at the link that it was sent once more."""
        result = super()._after_sent()
        if self.kind == "reminder":
            self._record_on_link()
            if self.account_link_id:
                self.reminder_id._note_others(self._get_reminded_moves())
        return result

    def _get_reminded_moves(self):
        """Return the invoices that a reminder is for.

        :return: The invoice alone, or all that its rule has to say the same of, if they
            are enough to be reminded of together.
        :rtype: account.move
        """
        rule, link = self.reminder_id.rule_id, self.link_id
        if not rule.group_from or not link._is_of_account_contact():
            return self.move_id
        others = rule._find_to_be_grouped(self.move_id)
        moves = others | self.move_id
        return moves if len(moves) >= max(rule.group_from, 2) else self.move_id

    def _find_account_link_of_reminder(self, moves):
        """Return the recipient's link to the account, if a reminder leads there.

        :param account.move moves: The invoices that it is for.
        :return: The link; empty for a reminder of one invoice.
        :rtype: account.move.portal.link
        """
        link = self.link_id
        if len(moves) < 2:
            return link.browse()
        return link._find_for_account(link.partner_id, link.company_id, link.email)

    def _get_mail_body(self, link):
        """Override to let the recipient decline reminders, and nothing else."""
        body = super()._get_mail_body(link)
        if self.kind != "reminder":
            return body
        env = self.with_context(lang=self.lang).env
        return body + Markup(
            '<p style="font-size: 12px; line-height: 18px;">%s <a href="%s">%s</a></p>'
        ) % (
            env._("Don’t want reminders? You will still get our invoices."),
            (self.link_id or link)._get_decline_url(),
            env._("Stop reminders"),
        )

    def _get_headers(self, siblings):
        """Override to let mail programs decline reminders by one click (RFC 8058)."""
        headers = super()._get_headers(siblings)
        if self.kind == "reminder":
            headers["List-Unsubscribe"] = f"<{self.link_id._get_decline_url()}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    def _get_mail_values(self, link, siblings, attachments):
        """Override to put a reminder into the thread of the recipient's own email."""
        values = super()._get_mail_values(link, siblings, attachments)
        if self.kind == "reminder":
            own = self.search(
                [
                    ("link_id", "=", link.id),
                    ("kind", "=", "invoice"),
                    ("state", "=", "sent"),
                ],
                order="id",
                limit=1,
            ).message_id
            known = dict.fromkeys(filter(None, (self.thread_id, own)))
            values["references"] = " ".join(known) or False
        return values
