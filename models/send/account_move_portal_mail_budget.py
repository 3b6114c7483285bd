from contextlib import contextmanager, suppress
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import MissingError
from odoo.tools import SQL
from odoo.tools import config as odoo_config

from ...tools import smtp_limits, sql

#: How long nothing is given to a mail server that takes nothing, in minutes: by how
#: often that was in a row. After the last, people are asked.
HOLD_MINUTES = (1, 5, 15, 30, 60, 120)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
#: Moments are kept in whole seconds.
RESOLUTION = timedelta(seconds=1)


class AccountMovePortalMailBudget(models.Model):
    """What a mail server takes in a minute and a day, and how much of it is left.

    All lanes on all hosts ask the same row, and wait for each other there; but never
    while an email is made or handed over.
    """

    _name = "account.move.portal.mail.budget"
    _description = "Invoice Portal Email Limit"
    _rec_name = "mail_server_id"

    mail_server_id = fields.Many2one(
        comodel_name="ir.mail_server",
        string="Mail server",
        help="If empty, the server in Odoo's configuration file.",
        readonly=True,
        ondelete="cascade",
    )
    minute_limit = fields.Integer(string="Emails per minute", help="0 means no limit.")
    day_limit = fields.Integer(
        string="Emails per day",
        help="In any 24 hours. 0 means no limit.",
    )
    reserve = fields.Integer(
        string="Reserved for other emails (%)",
        help="The share of the limits that mass sending leaves for other emails.",
        default=20,
    )
    held_until = fields.Datetime(
        help="Not used before this time, because it accepted no emails.", readonly=True
    )
    hold_count = fields.Integer(
        help="How many times in a row it accepted no emails.", readonly=True
    )
    hold_reason = fields.Char(string="Why it is not used", readonly=True)
    permit_ids = fields.One2many(
        comodel_name="account.move.portal.mail.permit",
        inverse_name="budget_id",
        readonly=True,
    )
    _once_per_server = models.UniqueIndex("(COALESCE(mail_server_id, 0))")
    _limits_not_negative = models.Constraint(
        "CHECK (minute_limit >= 0 AND day_limit >= 0)",
        "An email limit must be 0 or more. 0 means no limit.",
    )
    _reserve_is_share = models.Constraint(
        "CHECK (reserve BETWEEN 0 AND 90)",
        "The share reserved for other emails must be between 0 and 90 percent.",
    )

    # === COMPUTE METHODS === #

    @api.depends("mail_server_id")
    def _compute_display_name(self):
        for budget in self:
            budget.display_name = budget.mail_server_id.display_name or self.env._(
                "Mail server of the configuration file"
            )

    # === BUSINESS METHODS === #

    @api.model
    def _get_for(self, server):
        """Return the row of a mail server; it is made if there is none yet.

        :param ir.mail_server server: The server; empty for that of the configuration.
        :rtype: account.move.portal.mail.budget
        """
        domain = [("mail_server_id", "=", server.id)]
        if budget := self.search(domain, limit=1):
            return budget
        minute_limit, day_limit = self._get_known_limits(server)
        with self._own_transaction() as budgets:
            # Another lane may make it at this moment.
            sql.insert_unless_exists(
                budgets.env.cr,
                self._table,
                {
                    "mail_server_id": server.id or None,
                    "minute_limit": minute_limit,
                    "day_limit": day_limit,
                    "reserve": self.default_get(["reserve"])["reserve"],
                    "hold_count": 0,
                },
            )
            row = budgets.search(domain, limit=1)
        return self.browse(row.id)

    @api.model
    def _find_for(self, server):
        """Return the row of a mail server, to be read; none is made.

        :param ir.mail_server server: The server; empty for that of the configuration.
        :return: The row, or a new record of what it would be.
        :rtype: account.move.portal.mail.budget
        """
        budget = self.search([("mail_server_id", "=", server.id)], limit=1)
        minute_limit, day_limit = self._get_known_limits(server)
        return budget or self.new(
            {"minute_limit": minute_limit, "day_limit": day_limit}
        )

    @api.model
    def _get_known_limits(self, server):
        """Return what a mail server is known to take.

        :param ir.mail_server server: The server; empty for that of the configuration.
        :return: Emails in a minute and in a day, 0 where no limit is known.
        :rtype: tuple[int, int]
        """
        host = server.smtp_host if server else odoo_config["smtp_server"]
        return smtp_limits.get_limits(host)

    @contextmanager
    def _own_transaction(self):
        """Give what is done the moment of its own, in which it is for all to see.

        In tests, which end without a commit, it is theirs.

        :return: These records there.
        """
        if not sql.can_commit():
            yield self
            return
        with self.env.registry.cursor() as cr:
            # Whoever waits for the row sees then what was done meanwhile.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            yield self.with_env(self.env(cr=cr))

    def _lock(self):
        """Wait for this row, and see it as it is then."""
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE id = %s FOR NO KEY UPDATE",
                SQL.identifier(self._table),
                self.id,
            )
        )
        self.invalidate_recordset()

    def _get_limit(self, limit, is_urgent):
        """Return how much of a limit may be used.

        :param int limit: The limit.
        :param bool is_urgent: Whether by an email that someone waits for.
        :rtype: int
        """
        return limit if is_urgent else max(1, limit * (100 - self.reserve) // 100)

    def _take_permit(self, is_urgent=False):
        """Take one of the emails that the server takes, if there is one left.

        :param bool is_urgent: Whether someone waits for the email: it may have what
            mass sending leaves.
        :return: When to ask again, in UTC; None if the email may go now.
        :rtype: datetime.datetime | None
        """
        self.ensure_one()
        now = fields.Datetime.now()
        with suppress(MissingError):  # It was made when this transaction had begun.
            if not (self.minute_limit or self.day_limit or self.held_until):
                return None
        # What this transaction sees may be from before the row was made, or changed.
        with self._own_transaction() as budget:
            if budget.held_until and budget.held_until > now and not is_urgent:
                return budget.held_until
            if not (budget.minute_limit or budget.day_limit):
                return None
            budget._lock()
            waits = [
                budget._get_full_until(limit, period, is_urgent, now)
                for limit, period in (
                    (budget.minute_limit, MINUTE),
                    (budget.day_limit, DAY),
                )
                if limit
            ]
            if until := max(filter(None, waits), default=None):
                return until
            budget.env["account.move.portal.mail.permit"].create(
                {"budget_id": budget.id, "taken_on": now}
            )
        return None

    def _get_full_until(self, limit, period, is_urgent, now):
        """Return until when a limit is used up.

        :param int limit: Emails in a period.
        :param datetime.timedelta period: The period, which ends at any moment.
        :param bool is_urgent: Whether all of it may be used.
        :param datetime.datetime now: The moment, in UTC.
        :return: The first moment at which there is one left; None if there is now.
        :rtype: datetime.datetime | None
        """
        period += RESOLUTION
        # If so many were taken within the period, the oldest of them has to leave it.
        oldest = self.env["account.move.portal.mail.permit"].search(
            [("budget_id", "=", self.id), ("taken_on", ">", now - period)],
            order="taken_on DESC, id DESC",
            offset=self._get_limit(limit, is_urgent) - 1,
            limit=1,
        )
        return oldest.taken_on + period if oldest else None

    def _hold(self, reason):
        """Give nothing to a server that takes nothing for a while, longer each time.

        :param str reason: Why, in plain words.
        :return: Until when, in UTC; None if it is for people to look at now.
        :rtype: datetime.datetime | None
        """
        self.ensure_one()
        now = fields.Datetime.now()
        with self._own_transaction() as budget:
            budget._lock()
            if budget.held_until and budget.held_until > now:
                return budget.held_until  # Another lane was told so, too.
            if budget.hold_count >= len(HOLD_MINUTES):
                budget._release()
                return None
            pause = timedelta(minutes=HOLD_MINUTES[budget.hold_count])
            budget.write(
                {
                    "held_until": now + pause,
                    "hold_count": budget.hold_count + 1,
                    "hold_reason": reason,
                }
            )
            budget.env.flush_all()
            until = budget.held_until
        self.invalidate_recordset()
        return until

    def _release(self):
        """Use a server again: it has taken an email, or someone says so."""
        held = self.filtered("hold_count")
        held.write({"held_until": False, "hold_count": 0, "hold_reason": False})

    def action_release(self):
        """Try the server again now."""
        self._release()
        self.env["account.move.portal.delivery"]._wake_queue()

    # === BUSINESS METHODS - WHAT IT WILL TAKE === #

    def _estimate_end(self, count, start):
        """Return when so many emails will have been sent, by the limits alone.

        :param int count: How many.
        :param datetime.datetime start: When the first is sent, in UTC.
        :return: The moment, in UTC; `start` where there is no limit.
        :rtype: datetime.datetime
        """
        self.ensure_one()
        ends = [start]
        for limit, period in ((self.minute_limit, MINUTE), (self.day_limit, DAY)):
            if limit and count:
                allowed = self._get_limit(limit, is_urgent=False)
                used = self.env["account.move.portal.mail.permit"].search_count(
                    [("budget_id", "in", self.ids), ("taken_on", ">", start - period)]
                )
                ends.append(start + period * ((used + count - 1) // allowed))
        return max(ends)


class AccountMovePortalMailPermit(models.Model):
    """One email that counts towards the limits of a mail server."""

    _name = "account.move.portal.mail.permit"
    _description = "Invoice Portal Email Counted"
    _log_access = False
    _order = "taken_on desc, id desc"

    budget_id = fields.Many2one(
        comodel_name="account.move.portal.mail.budget",
        required=True,
        ondelete="cascade",
    )
    taken_on = fields.Datetime(required=True)
    _by_moment = models.Index("(budget_id, taken_on DESC)")

    @api.autovacuum
    def _gc_permits(self):
        """Remove what counts no more."""
        before = fields.Datetime.now() - 2 * DAY
        self.search([("taken_on", "<", before)], limit=50000).unlink()
