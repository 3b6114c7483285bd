from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_datetime, is_html_empty

#: Why invoices are left out, in the order in which the window tells it.
REASONS = (
    *("not_invoice", "cancelled", "draft", "paid", "queued", "sent"),
    *("bad_email", "no_email"),
)


class AccountMoveSendPortalMass(models.TransientModel):
    """The *Email Portal Links* window on many invoices.

    It says first what will happen: how many emails, to whom not and why, and how long
    it will take. Nothing is sent while the user waits: the scheduler does it.
    """

    _name = "account.move.send.portal.mass"
    _description = "Email Portal Links"

    move_ids = fields.Many2many(
        comodel_name="account.move",
        relation="account_move_send_portal_mass_rel",
        string="Invoices",
        readonly=True,
    )
    company_id = fields.Many2one(
        comodel_name="res.company", compute="_compute_company_id"
    )
    # The questions.
    drafts = fields.Selection(
        selection=[
            ("confirm", "Confirm each one before sending it"),
            ("send", "Send them as drafts that customers can view but not pay"),
            ("leave", "Leave them out"),
        ],
        required=True,
        default="leave",
    )
    is_repeating = fields.Boolean(string="Include invoices already sent")
    is_with_documents = fields.Boolean(string="Include the supporting documents")
    is_adjusting = fields.Boolean(string="Change the subject and message")
    subject = fields.Char()
    body = fields.Html(string="Message", sanitize_style=True)
    when = fields.Selection(
        selection=[("now", "Now"), ("later", "Later")],
        string="Send",
        required=True,
        default="now",
    )
    day = fields.Date(string="On")
    hour = fields.Float(string="At", default=9.0)
    timezone = fields.Char(compute="_compute_company_id")
    # The summary.
    invoice_count = fields.Integer(string="Selected", compute="_compute_summary")
    chosen_count = fields.Integer(string="To be sent", compute="_compute_summary")
    email_count = fields.Integer(string="Emails", compute="_compute_summary")
    draft_count = fields.Integer(string="Not confirmed", compute="_compute_summary")
    sent_count = fields.Integer(
        string="Sent before with a portal link", compute="_compute_summary"
    )
    core_sent_count = fields.Integer(
        string="Sent before by Odoo", compute="_compute_summary"
    )
    pos_count = fields.Integer(
        string="From the point of sale", compute="_compute_summary"
    )
    viewed_count = fields.Integer(string="Viewed", compute="_compute_summary")
    amounts = fields.Char(string="Total", compute="_compute_summary")
    languages = fields.Char(compute="_compute_summary")
    budget = fields.Char(string="How long it takes", compute="_compute_summary")
    left_out_count = fields.Integer(string="Not sent", compute="_compute_summary")
    left_out = fields.Json(
        help="Why invoices are not sent: reason, words and number of each.",
        compute="_compute_summary",
    )

    # === COMPUTE METHODS === #

    @api.depends("move_ids")
    def _compute_company_id(self):
        for window in self:
            window.company_id = window.move_ids[:1].company_id or self.env.company
            window.timezone = window.company_id._get_portal_timezone()

    @api.depends("move_ids", "drafts", "is_repeating")
    def _compute_summary(self):
        for window in self:
            choice, moves = window._choose(), window.move_ids._origin
            batches = self.env["account.move.portal.batch"]
            sent, _queued = batches._find_sent(moves)
            window.invoice_count = len(moves)
            window.chosen_count = len(choice.recipients)
            window.email_count = sum(map(len, choice.recipients.values()))
            window.draft_count = len(moves.filtered(lambda each: each.state == "draft"))
            window.sent_count = len(sent)
            window.core_sent_count = len(
                moves.filtered(
                    lambda move, sent=sent: move.is_move_sent and move.id not in sent
                )
            )
            window.pos_count = window._count_from_point_of_sale()
            window.viewed_count = window._count_viewed()
            window.amounts = window._describe_amounts(choice)
            window.languages = window._describe_languages(choice)
            window.budget = window._describe_budget(choice)
            window.left_out_count = len(moves) - len(choice.recipients)
            window.left_out = [
                {
                    "reason": reason,
                    "words": self.env["account.move.portal.batch"]._explain(reason),
                    "count": len(choice.left_out[reason]),
                }
                for reason in REASONS
                if reason in choice.left_out
            ]

    # === ONCHANGE METHODS === #

    @api.onchange("is_adjusting")
    def _onchange_is_adjusting(self):
        """Start from what the company's emails say in the user's language."""
        if self.is_adjusting and not self.subject:
            # In sudo mode because the company's texts are for all who send invoices.
            texts_sudo = self.env["account.move.portal.text"].sudo()
            self.subject, self.body = texts_sudo._get_unfilled(
                self.company_id.sudo(), self.env.lang or "en_US"
            )

    # === ACTION METHODS === #

    def action_send(self):
        """Have the emails sent by the scheduler, now or when it was said.

        :return: The action that shows how far it has got.
        :rtype: dict
        :raise UserError: If nothing can be sent, or the text is not complete.
        """
        self.ensure_one()
        self.move_ids.check_access("write")
        choice = self._choose()
        if not choice.recipients:
            raise UserError(self.env._("None of these invoices can be sent."))
        if len(self.move_ids.company_id) > 1:
            raise UserError(self.env._("Select the invoices of one company at a time."))
        # In sudo mode because what is sent is written by the system alone.
        batch_sudo = (
            self.env["account.move.portal.batch"]
            .sudo()
            ._start(choice, self._get_batch_values(), self._get_due_on())
        )
        if batch_sudo.body:
            batch_sudo.body = batch_sudo._keep_pictures(
                batch_sudo.body, self._filter_readable
            )
        return batch_sudo.sudo(False)._get_batch_action()

    def action_show(self, reason):
        """Open the list of the invoices that are not sent for a reason.

        :param str reason: The reason.
        :return: The action of the list.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env["account.move.portal.batch"]._explain(reason),
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", self._choose().left_out[reason].ids)],
            "target": "current",
        }

    def get_email_preview(self, index=0):
        """Return the email of one of the invoices, as its customer gets it.

        :param int index: Which one of those that are sent; after the last comes the
            first.
        :return: What the single window's preview is, the invoice, and its position
            among all that are sent; empty if none is.
        :rtype: dict
        """
        self.ensure_one()
        chosen = list(self._choose().recipients)
        if not chosen:
            return {}
        index %= len(chosen)
        move = chosen[index]
        return {
            **self._get_preview_window(move).get_email_preview(),
            "invoice_id": move.id,
            "invoice_name": move._get_portal_number(),
            "position": index + 1,
            "count": len(chosen),
        }

    # === BUSINESS METHODS === #

    def _get_preview_window(self, move):
        """Return the window on one invoice, filled in with what this one says.

        :param account.move move: The invoice.
        :rtype: account.move.send.portal
        :raise UserError: If the text is not complete.
        """
        # In sudo mode because the company's texts are for all who send invoices.
        texts_sudo = self.env["account.move.portal.text"].sudo()
        window = self.env["account.move.send.portal"].create({"move_id": move.id})
        values = self._get_batch_values()
        window.subject, window.body = texts_sudo._get_subject_and_body(
            move.sudo(), window.lang, values["subject"], values["body"]
        )
        if self.is_with_documents:
            window.include_documents = "yes"
        return window

    def _get_window(self):
        """Return the action that shows this window.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Email Portal Links"),
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _filter_readable(self, attachments_sudo):
        """Return those of attachments that the user may read.

        :param ir.attachment attachments_sudo: The attachments, in sudo mode.
        :return: The same, in sudo mode.
        :rtype: ir.attachment
        """
        readable = attachments_sudo.with_env(self.env)._filtered_access("read")
        return readable.sudo()

    def _choose(self):
        """Return which invoices are sent by the answers given, and which are not.

        :rtype: Choice
        """
        # While the window is being filled in, they are not the records themselves.
        return self.env["account.move.portal.batch"]._choose(
            self.move_ids._origin,
            is_with_drafts=self.drafts != "leave",
            is_repeating=self.is_repeating,
        )

    def _get_batch_values(self):
        """Return what the emails share.

        :return: Values of a batch.
        :rtype: dict
        :raise UserError: If there is no text.
        """
        if self.is_adjusting:
            if not (self.subject or "").strip():
                raise UserError(self.env._("Enter a subject first."))
            if is_html_empty(self.body):
                raise UserError(self.env._("Enter a message first."))
            for text in (self.subject, self.body):
                self.env["account.move.portal.text"]._check(text)
        return {
            "company_id": self.company_id.id,
            "origin": "list",
            "subject": self.subject if self.is_adjusting else False,
            "body": self.body if self.is_adjusting else False,
            "is_confirming": self.drafts == "confirm",
            "is_repeating": self.is_repeating,
            "is_with_documents": self.is_with_documents,
        }

    def _get_due_on(self):
        """Return when to send.

        :return: The moment in UTC; False for now.
        :rtype: datetime.datetime | bool
        :raise UserError: If no day is given, or it is over.
        """
        if self.when == "now":
            return False
        if not self.day:
            raise UserError(self.env._("Enter the date to send on."))
        due_on = self.company_id._get_portal_moment(self.day, self.hour)
        if due_on < fields.Datetime.now():
            raise UserError(self.env._("That time has passed. Choose a later one."))
        return due_on

    def _count_from_point_of_sale(self):
        """Return how many of the invoices are of orders at a point of sale.

        :rtype: int
        """
        if "pos_order_ids" not in self.move_ids._fields:
            return 0
        # In sudo mode because billers may not read orders.
        return (
            self.env["pos.order"]
            .sudo()
            .search_count([("account_move", "in", self.move_ids._origin.ids)])
        )

    def _count_viewed(self):
        """Return how many of the invoices were viewed by their customers.

        :rtype: int
        """
        [(count,)] = self.env["account.move.portal.event"]._read_group(
            [("move_id", "in", self.move_ids._origin.ids), ("kind", "=", "viewed")],
            [],
            ["move_id:count_distinct"],
        )
        return count

    def _describe_amounts(self, choice):
        """Return the totals that are sent, in each currency.

        :param Choice choice: What is sent.
        :rtype: str
        """
        totals = {}
        for move in choice.recipients:
            totals.setdefault(move.currency_id, 0.0)
            totals[move.currency_id] += move.amount_total
        return ", ".join(
            format_amount(self.env, total, currency)
            for currency, total in totals.items()
        )

    def _describe_languages(self, choice):
        """Return in which languages customers are addressed, and how many in each.

        :param Choice choice: What is sent.
        :rtype: str
        """
        names, counts, known = dict(self.env["res.lang"].get_installed()), {}, {}
        for move in choice.recipients:
            key = (move.partner_id, move.company_id)
            if key not in known:
                known[key] = move._get_portal_lang()
            counts[known[key]] = counts.get(known[key], 0) + 1
        return ", ".join(f"{names.get(code, code)}: {n}" for code, n in counts.items())

    def _describe_budget(self, choice):
        """Say how many emails the mail server is given, and until when that takes.

        :param Choice choice: What is sent.
        :rtype: str
        """
        count = sum(map(len, choice.recipients.values()))
        if not count:
            return ""
        # In sudo mode because emails and mail servers are the system's.
        move = next(iter(choice.recipients))
        delivery_sudo = (
            self.env["account.move.portal.delivery"].sudo().new({"move_id": move.id})
        )
        budget = (
            self.env["account.move.portal.mail.budget"]
            .sudo()
            ._find_for(delivery_sudo._find_mass_server()[0])
        )
        limits = [
            text
            for limit, text in (
                (
                    budget.minute_limit,
                    self.env._("%s a minute", budget.minute_limit),
                ),
                (budget.day_limit, self.env._("%s a day", budget.day_limit)),
            )
            if limit
        ]
        if not limits:
            return self.env._("%s emails; the mail server has no known limit.", count)
        end = budget._estimate_end(count, self._get_start())
        return self.env._(
            "%(count)s emails. This mail server accepts %(limits)s, of which "
            "%(reserve)s%% is reserved for other emails. Done by %(end)s.",
            count=count,
            limits=", ".join(limits),
            reserve=budget.reserve,
            end=format_datetime(self.env, end, tz=self.timezone, dt_format="short"),
        )

    def _get_start(self):
        """Return when the first email is sent, as far as the answers are complete.

        :rtype: datetime.datetime
        """
        if self.when == "later" and self.day:
            return self.company_id._get_portal_moment(self.day, self.hour)
        return fields.Datetime.now()
