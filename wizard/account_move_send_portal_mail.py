from markupsafe import Markup

from odoo import models
from odoo.tools import formataddr
from odoo.tools.mail import generate_tracking_message_id

from ..mailing import addresses


class AccountMoveSendPortal(models.TransientModel):
    """What the window's mails look like, to customers and in the chatter."""

    # One job a file; together they are one window.
    # pylint: disable=consider-merging-classes-inherited
    _inherit = "account.move.send.portal"

    # === BUSINESS METHODS - THE MAIL === #

    def _make_message_id(self):
        """Return the id by which answers to the mail find the invoice.

        :rtype: str
        """
        return generate_tracking_message_id(f"{self.move_id.id}-account.move")

    def _get_mail_values(self, link, recipient, recipients, documents, message_id):
        """Return the values of one recipient's mail.

        All see the same To and Cc, and nobody sees Bcc; the mail server is told of
        this one recipient only.

        :param account.move.portal.link link: The recipient's own link.
        :param Recipient recipient: The recipient.
        :param list[Recipient] recipients: All recipients.
        :param tuple documents: The files to be attached, and those only offered.
        :param str message_id: The id that the mails of one sending share.
        :return: The values of a `mail.mail`.
        :rtype: dict
        """
        shown = {
            kind: addresses.join(
                each.formatted for each in recipients if each.kind == kind
            )
            for kind in ("to", "cc")
        }
        headers = {"X-Forge-To": shown["to"]}
        if shown["cc"]:
            headers["Cc"] = shown["cc"]
        author_id, email_from = self._get_author()
        return {
            "message_id": message_id,
            "author_id": author_id,
            "email_from": email_from,
            "reply_to": self._get_reply_to(email_from),
            "subject": self.subject,
            "body_html": link._render_mail(
                self.subject, self.body, self.lang, documents[1].mapped("name")
            ),
            "email_to": recipient.formatted,
            "headers": repr(headers),
            "attachment_ids": documents[0].ids,
            "record_company_id": self.company_id.id,
            "record_alias_domain_id": self._get_alias_domain().id,
            "auto_delete": True,  # It holds the recipient's token.
        }

    def _get_author(self):
        """Return whom the mail is from.

        :return: The id of the contact, and the formatted address.
        :rtype: tuple[int, str]
        """
        move = self.move_id
        # In sudo mode to read of the salesperson what a mail signature tells.
        contact = move.sudo()._get_portal_contact()
        sender = contact if contact.email else self.env.user
        email_from = formataddr((sender.name, sender.email or ""))
        return move._message_compute_author(email_from=email_from)

    def _get_reply_to(self, email_from):
        """Return where the customer's answer goes.

        :param str email_from: The formatted address of the sender.
        :rtype: str
        """
        move = self.move_id
        return move._notify_get_reply_to(default=email_from)[move.id]

    def _get_alias_domain(self):
        """Return the domain of the addresses that take answers and bounces.

        :rtype: mail.alias.domain
        """
        move = self.move_id
        return move._mail_get_alias_domains(default_company=move.company_id)[move.id]

    # === BUSINESS METHODS - CHATTER === #

    def _post_message(self, reached, documents, message_id):
        """Tell staff on the invoice what was sent, and to whom.

        :param list[Recipient] reached: Who got the mail.
        :param tuple documents: The files that were attached, and those only offered.
        :param str message_id: The id of the mails, by which answers find the invoice.
        """
        author_id, email_from = self._get_author()
        # As core does it: the files are not to be read as new documents.
        move = self.move_id.with_context(
            disable_attachment_import=True, no_document=True
        )
        message = move.message_post(
            author_id=author_id,
            email_from=email_from,
            message_id=message_id,
            subject=self.subject,
            body=Markup("%s<p><b>%s</b></p>%s")
            % (self._describe_recipients(reached), self.subject, self.body),
            # A note reaches staff only: it tells of blind copies, and the customer got
            # the mail itself. Core hides it from a customer with an account only if
            # it is a comment.
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            # Copies, so that the note shows what was sent whatever becomes of them.
            attachments=[
                (document.name, document.raw) for each in documents for document in each
            ],
        )
        self._keep_copies(message)

    def _describe_recipients(self, reached):
        """Return the line of the note that names the recipients.

        :param list[Recipient] reached: Who got the mail.
        :rtype: Markup
        """
        headings = {
            "to": self.env._("Payment portal link sent to"),
            "cc": self.env._("CC"),
            "bcc": self.env._("BCC (staff only)"),
        }
        return Markup().join(
            Markup("<p>%s: %s</p>") % (heading, names)
            for kind, heading in headings.items()
            if (
                names := addresses.join(
                    each.formatted for each in reached if each.kind == kind
                )
            )
        )

    def _keep_copies(self, message):
        """Make the note's files the note's own.

        Otherwise they were files of the invoice, to be offered once more the next time.

        :param mail.message message: The note.
        """
        # In sudo mode because only the system may move attachments.
        message.sudo().attachment_ids.write(
            {"res_model": message._name, "res_id": message.id}
        )
