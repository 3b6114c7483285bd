"""What the payer of a portal payment gets by email."""

import logging
from datetime import timedelta

from odoo import fields, models
from odoo.tools import email_normalize, email_normalize_all

from ... import const
from ...tools import plain_text

_logger = logging.getLogger(__name__)
# Emails a day about one invoice to addresses that its visitors entered.
MAX_UNKNOWN_A_DAY = 3


class AccountMovePortalAttempt(models.Model):
    """What the payer is told by email."""

    _inherit = "account.move.portal.attempt"

    # === HOOKS OF THE ROOM `PAYMENT` === #

    def _after_booking(self):
        """Override to queue the receipts."""
        result = super()._after_booking()
        for attempt in self:
            attempt._queue_receipt()
        return result

    def _after_failure(self):
        """Override to tell the payer, whom nothing else tells."""
        result = super()._after_failure()
        for attempt in self.filtered(lambda each: each.origin == "portal"):
            attempt._queue_payer_email("payment_failed")
        return result

    def _after_verification_request(self):
        """Override to tell the payer how to verify the bank account."""
        result = super()._after_verification_request()
        for attempt in self.filtered(lambda each: each.origin == "portal"):
            attempt._queue_payer_email("verification")
        return result

    # === BUSINESS METHODS - EMAILS === #

    def _get_payer_lang(self):
        """Return the language of the payer.

        :rtype: str
        """
        self.ensure_one()
        if self.link_id:
            return self.link_id._get_lang()
        if self.move_id:
            return self.move_id._get_portal_lang(self.partner_id)
        return self.transaction_id.partner_lang or self.env.lang

    def _render_payer_text(self, template):
        """Write the email of a template as plain text, for who reads no HTML.

        :param mail.template template: A template on payments.
        :rtype: str
        """
        self.ensure_one()
        tx = self.transaction_id
        body = template._render_field("body_html", tx.ids, compute_lang=True)[tx.id]
        company = self.company_id
        contacts = [company.phone, company.email, company.website]
        signature = "\n".join(["-- ", company.name, *filter(None, contacts)])
        return f"{plain_text.from_html(body)}\n\n{signature}\n"

    def _queue_payer_email(self, kind):
        """Have the payer told of this payment.

        The email is a row of the same database transaction as what it tells of; it is
        made and sent by the scheduler, right after that.

        :param str kind: What it tells: a value of the `kind` of deliveries.
        """
        self.ensure_one()
        address = self.transaction_id.partner_email
        if not (self.move_id and address):
            return
        # In sudo mode because emails are the system's.
        deliveries_sudo = self.env["account.move.portal.delivery"].sudo()
        if kind != "receipt" and not self._may_email_payer():
            _logger.warning("No email about payment %s: too many today", self.reference)
            return
        deliveries_sudo.create(
            {
                "kind": kind,
                "move_id": self.move_id.id,
                "transaction_id": self.transaction_id.id,
                "email": email_normalize(address) or address,
                "formatted": address,
                "is_queued": True,
            }
        )
        deliveries_sudo._wake_queue()

    def _may_email_payer(self):
        """Return whether the payer can be emailed before anything is paid.

        Whoever has a link enters any address, and any name: to addresses that are not
        on file, only so many emails leave for an invoice in a day.

        :rtype: bool
        """
        self.ensure_one()
        # In sudo mode because it is a customer who makes the email.
        move_sudo = self.move_id.sudo()
        known = {
            *move_sudo.portal_link_ids.mapped("email"),
            *email_normalize_all(move_sudo.partner_id.email),
            *email_normalize_all(move_sudo.commercial_partner_id.email),
        } - {False}
        if email_normalize(self.transaction_id.partner_email) in known:
            return True
        deliveries_sudo = self.env["account.move.portal.delivery"].sudo()
        return (
            deliveries_sudo.search_count(
                [
                    ("move_id", "=", self.move_id.id),
                    ("kind", "in", ["verification", "payment_failed"]),
                    ("email", "not in", list(known)),
                    ("create_date", ">", fields.Datetime.now() - timedelta(days=1)),
                ]
            )
            < MAX_UNKNOWN_A_DAY
        )

    # === BUSINESS METHODS - RECEIPTS === #

    def _queue_receipt(self):
        """Have the receipt sent, once, if the company wants that."""
        self.ensure_one()
        tx = self.transaction_id
        if (
            self.origin == "portal"
            and tx.operation != "refund"
            and not tx.portal_receipt_state
            and self.company_id.portal_send_receipt
        ):
            self._queue_payer_email("receipt")

    def _get_receipt(self):
        """Return the receipt of a booked payment: core's document, by our engine.

        :return: The name of the file, and its content in PDF.
        :rtype: tuple[str, bytes]
        """
        self.ensure_one()
        lang = self._get_payer_lang()
        payment = self.transaction_id.payment_id.with_context(lang=lang)
        content, _type = (
            self.env["ir.actions.report"]
            .with_context(lang=lang)
            ._render_qweb_pdf(const.RECEIPT_REPORT, payment.ids)
        )
        name = payment.env._("Receipt %(reference)s.pdf", reference=self.reference)
        return name.replace("/", "-"), content
