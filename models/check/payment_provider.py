from odoo import api, models
from odoo.fields import Domain
from odoo.tools import ormcache

from . import payments


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    @api.model
    @ormcache("company.id", "currency.id")
    def _can_take_portal_payments(self, company, currency):
        """Return whether customers can pay in a currency: the cheap half of a check.

        Cached because the window asks whenever it is opened, and cleared with
        `_get_portal_ways_to_pay`.

        :param res.company company: The company, in sudo mode.
        :param res.currency currency: The currency.
        :rtype: bool
        """
        domain = (
            payments.get_provider_domain(company)
            & Domain("is_published", "=", True)
            & (
                Domain("available_currency_ids", "=", False)
                | Domain("available_currency_ids", "in", currency.ids)
            )
        )
        return bool(self.search_count(domain, limit=1))
