from odoo import models
from odoo.exceptions import ValidationError
from odoo.fields import Command


class AccountMovePortalAttempt(models.AbstractModel):
    """The payment of an invoice that is under way: one, here and on core's pages."""

    _name = "account.move.portal.attempt"
    _description = "Attempt to Pay an Invoice on the Portal"

    def _get_portal_open_attempt(self):
        """Return the payment that is under way.

        Note: `self.ensure_one()`

        :return: The payment, in sudo mode, or an empty recordset.
        :rtype: payment.transaction
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on transactions.
        return (
            self.env["payment.transaction"]
            .sudo()
            .search([("portal_open_move_id", "=", self.id)])
        )

    def _resume_portal_payment(self, form_key, chosen):
        """Return what the form needs to go on with an attempt that it has started.

        Note: `self.ensure_one()`

        :param str form_key: The copy of the screen.
        :param dict chosen: What it asks for: the method, the amount, the billing.
        :return: The processing values; nothing if it is another payment.
        :rtype: dict | None
        :raise ValidationError: If Stripe cannot be asked.
        """
        self.ensure_one()
        attempt_sudo = self._get_portal_open_attempt()
        if not attempt_sudo or not form_key:
            return None
        return attempt_sudo._get_portal_repeated_values(form_key, chosen)

    def _prepare_portal_transaction_values(self, link, form_key, billing):
        """Return what a payment made on the portal keeps beyond core's values.

        Note: `self.ensure_one()`

        :param account.move.portal.link link: Through which it is started.
        :param str form_key: The copy of the screen in which it is started.
        :param dict billing: The billing information as entered.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "invoice_ids": [Command.set(self.ids)],
            "portal_link_id": link.id,
            "portal_move_id": self.id,
            "portal_form_key": form_key,
            "portal_billing": billing,
        }

    def _make_way_for_portal_payment(self, link, form_key, restart=False):
        """Keep others from this invoice, and see that no other payment is under way.

        Afterwards, and until the end of the database transaction, a payment may be
        started. Odoo's transactions see the database as it was at their beginning:
        whoever waited for the lock fails and is run again, and then sees the attempt
        that went before, without waiting.

        Note: `self.ensure_one()`

        :param account.move.portal.link link: Through which the payment is started.
        :param str form_key: The copy of the screen in which it is started.
        :param bool restart: Whether an attempt before is to be called off.
        :raise ValidationError: If another one has to be waited for.
        """
        self.ensure_one()
        if attempt_sudo := self._get_portal_open_attempt():
            attempt_sudo._portal_make_way(link, form_key, restart)
            self.env.flush_all()  # Before the next one takes its place.
        self._lock_for_portal_payment()
        # In sudo mode because customers have no rights on transactions.
        tx_sudo = self.env["payment.transaction"].sudo()
        if core_attempt_sudo := tx_sudo._portal_find_core_attempt(self):
            raise ValidationError(core_attempt_sudo._get_portal_progress_message())
        self._check_payable_on_portal()

    def _make_way_for_core_payment(self):
        """The same for a payment on core's own pages: it waits for the portal's.

        Note: `self.ensure_one()`

        :raise ValidationError: If a payment is under way on the portal.
        """
        self.ensure_one()
        if attempt_sudo := self._get_portal_open_attempt():
            attempt_sudo._portal_make_way(attempt_sudo.portal_link_id.browse(), "")
        # Whether one is under way or not: one may be about to start.
        self._lock_for_portal_payment()

    def _lock_for_portal_payment(self):
        """Lock the invoice until the end of the transaction, waiting for others.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        # Not `lock_for_update`: a second tab is to wait, not to fail. It is an update
        # so that a tab that waited is run again and sees what the first one did.
        self.env.cr.execute(
            "UPDATE account_move SET write_date = write_date WHERE id = %s",
            [self.id],
            log_exceptions=False,  # That somebody else was first is no error.
        )
