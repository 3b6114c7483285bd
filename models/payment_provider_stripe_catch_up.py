import logging
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import stripe

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

#: What may change how a payment stands. Stripe takes up to 20 types in one question.
EVENT_TYPES = [
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refund.updated",
    "charge.refunded",
    "refund.failed",
    "refund.updated",
]
#: Events may be listed a little after the moment that they bear.
OVERLAP = timedelta(hours=1)
PAGE_SIZE = 100


class PaymentProviderStripeCatchUp(models.AbstractModel):
    """Asks Stripe for what no webhook and no browser has told."""

    _name = "payment.provider.stripe.catch.up"
    _description = "Catch-up of a Stripe Provider"

    stripe_events_seen_on = fields.Datetime(
        string="Events seen until",
        help="The time, by Stripe's clock, of the last event that was caught up.",
        readonly=True,
        copy=False,
    )

    @api.model
    def _cron_stripe_catch_up(self):
        """Bring all portal payments to where Stripe has them.

        First by Stripe's events since the last one seen, which tell of what happened
        to finished payments as well; then each open attempt by itself.
        """
        providers = self.search([("code", "=", "stripe"), ("state", "!=", "disabled")])
        for provider in providers:
            try:
                provider._stripe_catch_up_events()
            except stripe.StripeError:
                _logger.warning("Stripe: the events could not be listed", exc_info=True)
        self.env["payment.transaction"]._portal_catch_up_open_attempts()

    def _stripe_catch_up_events(self):
        """Act on the events that nobody has acted on.

        Note: `self.ensure_one()`

        :raise stripe.StripeError: If the events cannot be listed.
        """
        self.ensure_one()
        since = self._stripe_get_catch_up_start()
        if not since:
            return
        events = self._stripe_list_events(since)
        by_tx = defaultdict(list)
        for event in reversed(events):  # Stripe lists the newest first.
            if tx := self.env["payment.transaction"]._stripe_find_payment(self, event):
                by_tx[tx].append(event)
        # Not a generator: one failure must not keep the others back.
        results = [
            tx._portal_try(tx._stripe_take_events, tx_events)
            for tx, tx_events in by_tx.items()
        ]
        if events and all(results):
            # What failed is asked for again: the mark stays before it.
            self.stripe_events_seen_on = _to_datetime(events[0]["created"])
            self.env["ir.cron"]._commit_progress()

    def _stripe_get_catch_up_start(self):
        """Return since when events are to be asked for.

        Note: `self.ensure_one()`

        :return: The moment; nothing if no payment was ever started on the portal.
        :rtype: datetime | None
        """
        self.ensure_one()
        if seen := self.stripe_events_seen_on:
            return seen - OVERLAP
        first = self.env["payment.transaction"].search(
            [("provider_id", "=", self.id), ("portal_move_id", "!=", False)],
            order="id",
            limit=1,
        )
        return first and first.create_date - OVERLAP

    def _stripe_list_events(self, since):
        """Return the events since a moment.

        Note: `self.ensure_one()`

        :param datetime since: The moment, in UTC.
        :return: The events, newest first.
        :rtype: list[dict]
        :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
        """
        params = {
            "types": EVENT_TYPES,
            "created": {"gte": int(since.replace(tzinfo=UTC).timestamp())},
            "limit": PAGE_SIZE,
        }
        events = []
        while True:
            page = self._stripe_request("GET", "events", params)
            events += page["data"]
            if not page["has_more"]:
                return events
            params["starting_after"] = events[-1]["id"]


def _to_datetime(seconds):
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
