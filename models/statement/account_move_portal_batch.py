from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import formataddr

from ...tools.email_addresses import Recipient


class AccountChoice(NamedTuple):
    """Which customers are sent what is open in their accounts, and which are not.

    :param dict recipients: Who gets the email, by customer.
    :param dict left_out: The customers that get none, by reason.
    :param dict moves: The invoices that are kept with the emails, by customer; those
        that go with them come first.
    """

    recipients: dict
    left_out: dict
    moves: dict


class AccountMovePortalBatch(models.Model):
    """Sendings of one email for each customer."""

    _inherit = "account.move.portal.batch"

    origin = fields.Selection(
        selection_add=[("statement", "Account statements")],
        ondelete={"statement": "cascade"},
    )
    is_per_customer = fields.Boolean(
        string="One email per customer",
        help="All selected invoices of a customer go out in one email that opens the "
        "customer's account.",
        readonly=True,
    )

    # === BUSINESS METHODS - THE WINDOW === #

    @api.model
    def _open_account_window(self, customers, moves=None):
        """Open the window that emails customers what is open in their accounts.

        :param res.partner customers: The customers, each a commercial entity.
        :param account.move|None moves: The selected invoices, to go with the emails.
        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is nobody to write to.
        """
        companies = moves.company_id if moves else self.env.company
        if len(companies) > 1:
            raise UserError(self.env._("Select the invoices of one company at a time."))
        if not customers:
            raise UserError(self.env._("Select invoices of customers first."))
        window = self.env["account.move.portal.statement.window"].create(
            {
                "company_id": companies.id,
                "partner_ids": [Command.set(customers.ids)],
                "move_ids": [Command.set(moves.ids if moves else [])],
                "is_with_invoices": bool(moves),
            }
        )
        return {
            "name": self.env._("Email Account Statement"),
            "type": "ir.actions.act_window",
            "res_model": window._name,
            "res_id": window.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "large"},
        }

    # === BUSINESS METHODS - WHO GETS WHAT === #

    @api.model
    def _choose_accounts(self, customers, company, moves=None):
        """Decide which customers are sent what is open in their accounts.

        :param res.partner customers: The customers, each a commercial entity.
        :param res.company company: Whose invoices the accounts have.
        :param account.move|None moves: The only invoices that count; all open ones if
            None.
        :rtype: AccountChoice
        """
        open_moves = self._find_open_invoices(customers, company, moves)
        contacts = customers._choose_portal_account_recipients(company)
        recipients, left_out, found = {}, {}, {}
        for customer in customers:
            contact = contacts[customer]
            if customer not in open_moves:
                left_out.setdefault("nothing_open", []).append(customer.id)
            elif not contact:
                left_out.setdefault("no_email", []).append(customer.id)
            else:
                found[customer] = open_moves[customer]
                recipients[customer] = self._get_account_recipients(contact)
        return AccountChoice(
            recipients,
            {reason: customers.browse(ids) for reason, ids in left_out.items()},
            found,
        )

    @api.model
    def _find_open_invoices(self, customers, company, moves=None):
        """Return the open invoices of customers, what was due first first.

        :param res.partner customers: The customers, each a commercial entity.
        :param res.company company: Whose invoices.
        :param account.move|None moves: The only ones that count; all if None.
        :rtype: dict[res.partner, account.move]
        """
        domain = self.env["account.move"]._get_portal_open_domain(customers)
        domain &= Domain("company_id", "=", company.id)
        if moves is not None:
            domain &= Domain("id", "in", moves.ids)
        found = self.env["account.move"].search(domain, order="invoice_date_due, id")
        return found.grouped("commercial_partner_id")

    @api.model
    def _get_account_recipients(self, contact):
        """Return who gets the email that goes to a contact: at all its addresses.

        Nobody gets a copy: a link to an account is its customer's only.

        :param res.partner contact: The contact.
        :rtype: list[Recipient]
        """
        name = contact._get_portal_name()
        return [
            Recipient("to", email, formataddr((name, email)))
            for email in contact._get_portal_emails()
        ]

    @api.model
    def _start_accounts(self, choice, values, due_on=False, attached=None):
        """Have customers emailed by the scheduler, one email for each.

        :param AccountChoice choice: Who is, and who is not.
        :param dict values: Values of the batch.
        :param datetime.datetime|bool due_on: When, in UTC; False for now.
        :param account.move|None attached: The invoices that go with the emails.
        :rtype: account.move.portal.batch
        """
        batch = self.create({**values, "scheduled_on": due_on})
        deliveries = self.env["account.move.portal.delivery"]
        rows = []
        for customer, recipients in choice.recipients.items():
            moves = choice.moves[customer]
            own = moves if attached is None else moves & attached
            common = {
                "batch_id": batch.id,
                "kind": "statement",
                "move_id": moves[:1].id,
                "account_partner_id": customer.id,
                "account_move_ids": [Command.set(own.ids)],
                "is_mass": True,
                "is_queued": True,
                "retry_on": due_on,
            }
            rows += [
                {
                    **common,
                    "message_id": deliveries._make_account_message_id(customer),
                    "sequence": sequence,
                    "role": recipient.kind,
                    "email": recipient.email,
                    "formatted": recipient.formatted,
                }
                for sequence, recipient in enumerate(recipients)
            ]
        deliveries.create(rows)
        batch._notify_progress()
        deliveries._wake_queue(at=due_on or None)
        return batch

    @api.model
    def _explain_account(self, reason):
        """Return why a customer is sent no email, in words.

        :param str reason: A key of `AccountChoice.left_out`.
        :rtype: str
        """
        return {
            "nothing_open": self.env._("No open invoices:"),
            "no_email": self.env._("No contact with an email address:"),
        }[reason]

    # === BUSINESS METHODS - THE EMAIL === #

    def _fill_in(self, delivery):
        """Override to write an email that leads to an account.

        Each time anew, as what it says is to be true when it leaves.
        """
        if delivery.kind != "statement":
            super()._fill_in(delivery)
            return
        delivery.write(self._get_account_text(delivery))
        delivery._attach_account_files()

    def _get_account_text(self, delivery):
        """Return what an email that leads to an account says.

        :param account.move.portal.delivery delivery: The email.
        :return: Its values.
        :rtype: dict
        """
        recipient = delivery._find_account_recipient()
        lang = recipient._get_portal_lang(delivery.company_id)
        # In the reader's language, before there is a link.
        account = (
            delivery.link_id.new(
                {
                    "account_partner_id": delivery.account_partner_id.id,
                    "company_id": delivery.company_id.id,
                }
            )
            .sudo()
            .with_context(lang=lang)
        )
        texts = self.env["account.move.portal.text"]
        is_of_invoices = delivery._brings_invoices()
        moves = delivery._get_account_moves().with_context(lang=lang)
        return {
            "lang": lang,
            "subject": texts._render(self.subject, moves)
            if self.subject
            else texts._get_account_subject(account, is_of_invoices),
            "body": texts._get_account_body(
                account, recipient, moves, is_of_invoices, self.body
            ),
        }

    @api.model
    def _preview_account(self, customer, choice, values, attached=None):
        """Return the email that a customer would get, and leave no trace.

        :param res.partner customer: The customer.
        :param AccountChoice choice: Who is emailed, this customer among them.
        :param dict values: Values of the batch.
        :param account.move|None attached: The invoices that go with the emails; all
            that are kept with them if None.
        :return: What the single window's preview is.
        :rtype: dict
        """
        recipients, moves = choice.recipients[customer], choice.moves[customer]
        own = moves if attached is None else moves & attached
        # In sudo mode because emails are the system's. Never stored.
        delivery_sudo = self.sudo()._make_preview_delivery(
            customer, recipients[0], moves[:1], own, values
        )
        link_sudo = delivery_sudo._make_preview_link()
        mail_values = delivery_sudo._get_mail_values(
            link_sudo, delivery_sudo, self.env["ir.attachment"]
        )
        mail_sudo = self.env["mail.mail"].sudo()
        mail_sudo = mail_sudo.new({**mail_values, "email_to": "x@x.x"})
        [outgoing] = mail_sudo._prepare_outgoing_list()
        statement = link_sudo._get_statement_name()
        return {
            "html": outgoing["body"],
            "subject": outgoing["subject"] or "",
            "from": mail_values["email_from"],
            "attachments": [
                *([] if delivery_sudo._brings_invoices() else [f"{statement}.pdf"]),
                *(move._get_portal_document_filename() for move in own),
            ],
            "downloads": [],
            "to": [each.formatted for each in recipients],
            "cc": [],
            "bcc": [],
        }

    @api.model
    def _make_preview_delivery(self, customer, recipient, move, attached, values):
        """Return an email that is not there, to be looked at.

        :param res.partner customer: The customer.
        :param Recipient recipient: Who would get it.
        :param account.move move: The invoice that it would be kept with.
        :param account.move attached: The invoices that would go with it.
        :param dict values: Values of the batch.
        :return: A new record, never stored.
        :rtype: account.move.portal.delivery
        """
        batch = self.new(values)
        delivery = self.env["account.move.portal.delivery"].new(
            {
                "batch_id": batch,
                "kind": "statement",
                "move_id": move.id,
                "account_partner_id": customer.id,
                "account_move_ids": [Command.set(attached.ids)],
                "role": recipient.kind,
                "email": recipient.email,
                "formatted": recipient.formatted,
            }
        )
        delivery.update(batch._get_account_text(delivery))
        return delivery

    # === BUSINESS METHODS - THE NOTE ON THE CUSTOMER === #

    def _post_account_note(self, delivery):
        """Tell staff on the customer, and on each invoice, which email left.

        :param account.move.portal.delivery delivery: The email.
        """
        author_id, email_from = delivery._get_author()
        customer = delivery.account_partner_id
        message = customer.message_post(
            author_id=author_id,
            email_from=email_from,
            message_id=delivery.message_id,
            subject=delivery.subject,
            body=Markup("<p>%s: %s</p><p><b>%s</b></p>%s")
            % (
                self.env._("Account link sent to"),
                delivery.formatted,
                delivery.subject,
                delivery.body,
            ),
            # As of an invoice: a note that reaches staff only, with copies of files.
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            attachments=[(file.name, file.raw) for file in delivery.attachment_ids],
        )
        # The note's own. In sudo mode because only the system may move attachments.
        message.sudo().attachment_ids.write(
            {"res_model": message._name, "res_id": message.id}
        )
        for move in delivery._get_attached_moves():
            move._message_log(
                body=self.env._(
                    "Sent to %(recipient)s with a link to the customer's account.",
                    recipient=delivery.formatted,
                ),
                author_id=author_id,
            )
        delivery.is_noted = True
