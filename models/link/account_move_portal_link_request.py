import logging
from datetime import timedelta

from odoo import api, fields, models

from ...tools import smtp_errors

_logger = logging.getLogger(__name__)
# Mails a day that a visitor can have sent for one invoice.
MAX_A_DAY = 3


class AccountMovePortalLinkRequest(models.Model):
    """A visitor's request, with a link that no longer works, for one that does.

    The request is only noted, and answered or not by the scheduler: the visitor's
    answer, and the time that it takes, are the same whatever is true.
    """

    _name = "account.move.portal.link.request"
    _inherit = ["account.move.portal.queue"]
    _description = "Request for a New Invoice Portal Link"
    _order = "id"
    _queue_cron = "account_payment_portal.ir_cron_answer_portal_link_requests"
    #: How long to wait after each refusal of the mail server, until it is the last.
    _queue_retry_minutes = (5, 30, 120)

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
        self._wake_queue()

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

    # === SCHEDULER === #

    def _process_due(self):
        """Send a fresh link to the address on file, if there is one to send it to."""
        self.ensure_one()
        recipient = self._get_recipient()
        if not recipient:
            self.state = "declined"
            return
        self.attempts += 1
        try:
            # A link that was not sent goes with what is undone.
            with self.env.cr.savepoint():
                self._send_fresh_link(recipient)
        except Exception as error:
            if smtp_errors.is_refusal(error):
                self._record_refusal(error)
            else:
                _logger.exception(
                    "No new portal link for %s", self.move_id.display_name
                )
                self.state = "declined"

    def _record_refusal(self, error):
        """Try again later, or give up and tell staff, if it was tried often enough.

        :param Exception error: What the mail server had against it.
        """
        if self._retry_later():
            return
        self.state = "failed"
        self.link_id._log_fact(
            self.env._(
                "A visitor asked for a new portal link, which could not be sent: "
                "%(reason)s",
                reason=smtp_errors.explain(self.env, error),
            )
        )

    def _get_recipient(self):
        """Return whom the fresh link may be sent to.

        Never the address that the old link was sent to, as such: only a contact of the
        invoice's customer, at the address that the contact has now. What staff or a
        bounce has closed stays closed for that address.

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

    def _get_fresh_link(self, recipient):
        """Return the link to be mailed: the one that may have arrived, or a new one.

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

    def _send_fresh_link(self, recipient):
        """Email a fresh link. Hook for the room `send`.

        :param res.partner recipient: The contact.
        :raise Exception: What the mail server, or the way to it, had against it.
        """
