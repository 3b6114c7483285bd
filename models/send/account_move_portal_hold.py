import re
from datetime import date
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from ...tools import sql

#: The parts of an invoice number, as they stand in a bank's text with any separator.
NUMBER_PARTS = re.compile(r"[A-Z]+|[0-9]+")
#: What users say of a hold; the rest is the system's to say.
USER_FIELDS = {
    *("move_id", "partner_id", "company_id", "reason", "until", "amount", "note"),
}


class HoldReason(NamedTuple):
    """Why an invoice is not reminded of.

    :param str code: The kind of reason, to be told apart by code.
    :param str text: The reason in the user's language, for a sentence about the
        invoice.
    :param datetime.date|None until: The last day on which it holds, if that is known.
    """

    code: str
    text: str
    until: date | None = None


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
    until = fields.Date(help="The last day on hold. If empty, until it is released.")
    amount = fields.Monetary(
        help="The amount promised or disputed, if not the whole balance."
    )
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
        "A hold applies to either one invoice or one customer.",
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
        """Override to have the company of the invoice, and whole customers.

        :raise AccessError: If a user says who released a hold, or when.
        """
        for values in vals_list:
            self._check_values(values)
            if not self.env.su:
                # Nor by a default of the context.
                values.update(released_on=False, released_by_id=False)
            if move_id := values.get("move_id"):
                move = self.env["account.move"].browse(move_id)
                values["company_id"] = move.company_id.id
            if partner_id := values.get("partner_id"):
                # Invoices go to any of a customer's addresses.
                partner = self.env["res.partner"].browse(partner_id)
                values["partner_id"] = partner.commercial_partner_id.id
        return super().create(vals_list)

    def write(self, vals):
        """Override to let users say nothing of who released a hold, and when.

        :raise AccessError: If a user tries to, or to move it.
        """
        self._check_values(vals, {"move_id", "partner_id", "company_id"})
        return super().write(vals)

    @api.model
    def _check_values(self, values, fixed=frozenset()):
        """Check that a user says only what is theirs to say.

        :param dict values: The values.
        :param set[str] fixed: Names of what cannot be changed any more.
        :raise AccessError: If they are not the user's to say.
        """
        if not self.env.su and set(values) - (USER_FIELDS - fixed):
            raise AccessError(
                self.env._(
                    "Use its button to release a hold. It cannot be moved to another "
                    "invoice or customer."
                )
            )

    # === ACTION METHODS === #

    def action_release(self):
        """End these holds now, as far as they have not been released."""
        self.check_access("write")
        # In sudo mode because nobody is to say themselves when and by whom.
        self.sudo().filtered(lambda hold: not hold.released_on).write(
            {
                "released_on": fields.Datetime.now(),
                "released_by_id": self.env.uid,
            }
        )

    # === BUSINESS METHODS === #

    @api.model
    def _open_window(self, moves=(), partners=()):
        """Open the window.

        :param account.move moves: The invoices to put on hold.
        :param res.partner partners: The customers to put on hold.
        :return: The action of the window.
        :rtype: dict
        """
        window = self.env["account.move.portal.hold.window"].create(
            {
                "move_ids": [Command.set(moves.ids if moves else [])],
                "partner_ids": [Command.set(partners.ids if partners else [])],
            }
        )
        return {
            "name": self.env._("Put Reminders on Hold"),
            "type": "ir.actions.act_window",
            "res_model": window._name,
            "res_id": window.id,
            "views": [(False, "form")],
            "target": "new",
        }

    @api.model
    def _search_in_force(self, domain):
        """Return holds that hold today.

        :param list domain: Which ones.
        :rtype: account.move.portal.hold
        """
        holds = self.search([*domain, ("released_on", "=", False)])
        days = {company: company._get_portal_day() for company in holds.company_id}
        return holds.filtered(
            lambda hold: not hold.until or hold.until >= days[hold.company_id]
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
        self.env.flush_all()
        reasons = {move_id: [] for move_id in moves.ids}
        # In sudo mode because payments, bank lines and orders decide, whoever asks:
        # what is told of them is no more than that they are there.
        for held, *reason in self.sudo()._find_reasons(moves.sudo()):
            reason = HoldReason(*reason)
            for move_id in held._ids:
                reasons[move_id].append(reason)
        return reasons

    @api.model
    def _find_reasons(self, moves):
        """Return what keeps reminders from some invoices. To be extended.

        An override adds reasons of its own. It must not query invoice by invoice, nor
        read them one by one: there can be tens of thousands. All is flushed.

        :param account.move moves: The invoices, in sudo mode.
        :return: Invoices that are held, the code and the text of the reason, and the
            last day if it is known; the most telling reasons first.
        :rtype: list[tuple]
        """
        return [
            *self._find_closed(moves),
            *self._find_on_hold(moves),
            *self._find_money_on_its_way(moves),
            *self._find_disputed(moves),
            *self._find_possibly_paid(moves),
            *self._find_being_credited(moves),
            *self._find_undelivered(moves),
            *self._find_bounced(moves),
        ]

    @api.model
    def _select(self, moves, query):
        """Return the invoices that a query finds.

        :param account.move moves: Any invoices.
        :param SQL query: A query of ids, each of one of the invoices.
        :rtype: account.move
        """
        return moves.browse(row[0] for row in self.env.execute_query(query))

    @api.model
    def _find_closed(self, moves):
        """Return invoices of which nothing is due, or that core blocks."""
        texts = {
            "not_open": self.env._("it is not a posted invoice"),
            "paid": self.env._("it is paid"),
            "blocked": self.env._("follow-up is switched off for it"),
        }
        found = {code: [] for code in texts}
        # That follow-up is off stands on the lines. *Blocked* stands in the place of
        # the state of the payment.
        for move_id, code in self.env.execute_query(
            SQL(
                """
                SELECT id, code
                  FROM (SELECT move.id,
                               CASE WHEN move.state != 'posted' THEN 'not_open'
                                    WHEN move.payment_state IN ('paid', 'reversed')
                                      OR move.amount_residual <= 0 THEN 'paid'
                                    WHEN move.payment_state = 'blocked'
                                      OR EXISTS (
                                             SELECT FROM account_move_line line
                                              WHERE line.move_id = move.id
                                                AND line.display_type = 'payment_term'
                                                AND line.no_followup)
                                    THEN 'blocked' END AS code
                          FROM account_move move
                         WHERE move.id = ANY(%s)) judged
                 WHERE code IS NOT NULL
                """,
                sql.make_array(moves._ids),
            )
        ):
            found[code].append(move_id)
        return [(moves.browse(ids), code, texts[code]) for code, ids in found.items()]

    @api.model
    def _find_on_hold(self, moves):
        """Return invoices that staff put on hold, or whose customer they did."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT hold.id, move.id
                  FROM account_move_portal_hold hold
                  JOIN account_move move ON move.id = hold.move_id
                 WHERE hold.released_on IS NULL AND move.id = ANY(%s)
                 UNION
                SELECT hold.id, move.id
                  FROM account_move_portal_hold hold
                  JOIN account_move move
                    ON move.commercial_partner_id = hold.partner_id
                   AND move.company_id = hold.company_id
                 WHERE hold.released_on IS NULL AND move.id = ANY(%s)
                """,
                sql.make_array(moves._ids),
                sql.make_array(moves._ids),
            )
        )
        ids = {}
        for hold_id, move_id in rows:
            ids.setdefault(hold_id, []).append(move_id)
        holds = self._search_in_force([("id", "in", list(ids))])
        return [
            (moves.browse(ids[hold.id]), hold.reason, hold._get_text(), hold.until)
            for hold in holds.sorted(lambda hold: (not hold.move_id, -hold.id))
        ]

    @api.model
    def _find_money_on_its_way(self, moves):
        """Return invoices for which a payment is in progress.

        A payment that has an entry is off the balance already: the rest is due.
        """
        ids = sql.make_array(moves._ids)
        held = self._select(
            moves,
            SQL(
                """
                SELECT move_id FROM account_move_portal_attempt_line
                 WHERE is_open AND move_id = ANY(%s)
                 UNION
                SELECT matched.invoice_id
                  FROM account_move__account_payment matched
                  JOIN account_payment payment ON payment.id = matched.payment_id
                 WHERE payment.state = 'in_process' AND payment.move_id IS NULL
                   AND matched.invoice_id = ANY(%s)
                 UNION
                SELECT id FROM account_move
                 WHERE payment_state = 'in_payment' AND id = ANY(%s)
                """,
                *(ids, ids, ids),
            ),
        )
        return [(held, "on_its_way", self.env._("a payment is on its way"))]

    @api.model
    def _find_disputed(self, moves):
        """Return invoices of which a payment is disputed at the bank."""
        held = self._select(
            moves,
            SQL(
                """
                SELECT DISTINCT line.move_id
                  FROM account_move_portal_dispute dispute
                  JOIN account_move_portal_attempt_line line
                    ON line.attempt_id = dispute.attempt_id
                 WHERE dispute.state IN ('inquiry', 'open') AND line.move_id = ANY(%s)
                """,
                sql.make_array(moves._ids),
            ),
        )
        return [(held, "disputed", self.env._("a payment is disputed"))]

    @api.model
    def _find_possibly_paid(self, moves):
        """Return invoices that money in the bank, not yet matched, may have paid.

        That is money of the customer, or money whose text names the invoice, or money
        of nobody known with the invoice's very balance.
        """
        invoices = self.env.execute_query(
            SQL(
                """
                SELECT id, name, company_id, commercial_partner_id, currency_id,
                       amount_residual
                  FROM account_move WHERE id = ANY(%s)
                """,
                sql.make_array(moves._ids),
            )
        )
        numbers = {invoice[0]: _split_number(invoice[1]) for invoice in invoices}
        longest = max(map(len, numbers.values()), default=0)
        partners, amounts, texts = self._summarize_unmatched(
            {invoice[2] for invoice in invoices}, longest
        )
        held = moves.browse(
            move_id
            for move_id, _name, company, partner, currency, residual in invoices
            if (company, partner) in partners
            or (company, numbers[move_id]) in texts
            or (company, currency, residual) in amounts
        )
        text = self.env._("it may be paid: a bank transaction is not matched yet")
        return [(held, "possibly_paid", text)]

    @api.model
    def _summarize_unmatched(self, company_ids, longest):
        """Return what the bank transactions say that are not matched yet.

        :param set[int] company_ids: Of which companies.
        :param int longest: Of how many parts an invoice number has at most.
        :return: Whose they are, their amounts if that is not known, and all numbers
            that may stand in their texts; each with its company.
        :rtype: tuple[set, set, set]
        """
        partners, amounts, texts = set(), set(), set()
        for company, partner, ref, *money in self.env.execute_query(
            SQL(
                """
                SELECT line.company_id, partner.commercial_partner_id, line.payment_ref,
                       line.currency_id, line.amount::numeric,
                       line.foreign_currency_id, line.amount_currency::numeric
                  FROM account_bank_statement_line line
             LEFT JOIN res_partner partner ON partner.id = line.partner_id
                 WHERE NOT COALESCE(line.is_reconciled, FALSE) AND line.amount > 0
                   AND line.company_id = ANY(%s)
                """,
                list(company_ids),
            )
        ):
            if partner:
                partners.add((company, partner))
            else:
                currency, amount, foreign, foreign_amount = money
                amounts.add((company, currency, amount))
                amounts.add((company, foreign, foreign_amount))
            parts = _split_number(ref)
            texts.update(
                (company, parts[start : start + size])
                for size in range(2, longest + 1)
                for start in range(len(parts) - size + 1)
            )
        return partners, amounts, texts

    @api.model
    def _find_being_credited(self, moves):
        """Return invoices for which a credit note is in draft."""
        held = self._select(
            moves,
            SQL(
                """
                SELECT DISTINCT reversed_entry_id FROM account_move
                 WHERE state = 'draft' AND reversed_entry_id = ANY(%s)
                """,
                sql.make_array(moves._ids),
            ),
        )
        return [(held, "credit_note", self.env._("a credit note is in draft"))]

    @api.model
    def _find_undelivered(self, moves):
        """Return invoices of goods that are under way, coming back, or in repair.

        As far as the applications are there that know of it.
        """
        orders = SQL(
            """
            SELECT invoice_line.move_id, order_line.id, order_line.order_id
              FROM account_move_line invoice_line
              JOIN sale_order_line_invoice_rel rel
                ON rel.invoice_line_id = invoice_line.id
              JOIN sale_order_line order_line ON order_line.id = rel.order_line_id
             WHERE invoice_line.move_id = ANY(%s)
            """,
            sql.make_array(moves._ids),
        )
        found = []
        if "stock.move" in self.env and (
            "sale_line_id" in self.env["stock.move"]._fields
        ):
            found += self._find_goods(moves, orders)
        if "repair.order" in self.env:
            held = self._select(
                moves,
                SQL(
                    """
                    SELECT DISTINCT ordered.move_id
                      FROM (%s) ordered (move_id, line_id, order_id)
                      JOIN repair_order repair ON repair.sale_order_id = order_id
                     WHERE repair.state NOT IN ('done', 'cancel')
                    """,
                    orders,
                ),
            )
            found.append((held, "repair", self.env._("a repair is not done yet")))
        return found

    @api.model
    def _find_goods(self, moves, orders):
        """Return invoices of goods that were not delivered, or are being returned.

        :param account.move moves: The invoices.
        :param SQL orders: Their ids, and the sold lines and orders that they are of.
        :return: As `_find_reasons`.
        :rtype: list[tuple]
        """
        texts = {
            "customer": ("not_delivered", self.env._("the goods are not delivered")),
            "internal": ("returned", self.env._("a return is not done yet")),
        }
        found = {usage: [] for usage in texts}
        for move_id, usage in self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ordered.move_id,
                       CASE WHEN target.usage = 'customer' THEN 'customer'
                            ELSE 'internal' END
                  FROM (%s) ordered (move_id, line_id, order_id)
                  JOIN stock_move goods ON goods.sale_line_id = line_id
                  JOIN stock_location source ON source.id = goods.location_id
                  JOIN stock_location target ON target.id = goods.location_dest_id
                 WHERE goods.state NOT IN ('done', 'cancel')
                   AND 'customer' IN (source.usage, target.usage)
                """,
                orders,
            )
        ):
            found[usage].append(move_id)
        return [(moves.browse(found[usage]), *texts[usage]) for usage in texts]

    @api.model
    def _find_bounced(self, moves):
        """Return invoices of whose recipients none is left that mail did not fail."""
        held = self._select(
            moves,
            SQL(
                """
                SELECT move_id FROM account_move_portal_link
                 WHERE audience = 'customer' AND move_id = ANY(%s)
                 GROUP BY move_id
                HAVING BOOL_AND(revoked_on IS NOT NULL)
                   AND BOOL_OR(revocation_reason = 'bounced')
                """,
                sql.make_array(moves._ids),
            ),
        )
        return [(held, "bounced", self.env._("the email bounced"))]


def _split_number(text):
    """Return the parts of an invoice number, or of a text in which it may stand.

    :param str|bool text: The number or text.
    :return: Runs of letters and of digits, in upper case.
    :rtype: tuple[str, ...]
    """
    return tuple(NUMBER_PARTS.findall((text or "").upper()))
