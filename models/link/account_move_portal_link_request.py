from datetime import timedelta

from odoo import api, fields, models

# Emails a day that a visitor can have sent with one link. Not for one invoice: whoever
# has another link to it would use up its customer's.
MAX_A_DAY = 3
# Emails a day to one address, with whatever links: nobody fills a mailbox.
MAX_A_DAY_TO_ADDRESS = 10
# How long an answered request is kept.
KEPT_DAYS = 30


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

    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        required=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        help="Empty for a link to a customer's account.",
        index=True,
        ondelete="cascade",
    )
    email = fields.Char(help="Where the new link is sent.", index=True)
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("sending", "Being sent"),
            ("sent", "Sent"),
            ("declined", "Declined"),
            ("failed", "Failed"),
        ],
        required=True,
        default="waiting",
        index=True,
    )

    @api.model
    def _record(self, token):
        """Note that someone asks for a new link.

        :param str token: The token of the closed link; perhaps of none.
        """
        link_sudo = self.env["account.move.portal.link"]._find(token)
        if (
            not link_sudo
            or link_sudo.audience == "internal"
            or link_sudo.state == "live"
            or self._is_waiting(link_sudo)
            or self._count_sent([("link_id", "=", link_sudo.id)]) >= MAX_A_DAY
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
                [("link_id", "=", link.id), ("state", "in", ["waiting", "sending"])],
                limit=1,
            )
        )

    @api.model
    def _count_sent(self, domain):
        """Return how many emails requests have led to within a day.

        :param list domain: Which requests.
        :rtype: int
        """
        since = fields.Datetime.now() - timedelta(days=1)
        # In sudo mode because visitors have no rights on requests.
        return self.sudo().search_count(
            [*domain, ("state", "=", "sent"), ("create_date", ">", since)]
        )

    @api.autovacuum
    def _gc_requests(self):
        """Remove what was answered long ago."""
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        requests = self.search(
            [("state", "not in", ["waiting", "sending"]), ("create_date", "<", before)],
            limit=10000,
        )
        requests.unlink()
        return len(requests), len(requests) == 10000

    # === SCHEDULER === #

    def _process_due(self):
        """Have a fresh link sent to the address on file, if there is one."""
        self.ensure_one()
        recipient = self._get_recipient()
        if not recipient:
            self.state = "declined"
            return
        self.email = recipient._get_portal_emails()[0]
        if self._count_sent([("email", "=", self.email)]) >= MAX_A_DAY_TO_ADDRESS:
            self.state = "declined"
            return
        self.state = "sending"
        self._send_fresh_link(recipient)

    def _record_answer(self, fresh_link):
        """Note that a fresh link was sent, and tell staff.

        :param account.move.portal.link fresh_link: The link.
        """
        self.state = "sent"
        fresh_link._log_fact(
            self.env._(
                "A visitor asked for a new portal link. It was sent to %(recipient)s.",
                recipient=fresh_link.email,
            )
        )

    def _record_refusal(self, reason):
        """Note that no fresh link could be sent, and tell staff.

        :param str reason: What the mail server had against it, in plain words.
        """
        self.state = "failed"
        self.link_id._log_fact(
            self.env._(
                "A visitor asked for a new portal link, which could not be sent: "
                "%(reason)s",
                reason=reason,
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
            # It was another customer's, who is nobody to have this one written to.
            or link.revocation_reason == "customer_changed"
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
        return contact.filtered(lambda partner: partner._get_portal_emails())

    def _send_fresh_link(self, recipient):
        """Have a fresh link emailed. Hook for the room `send`.

        :param res.partner recipient: The contact.
        """
