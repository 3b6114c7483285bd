from odoo import api, models

from ... import const
from ...pdf import metadata


class AccountMoveSend(models.AbstractModel):
    """An invoice's PDF, from when it is made to when it is the invoice's own."""

    _inherit = "account.move.send"

    @api.model
    def _hook_invoice_document_after_pdf_report_render(self, invoice, invoice_data):
        """Override of `account`: title and author outlive what is embedded."""
        values = invoice_data.get("pdf_attachment_values") or {}
        before = values.get("raw")
        result = super()._hook_invoice_document_after_pdf_report_render(
            invoice, invoice_data
        )
        report = invoice_data.get("pdf_report")
        if not before or values["raw"] == before:
            return result
        own_id = self.env["ir.model.data"]._xmlid_to_res_id(const.INVOICE_REPORT)
        if not report or report.id == own_id:
            values["raw"] = metadata.carried_over(before, values["raw"])
        return result

    @api.model
    def _link_invoice_documents(self, invoices_data):
        """Override of `account` to keep what was sent as the customer's page, too."""
        result = super()._link_invoice_documents(invoices_data)
        made = self.env["account.move"].concat(
            *(
                invoice
                for invoice, data in invoices_data.items()
                if data.get("pdf_attachment_values")
            )
        )
        made._store_portal_document()
        return result
