import hashlib
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..visitor import grading
from .base_automation_portal_summary import VIEWED

# Views of one link from one network and one kind of device within this time are one
# person's: two tabs, a page that is loaded again.
SAME_VISIT_MINUTES = 30
# The database's time, which all servers share; the ORM's `cr.now()` is a query more.
CLOCK = SQL("clock_timestamp() AT TIME ZONE 'UTC'")
ACTIONS = ("downloaded", "printed", "pay_opened")


class AccountMovePortalEventRecord(models.AbstractModel):
    """How events come to be: each in one statement, decided by the database."""

    _name = "account.move.portal.event.record"
    _description = "Invoice Portal Event: recording"

    @api.model
    def _record_visit(self, link_sudo, visitor, reason=None, **request):
        """Record that the invoice page was requested.

        :param account.move.portal.link link_sudo: The door, in sudo mode.
        :param str visitor: What the request looks like: a value of `visitor`.
        :param str reason: Why: a value of `reason`.
        :param dict request: What else is kept of it: `network`, `device`.
        :return: The event of kind *opened*.
        :rtype: account.move.portal.event
        """
        return self._record(link_sudo, "opened", visitor, reason=reason, **request)

    @api.model
    def _record(self, link_sudo, kind, visitor, **values):
        """Record what happened at a door.

        :param account.move.portal.link link_sudo: The door, in sudo mode.
        :param str kind: What happened.
        :param str visitor: Who did it: a value of `visitor`.
        :param dict values: The event's other values.
        :return: The event, in sudo mode.
        :rtype: account.move.portal.event
        """
        # In sudo mode because visitors have no rights on events.
        return self.sudo()._insert(
            {
                "link_id": link_sudo.id,
                "move_id": link_sudo.move_id.id,
                "kind": kind,
                "visitor": visitor,
                **values,
            }
        )

    @api.model
    def _record_view(self, link_sudo, visit_id, proof, report):
        """Record that a person looks at the page of a visit, if one does.

        Done at most once per visit. What rules want to hear of it is queued.

        :param account.move.portal.link link_sudo: The door, in sudo mode.
        :param int visit_id: The id of the visit's *opened* event.
        :param str proof: The proof that the visit's page was given.
        :param grading.Report report: What says that somebody looks.
        :return: The event: of kind *viewed*, or *dismissed*; empty if there is none to
            record.
        :rtype: account.move.portal.event
        """
        visit_sudo = self._find_visit(link_sudo, visit_id, proof)
        if not visit_sudo:
            return visit_sudo
        if doubt := visit_sudo._find_doubt(report):
            return visit_sudo._follow_up("dismissed", "machine", reason=doubt)
        return visit_sudo._record_person(report.how)

    def _record_person(self, reason):
        """Record that a person looks at the page of this visit.

        Note: `self.ensure_one()`

        :param str reason: What proves it: a value of `reason`.
        :return: The event of kind *viewed*; empty if there was one already.
        :rtype: account.move.portal.event
        """
        view_sudo = self._follow_up(
            "viewed", "person", reason=reason, **self._get_view_flags()
        )
        if view_sudo:
            self.env["base.automation"]._queue_portal_notifications(
                VIEWED, view_sudo.move_id, event_id=view_sudo.id
            )
        return view_sudo

    @api.model
    def _record_action(self, link_sudo, kind, visit_id, proof, has_script=False):
        """Record that one of a page's buttons was used.

        Where the page runs no script, this is what proves a person; where it runs one,
        the script tells by itself, and knows more.

        :param account.move.portal.link link_sudo: The door, in sudo mode.
        :param str kind: What was done.
        :param int visit_id: The page's visit, as far as it tells one.
        :param str proof: The proof that the visit's page was given.
        :param bool has_script: Whether the page's script was at work.
        :return: The visit of the page that proved to be the origin; or empty.
        :rtype: account.move.portal.event
        """
        visit_sudo = self._find_visit(link_sudo, visit_id, proof)
        if not visit_sudo:
            return visit_sudo
        if has_script:
            visit_sudo._follow_up(kind, "unproven", reason="action")
            return visit_sudo
        doubt = visit_sudo._find_doubt(
            grading.Report("action", pressed=visit_sudo._count_actions() + 1)
        )
        if not doubt:
            visit_sudo._follow_up(kind, "person", reason="action")
            visit_sudo._record_person("action")
            return visit_sudo
        # A person's after all, if the visit turns out to be one's.
        is_passing = doubt in grading.PASSING_DOUBTS
        visit_sudo._follow_up(
            kind, "unproven" if is_passing else "machine", reason=doubt
        )
        visit_sudo._follow_up("dismissed", "machine", reason=doubt)
        return visit_sudo

    def _count_actions(self, seconds=None):
        """Return how many different buttons of this visit's page were used.

        Note: `self.ensure_one()`

        :param int seconds: In that time after the page was requested; ever if None.
        :rtype: int
        """
        domain = [("visit_id", "=", self.id), ("kind", "in", ACTIONS)]
        if seconds is not None:
            before = self.create_date + timedelta(seconds=seconds)
            domain.append(("create_date", "<", before))
        return self.search_count(domain)

    @api.model
    def _record_sent(self, link_sudo, message_id, document=None):
        """Record that a mail with the link was handed over to the mail server.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str message_id: The mail's Message-Id.
        :param bytes document: The PDF that went with it, if one did.
        :rtype: account.move.portal.event
        """
        return self._record(
            link_sudo,
            "sent",
            "staff",
            message_id=message_id,
            document_sha256=hashlib.sha256(document).hexdigest() if document else None,
        )

    @api.model
    def _record_payment(self, link_sudo, kind, transaction):
        """Record what came of a payment through a link, once.

        Who pays has seen the invoice: where no visit was taken for a person's yet, the
        last one is now.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str kind: `paid`, `payment_failed`, `payment_returned` or
            `payment_disputed`.
        :param payment.transaction transaction: The payment.
        """
        known = self.sudo().search_count(
            [
                ("link_id", "=", link_sudo.id),
                ("transaction_id", "=", transaction.id),
                ("kind", "=", kind),
            ]
        )
        if known:
            return
        self._record(link_sudo, kind, "person", transaction_id=transaction.id)
        if kind != "paid" or link_sudo.audience == "internal" or link_sudo.view_count:
            return
        # In sudo mode because the payment is nobody's who has rights on events.
        visit_sudo = self.sudo().search(
            [
                ("link_id", "=", link_sudo.id),
                ("kind", "=", "opened"),
                ("visitor", "=", "unproven"),
            ],
            limit=1,
        )
        if visit_sudo:
            visit_sudo._record_person("payment")

    def _get_view_flags(self):
        """Return what a view of this visit is the first of, as far as can be seen.

        What cannot be seen yet, because another transaction is just writing it, the
        unique indexes refuse; the request is then run again, and sees it.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        now = fields.Datetime.now()
        same_place = [
            ("link_id", "=", self.link_id.id),
            ("kind", "=", "viewed"),
            ("network", "=", self.network),
            ("device", "=", self.device),
        ]
        since = now - timedelta(minutes=SAME_VISIT_MINUTES)
        past = self.move_id.portal_link_ids.filtered("past_view_count")
        return {
            "is_first_view": not past
            and not self.search_count(
                [("move_id", "=", self.move_id.id), ("is_first_view", "=", True)],
                limit=1,
            ),
            "is_first_of_link": self.link_id not in past
            and not self.search_count(
                [("link_id", "=", self.link_id.id), ("is_first_of_link", "=", True)],
                limit=1,
            ),
            "is_repeated": bool(
                self.network
                and self.search_count(
                    [*same_place, ("create_date", ">", since)], limit=1
                )
            ),
            "period": (
                int(now.timestamp()) // (SAME_VISIT_MINUTES * 60)
                if self.network
                else None
            ),
        }

    def _follow_up(self, kind, visitor, **values):
        """Insert what follows from this visit, unless it has been before.

        Note: `self.ensure_one()`

        :param str kind: The kind of the event to insert.
        :param str visitor: Who did it.
        :param dict values: The event's other values.
        :return: The new event; empty if the visit has one of this kind already.
        :rtype: account.move.portal.event
        """
        self.ensure_one()
        return self._insert(
            {
                "link_id": self.link_id.id,
                "move_id": self.move_id.id,
                "kind": kind,
                "visitor": visitor,
                "network": self.network or None,
                "device": self.device or None,
                "visit_id": self.id,
                **values,
            }
        )

    @api.model
    def _get_clock(self):
        """Return the time by which events are dated.

        :rtype: datetime.datetime
        """
        [[now]] = self.env.execute_query(SQL("SELECT %s", CLOCK))
        return now

    @api.model
    def _insert(self, values):
        """Insert an event, unless an index says that it was inserted before.

        In SQL because the ORM has no insertion that gives way on a conflict, and takes
        three times as long for one that is made at each visit.

        :param dict values: The event's values, as the database keeps them: `None` for
            nothing.
        :return: The new event; empty if there was one already.
        :rtype: account.move.portal.event
        """
        row = {
            **values,
            **{"create_uid": self.env.uid, "create_date": CLOCK},
            **{"write_uid": self.env.uid, "write_date": CLOCK},
        }
        inserted = self.env.execute_query(
            SQL(
                "INSERT INTO %s (%s) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id",
                SQL.identifier(self._table),
                SQL(", ").join(map(SQL.identifier, row)),
                SQL(", ").join(SQL("%s", value) for value in row.values()),
            )
        )
        self.env["account.move.portal.link"].browse(
            values["link_id"]
        ).invalidate_recordset(["event_ids"])
        event = self.browse(inserted and inserted[0][0])
        if event:
            event._update_cache(values, validate=False)  # The page reads it at once.
        return event
