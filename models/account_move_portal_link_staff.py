from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime


class AccountMovePortalLinkStaff(models.AbstractModel):
    """What staff do with links: copy, send again, revoke; and the note of it.

    Everything is noted on the invoice, by recipient and never with the token.
    """

    _name = "account.move.portal.link.staff"
    _description = "Invoice Portal Link: what staff do with it"

    # === ACTION METHODS === #

    def action_copy(self):
        """Show the link's address, to be copied.

        Note: `self.ensure_one()`

        :return: The action of the window that shows it.
        :rtype: dict
        :raise UserError: If the link opens nothing any more.
        """
        self.ensure_one()
        self._check_live()
        return self.move_id._get_portal_share_action(self)

    def action_send_again(self):
        """Open the window that mails the link, on this recipient.

        Note: `self.ensure_one()`

        :return: The action of the window.
        :rtype: dict
        """
        self.ensure_one()
        return self.move_id._open_portal_send(email_to=self.email)

    def action_revoke(self):
        """Close these links for good."""
        self._revoke("staff")

    # === BUSINESS METHODS === #

    def _set_sent(self):
        """Note that the link is being sent, by the user, now.

        Note: `self.ensure_one()`
        """
        self.move_id.check_access("write")
        # In sudo mode because users may not write a link, so that none reopens one.
        self.sudo().write(
            {"sent_on": fields.Datetime.now(), "sent_by_id": self.env.uid}
        )

    def _get_sent_marks(self):
        """Return when these links were last sent and by whom, to put it back.

        :return: The values by the id of the link, fit for JSON.
        :rtype: dict[str, dict]
        """
        return {
            str(link.id): {
                "sent_on": fields.Datetime.to_string(link.sent_on),
                "sent_by_id": link.sent_by_id.id,
            }
            for link in self
        }

    @api.model
    def _restore_sent_marks(self, marks):
        """Put back when links were last sent: what was tried since was refused.

        :param dict marks: What `_get_sent_marks` returned.
        """
        for link_id, values in marks.items():
            # In sudo mode because users may not write a link, so that none reopens one.
            self.sudo().browse(int(link_id)).exists().write(values)

    def _record_sent(self, message_id, attachments):
        """Record that the mail with the link was handed over to the mail server.

        Note: `self.ensure_one()`

        :param str message_id: The mail's Message-Id.
        :param ir.attachment attachments: The files that went with it.
        """
        documents = attachments.filtered(
            lambda file: file.mimetype == "application/pdf"
        )
        # In sudo mode because nobody has the right to create events.
        self.env["account.move.portal.event"]._record_sent(
            self.sudo(), message_id, documents[:1].raw
        )

    def _check_live(self):
        """Check that these links open something.

        :raise UserError: If one of them does not.
        """
        for link in self:
            if link.state != "live":
                raise UserError(
                    self.env._(
                        "The link of %(recipient)s is not valid any more. Send a new "
                        "one.",
                        recipient=link.display_name,
                    )
                )

    def _revoke(self, reason):
        """Close these links, and note why on their invoices.

        :param str reason: A value of `revocation_reason`.
        :raise AccessError: If the user may not edit the invoices.
        """
        links = self.filtered(lambda link: not link.revoked_on)
        links.move_id.check_access("write")
        # In sudo mode because users may not write a link, so that none reopens one.
        links.sudo().write(
            {
                "revoked_on": fields.Datetime.now(),
                "revoked_by_id": self.env.uid,
                "revocation_reason": reason,
            }
        )
        for link in links:
            link._log_fact(
                self.env._(
                    "Portal link of %(recipient)s closed: %(reason)s.",
                    recipient=link.display_name,
                    reason=link._get_reason_label(),
                )
            )

    def _get_reason_label(self):
        """Return why the link was closed, in words.

        Note: `self.ensure_one()`

        :rtype: str
        """
        field = self._fields["revocation_reason"]
        return dict(field._description_selection(self.env))[self.revocation_reason]

    def _get_evidence(self):
        """Return in words when the link was made, and closed.

        Note: `self.ensure_one()`

        :return: The facts, each with `when`, `who`, `what` and `detail`.
        :rtype: list[dict]
        """
        self.ensure_one()
        if self.audience == "internal":
            return []
        facts = [
            {
                "when": self.create_date,
                "who": self.display_name,
                "what": self.env._("Link made"),
                "detail": self.create_uid.name,
            }
        ]
        if self.revoked_on:
            facts.append(
                {
                    "when": self.revoked_on,
                    "who": self.display_name,
                    "what": self.env._("Link closed"),
                    "detail": self._get_reason_label(),
                }
            )
        return facts

    def _log_expiry(self):
        """Note on the invoice until when the link is valid now.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        if self.expires_on:
            fact = self.env._(
                "Portal link of %(recipient)s is now valid until %(moment)s.",
                recipient=self.display_name,
                moment=format_datetime(self.env, self.expires_on),
            )
        else:
            fact = self.env._(
                "Portal link of %(recipient)s is now valid for ever.",
                recipient=self.display_name,
            )
        self._log_fact(fact)

    def _log_fact(self, fact):
        """Note on the invoice what was done with the link.

        Note: `self.ensure_one()`

        :param str fact: What was done, without the token.
        """
        self.ensure_one()
        # In sudo mode because a link is also closed by what others do: a mail that
        # bounces, a contact that changes.
        self.move_id.sudo()._message_log(
            body=fact, author_id=self.env.user.partner_id.id
        )

    @api.model
    def _close_for_changed_emails(self, partners):
        """Close the links of contacts whose address is another one now.

        :param res.partner partners: The contacts, with their new addresses.
        """
        # In sudo mode because who edits contacts need not have rights on invoices.
        links_sudo = self.sudo().search(
            [("partner_id", "in", partners.ids), ("revoked_on", "=", False)]
        )
        links_sudo.filtered(
            lambda link: link.email not in link.partner_id._get_portal_emails()
        )._revoke("email_changed")
