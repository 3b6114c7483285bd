import os

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..bulk_common import PortalBulkProcessCase
from ..send_common import MAIL_LOGGERS


@tagged("post_install", "-at_install", "portal_race")
class TestPortalBulkKill(PortalBulkProcessCase):
    """Lanes that are killed between any two steps, and lanes at the same time."""

    def _kill_and_go_on(self, owner, method, when):
        """Kill a lane at its second email, and have another go on."""
        known = self._get_connections()
        _pid, status = os.waitpid(self._start_lane((owner, method, when, 2)), 0)
        self.assertTrue(os.WIFSIGNALED(status), "the step was not reached")
        self._wait_until_gone(known)
        before = self._count_received()
        self._pass_hours()
        self._run_lane()
        return before

    def test_b6_killed_before_the_claim_sends_each_once(self):
        self._create_emails(4)
        before = self._kill_and_go_on(self.delivery_class, "_set_sending", "before")
        self.assertEqual(list(before.values()), [1])
        states = self._assert_each_once_or_uncertain()
        self.assertEqual(states, ["sent"] * 4)

    @mute_logger("mail.log", *MAIL_LOGGERS)
    def test_b6_killed_after_the_claim_leaves_one_to_a_person(self):
        for method, when, received in [
            ("_lock_what_is_written", "before", 1),
            ("_send_message", "before", 1),
            ("_send_message", "after", 2),
            ("_set_sent", "after", 2),
        ]:
            with self.subTest(f"{when} {method}"):
                self.mailbox.clear()
                self._create_emails(4)
                before = self._kill_and_go_on(self.delivery_class, method, when)
                self.assertEqual(sum(before.values()), received)
                states = self._assert_each_once_or_uncertain()
                self.assertEqual(sorted(states), ["sent"] * 3 + ["uncertain"])
                # And no run repeats it.
                self._pass_hours()
                self._run_lane()
                self._assert_each_once_or_uncertain()
                self._remove_all()

    def test_b6_killed_after_noting_repeats_nothing(self):
        self._create_emails(4)
        lane_class = self.registry["account.move.portal.lane"]
        self._kill_and_go_on(lane_class, "_commit_done", "after")
        states = self._assert_each_once_or_uncertain()
        self.assertEqual(states, ["sent"] * 4)

    def test_b6_lanes_at_once_send_each_once(self):
        self._create_emails(24)
        lanes = [self._start_lane() for _lane in range(3)]
        for pid in lanes:
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        # What collided too often was put off by a minute.
        self._pass_hours()
        self._run_lane()
        states = self._assert_each_once_or_uncertain()
        self.assertEqual(states, ["sent"] * 24)

    @mute_logger("mail.log", *MAIL_LOGGERS)
    def test_b6_lanes_stay_within_the_limit_together(self):
        self._create_emails(12)
        with self._transaction() as env:
            env["account.move.portal.mail.budget"].create(
                {
                    "mail_server_id": self.ids["ir.mail_server"][0],
                    "day_limit": 10,
                    "reserve": 50,
                }
            )
        lanes = [self._start_lane() for _lane in range(3)]
        for pid in lanes:
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        states = list(self._get_states().values())
        self.assertEqual(sorted(states), ["sent"] * 5 + ["waiting"] * 7)
        for _day in range(2):
            self._pass_hours()
            self._run_lane()
        self.assertEqual(self._assert_each_once_or_uncertain(), ["sent"] * 12)
