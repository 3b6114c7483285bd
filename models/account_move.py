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

    portal_balance_due = fields.Monetary(
        string="Balance Due",
        help="What is left to be paid, payments that are not booked yet included.",
        compute="_compute_portal_balance_due",
        compute_sudo=True,  # Customers have no rights on payments.
    )

    # === COMPUTE METHODS === #

    @api.depends("move_type", "state")
    def _compute_can_send_portal_link(self):
        for move in self:
            move.can_send_portal_link = (
                move.move_type == "out_invoice" and move.state in ("draft", "posted")
            )

    @api.depends(
        *("amount_total", "amount_residual", "payment_state", "currency_id"),
        *("matched_payment_ids.state", "matched_payment_ids.move_id"),
        *("matched_payment_ids.amount", "matched_payment_ids.payment_type"),
        *("matched_payment_ids.currency_id", "matched_payment_ids.date"),
    )
    def _compute_portal_balance_due(self):
        for move in self:
            given = dict.fromkeys(("in_process", "paid"), 0.0)
            for payment in move._get_portal_payments_without_entry():
                given[payment.state] += move._get_portal_share(payment)
            # Those that a bank statement has shown are part of what was reconciled.
            booked = move.amount_total - move.amount_residual
            missing = given["in_process"] + max(given["paid"] - booked, 0.0)
            move.portal_balance_due = move.currency_id.round(
                max(move.amount_residual - missing, 0.0)
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
        if self.currency_id.is_zero(self.portal_balance_due):
            return "paid"
        if self._has_portal_payment_in_progress():
            return "processing"
        if self._get_portal_days_overdue():
            return "overdue"
        return "partly_paid" if self.portal_balance_due < self.amount_total else "open"

    def _get_portal_days_overdue(self):
        """Return how long the invoice has been due, in whole days; 0 if it is not.

        Note: `self.ensure_one()`

        :rtype: int
        """
        self.ensure_one()
        if not self.invoice_date_due:
            return 0
        return max(0, (fields.Date.context_today(self) - self.invoice_date_due).days)

    def _get_portal_payments_without_entry(self):
        """Return the payments that left the invoice's residual as it was.

        With Odoo's accounting application, a payment through a journal without an
        outstanding account has no journal entry: the bank statement books it.

        Note: `self.ensure_one()`

        :rtype: account.payment
        """
        self.ensure_one()
        if self.payment_state == "not_paid" or not self.amount_residual:
            return self.env["account.payment"]  # Most invoices: nothing to look up.
        return self.matched_payment_ids.filtered(
            lambda payment: (
                not payment.move_id and payment.state in ("in_process", "paid")
            )
        )

    def _get_portal_share(self, payment):
        """Return how much of a payment without an entry is for this invoice.

        A payment of several invoices pays those that are due first.

        Note: `self.ensure_one()`

        :param account.payment payment: The payment.
        :return: The amount in the invoice's currency; negative for money given back.
        :rtype: float
        """
        self.ensure_one()
        rate = (payment.company_id, payment.date)
        if payment.payment_type == "outbound":
            return -payment.currency_id._convert(
                payment.amount, self.currency_id, *rate
            )
        left = payment.amount
        # Credit notes, which were taken off the payment, come first.
        for move in payment.invoice_ids.sorted(
            lambda move: (
                move.is_inbound(),
                move.invoice_date_due or move.date,
                move.id,
            )
        ):
            due = move.currency_id._convert(
                move.amount_residual, payment.currency_id, *rate
            )
            if not move.is_inbound():
                left += due
            elif payment.currency_id.compare_amounts(left, due) >= 0:
                left -= due
                if move == self:
                    return self.amount_residual
            elif move == self:
                return payment.currency_id._convert(left, self.currency_id, *rate)
            else:
                left = 0.0
        return 0.0

    def _get_portal_payments(self):
        """Return what has been paid on the invoice so far, oldest first.

        Note: `self.ensure_one()`

        :return: The date, amount, currency and name of each payment or credit.
        :rtype: list[dict]
        """
        self.ensure_one()
        if (
            self.currency_id.compare_amounts(self.portal_balance_due, self.amount_total)
            == 0
        ):
            return []  # Most invoices: nothing to look up.
        content = (self.invoice_payments_widget or {}).get("content", [])
        # In sudo mode because customers have no rights on payments.
        without_entry = self.sudo()._get_portal_payments_without_entry()
        if content:  # What a bank statement has shown is part of it.
            without_entry = without_entry.filtered(lambda pay: pay.state != "paid")
        return sorted(
            [
                *(
                    {
                        "date": entry["date"],
                        "amount": entry["amount"],
                        "currency": self.env["res.currency"].browse(
                            entry["currency_id"]
                        ),
                        "name": self.env._("Credit note")
                        if entry["is_refund"]
                        else entry["payment_method_name"] or self.env._("Payment"),
                    }
                    for entry in content
                    if not entry["is_exchange"]
                ),
                *(
                    {
                        "date": payment.date,
                        "amount": self._get_portal_share(payment),
                        "currency": self.currency_id,
                        "name": payment.payment_method_line_id.name
                        or self.env._("Payment"),
                    }
                    for payment in without_entry.sorted("id")
                ),
            ],
            key=lambda payment: payment["date"],
        )
