import re

from odoo import models


class AccountMove(models.Model):
    """An invoice's PDF, as its customer gets it."""

    _inherit = "account.move"

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
