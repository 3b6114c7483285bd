import logging
import os
import random
import signal
import time

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...tools import email_addresses
from ..bulk_common import DEADLINE, PortalBulkProcessCase
from ..development import Rate
from ..send_common import MAIL_LOGGERS

# Odoo's own loggers say nothing while it is tested.
_logger = logging.getLogger("soak")
COUNT = 2000
LANES = 2


@tagged("post_install", "-at_install", "portal_race")
class SoakPortalBulk(PortalBulkProcessCase):
    """Thousands of emails, lanes that are killed, and a server that refuses."""

    def _behave(self, chance):
        """Have the mail server treat its clients some other way."""
        self.mailbox.behave(
            **chance.choice(
                [
                    {},
                    {},
                    {"rate": Rate(40, 1.0)},
                    {"max_mails": 20},
                    {"refuse_recipients": {"*7@*": (450, "4.2.0 Greylisted")}},
                    {"refuse_data": (451, "4.3.0 Try again later")},
                    {"drop_connection": "mail"},
                    {"drop_connection": "taken"},
                ]
            )
        )

    @mute_logger("mail.log", "odoo.sql_db", *MAIL_LOGGERS)
    def test_b6_thousands_are_received_once_or_told_of(self):
        chance = random.Random(20)
        self._create_emails(COUNT)
        lanes, kills, end = [], 0, time.monotonic() + 4 * DEADLINE
        # Until a hundred lanes were killed, or there is nothing left to send.
        while "waiting" in set(self._get_states().values()) and kills < 100:
            self.assertLess(time.monotonic(), end)
            self._behave(chance)
            known = self._get_connections()
            lanes = [self._start_lane() for _lane in range(LANES)]
            time.sleep(chance.uniform(1.0, 8.0))  # What a kill hits is to be by chance.
            for pid in lanes:
                os.kill(pid, signal.SIGKILL)
                kills += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
            self._wait_until_gone(known)
            self._pass_hours()
        self.mailbox.behave()
        for _round in range(8):
            self._pass_hours()
            self._run_lane()
        states, received = self._get_states(), self._count_received()
        self.assertEqual(len(states), COUNT)
        counts = {state: 0 for state in set(states.values())}
        for address, state in states.items():
            self.assertTrue(email_addresses.parse(address)[0])
            counts[state] += 1
            times = received.get(address, 0)
            with self.subTest(address):
                if state == "sent":
                    self.assertEqual(times, 1)
                elif state == "refused":
                    self.assertEqual(times, 0)
                else:
                    self.assertEqual(state, "uncertain")
                    self.assertLessEqual(times, 1)
        _logger.info("%s emails, %s lanes killed: %s", COUNT, kills, counts)
