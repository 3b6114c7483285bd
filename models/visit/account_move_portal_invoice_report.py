from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .account_move import PAID_STATES

#: What the dashboard sums up, in its order.
DASHBOARD_COUNTS = ("sent", "viewed", "paid", "overdue")


class AccountMovePortalInvoiceReport(models.Model):
    """One row per invoice that was sent to its customer, with its amounts.

    An invoice counts here if, and as, it does in the list of invoices: see
    `account.move._get_portal_status`.
    """

    _name = "account.move.portal.invoice.report"
    _inherit = ["account.move.portal.median"]
    _description = "Invoice Portal Analysis by Invoice"
    _auto = False
    _rec_name = "move_id"
    _order = "sent_on desc, id desc"

    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    invoice_user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    invoice_date = fields.Date(readonly=True)
    invoice_date_due = fields.Date(string="Due date", readonly=True)
    sent_on = fields.Datetime(string="Sent", readonly=True)
    first_viewed_on = fields.Datetime(string="First view", readonly=True)
    paid_on = fields.Datetime(
        string="Paid on the portal",
        help="The last payment that was made on the portal.",
        readonly=True,
    )
    stage = fields.Selection(
        selection=[("sent", "Not viewed"), ("viewed", "Viewed"), ("paid", "Paid")],
        help="What the customer has done with the invoice.",
        readonly=True,
    )
    recipient_count = fields.Integer(string="Recipients", readonly=True)
    sent_count = fields.Integer(string="Invoices sent", readonly=True)
    viewed_count = fields.Integer(string="Invoices viewed", readonly=True)
    paid_count = fields.Integer(string="Invoices paid", readonly=True)
    overdue_count = fields.Integer(string="Invoices overdue", readonly=True)
    # In the company's currency: sums are of one.
    amount_sent = fields.Monetary(string="Amount sent", readonly=True)
    amount_viewed = fields.Monetary(string="Amount viewed", readonly=True)
    amount_paid = fields.Monetary(string="Amount paid", readonly=True)
    amount_due = fields.Monetary(string="Amount due", readonly=True)
    amount_overdue = fields.Monetary(string="Amount overdue", readonly=True)
    hours_to_view = fields.Float(
        string="Median hours to view",
        help="Hours from first sending to first view.",
        aggregator="median",
        readonly=True,
    )
    hours_to_pay = fields.Float(
        string="Median hours to pay",
        help="Hours from first sending to payment on the portal.",
        aggregator="median",
        readonly=True,
    )

    @property
    def _table_query(self):
        self.env["account.move.portal.link"].flush_model()
        return SQL("%s %s", self._select(), self._from())

    def _select(self):
        """Return the columns.

        :rtype: SQL
        """
        return SQL(
            """
            SELECT move.id,
                   move.id AS move_id,
                   move.company_id,
                   company.currency_id,
                   move.commercial_partner_id AS partner_id,
                   move.invoice_user_id,
                   move.invoice_date,
                   move.invoice_date_due,
                   COALESCE(happened.sent_on, link.sent_on) AS sent_on,
                   LEAST(happened.viewed_on, link.viewed_on) AS first_viewed_on,
                   happened.paid_on,
                   CASE WHEN move.payment_state IN %(paid)s THEN 'paid'
                        WHEN is_viewed THEN 'viewed'
                        ELSE 'sent'
                   END AS stage,
                   link.recipient_count,
                   1 AS sent_count,
                   is_viewed::int AS viewed_count,
                   (move.payment_state IN %(paid)s)::int AS paid_count,
                   is_overdue::int AS overdue_count,
                   move.amount_total_signed AS amount_sent,
                   CASE WHEN is_viewed THEN move.amount_total_signed ELSE 0 END
                       AS amount_viewed,
                   -- What was credited was not paid.
                   CASE WHEN move.payment_state != 'reversed'
                        THEN move.amount_total_signed - move.amount_residual_signed
                             - COALESCE(credit.amount, 0)
                        ELSE 0
                   END AS amount_paid,
                   move.amount_residual_signed AS amount_due,
                   CASE WHEN is_overdue THEN move.amount_residual_signed ELSE 0 END
                       AS amount_overdue,
                   EXTRACT(EPOCH FROM LEAST(happened.viewed_on, link.viewed_on)
                       - COALESCE(happened.sent_on, link.sent_on)) / 3600
                       AS hours_to_view,
                   EXTRACT(EPOCH FROM happened.paid_on
                       - COALESCE(happened.sent_on, link.sent_on)) / 3600
                       AS hours_to_pay
            """,
            paid=PAID_STATES,
        )

    def _from(self):
        """Return where the columns come from.

        :rtype: SQL
        """
        return SQL(
            """
              FROM account_move move
              JOIN res_company company ON company.id = move.company_id
              JOIN (
                   SELECT move_id,
                          MIN(sent_on) AS sent_on,
                          MIN(past_first_viewed_on) AS viewed_on,
                          COUNT(*) FILTER (WHERE audience = 'customer')
                              AS recipient_count
                     FROM account_move_portal_link
                    WHERE audience != 'internal'
                    GROUP BY move_id
                   ) link ON link.move_id = move.id
              LEFT JOIN (
                   SELECT event.move_id,
                          MIN(event.create_date) FILTER (WHERE kind = 'sent')
                              AS sent_on,
                          MIN(event.create_date) FILTER (WHERE kind = 'viewed')
                              AS viewed_on,
                          MAX(event.create_date) FILTER (WHERE kind = 'paid') AS paid_on
                     FROM account_move_portal_event event
                    WHERE kind IN ('sent', 'viewed', 'paid')
                    GROUP BY event.move_id
                   ) happened ON happened.move_id = move.id
              LEFT JOIN (
                   -- In the company's currency, as all amounts here.
                   SELECT item.move_id, SUM(partial.amount) AS amount
                     FROM account_move refund
                     JOIN account_move_line refunded ON refunded.move_id = refund.id
                     JOIN account_partial_reconcile partial
                       ON partial.credit_move_id = refunded.id
                     JOIN account_move_line item ON item.id = partial.debit_move_id
                    WHERE refund.move_type = 'out_refund'
                    GROUP BY item.move_id
                   ) credit ON credit.move_id = move.id
             CROSS JOIN LATERAL (
                   SELECT (happened.viewed_on IS NOT NULL OR link.viewed_on IS NOT NULL)
                              AS is_viewed,
                          (move.state = 'posted'
                           AND move.payment_state IN ('not_paid', 'partial')
                           AND move.invoice_date_due < %(today)s) AS is_overdue
                   ) facts
             WHERE move.move_type = 'out_invoice'
               AND move.state != 'cancel'
               AND (link.sent_on IS NOT NULL OR is_viewed)
            """,
            today=self.env.company._get_portal_day(),
        )

    # === DASHBOARD === #

    @api.model
    def get_portal_dashboard(self, months=12):
        """Return the figures of the dashboard: of each month, and of all of them.

        :param int months: How many months, the current one included.
        :return: `total` and `months`, the latest first; the `currency_id` of amounts.
        :rtype: dict
        """
        today = self.env.company._get_portal_day()
        start = today.replace(day=1) - relativedelta(months=max(1, int(months)) - 1)
        domain = [
            ("sent_on", ">=", start),
            ("company_id", "=", self.env.company.id),
        ]
        names = [
            *(f"{name}_count:sum" for name in DASHBOARD_COUNTS),
            *(f"amount_{name}:sum" for name in DASHBOARD_COUNTS),
            *("hours_to_view:median", "hours_to_pay:median"),
        ]
        # Together, as each would go through all invoices by itself.
        totals, rows = self._read_grouping_sets(domain, [[], ["sent_on:month"]], names)
        rows.sort(key=lambda row: row[0], reverse=True)
        keys = [name.partition(":")[0] for name in names]
        return {
            "currency_id": self.env.company.currency_id.id,
            "since": fields.Date.to_string(start),
            "total": dict(zip(keys, *totals, strict=True)),
            "months": [
                {
                    "month": fields.Date.to_string(month),
                    "until": fields.Date.to_string(month + relativedelta(months=1)),
                    **dict(zip(keys, values, strict=True)),
                }
                for month, *values in rows
            ],
        }
