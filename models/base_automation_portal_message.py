import re

import requests

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext

from .account_move_portal_notify import is_staff
from .base_automation_portal_summary import PAYMENT_RECEIVED, VIEWED

WEBHOOK_SECONDS = 10
TEMPLATES = {
    VIEWED: "account_payment_portal.mail_template_portal_viewed",
    PAYMENT_RECEIVED: ("account_payment_portal.mail_template_portal_payment_received"),
}


class BaseAutomationPortalMessage(models.AbstractModel):
    """Whom a portal rule tells, how, and in which words."""

    _name = "base.automation.portal.message"
    _inherit = "base.automation.portal.summary"
    _description = "Automation Rule: telling of what happens on the invoice portal"

    portal_recipient = fields.Selection(
        selection=[
            ("salesperson", "The salesperson"),
            ("creator", "Who made the invoice"),
            ("followers", "Followers of the invoice"),
            ("users", "Chosen users"),
            ("channel", "A Discuss channel"),
            ("webhook", "Another system (webhook)"),
        ],
        string="Tell",
        help="Empty: nobody; the rule only runs its actions. Where the salesperson has "
        "left, the invoice's followers or the administrators of invoicing are told.",
    )
    portal_user_ids = fields.Many2many(
        comodel_name="res.users",
        relation="base_automation_portal_user_rel",
        string="Users",
        domain=[("share", "=", False)],
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
        string="By",
        required=True,
        default="preference",
    )
    portal_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Text",
        help="Empty: the text that comes with the trigger.",
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

    @api.model
    def _get_portal_deliveries(self):
        """Return the ways to tell somebody that are installed here."""
        deliveries = [
            ("preference", "inbox or e-mail, as they prefer"),
            ("email", "e-mail"),
            ("inbox", "inbox"),
            ("activity", "an activity on the invoice"),
        ]
        if "sms.sms" in self.env:
            deliveries.append(("sms", "SMS"))
        return deliveries

    # === COMPUTE METHODS === #

    @api.depends("portal_failed_ids")
    def _compute_portal_failure_count(self):
        for automation in self:
            automation.portal_failure_count = len(automation.portal_failed_ids)

    # === ACTION METHODS === #

    def action_test_portal_message(self):
        """Tell the current user, on the latest invoice, what the rule would tell.

        Note: `self.ensure_one()`

        :return: A confirmation.
        :rtype: dict
        :raise UserError: If the rule tells nobody, or there is no invoice.
        """
        self.ensure_one()
        if not self.portal_recipient:
            raise UserError(
                self.env._("This rule tells nobody: it only runs its actions.")
            )
        notification = self._get_portal_sample()
        if self.portal_recipient == "webhook":
            self._call_portal_webhook(notification, is_test=True)
            answer = self.env._("Sent to the webhook, which has taken it.")
        else:
            subject, body = self._render_portal_message(notification, self.env.user)
            self._tell_portal_users(
                notification.move_id,
                self.env.user,
                self.env._("[Test] %(subject)s", subject=subject),
                body,
                "preference",
            )
            answer = self.env._(
                "Sent to you only, by inbox or e-mail: this is what the rule tells."
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": answer,
            },
        }

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
                self.env._("Confirm an invoice first: the test needs one to tell of.")
            )
        return notifications.new({"automation_id": self.id, "move_id": move.id})

    def action_view_portal_failures(self):
        """Open the list of the rule's failures.

        Note: `self.ensure_one()`

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

    # === BUSINESS METHODS === #

    def _tell_portal_message(self, notification):
        """Tell whom the rule says of an occasion.

        Note: `self.ensure_one()`

        :param account.move.portal.notification notification: The occasion.
        :raise UserError: If none of those it is to tell works here any more.
        """
        self.ensure_one()
        move = notification.move_id
        if self.portal_recipient == "webhook":
            self._call_portal_webhook(notification)
        elif self.portal_recipient == "channel":
            subject, body = self._render_portal_message(notification, self.env.user)
            self.portal_channel_id.message_post(
                body=move._get_html_link(title=subject) + body,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        else:
            users = self._get_portal_users(move)
            # That an invoice has no followers is nothing unusual.
            if not users and self.portal_recipient != "followers":
                raise UserError(self.env._("There is nobody to tell."))
            for user in users:
                message = self._render_portal_message(notification, user)
                self._tell_portal_users(move, user, *message, self.portal_delivery)

    def _get_portal_users(self, move):
        """Return which users the rule tells of an invoice.

        Note: `self.ensure_one()`

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

    def _render_portal_message(self, notification, user):
        """Return the rule's words for an occasion, in a user's language.

        :param account.move.portal.notification notification: The occasion.
        :param res.users user: Who reads them.
        :return: The subject and the text.
        :rtype: tuple[str, Markup]
        """
        template = self.portal_template_id or self.env.ref(TEMPLATES[self.trigger])
        # In sudo mode to read the payment, which the reader has no rights on.
        template_sudo = template.sudo().with_context(lang=user.lang)
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

    def _tell_portal_users(self, move, user, subject, body, delivery):
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
            move.with_context(account_payment_portal_delivery=delivery).message_notify(
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

        Note: `self.ensure_one()`

        :param account.move.portal.notification notification: The occasion.
        :param bool is_test: Whether nothing has really happened.
        :raise requests.RequestException: If it does not answer, or not with success.
        """
        if not self.portal_webhook_url:
            raise UserError(self.env._("Enter the webhook's address first."))
        response = requests.post(
            self.portal_webhook_url,
            json={**notification._get_webhook_payload(), "test": is_test},
            # A retry can be told from a second occasion.
            headers={"Idempotency-Key": f"portal-notification-{notification.id or 0}"},
            timeout=WEBHOOK_SECONDS,
        )
        response.raise_for_status()
