from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, consteq, hmac

from ... import const
from ...tools import bot_detection, sql

# How many events are removed at a time.
RETENTION_BATCH = 5000
VISIT_PROOF_SCOPE = "account_payment_portal-visit"
# Views of one link from one network and one kind of device within this time are one
# person's: two tabs, a page that is loaded again.
SAME_VISIT_MINUTES = 30
# How often a link that is refused is recorded, at most.
REFUSED_MINUTES = 5
# The database's time, which all servers share; the ORM's `cr.now()` is a query more.
CLOCK = SQL("clock_timestamp() AT TIME ZONE 'UTC'")


class AccountMovePortalEvent(models.Model):
    """What happened at a link: append-only.

    A page load is an *opened* event. It becomes a *view*, a second event, when the
    page itself reports that a person is there, or when one of its buttons is used;
    mail scanners, link previewers and staff leave an *opened* behind, and perhaps the
    note why they were not taken for a person.
    """

    _name = "account.move.portal.event"
    _description = "Invoice Portal Event"

    _order = "id desc"
    _rec_name = "kind"
    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        string="Recipient",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        help="On a link to a customer's account: the invoice it concerns, if only one.",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    kind = fields.Selection(
        selection=[
            ("sent", "Sent"),
            ("opened", "Opened"),
            ("viewed", "Viewed"),
            ("dismissed", "View not counted"),
            ("downloaded", "Downloaded"),
            ("printed", "Printed"),
            ("pay_opened", "Payment screen opened"),
            ("paid", "Paid"),
            ("payment_failed", "Payment failed"),
            ("payment_returned", "Payment returned"),
            ("payment_disputed", "Payment disputed"),
            ("refused", "Refused"),
            ("honeypot", "Hidden link followed"),
        ],
        required=True,
        readonly=True,
    )
    visitor = fields.Selection(
        selection=[
            ("unverified", "Not verified"),
            ("person", "Person"),
            ("machine", "Machine"),
            ("staff", "Staff"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Selection(
        selection=[
            ("browser", "Ordinary browser"),
            ("prefetch", "Prefetched by a browser"),
            ("staff", "Signed in as staff"),
            ("internal", "Through our own preview or copy"),
            ("known_agent", "Program that identifies itself"),
            ("not_a_browser", "Not a browser request"),
            ("interaction", "Touched, scrolled or typed"),
            ("dwell", "Stayed on the page"),
            ("action", "Clicked a button"),
            ("payment", "Entered a payment"),
            ("just_sent", "Within seconds of sending"),
            ("burst", "Opened from several networks at once"),
            ("honeypot", "Followed a hidden link"),
            ("webdriver", "Browser controlled by a program"),
            ("pressed_all", "Pressed every button at once"),
            ("too_quick", "Too fast for a person"),
            ("waiting", "Only waited, which is not enough to tell it is a person"),
            ("no_click", "Followed a button without clicking it"),
            ("expired", "The link had expired"),
            ("revoked", "The link was revoked"),
        ],
        readonly=True,
    )
    network = fields.Char(
        help="The visitor's network address without its last part, so that it does "
        "not identify anyone.",
        readonly=True,
    )
    device = fields.Selection(
        selection=[
            ("phone", "Phone"),
            ("tablet", "Tablet"),
            ("desktop", "Computer"),
            ("other", "Other"),
        ],
        readonly=True,
    )
    is_navigated = fields.Boolean(
        string="Navigated",
        help="The browser reports that a click or typing led to the page.",
        readonly=True,
    )
    visit_id = fields.Many2one(
        comodel_name="account.move.portal.event",
        help="The page load that this event followed from.",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    follow_up_ids = fields.One2many(
        comodel_name="account.move.portal.event",
        inverse_name="visit_id",
        readonly=True,
    )
    transaction_id = fields.Many2one(
        comodel_name="payment.transaction",
        string="Payment",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    is_first_view = fields.Boolean(string="First view of the invoice", readonly=True)
    is_first_of_link = fields.Boolean(
        string="First view by the recipient", readonly=True
    )
    is_repeated = fields.Boolean(
        string="Same visit",
        help="Another tab, or the page was reloaded.",
        readonly=True,
    )
    period = fields.Integer(readonly=True)
    # What reports sum up, by invoice and by link, is read from these alone.
    _report_of_move = models.Index(
        "(move_id, kind, create_date) WHERE kind IN ('sent', 'viewed', 'paid')"
    )
    _report_of_link = models.Index(
        "(link_id, kind, create_date, is_repeated, transaction_id) "
        "WHERE kind IN ('sent', 'viewed', 'paid')"
    )
    # "First" and "once" are decided by the database: a read before a write would let
    # two simultaneous visitors both be the first.
    _first_view_unique = models.UniqueIndex("(move_id) WHERE is_first_view")
    _first_of_link_unique = models.UniqueIndex("(link_id) WHERE is_first_of_link")
    _one_visitor_unique = models.UniqueIndex(
        "(link_id, network, device, period) "
        "WHERE kind = 'viewed' AND NOT is_repeated AND period IS NOT NULL"
    )
    _once_per_visit = models.UniqueIndex(
        "(visit_id, kind) WHERE visit_id IS NOT NULL",
        "This visit has already been reported.",
    )
    _once_per_payment = models.UniqueIndex(
        "(link_id, move_id, transaction_id, kind) WHERE transaction_id IS NOT NULL"
    )

    # === CRUD METHODS === #

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: evidence is not edited.

        :raise UserError: Always.
        """
        raise UserError(self.env._("Portal events cannot be changed."))

    # === BUSINESS METHODS - RECORDING === #

    @api.model
    def _record_visit(self, link_sudo, visitor, reason=None, **request):
        """Record that the invoice page was requested.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str visitor: What the request looks like: a value of `visitor`.
        :param str reason: Why: a value of `reason`.
        :param dict request: What else is kept of it: `network`, `device`.
        :return: The event of kind *opened*.
        :rtype: account.move.portal.event
        """
        return self._record(link_sudo, "opened", visitor, reason=reason, **request)

    @api.model
    def _record_view(self, link_sudo, visit_id, proof, report):
        """Record that a person looks at the page of a visit, if one does.

        Done at most once per visit. What rules want to hear of it is queued.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param int visit_id: The id of the visit's *opened* event.
        :param str proof: The proof that the visit's page was given.
        :param bot_detection.Report report: What says that someone looks.
        :return: The event: of kind *viewed*, or *dismissed*; empty if there is none to
            record.
        :rtype: account.move.portal.event
        """
        visit_sudo = self._find_visit(link_sudo, visit_id, proof)
        if not visit_sudo:
            return visit_sudo
        if reason := visit_sudo._find_reason_against(report):
            return visit_sudo._dismiss(reason)
        return visit_sudo._record_person(report.how)

    def _dismiss(self, reason):
        """Record why this visit is not taken for a person's.

        :param str reason: A value of `reason`.
        :return: The event of kind *dismissed*; the first one, if there are more
            reasons, unless this one is for good.
        :rtype: account.move.portal.event
        """
        dismissed = self._follow_up("dismissed", "machine", reason=reason)
        if dismissed:
            return dismissed
        is_passing = reason in bot_detection.PASSING_REASONS
        return self.follow_up_ids.filtered(
            lambda event: event.kind == "dismissed" and is_passing
        )

    def _record_honeypot(self):
        """Record that the link that nobody sees was followed from this visit's page.

        :return: The event.
        :rtype: account.move.portal.event
        """
        return self._follow_up("honeypot", "machine", reason="honeypot")

    def _record_person(self, reason):
        """Record that a person looks at the page of this visit.

        :param str reason: What proves it: a value of `reason`.
        :return: The event of kind *viewed*; empty if there was one already.
        :rtype: account.move.portal.event
        """
        view_sudo = self._follow_up(
            "viewed", "person", reason=reason, **self._get_view_flags()
        )
        if view_sudo:
            view_sudo._after_portal_view()
        return view_sudo

    def _after_portal_view(self):
        """Tell who wants to know of this view. Hook for the room `notify`."""

    @api.model
    def _record_action(
        self, link_sudo, kind, visit_id, proof, has_script=False, is_click=None
    ):
        """Record that one of a page's buttons was used.

        Where the page runs no script, this is what proves a person; where it runs one,
        the script tells by itself, and knows more.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str kind: What was done.
        :param int visit_id: The page's visit, as far as it tells one.
        :param str proof: The proof that the visit's page was given.
        :param bool has_script: Whether the page's script was at work.
        :param bool|None is_click: Whether the browser vouches for a click; None if it
            cannot.
        :return: The visit of the page that proved to be the origin; or empty.
        :rtype: account.move.portal.event
        """
        visit_sudo = self._find_visit(link_sudo, visit_id, proof)
        if not visit_sudo:
            return visit_sudo
        if has_script:
            visit_sudo._follow_up(kind, "unverified", reason="action")
            return visit_sudo
        reason = visit_sudo._find_reason_against(
            bot_detection.Report(
                "action", pressed=visit_sudo._count_actions() + 1, is_click=is_click
            )
        )
        if not reason:
            visit_sudo._follow_up(kind, "person", reason="action")
            visit_sudo._record_person("action")
            return visit_sudo
        # A person's after all, if the visit turns out to be one's.
        is_passing = reason in bot_detection.PASSING_REASONS
        visit_sudo._follow_up(
            kind, "unverified" if is_passing else "machine", reason=reason
        )
        visit_sudo._dismiss(reason)
        return visit_sudo

    def _count_actions(self, seconds=None):
        """Return how many different buttons of this visit's page were used.

        :param int seconds: In that time after the page was requested; ever if None.
        :rtype: int
        """
        domain = [("visit_id", "=", self.id), ("kind", "in", const.ACTION_EVENTS)]
        if seconds is not None:
            before = self.create_date + timedelta(seconds=seconds)
            domain.append(("create_date", "<", before))
        return self.search_count(domain)

    @api.model
    def _record_refused(self, link_sudo, visitor, **request):
        """Record that someone came with a link that opens nothing any more.

        Once in a while: nobody fills the table with it.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str visitor: What the request looks like: a value of `visitor`.
        :param dict request: What else is kept of it: `network`, `device`.
        """
        since = fields.Datetime.now() - timedelta(minutes=REFUSED_MINUTES)
        # In sudo mode because visitors have no rights on events.
        is_known = self.sudo().search_count(
            [
                ("link_id", "=", link_sudo.id),
                ("kind", "=", "refused"),
                ("visitor", "=", visitor),
                ("create_date", ">", since),
            ],
            limit=1,
        )
        if not is_known and link_sudo.state != "live":
            self._record(
                link_sudo, "refused", visitor, reason=link_sudo.state, **request
            )

    @api.model
    def _record_payment(self, link_sudo, kind, transaction, move):
        """Record what came of a payment through a link, once.

        Who pays has seen the invoice: where no visit was taken for a person's yet, the
        last one is now.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str kind: `paid`, `payment_failed`, `payment_returned` or
            `payment_disputed`.
        :param payment.transaction transaction: The payment.
        :param account.move move: The invoice that it pays.
        """
        known = self.sudo().search_count(
            [
                ("link_id", "=", link_sudo.id),
                ("move_id", "=", move.id),
                ("transaction_id", "=", transaction.id),
                ("kind", "=", kind),
            ]
        )
        if known:
            return
        self._record(
            link_sudo,
            kind,
            "person",
            transaction_id=transaction.id,
            move_id=move.id,
        )
        if kind != "paid" or link_sudo.audience == "internal" or link_sudo.view_count:
            return
        # In sudo mode because the payment is nobody's who has rights on events.
        visit_sudo = self.sudo().search(
            [
                ("link_id", "=", link_sudo.id),
                ("kind", "=", "opened"),
                ("visitor", "=", "unverified"),
            ],
            limit=1,
        )
        if visit_sudo:
            visit_sudo._record_person("payment")

    @api.model
    def _record(self, link_sudo, kind, visitor, **values):
        """Record what happened at a link.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
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
                "move_id": link_sudo.move_id.id or None,
                "kind": kind,
                "visitor": visitor,
                **values,
            }
        )

    def _follow_up(self, kind, visitor, **values):
        """Insert what follows from this visit, unless it has been before.

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
                "move_id": self.move_id.id or None,
                "kind": kind,
                "visitor": visitor,
                "network": self.network or None,
                "device": self.device or None,
                "visit_id": self.id,
                **values,
            }
        )

    def _get_view_flags(self):
        """Return what a view of this visit is the first of, as far as can be seen.

        What cannot be seen yet, because another transaction is just writing it, the
        unique indexes refuse; the request is then run again, and sees it.

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
            # An account's page shows no invoice.
            "is_first_view": bool(self.move_id)
            and not past
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
        event_id = sql.insert_unless_exists(self.env.cr, self._table, row)
        self.env["account.move.portal.link"].browse(
            values["link_id"]
        ).invalidate_recordset(["event_ids"])
        event = self.browse(event_id)
        if event:
            event._update_cache(values, validate=False)  # The page reads it at once.
        return event

    # === BUSINESS METHODS - THE VISIT OF A PAGE === #

    def _get_visit_proof(self):
        """Return the proof that only the page of this visit can know.

        :rtype: str
        """
        self.ensure_one()
        return self._make_visit_proof(self.id, self.link_id.id)

    @api.model
    def _make_visit_proof(self, visit_id, link_id):
        # In sudo mode to read the database's secret.
        return hmac(self.env(su=True), VISIT_PROOF_SCOPE, (visit_id, link_id))

    @api.model
    def _find_visit(self, link_sudo, visit_id, proof):
        """Return the visit that a page proves to be of.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param int visit_id: The id of the visit's *opened* event.
        :param str proof: The proof that the visit's page was given.
        :return: The *opened* event of what may be a customer, in sudo mode; or empty.
        :rtype: account.move.portal.event
        """
        # In sudo mode because visitors have no rights on events.
        visit_sudo = self.sudo().browse(visit_id)
        # First, so that the database is asked for ids of our own making only. As bytes,
        # whatever was sent: the comparison refuses text that is not ASCII.
        expected = self._make_visit_proof(visit_id, link_sudo.id)
        if not consteq(expected.encode(), proof.encode(errors="replace")):
            return visit_sudo.browse()
        visit_sudo = visit_sudo.exists()
        if visit_sudo.kind != "opened" or visit_sudo.visitor != "unverified":
            return visit_sudo.browse()
        return visit_sudo

    def _get_page_attributes(self):
        """Return with what a page tells that someone looks: its element's attributes.

        :return: The attributes; none for a page whose visit is not recorded.
        :rtype: dict
        """
        if self.visitor != "unverified":
            return {}
        return {
            "data-seen-url": self.link_id._get_path("seen"),
            "data-visit-id": self.id,
            "data-visit-proof": self._get_visit_proof(),
        }

    def _get_visit_query(self):
        """Return what a page's buttons add to their addresses, to tell their visit.

        :return: The query; empty for a page whose visit is not recorded.
        :rtype: str
        """
        if self.visitor != "unverified":
            return ""
        return f"?visit={self.id}-{self._get_visit_proof()}"

    def _get_seconds_to_retry(self):
        """Return when a page whose report was not taken may report again.

        :return: Seconds; None if there is nothing more to report.
        :rtype: float | None
        """
        if self.kind != "dismissed":
            return None
        if self.reason == "just_sent":
            return bot_detection.JUST_SENT_SECONDS
        return 1.0 if self.reason in bot_detection.PASSING_REASONS else None

    # === BUSINESS METHODS - WHO IT WAS === #

    def _find_reason_against(self, report):
        """Return why a report on this visit is not taken as a person's.

        :param bot_detection.Report report: What says that someone looks.
        :return: A value of `reason`; None if a person looks.
        :rtype: str | None
        """
        if self.link_id.audience == "internal":
            return "internal"
        return bot_detection.find_reason_against(self._get_visit_facts(), report)

    def _get_visit_facts(self):
        """Return what is known of this page load now.

        :rtype: bot_detection.Visit
        """
        self.ensure_one()
        now, opened_on = self._get_clock(), self.create_date
        sent_on = self.link_id.sent_on
        around = timedelta(seconds=bot_detection.BURST_SECONDS)
        opened = self.search(
            [
                ("link_id", "=", self.link_id.id),
                ("kind", "=", "opened"),
                ("create_date", ">=", opened_on - around),
                ("create_date", "<=", opened_on + around),
            ],
            limit=200,
        )
        after_mail = sent_on and sent_on <= opened_on
        return bot_detection.Visit(
            age=(now - opened_on).total_seconds(),
            opened_after_mail=(
                (opened_on - sent_on).total_seconds() if after_mail else None
            ),
            seconds_since_mail=(now - sent_on).total_seconds() if after_mail else None,
            networks=len(set(opened.mapped("network"))),
            is_honeypot=bool(
                self.search_count(
                    [("visit_id", "=", self.id), ("kind", "=", "honeypot")], limit=1
                )
            ),
            is_navigated=self.is_navigated,
            pressed=self._count_actions(bot_detection.ALL_PRESSED_SECONDS),
        )

    # === RETENTION === #

    @api.autovacuum
    def _gc_visits(self):
        """Sum up on their links the visits that are kept no longer, and remove them."""
        done, has_more = 0, False
        # Each company says how long; there are few.
        companies = self.env["res.company"].search([])  # pylint: disable=no-search-all
        for company in companies:
            before = fields.Datetime.now() - relativedelta(
                months=company.portal_event_months
            )
            events = self.search(
                [
                    ("link_id.company_id", "=", company.id),
                    ("kind", "in", const.VISIT_EVENTS),
                    ("create_date", "<", before),
                    # Not apart from what followed from it.
                    ("visit_id", "=", False),
                    ("follow_up_ids", "not any", [("create_date", ">=", before)]),
                ],
                order="id",
                limit=RETENTION_BATCH,
            )
            has_more = has_more or len(events) == RETENTION_BATCH
            done += len(events)
            (events | events.follow_up_ids)._sum_up_and_remove()
        return done, has_more

    def _sum_up_and_remove(self):
        """Keep of these events the figures, on their links, and remove them."""
        for link, totals in self._get_totals(self.link_id, within=self).items():
            count, first, last = totals.get("viewed", (0, False, False))
            link.write(
                {
                    "past_view_count": link.past_view_count + count,
                    "past_download_count": link.past_download_count
                    + totals.get("downloaded", (0,))[0],
                    "past_print_count": link.past_print_count
                    + totals.get("printed", (0,))[0],
                    "past_first_viewed_on": link.past_first_viewed_on or first,
                    "past_last_viewed_on": last or link.past_last_viewed_on,
                }
            )
        self.unlink()

    @api.model
    def _get_totals(self, links, within=None):
        """Return how often and when people did what through links.

        :param account.move.portal.link links: The links.
        :param account.move.portal.event within: The events to look at; none for all.
        :return: By link and kind: the count, the first and the last time.
        :rtype: dict
        """
        rows = self._read_group(
            [
                ("link_id", "in", links.ids),
                *([("id", "in", within.ids)] if within is not None else []),
                ("kind", "in", ["viewed", "downloaded", "printed"]),
                ("is_repeated", "=", False),
                "|",
                ("visitor", "=", "person"),
                # What a page's script did not tell by itself.
                "&",
                ("visitor", "=", "unverified"),
                ("visit_id.follow_up_ids.kind", "=", "viewed"),
            ],
            groupby=["link_id", "kind"],
            aggregates=["__count", "create_date:min", "create_date:max"],
        )
        totals = {}
        for link, kind, *figures in rows:
            totals.setdefault(link, {})[kind] = figures
        return totals
