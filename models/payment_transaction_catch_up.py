import logging

import psycopg2
import stripe

from odoo import api, models

_logger = logging.getLogger(__name__)


class PaymentTransactionPortalCatchUp(models.AbstractModel):
    """The part of a payment in the scheduled catch-up."""

    _name = "payment.transaction.portal.catch.up"
    _description = "Catch-up of a Portal Payment"

    def _portal_try(self, method, *args):
        """Run a step of the catch-up in a database transaction of its own.

        Note: `self.ensure_one()`

        :param callable method: The step.
        :param args: Its arguments.
        :return: Whether it succeeded.
        :rtype: bool
        """
        try:
            method(*args)
            self.env.flush_all()
            self.env["ir.cron"]._commit_progress(1)
        except (psycopg2.OperationalError, stripe.APIConnectionError) as error:
            # Somebody else is at it, or Stripe is away: the next run will see.
            self.env.cr.rollback()
            _logger.info("Payment %s not caught up: %s", self.reference, error)
            return False
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Payment %s could not be caught up", self.reference)
            return False
        return True

    @api.model
    def _portal_catch_up_open_attempts(self):
        """Ask how each open attempt stands; give up those that were abandoned."""
        for tx in self.search([("portal_open_move_id", "!=", False)], order="id"):
            if tx.try_lock_for_update(allow_referencing=True):
                tx._portal_try(tx._portal_catch_up)

    def _portal_catch_up(self):
        """Bring one open attempt to where its provider has it.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        if self.provider_code == "stripe" and self._stripe_find_intent():
            self._stripe_refresh()
        elif self._is_portal_charge_due():
            # The customer said Pay, and closed the page before it could follow.
            self._portal_charge()
        elif (
            self._is_portal_charge_unanswered()
            and self.create_date < self._get_portal_attempt_limit()
        ):
            self._portal_leave_charge_to_staff()
        self._portal_book()
        if self.portal_open_move_id and self._is_portal_abandoned():
            self._portal_release()
