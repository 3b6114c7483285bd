from datetime import timedelta

import pytz
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL, html_sanitize, is_html_empty
from odoo.tools.translate import html_translate

#: What changes which invoices a rule finds: it starts anew then.
SCHEDULE_FIELDS = {"trigger", "days", "company_id"}
#: After how many hours a payment is no longer put down to a reminder.
PAID_HOURS = 48
# For how many days ahead an hour is looked for in which a rule may send.
OPENING_DAYS = 366


class AccountMovePortalReminderRule(models.Model):
    """When customers are reminded of an invoice, and with which words.

    A rule is one step: *overdue by 7 days*. It finds invoices by days, never by hours,
    in the company's zone, and starts with what falls due once it is switched on.
    """

    _name = "account.move.portal.reminder.rule"
    _description = "Invoice Portal Reminder Rule"
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    is_on = fields.Boolean(
        string="Switched on", help="If off, nothing is sent.", readonly=True, copy=False
    )
    starts_on = fields.Date(
        string="Since",
        help="The rule only sends reminders due from this day on.",
        readonly=True,
        copy=False,
    )
    trigger = fields.Selection(
        selection=[
            ("not_viewed", "days after sending, if not viewed"),
            ("due", "days before the due date"),
            ("overdue", "days after the due date"),
            ("promised", "days after a promised payment"),
        ],
        string="When",
        required=True,
        default="overdue",
    )
    days = fields.Integer(required=True, default=7)
    minimum_amount = fields.Monetary(
        string="Minimum balance",
        help="No reminders are sent for invoices with a smaller balance.",
    )
    max_per_invoice = fields.Integer(
        string="Reminders per invoice",
        help="No more reminders once a recipient has had this many for an invoice.",
        required=True,
        default=5,
    )
    min_days_between = fields.Integer(
        string="Days between reminders",
        help="A recipient gets at most one reminder in this many days, whichever "
        "invoice it is about.",
        required=True,
        default=4,
    )
    group_from = fields.Integer(
        string="Combine from",
        help="A recipient with at least this many invoices to be reminded of gets one "
        "reminder for all of them, with a link to the customer's account. 0 means "
        "never.",
        default=0,
    )
    calendar_id = fields.Many2one(
        comodel_name="resource.calendar",
        string="Working days",
        help="Nothing is sent on days off or public holidays in this schedule. If "
        "empty, the company's schedule applies.",
        check_company=True,
        ondelete="restrict",
    )
    hour_from = fields.Float(string="From", required=True, default=9.0)
    hour_to = fields.Float(string="To", required=True, default=17.0)
    subject = fields.Char(required=True, translate=True)
    body = fields.Html(
        string="Message",
        required=True,
        # The field does not sanitize, as one that does mixes the languages up.
        sanitize=False,
        translate=html_translate,
    )
    reminder_ids = fields.One2many(
        comodel_name="account.move.portal.reminder",
        inverse_name="rule_id",
        readonly=True,
    )
    sent_count = fields.Integer(string="Sent", compute="_compute_outcome")
    paid_count = fields.Integer(string="Paid soon", compute="_compute_outcome")
    paid_share = fields.Float(
        string="Paid within 48 hours",
        help="The share of reminders followed by a payment of the invoice within 48 "
        "hours.",
        compute="_compute_outcome",
    )

    _days_in_order = models.Constraint(
        "CHECK (days >= 1 OR (trigger = 'due' AND days = 0))",
        "The number of days must be 1 or more.",
    )
    _hours_in_order = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_from < hour_to AND hour_to <= 24)",
        "The hours must be in order, between 0:00 and 24:00.",
    )
    _limits_in_order = models.Constraint(
        "CHECK (max_per_invoice >= 1 AND min_days_between >= 1"
        " AND minimum_amount >= 0 AND group_from >= 0)",
        "The limits of a reminder rule are too small.",
    )

    # === COMPUTE METHODS === #

    def _compute_outcome(self):
        """Count what was sent, and was paid within the hours that count."""
        self.env["account.move.portal.reminder"].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        counts = {}
        for rule_id, sent, paid in self.env.execute_query(
            SQL(
                """
                SELECT reminder.rule_id, COUNT(*), COUNT(*) FILTER (WHERE EXISTS (
                           SELECT FROM account_move_line line
                             JOIN account_partial_reconcile partial
                               ON partial.debit_move_id = line.id
                             JOIN account_move_line credit
                               ON credit.id = partial.credit_move_id
                             JOIN account_move paying ON paying.id = credit.move_id
                            WHERE line.move_id = reminder.move_id
                              AND paying.move_type = 'entry'
                              AND partial.create_date >= reminder.sent_on
                              AND partial.create_date
                                  < reminder.sent_on + %s * INTERVAL '1 hour'))
                  FROM account_move_portal_reminder reminder
                 WHERE reminder.state = 'sent' AND reminder.rule_id = ANY(%s)
                 GROUP BY reminder.rule_id
                """,
                PAID_HOURS,
                self.ids,
            )
        ):
            counts[rule_id] = (sent, paid)
        for rule in self:
            rule.sent_count, rule.paid_count = counts.get(rule.id, (0, 0))
            rule.paid_share = rule.paid_count / (rule.sent_count or 1)

    # === CONSTRAINT METHODS === #

    @api.constrains("subject", "body")
    def _check_texts(self):
        for rule in self:
            for text in (rule.subject, rule.body):
                self.env["account.move.portal.text"]._check(text)
            if is_html_empty(rule.body):
                raise ValidationError(self.env._("A reminder needs a message."))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to have a rule that is made switched on start from now on."""
        rules = super().create(vals_list)
        rules.filtered("is_on")._start_anew()
        return rules

    def write(self, vals):
        """Override to have a rule that is switched on or moved start from now on."""
        was_on = self.filtered("is_on")
        result = super().write(vals)
        is_moved = bool(SCHEDULE_FIELDS & set(vals))
        self.filtered(
            lambda rule: rule.is_on and (is_moved or rule not in was_on)
        )._start_anew()
        return result

    def _start_anew(self):
        """Have these rules send only what falls due from today on."""
        for company, rules in self.grouped("company_id").items():
            rules.starts_on = company._get_portal_day()

    # === ACTION METHODS === #

    def action_switch_on(self):
        """Have these rules send what falls due from now on."""
        self.filtered(lambda rule: not rule.is_on).is_on = True

    def action_switch_off(self):
        """Have these rules send nothing any more; what waits is not sent either."""
        self.is_on = False

    def action_forecast(self):
        """Show what would be sent in the next 30 days, on today's data.

        :return: The action of the window.
        :rtype: dict
        """
        self.ensure_one()
        forecast = self.env["account.move.portal.reminder.forecast"].create(
            {"company_id": self.company_id.id, "rule_id": self.id}
        )
        return {
            "name": self.env._("Next 30 Days"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.reminder.forecast.line",
            "view_mode": "list",
            "domain": [("forecast_id", "=", forecast.id)],
            "context": {"group_by": ["day:day"], "create": False},
        }

    def action_view_reminders(self):
        """Open the log of these rules.

        :return: The action of the list.
        :rtype: dict
        """
        return {
            "name": self.env._("Reminders"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.reminder",
            "view_mode": "list",
            "domain": [("rule_id", "in", self.ids)],
        }

    # === BUSINESS METHODS - THE TEXT === #

    def _get_text(self, move, lang):
        """Return what a reminder says.

        :param account.move move: The invoice; several if it is for all of these.
        :param str lang: The code of the reader's language.
        :return: The subject and the body.
        :rtype: tuple[str, Markup]
        """
        rule = self.with_context(lang=lang)
        move = move.with_context(lang=lang)
        texts = self.env["account.move.portal.text"].with_context(lang=lang)
        body = Markup(html_sanitize(rule.body, sanitize_style=True))
        return texts._render(rule.subject, move), texts._render(body, move)

    # === BUSINESS METHODS - SEVERAL INVOICES AT ONCE === #

    def _find_to_be_grouped(self, move):
        """Return the invoices of a customer that can be reminded of together with one.

        They are open, nothing holds them, and they are overdue where the rule is about
        what is overdue.

        :param account.move move: The invoice.
        :rtype: account.move
        """
        self.ensure_one()
        domain = [
            ("commercial_partner_id", "=", move.commercial_partner_id.id),
            ("company_id", "=", move.company_id.id),
            ("state", "=", "posted"),
            ("move_type", "=", "out_invoice"),
            ("payment_state", "in", ["not_paid", "partial"]),
            ("amount_residual_signed", ">=", self.minimum_amount),
            ("id", "!=", move.id),
        ]
        if self.trigger == "overdue":
            today = self.company_id._get_portal_day()
            domain.append(("invoice_date_due", "<", today))
        moves = move.search(domain, order="invoice_date_due, id")
        reasons = self.env["account.move.portal.hold"]._get_reasons(moves)
        return moves.filtered(lambda each: not reasons[each.id])

    # === BUSINESS METHODS - WORKING HOURS === #

    def _get_closed(self):
        """Return when a rule sends nothing.

        :return: The weekdays on which it does send, 0 for Monday, and the days off:
            pairs of the first and the last.
        :rtype: tuple[set[int], list[tuple]]
        """
        self.ensure_one()
        zone = pytz.timezone(self.company_id._get_portal_timezone())
        # In sudo mode because schedules are for the staff of personnel.
        calendar_sudo = (
            self.calendar_id.sudo() or self.company_id.sudo().resource_calendar_id
        )
        weekdays = {
            int(day) for day in calendar_sudo.attendance_ids.mapped("dayofweek")
        }
        leaves_sudo = calendar_sudo.env["resource.calendar.leaves"].search(
            [
                ("resource_id", "=", False),
                ("calendar_id", "in", [False, *calendar_sudo.ids]),
                ("company_id", "in", [False, self.company_id.id]),
            ]
        )

        def get_day(moment):
            return pytz.utc.localize(moment).astimezone(zone).date()

        days_off = [
            (get_day(leave.date_from), get_day(leave.date_to - timedelta(seconds=1)))
            for leave in leaves_sudo
        ]
        return weekdays or set(range(7)), days_off

    def _make_calendar(self):
        """Return a function that says of a day whether something is sent on it.

        :rtype: callable
        """
        weekdays, days_off = self._get_closed()

        def is_open(day):
            return day.weekday() in weekdays and not any(
                first <= day <= last for first, last in days_off
            )

        return is_open

    def _make_calendars(self):
        """Return the functions of `_make_calendar`; most rules share a schedule.

        :return: The functions by the rule's id.
        :rtype: dict[int, callable]
        """
        calendars = {}
        for _schedule, rules in self.grouped(
            lambda rule: (rule.company_id, rule.calendar_id)
        ).items():
            calendars.update(dict.fromkeys(rules.ids, rules[0]._make_calendar()))
        return calendars

    def _get_next_opening(self, moment, is_open=None):
        """Return when a rule may send next, by the company's clock.

        :param datetime.datetime moment: From when on, in UTC.
        :param callable|None is_open: What `_make_calendar` returns, if it is known.
        :return: The moment itself if it may now; None if there is no such day.
        :rtype: datetime.datetime | None
        """
        self.ensure_one()
        is_open, company = is_open or self._make_calendar(), self.company_id
        today = company._get_portal_day(moment)
        for number in range(OPENING_DAYS):
            day = today + timedelta(days=number)
            if is_open(day) and moment < company._get_portal_moment(day, self.hour_to):
                return max(moment, company._get_portal_moment(day, self.hour_from))
        return None

    def _get_next_openings(self, moment, calendars=None):
        """Return when each of these rules may send next.

        :param datetime.datetime moment: From when on, in UTC.
        :param dict|None calendars: What `_make_calendars` returns, if it is known.
        :return: The moments by the rule's id, as `_get_next_opening`.
        :rtype: dict[int, datetime.datetime | None]
        """
        calendars = calendars or self._make_calendars()
        return {
            rule.id: rule._get_next_opening(moment, calendars[rule.id]) for rule in self
        }

    # === BUSINESS METHODS - WHICH INVOICES === #

    @api.model
    def _get_anchors_query(self):
        """Return the query of when a rule speaks to a recipient.

        :return: The day on which it is due, and the last one on which it is true; it
            reads `rule` and `recipient`.
        :rtype: SQL
        """
        return SQL(
            """
            SELECT CASE rule.trigger
                       WHEN 'due' THEN recipient.due - rule.days
                       WHEN 'overdue' THEN recipient.due + rule.days
                       WHEN 'promised' THEN recipient.promised + rule.days
                       WHEN 'not_viewed' THEN recipient.sent + rule.days
                   END AS anchor,
                   CASE rule.trigger WHEN 'due' THEN recipient.due END AS valid_until
            """
        )

    @api.model
    def _get_new_condition(self):
        """Return the condition that a step was not decided yet, nor is history.

        :return: It reads `rule`, `recipient` and `step`.
        :rtype: SQL
        """
        return SQL(
            """
            (recipient.last_due IS NULL OR step.anchor > recipient.last_due)
            AND (step.anchor > recipient.sent OR rule.trigger = 'promised')
            AND NOT EXISTS (
                    SELECT FROM account_move_portal_reminder done
                     WHERE done.rule_id = rule.id
                       AND done.move_id = recipient.move_id
                       AND done.email = recipient.email
                       AND done.state != 'held')
            """
        )

    @api.model
    def _get_viewed_condition(self):
        """Return the condition that nobody viewed what a rule calls not viewed.

        :return: It reads `rule` and `recipient`.
        :rtype: SQL
        """
        return SQL(
            """
            (rule.trigger != 'not_viewed' OR NOT (
                recipient.was_viewed OR EXISTS (
                    SELECT FROM account_move_portal_event event
                     WHERE event.link_id = recipient.link_id
                       AND event.is_first_of_link)))
            """
        )
