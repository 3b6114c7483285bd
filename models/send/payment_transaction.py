import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import email_normalize, email_normalize_all

from ... import const
from ...tools import plain_text

_logger = logging.getLogger(__name__)
# Emails a day about one invoice to addresses that its visitors entered.
MAX_UNKNOWN_A_DAY = 3
#: What the payer is told of a receipt, by the state of its email.
RECEIPT_STATES = {"waiting": "waiting", "sending": "waiting", "sent": "sent"}


class PaymentTransaction(models.Model):
    """What the payer of a portal payment gets by email."""

    _inherit = "payment.transaction"

    portal_delivery_ids = fields.One2many(
        comodel_name="account.move.portal.delivery",
        inverse_name="transaction_id",
        string="Portal emails",
        readonly=True,
    )
    portal_receipt_state = fields.Selection(
        selection=[
            ("waiting", "To be sent"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        string="Receipt",
        compute="_compute_portal_receipt_state",
    )

    # === COMPUTE METHODS === #

    @api.depends("portal_delivery_ids.state")
    def _compute_portal_receipt_state(self):
        for tx in self:
            # In sudo mode because the payer is told, who has no rights on emails.
            receipt_sudo = tx.sudo().portal_delivery_ids.filtered(
                lambda each: each.kind == "receipt"
            )
            state = receipt_sudo.state
            tx.portal_receipt_state = state and RECEIPT_STATES.get(state, "failed")

    # === HOOKS OF THE ROOM `PAYMENT` === #

    def _after_portal_booking(self):
        """Override to queue the receipts."""
        result = super()._after_portal_booking()
        for tx in self:
            tx._portal_queue_receipt()
        return result

    # === BUSINESS METHODS - EMAILS === #

    def _get_portal_payer_lang(self):
        """Return the language of the payer.

        :rtype: str
        """
        self.ensure_one()
        if self.portal_link_id:
            return self.portal_link_id._get_lang()
        if move := self.portal_move_id or self.invoice_ids[:1]:
            return move._get_portal_lang(self.partner_id)
        return self.partner_lang or self.env.lang

    def _render_portal_mail_text(self, template):
        """Write the email of a template as plain text, for who reads no HTML.

        :param mail.template template: A template on payments.
        :rtype: str
        """
        self.ensure_one()
        body = template._render_field("body_html", self.ids, compute_lang=True)[self.id]
        company = self.company_id
        contacts = [company.phone, company.email, company.website]
        signature = "\n".join(["-- ", company.name, *filter(None, contacts)])
        return f"{plain_text.from_html(body)}\n\n{signature}\n"

    def _queue_portal_email(self, kind):
        """Have the payer told of this payment.

        The email is a row of the same database transaction as what it tells of; it is
        made and sent by the scheduler, right after that.

        :param str kind: What it tells: a value of the `kind` of deliveries.
        """
        self.ensure_one()
        move = self.portal_move_id or self.invoice_ids[:1]
        if not (move and self.partner_email):
            return
        # In sudo mode because emails are the system's.
        deliveries_sudo = self.env["account.move.portal.delivery"].sudo()
        if kind != "receipt" and not self._may_email_portal_payer(move):
            _logger.warning("No email about payment %s: too many today", self.reference)
            return
        deliveries_sudo.create(
            {
                "kind": kind,
                "move_id": move.id,
                "transaction_id": self.id,
                "email": email_normalize(self.partner_email) or self.partner_email,
                "formatted": self.partner_email,
                "is_queued": True,
            }
        )
        deliveries_sudo._wake_queue()

    def _may_email_portal_payer(self, move):
        """Return whether the payer can be emailed before anything is paid.

        Whoever has a link enters any address, and any name: to addresses that are not
        on file, only so many emails leave for an invoice in a day.

        :param account.move move: The invoice.
        :rtype: bool
        """
        self.ensure_one()
        # In sudo mode because it is a customer who makes the email.
        move_sudo = move.sudo()
        known = {
            *move_sudo.portal_link_ids.mapped("email"),
            *email_normalize_all(move_sudo.partner_id.email),
            *email_normalize_all(move_sudo.commercial_partner_id.email),
        } - {False}
        if email_normalize(self.partner_email) in known:
            return True
        deliveries_sudo = self.env["account.move.portal.delivery"].sudo()
        return (
            deliveries_sudo.search_count(
                [
                    ("move_id", "=", move.id),
                    ("kind", "in", ["verification", "payment_failed"]),
                    ("email", "not in", list(known)),
                    ("create_date", ">", fields.Datetime.now() - timedelta(days=1)),
                ]
            )
            < MAX_UNKNOWN_A_DAY
        )

    # === BUSINESS METHODS - RECEIPTS === #

    def _portal_queue_receipt(self):
        """Have the receipt sent, once, if the company wants that."""
        self.ensure_one()
        if (
            self.portal_move_id
            and self.operation != "refund"
            and not self.portal_receipt_state
            and self.company_id.portal_send_receipt
        ):
            self._queue_portal_email("receipt")

    def _get_portal_receipt(self):
        """Return the receipt of a booked payment: core's document, by our engine.

        :return: The name of the file, and its content in PDF.
        :rtype: tuple[str, bytes]
        """
        self.ensure_one()
        lang = self._get_portal_payer_lang()
        payment = self.payment_id.with_context(lang=lang)
        content, _type = (
            self.env["ir.actions.report"]
            .with_context(lang=lang)
            ._render_qweb_pdf(const.RECEIPT_REPORT, payment.ids)
        )
        name = payment.env._("Receipt %(reference)s.pdf", reference=self.reference)
        return name.replace("/", "-"), content
