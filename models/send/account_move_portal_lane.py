import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models, sql_db
from odoo.tools import SQL, mute_logger

from ...tools import sql
from ...tools.smtp_connections import Connections

_logger = logging.getLogger(__name__)
#: For how many invoices the PDF files are made in one go: few at first, so that the
#: first emails leave soon; then more, as what makes them takes a second to start.
DOCUMENTS_AT_ONCE = (5, 40)
#: How often an email is begun anew because others changed its invoice meanwhile.
MAX_COLLISIONS = 5
#: How long a job runs a lane before another one goes on, in seconds: well within what
#: Odoo gives a request (`limit_time_real`).
JOB_SECONDS = 60
#: Seconds between two messages on how far a sending has got.
PROGRESS_SECONDS = 1
#: After how many emails, or seconds, staff are told on the invoices what has left: what
#: all notes need is read once for them.
NOTES_AT_ONCE, NOTE_SECONDS = 20, 10


@dataclass
class LaneRun:
    """What one run of a lane knows.

    :param Connections connections: To mail servers.
    :param dict held: Sendings whose mail server takes nothing, until when, by id.
    :param set prepared: Invoices of which this run has tried to make the documents.
    :param dict collisions: How often an email was begun, by id.
    :param set batch_ids: The sendings of which it has dealt with emails.
    :param float told: When it last told how far they have got.
    :param list unnoted_ids: Emails it has dealt with, not noted on invoices yet.
    :param float noted: When it last told on invoices what has left.
    :param ir.mail_server server: The mail server that was used last.
    :param float end: When to stop, as `time.monotonic()` has it; the scheduler says by
        itself how much time there is.
    """

    connections: Connections = field(default_factory=Connections)
    held: dict[int, datetime] = field(default_factory=dict)
    prepared: set[int] = field(default_factory=set)
    collisions: dict[int, int] = field(default_factory=dict)
    batch_ids: set[int | bool] = field(default_factory=set)
    told: float = float("-inf")
    unnoted_ids: list[int] = field(default_factory=list)
    noted: float = field(default_factory=time.monotonic)
    server: object = None
    end: float = float("inf")


