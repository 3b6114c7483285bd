import re
from decimal import Decimal, InvalidOperation

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

#: Providers that settle nothing by themselves: a promise to pay keeps nobody out.
PROMISES = ("none", "custom")


class AccountMovePortalPayment(models.AbstractModel):
    """May an invoice be paid on the portal, how much of it, and by whom now?"""

    _name = "account.move.portal.payment"
    _inherit = ["account.move.portal.attempt"]
    _description = "Payment of an Invoice on the Portal"

    portal_billing_differences = fields.Html(
        string="Entered differently", compute="_compute_portal_billing_differences"
    )

    def _compute_portal_billing_differences(self):
        for move in self:
            # In sudo mode because billers have no rights on transactions.
            tx_sudo = move.sudo()._get_portal_billing_transaction()
            move.portal_billing_differences = tx_sudo.portal_billing_differences

    def action_take_over_portal_billing(self):
        """Write into the contact what was entered with the last payment.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        # In sudo mode to find the payment only; the contact is written as oneself.
        tx_sudo = self.sudo()._get_portal_billing_transaction()
        tx_sudo.action_take_over_portal_billing()

    # === BUSINESS METHODS - WHAT IS TO BE PAID === #

    def _is_eligible_for_early_payment_discount(self, currency, reference_date):
        """Override of `account` to keep a discount that was promised.

        The customer pays when the payment is started; a bank takes days to settle it.
        """
        started_on = self.env.context.get("portal_payment_started_on")
        return super()._is_eligible_for_early_payment_discount(
            currency, started_on or reference_date
        )

    def _get_portal_amounts(self):
        """Return the amounts that are offered to be paid, the usual one first.

        Core knows early-payment discounts and instalments.

        Note: `self.ensure_one()`

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

        Note: `self.ensure_one()`

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

        Note: `self.ensure_one()`

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

        Note: `self.ensure_one()`

        :param entered: What the customer asks to pay; nothing is the usual amount.
        :return: The amount in the invoice's currency.
        :rtype: float
        :raise ValidationError: If it may not be paid; in words for the customer.
        """
        self.ensure_one()
        currency = self.currency_id
        offered = [amount for amount, _label in self._get_portal_amounts()]
        if entered in (None, False, ""):
            return offered[0]
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

        Note: `self.ensure_one()`

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
            date=format_date(self.env, fields.Date.context_today(self)),
            contact=self._get_portal_contact().email or company.email or company.name,
        )

    def _get_portal_authorization_html(self, amount):
        """Return the authorization for the screen, which follows the amount.

        Note: `self.ensure_one()`

        :param float amount: The amount that is shown at first.
        :rtype: Markup
        """
        self.ensure_one()
        currency = self.currency_id
        figure = f"{amount:.{currency.decimal_places}f} {currency.name}"
        element = Markup('<b id="echeck_amount" data-currency="%s">%s</b>')
        return self._get_portal_authorization(element % (currency.name, figure))

    # === BUSINESS METHODS - WHETHER IT MAY BE PAID NOW === #

    def _has_portal_payment_in_progress(self):
        """Return whether money is on its way that is not booked yet.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on transactions.
        return any(
            tx.state in ("pending", "authorized")
            or (tx.state == "done" and not tx.is_post_processed)
            for tx in self.sudo().transaction_ids
            if tx.provider_code not in PROMISES
        )

    def _get_portal_taken_back_payments(self):
        """Return the payments that the customer's bank took back, oldest first.

        Note: `self.ensure_one()`

        :return: The payments, in sudo mode.
        :rtype: payment.transaction
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on transactions.
        txs_sudo = self.sudo().transaction_ids
        return txs_sudo.filtered("portal_is_taken_back").sorted("id")

    def _is_payable_on_portal(self):
        """Return whether a customer may start a payment now.

        Note: `self.ensure_one()`

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

        Note: `self.ensure_one()`

        :raise ValidationError: If not; in words for the customer.
        """
        self.ensure_one()
        if not self._is_payable_on_portal():
            raise ValidationError(
                self.env._(
                    "There is nothing to pay on this invoice, or a payment of it is "
                    "in progress. Please reload the page."
                )
            )

    def _get_portal_billing_transaction(self):
        """Return the last payment whose billing information differs from the contact's.

        Note: `self.ensure_one()`

        :rtype: payment.transaction
        """
        self.ensure_one()
        paid = self.transaction_ids.filtered(
            lambda tx: tx.portal_billing and tx.state not in ("draft", "cancel")
        ).sorted("id", reverse=True)[:1]
        return paid.filtered(lambda tx: tx._get_portal_differences())
