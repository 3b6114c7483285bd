from markupsafe import Markup

from odoo import models

from ...tools import email_addresses


class AccountMovePortalBatch(models.Model):
    """Sendings of reminders."""

    _inherit = "account.move.portal.batch"

    def _fill_in(self, delivery):
        """Override to write a reminder by its rule, in the recipient's language."""
        if delivery.kind != "reminder":
            super()._fill_in(delivery)
            return
        if delivery.subject:
            return
        lang = delivery.link_id._get_lang()
        moves = delivery._get_reminded_moves().with_context(lang=lang)
        subject, body = delivery.reminder_id.rule_id._get_text(moves, lang)
        account = delivery._find_account_link_of_reminder(moves)
        if account:
            items = account.with_context(lang=lang)._get_account_items(moves)
            body += self.env["ir.qweb"]._render(
                "account_payment_portal.mail_account_items",
                {"items": items},
                lang=lang,
                minimal_qcontext=True,
            )
        delivery.write(
            {
                "lang": lang,
                "subject": subject,
                "body": body,
                "account_link_id": account.id,
            }
        )

    def _describe_recipients(self, deliveries):
        """Override to call a reminder one in the note on the invoice."""
        reminders = deliveries.filtered(lambda each: each.kind == "reminder")
        others = super()._describe_recipients(deliveries - reminders)
        if not reminders:
            return others
        names = email_addresses.join(reminders.mapped("formatted"))
        return others + Markup("<p>%s: %s</p>") % (
            self.env._("Reminder sent to"),
            names,
        )