class AccountMovePortalLane(models.AbstractModel):
    """One of several workers that send due emails at the same time.

    Odoo runs a scheduled action on one worker at a time: each lane is one of its own.
    All of them take their emails from the same rows. A row is claimed with its invoice,
    by locks that others skip, so that two emails of an invoice never get into each
    other's way. An email goes in a transaction of its own, and what fails with it is
    noted at it: a lane itself does not fail.
    """

    _name = "account.move.portal.lane"
    _description = "Invoice Portal Sending Lane"

    # === BUSINESS METHODS - THE RUN === #

    @api.model
    def _run(self, seconds=float("inf")):
        """Send what is due, email by email, until the time is up.

        :param float seconds: How much time there is, if the scheduler does not say so.
        :return: Whether more is due.
        :rtype: bool
        """
        run = LaneRun(end=time.monotonic() + seconds)
        self._recover(run)
        has_more = False
        try:
            while delivery := self._claim_next(run):
                self._process(delivery, run)
                self._tell_progress(run)
                self._post_notes(run)
                if not self._commit_done(run, 1):
                    # Core goes on as soon as others had their turn.
                    remaining = self._count_due(run)
                    self._commit_done(run, 0, remaining)
                    has_more = bool(remaining)
                    break
            self._tell_progress(run, is_last=True)
            self._post_notes(run, is_last=True)
        finally:
            run.connections.close()
        if run.held:
            self.env["account.move.portal.delivery"]._wake_queue(
                at=min(run.held.values())
            )
        return has_more

    @api.model
    def _recover(self, run):
        """Look after what broke off; another lane may do so at the same time.

        :param LaneRun run: What the run knows.
        """
        try:
            with mute_logger(sql_db.__name__):
                found = self.env["account.move.portal.delivery"]._recover_abandoned()
                self.env.flush_all()
                # It may have been the last of its sending.
                run.batch_ids.update(found.batch_id.ids)
        except psycopg2.OperationalError:
            self._rollback()

    @api.model
    def _commit_done(self, run, processed, remaining=None):
        """Commit, and tell the scheduler.

        :param LaneRun run: What the run knows.
        :param int processed: How many emails were dealt with.
        :param int|None remaining: How many are still due; None if that is as it was.
        :return: How many seconds are left; 0 to stop.
        :rtype: float
        """
        left = max(run.end - time.monotonic(), 0)
        if not sql.can_commit():
            self.env.flush_all()
            return left
        return min(
            left, self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        )

    @api.model
    def _rollback(self):
        """Undo what an email that collided with others has begun."""
        if sql.can_commit():
            self.env.cr.rollback()

    @api.model
    def _get_due_query(self, run):
        """Return the query of what is due for this run.

        What someone waits for goes first, then sendings in their order, and in them
        invoice by invoice.

        :param LaneRun run: What the run knows.
        :rtype: Query
        """
        deliveries = self.env["account.move.portal.delivery"]
        domain = [
            *deliveries._get_due_domain(),
            "|",
            ("batch_id", "=", False),
            ("batch_id", "not in", list(run.held)),
        ]
        query = deliveries._search(domain)
        # By the ids themselves, not by the order of batches and invoices.
        query.order = SQL(
            ", ".join(
                f"account_move_portal_delivery.{name}"
                for name in ("is_mass", "batch_id", "move_id", "sequence", "id")
            )
        )
        # An email of the same invoice is under way.
        query.add_where(
            SQL(
                "NOT EXISTS (SELECT FROM account_move_portal_delivery sibling"
                " WHERE sibling.move_id = account_move_portal_delivery.move_id"
                " AND sibling.state = 'sending')"
            )
        )
        return query

    @api.model
    def _count_due(self, run):
        """Return how many emails are due.

        :param LaneRun run: What the run knows.
        :rtype: int
        """
        query = self._get_due_query(run)
        query.order = None  # PostgreSQL refuses to count in an order.
        return len(query)

    @api.model
    def _claim_next(self, run):
        """Return the next email, locked together with its invoice.

        :param LaneRun run: What the run knows.
        :return: The email; empty if there is none that others do not have.
        :rtype: account.move.portal.delivery
        """
        deliveries = self.env["account.move.portal.delivery"]
        self.env.flush_all()
        for _attempt in range(MAX_COLLISIONS):
            query = self._get_due_query(run)
            query.add_join(
                "JOIN",
                "claimed_move",
                "account_move",
                SQL("claimed_move.id = account_move_portal_delivery.move_id"),
            )
            query.limit = 1
            # One statement, so that what it sees is what it locks; but for another
            # lane's commit in the very same moment.
            with suppress(psycopg2.errors.SerializationFailure):
                self.env.cr.execute(
                    SQL(
                        "%s FOR NO KEY UPDATE"
                        " OF account_move_portal_delivery, claimed_move SKIP LOCKED",
                        query.select(),
                    ),
                    log_exceptions=False,
                )
                found = self.env.cr.fetchone()
                return deliveries.browse(found or [])
            self._rollback()
        return deliveries

    # === BUSINESS METHODS - JOBS OF OCA'S QUEUE_JOB === #

    @api.model
    def _wake_jobs(self, count, at=None):
        """Have jobs run lanes, too, where OCA's `queue_job` is installed.

        They only wake the same method: who has more faith in its workers than in the
        scheduler, or has switched that off, loses nothing of what is promised here.

        :param int count: How many jobs.
        :param datetime.datetime|None at: When, in UTC; as soon as possible if None.
        """
        if "queue.job" not in self.env:
            return
        if at:  # A job for each minute at most; to wait is what the rows do.
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        # As the scheduler does: each email is sent by its own sender in the end.
        lanes = self.with_env(self.env(user=SUPERUSER_ID, context={}))
        for number in range(1, count + 1):
            lanes.with_delay(
                eta=at,
                description=f"Invoice portal: send due emails, lane {number}",
                # One that waits already is enough.
                identity_key=f"{self._name},{number},{at or 'now'}",
            )._run_in_job()

    @api.model
    def _run_in_job(self):
        """Run a lane in a job.

        A job must not commit: it would let go of the lock by which its own queue sees
        that it is alive. So emails go in a transaction beside it.
        """
        with self.env.registry.cursor() as cr:
            has_more = self.with_env(self.env(cr=cr))._run(JOB_SECONDS)
        if has_more:
            self.env["account.move.portal.delivery"]._wake_queue()

    # === BUSINESS METHODS - ONE EMAIL === #

    @api.model
    def _process(self, delivery, run):
        """Send an email, whatever comes of it.

        :param account.move.portal.delivery delivery: The email, locked.
        :param LaneRun run: What the run knows.
        """
        run.batch_ids.add(delivery.batch_id.id)
        try:
            # That someone else was first is no error.
            with mute_logger(sql_db.__name__):
                if self._prepare_ahead(delivery, run):
                    return  # They are let go of, to be claimed one by one.
                delivery._process_due(run)
        except psycopg2.OperationalError:
            self._rollback()
            self._put_off(delivery, run)
        except Exception as error:
            if isinstance(error, psycopg2.InterfaceError):
                raise  # There is no database any more.
            _logger.exception("An email could not be sent: %s", delivery.id)
            self._rollback()
            delivery._record_failure(error)

    @api.model
    def _post_notes(self, run, is_last=False):
        """Tell staff on the invoices what has left, in a transaction for several.

        What fails with it is told later, as what broke off is: the emails have left.

        :param LaneRun run: What the run knows.
        :param bool is_last: Whether the run is over.
        """
        is_time = time.monotonic() - run.noted >= NOTE_SECONDS
        if not run.unnoted_ids or not (
            is_last or is_time or len(run.unnoted_ids) >= NOTES_AT_ONCE
        ):
            return
        deliveries = self.env["account.move.portal.delivery"].browse(run.unnoted_ids)
        run.unnoted_ids, run.noted = [], time.monotonic()
        deliveries._commit()  # What follows sees what other lanes have done.
        try:
            with mute_logger(sql_db.__name__):
                deliveries.exists()._post_notes()
                deliveries._commit()
        except psycopg2.OperationalError:
            self._rollback()  # Another lane had the same invoice.

    @api.model
    def _put_off(self, delivery, run):
        """Have an email that collided with others sent a little later.

        :param account.move.portal.delivery delivery: The email.
        :param LaneRun run: What the run knows.
        """
        count = run.collisions[delivery.id] = run.collisions.get(delivery.id, 0) + 1
        if count < MAX_COLLISIONS:
            return
        with suppress(psycopg2.OperationalError), mute_logger(sql_db.__name__):
            delivery.retry_on = fields.Datetime.now() + timedelta(minutes=1)
            delivery._wake_queue(at=delivery.retry_on)
            self.env.flush_all()
            return
        self._rollback()

    @api.model
    def _prepare_ahead(self, delivery, run):
        """Make the documents of this email and of the next ones in one go.

        It takes a second to start what makes a PDF, and a moment to make one more.

        :param account.move.portal.delivery delivery: The email, locked.
        :param LaneRun run: What the run knows.
        :return: Whether there was something to be made.
        :rtype: bool
        """
        if (
            not delivery.is_mass
            or delivery.move_id.id in run.prepared
            or not delivery._needs_document()
        ):
            return False
        ahead = self._claim_ahead(delivery, run)
        run.prepared.update(ahead.move_id.ids)
        wanting = ahead.filtered(lambda each: each._needs_document())
        if len(wanting.move_id) < 2:
            return False
        try:
            with self.env.cr.savepoint(), mute_logger(sql_db.__name__):
                wanting._make_documents_at_once()
        except psycopg2.OperationalError:
            raise
        except Exception:  # noqa: BLE001 - any document may fail: each by itself then.
            _logger.info("PDF files could not be made in one go", exc_info=True)
            return False
        return True

    @api.model
    def _claim_ahead(self, delivery, run):
        """Lock the next emails of a sending, as far as others do not have them.

        Half of what is due is left to the other lanes: otherwise the last ones would
        wait for this lane, with nothing to do for the others.

        :param account.move.portal.delivery delivery: The first.
        :param LaneRun run: What the run knows.
        :rtype: account.move.portal.delivery
        """
        deliveries = self.env["account.move.portal.delivery"]
        query = self._get_due_query(run)
        query.add_where(
            SQL(
                "account_move_portal_delivery.batch_id = %s"
                " AND account_move_portal_delivery.move_id NOT IN %s",
                delivery.batch_id.id,
                tuple(run.prepared) or (0,),
            )
        )
        first, most = DOCUMENTS_AT_ONCE
        half = (self._count_due(run) + 1) // 2
        # But no fewer than the first ones: to start it for each of the last would take
        # longer than to wait for them.
        query.limit = min(max(first, 2 * len(run.prepared)), most, max(first, half))
        self.env.cr.execute(
            SQL(
                "%s FOR NO KEY UPDATE OF account_move_portal_delivery SKIP LOCKED",
                query.select(),
            ),
            log_exceptions=False,
        )
        return delivery | deliveries.browse(row[0] for row in self.env.cr.fetchall())

    @api.model
    def _tell_progress(self, run, is_last=False):
        """Tell those who look on how far sendings have got, not too often.

        :param LaneRun run: What the run knows.
        :param bool is_last: Whether the run is over: the last of all lanes to be so
            sees that a sending is done.
        """
        now = time.monotonic()
        if not is_last and now - run.told < PROGRESS_SECONDS:
            return
        run.told = now
        # To see what other lanes have committed.
        self.env["account.move.portal.delivery"]._commit()
        batches = self.env["account.move.portal.batch"].browse(run.batch_ids - {False})
        for batch in batches.exists():
            if batch.origin == "window" or batch.done_on:
                continue
            try:
                with mute_logger(sql_db.__name__):
                    batch._conclude()
                    batch._notify_progress()
                    self.env["account.move.portal.delivery"]._commit()
            except psycopg2.OperationalError:
                self._rollback()  # Another lane has said so.
