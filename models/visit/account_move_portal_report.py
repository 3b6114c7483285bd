from odoo import fields, models
from odoo.tools import SQL


class AccountMovePortalReport(models.Model):
    """One row per link that a customer has: sent, viewed, paid, and when.

    The link on the PDF is one of them, and was sent to nobody by itself.
    """

    _name = "account.move.portal.report"
    _description = "Invoice Portal Analysis"
    _auto = False
    _rec_name = "move_id"
    _order = "sent_on desc, id desc"

    link_id = fields.Many2one(
        "account.move.portal.link", string="Recipient", readonly=True
    )
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    email = fields.Char(string="E-mail", readonly=True)
    invoice_user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    invoice_date = fields.Date(readonly=True)
    sent_on = fields.Datetime(string="Sent", readonly=True)
    first_viewed_on = fields.Datetime(string="First view", readonly=True)
    paid_on = fields.Datetime(string="Paid", readonly=True)
    stage = fields.Selection(
        selection=[
            ("sent", "Not viewed"),
            ("viewed", "Viewed"),
            ("paid", "Paid"),
        ],
        help="How far the link's holder has come.",
        readonly=True,
    )
    sent_count = fields.Integer(string="Links sent", readonly=True)
    viewed_count = fields.Integer(string="Links viewed", readonly=True)
    paid_count = fields.Integer(
        string="Links paid", help="Links through which was paid.", readonly=True
    )
    view_count = fields.Integer(string="Views", readonly=True)
    hours_to_view = fields.Float(
        string="Average hours to view",
        help="From when the link was sent first to its first view.",
        aggregator="avg",
        readonly=True,
    )
    hours_to_pay = fields.Float(
        string="Average hours to pay",
        help="From when the link was sent first to the first payment through it.",
        aggregator="avg",
        readonly=True,
    )

    @property
    def _table_query(self):
        return SQL("%s %s", self._select(), self._from())

    def _select(self):
        """Return the columns.

        :rtype: SQL
        """
        return SQL(
            """
            SELECT link.id,
                   link.id AS link_id,
                   link.move_id,
                   link.company_id,
                   link.email,
                   move.commercial_partner_id AS partner_id,
                   move.invoice_user_id,
                   move.invoice_date,
                   link.sent_on,
                   view.first_viewed_on,
                   payment.paid_on,
                   CASE WHEN payment.paid_on IS NOT NULL THEN 'paid'
                        WHEN view.first_viewed_on IS NOT NULL THEN 'viewed'
                        ELSE 'sent'
                   END AS stage,
                   (link.sent_on IS NOT NULL AND link.audience = 'customer')::int
                       AS sent_count,
                   (view.first_viewed_on IS NOT NULL)::int AS viewed_count,
                   (payment.paid_on IS NOT NULL)::int AS paid_count,
                   view.view_count,
                   EXTRACT(EPOCH FROM view.first_viewed_on - first_sent.sent_on) / 3600
                       AS hours_to_view,
                   EXTRACT(EPOCH FROM payment.paid_on - first_sent.sent_on) / 3600
                       AS hours_to_pay
            """
        )

    def _from(self):
        """Return where the columns come from.

        :rtype: SQL
        """
        return SQL(
            """
              FROM account_move_portal_link link
              JOIN account_move move ON move.id = link.move_id
             CROSS JOIN LATERAL (
                   SELECT COALESCE(link.past_first_viewed_on, MIN(event.create_date))
                              AS first_viewed_on,
                          COALESCE(link.past_view_count, 0) + COUNT(event.id)
                              AS view_count
                     FROM account_move_portal_event event
                    WHERE event.link_id = link.id
                      AND event.kind = 'viewed'
                      AND event.is_repeated IS NOT TRUE
             ) view
             CROSS JOIN LATERAL (
                   SELECT MIN(event.create_date) AS paid_on
                     FROM account_move_portal_event event
                    WHERE event.link_id = link.id AND event.kind = 'paid'
             ) payment
             CROSS JOIN LATERAL (
                   SELECT COALESCE(MIN(event.create_date), link.sent_on) AS sent_on
                     FROM account_move_portal_event event
                    WHERE event.link_id = link.id AND event.kind = 'sent'
             ) first_sent
             WHERE link.audience != 'internal'
            """
        )
