from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: Whose sight of visits it is: those with rights on links.
READERS = "account.group_account_invoice,account.group_account_readonly"
#: An invoice that is paid for, whether or not the bank has said so yet.
PAID_STATES = ("paid", "in_payment")
# Each is looked up once for all invoices, and not for each.
_SENT = SQL(
    "(SELECT move_id FROM account_move_portal_link"
    " WHERE sent_on IS NOT NULL AND audience != 'internal' AND move_id IS NOT NULL"
    # With an email that led to its customer's account.
    " UNION ALL SELECT event.move_id FROM account_move_portal_link link"
    " JOIN account_move_portal_event event ON event.link_id = link.id"
    " WHERE link.account_partner_id IS NOT NULL AND event.kind = 'sent'"
    " AND event.move_id IS NOT NULL)"
)
_VIEWED = SQL(
    "(SELECT move_id FROM account_move_portal_event WHERE is_first_view"
    " UNION ALL SELECT move_id FROM account_move_portal_link"
    " WHERE past_first_viewed_on IS NOT NULL AND audience != 'internal'"
    " AND move_id IS NOT NULL)"
)
_FIRST_VIEWS = SQL(
    """SELECT move_id FROM (
         SELECT move_id, create_date AS viewed_on FROM account_move_portal_event
          WHERE is_first_view
          UNION ALL
         SELECT move_id, past_first_viewed_on FROM account_move_portal_link
          WHERE past_first_viewed_on IS NOT NULL AND audience != 'internal'
       ) viewed WHERE move_id IS NOT NULL GROUP BY move_id"""
)
# What compares the time of a view, as the search of a field is handed it.
_COMPARISONS = {name: SQL(name) for name in ("<", "<=", ">", ">=")}


