from contextlib import contextmanager
from datetime import datetime

from freezegun import freeze_time

from odoo import SUPERUSER_ID
from odoo.fields import Command

from .send_common import PortalSendCommon


class PortalReminderCommon(PortalSendCommon):
    """A company in New York that sent an invoice, and one rule that is on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "America/New_York"
        cls.company.resource_calendar_id = cls.env["resource.calendar"].create(
            {
                "name": "Office",
                "company_id": cls.company.id,
                "attendance_ids": [
                    Command.create(
                        {
                            "name": str(day),
                            "dayofweek": str(day),
                            "hour_from": 8,
                            "hour_to": 17,
                            "day_period": "morning",
                        }
                    )
                    for day in range(5)
                ],
            }
        )
        # The scheduler decides, not a user.
        cls.reminders = cls.env["account.move.portal.reminder"].with_user(SUPERUSER_ID)
        cls.rules = cls.env["account.move.portal.reminder.rule"]

    def _create_sent(self, due, sent="2026-02-02 15:00:00", email=None, **values):
        """Create an invoice that its recipient got long ago."""
        invoice = self._create_portal_invoice(invoice_date_due=due, **values)
        email = email or "carla@customer.example"
        link = self._create_link(invoice, email=email, email_role="to")
        link.sudo().sent_on = sent
        return invoice

    def _create_rule(self, trigger="overdue", days=1, since="2026-01-02", **values):
        with freeze_time(f"{since} 17:00:00"):
            rule = self.rules.create(
                {
                    "name": f"{trigger} {days}",
                    "company_id": self.company.id,
                    "trigger": trigger,
                    "days": days,
                    "subject": "Invoice {{invoice_number}} is unpaid",
                    "body": "<p>Please pay {{balance_due}}.</p>",
                    **values,
                }
            )
            rule.action_switch_on()
        return rule

    @contextmanager
    def _at(self, moment):
        """Have it be a moment, in UTC."""
        with freeze_time(moment):
            yield datetime.fromisoformat(moment)

    def _decide(self, moment):
        """Decide at a moment in UTC, and return what goes out, by rule and invoice."""
        before = self._get_waiting()
        with self._at(moment):
            self.reminders._run()
        self.env.flush_all()
        self.env.invalidate_all()
        return [
            (reminder.rule_id, reminder.move_id)
            for reminder in self._get_waiting() - before
        ]

    def _get_waiting(self):
        return self.reminders.search(
            [("company_id", "=", self.company.id), ("state", "!=", "held")], order="id"
        )

    def _get_delivery(self, invoice):
        return self.env["account.move.portal.delivery"].search(
            [("move_id", "=", invoice.id), ("kind", "=", "reminder")], limit=1
        )
