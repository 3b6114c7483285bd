from odoo import fields, models
from odoo.tools import SQL


class AccountMovePortalReport(models.Model):
    """One row per link that a customer has: sent, viewed, paid, when, how much.

    The link on the PDF is one of them, and was sent to nobody by itself.
    """

    _name = "account.move.portal.report"
    _inherit = ["account.move.portal.median"]
    _description = "Invoice Portal Analysis by Recipient"
    _auto = False
    _rec_name = "move_id"
    _order = "sent_on desc, id desc"

    link_id = fields.Many2one(
        "account.move.portal.link", string="Recipient", readonly=True
    )
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    email = fields.Char(readonly=True)
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
        help="What the recipient has done with the link.",
        readonly=True,
    )
    sent_count = fields.Integer(string="Links sent", readonly=True)
    viewed_count = fields.Integer(string="Links viewed", readonly=True)
    paid_count = fields.Integer(
        string="Links paid", help="Links used to make a payment.", readonly=True
    )
    view_count = fields.Integer(string="Views", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_paid = fields.Monetary(
        string="Amount paid",
        help="Paid through this link, in the company's currency at the invoice's rate.",
        readonly=True,
    )
    hours_to_view = fields.Float(
        string="Median hours to view",
        help="Hours from first sending of the link to its first view.",
        aggregator="median",
        readonly=True,
    )
    hours_to_pay = fields.Float(
        string="Median hours to pay",
        help="Hours from first sending of the link to the first payment through it.",
        aggregator="median",
        readonly=True,
    )

    @property
    def _table_query(self):
        self.env["account.move.portal.link"].flush_model()
        self.env["payment.transaction"].flush_model(["amount", "state"])
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
                   company.currency_id,
                   -- The link on the PDF was sent to nobody by itself.
                   CASE WHEN link.audience = 'customer' THEN link.sent_on END
                       AS sent_on,
                   LEAST(link.past_first_viewed_on, happened.viewed_on)
                       AS first_viewed_on,
                   happened.paid_on,
                   CASE WHEN happened.paid_on IS NOT NULL THEN 'paid'
                        WHEN is_viewed THEN 'viewed'
                        ELSE 'sent'
                   END AS stage,
                   (link.sent_on IS NOT NULL AND link.audience = 'customer')::int
                       AS sent_count,
                   is_viewed::int AS viewed_count,
                   (happened.paid_on IS NOT NULL)::int AS paid_count,
                   COALESCE(link.past_view_count, 0) + COALESCE(happened.view_count, 0)
                       AS view_count,
                   COALESCE(happened.amount, 0) * CASE
                       WHEN move.amount_total != 0
                       THEN ABS(move.amount_total_signed / move.amount_total)
                       ELSE 1
                   END AS amount_paid,
                   EXTRACT(EPOCH FROM LEAST(link.past_first_viewed_on,
                       happened.viewed_on) - COALESCE(happened.sent_on, link.sent_on)
                       ) / 3600 AS hours_to_view,
                   EXTRACT(EPOCH FROM happened.paid_on
                       - COALESCE(happened.sent_on, link.sent_on)) / 3600
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
              JOIN res_company company ON company.id = link.company_id
              LEFT JOIN (
                   SELECT event.link_id,
                          MIN(event.create_date) FILTER (WHERE kind = 'sent')
                              AS sent_on,
                          MIN(event.create_date) FILTER (WHERE kind = 'viewed')
                              AS viewed_on,
                          MIN(event.create_date) FILTER (WHERE kind = 'paid')
                              AS paid_on,
                          COUNT(*) FILTER (
                              WHERE kind = 'viewed' AND is_repeated IS NOT TRUE
                          ) AS view_count,
                          SUM(tx.amount) FILTER (
                              WHERE kind = 'paid' AND tx.state = 'done'
                          ) AS amount
                     FROM account_move_portal_event event
                     LEFT JOIN payment_transaction tx ON tx.id = event.transaction_id
                    WHERE kind IN ('sent', 'viewed', 'paid')
                    GROUP BY event.link_id
                   ) happened ON happened.link_id = link.id
             CROSS JOIN LATERAL (
                   SELECT (link.past_first_viewed_on IS NOT NULL
                           OR happened.viewed_on IS NOT NULL) AS is_viewed
                   ) facts
             WHERE link.audience != 'internal'
            """
        )
