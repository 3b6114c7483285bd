from markupsafe import Markup

from odoo import models
from odoo.tools import SQL


class AccountMovePortalLink(models.Model):
    """A link through which reminders can be declined."""

    _inherit = "account.move.portal.link"

    def _get_decline_url(self):
        """Return the address at which the recipient can decline reminders.

        :rtype: str
        """
        return f"{self._get_url()}/reminders"

    def _decline_reminders(self):
        """Have the recipient get no reminders of this company any more.

        What waits is not sent: it is decided on once more. Doing it twice is the same.
        """
        self.ensure_one()
        # In sudo mode because it is the token that authorizes this.
        declines_sudo = self.env["account.move.portal.reminder.decline"].sudo()
        created = self.env.execute_query(
            SQL(
                """
                INSERT INTO account_move_portal_reminder_decline (
                       company_id, email, link_id, active, create_uid, create_date,
                       write_uid, write_date)
                VALUES (%(company)s, %(email)s, %(link)s, TRUE, %(user)s, now() AT TIME
                        ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC')
                    ON CONFLICT (company_id, email) WHERE active DO NOTHING
                RETURNING id
                """,
                company=self.company_id.id,
                email=self.email,
                link=self.id,
                user=self.env.uid,
            )
        )
        declines_sudo.invalidate_model()
        if created:
            self.move_id._message_log(
                body=Markup("<p>%s</p>")
                % self.env._(
                    "%(email)s declined reminders. Invoices are still emailed.",
                    email=self.email,
                ),
                author_id=self.company_id.partner_id.id,
            )
