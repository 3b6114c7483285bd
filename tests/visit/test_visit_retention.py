from odoo.tools.misc import file_open

from ..common import PortalCommon

MONTH = 31 * 24 * 3600


class TestPortalRetention(PortalCommon):
    def test_b1_old_visits_are_summed_up_and_removed(self):
        link = self._create_link()
        self._record_sent(link)
        first = self._record_view(link)
        self._pass_time(24 * MONTH)
        self._record_view(link)
        before = self._read_figures(link)
        first_viewed_on = link.first_viewed_on
        self._remove_old_visits()
        self.assertFalse(first.exists())
        self.assertEqual(self._read_figures(link), before)
        self.assertEqual(link.first_viewed_on, first_viewed_on)
        self.assertEqual(
            sorted(link.event_ids.mapped("kind")), ["opened", "sent", "viewed"]
        )

    def _read_figures(self, link):
        self.env.invalidate_all()
        return (link.view_count, link.download_count, link.last_viewed_on)

    def _remove_old_visits(self):
        self.env["account.move.portal.event"].sudo()._gc_visits()
        self.env.invalidate_all()

    def test_b1_view_after_the_removal_is_not_the_first_again(self):
        link = self._create_link()
        self.assertTrue(self._record_view(link).is_first_view)
        self._pass_time(25 * MONTH)
        self._remove_old_visits()
        view = self._record_view(link)
        self.assertFalse(view.is_first_view or view.is_first_of_link)
        self.assertEqual(link.view_count, 2)

    def test_b1_visits_are_kept_as_long_as_the_company_says(self):
        link = self._create_link()
        self._record_view(link)
        self.company.portal_event_months = 1
        self._pass_time(20 * 24 * 3600)
        self._remove_old_visits()
        self.assertEqual(len(link.event_ids), 2)
        self._pass_time(20 * 24 * 3600)
        self._remove_old_visits()
        self.assertFalse(link.event_ids)

    def test_b2_copied_database_has_no_live_link(self):
        link = self._create_link()
        rule = self.env.ref("account_payment_portal.base_automation_portal_viewed")
        rule.portal_webhook_url = "https://hook.example/in"
        self._record_view(link)
        requests = self.env["account.move.portal.link.request"].sudo()
        request = requests.create({"link_id": link.id, "move_id": link.move_id.id})
        self.env.flush_all()
        with file_open("account_payment_portal/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual(
            (link.state, link.revocation_reason), ("revoked", "copied_database")
        )
        self.assertFalse(link._find_live(link.sudo().token))
        self.assertFalse(rule.portal_webhook_url)
        self.assertEqual(request.state, "declined")
        notifications = self.env["account.move.portal.notification"].search(
            [("move_id", "=", link.move_id.id)]
        )
        self.assertEqual(notifications.mapped("state"), ["skipped"])
