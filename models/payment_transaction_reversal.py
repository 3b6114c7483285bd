from odoo import fields, models

from .payment_transaction_mail import FAILED_TEMPLATE


class PaymentTransactionPortalReversal(models.AbstractModel):
    """A payment that the customer's bank took back, and perhaps gave back again."""

    _name = "payment.transaction.portal.reversal"
    _description = "Reversal of a Portal Payment"

    portal_is_taken_back = fields.Boolean(
        string="Taken back",
        help="The bank has taken the money back: the invoice is open again.",
        readonly=True,
    )
    portal_dispute_ref = fields.Char(string="Dispute", readonly=True)
    portal_dispute_status = fields.Char(string="Dispute status", readonly=True)
    portal_reversal_move_id = fields.Many2one(
        comodel_name="account.move", string="Reversal entry", readonly=True
    )

    def _portal_follow_dispute(self, dispute):
        """Follow a dispute: the books say where the money is.

        An inquiry moves no money; a dispute takes it at once; one that is won gives it
        back. Bank payments that come back after they settled are disputes as well.

        Source: https://docs.stripe.com/disputes/how-disputes-work.

        Note: `self.ensure_one()`

        :param dict dispute: The dispute as Stripe has it now.
        """
        self.ensure_one()
        if (dispute["id"], dispute["status"]) == (
            self.portal_dispute_ref,
            self.portal_dispute_status,
        ):
            return
        moved = sum(entry["amount"] for entry in dispute["balance_transactions"])
        reason = (dispute["reason"] or "").replace("_", " ")
        if moved < 0 and not self.portal_is_taken_back:
            self._portal_take_back(reason)
            # Bank debits are returned: the rules of the ACH network know no dispute.
            is_return = self._is_portal_bank_payment()
            self._portal_tell("returned" if is_return else "disputed")
        elif moved == 0 and self.portal_is_taken_back:
            self._portal_give_back()
        self.write(
            {
                "portal_dispute_ref": dispute["id"],
                "portal_dispute_status": dispute["status"],
            }
        )
        self._portal_tell_staff_of_dispute(dispute["status"], reason)

    def _portal_take_back(self, reason):
        """Reverse the booked payment, by an entry of its own, and reopen the invoice.

        The entry of the payment stays, and so does what a bank statement was matched
        with: the money did come.

        Note: `self.ensure_one()`

        :param str reason: Why, for the journal entry.
        """
        self.ensure_one()
        payment = self.payment_id
        self.portal_is_taken_back = True
        if payment.move_id:
            lines = payment.move_id.line_ids
            lines.filtered(
                lambda line: line.account_id == payment.destination_account_id
            ).remove_move_reconcile()
            reversal = payment.move_id._reverse_moves(
                [
                    {
                        "date": fields.Date.context_today(self),
                        "ref": self.env._(
                            "Taken back: %(reference)s (%(reason)s)",
                            reference=self.reference,
                            reason=reason,
                        ),
                    }
                ]
            )
            reversal._post(soft=False)
            self._portal_reconcile_reversal(lines, reversal.line_ids)
            self.portal_reversal_move_id = reversal
        payment.action_reject()
        if self.operation != "refund":
            self._portal_mail(FAILED_TEMPLATE)

    def _get_portal_refunded_amount(self):
        """Return how much of this payment was given back to the customer.

        Note: `self.ensure_one()`

        :rtype: float
        """
        self.ensure_one()
        refunds = self.child_transaction_ids.filtered(
            lambda tx: tx.operation == "refund" and tx.state in ("pending", "done")
        )
        return -sum(refunds.mapped("amount"))

    def _portal_reconcile_reversal(self, lines, reversed_lines):
        """Match what is open of a payment's entry with its reversal.

        :param account.move.line lines: The payment's lines.
        :param account.move.line reversed_lines: The reversal's.
        """
        for account in lines.account_id.filtered("reconcile"):
            both = (lines + reversed_lines).filtered(
                lambda line, account=account: (
                    line.account_id == account and not line.reconciled
                )
            )
            if both & lines:
                both.reconcile()

    def _portal_give_back(self):
        """Book the money that a dispute has given back as a new payment.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        self.write({"portal_is_taken_back": False, "payment_id": False})
        self.with_company(self.company_id)._create_payment()

    def _portal_tell_staff_of_dispute(self, status, reason):
        """Give whoever is responsible for the invoice something to do.

        Note: `self.ensure_one()`

        :param str status: Stripe's status of the dispute.
        :param str reason: Its reason, in words.
        """
        self.ensure_one()
        amount = self.currency_id.format(self.amount)
        if status == "won":
            summary = self.env._("Dispute won: %(amount)s is back", amount=amount)
        elif self.portal_is_taken_back:
            summary = self.env._("Payment taken back: %(amount)s", amount=amount)
        else:
            summary = self.env._("Payment questioned: %(amount)s", amount=amount)
        self._portal_give_staff_to_do(
            summary,
            self.env._(
                "The customer's bank says: %(reason)s. Stripe's dispute %(dispute)s is "
                "in the state “%(status)s”.",
                reason=reason,
                dispute=self.portal_dispute_ref,
                status=status,
            ),
        )
