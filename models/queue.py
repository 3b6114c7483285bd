from datetime import timedelta

from odoo import api, fields, models

#: Core's scheduled action that sends what is queued as `mail.mail`; it runs hourly.
MAIL_QUEUE_CRON = "mail.ir_cron_mail_scheduler_action"


class AccountMovePortalQueue(models.AbstractModel):
    """Rows that are done by the scheduler, each in a transaction of its own.

    A row is claimed by a lock that others skip: any number of workers on any number of
    hosts can run the same queue. What inherits it has a `state`, of which *waiting* is
    the one that is due, and says in `_process_due` what is done with a row.
    """

    _name = "account.move.portal.queue"
    _description = "Invoice Portal Queue"
    #: The external id of the scheduled action that runs the queue.
    _queue_cron = None
    #: How long to wait after each failure, in minutes, until it is the last.
    _queue_retry_minutes = ()

    attempts = fields.Integer(default=0)
    retry_on = fields.Datetime(help="Not tried again before this time.")

    @api.model
    def _run_due(self):
        """Process what is due, each row by itself, until the time is up."""
        self._run_each(self, self._get_due_domain(), "_process_due")

    @api.model
    def _run_each(self, model, domain, process):
        """Process the records of a model that are due, each by itself.

        :param models.Model model: The model.
        :param list domain: Which records are due.
        :param str process: The name of the method that processes one.
        """
        while record := model.search(domain, limit=100).try_lock_for_update(
            allow_referencing=True, limit=1
        ):
            getattr(record, process)()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _get_due_domain(self):
        """Return which rows are due.

        :rtype: list
        """
        return [
            ("state", "=", "waiting"),
            "|",
            ("retry_on", "=", False),
            ("retry_on", "<=", fields.Datetime.now()),
        ]

    def _process_due(self):
        """Do what a row that is due is there for. To be overridden."""

    @api.model
    def _wake_queue(self, at=None):
        """Have the scheduler run the queue.

        :param datetime.datetime at: When, in UTC; as soon as possible if None.
        """
        # In sudo mode because it is often a customer who causes a row.
        self.env.ref(self._queue_cron).sudo()._trigger(at=at)

    @api.model
    def _wake_mail_queue(self):
        """Have what core queued as emails leave as soon as this is committed.

        In scheduled code core sends no notification itself (`mail_notify_force_send` of
        its server actions), and its queue runs once an hour.
        """
        # In sudo mode because mails and schedules are the system's.
        mails_sudo = self.env["mail.mail"].sudo()
        if mails_sudo.search_count([("state", "=", "outgoing")], limit=1):
            self.env.ref(MAIL_QUEUE_CRON).sudo()._trigger()

    def _retry_later(self):
        """Have this row processed again after a pause, if it was not tried too often.

        :return: Whether it will be.
        :rtype: bool
        """
        self.ensure_one()
        if self.attempts > len(self._queue_retry_minutes):
            return False
        pause = timedelta(minutes=self._queue_retry_minutes[self.attempts - 1])
        self.retry_on = fields.Datetime.now() + pause
        self._wake_queue(at=self.retry_on)
        return True
