import re
from urllib.parse import urlsplit

import requests

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import (
    email_normalize,
    email_normalize_all,
    format_list,
    html2plaintext,
)
from odoo.tools.safe_eval import safe_eval

from ... import const
from ...tools import plain_text
from ..link.account_move import is_staff
from . import portal_condition

WEBHOOK_SECONDS = 10
TEMPLATES = {
    const.TRIGGER_VIEWED: "account_payment_portal.mail_template_portal_viewed",
    const.TRIGGER_PAYMENT: (
        "account_payment_portal.mail_template_portal_payment_received"
    ),
}
# Of core's payment methods, those that move money from a bank account.
BANK_METHODS = (
    "ach_direct_debit",
    "bacs_direct_debit",
    "bank_account",
    "bank_transfer",
    "becs_direct_debit",
    "sepa_direct_debit",
    "us_bank_account",
)


class BaseAutomation(models.Model):
    """Rules that hear of views and payments: which, who is notified, and how."""

    _inherit = "base.automation"

    trigger = fields.Selection(
        selection_add=[
            (const.TRIGGER_VIEWED, "Invoice Web Portal Viewed"),
            (const.TRIGGER_PAYMENT, "Invoice Payment Received"),
        ],
        ondelete={const.TRIGGER_VIEWED: "cascade", const.TRIGGER_PAYMENT: "cascade"},
    )
    portal_view_scope = fields.Selection(
        selection=[
            ("first", "the first view of an invoice"),
            ("recipient", "the first view by each recipient"),
            ("every", "every view"),
        ],
        string="Trigger on",
        required=True,
        default="first",
    )
    portal_throttle_minutes = fields.Integer(
        string="No more than once every",
        help="Minutes between two notifications about one invoice. 0 means no limit.",
    )
    portal_payment_event = fields.Selection(
        selection=[
            ("received", "is received"),
            ("problem", "fails, is returned or disputed"),
        ],
        string="When a payment",
        required=True,
        default="received",
    )
    portal_payment_scope = fields.Selection(
        selection=[
            ("any", "any payment"),
            ("full", "only the one that pays the invoice in full"),
        ],
        string="For",
        required=True,
        default="any",
    )
    portal_payment_method = fields.Selection(
        selection=[
            ("any", "by any method"),
            ("card", "by card"),
            ("bank", "from a bank account"),
        ],
        string="Paid",
        required=True,
        default="any",
    )
    portal_recipient = fields.Selection(
        selection=[
            ("salesperson", "The salesperson"),
            ("creator", "Invoice creator"),
            ("followers", "Followers of the invoice"),
            ("users", "Specific users"),
            ("emails", "Email addresses"),
            ("channel", "A Discuss channel"),
            ("webhook", "Another system (webhook)"),
        ],
        string="Notify",
        help="If empty, no one is notified and the rule only runs its actions. If the "
        "salesperson has left, the invoice's followers or the invoicing administrators "
        "are notified.",
    )
    portal_user_ids = fields.Many2many(
        comodel_name="res.users",
        relation="base_automation_portal_user_rel",
        string="Users",
        domain=[("share", "=", False)],
    )
    portal_emails = fields.Char(
        string="Addresses",
        help="Email addresses to notify, separated by commas. No login is needed.",
    )
    portal_minimum_amount = fields.Float(
        string="Only invoices of at least",
        help="Invoice total in the company's currency. 0 means all invoices.",
    )
    portal_channel_id = fields.Many2one(
        comodel_name="discuss.channel",
        string="Channel",
        domain=[("channel_type", "=", "channel")],
        ondelete="set null",
    )
    portal_webhook_url = fields.Char(string="Address")
    portal_delivery = fields.Selection(
        selection="_get_portal_deliveries",
        string="Send via",
        required=True,
        default="preference",
    )
    portal_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Text",
        help="If empty, the standard message of the trigger.",
        domain=[("model", "=", "account.move")],
        ondelete="set null",
    )
    portal_failed_ids = fields.One2many(
        comodel_name="account.move.portal.notification",
        inverse_name="automation_id",
        domain=[("state", "=", "failed")],
        readonly=True,
    )
    portal_failure_count = fields.Integer(
        string="Failures", compute="_compute_portal_failure_count"
    )
    portal_summary = fields.Char(string="Rule", compute="_compute_portal_summary")

    @api.model
    def _get_portal_deliveries(self):
        """Return the ways to tell someone that are installed here."""
        deliveries = [
            ("preference", self.env._("inbox or email, as they prefer")),
            ("email", self.env._("email")),
            ("inbox", self.env._("inbox")),
            ("activity", self.env._("an activity on the invoice")),
        ]
        if "sms.sms" in self.env:
            deliveries.append(("sms", self.env._("SMS")))
        return deliveries

    # === COMPUTE METHODS === #

    @api.depends("portal_failed_ids")
    def _compute_portal_failure_count(self):
        for automation in self:
            automation.portal_failure_count = len(automation.portal_failed_ids)

    @api.depends_context("lang")
    @api.depends(
        "trigger",
        "portal_view_scope",
        "portal_throttle_minutes",
        "portal_payment_event",
        "portal_payment_scope",
        "portal_payment_method",
        "portal_recipient",
        "portal_user_ids",
        "portal_emails",
        "portal_minimum_amount",
        "portal_channel_id",
        "portal_delivery",
        "filter_domain",
    )
    def _compute_portal_summary(self):
        for automation in self:
            automation.portal_summary = self.env._(
                "%(occasion)s%(condition)s: %(what)s",
                occasion=automation._describe_portal_occasion(),
                condition=automation._describe_portal_condition(),
                what=automation._describe_portal_recipient(),
            )

    @api.onchange("trigger", "portal_recipient")
    def _onchange_portal_name(self):
        """Name a rule by what it does, as long as nobody has named it otherwise."""
        if self.trigger not in const.TRIGGERS or not self.portal_recipient:
            return
        recipients = self._fields["portal_recipient"].get_values(self.env)
        defaults = {
            self._get_portal_name(trigger, recipient)
            for trigger in const.TRIGGERS
            for recipient in recipients
        }
        if not self.name or self.name in defaults:
            self.name = self._get_portal_name(self.trigger, self.portal_recipient)

    # === CONSTRAINT METHODS === #

    @api.constrains("trigger", "model_id")
    def _check_trigger(self):
        """Override to keep the portal's triggers on invoices.

        :raise ValidationError: If a rule with a portal trigger is on another model.
        """
        result = super()._check_trigger()
        for automation in self:
            if (
                automation.trigger in const.TRIGGERS
                and automation.model_id.model != "account.move"
            ):
                raise ValidationError(
                    self.env._(
                        "The trigger of “%(rule)s” works on invoices only.",
                        rule=automation.name,
                    )
                )
        return result

    @api.constrains(
        *("portal_throttle_minutes", "portal_webhook_url", "portal_minimum_amount"),
        *("portal_recipient", "portal_emails"),
    )
    def _check_portal_options(self):
        """Check what a rule is told to do.

        :raise ValidationError: If a number is negative, or an address is not one.
        """
        for automation in self:
            if automation.portal_minimum_amount < 0:
                raise ValidationError(self.env._("Enter an amount of 0 or more."))
            if automation.portal_recipient == "emails":
                automation._check_portal_emails()
            if automation.portal_throttle_minutes < 0:
                raise ValidationError(self.env._("Enter 0 minutes or more."))
            url = urlsplit(automation.portal_webhook_url or "https://none")
            if url.scheme not in ("http", "https") or not url.netloc:
                raise ValidationError(
                    self.env._("The webhook address must begin with https://.")
                )

    def _check_portal_emails(self):
        """Check that there are addresses to write to, and nothing else.

        :raise ValidationError: If not.
        """
        self.ensure_one()
        parts = [part.strip() for part in re.split(r"[,;\n]", self.portal_emails or "")]
        wrong = [part for part in filter(None, parts) if not email_normalize(part)]
        if wrong or not any(parts):
            raise ValidationError(
                self.env._(
                    "Separate email addresses with commas. “%(text)s” is not an email "
                    "address.",
                    text=", ".join(wrong),
                )
            )

    # === ACTION METHODS === #

    def action_test_portal_message(self):
        """Tell the current user, on the latest invoice, what the rule would tell.

        It goes the rule's own way, to the current user instead of those that it
        notifies; a channel and another system get it themselves, marked as a test.

        :return: A confirmation that says where it went.
        :rtype: dict
        :raise UserError: If the rule tells nobody, or there is no invoice.
        """
        self.ensure_one()
        if not self.portal_recipient:
            raise UserError(
                self.env._("This rule notifies no one. It only runs its actions.")
            )
        notification = self._get_portal_sample()
        if self.portal_recipient == "webhook":
            self._call_portal_webhook(notification, is_test=True)
            answer = self.env._(
                "Sent to %(address)s, which accepted it.",
                address=urlsplit(self.portal_webhook_url).netloc,
            )
        else:
            subject, body = self._render_portal_message(notification, self.env.user)
            subject = self.env._("[Test] %(subject)s", subject=subject)
            answer = self._send_portal_test(notification.move_id, subject, body)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": answer,
            },
        }

    def _send_portal_test(self, move, subject, body):
        """Send a test the rule's own way.

        :param account.move move: The invoice that it tells of.
        :param str subject: The subject.
        :param Markup body: The text.
        :return: Where it went, in words.
        :rtype: str
        :raise UserError: If the user cannot be reached that way.
        """
        self.ensure_one()
        user = self.env.user
        if self.portal_recipient == "channel":
            self._post_portal_message(move, subject, body)
            return self.env._(
                "Posted in the channel %(channel)s.",
                channel=self.portal_channel_id.display_name,
            )
        delivery = self.portal_delivery
        if self.portal_recipient == "emails":
            delivery = "email"
        elif delivery == "preference":
            delivery = user.notification_type if user.email else "inbox"
        if delivery == "email" and not user.email:
            raise UserError(self.env._("You have no email address yet."))
        if delivery == "sms" and not user.partner_id.phone:
            raise UserError(self.env._("You have no phone number yet."))
        if self.portal_recipient == "emails":
            self._email_portal_message(move, user.email, subject, body)
        else:
            self._notify_portal_user(move, user, subject, body, delivery)
        return {
            "email": self.env._("Sent by email to %(to)s.", to=user.email),
            "inbox": self.env._("Sent to your inbox in Odoo."),
            "activity": self.env._(
                "Added to your activities, on invoice %(invoice)s.",
                invoice=move.display_name,
            ),
            "sms": self.env._("Sent by SMS to %(to)s.", to=user.partner_id.phone),
        }[delivery]

    def action_view_portal_failures(self):
        """Open the list of the rule's failures.

        :return: The action of the list.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Failures"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.notification",
            "view_mode": "list",
            "domain": [("automation_id", "=", self.id), ("state", "=", "failed")],
            "context": {"create": False},
        }

    # === BUSINESS METHODS - WHEN A RULE IS DUE === #

    @api.model
    def _queue_portal_notifications(
        self, trigger, move, outcome="received", **occasion
    ):
        """Note which rules are due for an occasion, and have the scheduler run them.

        :param str trigger: A portal trigger.
        :param account.move move: The invoice.
        :param str outcome: What came of a payment: `received`, `failed`, `returned` or
            `disputed`.
        :param dict occasion: What happened: `event_id` or `transaction_id`.
        :return: The notifications that were not queued before.
        :rtype: account.move.portal.notification
        """
        # In sudo mode because the occasion comes from a customer.
        notifications_sudo = self.env["account.move.portal.notification"].sudo()
        values = {"move_id": move.id, "outcome": outcome, **occasion}
        wanted = notifications_sudo.new(values)
        automations_sudo = (
            self.sudo()
            .search([("trigger", "=", trigger)])
            .filtered(lambda automation: automation._is_portal_occasion(wanted))
        )
        notifications_sudo = notifications_sudo._queue_once(automations_sudo, values)
        if notifications_sudo:
            notifications_sudo._wake_queue()
        return notifications_sudo

    def _is_portal_occasion(self, notification):
        """Return whether this rule wants to hear of an occasion.

        :param account.move.portal.notification notification: The occasion.
        :rtype: bool
        """
        self.ensure_one()
        if not self._is_portal_amount(notification.move_id):
            return False
        if self.trigger == const.TRIGGER_VIEWED:
            return self._is_portal_view(notification.event_id)
        return self._is_portal_payment(notification)

    def _is_portal_amount(self, move):
        """Return whether an invoice is large enough for this rule.

        :param account.move move: The invoice.
        :rtype: bool
        """
        currency = move.company_id.currency_id
        total = abs(move.amount_total_signed)
        return currency.compare_amounts(total, self.portal_minimum_amount) >= 0

    def _is_portal_view(self, view):
        """Return whether this rule wants to hear of a view."""
        if self.portal_view_scope == "first":
            return view.is_first_view
        if self.portal_view_scope == "recipient":
            return view.is_first_of_link
        return not view.is_repeated

    def _is_portal_payment(self, notification):
        """Return whether this rule wants to hear of what came of a payment."""
        move, tx = notification.move_id, notification.transaction_id
        is_received = notification.outcome == "received"
        if is_received != (self.portal_payment_event == "received"):
            return False
        if self.portal_payment_method not in ("any", self._get_payment_means(tx)):
            return False
        return (
            not is_received
            or self.portal_payment_scope == "any"
            or move.currency_id.is_zero(move.portal_balance_due)
        )

    @api.model
    def _get_payment_means(self, transaction):
        """Return by which means a payment was made.

        :param payment.transaction transaction: The payment.
        :return: `card`, `bank`, or empty for anything else.
        :rtype: str
        """
        method = transaction.payment_method_id
        code = (method.primary_payment_method_id or method).code
        if code == "card":
            return "card"
        return "bank" if code in BANK_METHODS else ""

    # === BUSINESS METHODS - WHO IS NOTIFIED, AND HOW === #

    def _notify_portal_message(self, notification):
        """Tell whom the rule says of an occasion.

        :param account.move.portal.notification notification: The occasion.
        :raise UserError: If none of those it is to tell works here any more.
        """
        self.ensure_one()
        move = notification.move_id
        if self.portal_recipient == "webhook":
            self._call_portal_webhook(notification)
        elif self.portal_recipient == "channel":
            message = self._render_portal_message(notification, self.env.user)
            self._post_portal_message(move, *message)
        elif self.portal_recipient == "emails":
            reader = move.company_id.partner_id
            message = self._render_portal_message(notification, reader)
            for email in email_normalize_all(self.portal_emails):
                self._email_portal_message(move, email, *message)
        else:
            users = self._get_portal_users(move)
            # That an invoice has no followers is nothing unusual.
            if not users and self.portal_recipient != "followers":
                raise UserError(self.env._("No one to notify."))
            for user in users:
                message = self._render_portal_message(notification, user)
                self._notify_portal_user(move, user, *message, self.portal_delivery)

    def _post_portal_message(self, move, subject, body):
        """Tell a channel something about an invoice.

        :param account.move move: The invoice.
        :param str subject: The subject.
        :param Markup body: The text.
        """
        self.portal_channel_id.message_post(
            body=move._get_html_link(title=subject) + body,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _email_portal_message(self, move, email, subject, body):
        """Email something about an invoice to an address, perhaps of nobody here.

        :param account.move move: The invoice.
        :param str email: The address.
        :param str subject: The subject.
        :param Markup body: The text.
        """
        company = move.company_id
        # In sudo mode because emails are the system's.
        mails_sudo = self.env["mail.mail"].sudo()
        mails_sudo.create(
            {
                "model": move._name,
                "res_id": move.id,
                "subject": subject,
                "email_from": company.email_formatted or self.env.user.email_formatted,
                "email_to": email,
                "auto_delete": True,
                "portal_text": f"{plain_text.from_html(body)}\n\n-- \n{company.name}",
                "body_html": self.env["mail.render.mixin"]._render_encapsulate(
                    "mail.mail_notification_light",
                    body,
                    add_context={"company": company},
                    context_record=move,
                ),
            }
        )
        # Else it waits for an hour: what is scheduled does not send by itself.
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _get_portal_users(self, move):
        """Return which users the rule tells of an invoice.

        :param account.move move: The invoice.
        :rtype: res.users
        """
        if self.portal_recipient == "salesperson":
            return move._get_portal_staff()
        if self.portal_recipient == "creator":
            return move._get_portal_staff(("create_uid",))
        users = {
            "followers": move.message_partner_ids.user_ids,
            "users": self.portal_user_ids,
        }[self.portal_recipient]
        return users.filtered(is_staff)

    def _render_portal_message(self, notification, reader):
        """Return the rule's words for an occasion, in the reader's language.

        :param account.move.portal.notification notification: The occasion.
        :param res.users|res.partner reader: Who reads them.
        :return: The subject and the text.
        :rtype: tuple[str, Markup]
        """
        template = self.portal_template_id or self.env.ref(TEMPLATES[self.trigger])
        # In sudo mode to read the payment, which the reader has no rights on.
        template_sudo = template.sudo().with_context(lang=reader.lang)
        move = notification.move_id
        subject, body = (
            template_sudo._render_field(
                field,
                move.ids,
                add_context=notification._get_occasion(),
                options={"post_process": True},
            )[move.id]
            for field in ("subject", "body_html")
        )
        return subject, body

    def _notify_portal_user(self, move, user, subject, body, delivery):
        """Tell a user something about an invoice.

        :param account.move move: The invoice.
        :param res.users user: Who is told.
        :param str subject: The subject.
        :param Markup body: The text.
        :param str delivery: How: a value of `portal_delivery`.
        """
        move = move.with_context(lang=user.lang)
        if delivery == "activity":
            move.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=subject,
                note=body,
                user_id=user.id,
            )
        elif delivery == "sms":
            move._message_sms(
                self._get_portal_sms(body), partner_ids=user.partner_id.ids
            )
        else:
            move.with_context(**{const.CONTEXT_DELIVERY: delivery}).message_notify(
                partner_ids=user.partner_id.ids,
                author_id=move.company_id.partner_id.id,
                subject=subject,
                body=body,
                model_description=move.env._("Invoice"),
            )

    @api.model
    def _get_portal_sms(self, body):
        """Return a text as it is sent by SMS: plain, and in the cheapest alphabet.

        A space that does not break is not in the alphabet of 160 characters to a
        message (3GPP TS 23.038), the others are.

        :param Markup body: The text.
        :rtype: str
        """
        plain = re.sub(r"</?(b|em|i|strong)>", "", str(body))
        return html2plaintext(plain).replace("\xa0", " ").strip()

    def _call_portal_webhook(self, notification, is_test=False):
        """Tell another system of an occasion.

        :param account.move.portal.notification notification: The occasion.
        :param bool is_test: Whether nothing has really happened.
        :raise requests.RequestException: If it does not answer, or not with success.
        """
        if not self.portal_webhook_url:
            raise UserError(self.env._("Enter the webhook address first."))
        response = requests.post(
            self.portal_webhook_url,
            json={**notification._get_webhook_payload(), "test": is_test},
            # A retry can be told from a second occasion.
            headers={"Idempotency-Key": f"portal-notification-{notification.id or 0}"},
            timeout=WEBHOOK_SECONDS,
        )
        response.raise_for_status()

    def _get_portal_sample(self):
        """Return an occasion to test with: the latest of its kind, or of any.

        :rtype: account.move.portal.notification
        :raise UserError: If there is no invoice.
        """
        notifications = self.env["account.move.portal.notification"]
        # In sudo mode to read the occasions, which are the system's.
        latest = notifications.sudo().search(
            [("automation_id", "=", self.id)], order="id desc", limit=1
        )
        if latest:
            return latest.sudo(False)
        move = self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("state", "=", "posted")],
            order="id desc",
            limit=1,
        )
        if not move:
            raise UserError(
                self.env._("Confirm an invoice first. The test needs one to refer to.")
            )
        return notifications.new({"automation_id": self.id, "move_id": move.id})

    # === BUSINESS METHODS - THE RULE IN WORDS === #

    @api.model
    def _get_portal_name(self, trigger, recipient):
        """Return the name that a rule is given by default.

        :param str trigger: A portal trigger.
        :param str recipient: A value of `portal_recipient`.
        :rtype: str
        """
        return self.env._(
            "%(trigger)s: %(recipient)s",
            trigger=self._get_labels("trigger")[trigger],
            recipient=self._get_labels("portal_recipient")[recipient],
        )

    @api.model
    def _get_labels(self, name):
        """Return the words of a selection's values."""
        return dict(self._fields[name]._description_selection(self.env))

    def _get_label(self, name):
        """Return the words of the selection's value that this rule has."""
        return self._get_labels(name).get(self[name], "")

    def _describe_portal_occasion(self):
        """Return in words when the rule is due."""
        if self.trigger == const.TRIGGER_VIEWED:
            text = self.env._(
                "On %(scope)s", scope=self._get_label("portal_view_scope")
            )
            if self.portal_throttle_minutes:
                text += self.env._(
                    ", at most once every %(minutes)s minutes",
                    minutes=self.portal_throttle_minutes,
                )
            return text
        words = [
            self.env._(
                "When a payment %(event)s",
                event=self._get_label("portal_payment_event"),
            )
        ]
        if self.portal_payment_method != "any":
            words.append(self._get_label("portal_payment_method"))
        if (
            self.portal_payment_event == "received"
            and self.portal_payment_scope == "full"
        ):
            words.append(self._get_label("portal_payment_scope"))
        return ", ".join(words)

    def _describe_portal_condition(self):
        """Return in words for which invoices the rule is."""
        conditions = []
        if self.portal_minimum_amount:
            # In the currency of whoever reads it: a rule is for all companies.
            amount = self.env.company.currency_id.format(self.portal_minimum_amount)
            conditions.append(self.env._("of at least %(amount)s", amount=amount))
        domain = (self.filter_domain or "[]").strip()
        if domain != "[]":
            conditions.append(self._describe_portal_domain(domain))
        if not conditions:
            return ""
        return self.env._(
            ", for invoices %(conditions)s",
            conditions=format_list(self.env, conditions),
        )

    def _describe_portal_domain(self, text):
        """Return a condition in words.

        :param str text: The domain, as the rule keeps it.
        :rtype: str
        """
        moves = self.env["account.move"]
        try:
            domain = Domain(safe_eval(text, self._get_eval_context()))
            domain.validate(moves)
            return portal_condition.describe(moves, domain)
        except Exception:  # noqa: BLE001 - it may be anything, and be half typed.
            return self.env._("that meet a condition")

    def _describe_portal_recipient(self):
        """Return in words whom the rule tells, and how."""
        if self.portal_recipient == "webhook":
            return self.env._("call a webhook")
        if self.portal_recipient == "channel":
            return self.env._(
                "post in the channel %(channel)s",
                channel=self.portal_channel_id.display_name or "",
            )
        if not self.portal_recipient:
            return self.env._("only run the actions")
        if self.portal_recipient == "emails":
            return self.env._(
                "email %(addresses)s",
                addresses=", ".join(email_normalize_all(self.portal_emails)),
            )
        who = {
            "salesperson": self.env._("the salesperson"),
            "creator": self.env._("the invoice creator"),
            "followers": self.env._("the followers of the invoice"),
        }
        users = ", ".join(self.portal_user_ids.mapped("name"))
        return self.env._(
            "notify %(who)s by %(delivery)s",
            who=who.get(self.portal_recipient, users),
            delivery=self._get_label("portal_delivery"),
        )
