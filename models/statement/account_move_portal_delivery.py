from odoo import fields, models
from odoo.fields import Command
from odoo.tools.mail import generate_tracking_message_id

from ... import const
from ..send.account_move_send import ENCODED, RESERVED_SIZE


class AccountMovePortalDelivery(models.Model):
    """Emails that lead a recipient to a customer's account.

    They are kept with one of the account's invoices, as all emails are with theirs; who
    answers reaches the customer's chatter.
    """

    _inherit = "account.move.portal.delivery"

    kind = fields.Selection(
        selection_add=[("statement", "Account statement")],
        ondelete={"statement": "cascade"},
    )
    account_partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account of",
        help="The customer whose account the email opens, if any.",
        readonly=True,
        index="btree_not_null",
        # As that of an invoice, which it always has.
        ondelete="restrict",
    )
    account_link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        help="The recipient's link to the account, where the email opens the account "
        "but is kept with a link of its own.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    account_move_ids = fields.Many2many(
        comodel_name="account.move",
        relation="account_move_portal_delivery_account_move_rel",
        string="Invoices",
        help="The invoices that go with the email, as PDF files.",
        readonly=True,
        copy=False,
    )
    account_left_over = fields.Text(
        string="On the page only",
        help="Names of the files that were too large for the email.",
        readonly=True,
        copy=False,
    )

    # === HOOKS - WHETHER IT IS STILL WANTED === #

    def _find_reason_to_skip(self):
        """Override: an account is its customer's only, and has to have items."""
        if not self.account_partner_id:
            return super()._find_reason_to_skip()
        self.account_partner_id.invalidate_recordset(["email", "commercial_partner_id"])
        if not self._find_account_recipient():
            return self.env._(
                "None of the customer’s contacts has this email address any longer."
            )
        if self.kind == "statement" and not self._get_account_moves():
            return self.env._("The customer no longer has open invoices.")
        return None

    def _find_account_recipient(self):
        """Return the contact of the customer who has the recipient's address.

        :return: The contact; empty if none has it any more.
        :rtype: res.partner
        """
        customer = self.account_partner_id
        if customer.commercial_partner_id != customer:
            return customer.browse()  # It was made part of another one.
        contacts = customer._get_portal_account_contacts(self.company_id)
        found = contacts.filtered(lambda each: self.email in each._get_portal_emails())
        return (self.link_id.partner_id & found or found)[:1]

    def _get_account_moves(self):
        """Return the open invoices that the email is about, what was due first first.

        :return: Those chosen for it that are still open; all of the account if none
            were.
        :rtype: account.move
        """
        links = self.env["account.move.portal.link"]
        account = self.link_id.filtered("account_partner_id") or links.new(
            {
                "account_partner_id": self.account_partner_id.id,
                "company_id": self.company_id.id,
            }
        )
        moves = account._get_account_invoices()
        if self._brings_invoices():
            # In a preview, of a delivery that is not there, they are not the records.
            chosen = self.account_move_ids._origin
            return moves.filtered(lambda move: move in chosen)
        return moves

    def _brings_invoices(self):
        """Return whether the email is sent instead of one for each of some invoices.

        :rtype: bool
        """
        return self.batch_id.is_per_customer

    # === HOOKS - THE LINK === #

    def _is_with_link(self):
        """Override: it leads to the account by its recipient's own link."""
        return super()._is_with_link() or self.kind == "statement"

    def _find_link(self):
        """Override to take the recipient's link to the account."""
        if not self.account_partner_id:
            return super()._find_link()
        recipient = self._find_account_recipient()
        return self.link_id._find_account_link(recipient, self.company_id, [self.email])

    def _get_link_values(self):
        """Override to make the recipient's link to the account."""
        if not self.account_partner_id:
            return super()._get_link_values()
        return {
            **self.link_id._prepare_account_link(
                self._find_account_recipient(), self.company_id, self.email
            ),
            "email_role": self.role,
        }

    def _make_preview_link(self):
        """Return a link for a preview: it opens nothing.

        :return: A new record, never stored.
        :rtype: account.move.portal.link
        """
        return self.link_id.new({**self._get_link_values(), "token": "preview"})

    def _get_links_to_send(self):
        """Override to have what is printed on the invoices open them, too."""
        links = super()._get_links_to_send() | self.account_link_id
        if self.kind == "statement":
            links |= self._get_attached_moves()._get_portal_printed_links()
        return links

    def _get_supporting_documents(self):
        """Override: an account has none."""
        if self.account_partner_id:
            return self.env["ir.attachment"]
        return super()._get_supporting_documents()

    # === HOOKS - FILES === #

    def _get_attached_moves(self):
        """Return the invoices whose PDF goes with the email.

        :rtype: account.move
        """
        own_documents = self.env["account.move.send"]._get_portal_own_documents
        return self.account_move_ids.filtered(
            lambda move: own_documents(move) & self.attachment_ids
        )

    def _attach_account_files(self):
        """Have the statement go with the email, and the invoices as far as they fit.

        What is larger than an email may be is on the account's page only.
        """
        moves = self._get_account_moves() & self.account_move_ids._origin
        sender = self.env["account.move.send"]
        wanting = moves.filtered(lambda move: not move.invoice_pdf_report_id)
        if wanting:
            sender._make_portal_documents_at_once(wanting)
        self._get_own_files().unlink()
        files = self.env["ir.attachment"]
        if not self._brings_invoices():
            files |= self._make_statement_file()
        room = sender._get_portal_size_limit(self.move_id) - RESERVED_SIZE
        room -= sum(files.mapped("file_size")) * ENCODED
        left_over = []
        for move in moves:
            documents = sender._get_portal_own_documents(move)
            size = sum(documents.mapped("file_size")) * ENCODED
            if not documents or size > room:
                left_over.append(move._get_portal_document_filename())
                continue
            files |= documents
            room -= size
        self.write(
            {
                "attachment_ids": [Command.set(files.ids)],
                "account_left_over": "\n".join(left_over) or False,
            }
        )

    def _get_own_files(self):
        """Return the files that were made for this email.

        :rtype: ir.attachment
        """
        return self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )

    def _get_documents(self):
        """Override to return the statement, and the PDF of each invoice with it."""
        if self.kind != "statement":
            return super()._get_documents()
        own_documents = self.env["account.move.send"]._get_portal_own_documents
        files = {move: own_documents(move) for move in self._get_attached_moves()}
        files[self.env["account.move"]] = self._get_own_files()
        found = {
            move: of_move.filtered(lambda file: file.mimetype == "application/pdf")[:1]
            for move, of_move in files.items()
        }
        return {move: document for move, document in found.items() if document}

    def _make_statement_file(self):
        """Return the statement as a file that goes with this email.

        :rtype: ir.attachment
        """
        links = self.env["account.move.portal.link"]
        name, content = links._make_statement_pdf(
            self.account_partner_id, self.company_id, self.lang
        )
        return self.env["ir.attachment"].create(
            {
                "name": f"{name}.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
            }
        )

    def _is_file_of_invoice(self, file):
        """Override to take the files of all invoices that go with the email."""
        if self.kind == "statement" and file.res_model == "account.move":
            return file.res_id in self.account_move_ids.ids
        return super()._is_file_of_invoice(file)

    def _get_moves_of_files(self):
        """Override to let the files be of all invoices that go with the email."""
        return super()._get_moves_of_files() | self.account_move_ids

    # === HOOKS - THE EMAIL === #

    def _get_mail_values(self, link, siblings, attachments):
        """Override to lead to the account, and to name the files that only it has."""
        link = self.account_link_id or link
        values = super()._get_mail_values(link, siblings, attachments)
        if self.account_left_over:
            texts = self.env["account.move.portal.text"]
            content = (self.body, self.lang, self.account_left_over.split("\n"))
            values["body_html"] = texts._render_mail(link, self.subject, *content)
            values["portal_text"] = texts._render_mail_text(link, *content)
        return values

    def _get_reply_to(self, email_from):
        """Override to have answers reach the customer's chatter."""
        if not self.account_partner_id:
            return super()._get_reply_to(email_from)
        customer = self.account_partner_id
        return customer._notify_get_reply_to(default=email_from)[customer.id]

    def _make_account_message_id(self, customer):
        """Return an id by which answers to an email find the customer.

        :param res.partner customer: The customer.
        :rtype: str
        """
        return generate_tracking_message_id(f"{customer.id}-res.partner")

    # === HOOKS - WHAT FOLLOWS === #

    def _lock_what_is_written(self):
        """Override to let nobody else write the invoices that go with the email."""
        result = super()._lock_what_is_written()
        if self.kind == "statement":
            self._get_attached_moves().lock_for_update(allow_referencing=True)
        return result

    def _after_sent(self):
        """Override to note what was sent: the statement, and each invoice with it."""
        result = super()._after_sent()
        if self.kind != "statement":
            return result
        self._record_on_link()
        events = self.env["account.move.portal.event"]
        sent = self._get_attached_moves()
        for move in sent:
            events._record_sent(self, move_id=move.id)
        sent.filtered(lambda move: not move.is_move_sent).with_context(
            **const.NO_LINE_CHANGES
        ).is_move_sent = True
        return result

    def _post_note_of_all(self):
        """Override to tell staff on the customer what left."""
        others = self.filtered(lambda each: not each.account_partner_id)
        for delivery in self - others:
            if delivery.state == "sent" and not delivery.is_noted:
                delivery.batch_id._post_account_note(delivery)
        if not others:
            return None
        return super(AccountMovePortalDelivery, others)._post_note_of_all()

    # === RETENTION === #

    def _redact(self):
        """Override to remove the names of files as well."""
        self.account_left_over = False
        return super()._redact()
