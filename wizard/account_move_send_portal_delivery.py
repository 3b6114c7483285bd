from contextlib import contextmanager

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..mailing import addresses, refusals

# Tells our advisory locks from those of others; the second number is the window's id.
LOCK_SPACE = 0x504F5254


class AccountMoveSendPortal(models.TransientModel):
    """How the window's mails are delivered.

    A mail cannot be taken back when a transaction is. So what a mail depends on, its
    link above all, is committed before the mail goes out, and its outcome right after:
    whatever happens in between, no recipient holds a dead link, and nobody is sent the
    mail a second time unasked.
    """

    # One job a file; together they are one window.
    # pylint: disable=consider-merging-classes-inherited
    _inherit = "account.move.send.portal"

    # === ACTION METHODS === #

    def action_send(self):
        """Send the link to each recipient now, while the user waits.

        Who got the mail in an earlier attempt does not get it again.

        Note: `self.ensure_one()`

        :return: A confirmation that names the recipients and closes the window; the
            window itself when some of them did not get the mail.
        :rtype: dict
        :raise UserError: If the mail is not complete, or being sent at this moment.
        """
        self.ensure_one()
        self.move_id.check_access("write")
        self.move_id._check_portal_send()
        with self._exclusive_delivery():
            if self.delivery_state == "sent":
                return self._confirm(self._get_delivered())
            recipients = self._check_recipients()
            self._check_subject_and_body()
            self._begin_delivery()
            try:
                documents = self._prepare_documents()
            except Exception:
                self.delivery_state = "none"
                raise
            message_id = self._make_message_id()
            failures, reached = self._deliver(recipients, documents, message_id)
            if reached:
                self._post_message(reached, documents, message_id)
            return self._conclude_delivery(failures)

    # === BUSINESS METHODS - ONCE === #

    @contextmanager
    def _exclusive_delivery(self):
        """Let nobody else send this window's mails meanwhile.

        The lock is held by a connection of its own: it outlives the commits in between,
        and ends with the process that holds it.

        :raise UserError: If the mails are being sent at this moment.
        """
        with self.env.registry.cursor() as lock_cr:
            lock_cr.execute(
                SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_SPACE, self.id)
            )
            if not lock_cr.fetchone()[0]:
                raise UserError(
                    self.env._("This e-mail is being sent at this moment: please wait.")
                )
            yield
            # Before the lock is given back, so that the next one sees what was done.
            self._commit()

    def _begin_delivery(self):
        """Write that the mails are being sent.

        Whoever looked at the window before another attempt ended is refused by the
        database, and run again by Odoo with what is true now.
        """
        self.write({"delivery_state": "sending", "failure": False})
        self.flush_recordset()

    def _commit(self):
        """Make what was done so far last, whatever comes."""
        if self._can_commit():
            # A mail that left cannot be rolled back: what it needs must not be either.
            self.env.cr.commit()  # pylint: disable=invalid-commit

    # === BUSINESS METHODS - DOCUMENTS === #

    def _prepare_documents(self):
        """Return the files of the mail: the invoice's own, and the included ones.

        The invoice's legal documents are made now if they were not yet.

        :return: The files to be attached, and those only offered on the page.
        :rtype: tuple[ir.attachment, ir.attachment]
        :raise UserError: If they cannot be made.
        """
        was_sent = self.move_id.is_move_sent
        own_sudo = self._make_own_documents()
        # Core takes a document that is made for an invoice that is sent.
        self.move_id.sudo().is_move_sent = was_sent
        attached, offered = self._split_documents()
        return own_sudo + attached.sudo(), offered.sudo()

    def _make_own_documents(self):
        """Return the documents of the invoice itself.

        :return: The attachments, in sudo mode.
        :rtype: ir.attachment
        :raise UserError: If they cannot be made.
        """
        # In sudo mode as core does it: the documents are system attachments.
        move_sudo = self.move_id.sudo()
        if move_sudo.state == "draft":
            return self._make_draft_document()
        settings = self._get_default_sending_settings(
            self.move_id, sending_methods={"email"}
        )
        # Core makes no files while it is tested: here they are what matters.
        self.with_context(force_report_rendering=True)._generate_invoice_documents(
            {move_sudo: settings}
        )
        if error := settings.get("error"):
            raise UserError(self._format_error_text(error))
        return self._get_invoice_extra_attachments(move_sudo)

    def _make_draft_document(self):
        """Return a PDF of the draft, which is nothing but a preview.

        :return: The attachment, in sudo mode; it goes with the window.
        :rtype: ir.attachment
        """
        return (
            self.env["ir.attachment"]
            .sudo()  # Because it is the window's, like the documents are the system's.
            .create(
                {
                    "name": self.move_id._get_portal_document_filename(),
                    "raw": self.move_id._get_portal_document(),
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )

    # === BUSINESS METHODS - MAILS === #

    def _deliver(self, recipients, documents, message_id):
        """Send the mail of each recipient who has not got it.

        :param list[Recipient] recipients: All recipients.
        :param tuple documents: The files to be attached, and those only offered.
        :param str message_id: The id that the mails share.
        :return: Why some did not get it, by address, and who got it just now.
        :rtype: tuple[dict[str, str], list[Recipient]]
        """
        failures, reached = {}, []
        delivered = self._get_delivered()
        for recipient in recipients:
            if recipient.email in delivered:
                continue
            link = self._prepare_link(recipient)
            self._commit()
            try:
                self._send_mail(
                    self._get_mail_values(
                        link, recipient, recipients, documents, message_id
                    )
                )
            except Exception as error:  # noqa: BLE001
                if not refusals.is_refusal(error):
                    raise
                failures[recipient.email] = refusals.explain(self.env, error)
                self._note_failure(recipient, link, refusals.is_uncertain(error))
            else:
                reached.append(recipient)
                self._note_success(recipient, link, documents, message_id)
            self._commit()
        return failures, reached

    def _send_mail(self, values):
        """Hand a mail to the mail server.

        :param dict values: The values of the `mail.mail`.
        :raise Exception: What the mail server, or the way to it, had against it.
        """
        # In sudo mode because mails are the system's.
        mail_sudo = self.env["mail.mail"].sudo().create(values)
        try:
            mail_sudo.send(raise_exception=True)
            if mail_sudo.exists() and mail_sudo.state == "exception":
                raise UserError(mail_sudo.failure_reason or "")
        finally:
            # Whatever became of it: it holds the recipient's token. One that a
            # personal server's limit put off is sent later, and kept until then.
            mail_sudo.exists().filtered(lambda mail: mail.state != "outgoing").unlink()

    def _prepare_link(self, recipient):
        """Return the link of a recipient: the one that works already, else a new one.

        Among those that work is the one of an attempt that broke off.

        :param Recipient recipient: The recipient.
        :rtype: account.move.portal.link
        """
        links = self.env["account.move.portal.link"]
        tried = (self.deliveries or {}).get(recipient.email, {})
        link = links.browse(tried.get("link_id")).exists()
        is_new = tried.get("is_new", False)
        if not link and recipient.kind != "bcc":
            link = links._find_for_recipient(self.move_id, recipient.email)
        if not link:
            is_new = True
            link = links.create(self._get_link_values(recipient))
        # In sudo mode because users may not write a link, so that none reopens one.
        link.sudo().document_ids |= self._get_included()
        self._note(recipient, link, "trying", is_new)
        return link

    def _get_link_values(self, recipient):
        """Return the values of a recipient's new link.

        A blind copy is for the house: visits through it count as nobody's.

        :param Recipient recipient: The recipient.
        :rtype: dict
        """
        links = self.env["account.move.portal.link"]
        return {
            **links._prepare_link(self.move_id, recipient.email),
            "partner_id": self._find_partner(recipient).id,
            "audience": "internal" if recipient.kind == "bcc" else "customer",
        }

    def _find_partner(self, recipient):
        """Return the contact who has a recipient's address, if there is one.

        Several may have it: the customer's own people go before others, and then who
        bears the name.

        :param Recipient recipient: The recipient.
        :rtype: res.partner
        """
        move = self.move_id
        found = self.env["res.partner"].search(
            [("email_normalized", "=", recipient.email)]
        )
        return found.sorted(
            lambda partner: (
                partner != move.partner_id,
                partner.commercial_partner_id != move.commercial_partner_id,
                partner.email_formatted != recipient.formatted,
            )
        )[:1]

    # === BUSINESS METHODS - OUTCOME === #

    def _note(self, recipient, link, state, is_new=False):
        """Write how far the mail of a recipient has got.

        :param Recipient recipient: The recipient.
        :param account.move.portal.link link: The recipient's link.
        :param str state: `trying`, or `sent`.
        :param bool is_new: Whether the link was made for this mail.
        """
        self.deliveries = {
            **(self.deliveries or {}),
            recipient.email: {
                "state": state,
                "link_id": link.id,
                "is_new": is_new,
                "formatted": recipient.formatted,
            },
        }

    def _note_success(self, recipient, link, documents, message_id):
        """Write that the mail server took the mail of a recipient.

        :param Recipient recipient: The recipient.
        :param account.move.portal.link link: The recipient's link.
        :param tuple documents: The files that were attached, and those only offered.
        :param str message_id: The id of the mail.
        """
        link._set_sent()
        link._record_sent(message_id, documents[0])
        self._note(recipient, link, "sent")
        self.move_id._note_portal_print_sent()
        if self.move_id.state == "posted":
            # In sudo mode as core does it: the mark is the system's.
            self.move_id.sudo().is_move_sent = True

    def _note_failure(self, recipient, link, uncertain):
        """Write that the mail of a recipient was not taken.

        :param Recipient recipient: The recipient.
        :param account.move.portal.link link: The recipient's link: kept only where the
            mail may have arrived after all, or where there was one before.
        :param bool uncertain: Whether it may.
        """
        if uncertain:
            return
        if self.deliveries[recipient.email]["is_new"]:
            # In sudo mode because links are evidence; this one never left the house.
            link.sudo().unlink()
        self.deliveries = {
            email: delivery
            for email, delivery in self.deliveries.items()
            if email != recipient.email
        }

    def _get_delivered(self):
        """Return the formatted address of each who got the mail, by address.

        :rtype: dict[str, str]
        """
        return {
            email: delivery["formatted"]
            for email, delivery in (self.deliveries or {}).items()
            if delivery["state"] == "sent"
        }

    def _conclude_delivery(self, failures):
        """Tell the user how it went.

        :param dict failures: Why some did not get the mail, by address.
        :return: A confirmation, or the window again.
        :rtype: dict
        """
        self.write(
            {
                "delivery_state": "none" if failures else "sent",
                "failure": self._describe_failures(failures),
            }
        )
        return self._get_window() if failures else self._confirm(self._get_delivered())

    def _describe_failures(self, failures):
        """Say who did not get the mail, and why.

        :param dict failures: The reason for each address.
        :rtype: str
        """
        return "\n".join(f"{email}: {reason}" for email, reason in failures.items())

    def _confirm(self, delivered):
        """Return the confirmation that closes the window.

        :param dict delivered: The formatted address of each who got the mail.
        :rtype: dict
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Payment portal link sent"),
                "message": self.env._(
                    "Sent to %(recipients)s.",
                    recipients=addresses.join(delivered.values()),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
