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
        """Return the name under which a customer saves the PDF.

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
