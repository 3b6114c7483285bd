import re
from decimal import Decimal, InvalidOperation

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ... import const
from ...tools import sql
from .errors import PortalPaymentValidationError


class AccountMove(models.Model):
    """What is to be paid on an invoice, whether it can be paid now, and by whom."""

    _inherit = "account.move"

    portal_balance_due = fields.Monetary(
        string="Balance Due",
        help="What is left to be paid, payments that are not booked yet included.",
        compute="_compute_portal_balance_due",
        compute_sudo=True,  # Customers have no rights on payments.
    )
    portal_attempt_line_ids = fields.One2many(
        comodel_name="account.move.portal.attempt.line",
        inverse_name="move_id",
        string="Payment attempts",
    )
    portal_payment_is_under_way = fields.Boolean(
        string="Online payment under way",
        compute="_compute_portal_payment_hints",
        compute_sudo=True,  # Whoever may see an invoice need not see payments.
    )
    portal_payment_todo_count = fields.Integer(
        string="Payments that need you",
        compute="_compute_portal_payment_hints",
        compute_sudo=True,
    )
    portal_billing_differences = fields.Html(
        string="Entered differently", compute="_compute_portal_billing_differences"
    )

    # === COMPUTE METHODS === #

    @api.depends(
        *("amount_total", "amount_residual", "payment_state", "currency_id"),
        *("matched_payment_ids.state", "matched_payment_ids.move_id"),
        *("matched_payment_ids.amount", "matched_payment_ids.payment_type"),
        *("matched_payment_ids.currency_id", "matched_payment_ids.date"),
    )
    def _compute_portal_balance_due(self):
        for move in self:
            given = dict.fromkeys(("in_process", "paid"), 0.0)
            for payment in move._get_portal_payments_without_entry():
                given[payment.state] += move._get_portal_share(payment)
            # Those that a bank statement has shown are part of what was reconciled.
            booked = move.amount_total - move.amount_residual
            missing = given["in_process"] + max(given["paid"] - booked, 0.0)
            move.portal_balance_due = move.currency_id.round(
                max(move.amount_residual - missing, 0.0)
            )

    @api.depends("portal_attempt_line_ids.is_open")
    def _compute_portal_payment_hints(self):
        for move in self:
            lines = move.portal_attempt_line_ids
            move.portal_payment_is_under_way = any(lines.mapped("is_open"))
            move.portal_payment_todo_count = len(
                lines.attempt_id.todo_ids.filtered(lambda todo: todo.state == "open")
            )

    def _compute_portal_billing_differences(self):
        for move in self:
            attempt_sudo = move._get_portal_billing_attempt_sudo()
            move.portal_billing_differences = attempt_sudo.billing_differences

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `account` to look at the payments under way of the invoices.

        Here and not in buttons: what changes an invoice may be a colleague, a script
        or another add-on.
        """
        result = super().write(vals)
        if not vals.keys().isdisjoint(("state", "partner_id", "move_type")):
            self._review_portal_attempts()
        return result

    @api.ondelete(at_uninstall=False)
    def _release_portal_attempts_on_deletion(self):
        """Release what is under way; a hook of deletion that never refuses one."""
        self._release_portal_attempts()

    # === ACTION METHODS === #

    def action_open_portal_payment_todos(self):
        """Return the list of what staff have to settle of these invoices.

        :rtype: dict
        """
        action = self.env["ir.actions.act_window"]._for_xml_id(const.TODO_ACTION)
        return {**action, "domain": [("attempt_id.line_ids.move_id", "in", self.ids)]}

    def action_update_portal_contact(self):
        """Write into the contact what was entered with the last payment."""
        self.ensure_one()
        # In sudo mode to find the payment only; the contact is written as oneself.
        self._get_portal_billing_attempt_sudo().action_update_contact()

    # === BUSINESS METHODS - WHAT WAS PAID === #

    def _get_portal_payments_without_entry(self):
        """Return the payments that left the invoice's residual as it was.

        With Odoo's accounting application, a payment through a journal without an
        outstanding account has no journal entry: the bank statement books it.

        :rtype: account.payment
        """
        self.ensure_one()
        if self.payment_state == "not_paid" or not self.amount_residual:
            return self.env["account.payment"]  # Most invoices: nothing to look up.
        return self.matched_payment_ids.filtered(
            lambda payment: (
                not payment.move_id and payment.state in ("in_process", "paid")
            )
        )

    def _get_portal_share(self, payment):
        """Return how much of a payment without an entry is for this invoice.

        A payment of several invoices pays those that are due first.

        :param account.payment payment: The payment.
        :return: The amount in the invoice's currency; negative for money given back.
        :rtype: float
        """
        self.ensure_one()
        rate = (payment.company_id, payment.date)
        if payment.payment_type == "outbound":
            return -payment.currency_id._convert(
                payment.amount, self.currency_id, *rate
            )
        left = payment.amount
        # Credit notes, which were taken off the payment, come first.
        for move in payment.invoice_ids.sorted(
            lambda move: (
                move.is_inbound(),
                move.invoice_date_due or move.date,
                move.id,
            )
        ):
            due = move.currency_id._convert(
                move.amount_residual, payment.currency_id, *rate
            )
            if not move.is_inbound():
                left += due
            elif payment.currency_id.compare_amounts(left, due) >= 0:
                left -= due
                if move == self:
                    return self.amount_residual
            elif move == self:
                return payment.currency_id._convert(left, self.currency_id, *rate)
            else:
                left = 0.0
        return 0.0

    def _get_portal_payments(self):
        """Return what has been paid on the invoice so far, oldest first.

        :return: The date, amount, currency and name of each payment or credit.
        :rtype: list[dict]
        """
        self.ensure_one()
        if (
            self.currency_id.compare_amounts(self.portal_balance_due, self.amount_total)
            == 0
        ):
            return []  # Most invoices: nothing to look up.
        content = (self.invoice_payments_widget or {}).get("content", [])
        # In sudo mode because customers have no rights on payments.
        without_entry = self.sudo()._get_portal_payments_without_entry()
        if content:  # What a bank statement has shown is part of it.
            without_entry = without_entry.filtered(lambda pay: pay.state != "paid")
        return sorted(
            [
                *(
                    {
                        "date": entry["date"],
                        "amount": entry["amount"],
                        "currency": self.env["res.currency"].browse(
                            entry["currency_id"]
                        ),
                        "name": self.env._("Credit note")
                        if entry["is_refund"]
                        else entry["payment_method_name"] or self.env._("Payment"),
                    }
                    for entry in content
                    if not entry["is_exchange"]
                ),
                *(
                    {
                        "date": payment.date,
                        "amount": self._get_portal_share(payment),
                        "currency": self.currency_id,
                        "name": payment.payment_method_line_id.name
                        or self.env._("Payment"),
                    }
                    for payment in without_entry.sorted("id")
                ),
            ],
            key=lambda payment: payment["date"],
        )

    def _get_portal_reversed_payments(self):
        """Return the payments that the customer's bank took back, oldest first.

        :return: The payments, in sudo mode.
        :rtype: account.move.portal.attempt
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on payments.
        attempts_sudo = self.sudo().portal_attempt_line_ids.attempt_id
        return attempts_sudo.filtered("is_reversed").sorted("id")

    def _get_portal_billing_attempt_sudo(self):
        """Return the last payment whose billing information differs from the contact's.

        :return: The payment, in sudo mode: it may be of a contact that one cannot see.
        :rtype: account.move.portal.attempt
        """
        self.ensure_one()
        paid_sudo = self.sudo().portal_attempt_line_ids.attempt_id.filtered(
            lambda attempt: attempt.billing and attempt.state not in ("draft", "cancel")
        )
        return paid_sudo.sorted("id")[-1:].filtered("billing_differences")

    # === BUSINESS METHODS - INVOICE STATUS === #

    def _get_portal_invoice_status(self):
        """Return which face the invoice shows to its customer.

        :return: `draft`, `cancelled`, `credited`, `paid`, `processing`, `overdue`,
            `partly_paid` or `open`: the first that is true.
        :rtype: str
        """
        self.ensure_one()
        if self.state != "posted":
            return "draft" if self.state == "draft" else "cancelled"
        if self.payment_state == "reversed":
            return "credited"
        if self.currency_id.is_zero(self.portal_balance_due):
            return "paid"
        if self._has_portal_payment_in_progress():
            return "processing"
        if self._get_portal_days_overdue():
            return "overdue"
        return "partly_paid" if self.portal_balance_due < self.amount_total else "open"

    def _get_portal_days_overdue(self):
        """Return how long the invoice has been due, in whole days; 0 if it is not.

        :rtype: int
        """
        self.ensure_one()
        if not self.invoice_date_due:
            return 0
        return max(0, (self.company_id._get_portal_day() - self.invoice_date_due).days)

    # === BUSINESS METHODS - WHAT CAN BE PAID === #

    def _is_eligible_for_early_payment_discount(self, currency, reference_date):
        """Override of `account` to keep a discount that was promised.

        The customer pays when the payment is started; a bank takes days to settle it.
        """
        started_on = self.env.context.get(const.CONTEXT_STARTED_ON)
        return super()._is_eligible_for_early_payment_discount(
            currency, started_on or reference_date
        )

    def _get_portal_discount_lines(self, amount):
        """Return all entries by which a payment grants an early-payment discount.

        :param float amount: What is paid, in the invoice's currency.
        :return: The values of the journal items; none where no discount is granted.
        :rtype: list[dict]
        """
        move = self.filtered(lambda move: move.state == "posted")[:1]  # As core does.
        if not move:
            return []
        values = move._get_invoice_next_payment_values()
        if (
            values["installment_state"] != "epd"
            or move.currency_id.compare_amounts(amount, values["amount_due"]) != 0
        ):
            return []
        line = values["epd_line"]
        entries = move._get_invoice_counterpart_amls_for_early_payment_discount(
            [
                {
                    "aml": line,
                    "amount_currency": -line.amount_residual_currency,
                    "balance": -line.balance,
                }
            ],
            values["epd_discount_amount"],
        )
        return [
            {**entry, "partner_id": move.partner_id.id}
            for kind in entries.values()
            for entry in kind
        ]

    def _get_portal_amounts(self):
        """Return the amounts that are offered to be paid, the usual one first.

        Core knows early-payment discounts and instalments.

        :return: Amount and label of each, without repetitions.
        :rtype: list[tuple[float, str]]
        """
        self.ensure_one()
        balance = self.portal_balance_due
        if balance != self.amount_residual:
            return [(balance, self.env._("Balance due"))]
        values = self._get_invoice_next_payment_values()
        state = values.get("installment_state")
        amounts = {}
        if state == "epd":
            amounts[values["amount_due"]] = values["epd_discount_msg"]
        amounts.setdefault(balance, self.env._("Balance due"))
        if state in ("next", "overdue"):
            label = {
                "next": self.env._("Next instalment"),
                "overdue": self.env._("Overdue instalments"),
            }[state]
            amounts.setdefault(values["next_amount_to_pay"], label)
        return list(amounts.items())

    def _get_portal_minimum(self):
        """Return the least that may be paid in part.

        :return: The amount in the invoice's currency.
        :rtype: float
        """
        self.ensure_one()
        company = self.company_id
        minimum = company.currency_id._convert(
            company.portal_minimum_part_payment,
            self.currency_id,
            company,
            self.invoice_date or self.date,
        )
        return max(minimum, self.currency_id.rounding)

    def _parse_portal_amount(self, entered):
        """Return an amount as the customer wrote it, in the customer's language.

        :param entered: Text, or a number from a script.
        :rtype: float
        :raise ValidationError: If it is not a number, or too exact for the currency.
        """
        self.ensure_one()
        text = str(entered)
        if isinstance(entered, str):
            text = self._normalize_portal_amount(text)
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) > 10**12:
            raise ValidationError(
                self.env._("Please enter the amount as a number, without a symbol.")
            )
        digits = self.currency_id.decimal_places
        if number != round(number, digits):
            raise ValidationError(
                self.env._(
                    "%(currency)s has %(digits)s decimals at most.",
                    currency=self.currency_id.name,
                    digits=digits,
                )
            )
        return float(number)

    def _normalize_portal_amount(self, text):
        """Return an amount as written in the customer's language, as Python writes it.

        A separator of thousands counts as one only where thousands are separated:
        "12,50" is no 1250, whatever the language.

        :param str text: What the customer wrote.
        :rtype: str
        """
        text = re.sub(r"\s", "", text)
        # In sudo mode because languages are closed to the public.
        lang = self.env["res.lang"].sudo()._get_data(code=self.env.lang or "en_US")
        separator, point = (lang.thousands_sep or "").strip(), lang.decimal_point or "."
        # Groups of two, too, as India's; the last one is always of three.
        grouped = rf"\d{{1,3}}(?:{re.escape(separator)}\d{{2,3}})*"
        grouped += rf"{re.escape(separator)}\d{{3}}"
        pattern = rf"([+-]?(?:\d+|{grouped}))(?:{re.escape(point)}(\d*))?"
        found = re.fullmatch(pattern, text)
        if not found:
            return ""
        whole, fraction = found.groups()
        return f"{whole.replace(separator, '')}.{fraction or '0'}"

    def _check_portal_amount(self, entered):
        """Return the amount to be paid, if that much may be paid now.

        :param entered: What the customer asks to pay; nothing is the usual amount.
        :return: The amount in the invoice's currency.
        :rtype: float
        :raise ValidationError: If it may not be paid; in words for the customer.
        """
        self.ensure_one()
        currency = self.currency_id
        offered = [amount for amount, _label in self._get_portal_amounts()]
        if entered is None or entered is False or entered == "":
            return offered[0]  # Not a zero, which is no amount.
        amount = self._parse_portal_amount(entered)
        for one in offered:
            if currency.compare_amounts(amount, one) == 0:
                return one
        balance = self.portal_balance_due
        if amount <= 0:
            message = self.env._("Please enter an amount above zero.")
        elif currency.compare_amounts(amount, balance) > 0:
            message = self.env._(
                "That is more than the balance due, %(balance)s.",
                balance=currency.format(balance),
            )
        elif not self.company_id.portal_allow_part_payment:
            message = self.env._(
                "This invoice cannot be paid in part: please pay %(amount)s.",
                amount=currency.format(offered[0]),
            )
        elif currency.compare_amounts(amount, self._get_portal_minimum()) < 0:
            message = self.env._(
                "Please pay %(minimum)s at least.",
                minimum=currency.format(self._get_portal_minimum()),
            )
        else:
            return amount
        raise ValidationError(message)

    def _get_portal_authorization(self, amount):
        """Return what the customer authorizes by paying from a bank account.

        What it has to say: Nacha Operating Rules, "WEB" entries, and Stripe's
        https://docs.stripe.com/payments/ach-direct-debit, mandates.

        :param str amount: The amount, formatted.
        :rtype: str
        """
        self.ensure_one()
        company = self.company_id
        return self.env._(
            "By clicking Pay, I authorize %(company)s to debit the bank account given "
            "above, electronically and once, for %(amount)s, as payment of invoice "
            "%(invoice)s, on or after %(date)s. If the account is wrong, %(company)s "
            "may correct it by a debit or a credit. I can revoke this authorization "
            "until the debit has been sent to my bank, by writing to %(contact)s. I "
            "confirm that I may use this account and that this debit complies with "
            "the laws of the United States.",
            company=company.name,
            amount=amount,
            invoice=self.name,
            date=format_date(self.env, company._get_portal_day()),
            contact=self._get_portal_contact().email or company.email or company.name,
        )

    def _get_portal_authorization_html(self, amount):
        """Return the authorization for the screen, which follows the amount.

        :param float amount: The amount that is shown at first.
        :rtype: Markup
        """
        self.ensure_one()
        currency = self.currency_id
        figure = f"{amount:.{currency.decimal_places}f} {currency.name}"
        element = Markup('<b id="echeck_amount" data-currency="%s">%s</b>')
        return self._get_portal_authorization(element % (currency.name, figure))

    # === BUSINESS METHODS - WHETHER IT CAN BE PAID NOW === #

    def _has_portal_payment_in_progress(self):
        """Return whether money is on its way that is not booked yet.

        :rtype: bool
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on transactions.
        return any(
            tx.state in ("pending", "authorized")
            or (tx.state == "done" and not tx.is_post_processed)
            for tx in self.sudo().transaction_ids
            if tx.provider_code not in const.OFFLINE_PROVIDERS
        )

    def _is_payable_on_portal(self):
        """Return whether a customer may start a payment now.

        :rtype: bool
        """
        self.ensure_one()
        providers = self.env["payment.provider"]
        return (
            self._has_to_be_paid()
            and providers._is_portal_payment_offered(self.company_id.id)
            and not self._has_portal_payment_in_progress()
            and not self.currency_id.is_zero(self.portal_balance_due)
        )

    def _check_payable_on_portal(self):
        """Check that a customer may start a payment now.

        :raise ValidationError: If not; in words for the customer.
        """
        self.ensure_one()
        if not self._is_payable_on_portal():
            raise self._get_not_payable_error()

    def _get_not_payable_error(self):
        """Return what to raise when nothing can be paid now.

        :rtype: PortalPaymentValidationError
        """
        return PortalPaymentValidationError(
            "not_payable",
            self.env._(
                "There is nothing to pay on this invoice, or a payment of it is "
                "in progress. Please reload the page."
            ),
        )

    def _is_portal_link_printed(self):
        """Override: where nothing can be paid, the PDF says nothing of paying."""
        return super()._is_portal_link_printed() and self._is_payable_on_portal()

    # === BUSINESS METHODS - THE ATTEMPT UNDER WAY === #

    def _find_portal_attempts_sudo(self):
        """Return the attempts that may still take money for these invoices.

        :return: The attempts, in sudo mode: they are written by Odoo only.
        :rtype: account.move.portal.attempt
        """
        lines_sudo = self.env["account.move.portal.attempt.line"].sudo()
        if not self.ids:
            return lines_sudo.attempt_id
        return lines_sudo.search(
            [("move_id", "in", self.ids), ("is_open", "=", True)]
        ).attempt_id

    def _review_portal_attempts(self):
        """Release the payments under way for which these invoices leave no reason."""
        attempts_sudo = self._find_portal_attempts_sudo()
        if not all(attempts_sudo.mapped("is_still_due")):
            self._release_portal_attempts()

    def _release_portal_attempts(self):
        """Have the payments under way of these invoices given up, if need be.

        Stripe is not asked in the transaction of whoever has changed the invoice, who
        neither waits for it nor fails with it: the schedule is woken right after it.
        """
        waiting_sudo = self._find_portal_attempts_sudo().filtered(
            lambda attempt: attempt.state != "done" and not attempt.release_requested_on
        )
        if waiting_sudo:
            waiting_sudo.release_requested_on = fields.Datetime.now()
            # In sudo mode because schedules are closed to accountants.
            self.env.ref(const.CATCH_UP_CRON).sudo()._trigger()

    def _check_payable_on_core_page(self, amount):
        """Check that these invoices can be paid now on core's own pages.

        What is no customer invoice, such as a receipt, is core's to check.

        :param float amount: What is to be paid of them all, in their currency, as it
            came from the browser.
        :raise ValidationError: If less is due, or a payment is in progress.
        """
        try:
            amount = float(amount)
        except (TypeError, ValueError) as error:
            raise self._get_not_payable_error() from error
        invoices = self.filtered(lambda move: move.move_type == "out_invoice")
        if any(move._has_portal_payment_in_progress() for move in invoices):
            raise self._get_not_payable_error()
        due = sum(invoices.mapped("portal_balance_due"))
        if (
            invoices == self
            and (
                not 0 < amount < 10**12  # Neither infinite nor "not a number".
                or self[:1].currency_id.compare_amounts(amount, due) > 0
            )
        ):
            raise self._get_not_payable_error()

    def _get_portal_shares(self, amount):
        """Return how an amount is divided among these invoices, the first due first.

        :param float amount: In their currency.
        :return: Each invoice with its share.
        :rtype: list[tuple[account.move, float]]
        """
        shares, left = [], amount
        for move in self.sorted(
            lambda move: (move.invoice_date_due or move.date, move.id)
        ):
            share = min(move.portal_balance_due, left) if len(self) > 1 else left
            shares.append((move, share))
            left -= share
        return shares

    def _lock_for_portal_payment(self):
        """Lock these invoices until the end of the transaction, waiting for others."""
        for move in self.sorted("id"):  # All lock them in the same order.
            sql.lock(self.env.cr, self._table, move.id)
