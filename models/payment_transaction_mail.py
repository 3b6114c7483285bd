import base64
import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

RECEIPT_CRON = "account_payment_portal.ir_cron_send_portal_receipts"
RECEIPT_REPORT = "account_payment_portal.action_report_portal_receipt"
FAILED_TEMPLATE = "account_payment_portal.mail_template_portal_payment_failed"
RECEIPT_TEMPLATE = "account_payment_portal.mail_template_portal_receipt"


class PaymentTransactionPortalMail(models.AbstractModel):
    """What the payer of a portal payment gets by mail."""

    _name = "payment.transaction.portal.mail"
    _description = "Mails about a Portal Payment"

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

    def _get_portal_payer_lang(self):
        """Return the language of the payer.

        Note: `self.ensure_one()`

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

        Note: `self.ensure_one()`

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

    def _portal_tell_of_failure(self, state_before):
        """Tell the payer that a payment failed which nobody sits and waits for.

        Note: `self.ensure_one()`

        :param str state_before: The state before the failure.
        """
        self.ensure_one()
        if state_before == "pending" and self.state == "error":
            self._portal_mail(FAILED_TEMPLATE)

    def _portal_queue_receipt(self):
        """Have the receipt sent, once, if the company wants that.

        Note: `self.ensure_one()`
        """
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
        while tx := self.search(
            [("portal_receipt_state", "=", "waiting")], limit=100
        ).try_lock_for_update(allow_referencing=True, limit=1):
            tx._portal_send_receipt()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _portal_send_receipt(self):
        """Write the receipt, with its document, to the payer.

        Note: `self.ensure_one()`
        """
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

        Note: `self.ensure_one()`

        :return: The name of the file, and its content in PDF.
        :rtype: tuple[str, bytes]
        """
        self.ensure_one()
        lang = self._get_portal_payer_lang()
        payment = self.payment_id.with_context(lang=lang)
        content, _type = (
            self.env["ir.actions.report"]
            .with_context(lang=lang)
            ._render_qweb_pdf(RECEIPT_REPORT, payment.ids)
        )
        name = payment.env._("Receipt %(reference)s.pdf", reference=self.reference)
        return name.replace("/", "-"), content
