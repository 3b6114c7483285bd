from datetime import timedelta

from odoo import api, fields, models

from ...tools import sql

#: Stripe itself lists events for 30 days.
KEPT_DAYS = 90


class PaymentProviderEvent(models.Model):
    """An event that a payment provider told of: each is acted upon once."""

    _name = "payment.provider.event"
    _description = "Payment Provider Event"
    _order = "id desc"
    _rec_name = "event_ref"

    provider_id = fields.Many2one(
        comodel_name="payment.provider",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    event_ref = fields.Char(string="Event", required=True, readonly=True)
    event_type = fields.Char(string="Type", readonly=True)
    transaction_id = fields.Many2one(
        comodel_name="payment.transaction",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )

    _event_unique = models.UniqueIndex("(provider_id, event_ref)")

    @api.model
    def _record(self, tx, event):
        """Record an event, unless it has been.

        The record stands in the same database transaction as what the event leads to:
        both are kept, or neither is and the event comes again.

        :param payment.transaction tx: The payment that the event is about.
        :param dict event: The event: `id` and `type`.
        :return: Whether it is new.
        :rtype: bool
        """
        now = fields.Datetime.now()
        row = {
            "provider_id": tx.provider_id.id,
            "event_ref": event["id"],
            "event_type": event["type"],
            "transaction_id": tx.id,
            **{"create_uid": self.env.uid, "create_date": now},
            **{"write_uid": self.env.uid, "write_date": now},
        }
        return bool(sql.insert_unless_exists(self.env.cr, self._table, row))

    @api.autovacuum
    def _gc_old_events(self):
        """Forget what Stripe cannot tell again."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search([("create_date", "<", limit)]).unlink()
