from odoo.tests import HttpCase

from ..reminder_common import PortalReminderCommon


class TestReminderDecline(PortalReminderCommon, HttpCase):
    """A recipient stops reminders, and goes on to get invoices."""

    def setUp(self):
        super().setUp()
        self.rule = self._create_rule()
        self.invoice = self._create_sent("2026-03-02")
        self.link = self.invoice.portal_link_ids.filtered("email")

    def _open(self, data=None, path=None):
        path = path or f"{self.link._get_path()}/reminders"
        response = self.url_open(path, data=data)
        self.env.invalidate_all()
        return response

    def _find_declines(self):
        return self.env["account.move.portal.reminder.decline"].search([])

    def test_b11_looking_at_the_page_declines_nothing(self):
        response = self._open()
        self.assertEqual(response.status_code, 200)
        self.assertIn("Stop payment reminders?", response.text)
        self.assertFalse(self._find_declines())
        self.assertEqual(
            self._decide("2026-03-03 16:00:00"), [(self.rule, self.invoice)]
        )

    def test_b11_declined_for_all_of_the_company_s_reminders_and_no_invoice(self):
        other = self._create_sent("2026-03-02")
        for _again in range(2):
            response = self._open({"List-Unsubscribe": "One-Click"})
            self.assertEqual(response.status_code, 200)
            self.assertIn("No more reminders", response.text)
        self.assertEqual(len(self._find_declines()), 1)
        self.assertEqual(self._decide("2026-03-03 16:00:00"), [])
        self.assertEqual(
            self.env["account.move.portal.batch"]
            ._choose(other, is_repeating=True)
            .left_out,
            {},
        )
        self.assertEqual(
            len(
                self.invoice.message_ids.filtered(
                    lambda message: "declined reminders" in (message.body or "")
                )
            ),
            1,
        )
        self._find_declines().with_user(self.biller).action_remind_again()
        self.assertEqual(
            self._decide("2026-03-04 16:00:00")[0][0],
            self.rule,
        )

    def test_b11_unknown_token_declines_nothing(self):
        for data in (None, {"x": "1"}):
            response = self._open(data, f"/portal/invoice/{'x' * 44}/reminders")
            self.assertEqual(response.status_code, 404)
        self.assertFalse(self._find_declines())