class AccountMove(models.Model):
    """An invoice's side of its visits: at a glance, in the list of invoices.

    Nothing of it is stored: a visit writes no invoice.
    """

    _inherit = "account.move"

    portal_status = fields.Selection(
        selection=[
            ("not_sent", "Not sent"),
            ("sent", "Sent"),
            ("viewed", "Viewed"),
            ("paid", "Paid"),
        ],
        string="Portal",
        help="What the customer has done with the invoice on the payment portal.",
        compute="_compute_portal_views",
        search="_search_portal_status",
        groups=READERS,
    )
    portal_viewed_on = fields.Datetime(
        string="Viewed on",
        help="When the invoice was first viewed on the payment portal.",
        compute="_compute_portal_views",
        search="_search_portal_viewed_on",
        groups=READERS,
    )
    portal_viewed_by = fields.Char(
        string="Viewed by",
        help="Who viewed the invoice on the payment portal.",
        compute="_compute_portal_views",
        search="_search_portal_viewed_by",
        groups=READERS,
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "payment_state", "portal_link_ids.event_ids", "portal_link_ids.sent_on"
    )
    def _compute_portal_views(self):
        at_accounts = self._get_portal_account_events()
        for move in self:
            links = move.portal_link_ids.filtered(
                lambda link: link.audience != "internal"
            )
            events = at_accounts.filtered(
                lambda event, move=move: event.move_id == move
            )
            views = [
                *((link.first_viewed_on, link) for link in links),
                *(
                    (event.create_date, event.link_id)
                    for event in events
                    if event.kind == "viewed"
                ),
            ]
            views = sorted(
                (view for view in views if view[0]), key=lambda view: view[0]
            )
            move.portal_viewed_on = views[0][0] if views else False
            move.portal_viewed_by = ", ".join(
                dict.fromkeys(link._get_reader_name() for _viewed_on, link in views)
            )
            is_sent = links.filtered("sent_on") or "sent" in events.mapped("kind")
            move.portal_status = move._get_portal_status(bool(is_sent), bool(views))

    def _get_portal_account_events(self):
        """Return what happened to these invoices at links to their customers' accounts.

        :return: When they were sent and viewed.
        :rtype: account.move.portal.event
        """
        return self.env["account.move.portal.event"].search(
            [
                ("move_id", "in", self.ids),
                ("link_id.account_partner_id", "!=", False),
                ("kind", "in", ["sent", "viewed"]),
            ]
        )

    def _get_portal_status(self, is_sent, is_viewed):
        """Return how far the customer has come with the invoice.

        :param bool is_sent: Whether a link to it was sent.
        :param bool is_viewed: Whether a person has looked at it.
        :return: A value of `portal_status`; False for what has no portal page.
        :rtype: str | bool
        """
        self.ensure_one()
        if self.move_type != "out_invoice" or self.state == "cancel":
            return False
        if not (is_sent or is_viewed):
            return "not_sent"
        if self.payment_state in PAID_STATES:
            return "paid"
        return "viewed" if is_viewed else "sent"

    @api.model
    def _get_portal_status_domains(self):
        """Return the invoices of each status: the same as `_get_portal_status` says.

        :rtype: dict[str, Domain]
        """
        invoices = Domain("move_type", "=", "out_invoice") & Domain(
            "state", "!=", "cancel"
        )
        viewed = Domain("id", "in", _VIEWED)
        reached = invoices & (viewed | Domain("id", "in", _SENT))
        paid = Domain("payment_state", "in", PAID_STATES)
        return {
            "not_sent": invoices
            & Domain("id", "not in", _SENT)
            # Not the negation of it: `NOT IN`, looked up once as well.
            & Domain("id", "not in", _VIEWED),
            "sent": reached & Domain("id", "not in", _VIEWED) & ~paid,
            "viewed": reached & viewed & ~paid,
            "paid": reached & paid,
        }

    def _search_portal_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._flush_portal_views()
        domains = self._get_portal_status_domains()
        domains[False] = Domain("move_type", "!=", "out_invoice") | Domain(
            "state", "=", "cancel"
        )
        return Domain.OR(domains[one] for one in value if one in domains)

    def _search_portal_viewed_on(self, operator, value):
        self._flush_portal_views()
        if operator == "in":
            found = Domain("id", "not in", _VIEWED) if False in value else Domain.FALSE
            moments = [moment for moment in value if moment]
            return found | self._get_first_viewed_domain(SQL("= ANY(%s)", moments))
        if operator not in _COMPARISONS:
            return NotImplemented
        return self._get_first_viewed_domain(
            SQL("%s %s", _COMPARISONS[operator], value)
        )

    @api.model
    def _get_first_viewed_domain(self, condition):
        """Return the invoices whose first view was at certain times.

        :param SQL condition: What follows the time.
        :rtype: Domain
        """
        return Domain(
            "id", "in", SQL("(%s HAVING MIN(viewed_on) %s)", _FIRST_VIEWS, condition)
        )

    def _search_portal_viewed_by(self, operator, value):
        if operator not in ("in", "ilike", "=ilike", "like", "=like"):
            return NotImplemented
        if operator == "in" and False in value:
            return NotImplemented
        name = Domain("email", operator, value) | Domain(
            "partner_id.name", operator, value
        )
        viewed = Domain("past_first_viewed_on", "!=", False) | Domain(
            "event_ids", "any", [("is_first_of_link", "=", True)]
        )
        return Domain(
            "portal_link_ids",
            "any",
            Domain("audience", "!=", "internal") & name & viewed,
        )

    def _flush_portal_views(self):
        """Write what the database is about to be asked for."""
        self.env["account.move.portal.link"].flush_model()

    def _field_to_sql(self, alias, field_expr, query=None):
        """Override of `base` to sort and group by what is not stored."""
        if field_expr not in ("portal_status", "portal_viewed_on"):
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        self._flush_portal_views()
        move = SQL.identifier(alias)
        if field_expr == "portal_viewed_on":
            return SQL(
                """LEAST(
                    (SELECT create_date FROM account_move_portal_event
                      WHERE move_id = %(move)s.id AND is_first_view),
                    (SELECT MIN(past_first_viewed_on) FROM account_move_portal_link
                      WHERE move_id = %(move)s.id AND audience != 'internal')
                )""",
                move=move,
            )
        return SQL(
            """CASE
                WHEN %(type)s != 'out_invoice' OR %(state)s = 'cancel' THEN NULL
                WHEN %(move)s.id NOT IN %(sent)s AND %(move)s.id NOT IN %(viewed)s
                    THEN 'not_sent'
                WHEN %(payment_state)s IN %(paid)s THEN 'paid'
                WHEN %(move)s.id IN %(viewed)s THEN 'viewed'
                ELSE 'sent'
            END""",
            move=move,
            type=self._field_to_sql(alias, "move_type", query),
            state=self._field_to_sql(alias, "state", query),
            payment_state=self._field_to_sql(alias, "payment_state", query),
            paid=PAID_STATES,
            sent=_SENT,
            viewed=_VIEWED,
        )
