import re
from collections import defaultdict, namedtuple
from math import inf

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ... import const
from ...tools.amounts import to_decimal

#: How many invoices a page of the account lists.
PAGE_SIZE = 50
#: What the account can be sorted by.
SORTINGS = {
    "due": lambda item: item.due,
    "date": lambda item: item.move.invoice_date or item.due,
    "number": lambda item: item.move.name,
    "total": lambda item: item.move.amount_total,
    "balance": lambda item: item.balance,
}
#: States of a transaction in which money is on its way.
ON_ITS_WAY = ("pending", "authorized")
#: An invoice's id, what is to be paid of it, and what the customer's credit covers, in
#: the currency's smallest unit. As bounded as ids and amounts are in the database.
_SHARE = re.compile(r"(\d{1,10})-(\d{1,14})(?:-(\d{1,14}))?")
#: How many invoices one payment can pay: their ids have to fit into an address.
MAX_CHOSEN = 500
#: An open invoice as the account lists it: its `balance`, the `amount` with which it is
#: paid, which a discount may make less than that, and, as `hold`, what is agreed on it
#: with staff: that it is disputed, or promised.
Item = namedtuple(
    "Item", ("move", "due", "days_overdue", "balance", "amount", "state", "hold")
)
#: A credit note or a payment that is not matched yet; below zero, a refund or another
#: debt that is no invoice.
Credit = namedtuple("Credit", ("name", "date", "amount", "move"))
#: The last day overdue of each age: not due yet, 1 to 30 days, and so on.
AGES = (0, 30, 60, 90, inf)
#: What the statement says of one currency; `ageing` is the amount by the last day.
StatementPart = namedtuple(
    "StatementPart",
    (
        *("currency", "items", "credits", "ageing"),
        *("balance", "overdue", "credit", "total"),
    ),
)


