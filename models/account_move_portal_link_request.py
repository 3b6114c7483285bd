import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..mailing import refusals

_logger = logging.getLogger(__name__)

# Mails a day that a visitor can have sent for one invoice.
MAX_A_DAY = 3
# How long to wait after each refusal of the mail server, until it is the last.
RETRY_MINUTES = (5, 30, 120)


class AccountMovePortalLinkRequest(models.Model):
    """Somebody's wish, at a door that is closed, for a link that works.

    The wish is only noted, and granted or not by the scheduler: the visitor's answer,
    and the time that it takes, are the same whatever is true.
    """

    _name = "account.move.portal.link.request"
    _description = "Request for a New Invoice Portal Link"
    _order = "id"

    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        required=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move", required=True, index=True, ondelete="cascade"
    )
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("sent", "Sent"),
            ("declined", "Declined"),
            ("failed", "Failed"),
        ],
        required=True,
        default="waiting",
        index=True,
    )
    attempts = fields.Integer(default=0)
    retry_on = fields.Datetime(help="Not to be tried again before.")
    fresh_link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        help="In a mail that may have arrived, or not.",
        index="btree_not_null",
        ondelete="set null",
    )

    @api.model
    def _record(self, token):
        """Note that somebody asks for a new link.

        :param str token: The token of the closed door; perhaps of none.
        """
        link_sudo = self.env["account.move.portal.link"]._find(token)
        if (
            not link_sudo
            or self._is_waiting(link_sudo)
            or self._count_recent(link_sudo.move_id) >= MAX_A_DAY
        ):
            return
        # In sudo mode because visitors have no rights on requests.
        self.sudo().create({"link_id": link_sudo.id, "move_id": link_sudo.move_id.id})
        self.env.ref(
            "account_payment_portal.ir_cron_answer_portal_link_requests"
        ).sudo()._trigger()  # In sudo mode, again for the visitor.

    @api.model
    def _is_waiting(self, link):
        # In sudo mode because visitors have no rights on requests.
        return bool(
            self.sudo().search_count(
                [("link_id", "=", link.id), ("state", "=", "waiting")], limit=1
            )
        )

    @api.model
    def _count_recent(self, move, states=("waiting", "sent", "declined")):
        since = fields.Datetime.now() - timedelta(days=1)
        # In sudo mode because visitors have no rights on requests.
        return self.sudo().search_count(
            [
                ("move_id", "=", move.id),
                ("create_date", ">", since),
                ("state", "in", states),
            ]
        )

    @api.model
    def _cron_answer(self):
        """Answer what is due, each by itself."""
        while request := self.search(
            self._get_due_domain(), limit=100
        ).try_lock_for_update(limit=1):
            request._answer()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _get_due_domain(self):
        return [
            ("state", "=", "waiting"),
            "|",
            ("retry_on", "=", False),
            ("retry_on", "<=", fields.Datetime.now()),
        ]

    def _answer(self):
        """Send a fresh link to the address on file, if there is one to send it to.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        recipient = self._get_recipient()
        if not recipient:
            self.state = "declined"
            return
        self.attempts += 1
        try:
            # A link that was not sent goes with what is undone.
            with self.env.cr.savepoint():
                self._send_to(recipient)
        except Exception as error:
            if refusals.is_refusal(error):
                self._note_refusal(error)
            else:
                _logger.exception(
                    "No new portal link for %s", self.move_id.display_name
                )
                self.state = "declined"

    def _note_refusal(self, error):
        """Try again later, or give up and tell staff, if it was tried often enough.

        Note: `self.ensure_one()`

        :param Exception error: What the mail server had against it.
        """
        if self.attempts <= len(RETRY_MINUTES):
            minutes = RETRY_MINUTES[self.attempts - 1]
            self.retry_on = fields.Datetime.now() + timedelta(minutes=minutes)
            self.env.ref(
                "account_payment_portal.ir_cron_answer_portal_link_requests"
            )._trigger(at=self.retry_on)
            return
        self.state = "failed"
        self.link_id._log_fact(
            self.env._(
                "A visitor asked for a new portal link, which could not be sent: "
                "%(reason)s",
                reason=refusals.explain(self.env, error),
            )
        )

    def _get_recipient(self):
        """Return whom the fresh link may be sent to.

        Never the address that the old link was sent to, as such: only a contact of the
        invoice's customer, at the address that the contact has now. What staff or a
        bounce has closed stays closed for that address.

        Note: `self.ensure_one()`

        :rtype: res.partner
        """
        self.ensure_one()
        move, link = self.move_id, self.link_id
        if (
            move.state != "posted"
            or link.audience == "internal"
            or link.state == "live"
            or self._count_recent(move, ["sent"]) >= MAX_A_DAY
        ):
            return self.env["res.partner"]
        customers = move.partner_id | move.commercial_partner_id
        contact = link.partner_id & customers or customers.filtered("email")[:1]
        if link.revocation_reason in ("staff", "bounced"):
            closed = link.search(
                [
                    ("move_id", "=", move.id),
                    ("revocation_reason", "in", ["staff", "bounced"]),
                ]
            )
            contact = contact.filtered(
                lambda partner: (
                    not set(partner._get_portal_emails()) & set(closed.mapped("email"))
                )
            )
        return contact.filtered("email")

    def _send_to(self, recipient):
        """Mail a fresh link.

        Note: `self.ensure_one()`

        :param res.partner recipient: The contact.
        :raise Exception: What the mail server, or the way to it, had against it.
        """
        move = self.move_id.with_context(lang=recipient.lang or self.env.lang)
        link = self._get_fresh_link(recipient)
        mail = self.env["mail.mail"].create(self._prepare_mail(move, link, recipient))
        try:
            mail.send(raise_exception=True)
        except Exception as error:
            if not refusals.is_uncertain(error):
                raise
            # The mail may have arrived: its link goes on to work, and into the next.
            mail.unlink()
            self.fresh_link_id = link
            self._note_refusal(error)
            return
        if mail.exists() and mail.state == "exception":
            raise UserError(mail.failure_reason or "")
        self.state = "sent"
        link._log_fact(
            move.env._(
                "A visitor asked for a new portal link; it was sent to %(recipient)s.",
                recipient=link.email,
            )
        )

    def _get_fresh_link(self, recipient):
        """Return the link to be mailed: the one that may have arrived, or a new one.

        Note: `self.ensure_one()`

        :param res.partner recipient: The contact.
        :rtype: account.move.portal.link
        """
        email = recipient._get_portal_emails()[0]
        sent = self.fresh_link_id
        if sent and sent._is_live() and sent.email == email:
            return sent
        return sent.create(
            {
                "move_id": self.move_id.id,
                "email": email,
                "partner_id": recipient.id,
                "sent_on": fields.Datetime.now(),
            }
        )

    @api.model
    def _prepare_mail(self, move, link, recipient):
        """Prepare the values of the mail with a fresh link.

        :param account.move move: The invoice, in the recipient's language.
        :param account.move.portal.link link: The link.
        :param res.partner recipient: The contact.
        :return: The values of the `mail.mail`.
        :rtype: dict
        """
        subject = move.env._(
            "%(company)s: your new link to invoice %(number)s",
            company=move.company_id.name,
            number=move.name,
        )
        body = move.env["ir.qweb"]._render(
            "account_payment_portal.mail_new_link_text",
            {"move": move, "recipient": recipient},
            lang=move.env.lang,
            minimal_qcontext=True,
        )
        return {
            "model": "account.move",
            "res_id": move.id,
            "subject": subject,
            "email_from": move.company_id.email_formatted,
            "email_to": recipient.email_formatted,
            "auto_delete": True,  # It holds the recipient's token.
            "body_html": link._render_mail(subject, body),
        }
