import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg2

from odoo import api, fields, models, sql_db
from odoo.tools import SQL, mute_logger

from ...tools import sql
from ...tools.smtp_connections import Connections

_logger = logging.getLogger(__name__)
#: For how many invoices the PDF files are made in one go.
DOCUMENTS_AT_ONCE = 20
#: How often an email is begun anew because others changed its invoice meanwhile.
MAX_COLLISIONS = 5
#: Seconds between two messages on how far a sending has got.
PROGRESS_SECONDS = 1


@dataclass
class LaneRun:
    """What one run of a lane knows.

    :param Connections connections: To mail servers.
    :param dict held: Sendings whose mail server takes nothing, until when, by id.
    :param set prepared: Invoices of which this run has tried to make the documents.
    :param dict collisions: How often an email was begun, by id.
    :param dict told: When it was told how far a sending has got, by id.
    :param ir.mail_server server: The mail server that was used last.
    """

    connections: Connections = field(default_factory=Connections)
    held: dict[int, datetime] = field(default_factory=dict)
    prepared: set[int] = field(default_factory=set)
    collisions: dict[int, int] = field(default_factory=dict)
    told: dict[int, float] = field(default_factory=dict)
    server: object = None


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
    def _run(self):
        """Send what is due, email by email, until the time is up."""
        self._recover()
        run = LaneRun()
        try:
            while delivery := self._claim_next(run):
                self._process(delivery, run)
                if not self._commit_done(1):
                    # Core goes on as soon as others had their turn.
                    self._commit_done(0, self._count_due(run))
                    break
        finally:
            run.connections.close()
        if run.held:
            self.env["account.move.portal.delivery"]._wake_queue(
                at=min(run.held.values())
            )

    @api.model
    def _recover(self):
        """Look after what broke off; another lane may do so at the same time."""
        try:
            with mute_logger(sql_db.__name__):
                self.env["account.move.portal.delivery"]._recover_abandoned()
                self.env.flush_all()
        except psycopg2.OperationalError:
            self._rollback()

    @api.model
    def _commit_done(self, processed, remaining=None):
        """Commit, and tell the scheduler.

        :param int processed: How many emails were dealt with.
        :param int|None remaining: How many are still due; None if that is as it was.
        :return: How many seconds are left; 0 to stop.
        :rtype: float
        """
        if not sql.can_commit():
            self.env.flush_all()
            return float("inf")
        return self.env["ir.cron"]._commit_progress(processed, remaining=remaining)

    @api.model
    def _rollback(self):
        """Undo what an email that collided with others has begun."""
        if sql.can_commit():
            self.env.cr.rollback()

    @api.model
    def _get_due_query(self, run):
        """Return the query of what is due for this run.

        What somebody waits for goes first, then sendings in their order, and in them
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
        return len(self._get_due_query(run))

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

    # === BUSINESS METHODS - ONE EMAIL === #

    @api.model
    def _process(self, delivery, run):
        """Send an email, whatever comes of it.

        :param account.move.portal.delivery delivery: The email, locked.
        :param LaneRun run: What the run knows.
        """
        batch_id = delivery.batch_id.id
        try:
            # That somebody else was first is no error.
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
        self._tell_progress(batch_id, run)

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
        if not delivery.is_mass or delivery.move_id.id in run.prepared:
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
        query.limit = DOCUMENTS_AT_ONCE
        self.env.cr.execute(
            SQL(
                "%s FOR NO KEY UPDATE OF account_move_portal_delivery SKIP LOCKED",
                query.select(),
            ),
            log_exceptions=False,
        )
        return delivery | deliveries.browse(row[0] for row in self.env.cr.fetchall())

    @api.model
    def _tell_progress(self, batch_id, run):
        """Tell those who look on how far a sending has got, not too often.

        :param int|bool batch_id: The id of the sending.
        :param LaneRun run: What the run knows.
        """
        batch = self.env["account.move.portal.batch"].browse(batch_id or [])
        if not batch or batch.origin == "window":
            return
        now = time.monotonic()
        # To see what other lanes have committed: one of them sees that all is done.
        self.env["account.move.portal.delivery"]._commit()
        try:
            with mute_logger(sql_db.__name__):
                is_done = batch._conclude()
                if is_done or now - run.told.get(batch.id, 0) >= PROGRESS_SECONDS:
                    run.told[batch.id] = now
                    batch._notify_progress()
                self.env.flush_all()
        except psycopg2.OperationalError:
            self._rollback()  # Another lane has said so.
