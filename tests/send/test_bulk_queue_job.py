import os
import signal
import time
from datetime import timedelta
from unittest import SkipTest

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..bulk_common import DEADLINE, PortalBulkProcessCase
from ..process_common import start_odoo
from ..send_common import MAIL_LOGGERS


@tagged("post_install", "-at_install", "portal_race")
class TestPortalBulkQueueJob(PortalBulkProcessCase):
    """Emails whose lanes are run by jobs of OCA's `queue_job`, by nothing else."""

    def setUp(self):
        super().setUp()
        if "queue.job" not in self.registry:
            raise SkipTest("OCA's queue_job is not installed here")
        self.addCleanup(self._remove_jobs)

    def _remove_jobs(self):
        with self._transaction() as env:
            env["queue.job"].search([]).unlink()

    def _start_server(self):
        """Start a server with the runner of jobs, and without a scheduler."""
        odoo, _url = start_odoo(
            self.addCleanup,
            "--max-cron-threads=0",
            "--load=base,rpc,web,queue_job",
            ODOO_QUEUE_JOB_CHANNELS="root:2",
        )
        return odoo

    def _wait_for(self, condition, poll=0.05):
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen in time")
            time.sleep(poll)  # Another process: there is nothing else to wait on.

    def _is_over(self):
        with self._transaction() as env:
            batch = env["account.move.portal.batch"].browse(
                self.ids["account.move.portal.batch"]
            )
            return batch.state == "done"

    def _get_jobs(self):
        """Return the state and the time of each job."""
        with self._transaction() as env:
            jobs = env["queue.job"].search([("method_name", "=", "_run_in_job")])
            return [(job.state, job.eta) for job in jobs]

    def test_b6_jobs_send_each_once_without_a_scheduler(self):
        self._create_emails(6)
        self.assertEqual(self._get_jobs(), [("pending", False)] * 2, "one a lane")
        odoo = self._start_server()
        self._wait_for(self._is_over)
        self.assertEqual(self._assert_each_once_or_uncertain(), ["sent"] * 6)
        self._wait_for(lambda: {state for state, _eta in self._get_jobs()} == {"done"})
        self.assertNotIn(" ERROR ", odoo.log.read_text())

    def test_b6_job_that_waits_is_not_asked_for_again(self):
        self._create_emails(1)
        later = fields.Datetime.now() + timedelta(days=2)
        with self._transaction() as env:
            for seconds in (0, 1, 90):
                env["account.move.portal.delivery"]._wake_queue()
                env["account.move.portal.delivery"]._wake_queue(
                    at=later.replace(second=0) + timedelta(seconds=seconds)
                )
        moments = [eta for _state, eta in self._get_jobs() if eta]
        self.assertEqual(len(self._get_jobs()), 2 + 2 * 2)
        self.assertGreater(min(moments), later.replace(second=0))

    @mute_logger("mail.log", *MAIL_LOGGERS)
    def test_b6_killed_job_repeats_nothing(self):
        self._create_emails(4)
        self.mailbox.behave(delay=3.0)
        odoo = self._start_server()
        self._wait_for(lambda: len(self.mailbox.messages) >= 1)
        os.kill(odoo.process.pid, signal.SIGKILL)
        odoo.process.wait()
        self.mailbox.behave()
        self._start_server()

        def is_over_in_time():
            self._pass_hours()
            with self._transaction() as env:
                env["account.move.portal.delivery"]._wake_queue()
            return self._is_over()

        self._wait_for(is_over_in_time, poll=1)
        states = self._assert_each_once_or_uncertain()
        self.assertLessEqual(states.count("uncertain"), 2, "one a lane at most")
