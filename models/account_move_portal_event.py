from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, consteq, hmac

VISIT_PROOF_SCOPE = "account_payment_portal-visit"


class AccountMovePortalEvent(models.Model):
    """What happened at a door: append-only.

    A page load is an *opened* event. It becomes a *view*, a second event, when the
    page itself reports that a person is there; mail scanners, link previewers and
    staff leave an *opened* behind and nothing else.
    """

    _name = "account.move.portal.event"
    _description = "Invoice Portal Event"
    _order = "id desc"
    _rec_name = "kind"

    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
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
            ("opened", "Opened"),
            ("viewed", "Viewed"),
            ("downloaded", "Downloaded"),
            ("pay_opened", "Payment screen opened"),
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
    visit_id = fields.Many2one(
        comodel_name="account.move.portal.event",
        help="The page load that this event followed from.",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    is_first_view = fields.Boolean(
        string="First view of the invoice", readonly=True, default=False
    )

    # "First" and "once" are decided by the database: a read before a write would let
    # two simultaneous visitors both be the first.
    _first_view_unique = models.UniqueIndex("(move_id) WHERE is_first_view")
    _once_per_visit = models.UniqueIndex(
        "(visit_id, kind) WHERE visit_id IS NOT NULL",
        "This visit has been reported already.",
    )

    # === CRUD METHODS === #

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: evidence is not edited.

        :raise UserError: Always.
        """
        raise UserError(self.env._("Portal events cannot be changed."))

    # === BUSINESS METHODS === #

    @api.model
    def _record_visit(self, link_sudo, visitor):
        """Record that the invoice page was requested.

        :param account.move.portal.link link_sudo: The door, in sudo mode.
        :param str visitor: What the request looks like: a value of `visitor`.
        :return: The event of kind *opened*.
        :rtype: account.move.portal.event
        """
        # In sudo mode because visitors have no rights on events.
        return self.sudo().create(
            {
                "link_id": link_sudo.id,
                "move_id": link_sudo.move_id.id,
                "kind": "opened",
                "visitor": visitor,
            }
        )

    def _get_visit_proof(self):
        """Return the proof that only the page of this visit can know.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        # In sudo mode to read the database's secret.
        return hmac(self.env(su=True), VISIT_PROOF_SCOPE, (self.id, self.link_id.id))

    @api.model
    def _record_view(self, link_sudo, visit_id, proof):
        """Record that a person looks at the page of a visit.

        Done at most once per visit, and only for visits that may be a customer's.

        :param account.move.portal.link link_sudo: The door, in sudo mode.
        :param int visit_id: The id of the visit's *opened* event.
        :param str proof: The proof that the visit's page was given.
        :return: The event of kind *viewed*, empty if there is none to record.
        :rtype: account.move.portal.event
        """
        # In sudo mode because visitors have no rights on events.
        visit_sudo = self.sudo().browse(visit_id).exists()
        if (
            visit_sudo.link_id != link_sudo
            or visit_sudo.kind != "opened"
            or visit_sudo.visitor != "unproven"
            or link_sudo.audience != "customer"
            or not consteq(visit_sudo._get_visit_proof().encode(), proof.encode())
        ):
            return self.browse()
        return self._insert_follow_up(visit_sudo, "viewed")

    @api.model
    def _insert_follow_up(self, visit_sudo, kind):
        """Insert what follows from a visit, unless it has been before.

        :param account.move.portal.event visit_sudo: The *opened* event, in sudo mode.
        :param str kind: The kind of the event to insert.
        :return: The new event; empty if the visit has one of this kind already.
        :rtype: account.move.portal.event
        """
        for is_first_view in [True, False] if kind == "viewed" else [False]:
            # In SQL because the ORM has no insertion that gives way on a conflict.
            row = self.env.execute_query(
                SQL(
                    """
                    INSERT INTO account_move_portal_event
                        (link_id, move_id, kind, visitor, visit_id, is_first_view,
                         create_uid, create_date, write_uid, write_date)
                    VALUES (%(link)s, %(move)s, %(kind)s, 'person', %(visit)s,
                            %(is_first_view)s, %(uid)s, %(now)s, %(uid)s, %(now)s)
                    ON CONFLICT DO NOTHING
                    RETURNING id
                    """,
                    link=visit_sudo.link_id.id,
                    move=visit_sudo.move_id.id,
                    kind=kind,
                    visit=visit_sudo.id,
                    is_first_view=is_first_view,
                    uid=self.env.uid,
                    now=fields.Datetime.now(),
                )
            )
            if row:
                visit_sudo.link_id.invalidate_recordset(["event_ids"])
                return visit_sudo.browse(row[0][0])
        return visit_sudo.browse()
