import re

from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    portal_link_ids = fields.One2many(
        comodel_name="account.move.portal.link",
        inverse_name="move_id",
        string="Portal links",
        readonly=True,
    )
    portal_link_count = fields.Integer(compute="_compute_portal_link_count")

    # === COMPUTE METHODS === #

    @api.depends("portal_link_ids")
    def _compute_portal_link_count(self):
        counts = dict(
            self.env["account.move.portal.link"]._read_group(
                [("move_id", "in", self.ids)], ["move_id"], ["__count"]
            )
        )
        for move in self:
            move.portal_link_count = counts.get(move, 0)

    # === ACTION METHODS === #

    def action_open_portal_send(self):
        """Open the Email Payment Portal Link window on this invoice.

        Note: `self.ensure_one()`

        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        self.ensure_one()
        self._check_portal_send()
        window = self.env["account.move.send.portal"].create({"move_id": self.id})
        return window._get_window()

    def action_view_portal_links(self):
        """Open the list of this invoice's portal links.

        Note: `self.ensure_one()`

        :return: The action of the list.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Portal Links"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.link",
            "view_mode": "list,form",
            "domain": [("move_id", "=", self.id)],
            "context": {"create": False},
        }

    # === BUSINESS METHODS - SEND === #

    def _check_portal_send(self):
        """Check that the portal link of each document may be sent.

        :raise UserError: For anything but draft and posted customer invoices.
        """
        for move in self:
            if move.move_type != "out_invoice":
                raise UserError(
                    self.env._(
                        "Only a customer invoice has a payment portal page; "
                        "“%(document)s” is not one.",
                        document=move.display_name,
                    )
                )
            if move.state == "cancel":
                raise UserError(
                    self.env._(
                        "“%(document)s” is cancelled: there is nothing to send.",
                        document=move.display_name,
                    )
                )

    # === BUSINESS METHODS - PORTAL PAGE === #

    def _get_portal_document(self):
        """Return the invoice's PDF: the very one that was sent, where there is one.

        Note: `self.ensure_one()`

        :return: The content of the file.
        :rtype: bytes
        """
        self.ensure_one()
        if sent := self.invoice_pdf_report_id:
            return sent.raw
        return self.env["ir.actions.report"]._portal_render_document_pdf(self)[self.id]

    def _get_portal_document_filename(self):
        """Return the name under which a customer saves the PDF.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        filename = self.env._(
            "%(company)s - Invoice %(number)s.pdf",
            company=self.company_id.name,
            number=self._get_portal_number(),
        )
        # What one file system or another refuses in a name.
        return re.sub(r'[\\/:*?"<>|]', "_", filename)

    def _get_portal_number(self):
        """Return the invoice's number as customers are to read it.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        if self.state == "draft":
            return self.env._("Draft")
        return self.name

    def _get_portal_contact(self):
        """Return whom a customer may ask about the invoice.

        Note: `self.ensure_one()`

        :return: The salesperson; the company where there is none to write to.
        :rtype: res.partner
        """
        self.ensure_one()
        salesperson = self.invoice_user_id
        if salesperson.active and salesperson.email:
            return salesperson.partner_id
        return self.company_id.partner_id

    def _get_portal_state(self):
        """Return which face the invoice shows to its customer.

        Note: `self.ensure_one()`

        :return: `draft`, `cancelled`, `credited`, `paid`, `processing`, `overdue`,
            `partly_paid` or `open`: the first that is true.
        :rtype: str
        """
        self.ensure_one()
        if self.state != "posted":
            return "draft" if self.state == "draft" else "cancelled"
        if self.payment_state == "reversed":
            return "credited"
        if self.currency_id.is_zero(self.amount_residual):
            return "paid"
        if self._has_portal_payment_in_progress():
            return "processing"
        if self.invoice_date_due and self.invoice_date_due < fields.Date.context_today(
            self
        ):
            return "overdue"
        return "partly_paid" if self.amount_residual < self.amount_total else "open"

    def _has_portal_payment_in_progress(self):
        """Return whether money is on its way that is not booked yet.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on transactions.
        return any(
            tx.state in ("pending", "authorized")
            or (tx.state == "done" and not tx.is_post_processed)
            for tx in self.sudo().transaction_ids
            if tx.provider_code not in ("none", "custom")
        )

    def _is_payable_on_portal(self):
        """Return whether a customer may start a payment of the balance due now.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return self._has_to_be_paid() and not self._has_portal_payment_in_progress()

    def _lock_for_portal_payment(self):
        """Lock the invoice until the end of the transaction, waiting for others.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        # Not `lock_for_update`: a second tab is to wait, not to fail. It is an update
        # so that a tab that waited is run again and sees what the first one did.
        self.env.cr.execute(
            "UPDATE account_move SET write_date = write_date WHERE id = %s", [self.id]
        )

    # === BUSINESS METHODS - NOTIFICATIONS === #

    def _portal_notify_responsible(self, template_xmlid):
        """Tell the salesperson of an invoice what its customer did.

        Called by the automation rules that this add-on installs, in their context.

        :param str template_xmlid: The mail template to tell it with.
        """
        notification = self.env["account.move.portal.notification"].browse(
            self.env.context.get("account_payment_portal_notification_id")
        )
        occasion = {
            "link": notification.event_id.link_id,
            "transaction": notification.transaction_id,
        }
        for move in self:
            user = move.invoice_user_id or move.create_uid
            template = self.env.ref(template_xmlid).with_context(lang=user.lang)
            rendered = {
                field: template._render_field(
                    field,
                    move.ids,
                    add_context=occasion,
                    options={"post_process": True},
                )[move.id]
                for field in ("subject", "body_html")
            }
            move.with_context(lang=user.lang).message_notify(
                partner_ids=user.partner_id.ids,
                author_id=move.company_id.partner_id.id,
                subject=rendered["subject"],
                body=rendered["body_html"],
            )
