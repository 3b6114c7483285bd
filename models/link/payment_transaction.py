from odoo import fields, models
from odoo.orm.models import NO_ACCESS


class PaymentTransaction(models.Model):
    """What a payment knows of a link: its token is in the way back to the portal."""

    _inherit = "payment.transaction"

    # As the link's token itself: whoever reads payments would open the invoice.
    landing_route = fields.Char(groups=NO_ACCESS)
