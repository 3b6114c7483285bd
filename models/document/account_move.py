import base64
import hashlib
import re

from markupsafe import Markup

from odoo import api, fields, models


class AccountMove(models.Model):
    """An invoice's PDF, as its customer gets it."""

    _inherit = "account.move"

    portal_document_html = fields.Binary(
        string="Sent Invoice as a Page",
        attachment=True,
        copy=False,
        # Customers see it through their link, in sudo mode.
        groups=fields.NO_ACCESS,
        help="The invoice as it was when its PDF was made: what the customer's page "
        "shows and prints.",
    )
    portal_document_fingerprint = fields.Char(
        string="Fingerprint of the Sent Invoice",
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="SHA-256 of what the customer's PDF says.",
    )
    portal_document_version = fields.Integer(
        string="Version of the Sent Invoice",
        readonly=True,
        copy=False,
        help="How many times the PDF was made with different contents.",
    )
    is_portal_document_outdated = fields.Boolean(
        string="Changed Since It Was Sent",
        compute="_compute_is_portal_document_outdated",
        help="The customer has a PDF that differs from the invoice.",
    )

    # Nothing but this: it is looked at on one invoice's form, and depends on much.
    @api.depends("state")
    def _compute_is_portal_document_outdated(self):
        for move in self:
            # In sudo mode because the fingerprint is nobody's to read.
            sent = move.sudo().portal_document_fingerprint
            move.is_portal_document_outdated = bool(
                sent and sent != move._get_portal_document_fingerprint()
            )

    # === WHAT WAS SENT === #

    def _get_portal_document_fingerprint(self):
        """Return a fingerprint of what the invoice says; payments do not change it.

        :rtype: str
        """
        self.ensure_one()
        facts = [
            *(self.name, self.move_type, self.partner_id.id, self.currency_id.id),
            *(self.invoice_date, self.invoice_date_due, self.amount_total),
            *(self.ref or "", self.payment_reference or "", self.narration or ""),
        ]
        for line in self.invoice_line_ids.sorted():
            facts += [
                *(line.display_type, line.name or "", line.quantity, line.price_unit),
                *(line.discount, line.price_subtotal, sorted(line.tax_ids.ids)),
            ]
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _store_portal_document(self):
        """Keep the invoices as they are now, with the PDF files just made of them."""
        for move in self:
            html = self.env["ir.actions.report"]._portal_render_document_html(move)
            # In sudo mode because these fields are nobody's to write.
            move_sudo = move.sudo()
            fingerprint = move_sudo._get_portal_document_fingerprint()
            is_other = fingerprint != move_sudo.portal_document_fingerprint
            move_sudo.write(
                {
                    "portal_document_html": base64.b64encode(html.encode()),
                    "portal_document_fingerprint": fingerprint,
                    "portal_document_version": move.portal_document_version + is_other,
                }
            )

    def _detach_attachments(self):
        """Override of `account`: a draft has no sent page, as it has no sent PDF."""
        result = super()._detach_attachments()
        # In sudo mode because the field is nobody's to write.
        self.sudo().portal_document_html = False
        return result

    def _get_portal_document_html(self):
        """Return the invoice as a page: as it was sent, else as it is now.

        :rtype: markupsafe.Markup
        """
        self.ensure_one()
        # In sudo mode because the field is nobody's to read; who holds the invoice may
        # see what was sent of it.
        stored = self.invoice_pdf_report_id and self.sudo().portal_document_html
        if stored:
            return Markup(base64.b64decode(stored).decode())
        return self.env["ir.actions.report"]._portal_render_document_html(self)

    def _get_portal_document(self):
        """Return the invoice's PDF: the very one that was sent, where there is one.

        :return: The content of the file.
        :rtype: bytes
        """
        self.ensure_one()
        if sent := self.invoice_pdf_report_id:
            return sent.raw
        return self.env["ir.actions.report"]._portal_render_document_pdf(self)[self.id]

    def _get_portal_document_filename(self):
        """Return the one name of the PDF: in the email, on the page, and printed.

        :rtype: str
        """
        self.ensure_one()
        return (
            self.invoice_pdf_report_id.name or f"{self._get_portal_document_name()}.pdf"
        )

    def _get_portal_document_name(self):
        """Return the name of a PDF that is made by our report, without its ending.

        :return: In the customer's language, whoever makes the file.
        :rtype: str
        """
        self.ensure_one()
        move = self.with_context(lang=self._get_portal_lang())
        company = move.company_id.name
        if move.move_type != "out_invoice":
            name = f"{company} - {move._get_report_base_filename()}"
        elif move.state == "draft":
            name = move.env._("%(company)s - Draft invoice", company=company)
        else:
            name = move.env._(
                "%(company)s - Invoice %(number)s", company=company, number=move.name
            )
        # What one file system or another refuses in a name, and emails in a header.
        return re.sub(r'[\\/:*?"<>|\x00-\x1f\x7f]', "_", name)
