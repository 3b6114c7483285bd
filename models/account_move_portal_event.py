from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq, hmac

from ..visitor import grading
from .account_move_portal_event_record import ACTIONS

# What tells of visitors: removed when the company's time to keep it is over.
VISIT_KINDS = ("opened", "viewed", "dismissed", "refused", "trapped", *ACTIONS)
# How many events are removed at a time.
RETENTION_BATCH = 5000
VISIT_PROOF_SCOPE = "account_payment_portal-visit"


class AccountMovePortalEvent(models.Model):
    """What happened at a door: append-only.

    A page load is an *opened* event. It becomes a *view*, a second event, when the
    page itself reports that a person is there, or when one of its buttons is used;
    mail scanners, link previewers and staff leave an *opened* behind, and perhaps the
    note why they were not taken for a person.
    """

    _name = "account.move.portal.event"
    _description = "Invoice Portal Event"
    _inherit = [
        "account.move.portal.event.record",
        "account.move.portal.event.evidence",
    ]
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
        required=True,
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
            ("trapped", "Hidden link followed"),
        ],
        required=True,
        readonly=True,
    )
    visitor = fields.Selection(
        selection=[
            ("unproven", "Not verified"),
            ("person", "Person"),
            ("machine", "Machine"),
            ("staff", "Staff"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Selection(
        selection=[
            ("browser", "An ordinary browser"),
            ("prefetch", "Fetched ahead by a browser"),
            ("staff", "Signed in as staff"),
            ("internal", "Through our own preview or copy"),
            ("known_agent", "A program that says what it is"),
            ("not_a_browser", "Not what a browser sends"),
            ("interaction", "Touched, scrolled or typed"),
            ("dwell", "Had the page in front for a while"),
            ("action", "Used a button of the page"),
            ("payment", "Entered a payment"),
            ("just_sent", "In the seconds after the mail was sent"),
            ("burst", "Fetched from several networks at once"),
            ("trap", "Followed a link that nobody can see"),
            ("driven", "A browser that a program drives"),
            ("pressed_all", "Pressed every button at once"),
            ("too_quick", "Faster than anybody reads"),
            ("expired", "The link had expired"),
            ("revoked", "The link was revoked"),
        ],
        string="Because",
        readonly=True,
    )
    network = fields.Char(
        help="The visitor's address without its last part, which would tell who it is.",
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
    message_id = fields.Char(
        string="Message-Id", help="Of the mail that was sent.", readonly=True
    )
    document_sha256 = fields.Char(
        string="PDF fingerprint", help="SHA-256 of the PDF sent.", readonly=True
    )
    is_first_view = fields.Boolean(string="First view of the invoice", readonly=True)
    is_first_of_link = fields.Boolean(
        string="First view by the recipient", readonly=True
    )
    is_repeated = fields.Boolean(
        string="Same visit",
        help="Another tab, or the page loaded again.",
        readonly=True,
    )
    period = fields.Integer(readonly=True)

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
        "This visit has been reported already.",
    )
    _once_per_payment = models.UniqueIndex(
        "(link_id, transaction_id, kind) WHERE transaction_id IS NOT NULL"
    )

    # === CRUD METHODS === #

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: evidence is not edited.

        :raise UserError: Always.
        """
        raise UserError(self.env._("Portal events cannot be changed."))

    # === BUSINESS METHODS === #

    def _get_visit_proof(self):
        """Return the proof that only the page of this visit can know.

        Note: `self.ensure_one()`

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

        :param account.move.portal.link link_sudo: The door, in sudo mode.
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
        if visit_sudo.kind != "opened" or visit_sudo.visitor != "unproven":
            return visit_sudo.browse()
        return visit_sudo

    def _find_doubt(self, report):
        """Return why a report on this visit is not taken as a person's.

        Note: `self.ensure_one()`

        :param grading.Report report: What says that somebody looks.
        :return: A value of `reason`; None if a person looks.
        :rtype: str | None
        """
        if self.link_id.audience == "internal":
            return "internal"
        return grading.find_doubt(self._get_visit_facts(), report)

    def _get_visit_facts(self):
        """Return what is known of this page load now.

        Note: `self.ensure_one()`

        :rtype: grading.Visit
        """
        self.ensure_one()
        now, opened_on = self._get_clock(), self.create_date
        sent_on = self.link_id.sent_on
        around = timedelta(seconds=grading.BURST_SECONDS)
        near = self.search(
            [
                ("link_id", "=", self.link_id.id),
                ("kind", "in", ["opened", "trapped"]),
                ("create_date", ">=", opened_on - around),
            ],
            limit=200,
        )
        opened = near.filtered(
            lambda event: (
                event.kind == "opened" and event.create_date <= opened_on + around
            )
        )
        after_mail = sent_on and sent_on <= opened_on
        return grading.Visit(
            age=(now - opened_on).total_seconds(),
            opened_after_mail=(
                (opened_on - sent_on).total_seconds() if after_mail else None
            ),
            seconds_since_mail=(now - sent_on).total_seconds() if after_mail else None,
            networks=len(set(opened.mapped("network"))),
            is_trapped=any(
                event.kind == "trapped" and event.network == self.network
                for event in near
            ),
            pressed=self._count_actions(grading.ALL_PRESSED_SECONDS),
        )

    def _get_page_attributes(self):
        """Return with what a page tells that somebody looks: its element's attributes.

        :return: The attributes; none for a page whose visit is not recorded.
        :rtype: dict
        """
        if self.visitor != "unproven":
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
        if self.visitor != "unproven":
            return ""
        return f"?visit={self.id}-{self._get_visit_proof()}"

    def _get_seconds_to_retry(self):
        """Return when a page whose report was not taken may report again.

        :return: Seconds; None if there is nothing more to report.
        :rtype: float | None
        """
        if self.reason == "just_sent":
            return grading.JUST_SENT_SECONDS
        return 1.0 if self.reason in grading.PASSING_DOUBTS else None

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
                    ("kind", "in", VISIT_KINDS),
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
                ("visitor", "=", "unproven"),
                ("visit_id.follow_up_ids.kind", "=", "viewed"),
            ],
            groupby=["link_id", "kind"],
            aggregates=["__count", "create_date:min", "create_date:max"],
        )
        totals = {}
        for link, kind, *figures in rows:
            totals.setdefault(link, {})[kind] = figures
        return totals
