from collections import defaultdict
from datetime import date, timedelta
from math import ceil
from typing import NamedTuple

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ...tools import sql

#: How many open invoices are decided on at a time, so that memory stays flat.
CHUNK_SIZE = 25000
#: How many emails of reminders are written at a time.
QUEUE_SIZE = 1000
#: How many days ahead reminders are foreseen.
FORECAST_DAYS = 30
#: What a reminder is when its email is something.
STATES = {
    "waiting": "waiting",
    "sending": "waiting",
    "sent": "sent",
    "refused": "failed",
    "uncertain": "uncertain",
    "skipped": "held",
    "cancelled": "cancelled",
}


class Step(NamedTuple):
    """One rule, for one recipient of one invoice.

    :param int rule_id: The rule.
    :param int move_id: The invoice.
    :param int link_id: The recipient's link.
    :param str email: The recipient.
    :param datetime.date anchor: The day on which the step is due.
    :param datetime.date|None valid_until: The last day on which it is true.
    :param datetime.date|None due: When the invoice is due.
    :param int count: How many reminders of the invoice the recipient got.
    :param datetime.date|None last_due: The day of the last step of them.
    :param datetime.date|None last_day: When the recipient last got any reminder.
    """

    rule_id: int
    move_id: int
    link_id: int
    email: str
    anchor: date
    valid_until: date | None
    due: date | None
    count: int
    last_due: date | None
    last_day: date | None


