from odoo import api, models


class PaymentMethod(models.Model):
    """What is known of the ways to pay is kept in memory, until one of them changes."""

    _inherit = "payment.method"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override, see `payment.provider._get_portal_ways_to_pay`."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        """Override, see `payment.provider._get_portal_ways_to_pay`."""
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        """Override, see `payment.provider._get_portal_ways_to_pay`."""
        self.env.registry.clear_cache()
        return super().unlink()
