from odoo import api, models

from ..pdf import qr
from ..pdf.resources import data_uri


class IrActionsReport(models.Model):
    """The link to pay online on invoices that are printed."""

    # One job a file; together they are one model.
    # pylint: disable=consider-merging-classes-inherited
    _inherit = "ir.actions.report"

    def _get_rendering_context(self, report, docids, data):
        """Override of `base` to hand the payment links to the invoice templates.

        The context key ``account_payment_portal_pay_url`` holds an address for all
        documents, or a dict of addresses by record id.
        """
        data = super()._get_rendering_context(report, docids, data)
        if urls := self.env.context.get("account_payment_portal_pay_url"):
            if not isinstance(urls, dict):
                urls = dict.fromkeys(docids or (), urls)
            data["account_payment_portal_pay_urls"] = urls
        return data

    @api.model
    def _draw_portal_code(self, url):
        """Return the QR code of an address, as the invoice shows it.

        :param str url: The address.
        :return: The image, as a `data:` URI.
        :rtype: str
        """
        return data_uri(qr.draw(url).encode(), "image/svg+xml")

    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        """Override of `base` to print the link to pay on paper as well.

        Who prints an invoice hands it over: the link opens from then on. Who may not
        edit the invoice prints the link that there is.
        """
        report = self._get_report(report_ref)
        own = self.env.ref("account_payment_portal.action_report_invoice")
        if report != own or "account_payment_portal_pay_url" in self.env.context:
            return super()._render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        urls = self._open_portal_printed_links(self.env[report.model].browse(res_ids))
        printing = self.with_context(account_payment_portal_pay_url=urls)
        return super(IrActionsReport, printing)._render_qweb_pdf(
            report_ref, res_ids=res_ids, data=data
        )

    def _open_portal_printed_links(self, moves):
        """Return the address to print on each invoice.

        :param account.move moves: The invoices.
        :return: The address by the id of the invoice.
        :rtype: dict[int, str]
        """
        moves.check_access("read")
        editable = moves._filtered_access("write")
        urls = {}
        # In sudo mode to see what is paid, and because the token is hidden.
        for move_sudo, link_sudo in moves.sudo()._plan_portal_printed_links().items():
            if move_sudo in editable:
                link_sudo = move_sudo._open_portal_printed_link(link_sudo)
            if link_sudo.id and link_sudo._is_live():
                urls[move_sudo.id] = link_sudo._get_url()
        return urls