class AccountMovePortalReminder(models.Model):
    """That a recipient is reminded of an invoice by a rule, or is not and why.

    There is one row for a rule, an invoice and a recipient: nobody is sent the same
    step twice. Its email is a delivery, which is decided on once more when it leaves.
    """

    _name = "account.move.portal.reminder"
    _description = "Invoice Portal Reminder"
    _order = "decided_on desc, id desc"
    _rec_name = "email"

    rule_id = fields.Many2one(
        comodel_name="account.move.portal.reminder.rule",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(related="move_id.commercial_partner_id")
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    email = fields.Char(string="Recipient", required=True, readonly=True)
    due_on = fields.Date(
        string="Due", help="The day on which the step was due.", readonly=True
    )
    decided_on = fields.Datetime(string="Decided", required=True, readonly=True)
    sent_on = fields.Datetime(string="Sent", readonly=True)
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("sent", "Sent"),
            ("held", "Held"),
            ("failed", "Not delivered"),
            ("uncertain", "Uncertain"),
            ("cancelled", "Cancelled"),
        ],
        help="A held reminder is decided again once nothing holds it.",
        required=True,
        readonly=True,
    )
    reason = fields.Char(string="Why not", readonly=True)

    # Each further index takes its time when thousands are decided on.
    _once = models.UniqueIndex("(rule_id, move_id, email)")
    _waiting = models.Index("(id) WHERE state = 'waiting'")
    _by_recipient = models.Index("(company_id, email) WHERE state != 'held'")

    # === BUSINESS METHODS - DECIDING === #

    @api.model
    def _run(self):
        """Decide which reminders go out now, company by company, and queue them."""
        rules = self.env["account.move.portal.reminder.rule"].search(
            [("is_on", "=", True)]
        )
        for company in rules.company_id:
            self._decide(company)
            if sql.can_commit():
                self.env["ir.cron"]._commit_progress(1)
        self._queue_emails()

    @api.model
    def _decide(self, company):
        """Decide which reminders of a company go out now.

        :param res.company company: The company.
        :return: How many do.
        :rtype: int
        """
        now = fields.Datetime.now()
        rules = self.env["account.move.portal.reminder.rule"].search(
            [("is_on", "=", True), ("company_id", "=", company.id)]
        )
        openings = rules._get_next_openings(now)
        open_ids = {rule_id for rule_id, moment in openings.items() if moment == now}
        # Two at a time would each send a recipient another invoice's.
        [[is_mine]] = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext(%s), %s)",
                self._table,
                company.id,
            )
        )
        if not open_ids or not is_mine:
            return 0
        try:
            with self.env.cr.savepoint():
                count = self._write_decisions(rules, open_ids, now)
        except SerializationFailure:
            # Someone else has decided since this transaction began to read.
            return 0
        return count

    @api.model
    def _write_decisions(self, rules, open_ids, now):
        """Decide which reminders go out now, and note it.

        :param account.move.portal.reminder.rule rules: The rules, of one company.
        :param set open_ids: The ids of those whose hours it is.
        :param datetime.datetime now: The moment, in UTC.
        :return: How many go out.
        :rtype: int
        """
        company, count = rules.company_id, 0
        today = company._get_portal_day(now)
        self.env.flush_all()
        for part in self._get_parts(company):
            steps = self._find_newest(rules, today, part)
            chosen, held = self._choose(
                [step for step in steps if step.rule_id in open_ids], rules, today
            )
            self._write_held(company, held, now)
            count += self._write_chosen(company, chosen, now)
            self.env.invalidate_all(flush=False)
        return count

    @api.model
    def _get_parts(self, company):
        """Return in which parts the open invoices of a company are decided on.

        All of a recipient's are in the same part.

        :param res.company company: The company.
        :return: Conditions on the link.
        :rtype: list[SQL]
        """
        [[count]] = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*) FROM account_move
                 WHERE company_id = %s AND move_type = 'out_invoice'
                   AND state = 'posted' AND payment_state IN ('not_paid', 'partial')
                """,
                company.id,
            )
        )
        parts = ceil(count / CHUNK_SIZE)
        return [
            SQL("MOD(ABS(HASHTEXT(link.email)::bigint), %s) = %s", parts, number)
            for number in range(parts)
        ]

    @api.model
    def _get_candidates_query(self, company, condition):
        """Return the query of who can be reminded of which open invoice.

        That is who got it as the one that it is for, and can still open it.

        :param res.company company: The company.
        :param SQL condition: Which of the links.
        :return: A query named `candidate` by its readers.
        :rtype: SQL
        """
        return SQL(
            """
            SELECT move.id AS move_id, move.commercial_partner_id AS partner_id,
                   move.amount_residual_signed AS balance, link.id AS link_id,
                   link.email,
                   (link.sent_on AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date
                       AS sent,
                   link.past_first_viewed_on IS NOT NULL AS was_viewed
              FROM account_move move
              JOIN account_move_portal_link link ON link.move_id = move.id
             WHERE move.company_id = %(company)s AND move.move_type = 'out_invoice'
               AND move.state = 'posted'
               AND move.payment_state IN ('not_paid', 'partial')
               AND link.audience = 'customer' AND link.role = 'to'
               AND link.sent_on IS NOT NULL AND link.revoked_on IS NULL
               AND (link.expires_on IS NULL OR link.expires_on > %(now)s)
               AND NOT EXISTS (
                       SELECT FROM account_move_portal_reminder_decline decline
                        WHERE decline.company_id = %(company)s AND decline.active
                          AND decline.email = link.email)
               AND %(condition)s
            """,
            company=company.id,
            zone=company._get_portal_timezone(),
            now=fields.Datetime.now(),
            condition=condition,
        )

    @api.model
    def _get_facts_queries(self, company):
        """Return the queries of what decides on those who can be reminded.

        An invoice with installments is due with the first that is open. Each reads no
        more than `candidate` asks for: that is one of them when an email leaves.

        :param res.company company: The company.
        :return: The queries by their names.
        :rtype: dict[str, SQL]
        """
        promises = SQL(
            "hold.reason = 'promised' AND hold.released_on IS NULL"
            " AND hold.company_id = %s",
            company.id,
        )
        return {
            "terms": SQL(
                """
                SELECT move_id, MIN(date_maturity) AS due
                  FROM account_move_line
                 WHERE move_id IN (SELECT move_id FROM candidate)
                   AND display_type = 'payment_term' AND NOT reconciled
                   AND parent_state = 'posted'
                 GROUP BY move_id
                """
            ),
            "promise": SQL(
                """
                SELECT move_id, MAX(until) AS until
                  FROM account_move_portal_hold hold WHERE %s GROUP BY move_id
                """,
                promises,
            ),
            "general": SQL(
                """
                SELECT partner_id, MAX(until) AS until
                  FROM account_move_portal_hold hold WHERE %s GROUP BY partner_id
                """,
                promises,
            ),
            "past": SQL(
                """
                SELECT move_id, email, COUNT(*) AS count, MAX(due_on) AS last_due
                  FROM account_move_portal_reminder
                 WHERE state != 'held' AND move_id IN (SELECT move_id FROM candidate)
                 GROUP BY move_id, email
                """
            ),
            "last": SQL(
                """
                SELECT email, (MAX(COALESCE(sent_on, decided_on))
                              AT TIME ZONE 'UTC' AT TIME ZONE %s)::date AS last_day
                  FROM account_move_portal_reminder
                 WHERE state != 'held' AND company_id = %s
                   AND email IN (SELECT email FROM candidate)
                 GROUP BY email
                """,
                company._get_portal_timezone(),
                company.id,
            ),
        }

    @api.model
    def _get_steps_query(self, rules, condition, is_repeated=False):
        """Return the query of all that some rules have to say, whenever.

        :param account.move.portal.reminder.rule rules: The rules, of one company.
        :param SQL condition: Which of the links.
        :param bool is_repeated: Whether also what was decided already.
        :return: A query of the columns of `Step`.
        :rtype: SQL
        """
        company = rules.company_id
        facts = self._get_facts_queries(company)
        return SQL(
            """
            WITH candidate AS MATERIALIZED (%(candidates)s), %(facts)s,
            recipient AS (
                SELECT candidate.*, terms.due,
                       GREATEST(promise.until, general.until) AS promised,
                       COALESCE(past.count, 0) AS count, past.last_due, last.last_day
                  FROM candidate
             LEFT JOIN terms ON terms.move_id = candidate.move_id
             LEFT JOIN promise ON promise.move_id = candidate.move_id
             LEFT JOIN general ON general.partner_id = candidate.partner_id
             LEFT JOIN past ON past.move_id = candidate.move_id
                           AND past.email = candidate.email
             LEFT JOIN last ON last.email = candidate.email)
            SELECT rule.id AS rule_id, move_id, link_id, recipient.email, anchor,
                   valid_until, due, count, last_due, last_day
              FROM recipient
        CROSS JOIN account_move_portal_reminder_rule rule
        CROSS JOIN LATERAL (%(anchors)s) step
             WHERE rule.id = ANY(%(rules)s)
               AND balance >= COALESCE(rule.minimum_amount, 0)
               AND anchor >= COALESCE(rule.starts_on, %(today)s)
               AND %(new)s AND %(viewed)s
            """,
            candidates=self._get_candidates_query(company, condition),
            facts=SQL(", ").join(
                SQL("%s AS (%s)", SQL.identifier(name), query)
                for name, query in facts.items()
            ),
            anchors=rules._get_anchors_query(),
            rules=rules.ids,
            today=company._get_portal_day(),
            new=SQL("TRUE") if is_repeated else rules._get_new_condition(),
            viewed=rules._get_viewed_condition(),
        )

    @api.model
    def _find_newest(self, rules, today, condition):
        """Return the newest step that is due for each recipient of each invoice.

        What fell due before it, while nothing was sent, is history.

        :param account.move.portal.reminder.rule rules: The rules, of one company.
        :param datetime.date today: The company's day.
        :param SQL condition: Which of the links.
        :rtype: list[Step]
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (move_id, email) step.* FROM (%s) step
                 WHERE anchor <= %s AND (valid_until IS NULL OR valid_until >= %s)
                 ORDER BY move_id, email, anchor DESC, rule_id DESC
                """,
                self._get_steps_query(rules, condition),
                *(today, today),
            )
        )
        return [Step(*row) for row in rows]

    @api.model
    def _choose(self, steps, rules, today):
        """Choose of steps that are due those that go out, one for each recipient.

        Of several invoices it is one that the recipient was reminded of less often, and
        of these the one that is longest due.

        :param list[Step] steps: The newest of each recipient and invoice.
        :param account.move.portal.reminder.rule rules: Their rules.
        :param datetime.date today: The company's day.
        :return: The steps that go out, and pairs of a step that does not and why.
        :rtype: tuple[list[Step], list[tuple]]
        """
        limits = {
            rule.id: (rule.max_per_invoice, timedelta(days=rule.min_days_between))
            for rule in rules
        }
        wanted = [
            step for step in steps if _is_within(step, today, *limits[step.rule_id])
        ]
        moves = self.env["account.move"].browse(
            dict.fromkeys(step.move_id for step in wanted)
        )
        reasons = self.env["account.move.portal.hold"]._get_reasons(moves)
        chosen, held = {}, []
        for step in sorted(wanted, key=_get_order):
            if reason := reasons[step.move_id]:
                held.append((step, reason[0].text))
            else:
                chosen.setdefault(step.email, step)
        return list(chosen.values()), held

    @api.model
    def _write_held(self, company, held, now):
        """Note which steps do not go out, and why, as far as that is new.

        :param res.company company: The company.
        :param list[tuple] held: Pairs of a step and the reason.
        :param datetime.datetime now: The moment, in UTC.
        """
        self._insert(company, [step for step, _reason in held], now, "held", held)

    @api.model
    def _insert(self, company, steps, now, state, reasons=()):
        """Write the rows of steps; a row that was held is used again.

        :param res.company company: The company.
        :param list[Step] steps: The steps.
        :param datetime.datetime now: The moment, in UTC.
        :param str state: What they are now.
        :param list[tuple] reasons: Why, in the order of the steps.
        :return: The ids of those that are new, or are something else now.
        :rtype: list[int]
        """
        if not steps:
            return []
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO account_move_portal_reminder AS known (
                       rule_id, move_id, link_id, email, due_on, reason, company_id,
                       state, decided_on, create_date, write_date)
                SELECT step.rule_id, link.move_id, link.id, link.email, step.due_on,
                       step.reason, %(company)s, %(state)s, %(now)s, %(now)s, %(now)s
                  FROM UNNEST(%(rules)s, %(links)s, %(days)s::date[],
                              %(reasons)s::text[])
                       step (rule_id, link_id, due_on, reason)
                  JOIN account_move_portal_link link ON link.id = step.link_id
                    ON CONFLICT (rule_id, move_id, email) DO UPDATE
                   SET state = EXCLUDED.state, reason = EXCLUDED.reason,
                       link_id = EXCLUDED.link_id, due_on = EXCLUDED.due_on,
                       decided_on = EXCLUDED.decided_on,
                       write_date = EXCLUDED.write_date
                 WHERE known.state = 'held'
                   AND (EXCLUDED.state != 'held'
                        OR EXCLUDED.reason IS DISTINCT FROM known.reason)
             RETURNING id
                """,
                company=company.id,
                state=state,
                now=now,
                rules=sql.make_array(step.rule_id for step in steps),
                links=sql.make_array(step.link_id for step in steps),
                days=f"{{{','.join(str(step.anchor) for step in steps)}}}",
                reasons=[reason for _step, reason in reasons],
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _write_chosen(self, company, chosen, now):
        """Note which steps go out.

        :param res.company company: The company.
        :param list[Step] chosen: The steps.
        :param datetime.datetime now: The moment, in UTC.
        :return: How many are new.
        :rtype: int
        """
        return len(self._insert(company, chosen, now, "waiting"))

    # === BUSINESS METHODS - QUEUEING === #

    @api.model
    def _queue_emails(self):
        """Write the emails of the reminders that go out, portion by portion.

        They leave while the next ones are written. What breaks off goes on the next
        time: a reminder waits until it has an email.
        """
        batches = {}
        while rows := self._find_without_email():
            try:
                with self.env.cr.savepoint():
                    for company, ids in rows.items():
                        if company not in batches:
                            batches[company] = self.env[
                                "account.move.portal.batch"
                            ].create({"company_id": company, "origin": "reminder"})
                        self._write_emails(batches[company], ids)
            except UniqueViolation:
                # Someone else has since this transaction began to read.
                break
            self.env["account.move.portal.delivery"]._wake_queue()
            count = sum(map(len, rows.values()))
            if sql.can_commit() and not self.env["ir.cron"]._commit_progress(count):
                break

    @api.model
    def _find_without_email(self):
        """Return some of the reminders that go out and have no email yet.

        :return: Their ids, in the order in which they were decided on, by company.
        :rtype: dict[int, list[int]]
        """
        self.env.flush_all()
        found = defaultdict(list)
        for reminder_id, company_id in self.env.execute_query(
            SQL(
                """
                SELECT reminder.id, reminder.company_id
                  FROM account_move_portal_reminder reminder
                 WHERE reminder.state = 'waiting'
                   AND NOT EXISTS (
                           SELECT FROM account_move_portal_delivery delivery
                            WHERE delivery.reminder_id = reminder.id
                              AND delivery.state IN ('waiting', 'sending'))
                 ORDER BY reminder.id LIMIT %s
                """,
                QUEUE_SIZE,
            )
        ):
            found[company_id].append(reminder_id)
        return found

    @api.model
    def _write_emails(self, batch, ids):
        """Write the emails of reminders, in one statement.

        :param account.move.portal.batch batch: The sending.
        :param list[int] ids: The ids of the reminders, of the same company.
        """
        deliveries = self.env["account.move.portal.delivery"]
        # A Message-Id of core's form, by which answers find the invoice.
        before, after = deliveries._make_message_id(0).split("-openerp-0-")
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                INSERT INTO account_move_portal_delivery (
                       batch_id, reminder_id, move_id, company_id, link_id, email,
                       expected_partner_id, expected_total, formatted, thread_id,
                       message_id, kind, role, state, is_queued, is_mass, sequence,
                       attempts, create_uid, create_date, write_uid, write_date)
                SELECT %(batch)s, reminder.id, move.id, move.company_id,
                       reminder.link_id, reminder.email, move.partner_id,
                       move.amount_total,
                       COALESCE(first.formatted, reminder.email), first.thread_id,
                       %(before)s || reminder.id || '-openerp-' || move.id || '-'
                           || %(after)s,
                       'reminder', 'to', 'waiting', TRUE, TRUE, 0, 0,
                       %(user)s, %(now)s, %(user)s, %(now)s
                  FROM account_move_portal_reminder reminder
                  JOIN account_move move ON move.id = reminder.move_id
     LEFT JOIN LATERAL (SELECT formatted, COALESCE(thread_id, message_id) AS thread_id
                          FROM account_move_portal_delivery delivery
                         WHERE delivery.link_id = reminder.link_id
                           AND delivery.kind = 'invoice' AND delivery.state = 'sent'
                         ORDER BY delivery.id LIMIT 1) first ON TRUE
                 WHERE reminder.id = ANY(%(ids)s)
                RETURNING id
                """,
                batch=batch.id,
                before=before,
                after=after,
                user=self.env.uid,
                now=fields.Datetime.now(),
                ids=ids,
            )
        )
        self.env.invalidate_all(flush=False)

    # === BUSINESS METHODS - DECIDING ONCE MORE === #

    def _find_reason_to_skip(self, delivery):
        """Return why a reminder that was decided on is not to be sent any more.

        :param account.move.portal.delivery delivery: Its email, locked.
        :rtype: str | None
        """
        move, link, rule = delivery.move_id, delivery.link_id, self.rule_id
        # What was read before it was locked may have changed.
        for records in (move, link, rule):
            records.invalidate_recordset()
        if not self or not rule.is_on:
            return self.env._("The rule is switched off.")
        if delivery.expected_partner_id != move.partner_id or not (
            link and link._is_live() and link.email == delivery.email
        ):
            return self.env._("The recipient’s link is closed.")
        if move.currency_id.compare_amounts(delivery.expected_total, move.amount_total):
            return self.env._("The total has changed since the reminder was decided.")
        if self.env["account.move.portal.reminder.decline"]._is_declined(link):
            return self.env._("The recipient declined reminders.")
        if reasons := self.env["account.move.portal.hold"]._get_reasons(move)[move.id]:
            return reasons[0].text
        if not self._is_still_true(delivery):
            return self.env._("It no longer applies.")
        return None

    def _is_still_true(self, delivery):
        """Return whether the rule still says what it said when it was decided.

        It is not where the customer has viewed the invoice meanwhile, say, where the
        due date was moved, or where too little is left to pay.

        :param account.move.portal.delivery delivery: The email, locked.
        :rtype: bool
        """
        rule, link = self.rule_id, delivery.link_id
        today = rule.company_id._get_portal_day()
        # Right before it is handed over, the link is marked as sent today.
        is_marked = delivery.state == "sending" and rule.trigger == "not_viewed"
        self.env.flush_all()
        return bool(
            self.env.execute_query(
                SQL(
                    """
                    SELECT 1 FROM (%s) step
                     WHERE (valid_until IS NULL OR valid_until >= %s)
                       AND (anchor <= %s OR %s)
                    """,
                    self._get_steps_query(
                        rule, SQL("link.id = %s", link.id), is_repeated=True
                    ),
                    *(today, today, is_marked),
                )
            )
        )

    def _note_others(self, moves):
        """Note that this reminder was one of other invoices, too.

        What their own steps were to say now has been said.

        :param account.move moves: The invoices that it was for.
        """
        self.ensure_one()
        rules = self.rule_id.search(
            [("is_on", "=", True), ("company_id", "=", self.company_id.id)]
        )
        self.env.flush_all()
        steps = self._find_newest(
            rules,
            self.company_id._get_portal_day(),
            SQL(
                "link.email = %s AND link.move_id = ANY(%s)",
                self.email,
                (moves - self.move_id).ids,
            ),
        )
        now = fields.Datetime.now()
        ids = self._insert(self.company_id, steps, now, "sent")
        self.browse(ids).sent_on = now

    def _note_email(self, delivery):
        """Note what became of the email.

        :param account.move.portal.delivery delivery: The last one of these.
        """
        self.write(
            {
                "state": STATES[delivery.state],
                "sent_on": delivery.sent_on if delivery.state == "sent" else False,
                "reason": delivery.answer,
            }
        )

    # === BUSINESS METHODS - WHAT IS TO COME === #

    @api.model
    def _forecast(self, rules, days=FORECAST_DAYS, moves=None, reasons=None):
        """Return what would be sent in the next days if nothing else happened.

        :param account.move.portal.reminder.rule rules: The rules, of one company.
        :param int days: How many days.
        :param account.move|None moves: Which invoices; all if None.
        :param dict|None reasons: Why not, by invoice, if that is known.
        :return: Pairs of a day and a step, in this order.
        :rtype: list[tuple[datetime.date, Step]]
        """
        if not rules:
            return []
        self.env.flush_all()
        today = rules.company_id._get_portal_day()
        condition = SQL("link.move_id = ANY(%s)", moves.ids) if moves else SQL("TRUE")
        rows = self.env.execute_query(
            SQL(
                "SELECT * FROM (%s) step WHERE anchor <= %s",
                self._get_steps_query(rules, condition),
                today + timedelta(days=days),
            )
        )
        pending = defaultdict(list)
        for step in (Step(*row) for row in rows):
            pending[step.move_id, step.email].append(step)
        if not pending:
            return []
        can_go_out = self._get_foreseen_condition(rules, pending, reasons)
        last_days, result = {}, []
        for day in (today + timedelta(days=number) for number in range(days + 1)):
            due = []
            for steps in pending.values():
                if step := _get_newest(steps, day):
                    last_day = last_days.get(step.email, step.last_day)
                    step = step._replace(last_day=last_day)
                    if can_go_out(step, day):
                        due.append(step)
            for step in sorted(due, key=_get_order):
                if last_days.get(step.email) == day:
                    continue
                last_days[step.email] = day
                result.append((day, step))
                key = (step.move_id, step.email)
                pending[key] = [
                    each._replace(count=each.count + 1)
                    for each in pending[key]
                    if each.anchor > step.anchor
                ]
        return result

    @api.model
    def _get_foreseen_condition(self, rules, pending, reasons=None):
        """Return what says whether a step can go out on a day to come.

        :param account.move.portal.reminder.rule rules: The rules, of one company.
        :param dict pending: The steps by invoice and recipient.
        :param dict|None reasons: Why not, by invoice, if that is known.
        :return: A function of the step and the day.
        :rtype: callable
        """
        now, company = fields.Datetime.now(), rules.company_id
        calendars = rules._make_calendars()
        first_days = {
            rule_id: company._get_portal_day(opening)
            for rule_id, opening in rules._get_next_openings(now, calendars).items()
            if opening
        }
        limits = {
            rule.id: (rule.max_per_invoice, timedelta(days=rule.min_days_between))
            for rule in rules
        }
        if reasons is None:
            moves = self.env["account.move"].browse(
                dict.fromkeys(move_id for move_id, _email in pending)
            )
            reasons = self.env["account.move.portal.hold"]._get_reasons(moves)

        def can_go_out(step, day):
            return (
                day >= first_days.get(step.rule_id, date.max)
                and calendars[step.rule_id](day)
                and all(
                    reason.until and reason.until < day
                    for reason in reasons[step.move_id]
                )
                and _is_within(step, day, *limits[step.rule_id])
            )

        return can_go_out

    @api.model
    def _explain(self, move):
        """Say in one sentence what goes out next of an invoice, when, or why not.

        :param account.move move: The invoice.
        :return: Empty where reminders are no matter.
        :rtype: str
        """
        # In sudo mode because rules and links decide, whoever looks at the invoice.
        reminders, move = self.sudo(), move.sudo()
        if move.move_type != "out_invoice" or move.state != "posted":
            return ""
        waiting = reminders.search(
            [("move_id", "=", move.id), ("state", "=", "waiting")], limit=1
        )
        reasons_by_move = self.env["account.move.portal.hold"]._get_reasons(move)
        reasons = reasons_by_move[move.id]
        if reasons and reasons[0].code == "paid":
            return ""
        why = reasons[0].text if reasons else ""
        if reasons and reasons[0].until:
            next_text = self._explain_next(move, reasons_by_move)
            return f"{self._explain_why_not(why)} {next_text}".strip()
        if waiting and not why:
            return self.env._(
                "The reminder “%(rule)s” is about to go out to %(email)s.",
                rule=waiting.rule_id.name,
                email=waiting.email,
            )
        if not why:
            if sentence := self._explain_next(move, reasons_by_move):
                return sentence
            why = reminders._explain_nothing(move)
        return self._explain_why_not(why)

    @api.model
    def _explain_why_not(self, why):
        """Say that no reminder goes out.

        :param str why: The reason, as part of a sentence.
        :rtype: str
        """
        return self.env._("No reminder goes out now: %(reason)s.", reason=why)

    @api.model
    def _explain_next(self, move, reasons):
        """Say which reminder of an invoice goes out next.

        :param account.move move: The invoice, in sudo mode.
        :param dict reasons: Why not, by invoice.
        :return: Empty if none does in the days that can be foreseen.
        :rtype: str
        """
        rules = (
            self.env["account.move.portal.reminder.rule"]
            .sudo()
            .search([("company_id", "=", move.company_id.id), ("is_on", "=", True)])
        )
        foreseen = self.sudo()._forecast(rules, 2 * FORECAST_DAYS, move, reasons)
        if not foreseen:
            return ""
        day, step = foreseen[0]
        return self.env._(
            "The reminder “%(rule)s” goes out to %(email)s on %(date)s.",
            rule=rules.browse(step.rule_id).name,
            email=step.email,
            date=format_date(self.env, day),
        )

    @api.model
    def _explain_nothing(self, move):
        """Return why nothing can go out of an invoice that nothing holds.

        :param account.move move: The invoice, in sudo mode.
        :rtype: str
        """
        rules = self.env["account.move.portal.reminder.rule"]
        if not rules.search_count(
            [("company_id", "=", move.company_id.id), ("is_on", "=", True)], limit=1
        ):
            return self.env._("no reminder rule is switched on")
        links = move.portal_link_ids.filtered(
            lambda link: (
                link.audience == "customer"
                and link.role == "to"
                and link.sent_on
                and link._is_live()
            )
        )
        if not links:
            return self.env._("it was not emailed with a portal link that still works")
        declines = self.env["account.move.portal.reminder.decline"]
        if all(declines._is_declined(link) for link in links):
            return self.env._("the recipient declined reminders")
        return self.env._("no reminder falls due in the next two months")


def _is_within(step, day, count, pause):
    """Return whether a step keeps the limits of its rule.

    :param Step step: The step.
    :param datetime.date day: When it would go out.
    :param int count: How many of an invoice a recipient gets.
    :param datetime.timedelta pause: How long nothing follows a reminder.
    :rtype: bool
    """
    return step.count < count and (not step.last_day or day - step.last_day >= pause)


def _get_newest(steps, day):
    """Return the newest step that is due and still true on a day.

    :param list[Step] steps: Of one invoice and recipient.
    :param datetime.date day: The day.
    :rtype: Step | None
    """
    return max(
        (
            step
            for step in steps
            if step.anchor <= day and (not step.valid_until or step.valid_until >= day)
        ),
        key=lambda step: (step.anchor, step.rule_id),
        default=None,
    )


def _get_order(step):
    """Return by what it is chosen of which invoice a recipient is reminded.

    :param Step step: The step.
    :rtype: tuple
    """
    return (step.count, step.due or date.max, step.move_id)
