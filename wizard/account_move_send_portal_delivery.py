from contextlib import contextmanager

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..mailing import refusals

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
                return self._confirm()
            recipients = self._check_recipients()
            self._check_subject_and_body()
            self._begin_delivery()
            try:
                documents = self._prepare_documents()
            except Exception:
                self.delivery_state = "none"
                raise
            failures = self._deliver(recipients, documents)
            self._post_messages(documents)
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

    def _deliver(self, recipients, documents):
        """Send the mail of each recipient who has not got it.

        :param list[Recipient] recipients: All recipients.
        :param tuple documents: The files to be attached, and those only offered.
        :return: Why some did not get it, by address.
        :rtype: dict[str, str]
        """
        failures = {}
        message_id = self._make_message_id()
        delivered = self._get_delivered()
        for recipient in recipients:
            if recipient.email in delivered:
                continue
            link = self._prepare_link(recipient)
            self._commit()
            try:
                self._lock_what_is_written(link)
                has_left = self._send_mail(
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
                self._note_success(recipient, link, documents, message_id)
                self._note(recipient, is_put_off=not has_left)
            self._commit()
        return failures

    def _lock_what_is_written(self, link):
        """Let nobody else write what is written once the mail has left.

        Otherwise their change would undo ours, and Odoo would run all of it again: the
        recipient would get the mail twice. Whoever was first makes it fail here, where
        nothing has left. Visits are recorded all the same: they only refer to the link.

        :param account.move.portal.link link: The recipient's link.
        :raise LockError: If somebody else is writing it at this moment.
        """
        for records in (self, self.move_id, self._get_links_to_send(link)):
            records.lock_for_update(allow_referencing=True)

    def _send_mail(self, values):
        """Hand a mail to the mail server.

        :param dict values: The values of the `mail.mail`.
        :return: Whether it left; not so if the limit of a personal mail server put it
            off, which Odoo keeps to by sending it a minute later.
        :rtype: bool
        :raise Exception: What the mail server, or the way to it, had against it.
        """
        # In sudo mode because mails are the system's.
        mail_sudo = self.env["mail.mail"].sudo().create(values)
        try:
            mail_sudo.send(raise_exception=True)
            if mail_sudo.exists() and mail_sudo.state == "exception":
                raise UserError(mail_sudo.failure_reason or "")
            return not (mail_sudo.exists() and mail_sudo.scheduled_date)
        finally:
            # Whatever became of it: it holds the recipient's token. One that a
            # personal server's limit put off is sent later, and kept until then.
            mail_sudo.exists().filtered(lambda mail: mail.state != "outgoing").unlink()

    def _prepare_link(self, recipient):
        """Return the link of a recipient: the one that works already, else a new one.

        Among those that work is the one of an attempt that broke off. It is marked as
        sent before it is: programs at the recipient's open it while it arrives.

        :param Recipient recipient: The recipient.
        :rtype: account.move.portal.link
        """
        links = self.env["account.move.portal.link"]
        link = self._find_tried_link(recipient)
        tried = self._get_delivery(recipient) if link else {}
        is_new = tried.get("is_new", False)
        if not link and recipient.kind != "bcc":
            link = links._find_for_recipient(self.move_id, recipient.email)
        if not link:
            is_new = True
            link = links.create(self._get_link_values(recipient))
        # In sudo mode because users may not write a link, so that none reopens one.
        link.sudo().document_ids |= self._get_included()
        links_sudo = self._get_links_to_send(link)
        marks = tried.get("marks") or links_sudo._get_sent_marks()
        for link_sudo in links_sudo:
            link_sudo._set_sent()
        self._note(
            recipient, state="trying", link_id=link.id, is_new=is_new, marks=marks
        )
        return link

    def _find_tried_link(self, recipient):
        """Return the recipient's link of an attempt that broke off, if it works.

        :param Recipient recipient: The recipient.
        :rtype: account.move.portal.link
        """
        # In sudo mode to tell a link that is not this window's from one that is.
        link_sudo = self.env["account.move.portal.link"].sudo()
        link_sudo = link_sudo.browse(self._get_delivery(recipient).get("link_id"))
        return (
            link_sudo.exists()
            .filtered(
                lambda link: (
                    link.move_id == self.move_id
                    and link.email == recipient.email
                    and link._is_live()
                )
            )
            .with_env(self.env)
        )

    def _get_links_to_send(self, link):
        """Return what leaves with the mail: the recipient's link, and the PDF's.

        :param account.move.portal.link link: The recipient's link.
        :return: The links, in sudo mode.
        :rtype: account.move.portal.link
        """
        # In sudo mode because an invoice's PDF shows the link to whoever may read it.
        return link.sudo() | self.move_id._get_portal_printed_links()

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
