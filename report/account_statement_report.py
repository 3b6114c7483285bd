from odoo import api, models
from odoo.exceptions import AccessError

from ..models.statement.account_move_portal_link import AGES


class ReportAccountStatement(models.AbstractModel):
    """What is open in a customer's account, as a document."""

    _name = "report.account_payment_portal.report_account_statement"
    _description = "Account Statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        """Return what the report shows; see `base`.

        :param list[int] docids: The ids of the customers.
        :param dict data: `company_id`, whose invoices; the user's company if none.
        :rtype: dict
        :raise AccessError: For those who may not see all invoices of a customer.
        """
        self._check_rights()
        companies = self.env["res.company"]
        company = companies.browse((data or {}).get("company_id")) or self.env.company
        customers = self.env["res.partner"].browse(docids).commercial_partner_id
        accounts = {
            customer: self.env["account.move.portal.link"].new(
                {"account_partner_id": customer.id, "company_id": company.id}
            )
            for customer in customers
        }
        return {
            "doc_ids": customers.ids,
            "doc_model": "res.partner",
            "docs": customers,
            # In sudo mode as for an invoice: who may print it need not be one who may
            # read all of a company.
            "company": company.sudo(),
            "day": company._get_portal_day(),
            "parts_by_customer": {
                customer: account._get_statement()
                for customer, account in accounts.items()
            },
            "ages": self._get_age_labels(),
        }

    @api.model
    def _check_rights(self):
        """Check that the user works with invoices.

        Customers may print reports, too: this one is for whoever holds the link.

        :raise AccessError: If not.
        """
        user = self.env.user
        if self.env.su or user.has_groups(
            "account.group_account_invoice,account.group_account_readonly"
        ):
            return
        raise AccessError(
            self.env._("You are not allowed to print account statements.")
        )

    @api.model
    def _get_age_labels(self):
        """Return the ages of a statement in words, in their order.

        :return: The words by the last day overdue.
        :rtype: dict
        """
        labels = (
            self.env._("Not due"),
            self.env._("1–30 days"),
            self.env._("31–60 days"),
            self.env._("61–90 days"),
            self.env._("Over 90 days"),
        )
        return dict(zip(AGES, labels, strict=True))
