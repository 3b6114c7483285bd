import re

from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = [
        "account.move.portal.access",
        "account.move.portal.notify",
        "account.move.portal.evidence",
        "account.move.portal.payment",
        "account.move.portal.print",
        "account.move",
    ]

    can_send_portal_link = fields.Boolean(
        compute="_compute_can_send_portal_link", export_string_translation=False
    )

    # === COMPUTE METHODS === #

    @api.depends("move_type", "state")
    def _compute_can_send_portal_link(self):
        for move in self:
            move.can_send_portal_link = (
                move.move_type == "out_invoice" and move.state in ("draft", "posted")
            )

    # === ACTION METHODS === #

    def action_open_portal_send(self):
        """Open the Email Payment Portal Link window on this invoice.

        Note: `self.ensure_one()`

        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        return self._open_portal_send()

    # === BUSINESS METHODS - SEND === #

    def _open_portal_send(self, **values):
        """Open the Email Payment Portal Link window on this invoice.

        Note: `self.ensure_one()`

        :param dict values: What the window is filled with, beside the defaults.
        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        self.ensure_one()
        self._check_portal_send()
        window = self.env["account.move.send.portal"].create(
            {"move_id": self.id, **values}
        )
        return window._get_window()

    def _check_portal_send(self):
        """Check that the portal link of each document may be sent.

        :raise UserError: For anything but draft and posted customer invoices.
        """
        for move in self:
            if not move.can_send_portal_link:
                raise UserError(move._explain_portal_send_refusal())

    def _explain_portal_send_refusal(self):
        """Return why the portal link of the document cannot be sent.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        if self.move_type != "out_invoice":
            return self.env._(
                "Only a customer invoice has a payment portal page; “%(document)s” is"
                " not one.",
                document=self.display_name,
            )
        return self.env._(
            "“%(document)s” is cancelled: there is nothing to send.",
            document=self.display_name,
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
        if self.currency_id.is_zero(self._get_portal_balance_due()):
            return "paid"
        if self._has_portal_payment_in_progress():
            return "processing"
        if self._get_portal_days_overdue():
            return "overdue"
        return "partly_paid" if self.amount_residual < self.amount_total else "open"

    def _get_portal_days_overdue(self):
        """Return how long the invoice has been due, in whole days; 0 if it is not.

        Note: `self.ensure_one()`

        :rtype: int
        """
        self.ensure_one()
        if not self.invoice_date_due:
            return 0
        return max(0, (fields.Date.context_today(self) - self.invoice_date_due).days)

    def _get_portal_payments(self):
        """Return what has been paid on the invoice so far, oldest first.

        Note: `self.ensure_one()`

        :return: The date, amount and way of each payment or credit.
        :rtype: list[dict]
        """
        self.ensure_one()
        if (
            self.currency_id.compare_amounts(self.amount_residual, self.amount_total)
            == 0
        ):
            return []  # Most invoices: nothing to look up.
        content = (self.invoice_payments_widget or {}).get("content", [])
        return sorted(
            (
                {
                    "date": entry["date"],
                    "amount": entry["amount"],
                    "currency": self.env["res.currency"].browse(entry["currency_id"]),
                    "name": self.env._("Credit note")
                    if entry["is_refund"]
                    else entry["payment_method_name"] or self.env._("Payment"),
                }
                for entry in content
                if not entry["is_exchange"]
            ),
            key=lambda payment: payment["date"],
        )
