import logging
from datetime import timedelta

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

# Mails a day that a visitor can have sent for one invoice.
MAX_A_DAY = 3


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
        selection=[("waiting", "Waiting"), ("sent", "Sent"), ("declined", "Declined")],
        required=True,
        default="waiting",
        index=True,
    )

    @api.model
    def _record(self, token):
        """Note that somebody asks for a new link.

        :param str token: The token of the closed door; perhaps of none.
        """
        link_sudo = self.env["account.move.portal.link"]._find(token)
        if not link_sudo or self._count_recent(link_sudo.move_id) >= MAX_A_DAY:
            return
        # In sudo mode because visitors have no rights on requests.
        self.sudo().create({"link_id": link_sudo.id, "move_id": link_sudo.move_id.id})
        self.env.ref(
            "account_payment_portal.ir_cron_answer_portal_link_requests"
        ).sudo()._trigger()  # In sudo mode, again for the visitor.

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
        """Answer what waits, each by itself."""
        while request := self.search(
            [("state", "=", "waiting")], limit=100
        ).try_lock_for_update(limit=1):
            request._answer()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _answer(self):
        """Send a fresh link to the address on file, if there is one to send it to.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        recipient = self._get_recipient()
        self.state = "sent" if recipient else "declined"
        if not recipient:
            return
        try:
            with self.env.cr.savepoint():
                self._send_to(recipient)
        except Exception:
            _logger.exception("No new portal link for %s", self.move_id.display_name)
            self.state = "declined"

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
        """
        move = self.move_id.with_context(lang=recipient.lang or self.env.lang)
        email = recipient._get_portal_emails()[0]
        link = self.env["account.move.portal.link"].create(
            {
                "move_id": move.id,
                "email": email,
                "partner_id": recipient.id,
                "sent_on": fields.Datetime.now(),
            }
        )
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
        mail = self.env["mail.mail"].create(
            {
                "model": "account.move",
                "res_id": move.id,
                "subject": subject,
                "email_from": move.company_id.email_formatted,
                "email_to": recipient.email_formatted,
                "auto_delete": True,  # It holds the recipient's token.
                "body_html": link._render_mail(subject, body),
            }
        )
        mail.send()
        link._log_fact(
            move.env._(
                "A visitor asked for a new portal link; it was sent to %(recipient)s.",
                recipient=email,
            )
        )
