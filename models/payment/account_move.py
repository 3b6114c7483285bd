from collections import namedtuple
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ... import const
from ...tools import amounts, sql
from .errors import PortalPaymentValidationError

#: The form's buttons that leave no reason for a payment under way.
ENDING_BUTTONS = (
    *("action_reverse", "button_cancel", "button_draft"),
    "button_request_cancel",
)
#: What may leave a payment under way without its reason, or make the invoice another.
REVIEWED_FIELDS = (
    *("state", "partner_id", "currency_id", "company_id", "journal_id", "move_type"),
    # Payments without an entry, which core's wizard matches from this side.
    "matched_payment_ids",
)
#: An amount that a customer is offered to pay: of the kind `discount`, `balance`,
#: `next` or `overdue` (installments) or `most` (what can be paid at a time); in the
#: invoice's currency; until when, or since when it is due, if there is such a day.
Offer = namedtuple("Offer", ("kind", "amount", "label", "date"))


class AccountMove(models.Model):
    """What is to be paid on an invoice, whether it can be paid now, and by whom."""

    _inherit = "account.move"

    portal_balance_due = fields.Monetary(
        string="Balance Due",
        help="The amount left to pay, taking into account payments that are not "
        "booked yet.",
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
            move.portal_balance_due = move._get_portal_balance_due()

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
        if not vals.keys().isdisjoint(REVIEWED_FIELDS):
            self._review_portal_attempts()
        return result

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Override of `base` so that buttons ask first while money is under way.

        Here and not in a view, so that it holds for whatever other add-ons make of
        these buttons. Only the buttons ask: nothing else is kept from anybody.
        """
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            for button in arch.iterfind(".//button[@type='object']"):
                if button.get("name") in ENDING_BUTTONS and not button.get("confirm"):
                    self._ask_before_portal_button(button)
        return arch, view

    @api.model
    def _ask_before_portal_button(self, button):
        """Have a button make way for one that asks, while a payment is under way.

        :param lxml.etree._Element button: The button.
        """
        hidden = button.get("invisible") or "False"
        asking = deepcopy(button)
        asking.tail = None
        asking.set(
            "confirm",
            self.env._(
                "A customer is paying this invoice online right now. If you continue, "
                "that payment is cancelled if it still can be. Otherwise it will "
                "appear in the list of payments that need you."
            ),
        )
        asking.set("invisible", f"({hidden}) or not portal_payment_is_under_way")
        button.set("invisible", f"({hidden}) or portal_payment_is_under_way")
        button.addnext(asking)

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

    def _get_portal_balance_due(self):
        """Return what is left to pay: the value of the field.

        Of hundreds of invoices it takes a fraction of the field's time, as Odoo looks
        the currency up anew for each amount that it puts into its cache.

        :return: In the invoice's currency.
        :rtype: float
        """
        self.ensure_one()
        # In sudo mode because not all who see an invoice have rights on payments.
        move_sudo = self.sudo()
        payments_sudo = move_sudo._get_portal_payments_without_entry()
        if not payments_sudo:
            return max(self.amount_residual, 0.0)
        given = dict.fromkeys(("in_process", "paid"), 0.0)
        for payment_sudo in payments_sudo:
            given[payment_sudo.state] += move_sudo._get_portal_share(payment_sudo)
        # Those that a bank statement has shown are part of what was reconciled.
        booked = self.amount_total - self.amount_residual
        missing = given["in_process"] + max(given["paid"] - booked, 0.0)
        return self.currency_id.round(max(self.amount_residual - missing, 0.0))

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
        :return: The amount in the invoice's currency; negative for refunds.
        :rtype: float
        """
        self.ensure_one()
        rate = (payment.company_id, payment.date)
        if payment.payment_type == "outbound":
            return -payment.currency_id._convert(
                payment.amount, self.currency_id, *rate
            )
        if self._is_portal_discount_payment(payment):
            return self.amount_residual
        share = self._get_portal_attempt_share(payment)
        if share is not None:
            return min(share, self.amount_residual)
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

    def _is_portal_discount_payment(self, payment):
        """Return whether a payment without an entry has paid a discounted invoice.

        Whoever matches it with the bank statement grants the discount.

        :param account.payment payment: The payment.
        :rtype: bool
        """
        self.ensure_one()
        term_line = self.line_ids.filtered("discount_date")[:1]
        discounted = abs(term_line.discount_amount_currency)
        share = self._get_portal_attempt_share(payment)
        if not term_line or (share is None and len(payment.invoice_ids) != 1):
            return False
        paid = payment.amount if share is None else share
        tx = payment.payment_transaction_id
        paid_on = (
            self.company_id._get_portal_day(tx.create_date) if tx else payment.date
        )
        return self._is_eligible_for_early_payment_discount(
            payment.currency_id, paid_on
        ) and (self.currency_id.compare_amounts(paid, discounted) == 0)

    def _get_portal_attempt_share(self, payment):
        """Return which part of a payment was meant for this invoice.

        :param account.payment payment: The payment.
        :return: The amount in the invoice's currency; nothing if it was not made on the
            portal, or for this invoice alone.
        :rtype: float | None
        """
        self.ensure_one()
        attempt = payment.payment_transaction_id.portal_attempt_id
        lines = attempt.line_ids
        if attempt.origin != "portal" or len(lines) < 2:
            return None
        return sum(lines.filtered(lambda line: line.move_id == self).mapped("amount"))

    def _get_portal_payments(self):
        """Return what has been paid on the invoice so far, oldest first.

        :return: The date, amount, currency and name of each payment or credit, and
            which of both it is.
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
        payments_sudo = self.env["account.payment"].sudo()
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
                        else self._get_portal_payment_name(
                            payments_sudo.browse(entry["account_payment_id"] or [])
                        ),
                        "is_credit": entry["is_refund"],
                    }
                    for entry in content
                    if not entry["is_exchange"]
                ),
                *(
                    {
                        "date": payment.date,
                        "amount": self._get_portal_share(payment),
                        "currency": self.currency_id,
                        "name": self._get_portal_payment_name(payment),
                        "is_credit": False,
                    }
                    for payment in without_entry.sorted("id")
                    # Nothing is left of what was refunded.
                    if not self.currency_id.is_zero(self._get_portal_share(payment))
                ),
            ],
            key=lambda payment: payment["date"],
        )

    def _get_portal_payment_name(self, payment):
        """Return how was paid, in words for customers: not the name of a journal's way.

        :param account.payment payment: The payment; possibly empty.
        :rtype: str
        """
        attempt = payment.payment_transaction_id.portal_attempt_id
        return attempt._get_method_name() if attempt else self.env._("Payment")

    def _get_portal_reversed_payments(self):
        """Return the payments that the customer's bank took back, oldest first.

        :return: The payments, in sudo mode.
        :rtype: account.move.portal.attempt
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on payments. By the
        # transactions, which the page has read: most invoices have none.
        attempts_sudo = self.sudo().transaction_ids.portal_attempt_id
        return attempts_sudo.filtered(
            lambda attempt: attempt.is_reversed and attempt._pays(self)
        ).sorted("id")

    def _get_portal_billing_attempt_sudo(self):
        """Return the last payment whose billing information differs from the contact's.

        :return: The payment, in sudo mode: it may be of a contact that one cannot see.
        :rtype: account.move.portal.attempt
        """
        self.ensure_one()
        move_sudo = self.sudo()
        paid_sudo = move_sudo.portal_attempt_line_ids.attempt_id.filtered(
            lambda attempt: (
                attempt.billing
                and attempt.state not in ("draft", "cancel")
                and attempt._pays(move_sudo)
            )
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
        # What is on its way though nothing is due is told of first. By transactions,
        # which the page has read; in sudo mode because customers see no attempts.
        if any(
            attempt_sudo.is_open and attempt_sudo.state in ("pending", "authorized")
            for attempt_sudo in self.sudo().transaction_ids.portal_attempt_id
        ):
            return "processing"
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
        due_date = self._get_portal_due_date()
        # Nowhere is it later than fourteen hours after UTC: most invoices need no zone.
        if not due_date or due_date > fields.Date.today() + timedelta(days=1):
            return 0
        return max(0, (self.company_id._get_portal_day() - due_date).days)

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
        """Return the entry lines of the discount with which an amount pays the invoice.

        As core does for a payment of a single invoice. The context says on which day
        the payment was started.

        :param float amount: What is paid, in the invoice's currency.
        :return: Values of journal items; none if no discount is granted.
        :rtype: list[dict]
        """
        self.ensure_one()
        if self.state != "posted":
            return []
        values = self._get_invoice_next_payment_values()
        if (
            values.get("installment_state") != "epd"
            or self.currency_id.compare_amounts(amount, values["amount_due"]) != 0
        ):
            return []
        term_line = values["epd_line"]
        lines_by_kind = self._get_invoice_counterpart_amls_for_early_payment_discount(
            [
                {
                    "aml": term_line,
                    "amount_currency": -term_line.amount_residual_currency,
                    "balance": -term_line.balance,
                }
            ],
            values["epd_discount_amount"],
        )
        return [
            {**line, "partner_id": self.partner_id.id}
            for lines in lines_by_kind.values()
            for line in lines
        ]

    def _get_invoice_counterpart_amls_for_early_payment_discount(
        self, aml_values_list, open_balance
    ):
        """Override of `account` so that a payment passes on all of a discount's lines.

        Core's own payments take the first line of each kind (`_create_payment` of
        `account_payment`), which leaves the others open; *Register Payment* takes all.
        So each line is handed over as a kind of its own.
        """
        lines_by_kind = (
            super()._get_invoice_counterpart_amls_for_early_payment_discount(
                aml_values_list, open_balance
            )
        )
        if const.CONTEXT_STARTED_ON not in self.env.context:
            return lines_by_kind
        return {
            (kind, index): [line]
            for kind, lines in lines_by_kind.items()
            for index, line in enumerate(lines)
        }

    def _get_portal_next_payment(self):
        """Return what core knows of the next payment, on the company's day.

        :return: See `_get_invoice_next_payment_values`; nothing if there are neither
            installments nor a discount.
        :rtype: dict
        """
        self.ensure_one()
        if not self.invoice_payment_term_id:
            return {}
        zone = self.company_id._get_portal_timezone()
        return self.with_context(tz=zone)._get_invoice_next_payment_values()

    def _get_portal_usual_offers(self):
        """Return what is offered to be paid, whatever the ways to pay take.

        Core knows early-payment discounts and installments.

        :return: The usual one first, without repetitions.
        :rtype: list[Offer]
        """
        self.ensure_one()
        balance = Offer(
            "balance", self.portal_balance_due, self.env._("Balance due"), False
        )
        if self.currency_id.compare_amounts(balance.amount, self.amount_residual) != 0:
            return [balance]
        values = self._get_portal_next_payment()
        state = values.get("installment_state")
        if state == "epd":
            return [self._get_portal_discount_offer(values), balance]
        if state not in ("next", "overdue"):
            return [balance]
        amount, day = values["next_amount_to_pay"], values["next_due_date"]
        if self.currency_id.compare_amounts(amount, balance.amount) == 0:
            return [balance]
        date = format_date(self.env, day)
        if state == "next":
            label = self.env._("Next installment, due %(date)s", date=date)
        else:
            label = self.env._("Overdue installments, due since %(date)s", date=date)
        return [balance, Offer(state, amount, label, day)]

    def _get_portal_usual_amount(self):
        """Return the amount that is offered first, whatever the ways to pay take.

        :return: In the invoice's currency.
        :rtype: float
        """
        self.ensure_one()
        if not self.invoice_payment_term_id:
            return self._get_portal_balance_due()  # Most of many: without words.
        return self._get_portal_usual_offers()[0].amount

    def _get_portal_discount_offer(self, values):
        """Return the discounted amount that is offered.

        :param dict values: What core knows of the next payment.
        :rtype: Offer
        """
        self.ensure_one()
        day = fields.Date.to_date(values["discount_date"])
        label = self.env._(
            "Discount of %(discount)s if paid by %(date)s",
            discount=self.currency_id.format(values["epd_discount_amount_currency"]),
            date=format_date(self.env, day),
        )
        return Offer("discount", values["amount_due"], label, day)

    def _get_portal_offers(self, payer=None):
        """Return the amounts that are offered to be paid, the usual one first.

        Of what is usual, what one of the ways to pay takes. Where the balance is too
        much at a time, as much as can be paid, if parts may be.

        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :return: The offers; none if nothing can be paid.
        :rtype: list[Offer]
        """
        self.ensure_one()
        limits = self._get_portal_limits(payer)
        offers = []
        for offer in self._get_portal_usual_offers():
            if self._is_portal_offer_payable(offer, limits):
                offers.append(offer)
            elif offer.kind == "balance" and (most := self._get_portal_most(limits)):
                label = self.env._("The most that can be paid at a time")
                offers.append(Offer("most", most, label, False))
        return offers

    def _is_portal_offer_payable(self, offer, limits):
        """Return whether one of the ways to pay takes an offer, and later the rest.

        :param Offer offer: The offer.
        :param list[provider_limits.Limits] limits: What the ways to pay take.
        :rtype: bool
        """
        self.ensure_one()
        if offer.kind in ("balance", "discount"):  # Nothing is left.
            amount = self._get_portal_exact(offer.amount)
            return any(one.takes(amount) for one in limits)
        return not self._explain_portal_part_refusal(offer.amount, limits)

    def _get_portal_amounts(self, payer=None):
        """Return the amounts that are offered to be paid, the usual one first.

        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :return: Amount and label of each, without repetitions.
        :rtype: list[tuple[float, str]]
        """
        return [(offer.amount, offer.label) for offer in self._get_portal_offers(payer)]

    def _get_portal_terms(self):
        """Return what page, email and screen say of discounts and installments.

        :return: A sentence for each, with amount and day.
        :rtype: list[str]
        """
        self.ensure_one()
        if self.state != "posted":
            return []
        return [
            f"{self.currency_id.format(offer.amount)}: {offer.label}"
            for offer in self._get_portal_usual_offers()
            if offer.kind != "balance"
        ]

    # === BUSINESS METHODS - WHAT THE WAYS TO PAY TAKE === #

    def _get_portal_limits(self, payer=None):
        """Return what each of the customer's ways to pay takes at a time.

        The one answer to what is payable, of which page, email, PDF, screen and preview
        make use.

        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :return: The limits, in the invoice's currency; none if there is no way to pay.
        :rtype: list[provider_limits.Limits]
        """
        self.ensure_one()
        return self.env["payment.provider"]._get_portal_limits(
            self.company_id, payer or self.partner_id, self.currency_id
        )

    def _get_portal_payment_options(self, payer=None, amount=None):
        """Return the providers and methods with which an amount can be paid.

        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :param float|None amount: In the invoice's currency; the usual one if None.
        :return: Both in sudo mode.
        :rtype: tuple[payment.provider, payment.method]
        """
        self.ensure_one()
        payer = payer or self.partner_id
        if amount is None:
            offers = self._get_portal_offers(payer)
            amount = offers[0].amount if offers else self.portal_balance_due
        return self.env["payment.provider"]._find_portal_options(
            self.company_id, payer, self.currency_id, amount
        )

    def _get_portal_exact(self, amount):
        """Return an amount of the invoice as the exact number that it stands for.

        :param float amount: In the invoice's currency.
        :rtype: Decimal
        """
        self.ensure_one()
        return amounts.to_decimal(amount, self.currency_id.decimal_places)

    def _get_portal_most(self, limits):
        """Return the most that can be paid at a time, if parts may be paid.

        :param list[provider_limits.Limits] limits: What the ways to pay take.
        :return: In the invoice's currency; zero if nothing can be paid.
        :rtype: float
        """
        self.ensure_one()
        if not limits or not self.company_id.portal_allow_part_payment:
            return 0.0
        balance = self._get_portal_exact(self.portal_balance_due)
        most = float(max(one.get_most(balance) for one in limits))
        least = self._get_portal_minimum()
        return most if self.currency_id.compare_amounts(most, least) >= 0 else 0.0

    def _explain_portal_part_refusal(self, amount, limits):
        """Return why no way to pay takes a part of the balance, or not later the rest.

        :param float amount: Less than the balance.
        :param list[provider_limits.Limits] limits: What the ways to pay take.
        :return: In words for the customer; empty if it can be paid.
        :rtype: str
        """
        self.ensure_one()
        currency = self.currency_id
        exact = self._get_portal_exact(amount)
        rest = self._get_portal_exact(self.portal_balance_due) - exact
        if not any(one.takes(exact) for one in limits):
            return self._explain_portal_limits(exact, limits)
        if any(one.leaves(rest) for one in limits):
            return ""
        minimum = float(min(one.minimum for one in limits))
        return self.env._(
            "That would leave %(rest)s, which is too small to pay later. The minimum "
            "payment is %(minimum)s.",
            rest=currency.format(float(rest)),
            minimum=currency.format(minimum),
        )

    def _explain_portal_limits(self, amount, limits):
        """Return why no way to pay takes an amount.

        :param Decimal amount: The amount.
        :param list[provider_limits.Limits] limits: What the ways to pay take.
        :return: In words for the customer.
        :rtype: str
        """
        self.ensure_one()
        currency = self.currency_id
        if not limits:
            return self.env._("This invoice cannot be paid online.")
        least = min(one.minimum for one in limits)
        most = max(one.maximum for one in limits)
        if amount < least:
            return self.env._(
                "The minimum payment is %(minimum)s.",
                minimum=currency.format(float(least)),
            )
        if amount > most:
            return self.env._(
                "You can pay at most %(maximum)s at a time.",
                maximum=currency.format(float(most)),
            )
        return self.env._(
            "%(currency)s can only be paid in multiples of %(unit)s.",
            currency=currency.name,
            unit=currency.format(float(min(one.unit for one in limits))),
        )

    def _check_portal_provider(self, provider, amount):
        """Check that a provider takes an amount of this invoice.

        :param payment.provider provider: The chosen provider.
        :param float amount: In the invoice's currency.
        :raise ValidationError: If it does not; in words for the customer.
        """
        self.ensure_one()
        limits = provider._get_portal_provider_limits(self.company_id, self.currency_id)
        exact = self._get_portal_exact(amount)
        if not limits or not limits.takes(exact):
            raise ValidationError(
                self._explain_portal_limits(exact, [limits] if limits else [])
            )

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
            # In sudo mode because languages are closed to the public.
            lang = self.env["res.lang"].sudo()._get_data(code=self.env.lang or "en_US")
            text = amounts.normalize(
                text, lang.thousands_sep or "", lang.decimal_point or "."
            )
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) > 10**12:
            raise ValidationError(
                self.env._("Enter the amount as a number, without a symbol.")
            )
        digits = self.currency_id.decimal_places
        if number != round(number, digits):
            raise ValidationError(
                self.env._(
                    "%(currency)s amounts have at most %(digits)s decimals.",
                    currency=self.currency_id.name,
                    digits=digits,
                )
            )
        return float(number)

    def _check_portal_amount(self, entered, payer=None):
        """Return the amount to be paid, if that much may be paid now.

        :param entered: What the customer asks to pay; nothing is the usual amount.
        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :return: The amount in the invoice's currency.
        :rtype: float
        :raise ValidationError: If it may not be paid; in words for the customer.
        """
        self.ensure_one()
        currency = self.currency_id
        limits = self._get_portal_limits(payer)
        offered = [offer.amount for offer in self._get_portal_offers(payer)]
        if entered is None or entered == "":
            amount = offered[0] if offered else self.portal_balance_due
        else:
            amount = self._parse_portal_amount(entered)
        for one in offered:
            if currency.compare_amounts(amount, one) == 0:
                return one
        balance = self.portal_balance_due
        if amount <= 0:
            message = self.env._("Enter an amount greater than zero.")
        elif currency.compare_amounts(amount, balance) > 0:
            message = self.env._(
                "That is more than the balance due, %(balance)s.",
                balance=currency.format(balance),
            )
        elif currency.compare_amounts(amount, balance) == 0:
            message = self._explain_portal_limits(
                self._get_portal_exact(amount), limits
            )
        elif not offered:
            exact = self._get_portal_exact(balance)
            message = self._explain_portal_limits(exact, limits)
        elif not self.company_id.portal_allow_part_payment:
            message = self.env._(
                "This invoice cannot be paid in part: please pay %(amount)s.",
                amount=currency.format(offered[0]),
            )
        elif currency.compare_amounts(amount, self._get_portal_minimum()) < 0:
            message = self.env._(
                "The minimum payment is %(minimum)s.",
                minimum=currency.format(self._get_portal_minimum()),
            )
        else:
            message = self._explain_portal_ended_discount(
                amount
            ) or self._explain_portal_part_refusal(amount, limits)
        if message:
            raise ValidationError(message)
        return amount

    def _explain_portal_ended_discount(self, amount):
        """Return that an amount is what a discount came to that has ended.

        Whoever pays it has opened the screen while it was offered, and would be asked
        for the rest again.

        :param float amount: In the invoice's currency.
        :return: In words for the customer; empty if it is not.
        :rtype: str
        """
        self.ensure_one()
        term_line = self.line_ids.filtered("discount_date")[:1]
        discounted = abs(term_line.discount_amount_currency)
        if not term_line or self.currency_id.compare_amounts(amount, discounted) != 0:
            return ""
        return self.env._(
            "The discount ended on %(date)s. Please pay %(balance)s or another amount.",
            date=format_date(self.env, term_line.discount_date),
            balance=self.currency_id.format(self.portal_balance_due),
        )

    def _get_portal_authorization(self, amount):
        """Return what the customer authorizes by paying these from a bank account.

        What it has to say: Nacha Operating Rules, "WEB" entries, and Stripe's
        https://docs.stripe.com/payments/ach-direct-debit, mandates.

        :param str amount: The amount, formatted.
        :rtype: str
        """
        company = self.company_id
        if len(self) > 1:
            return self._get_portal_joint_authorization(amount)
        return self.env._(
            "By clicking Pay, I authorize %(company)s to electronically debit the bank "
            "account above, one time, for %(amount)s, as payment of invoice "
            "%(invoice)s, on or after %(date)s. If there is an error, %(company)s may "
            "credit or debit my account to correct it. I can revoke this authorization "
            "by writing to %(contact)s until the debit has been sent to my bank. I "
            "confirm that I am authorized to use this account and that this debit "
            "complies with U.S. law.",
            company=company.name,
            amount=amount,
            invoice=self.name,
            date=format_date(self.env, company._get_portal_day()),
            contact=self._get_portal_contact().email or company.email or company.name,
        )

    def _get_portal_joint_authorization(self, amount):
        """Return what is authorized by paying several invoices at once: each by name.

        :param str amount: The amount of all, formatted.
        :rtype: str
        """
        company, contact = self.company_id, self[:1]._get_portal_contact()
        return self.env._(
            "By clicking Pay, I authorize %(company)s to electronically debit the bank "
            "account above, one time, for %(amount)s, as payment of invoices "
            "%(invoices)s, on or after %(date)s. If there is an error, %(company)s may "
            "credit or debit my account to correct it. I can revoke this authorization "
            "by writing to %(contact)s until the debit has been sent to my bank. I "
            "confirm that I am authorized to use this account and that this debit "
            "complies with U.S. law.",
            company=company.name,
            amount=amount,
            invoices=", ".join(self.mapped("name")),
            date=format_date(self.env, company._get_portal_day()),
            contact=contact.email or company.email or company.name,
        )

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

    def _is_payable_on_portal(self, payer=None):
        """Return whether a customer may start a payment now.

        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :rtype: bool
        """
        self.ensure_one()
        return (
            self._has_to_be_paid()
            and not self._has_portal_payment_in_progress()
            and not self.currency_id.is_zero(self.portal_balance_due)
            and bool(self._get_portal_offers(payer))
        )

    def _get_portal_other_way_to_pay(self, payer=None):
        """Return how to pay what cannot be paid online.

        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :return: In words for the customer; empty if it can be paid online, or if there
            is nothing to pay now.
        :rtype: str
        """
        self.ensure_one()
        if (
            self.state != "posted"
            or self.currency_id.is_zero(self.portal_balance_due)
            or self._has_portal_payment_in_progress()
            or self._is_payable_on_portal(payer)
        ):
            return ""
        reference = self.payment_reference or self.name
        # In sudo mode because bank accounts are closed to customers.
        account = self.sudo().partner_bank_id.acc_number
        if account:
            return self.env._(
                "This invoice cannot be paid online. Please pay by bank transfer to "
                "%(account)s, with the reference %(reference)s.",
                account=account,
                reference=reference,
            )
        return self.env._(
            "This invoice cannot be paid online. Please contact us to pay it another "
            "way, and give the reference %(reference)s.",
            reference=reference,
        )

    def _get_portal_bank_attempt(self):
        """Return the payment by bank that is under way, to tell of it.

        :return: The attempt, in sudo mode; empty if there is none.
        :rtype: account.move.portal.attempt
        """
        self.ensure_one()
        attempts_sudo = self.env["account.move.portal.attempt"]._find_open(self)
        return attempts_sudo.filtered(
            lambda attempt: attempt.state == "pending" and attempt._is_bank_payment()
        )[:1]

    def _check_payable_on_portal(self, payer=None):
        """Check that a customer may start a payment now.

        :param res.partner|None payer: The customer who pays; the invoice's if None.
        :raise ValidationError: If not; in words for the customer.
        """
        self.ensure_one()
        if not self._is_payable_on_portal(payer):
            raise self._get_not_payable_error()

    def _get_not_payable_error(self):
        """Return what to raise when nothing can be paid now.

        :rtype: PortalPaymentValidationError
        """
        return PortalPaymentValidationError(
            "not_payable",
            self.env._(
                "There is nothing to pay on this invoice, or a payment for it is in "
                "progress. Please reload the page."
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
        # Of those, too, that have let go of the invoice: it may be given back.
        return lines_sudo.search(
            [("move_id", "in", self.ids), ("attempt_id.is_open", "=", True)], order="id"
        ).attempt_id

    def _review_portal_attempts(self):
        """Release the payments under way for which these invoices leave no reason."""
        attempts_sudo = self._find_portal_attempts_sudo()
        attempts_sudo._follow_invoices()
        if not all(attempts_sudo.mapped("is_still_due")):
            self._release_portal_attempts()

    def _release_portal_attempts(self):
        """Have the payments under way of these invoices given up, if need be."""
        self._find_portal_attempts_sudo()._request_release()

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

    def _get_portal_receivable_account(self):
        """Return the account on which these invoices are due.

        :return: Several, if they are kept in different ones.
        :rtype: account.account
        """
        return self.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).account_id

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
