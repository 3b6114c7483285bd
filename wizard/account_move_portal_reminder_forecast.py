from odoo import api, fields, models
from odoo.tools import SQL


class AccountMovePortalReminderForecast(models.TransientModel):
    """What reminders would go out in the next 30 days, on today's data."""

    _name = "account.move.portal.reminder.forecast"
    _description = "Invoice Reminders of the Next 30 Days"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    rule_id = fields.Many2one(
        comodel_name="account.move.portal.reminder.rule",
        help="This rule is treated as if it were switched on.",
    )
    line_ids = fields.One2many(
        comodel_name="account.move.portal.reminder.forecast.line",
        inverse_name="forecast_id",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to find at once what would go out."""
        forecasts = super().create(vals_list)
        for forecast in forecasts:
            forecast._fill()
        return forecasts

    # === BUSINESS METHODS === #

    def _fill(self):
        """Write a line for each reminder that would go out."""
        self.company_id.check_access("read")
        rules = self.env["account.move.portal.reminder.rule"]
        rules = rules.search(
            [("company_id", "=", self.company_id.id), ("is_on", "=", True)]
        )
        rules |= self.rule_id
        rules.check_access("read")
        # In sudo mode because links and events decide, whoever looks.
        reminders_sudo = self.env["account.move.portal.reminder"].sudo()
        foreseen = reminders_sudo._forecast(rules.sudo())
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                INSERT INTO account_move_portal_reminder_forecast_line (
                       forecast_id, day, rule_id, move_id, email, due_on,
                       create_uid, create_date, write_uid, write_date)
                SELECT %(forecast)s, step.*, %(user)s, %(now)s, %(user)s, %(now)s
                  FROM UNNEST(%(days)s::date[], %(rules)s::int[], %(moves)s::int[],
                              %(emails)s::text[], %(dues)s::date[]) step
                RETURNING id
                """,
                forecast=self.id,
                user=self.env.uid,
                now=fields.Datetime.now(),
                days=[day for day, _step in foreseen],
                rules=[step.rule_id for _day, step in foreseen],
                moves=[step.move_id for _day, step in foreseen],
                emails=[step.email for _day, step in foreseen],
                dues=[step.due for _day, step in foreseen],
            )
        )
        self.invalidate_recordset(["line_ids"])


class AccountMovePortalReminderForecastLine(models.TransientModel):
    """A reminder that would go out."""

    _name = "account.move.portal.reminder.forecast.line"
    _description = "Invoice Reminder of the Next 30 Days"
    _order = "day, id"

    forecast_id = fields.Many2one(
        comodel_name="account.move.portal.reminder.forecast",
        required=True,
        index=True,
        ondelete="cascade",
    )
    day = fields.Date()
    rule_id = fields.Many2one(
        comodel_name="account.move.portal.reminder.rule", ondelete="cascade"
    )
    move_id = fields.Many2one(
        comodel_name="account.move", string="Invoice", ondelete="cascade"
    )
    partner_id = fields.Many2one(related="move_id.partner_id")
    email = fields.Char(string="Recipient")
    due_on = fields.Date(string="Due date")
    amount_residual = fields.Monetary(
        string="Balance due", related="move_id.amount_residual"
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
