import base64
import logging

from odoo import api, fields, models

from ... import const

_logger = logging.getLogger(__name__)
RECEIPT_CRON = "account_payment_portal.ir_cron_send_portal_receipts"
FAILED_TEMPLATE = "account_payment_portal.mail_template_portal_payment_failed"
RECEIPT_TEMPLATE = "account_payment_portal.mail_template_portal_receipt"
VERIFY_TEMPLATE = "account_payment_portal.mail_template_portal_verify"


class PaymentTransaction(models.Model):
    """What the payer of a portal payment gets by email."""

    _inherit = "payment.transaction"

    portal_receipt_state = fields.Selection(
        selection=[
            ("waiting", "To be sent"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        string="Receipt",
        readonly=True,
        index="btree_not_null",
    )

    # === HOOKS OF THE ROOM `PAYMENT` === #

    def _after_portal_booking(self):
        """Override to queue the receipts."""
        result = super()._after_portal_booking()
        for tx in self:
            tx._portal_queue_receipt()
        return result

    def _after_portal_failure(self):
        """Override to tell the payer, whom nothing else tells."""
        result = super()._after_portal_failure()
        for tx in self:
            tx._portal_mail(FAILED_TEMPLATE)
        return result

    def _after_portal_verification_request(self):
        """Override to tell the payer how to verify the bank account."""
        result = super()._after_portal_verification_request()
        for tx in self:
            tx._portal_mail(VERIFY_TEMPLATE)
        return result

    # === BUSINESS METHODS - EMAILS === #

    def _get_portal_payer_lang(self):
        """Return the language of the payer.

        :rtype: str
        """
        self.ensure_one()
        if self.portal_link_id:
            return self.portal_link_id._get_lang()
        return self.partner_lang or self.env.lang

    def _portal_mail(self, template_xmlid, **kwargs):
        """Queue a mail to the payer, in the payer's language.

        It is written in the same database transaction as what it tells of, and goes
        out after it, once. That it cannot be written undoes nothing.

        :param str template_xmlid: The mail template.
        :param kwargs: What else `mail.template.send_mail` takes.
        """
        self.ensure_one()
        if not self.partner_email:
            return
        template = self.env.ref(template_xmlid)
        try:
            with self.env.cr.savepoint():
                template.send_mail(
                    self.id, email_layout_xmlid="mail.mail_notification_light", **kwargs
                )
        except ValueError:
            _logger.exception("No mail about payment %s", self.reference)

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
            self.portal_receipt_state = "waiting"
            # In sudo mode because schedules are closed to customers.
            self.env.ref(RECEIPT_CRON).sudo()._trigger()

    @api.model
    def _cron_send_portal_receipts(self):
        """Send the receipts that are due, each by itself: any number of workers may."""
        self.env["account.move.portal.queue"]._run_each(
            self, [("portal_receipt_state", "=", "waiting")], "_portal_send_receipt"
        )

    def _portal_send_receipt(self):
        """Write the receipt, with its document, to the payer."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                name, content = self._get_portal_receipt()
                self._portal_mail(
                    RECEIPT_TEMPLATE,
                    email_values={
                        "attachment_ids": [
                            fields.Command.create(
                                {"name": name, "datas": base64.b64encode(content)}
                            )
                        ]
                    },
                )
            self.portal_receipt_state = "sent"
        except Exception:
            _logger.exception("No receipt for payment %s", self.reference)
            self.portal_receipt_state = "failed"

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
