from odoo import api, fields, models
from odoo.exceptions import UserError

from ... import const


class AccountMovePortalTodo(models.Model):
    """A payment that staff have to look at, until it is settled.

    One list for whatever Odoo cannot decide: each reason of a payment stands in it
    once, however often it is noticed.
    """

    _name = "account.move.portal.todo"
    _description = "Payment That Needs You"
    _order = "state desc, id desc"  # What is open comes first.
    _rec_name = "summary"

    attempt_id = fields.Many2one(
        comodel_name="account.move.portal.attempt",
        string="Payment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    dispute_id = fields.Many2one(
        comodel_name="account.move.portal.dispute",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    move_id = fields.Many2one(related="attempt_id.move_id")
    transaction_id = fields.Many2one(related="attempt_id.transaction_id")
    partner_id = fields.Many2one(related="attempt_id.partner_id")
    provider_id = fields.Many2one(related="attempt_id.provider_id")
    company_id = fields.Many2one(related="attempt_id.company_id", store=True)
    currency_id = fields.Many2one(related="attempt_id.currency_id")
    amount = fields.Monetary(related="attempt_id.amount")
    mismatched_amount = fields.Monetary(related="attempt_id.mismatched_amount")
    kind = fields.Selection(
        selection=[
            ("mismatch", "Amount differs"),
            ("overpaid", "Overpaid"),
            ("cancelled", "Paid after cancellation"),
            ("changed", "Paid after the invoice changed"),
            ("disputed", "Disputed or returned"),
            ("unbooked", "Not booked"),
            ("failed", "Bank payment failed"),
            ("uncertain", "Charge uncertain"),
            ("late", "Released too late"),
            ("gone", "Unknown to the provider"),
            ("keys", "Keys refused"),
        ],
        string="Reason",
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        selection=[("open", "Open"), ("done", "Settled")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    resolution = fields.Selection(
        selection=[
            ("matched", "Booked or matched"),
            ("refunded", "Refunded"),
            ("released", "Released"),
            ("done", "Done"),
        ],
        readonly=True,
    )
    summary = fields.Char(required=True, readonly=True)
    note = fields.Html(readonly=True)
    activity_id = fields.Many2one(
        comodel_name="mail.activity", readonly=True, ondelete="set null"
    )
    settled_by = fields.Many2one(
        comodel_name="res.users", readonly=True, ondelete="set null"
    )
    settled_on = fields.Datetime(readonly=True)

    _once_while_open = models.UniqueIndex(
        "(attempt_id, kind, COALESCE(dispute_id, 0)) WHERE state = 'open'",
        "This payment is already in the list for this reason.",
    )

    # === CRUD METHODS === #

    def write(self, vals):
        """Override to note who settles it, and take it off everyone's list."""
        if vals.get("state") == "done":
            user = self.env.user
            vals = {
                **vals,
                "settled_by": user._is_internal() and user.id,
                "settled_on": fields.Datetime.now(),
            }
            # In sudo mode because it may be a colleague's. This row says what became
            # of it; a note could not be written by a customer's request.
            self.activity_id.sudo().unlink()
        return super().write(vals)

    # === ACTION METHODS === #

    def action_match(self):
        """Book what was taken, or match what is left of it with other invoices.

        :return: Where to match it by hand; nothing where it was booked.
        :rtype: dict | None
        :raise UserError: If it cannot be booked.
        """
        attempt_sudo = self._check_settle(
            "mismatch", "uncertain", "unbooked", *const.CREDIT_KINDS
        )
        if self.kind in const.CREDIT_KINDS:
            return self._open_invoices_to_match(attempt_sudo)
        if self.kind == "mismatch":
            attempt_sudo._book_mismatch()
        elif self.kind == "uncertain":
            attempt_sudo._confirm_charge()
        else:
            attempt_sudo._book()
            if not attempt_sudo.transaction_id.is_post_processed:
                raise UserError(self.env._("The payment still cannot be booked."))
        self.write({"state": "done", "resolution": "matched"})
        return None

    def action_refund(self):
        """Give the customer back what was taken and is not due, by the provider.

        :raise UserError: If the provider does not refund it.
        """
        attempt_sudo = self._check_settle("mismatch", *const.CREDIT_KINDS, "late")
        attempt_sudo._refund_taken()
        self.write({"state": "done", "resolution": "refunded"})

    def action_release(self):
        """Give the payment up: nothing was charged, and the customer can pay again.

        :raise UserError: If something may have been charged.
        """
        attempt_sudo = self._check_settle("uncertain")
        attempt_sudo._release_charge()
        self.write({"state": "done", "resolution": "released"})

    def action_done(self):
        """Say that nothing is left to do, whatever was done and wherever.

        :raise UserError: If the payment still keeps the invoice from being paid.
        """
        for todo in self:
            attempt_sudo = todo._check_settle()
            if attempt_sudo._is_waiting_for_staff() and todo.kind in (
                "mismatch",
                "uncertain",
            ):
                raise UserError(
                    self.env._(
                        "Until you say what became of this payment, the customer "
                        "cannot pay the invoice. Please choose one of the other "
                        "buttons."
                    )
                )
            todo.write({"state": "done", "resolution": "done"})

    def action_open_payment(self):
        """Return the form of the payment.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.attempt",
            "res_id": self.attempt_id.id,
            "views": [(False, "form")],
        }

    # === BUSINESS METHODS === #

    def _open_invoices_to_match(self, attempt_sudo):
        """Return the customer's open invoices, each of which offers the credit.

        This is settled by itself once the credit is used up, see `_review_credits`.

        :param account.move.portal.attempt attempt_sudo: The payment, in sudo mode.
        :rtype: dict
        :raise UserError: If there is no credit to be matched.
        """
        if not attempt_sudo._get_credit_lines():
            raise UserError(
                self.env._(
                    "There is nothing left to match here. A payment without a journal "
                    "entry is matched with the bank statement."
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Match with an Invoice"),
            "res_model": "account.move",
            "views": [(False, "list"), (False, "form")],
            "domain": [
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
                ("payment_state", "in", ("not_paid", "partial")),
                ("company_id", "=", self.company_id.id),
                (
                    "commercial_partner_id",
                    "=",
                    self.partner_id.commercial_partner_id.id,
                ),
            ],
        }

    @api.model
    def _review_credits(self, payments):
        """Settle what stands here for credits that have been used up.

        :param account.payment payments: Of which a part was just matched.
        """
        if not payments:
            return
        todos = self.search(
            [
                ("state", "=", "open"),
                ("kind", "in", const.CREDIT_KINDS),
                ("attempt_id.transaction_id.payment_id", "in", payments.ids),
            ]
        )
        for todo in todos:
            if not todo.attempt_id._get_credit_lines():
                todo.write({"state": "done", "resolution": "matched"})

    def _check_settle(self, *kinds):
        """Check that the user may settle this, and in this way.

        :param str kinds: The reasons that can be settled in this way; all if none.
        :return: The payment, in sudo mode: the provider's keys and what booking reads
            are closed to accountants.
        :rtype: account.move.portal.attempt
        :raise UserError: If it is settled, or cannot be settled in this way.
        """
        self.ensure_one()
        self.check_access("write")
        # Two of staff may press at the same time: the second one sees what was done.
        self.lock_for_update()
        self.invalidate_recordset(["state"])
        if self.state != "open" or (kinds and self.kind not in kinds):
            raise UserError(
                self.env._("This is already settled, or cannot be settled this way.")
            )
        return self.attempt_id.sudo()

    @api.model
    def _get_open_count(self):
        """Return how many payments the user has to look at.

        :rtype: int
        """
        return self.search_count([("state", "=", "open")])