class AccountMovePortalLink(models.Model):
    """What the link to a customer's account opens, and what can be ticked there."""

    _inherit = "account.move.portal.link"

    # === BUSINESS METHODS - WHAT THE ACCOUNT HAS === #

    def _get_account_domain(self):
        """Return which documents the link opens: of one customer and one company.

        :rtype: Domain
        """
        self.ensure_one()
        return (
            Domain("commercial_partner_id", "=", self.account_partner_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "posted")
        )

    def _get_account_document(self, move_id):
        """Return an invoice or a credit note of the account.

        :param int move_id: The id found in the URL: anything at all.
        :return: The document, in sudo mode; empty if the account has no such one.
        :rtype: account.move
        """
        # In sudo mode because the token authorizes whoever has it.
        return (
            self.env["account.move"]
            .sudo()
            .search(
                self._get_account_domain()
                & Domain("id", "=", move_id)
                & Domain("move_type", "in", ("out_invoice", "out_refund"))
            )
        )

    def _get_account_invoices(self):
        """Return the open invoices of the account, what was due first first.

        :return: The invoices, in sudo mode.
        :rtype: account.move
        """
        # In sudo mode because the token authorizes whoever has it.
        moves_sudo = self.env["account.move"].sudo()
        # Read at once, as all are summed up.
        moves_sudo = moves_sudo.search_fetch(
            moves_sudo._get_portal_open_domain(self.account_partner_id)
            & Domain("company_id", "=", self.company_id.id),
            [*self._get_screen_move_fields(), "payment_reference"],
            order="invoice_date_due, id",
        )
        return moves_sudo.filtered(lambda move: move._get_portal_balance_due() > 0)

    def _get_account_items(self, moves):
        """Return how the account lists open invoices.

        :param account.move moves: The invoices.
        :rtype: list[Item]
        """
        today = self.company_id._get_portal_day()
        on_its_way = self._get_account_moves_on_their_way(moves)
        holds = self._get_account_holds(moves)
        items = []
        for move in moves:
            due = move._get_portal_due_date() or move.invoice_date
            days = max((today - due).days, 0)
            balance = move._get_portal_balance_due()
            if move in on_its_way:
                state = "processing"
            elif days:
                state = "overdue"
            else:
                is_part = move.currency_id.compare_amounts(balance, move.amount_total)
                state = "partly_paid" if is_part < 0 else "open"
            amount = move._get_portal_usual_amount()
            hold = holds.get(move.id)
            items.append(Item(move, due, days, balance, amount, state, hold))
        return items

    def _get_account_holds(self, moves):
        """Return what is agreed with the customer on invoices.

        :param account.move moves: The invoices.
        :return: The hold, in sudo mode, by the invoice's id; what else holds reminders
            is the company's own business.
        :rtype: dict[int, account.move.portal.hold]
        """
        # In sudo mode because the token authorizes whoever has it.
        holds_sudo = self.env["account.move.portal.hold"].sudo()
        found_sudo = holds_sudo._search_in_force(
            [
                ("move_id", "in", moves.ids),
                ("reason", "in", ["disputed", "promised"]),
            ]
        )
        # What is disputed is disputed, whatever else was promised.
        return {
            hold_sudo.move_id.id: hold_sudo
            for hold_sudo in found_sudo.sorted(lambda hold: hold.reason == "disputed")
        }

    @api.model
    def _is_for_all(self, item):
        """Return whether an invoice is paid with all others unless it is ticked alone.

        :param Item item: The invoice.
        :rtype: bool
        """
        is_disputed = item.hold and item.hold.reason == "disputed"
        return item.state != "processing" and not is_disputed

    def _get_account_moves_on_their_way(self, moves):
        """Return which invoices cannot be paid, as a payment of them is on its way.

        :param account.move moves: The invoices.
        :rtype: account.move
        """
        return moves.filtered(lambda move: move._has_portal_payment_in_progress())

    def _get_account_credits(self, currency):
        """Return what is open in the account beside its invoices.

        :param res.currency currency: Of which currency.
        :rtype: list[Credit]
        """
        # In sudo mode because the token authorizes whoever has it.
        lines_sudo = self.env["account.move.line"].sudo()
        found_sudo = lines_sudo.search_fetch(
            self._get_other_items_domain() & Domain("currency_id", "=", currency.id),
            ["amount_residual_currency", "date", "move_id", "payment_id"],
            order="date, id",
        )
        open_amounts = defaultdict(float)
        for line in found_sudo:
            open_amounts[line.move_id] -= line.amount_residual_currency
        return [
            Credit(self._get_credit_name(move), move.date, currency.round(amount), move)
            for move, amount in open_amounts.items()
        ]

    @api.model
    def _get_credit_name(self, move):
        """Return what the customer knows a credit or a refund by.

        :param account.move move: Its journal entry.
        :rtype: str
        """
        payment = move.origin_payment_id
        if payment.payment_type == "outbound":
            return self.env._("Refund")
        if attempt := payment.payment_transaction_id.portal_attempt_id:
            return attempt._get_method_name()
        if move.move_type == "out_refund":
            return move.name
        return payment.memo or move.ref or move.name

    def _get_open_items_domain(self):
        """Return which journal items are open in the account.

        :rtype: Domain
        """
        return (
            Domain("partner_id.commercial_partner_id", "=", self.account_partner_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("parent_state", "=", "posted")
            & Domain("account_type", "=", "asset_receivable")
            & Domain("reconciled", "=", False)
        )

    def _get_credit_domain(self):
        """Return which journal items are credit of the account: matched with nothing.

        :rtype: Domain
        """
        return self._get_open_items_domain() & Domain(
            "amount_residual_currency", "<", 0
        )

    def _get_other_items_domain(self):
        """Return which journal items are open beside what is due of invoices.

        What was refunded and is not matched yet is no credit any more.

        :rtype: Domain
        """
        return self._get_credit_domain() | (
            self._get_open_items_domain()
            & Domain("amount_residual_currency", ">", 0)
            & Domain("move_id.move_type", "!=", "out_invoice")
        )

    def _get_account_payments(self):
        """Return the last payments made on the portal, the latest first.

        :return: The payments, in sudo mode: customers have no rights on them.
        :rtype: account.move.portal.attempt
        """
        attempts_sudo = self.env["account.move.portal.attempt"].sudo()
        return attempts_sudo.search(
            [
                ("company_id", "=", self.company_id.id),
                (
                    "line_ids.move_id.commercial_partner_id",
                    "=",
                    self.account_partner_id.id,
                ),
                ("state", "in", ("done", *ON_ITS_WAY)),
            ],
            limit=5,
        )

    # === BUSINESS METHODS - THE WAY FROM AN INVOICE === #

    def _get_other_open_count(self):
        """Return of how many other open invoices the invoice's page tells.

        :return: None are told where the visitor may not see the account.
        :rtype: int
        """
        self.ensure_one()
        if not self._leads_to_account():
            return 0
        # In sudo mode because the token authorizes whoever has it.
        moves_sudo = self.env["account.move"].sudo()
        return moves_sudo.search_count(
            moves_sudo._get_portal_open_domain(self.move_id.commercial_partner_id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("id", "!=", self.move_id.id)
        )

    def _leads_to_account(self):
        """Return whether the link to an invoice leads on to its customer's account.

        Only that of a contact of the customer, at the contact's own address, to whom it
        was emailed or who signed in: never one that was printed or handed over. And not
        where staff have closed the account to that address.

        :rtype: bool
        """
        return self.company_id.portal_shows_account and self._is_of_account_contact()

    def _is_of_account_contact(self):
        """Return whether the link to an invoice is one of those who may see all.

        See `_leads_to_account`.

        :rtype: bool
        """
        move, recipient = self.move_id, self.partner_id
        if not (
            self.audience == "customer"
            and self.role in ("to", "cc", "login")
            and recipient
            and recipient.commercial_partner_id == move.commercial_partner_id
            and self.email in recipient._get_portal_emails()
        ):
            return False
        return not self.search_count(
            [
                ("account_partner_id", "=", move.commercial_partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("email", "=", self.email),
                ("revocation_reason", "in", ["staff", "bounced"]),
            ],
            limit=1,
        )

    # === BUSINESS METHODS - THE PAGE === #

    def _get_account_page(self, query):
        """Return what a page of the account shows.

        :param dict query: What the address asks for: anything at all under `currency`,
            `show`, `sort`, `search` and `page`.
        :return: The items of the page, and what of all is summed up.
        :rtype: dict
        """
        self.ensure_one()
        moves = self._get_account_invoices()
        currencies = self._sort_currencies(moves.currency_id)
        currency = currencies.filtered(lambda one: one.name == query.get("currency"))
        currency = currency or currencies[:1] or self.company_id.currency_id
        items = self._get_account_items(
            moves.filtered(lambda move: move.currency_id == currency)
        )
        overdue = [item for item in items if item.days_overdue]
        shown = self._sort_account_items(
            self._filter_account_items(items, query), query
        )
        page, pages = self._get_account_page_number(query, len(shown))
        credit_items = self._get_account_credits(currency)
        listed = shown[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        days = {day for item in listed for day in (item.due, item.move.invoice_date)}
        return {
            "currency": currency,
            "currencies": currencies,
            "items": listed,
            # Many have the same: each is written once.
            "dates": {day: format_date(self.env, day) for day in days},
            "item_count": len(items),
            "shown_count": len(shown),
            "page": page,
            "pages": pages,
            "balance": self._sum_up(items, currency, "balance"),
            "overdue": self._sum_up(overdue, currency, "balance"),
            "overdue_count": len(overdue),
            "credits": credit_items,
            "credit": currency.round(sum(credit.amount for credit in credit_items)),
            "payments": self._get_account_payments(),
            "payable": self._get_payable_sums(items),
            "usable_credit": self._get_usable_credit(*(item.move for item in items))
            if credit_items
            else 0.0,
        }

    def _get_payable_sums(self, items):
        """Return how many of some items can be paid now, and what they come to.

        :param list[Item] items: The items, of one currency.
        :return: By `all` and `overdue`: the number of invoices and their amount.
        :rtype: dict[str, tuple[int, float]]
        """
        payable = [item for item in items if self._is_for_all(item)]
        kinds = {
            "all": payable,
            "overdue": [one for one in payable if one.days_overdue],
        }
        currency = items[0].move.currency_id if items else self.company_id.currency_id
        return {
            kind: (len(found), self._sum_up(found, currency, "amount"))
            for kind, found in kinds.items()
        }

    @api.model
    def _sum_up(self, items, currency, what):
        """Return what items come to.

        :param list[Item] items: The items.
        :param res.currency currency: Their currency.
        :param str what: `balance` or `amount`, see `Item`.
        :rtype: float
        """
        return currency.round(sum(getattr(item, what) for item in items))

    def _filter_account_items(self, items, query):
        """Return those items that an address asks for.

        :param list[Item] items: The items.
        :param dict query: As of `_get_account_page`.
        :rtype: list[Item]
        """
        if query.get("show") == "overdue":
            items = [item for item in items if item.days_overdue]
        term = str(query.get("search") or "").strip().casefold()
        return [
            item
            for item in items
            if term in (item.move.name or "").casefold()
            or term in (item.move.payment_reference or "").casefold()
        ]

    def _sort_account_items(self, items, query):
        """Return items as an address asks for them: due first if it does not.

        :param list[Item] items: The items.
        :param dict query: As of `_get_account_page`.
        :rtype: list[Item]
        """
        sort = str(query.get("sort") or "")
        name = sort.removeprefix("-")
        if name not in SORTINGS:
            name, sort = "due", "due"
        return sorted(
            items,
            key=lambda item: (SORTINGS[name](item), item.move.id),
            reverse=sort.startswith("-"),
        )

    def _get_account_page_number(self, query, count):
        """Return which page an address asks for, and how many there are.

        :param dict query: As of `_get_account_page`.
        :param int count: How many items there are.
        :rtype: tuple[int, int]
        """
        pages = max(-(-count // PAGE_SIZE), 1)
        asked = str(query.get("page") or "")
        is_number = asked.isascii() and asked.isdigit() and len(asked) < 6
        return min(max(int(asked) if is_number else 1, 1), pages), pages

    # === BUSINESS METHODS - WHAT IS TICKED === #

    def _choose_from_account(self, what, ticked, entered, currency):
        """Return what a customer asks to pay, checked.

        :param str what: `all`, `overdue`, `ticked`, or `spread` for an amount that pays
            the oldest first.
        :param list[int] ticked: The ids of the ticked invoices.
        :param dict entered: The parts as entered, by the invoice's id; the amount to be
            spread, under `spread`; and whether to use credit, under `use_credit`.
        :param res.currency currency: The currency of all.
        :return: The amount by invoice, in sudo mode, and what credit covers beside it.
        :rtype: tuple[dict, dict]
        :raise ValidationError: If this cannot be paid; in words for the customer.
        """
        self.ensure_one()
        moves = self._get_account_invoices().filtered(
            lambda move: move.currency_id == currency
        )
        items = [
            item
            for item in self._get_account_items(moves)
            if item.state != "processing"
        ]
        if what == "spread":
            shares = self._spread_over_account(items, entered.get("spread"))
        else:
            shares = {
                item.move: self._read_part(item, entered)
                if what == "ticked"
                else item.amount
                for item in items
                if (what == "all" and self._is_for_all(item))
                or (what == "overdue" and item.days_overdue and self._is_for_all(item))
                or (what == "ticked" and item.move.id in ticked)
            }
        credit_shares = {}
        if entered.get("use_credit") and what != "spread":
            credit_shares = self._use_account_credit(shares)
            for move, credit in credit_shares.items():
                shares[move] = currency.round(shares[move] - credit)
        self._check_account_shares(shares, credit_shares)
        return shares, credit_shares

    @api.model
    def _read_part(self, item, entered):
        """Return what a customer asks to pay of a ticked invoice.

        :param Item item: The invoice.
        :param dict entered: As of `_choose_from_account`.
        :rtype: float
        :raise ValidationError: If it is no amount.
        """
        text = str(entered.get(item.move.id) or "").strip()
        return item.move._parse_portal_amount(text) if text else item.amount

    def _spread_over_account(self, items, entered):
        """Return how an amount pays invoices, the first due first.

        :param list[Item] items: The invoices that can be paid.
        :param str entered: The amount as entered.
        :return: The amount by invoice.
        :rtype: dict
        :raise ValidationError: If it is no amount, or more than is due.
        """
        if not items:
            return {}
        currency = items[0].move.currency_id
        left = items[0].move._parse_portal_amount(entered or "")
        balance = self._sum_up(items, currency, "balance")
        if currency.compare_amounts(left, balance) > 0:
            raise ValidationError(
                self.env._(
                    "That is more than the balance due, %(balance)s.",
                    balance=currency.format(balance),
                )
            )
        shares = {}
        for item in sorted(items, key=lambda one: (one.due, one.move.id)):
            if currency.compare_amounts(left, 0.0) <= 0:
                break
            shares[item.move] = min(left, item.balance)
            left = currency.round(left - shares[item.move])
        return shares

    def _use_account_credit(self, shares):
        """Return how much of what was chosen the customer's credit covers.

        The first due first, and only what is paid in full without a discount: what is
        paid in part is to be what was entered, and a discount is for what is paid.

        :param dict shares: The amount by invoice.
        :return: The credit by invoice.
        :rtype: dict
        """
        currency = self.env["account.move"].concat(*shares).currency_id
        left, credit_shares = self._get_usable_credit(*shares), {}
        for move in sorted(shares, key=lambda one: (one.invoice_date_due, one.id)):
            share = shares[move]
            if currency.compare_amounts(share, move.portal_balance_due) == 0:
                used = currency.round(min(left, share))
                if currency.compare_amounts(used, 0.0) > 0:
                    credit_shares[move] = used
                    left = currency.round(left - used)
        return credit_shares

    def _get_usable_credit(self, *moves):
        """Return how much credit can be matched with some invoices.

        :param list[account.move] moves: The invoices, of one currency.
        :return: In their currency; less what payments under way are to use.
        :rtype: float
        """
        moves = self.env["account.move"].concat(*moves)
        currency, account = moves.currency_id, moves._get_portal_receivable_account()
        if len(currency) != 1 or len(account) != 1:
            return 0.0
        # In sudo mode because customers have no rights on what is theirs.
        env_sudo = self.sudo().env
        [[credit]] = env_sudo["account.move.line"]._read_group(
            self._get_other_items_domain()
            & Domain("currency_id", "=", currency.id)
            & Domain("account_id", "=", account.id),
            aggregates=["amount_residual_currency:sum"],
        )
        [[reserved]] = env_sudo["account.move.portal.attempt.line"]._read_group(
            [
                ("is_open", "=", True),
                ("credit_amount", ">", 0),
                ("currency_id", "=", currency.id),
                ("company_id", "=", self.company_id.id),
                (
                    "move_id.commercial_partner_id",
                    "=",
                    self.account_partner_id.id,
                ),
                ("move_id", "not in", moves.ids),
            ],
            aggregates=["credit_amount:sum"],
        )
        return currency.round(max(-(credit or 0.0) - (reserved or 0.0), 0.0))

    def _check_account_shares(self, shares, credit_shares=None):
        """Check that what was chosen of the account can be paid now, at once.

        :param dict shares: The amount by invoice.
        :param dict|None credit_shares: What credit covers beside it, by invoice.
        :raise ValidationError: If not; in words for the customer.
        """
        self.ensure_one()
        credit_shares = credit_shares or {}
        if not shares:
            raise ValidationError(self.env._("Select what you want to pay."))
        if len(shares) > MAX_CHOSEN:
            raise ValidationError(
                self.env._(
                    "You can pay up to %(count)s invoices at a time.", count=MAX_CHOSEN
                )
            )
        moves = self.env["account.move"].concat(*shares)
        limits = moves[:1]._get_portal_limits(self._get_payer(self.env.user))
        self._check_account_credit(credit_shares)
        for move, share in shares.items():
            if credit := credit_shares.get(move):
                message = self._explain_credit_refusal(move, share, credit)
            else:
                message = self._explain_share_refusal(move, share, limits)
            if message:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s: %(problem)s", invoice=move.name, problem=message
                    )
                )
        if len(moves._get_portal_receivable_account()) > 1:
            raise ValidationError(
                self.env._(
                    "These invoices cannot be paid together. Please pay them one at a "
                    "time."
                )
            )
        self._check_account_total(shares, limits, bool(credit_shares))

    def _check_account_total(self, shares, limits, is_with_credit):
        """Check that some way to pay takes what was chosen, all together.

        :param dict shares: The amount by invoice.
        :param list[provider_limits.Limits] limits: What the ways to pay take.
        :param bool is_with_credit: Whether credit covers some of it.
        :raise ValidationError: If not; in words for the customer.
        """
        moves = self.env["account.move"].concat(*shares)
        total = moves[:1]._get_portal_exact(
            moves.currency_id.round(sum(shares.values()))
        )
        if is_with_credit and not total:
            raise ValidationError(
                self.env._(
                    "Your credit covers everything you selected, so there is nothing"
                    " left to pay online. Please ask %(company)s to apply it to these"
                    " invoices.",
                    company=self.company_id.name,
                )
            )
        if not any(one.takes(total) for one in limits):
            raise ValidationError(moves[:1]._explain_portal_limits(total, limits))

    def _check_account_credit(self, credit_shares):
        """Check that there is as much credit as is to be used.

        :param dict credit_shares: What credit covers, by invoice.
        :raise ValidationError: If not; in words for the customer.
        """
        if not credit_shares:
            return
        wanted = sum(credit_shares.values())
        usable = self._get_usable_credit(*credit_shares)
        if next(iter(credit_shares)).currency_id.compare_amounts(wanted, usable) > 0:
            raise ValidationError(self.env._("Less of your credit is available now."))

    def _explain_credit_refusal(self, move, share, credit):
        """Return why an invoice cannot be settled by credit and a share now.

        :param account.move move: The invoice.
        :param float share: What is to be paid of it.
        :param float credit: What credit covers.
        :return: In words for the customer; empty if it can be.
        :rtype: str
        """
        if not move._has_to_be_paid() or move._has_portal_payment_in_progress():
            return self.env._("There is nothing to pay, or a payment is in progress.")
        settled = move.currency_id.round(share + credit)
        if move.currency_id.compare_amounts(settled, move.portal_balance_due) != 0:
            return self.env._("The balance due has changed.")
        return ""

    def _explain_share_refusal(self, move, share, limits):
        """Return why an invoice cannot be paid by a share now.

        :param account.move move: The invoice.
        :param float share: What is to be paid of it.
        :param list[provider_limits.Limits] limits: What the ways to pay take.
        :return: In words for the customer; empty if it can be paid.
        :rtype: str
        """
        currency, balance = move.currency_id, move.portal_balance_due
        if not move._has_to_be_paid() or move._has_portal_payment_in_progress():
            return self.env._("There is nothing to pay, or a payment is in progress.")
        if currency.compare_amounts(share, 0.0) <= 0:
            return self.env._("Enter an amount greater than zero.")
        if currency.compare_amounts(share, balance) > 0:
            return self.env._(
                "That is more than the balance due, %(balance)s.",
                balance=currency.format(balance),
            )
        offered = [offer.amount for offer in move._get_portal_usual_offers()]
        if any(currency.compare_amounts(share, one) == 0 for one in offered):
            return ""
        if not self.company_id.portal_allow_part_payment:
            return self.env._(
                "This invoice cannot be paid in part: please pay %(amount)s.",
                amount=currency.format(offered[0]),
            )
        if currency.compare_amounts(share, move._get_portal_minimum()) < 0:
            return self.env._(
                "The minimum payment is %(minimum)s.",
                minimum=currency.format(move._get_portal_minimum()),
            )
        rest = move._get_portal_exact(balance) - move._get_portal_exact(share)
        if ended := move._explain_portal_ended_discount(share):
            return ended
        if limits and not any(one.leaves(rest) for one in limits):
            return self.env._(
                "That would leave %(rest)s, which is too small to pay later.",
                rest=currency.format(float(rest)),
            )
        return ""

    # === BUSINESS METHODS - WHAT WAS TICKED, IN AN ADDRESS === #

    @api.model
    def _format_choice(self, shares, credit_shares=None):
        """Return what was chosen as it stands in the screen's address.

        :param dict shares: The amount by invoice.
        :param dict|None credit_shares: What credit covers beside it, by invoice.
        :rtype: str
        """
        credit_shares = credit_shares or {}

        def to_units(move, amount):
            return round(amount * 10**move.currency_id.decimal_places)

        return ".".join(
            f"{move.id}-{to_units(move, amount)}"
            + (
                f"-{to_units(move, credit_shares[move])}"
                if move in credit_shares
                else ""
            )
            for move, amount in shares.items()
        )

    def _parse_choice(self, text):
        """Return what was chosen, as an address says it.

        Of the account only: other invoices are none. Whether it can be paid still is
        not looked at.

        :param str text: What stands in the address: anything at all.
        :return: The amount by invoice, in sudo mode, and what credit covers beside it;
            empty if it says nothing.
        :rtype: tuple[dict, dict]
        """
        self.ensure_one()
        found = [_SHARE.fullmatch(part) for part in str(text or "").split(".")]
        if not all(found) or len(found) > MAX_CHOSEN:
            return {}, {}
        units = {int(match[1]): int(match[2]) for match in found}
        credit_units = {int(match[1]): int(match[3]) for match in found if match[3]}
        # In sudo mode because the token authorizes whoever has it.
        moves_sudo = (
            self.env["account.move"]
            .sudo()
            .search(
                self._get_account_domain()
                & Domain("move_type", "=", "out_invoice")
                & Domain("id", "in", [one for one in units if one < 2**31]),
                order="invoice_date_due, id",
            )
        )
        if len(moves_sudo) != len(units) or len(moves_sudo.currency_id) > 1:
            return {}, {}
        currency = moves_sudo.currency_id
        return tuple(
            {
                move: currency.round(of_all[move.id] / 10**currency.decimal_places)
                for move in moves_sudo
                if move.id in of_all
            }
            for of_all in (units, credit_units)
        )

    # === ACTION METHODS === #

    def action_send_again(self):
        """Override to open the window that emails the account."""
        if not self.account_partner_id:
            return super().action_send_again()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account_payment_portal.action_email_account_statement"
        )
        customer = self.account_partner_id
        action["context"] = {
            "active_model": customer._name,
            "active_id": customer.id,
            "active_ids": customer.ids,
        }
        return action

    def action_copy(self):
        """Override: the link to an account is not handed over by other means.

        :raise UserError: As it is not known who would get it.
        """
        if not self.account_partner_id:
            return super().action_copy()
        raise UserError(
            self.env._(
                "The link to a customer's account is only emailed to the customer's own"
                " contacts."
            )
        )

    def get_url_to_copy(self):
        """Override: the link to an account is not handed over by other means.

        :raise UserError: As it is not known who would get it.
        """
        return (
            self.action_copy() if self.account_partner_id else super().get_url_to_copy()
        )

    # === BUSINESS METHODS - THE STATEMENT === #

    def _get_statement(self):
        """Return what the account's statement says, currency by currency.

        :return: That of the company's own currency first; nothing for a currency in
            which nothing is open.
        :rtype: list[StatementPart]
        """
        self.ensure_one()
        moves = self._get_account_invoices()
        currencies = moves.currency_id | self._get_credit_currencies()
        return [
            self._get_statement_part(
                currency,
                self._get_account_items(
                    moves.filtered(lambda move, one=currency: move.currency_id == one)
                ),
            )
            for currency in self._sort_currencies(currencies)
        ]

    def _is_account_payable(self):
        """Return whether something of the account can be paid online.

        :rtype: bool
        """
        moves = self._get_account_invoices()
        moves -= self._get_account_moves_on_their_way(moves)
        # What one of a currency says, the others do.
        return any(
            of_one[0]._is_payable_on_portal()
            for of_one in moves.grouped("currency_id").values()
        )

    def _get_statement_part(self, currency, items):
        """Return what a statement says of one currency.

        :param res.currency currency: The currency.
        :param list[Item] items: The open invoices in it.
        :rtype: StatementPart
        """
        credit_items = self._get_account_credits(currency)
        ageing = dict.fromkeys(AGES, 0.0)
        for item in items:
            age = next(age for age in AGES if item.days_overdue <= age)
            ageing[age] += item.balance
        balance = self._sum_up(items, currency, "balance")
        credit = currency.round(sum(one.amount for one in credit_items))
        return StatementPart(
            currency,
            items,
            credit_items,
            {age: currency.round(amount) for age, amount in ageing.items()},
            balance,
            self._sum_up(
                [one for one in items if one.days_overdue], currency, "balance"
            ),
            credit,
            currency.round(balance - credit),
        )

    def _get_credit_currencies(self):
        """Return in which currencies something is open beside invoices.

        :rtype: res.currency
        """
        # In sudo mode because the token authorizes whoever has it.
        lines_sudo = self.env["account.move.line"].sudo()
        groups = lines_sudo._read_group(self._get_other_items_domain(), ["currency_id"])
        return self.env["res.currency"].concat(*(currency for (currency,) in groups))

    def _sort_currencies(self, currencies):
        """Return currencies in the order in which they are shown.

        :param res.currency currencies: The currencies.
        :rtype: res.currency
        """
        return currencies.sorted(
            lambda currency: (currency != self.company_id.currency_id, currency.name)
        )

    @api.model
    def _make_statement_pdf(self, customer, company, lang):
        """Make the statement of a customer's account as a file.

        :param res.partner customer: The commercial entity.
        :param res.company company: Whose invoices the account has.
        :param str lang: The code of the reader's language.
        :return: The name of the file, without its ending, and its content.
        :rtype: tuple[str, bytes]
        """
        # In sudo mode as for an invoice's own documents: the callers have checked whose
        # account it is.
        report = (
            self.env["ir.actions.report"]
            .sudo()
            .with_company(company)
            .with_context(lang=lang, force_report_rendering=True)
        )
        content, _type = report._render_qweb_pdf(
            const.STATEMENT_REPORT,
            customer.ids,
            data={"company_id": company.id, "lang": lang},
        )
        account = self.new(
            {"account_partner_id": customer.id, "company_id": company.id}
        )
        return account.with_context(lang=lang)._get_statement_name(), content

    def _get_statement_name(self):
        """Return what a file with the statement is called, without its ending.

        :rtype: str
        """
        self.ensure_one()
        return self.env._(
            "Statement %(company)s %(date)s",
            company=self.company_id.name,
            date=self.company_id._get_portal_day(),
        )

    def _get_statement_rows(self):
        """Return the open items as a table, for the payer's bookkeeping.

        :return: The titles, then a row for each item: credits are negative.
        :rtype: list[list]
        """
        self.ensure_one()
        moves = self._get_account_invoices()
        rows = [
            [
                self.env._("Document"),
                self.env._("Reference"),
                self.env._("Date"),
                self.env._("Due date"),
                self.env._("Currency"),
                self.env._("Total"),
                self.env._("Balance due"),
                self.env._("Days overdue"),
            ]
        ]
        for item in self._get_account_items(moves):
            move = item.move
            rows.append(
                [
                    move.name,
                    move.ref or move.payment_reference or "",
                    move.invoice_date,
                    item.due,
                    move.currency_id.name,
                    self._format_exact(move.amount_total, move.currency_id),
                    self._format_exact(item.balance, move.currency_id),
                    item.days_overdue,
                ]
            )
        for currency in moves.currency_id | self._get_credit_currencies():
            for credit in self._get_account_credits(currency):
                amount = self._format_exact(-credit.amount, currency)
                rows.append(
                    [credit.name, "", credit.date, "", currency.name, amount, amount, 0]
                )
        return rows

    @api.model
    def _format_exact(self, amount, currency):
        """Return an amount as programs read it.

        :param float amount: The amount.
        :param res.currency currency: Its currency.
        :rtype: decimal.Decimal
        """
        return to_decimal(amount, currency.decimal_places)
