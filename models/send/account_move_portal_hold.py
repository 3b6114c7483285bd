import re
from itertools import groupby
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

#: The parts of an invoice number, as they stand in a bank's text with any separator.
NUMBER_PARTS = re.compile(r"[A-Z]+|[0-9]+")


class HoldReason(NamedTuple):
    """Why an invoice is not reminded of.

    :param str code: The kind of reason, to be told apart by code.
    :param str text: The reason in the user's language, for a sentence about the
        invoice.
    """

    code: str
    text: str


class AccountMovePortalHold(models.Model):
    """What staff said to keep reminders from an invoice, or from a whole customer.

    A hold ends by itself after its day, or when staff release it. It is kept then: it
    tells why a customer was not reminded.
    """

    _name = "account.move.portal.hold"
    _description = "Invoice Portal Hold"
    _order = "id desc"
    _rec_name = "reason"
    _check_company_auto = True

    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        check_company=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        help="All open invoices of this customer are on hold.",
        index="btree_not_null",
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    reason = fields.Selection(
        selection=[
            ("promised", "Promised"),
            ("disputed", "Disputed"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    until = fields.Date(
        string="Until", help="The last day on hold. Empty: until it is released."
    )
    amount = fields.Monetary(help="What was promised or is disputed, if not all.")
    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_currency_id"
    )
    note = fields.Char()
    released_on = fields.Datetime(readonly=True, copy=False)
    released_by_id = fields.Many2one(
        comodel_name="res.users", string="Released by", readonly=True, copy=False
    )

    _invoice_or_customer = models.Constraint(
        "CHECK ((move_id IS NULL) <> (partner_id IS NULL))",
        "A hold is on either one invoice or one customer.",
    )
    _amount_not_negative = models.Constraint(
        "CHECK (amount >= 0)", "The amount of a hold cannot be negative."
    )
    _unreleased = models.Index("(company_id) WHERE released_on IS NULL")

    # === COMPUTE METHODS === #

    @api.depends("move_id.currency_id", "company_id.currency_id")
    def _compute_currency_id(self):
        for hold in self:
            hold.currency_id = hold.move_id.currency_id or hold.company_id.currency_id

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to have the company of the invoice, and whole customers."""
        for values in vals_list:
            if move_id := values.get("move_id"):
                move = self.env["account.move"].browse(move_id)
                values["company_id"] = move.company_id.id
            if partner_id := values.get("partner_id"):
                # Invoices go to any of a customer's addresses.
                partner = self.env["res.partner"].browse(partner_id)
                values["partner_id"] = partner.commercial_partner_id.id
        return super().create(vals_list)

    # === ACTION METHODS === #

    def action_release(self):
        """End these holds now, as far as they have not been released."""
        self.check_access("write")
        self.filtered(lambda hold: not hold.released_on).write(
            {
                "released_on": fields.Datetime.now(),
                "released_by_id": self.env.uid,
            }
        )

    # === BUSINESS METHODS === #

    @api.model
    def _find_in_force(self, moves):
        """Return the holds that keep reminders from some invoices today.

        :param account.move moves: The invoices.
        :return: The holds, those of one invoice before those of its customer.
        :rtype: account.move.portal.hold
        """
        domain = Domain("released_on", "=", False) & (
            Domain("move_id", "in", moves.ids)
            | Domain("partner_id", "in", moves.commercial_partner_id.ids)
        )
        domain &= Domain("company_id", "in", moves.company_id.ids)
        days = {company: company._get_portal_day() for company in moves.company_id}
        return (
            self.search(domain)
            .filtered(
                lambda hold: not hold.until or hold.until >= days[hold.company_id]
            )
            .sorted(lambda hold: not hold.move_id)
        )

    def _get_text(self):
        """Return in words why, and how long, reminders are on hold.

        :rtype: str
        """
        self.ensure_one()
        reasons = {
            "promised": self.env._("the customer promised to pay"),
            "disputed": self.env._("the customer disputes it"),
            "other": self.note or self.env._("it was put on hold"),
        }
        if not self.until:
            return reasons[self.reason]
        return self.env._(
            "%(reason)s (on hold until %(date)s)",
            reason=reasons[self.reason],
            date=format_date(self.env, self.until),
        )

    # === BUSINESS METHODS - WHY AN INVOICE IS NOT REMINDED OF === #

    @api.model
    def _get_reasons(self, moves):
        """Return why some invoices are not to be reminded of, all at once.

        :param account.move moves: The invoices.
        :return: The reasons by the invoice's id, the first being the one to tell;
            none for an invoice that nothing keeps from being reminded of.
        :rtype: dict[int, list[HoldReason]]
        """
        reasons = {move_id: [] for move_id in moves.ids}
        # In sudo mode because payments, bank lines and orders decide, whoever asks:
        # what is told of them is no more than that they are there.
        for held, code, text in self.sudo()._find_reasons(moves.sudo()):
            for move_id in held.ids:
                reasons[move_id].append(HoldReason(code, text))
        return reasons

    @api.model
    def _find_reasons(self, moves):
        """Return what keeps reminders from some invoices. To be extended.

        An override adds reasons of its own. It must not query invoice by invoice.

        :param account.move moves: The invoices, in sudo mode.
        :return: Invoices that are held, the code and the text of the reason; the most
            telling reasons first.
        :rtype: list[tuple[account.move, str, str]]
        """
        return [
            *self._find_closed(moves),
            *self._find_on_hold(moves),
            *self._find_money_on_its_way(moves),
            *self._find_disputed(moves),
            *self._find_possibly_paid(moves),
            *self._find_being_credited(moves),
            *self._find_bounced(moves),
        ]

    @api.model
    def _find_closed(self, moves):
        """Return invoices of which nothing is due, or that core blocks."""
        posted = moves.filtered(lambda move: move.state == "posted")
        # Before *paid*: core puts it in the place of the state of the payment.
        blocked = posted.filtered(
            lambda move: move.payment_state == "blocked" or move.no_followup
        )
        paid = posted.filtered(
            lambda move: (
                move.payment_state in ("paid", "reversed")
                or move.currency_id.compare_amounts(move.amount_residual, 0) <= 0
            )
        )
        return [
            (moves - posted, "not_open", self.env._("it is not a posted invoice")),
            (paid, "paid", self.env._("it is paid")),
            (blocked - paid, "blocked", self.env._("follow-up is switched off for it")),
        ]

    @api.model
    def _find_on_hold(self, moves):
        """Return invoices that staff put on hold, or whose customer they did."""
        found = []
        for hold in self._find_in_force(moves):
            held = hold.move_id or moves.filtered(
                lambda move, hold=hold: (
                    move.commercial_partner_id == hold.partner_id
                    and move.company_id == hold.company_id
                )
            )
            found.append((held & moves, hold.reason, hold._get_text()))
        return found

    @api.model
    def _find_money_on_its_way(self, moves):
        """Return invoices for which a payment is in progress."""
        lines = self.env["account.move.portal.attempt.line"].search(
            [("move_id", "in", moves.ids), ("is_open", "=", True)]
        )
        payments = self.env["account.payment"].search(
            [("invoice_ids", "in", moves.ids), ("state", "=", "in_process")]
        )
        in_payment = moves.filtered(lambda move: move.payment_state == "in_payment")
        held = moves & (lines.move_id | payments.invoice_ids | in_payment)
        return [(held, "on_its_way", self.env._("a payment is on its way"))]

    @api.model
    def _find_disputed(self, moves):
        """Return invoices of which a payment is disputed at the bank."""
        disputes = self.env["account.move.portal.dispute"].search(
            [
                ("attempt_id.line_ids.move_id", "in", moves.ids),
                ("state", "in", ["inquiry", "open"]),
            ]
        )
        held = moves & disputes.attempt_id.line_ids.move_id
        return [(held, "disputed", self.env._("a payment is disputed"))]

    @api.model
    def _find_possibly_paid(self, moves):
        """Return invoices that money in the bank, not yet matched, may have paid.

        That is money of the customer, or money whose text names the invoice, or money
        of nobody known with the invoice's very balance.
        """
        lines = self.env["account.bank.statement.line"].search_fetch(
            [
                ("company_id", "in", moves.company_id.ids),
                ("is_reconciled", "=", False),
                ("amount", ">", 0),
            ],
            [
                *("company_id", "partner_id", "payment_ref", "currency_id", "amount"),
                *("foreign_currency_id", "amount_currency"),
            ],
        )
        partners, amounts, texts = set(), set(), set()
        longest = max((len(_split_number(move.name)) for move in moves), default=0)
        for line in lines:
            company = line.company_id
            if line.partner_id:
                partners.add((company, line.partner_id.commercial_partner_id))
            else:
                amounts.add((company, line.currency_id, line.amount))
                foreign = line.foreign_currency_id
                amounts.add((company, foreign, line.amount_currency))
            parts = _split_number(line.payment_ref)
            texts.update(
                (company, parts[start : start + size])
                for size in range(2, longest + 1)
                for start in range(len(parts) - size + 1)
            )
        held = moves.filtered(
            lambda move: (
                (move.company_id, move.commercial_partner_id) in partners
                or (move.company_id, _split_number(move.name)) in texts
                or (
                    *(move.company_id, move.currency_id),
                    move.currency_id.round(move.amount_residual),
                )
                in amounts
            )
        )
        text = self.env._("it may be paid: a bank transaction is not matched yet")
        return [(held, "possibly_paid", text)]

    @api.model
    def _find_being_credited(self, moves):
        """Return invoices for which a credit note is in draft."""
        credit_notes = self.env["account.move"].search(
            [("reversed_entry_id", "in", moves.ids), ("state", "=", "draft")]
        )
        held = moves & credit_notes.reversed_entry_id
        return [(held, "credit_note", self.env._("a credit note is in draft"))]

    @api.model
    def _find_bounced(self, moves):
        """Return invoices of whose recipients none is left that mail did not fail."""
        links = self.env["account.move.portal.link"].search_fetch(
            [("move_id", "in", moves.ids), ("audience", "=", "customer")],
            ["move_id", "revoked_on", "revocation_reason"],
            order="move_id",
        )
        bounced = moves.browse()
        for move, of_move in groupby(links, lambda link: link.move_id):
            states = {
                (bool(each.revoked_on), each.revocation_reason) for each in of_move
            }
            if (True, "bounced") in states and all(closed for closed, __ in states):
                bounced |= move
        return [(moves & bounced, "bounced", self.env._("the email bounced"))]


def _split_number(text):
    """Return the parts of an invoice number, or of a text in which it may stand.

    :param str|bool text: The number or text.
    :return: Runs of letters and of digits, in upper case.
    :rtype: tuple[str, ...]
    """
    return tuple(NUMBER_PARTS.findall((text or "").upper()))
