from odoo import api, fields, models


class AccountMovePortalEvent(models.Model):
    """That a link was sent: with which email is said by that email's row alone."""

    _inherit = "account.move.portal.event"

    delivery_id = fields.Many2one(
        comodel_name="account.move.portal.delivery",
        string="Email",
        help="The email with which the link was sent.",
        readonly=True,
        index="btree_not_null",
        # An email that was sent is kept as long as its invoice.
        ondelete="cascade",
    )
    _sent_by_delivery = models.Constraint(
        "CHECK (kind != 'sent' OR delivery_id IS NOT NULL)",
        "A sent event needs its email.",
    )

    # === BUSINESS METHODS === #

    @api.model
    def _record_sent(self, delivery, **values):
        """Record that the mail server has an email with a link.

        :param account.move.portal.delivery delivery: The email.
        :param dict values: The event's other values.
        :return: The event, in sudo mode.
        :rtype: account.move.portal.event
        """
        # In sudo mode because nobody has the right to create events.
        return self._record(
            delivery.link_id.sudo(), "sent", "staff", delivery_id=delivery.id, **values
        )
