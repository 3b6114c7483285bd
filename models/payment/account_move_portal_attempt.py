import logging
import re
from collections import defaultdict
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import psycopg2
import stripe
from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import consteq, email_normalize, float_round

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment_stripe.controllers.main import StripeController

from ... import const
from ...tools import email_addresses, sql, texts
from . import decline_codes, stripe_errors, stripe_params, stripe_rules
from .errors import PortalPaymentValidationError, UnansweredChargeError

_logger = logging.getLogger(__name__)
#: How many invoices a payment's reference names one by one.
MAX_NAMED = 3
#: How long a started attempt keeps others out while nothing comes of it. Twice what
#: 3-D Secure takes at most.
ATTEMPT_MINUTES = 15
#: How a payment can be made.
FLOWS = ("direct", "redirect", "token")
#: What is asked for, in the order of the form, and how long it may be.
BILLING_FIELDS = {
    "name": 120,
    "street": 120,
    "street2": 120,
    "city": 80,
    "state_id": None,
    "zip": 20,
    "country_id": None,
    "email": 254,
    "phone": 40,
}
#: States of our transactions by Stripe's states of a refund.
REFUND_STATES = {
    "pending": "pending",
    "succeeded": "done",
    "failed": "error",
    "canceled": "cancel",
}
#: States of a payment that counts.
BOOKED_STATES = ("in_process", "paid")
#: Of a refund's metadata: the reference under which it was asked for here.
REFUND_MARK = "odoo_reference"
#: How often the schedule asks for a debit under way.
PENDING_PAUSE = timedelta(hours=1)
#: What has to be left of the time of a scheduled run to ask for one more attempt: twice
#: what a request may take.
CATCH_UP_SECONDS = 20
#: Events may be listed a little after the moment that they bear.
OVERLAP = timedelta(hours=1)


class AccountMovePortalAttempt(models.Model):
    """A try to pay one or more invoices: one for each transaction on them.

    It is *open* as long as it may still take money. An invoice has one open attempt at
    most, wherever it was started: on the portal's screen, on core's pages, through a
    payment link, with a saved card.

    Of Stripe's events none tells the state of a payment: it tells that there is
    something to ask for. So events may be lost, repeated, late and in any order.
    """

    _name = "account.move.portal.attempt"
    _description = "Invoice Portal Payment Attempt"
    _order = "id desc"
    _rec_name = "reference"

    transaction_id = fields.Many2one(
        comodel_name="payment.transaction",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    origin = fields.Selection(
        selection=[("portal", "Portal"), ("elsewhere", "Elsewhere in Odoo")],
        string="Started from",
        default="elsewhere",
        required=True,
        readonly=True,
    )
    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        string="Portal link",
        help="The link through which the customer started this payment.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    line_ids = fields.One2many(
        comodel_name="account.move.portal.attempt.line",
        inverse_name="attempt_id",
        string="Invoices",
        readonly=True,
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        help="The first of the invoices.",
        compute="_compute_move_id",
        search="_search_move_id",
    )
    is_open = fields.Boolean(
        string="Open",
        help="Whether this attempt may still take money: from its start until it is "
        "booked, or until the provider has ruled it out.",
        readonly=True,
        copy=False,
    )
    reference = fields.Char(related="transaction_id.reference")
    provider_id = fields.Many2one(related="transaction_id.provider_id")
    partner_id = fields.Many2one(related="transaction_id.partner_id")
    company_id = fields.Many2one(related="transaction_id.company_id", store=True)
    currency_id = fields.Many2one(related="transaction_id.currency_id")
    amount = fields.Monetary(related="transaction_id.amount", store=True)
    state = fields.Selection(related="transaction_id.state", store=True)
    client_key = fields.Char(
        help="The copy of the payment page on which this payment was started.",
        readonly=True,
    )
    verification_url = fields.Char(
        string="Bank account verification",
        help="Where the customer confirms the amounts that Stripe sent to the bank.",
        readonly=True,
    )
    authorization = fields.Text(
        string="Debit authorization",
        help="What the customer authorized, word for word, as Nacha requires.",
        readonly=True,
    )
    method_digits = fields.Char(
        string="Last digits",
        help="The last digits of the card or of the bank account.",
        readonly=True,
    )
    is_mismatched = fields.Boolean(
        string="Amount differs",
        help="The provider charged a different amount than requested.",
        readonly=True,
    )
    mismatched_amount = fields.Monetary(
        string="Amount taken",
        help="The amount the provider charged. Zero if it was in another currency.",
        readonly=True,
    )
    charge_is_uncertain = fields.Boolean(
        string="Charge uncertain",
        help="The provider was asked to charge a saved card, and its answer was not "
        "recorded. The card is not charged again.",
        readonly=True,
    )
    is_reversed = fields.Boolean(
        string="Reversed",
        help="The bank has taken the money back, so the invoice is open again.",
        readonly=True,
    )
    release_requested_on = fields.Datetime(
        help="When cancellation was requested, because an invoice was changed, paid or "
        "cancelled, or the provider was switched off. The provider is asked right "
        "afterwards.",
        readonly=True,
    )
    is_still_due = fields.Boolean(
        help="The invoices are still due as they were and the provider is still in "
        "use, or this attempt has paid them.",
        compute="_compute_is_still_due",
    )
    overpaid_amount = fields.Monetary(
        string="Overpaid",
        help="The part of this payment that was no longer due.",
        readonly=True,
    )
    asked_on = fields.Datetime(
        help="When the scheduled action last checked the status.",
        readonly=True,
        copy=False,
    )
    review_due = fields.Boolean(
        help="It was booked after the provider was last asked. A dispute or refund "
        "reported before then could not be booked.",
        readonly=True,
    )
    dispute_ids = fields.One2many(
        comodel_name="account.move.portal.dispute",
        inverse_name="attempt_id",
        string="Disputes and returns",
        readonly=True,
    )
    todo_ids = fields.One2many(
        comodel_name="account.move.portal.todo",
        inverse_name="attempt_id",
        string="To do",
        readonly=True,
    )

    billing = fields.Json(
        help="What the customer entered on the payment screen, by contact field.",
        readonly=True,
    )
    billing_differences = fields.Html(
        string="Entered differently", compute="_compute_billing_differences"
    )
    unanswered_refund_ids = fields.Many2many(
        comodel_name="payment.transaction",
        relation="account_move_portal_attempt_unanswered_refund_rel",
        help="Refunds requested here and confirmed only by Stripe's events.",
        readonly=True,
        copy=False,
    )

    _transaction_unique = models.UniqueIndex("(transaction_id)")
    # For the schedule and for staff: few are open, of very many.
    _open_attempts = models.Index("(id) WHERE is_open OR review_due")

    # === COMPUTE METHODS === #

    @api.depends("line_ids.move_id")
    def _compute_move_id(self):
        for attempt in self:
            attempt.move_id = attempt.line_ids.sorted("id")[:1].move_id

    @api.depends(
        "state",
        "amount",
        "line_ids.amount",
        "line_ids.is_still_due",
        "provider_id.state",
    )
    def _compute_is_still_due(self):
        for attempt in self:
            # What has been taken is not to be given up: it is what settles them.
            lines = attempt.line_ids
            covered = sum(lines.mapped("amount"))  # Less if an invoice was deleted.
            attempt.is_still_due = attempt.state == "done" or (
                all(lines.mapped("is_still_due"))
                and attempt.provider_id.state != "disabled"
                and attempt.currency_id.compare_amounts(covered, attempt.amount) >= 0
            )

    @api.model
    def _search_move_id(self, operator, value):
        return [("line_ids.move_id", operator, value)]

    @api.depends("billing", "transaction_id.partner_id")
    def _compute_billing_differences(self):
        labels = self.env["res.partner"].fields_get(BILLING_FIELDS, ["string"])
        for attempt in self:
            rows = [
                Markup("<li>%s: <s>%s</s> <b>%s</b></li>")
                % (
                    labels[name]["string"],
                    attempt._get_billing_text(name, known),
                    attempt._get_billing_text(name, entered),
                )
                for name, (known, entered) in attempt._get_billing_changes().items()
            ]
            attempt.billing_differences = (
                Markup("<ul>%s</ul>") % Markup().join(rows) if rows else False
            )

    # === ACTION METHODS === #

    def action_open_transaction(self):
        """Return the form of the transaction.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "payment.transaction",
            "res_id": self.transaction_id.id,
            "views": [(False, "form")],
        }

    def action_release(self):
        """Give an attempt up for good, so that the invoice can be paid.

        :raise UserError: If it may take money still, and nobody can stop it.
        """
        self.ensure_one()
        # Whoever settles payments may: attempts are written by Odoo only.
        self.env["account.move.portal.todo"].check_access("write")
        self.check_access("read")
        attempt_sudo = self.sudo()
        try:
            attempt_sudo._cancel_attempt()
        except stripe.StripeError as error:
            # What staff know of, or are about to: there is nothing to wait for.
            if not stripe_rules.get_error_rule(error).todo:
                raise UserError(
                    self.env._(
                        "The provider cannot be reached right now. Please try again in "
                        "a minute."
                    )
                ) from error
            attempt_sudo._give_up()
        if attempt_sudo.is_open:
            raise UserError(
                self.env._("This payment is being processed and cannot be stopped.")
            )

    def action_update_contact(self):
        """Write what the customer entered into the contact.

        :raise UserError: If there is nothing to take over.
        """
        self.ensure_one()
        differences = self._get_billing_changes()
        if not differences:
            raise UserError(self.env._("The contact already has these details."))
        # As oneself: who may not edit contacts, may not do it here.
        self.transaction_id.partner_id.sudo(False).write(
            {name: entered for name, (_known, entered) in differences.items()}
        )

    # === BUSINESS METHODS - THE START === #

    @api.model
    def _start_portal_payment(self, link, choice):
        """Start a payment, or go on with the one that the same screen has started.

        Who pays, in which currency, and where the customer goes next is ours to say;
        so is whether the amount can be paid.

        :param account.move.portal.link link: Through which is paid, in sudo mode.
        :param dict choice: What the customer chose: `provider_id`, `payment_method_id`,
            `token_id`, `flow` (see `FLOWS`), `amount` and `billing` as entered,
            `required` (set of billing fields), `client_key`, `restart`,
            `tokenization_requested`.
        :return: The values that the provider's form needs to go on.
        :rtype: dict
        :raise PortalPaymentValidationError: If it cannot be started: with a code, the
            field that is wrong, and a message for the customer.
        """
        try:
            amount, billing, errors = self._read_choice(link, choice)
            if not errors and (resumed := self._resume(link, choice, amount, billing)):
                return resumed
            self._supersede_for_portal(link, choice)
            # Again, as an attempt before may have turned out to be paid: less is due.
            amount, billing, errors = self._read_choice(link, choice)
            if errors:
                raise PortalPaymentValidationError(
                    "invalid", "\n".join(errors.values()), field=next(iter(errors))
                )
            self._check_option(link, choice)
            attempt = self._create_from_choice(link, choice, amount, billing)
            return attempt.transaction_id._get_processing_values()
        except PortalPaymentValidationError:
            raise
        except ValidationError as error:
            raise PortalPaymentValidationError("refused", str(error)) from error

    @api.model
    def _read_choice(self, link, choice):
        """Return what a customer entered, and what is wrong with it.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`; no `billing` if the screen
            has no such block.
        :return: The amount, the billing information, a message by field.
        :rtype: tuple[float, dict, dict[str, str]]
        """
        billing, amount = choice.get("billing"), choice.get("amount")
        if billing is None:
            billing = self._get_billing_defaults(link._get_billed_contact())
            errors = {}
        else:
            billing = self._parse_billing(billing)
            errors = self._check_billing(billing, choice["required"])
        try:
            amount = self._check_chosen_amount(link, choice)
        except ValidationError as error:
            errors["amount"] = str(error)
        return amount, billing, errors

    @api.model
    def _get_chosen_moves(self, link, choice):
        """Return the invoices that a customer chose to pay. Hook: the link's one.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`.
        :rtype: account.move
        """
        return link.move_id

    @api.model
    def _check_chosen_amount(self, link, choice):
        """Return the amount to be paid, if that much may be paid now. Hook likewise.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`.
        :return: The amount, in the invoices' currency.
        :rtype: float
        :raise ValidationError: If it may not be paid; in words for the customer.
        """
        return link.move_id._check_portal_amount(
            choice.get("amount"), link._get_payer(self.env.user)
        )

    @api.model
    def _check_chosen_payable(self, link, choice):
        """Check that what a customer chose can be paid now. Hook likewise.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`.
        :raise ValidationError: If not; in words for the customer.
        """
        link.move_id._check_payable_on_portal(link._get_payer(self.env.user))

    @api.model
    def _prepare_chosen_lines(self, link, choice):
        """Prepare the shares of an attempt. Hook: none, as the one invoice has it all.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`, and checked.
        :return: Commands of the field `line_ids`.
        :rtype: list
        """
        return []

    def _get_choice_query(self):
        """Return what the screen's address has to say to pay the same once more. Hook.

        :rtype: str
        """
        return ""

    @api.model
    def _find_open(self, moves):
        """Return the attempts under way of some invoices.

        :param account.move moves: The invoices.
        :return: The attempts, in sudo mode: customers have no rights on them.
        :rtype: account.move.portal.attempt
        """
        lines_sudo = self.env["account.move.portal.attempt.line"].sudo()
        return lines_sudo.search(
            [("move_id", "in", moves.ids), ("is_open", "=", True)], order="id"
        ).attempt_id

    @api.model
    def _find_last(self, link):
        """Return the last payment that was started through a link.

        :param account.move.portal.link link: The link.
        :rtype: account.move.portal.attempt
        """
        return self.search([("link_id", "=", link.id)], order="id desc", limit=1)

    @api.model
    def _resume(self, link, choice, amount, billing):
        """Return what the form needs to go on with an attempt that it has started.

        :param account.move.portal.link link: The link.
        :param dict choice: As of `_start_portal_payment`.
        :param float amount: In the invoice's currency.
        :param dict billing: As parsed.
        :return: The processing values; nothing if it is another payment, or if the
            one before has failed meanwhile.
        :rtype: dict | None
        :raise PortalPaymentValidationError: If Stripe cannot be asked.
        """
        attempt = self._find_open(self._get_chosen_moves(link, choice))[:1]
        if not attempt._is_repeated(link, choice, amount, billing):
            return None
        try:
            processing_values = attempt.transaction_id._get_processing_values()
        except stripe.StripeError as error:
            raise attempt._get_unreachable_error() from error
        return None if attempt.state in ("error", "cancel") else processing_values

    def _is_repeated(self, link, choice, amount, billing):
        """Return whether starting a payment is but a repetition of this attempt.

        :param account.move.portal.link link: The link.
        :param dict choice: As of `_start_portal_payment`.
        :param float amount: In the invoice's currency.
        :param dict billing: As parsed.
        :rtype: bool
        """
        tx = self.transaction_id
        method = tx.token_id or tx.payment_method_id
        chosen = choice["token_id"] or choice["payment_method_id"]
        return (
            bool(self)
            and bool(choice["client_key"])
            and self.state == "draft"
            and not self.release_requested_on
            and tx.operation in ("online_direct", "online_token")
            and self.client_key == choice["client_key"]
            and self.link_id == link
            and self.provider_id.id == choice["provider_id"]
            and method.id == chosen
            and bool(tx.token_id) == bool(choice["token_id"])
            and self.currency_id.compare_amounts(self.amount, amount) == 0
            and self.billing == billing
        )

    @api.model
    def _supersede_for_portal(self, link, choice):
        """Keep others from the invoice, and see that no other payment is under way.

        Afterwards, and until the end of the database transaction, a payment can be
        started. Odoo's transactions see the database as it was at their beginning:
        whoever waited for the lock fails and is run again, and then sees the attempt
        that went before, without waiting.

        :param account.move.portal.link link: Through which the payment is started.
        :param dict choice: As of `_start_portal_payment`.
        :raise PortalPaymentValidationError: If another one has to be waited for.
        """
        moves = self._get_chosen_moves(link, choice)
        for attempt in self._find_open(moves):
            attempt._supersede(link, choice["client_key"], choice["restart"])
        self.env.flush_all()  # Before the next one takes its place.
        moves._lock_for_portal_payment()
        self._check_chosen_payable(link, choice)

    @api.model
    def _supersede_for_core(self, moves, amount):
        """The same for a payment on core's own pages.

        :param account.move moves: The invoices that are to be paid, in sudo mode.
        :param float amount: What is to be paid of them all.
        :raise PortalPaymentValidationError: If a payment of one of them is under way,
            or if less is due.
        """
        for attempt in self._find_open(moves):
            attempt._supersede(self.env["account.move.portal.link"], "")
        self.env.flush_all()
        # Whether one is under way or not: one may be about to start.
        moves._lock_for_portal_payment()
        moves._check_payable_on_core_page(amount)

    @api.model
    def _check_option(self, link, choice):
        """Check that the chosen way to pay is one that the screen offered.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`.
        :raise PortalPaymentValidationError: If it is not.
        """
        providers, methods, tokens = self._get_options(link, choice)
        is_token = choice["flow"] == "token"
        ids = (choice["provider_id"], choice["payment_method_id"], choice["token_id"])
        if not (
            choice["flow"] in FLOWS
            # In Python, "true" is 1 as well.
            and not any(one is True or isinstance(one, float) for one in ids)
            and choice["provider_id"] in providers.ids
            and choice["payment_method_id"] in [False, None, *methods.ids]
            and choice["token_id"] in [False, None, *tokens.ids]
            and bool(choice["token_id"] if is_token else choice["payment_method_id"])
        ):
            raise PortalPaymentValidationError(
                "option_unavailable",
                self.env._("This payment method is no longer available."),
                field="payment_method_id",
            )

    @api.model
    def _get_options(self, link, choice):
        """Return the ways to pay, as core's form offers them.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`.
        :return: The providers, the methods, and the saved methods.
        :rtype: tuple[payment.provider, payment.method, payment.token]
        """
        user = self.env.user
        payer = link._get_payer(user)
        moves = self._get_chosen_moves(link, choice)
        providers, methods = moves[:1]._get_portal_payment_options(
            payer, self._get_usual_amount(link, choice)
        )
        # A link opens the invoice, not the customer's saved cards.
        tokens = self.env["payment.token"]
        if link._is_customer(user):
            tokens = tokens._get_available_tokens(providers.ids, payer.id)
        return providers, methods, tokens

    @api.model
    def _get_usual_amount(self, link, choice):
        """Return the amount with which the screen begins. Hook: the invoice's.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`.
        :rtype: float
        """
        payer = link._get_payer(self.env.user)
        return link.move_id._get_portal_amounts(payer)[0][0]

    @api.model
    def _create_from_choice(self, link, choice, amount, billing):
        """Create the transaction of an attempt, and with it the attempt.

        A saved card is charged once this is on record, see `_sync_with_provider`.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`, and checked.
        :param float amount: In the invoice's currency.
        :param dict billing: As parsed.
        :rtype: account.move.portal.attempt
        """
        moves = self._get_chosen_moves(link, choice)
        user, flow = self.env.user, choice["flow"]
        tx = self.env["payment.transaction"]
        provider = self.env["payment.provider"].browse(choice["provider_id"])
        token = self.env["payment.token"].browse(choice["token_id"] or [])
        method = self.env["payment.method"].browse(choice["payment_method_id"] or [])
        if flow == "token":
            method = token.payment_method_id
        else:
            token = token.browse()
        invoices = {"invoice_ids": [Command.set(moves.ids)]}
        tx = tx.create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "token_id": token.id,
                "reference": tx._compute_reference(
                    provider.code, prefix=self._get_reference_prefix(moves), **invoices
                ),
                "amount": amount,
                "currency_id": moves.currency_id.id,
                "partner_id": link._get_payer(user).id,
                "operation": f"online_{flow}",
                "tokenize": self._is_to_be_saved(link, choice, provider, method),
                "landing_route": link._get_path("result"),
                **invoices,
                "portal_attempt_ids": [
                    Command.create(
                        {
                            "origin": "portal",
                            "link_id": link.id,
                            "client_key": choice["client_key"],
                            "billing": billing,
                            "line_ids": self._prepare_chosen_lines(link, choice),
                        }
                    )
                ],
            }
        )
        if flow != "token":
            tx._log_sent_message()
        return tx.portal_attempt_id

    @api.model
    def _is_to_be_saved(self, link, choice, provider, method):
        """Return whether what is paid with is kept for later payments.

        :param account.move.portal.link link: The link, in sudo mode.
        :param dict choice: As of `_start_portal_payment`, and checked.
        :param payment.provider provider: The chosen provider.
        :param payment.method method: The chosen payment method.
        :rtype: bool
        """
        if choice["flow"] == "token" or not (
            provider.allow_tokenization and method.support_tokenization
        ):
            return False
        if provider._is_tokenization_required():
            return True
        is_wished = choice["tokenization_requested"]
        return bool(is_wished and link._is_customer(self.env.user))

    @api.model
    def _get_reference_prefix(self, moves):
        """Return what the reference of a payment begins with.

        Core names all invoices: of hundreds that is more than a provider takes, and
        than a bank statement shows.

        :param account.move moves: The invoices.
        :return: None to leave it to core.
        :rtype: str | None
        """
        if len(moves) <= MAX_NAMED:
            return None
        return f"{moves[:1].name}+{len(moves) - 1}"

    @api.model
    def _create_for(self, txs):
        """Put new transactions on record as attempts to pay their invoices.

        :param payment.transaction txs: The transactions, in sudo mode.
        :raise PortalPaymentValidationError: If another payment of one of the invoices
            is under way.
        """
        for tx in txs:
            moves = tx._get_portal_paid_invoices()
            if not moves or tx.source_transaction_id:
                continue
            attempt = tx.portal_attempt_id or self.create({"transaction_id": tx.id})
            # Where the customer has chosen, the shares are given.
            attempt.line_ids = attempt.line_ids or [
                Command.create({"move_id": move.id, "amount": share})
                for move, share in moves._get_portal_shares(tx.amount)
            ]
            attempt._check_shares()
            attempt._begin()

    def _check_shares(self):
        """Check that a new attempt's shares are due, and make up its amount.

        A payment's entry has one line for what was owed, on one receivable account.
        What core has started is core's to divide.

        :raise ValidationError: If these invoices cannot be paid so; in words for the
            customer.
        """
        self.ensure_one()
        lines, moves, currency = self.line_ids, self.line_ids.move_id, self.currency_id
        if self.origin != "portal":
            return
        if (
            moves - self.transaction_id.invoice_ids
            or any(currency.compare_amounts(line.amount, 0.0) < 0 for line in lines)
            or currency.compare_amounts(sum(lines.mapped("amount")), self.amount) != 0
        ):
            raise ValidationError(
                self.env._("The shares of the invoices do not add up to the amount.")
            )
        if len(moves) == 1:
            return
        payer = self.partner_id.commercial_partner_id
        if not all(lines.mapped("is_still_due")) or any(
            line.partner_id.commercial_partner_id != payer for line in lines
        ):
            raise ValidationError(
                self.env._(
                    "The amount due on these invoices has changed. Please reload the "
                    "page."
                )
            )
        terms = moves.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        if len(terms.account_id) > 1 or len(moves.company_id) > 1:
            raise ValidationError(
                self.env._(
                    "These invoices cannot be paid together. Please pay them one at a "
                    "time."
                )
            )

    def _begin(self):
        """Take a new attempt's place as the one that is under way on its invoices.

        :raise PortalPaymentValidationError: If there is another one.
        """
        self.ensure_one()
        tx = self.transaction_id
        if self.origin == "portal":
            self.move_id._check_portal_provider(self.provider_id, self.amount)
        if self.billing:
            tx.write(self._get_billing_partner_values())
        if tx.payment_method_code == "ach_direct_debit" and self.origin == "portal":
            moves = self.line_ids.sorted("id").move_id
            self.authorization = moves._get_portal_authorization(
                self.currency_id.format(self.amount)
            )
        # In whatever state it was created: others may bring what is on its way.
        may_take = tx.state in ("draft", "pending", "authorized")
        if may_take and tx.provider_code not in const.OFFLINE_PROVIDERS:
            moves = self.line_ids.move_id
            moves._lock_for_portal_payment()
            for other in self._find_open(moves):
                raise other._get_progress_error()
            self._set_open(True)
        self.env.flush_all()  # Before the provider is asked for anything.

    def _set_open(self, is_open):
        """Note whether these attempts may still take money. The only place that does.

        :param bool is_open: Whether they may.
        """
        self.filtered(lambda attempt: attempt.is_open != is_open).is_open = is_open
        self._follow_invoices()

    def _follow_invoices(self):
        """Let go of invoices that have become others', and take up what came back.

        The new customer has nothing to wait for: what is under way does not pay the
        invoice any more. Whether the attempt can be stopped is another question.
        """
        lines = self.line_ids
        current = lines.filtered(
            lambda line: line.attempt_id.is_open and line.is_same_invoice
        )
        # What is closed first makes way for what is opened again.
        (lines - current).filtered("is_open").is_open = False
        (lines - current).flush_recordset(["is_open"])
        current.filtered(lambda line: not line.is_open).is_open = True
        # While money that has come is booked, booking says what it is matched with.
        for attempt in self.filtered(lambda one: one.is_open and one.state != "done"):
            tx, own = attempt.transaction_id, attempt.line_ids & current
            paid = tx.invoice_ids - attempt.line_ids.move_id + own.move_id
            if paid != tx.invoice_ids:
                tx.invoice_ids = paid

    def _lock(self):
        """Keep others from this payment until the end of the database transaction.

        It is an update, so that whoever waited is run again and sees what was done.
        """
        self.ensure_one()
        tx = self.transaction_id
        sql.lock(self.env.cr, tx._table, tx.id)

    # === BUSINESS METHODS - BILLING INFORMATION === #

    @api.model
    def _get_billing_defaults(self, partner):
        """Return the billing information to begin with.

        :param res.partner partner: The invoice's contact.
        :rtype: dict
        """
        values = {
            name: partner[name].id if size is None else partner[name] or ""
            for name, size in BILLING_FIELDS.items()
        }
        values["name"] = partner.name or partner.commercial_partner_id.name or ""
        # A contact may have several addresses, with names; a payer has one.
        values["email"] = next(iter(email_addresses.parse(partner.email)[0]), "")
        return values

    @api.model
    def _get_form_defaults(self, link, last=None, choice=None):
        """Return what the payment screen begins with.

        What the same browser has entered before need not be entered again; nor the
        amount, when nothing came of it. Others through whose hands the link goes begin
        with what the company knows of its customer, and with the link's own address,
        to which the receipt is to go.

        :param account.move.portal.link link: The link.
        :param account.move.portal.attempt last: The last payment of the same browser;
            none if None or empty.
        :param dict choice: What the address says of what is paid; nothing if None.
        :return: The billing information, and the amount in the invoice's currency.
        :rtype: tuple[dict, float]
        """
        choice, last = choice or {}, last or self.browse()
        known = self._get_billing_defaults(link._get_billed_contact())
        if link.email:
            known["email"] = link.email
        amount = None
        if last.state in ("error", "cancel"):
            with suppress(ValidationError):  # Less may be left meanwhile.
                amount = self._check_chosen_amount(
                    link, {**choice, "amount": last.amount}
                )
        return last.billing or known, amount or self._get_usual_amount(link, choice)

    @api.model
    def _parse_billing(self, entered):
        """Return billing information as it is kept: known fields, trimmed, bounded.

        :param dict entered: What came from the browser: anything at all.
        :rtype: dict
        """
        entered = entered if isinstance(entered, dict) else {}
        values = {}
        for name, size in BILLING_FIELDS.items():
            value = entered.get(name) or ""
            if size is None:
                # At most what PostgreSQL takes for an id.
                is_id = re.fullmatch(r"\d{1,9}", str(value))
                values[name] = int(value) if is_id else False
            else:
                # One more than may be: what is too long is said, not cut in silence.
                values[name] = texts.clean_line(str(value))[: size + 1]
        return values

    @api.model
    def _check_billing(self, values, required):
        """Return what is wrong with billing information.

        :param dict values: As parsed.
        :param set[str] required: The fields that the country's addresses need.
        :return: A message by field.
        :rtype: dict[str, str]
        """
        errors = {
            name: self.env._("Fill in this field.")
            for name in required & BILLING_FIELDS.keys()
            if not values[name]
        }
        if values["email"] and not email_normalize(values["email"]):
            errors["email"] = self.env._("Please check the email address.")
        for name, size in BILLING_FIELDS.items():
            if size and len(values[name]) > size:
                errors[name] = self.env._("Use at most %(size)s characters.", size=size)
        # In sudo mode because address data is closed to the public.
        country = self.env["res.country"]._get_portal_country(values["country_id"])
        state = self.env["res.country.state"].sudo().browse(values["state_id"] or [])
        if values["country_id"] and not country:
            errors["country_id"] = self.env._("Please choose a country.")
        elif state and (not state.exists() or state.country_id != country):
            errors["state_id"] = self.env._("Please choose a state of this country.")
        if sum(char.isdigit() for char in values["phone"]) > 20:
            errors["phone"] = self.env._("Please check the phone number.")
        return errors

    def _get_billing_partner_values(self):
        """Return the billing information under core's field names of a payment.

        :rtype: dict
        """
        self.ensure_one()
        entered = self.billing
        return {
            "partner_name": entered["name"],
            # One address, to which the receipt goes.
            "partner_email": next(
                iter(email_addresses.parse(entered["email"])[0]), False
            ),
            "partner_address": payment_utils.format_partner_address(
                entered["street"], entered["street2"]
            ),
            "partner_zip": entered["zip"],
            "partner_city": entered["city"],
            "partner_state_id": entered["state_id"],
            "partner_country_id": entered["country_id"],
            "partner_phone": entered["phone"],
        }

    def _get_billing_changes(self):
        """Return in what the entered billing information differs from the contact's.

        :return: The contact's value and the entered one, by field.
        :rtype: dict[str, tuple]
        """
        self.ensure_one()
        known = self._get_billing_defaults(self.transaction_id.partner_id)
        entered = self.billing or known
        # Where the invoice was sent to, or what else the contact has, is nothing new.
        if entered["email"] and entered["email"] in {
            self.link_id.email,
            *email_addresses.parse(self.transaction_id.partner_id.email)[0],
        }:
            known["email"] = entered["email"]
        # In the order of the form: the database keeps none.
        return {
            name: (known[name], entered[name])
            for name in BILLING_FIELDS
            if (entered[name] or "") != (known[name] or "")
        }

    def _get_billing_text(self, name, value):
        """Return a value of the billing information in words.

        :param str name: The field.
        :param str|int value: Its value.
        :rtype: str
        """
        if BILLING_FIELDS[name] is None:
            comodel = self.env["res.partner"]._fields[name].comodel_name
            return self.env[comodel].browse(value or []).name or ""
        return value or ""

    # === BUSINESS METHODS - THE ATTEMPT === #

    def _sync_with_provider(self):
        """Find out how this payment stands, now that the customer waits for it.

        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        if self.is_open and self.release_requested_on:
            self._release()
        if self._is_charge_due():
            self._charge()
        elif (
            # Whoever has just verified a bank account is not asked for it again.
            self.state == "draft" or self.verification_url
        ) and self._is_known_to_stripe():
            self._stripe_refresh()
        self._book()

    def _is_abandoned(self):
        """Return whether an attempt was started long ago and nothing came of it.

        :rtype: bool
        """
        self.ensure_one()
        limit = fields.Datetime.now() - timedelta(minutes=ATTEMPT_MINUTES)
        return (
            self.state in ("draft", "error")
            and self.transaction_id.create_date < limit
            and not self._is_charge_unanswered()
        )

    def _cancel_attempt(self):
        """Give an attempt up, so that nothing can come of it any more.

        Afterwards the attempt is open still if that was not possible.

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        self._lock()
        if self.provider_id.code == "stripe" and self._stripe_find_intent():
            return self._stripe_cancel_intent()
        if self.origin != "portal":
            # Core would turn away what comes of a cancelled one all the same.
            self._set_open(False)
        elif self.state == "draft":
            self.transaction_id._set_canceled()
        if self.state in ("cancel", "error"):
            self._set_open(False)

    def _supersede(self, link, client_key, restart=False):
        """Give this attempt up for another one, or refuse.

        It is given up as a whole, with all of its invoices.

        :param account.move.portal.link link: Through which the other one is started;
            none on core's pages.
        :param str client_key: The copy of the screen in which it is started.
        :param bool restart: Whether the customer asks to start over.
        :raise PortalPaymentValidationError: If this attempt has to be waited for.
        """
        self.ensure_one()
        try:
            if self._is_known_to_stripe():
                self._stripe_refresh()  # It may have failed, or succeeded, meanwhile.
            if self.is_open and self._may_be_superseded(link, client_key, restart):
                self._cancel_attempt()
        except stripe.StripeError as error:
            if stripe_rules.get_error_rule(error).told:
                raise self._get_unreachable_error() from error
            self._follow_error(error)
        if self.is_open:
            raise self._get_progress_error()

    def _may_be_superseded(self, link, client_key, restart):
        """Return whether this attempt may be given up for another one.

        :param account.move.portal.link link: Through which the other one is started.
        :param str client_key: The copy of the screen in which it is started.
        :param bool restart: Whether the customer asks to start over.
        :rtype: bool
        """
        self.ensure_one()
        if self.state in ("error", "cancel") or self._is_abandoned():
            return True
        if self.release_requested_on and not self._is_charge_unanswered():
            return True
        if not self._is_cancellable(link):
            return False
        return restart or (self.state == "draft" and self.client_key == client_key)

    def _is_cancellable(self, link):
        """Return whether who holds a link may cancel this attempt.

        :param account.move.portal.link link: The link.
        :rtype: bool
        """
        self.ensure_one()
        if not link or self.link_id != link or self._is_charge_unanswered():
            return False
        return self.state == "draft" or (
            self.state == "pending" and bool(self.verification_url)
        )

    def _get_unreachable_error(self):
        """Return what to raise when Stripe cannot be asked.

        :rtype: PortalPaymentValidationError
        """
        return PortalPaymentValidationError(
            "unreachable",
            self.env._(
                "The payment service cannot be reached, so nothing was charged. "
                "Please try again in a minute."
            ),
        )

    def _get_progress_error(self):
        """Return what to raise when this attempt has to be waited for.

        :rtype: PortalPaymentValidationError
        """
        return PortalPaymentValidationError("in_progress", self._get_progress_message())

    def _get_progress_message(self):
        """Return why no other payment can be started now, in words for customers.

        :rtype: str
        """
        self.ensure_one()
        amount = self.currency_id.format(self.amount)
        since = fields.Datetime.now() - self.transaction_id.create_date
        minutes = max(0, int(since.total_seconds() // 60))
        if self.state == "draft" and self.origin != "portal":
            return self.env._(
                "A payment of %(amount)s was started elsewhere %(minutes)s minutes ago "
                "and has not been completed. Please finish it where you started it, or "
                "wait "
                "%(wait)s minutes and try again.",
                amount=amount,
                minutes=minutes,
                wait=max(ATTEMPT_MINUTES - minutes, 1),
            )
        if self.state == "draft" and not self.charge_is_uncertain:
            return self.env._(
                "A payment of %(amount)s was started %(minutes)s minutes ago and has "
                "not been completed. Please finish it where you started it, or wait a "
                "few "
                "minutes and try again.",
                amount=amount,
                minutes=minutes,
            )
        if self.verification_url:
            return self.env._(
                "A bank payment of %(amount)s is waiting for the bank account to be "
                "verified.",
                amount=amount,
            )
        return self.env._(
            "A payment of %(amount)s is being processed already. Please do not pay "
            "again.",
            amount=amount,
        )

    # === BUSINESS METHODS - RELEASE === #

    def _request_release(self):
        """Have these attempts given up by the schedule, which is woken right after.

        Stripe is not asked in the transaction of whoever leaves no reason for them,
        who neither waits for it nor fails with it.
        """
        waiting = self.filtered(
            lambda attempt: attempt.state != "done" and not attempt.release_requested_on
        )
        if waiting:
            waiting.release_requested_on = fields.Datetime.now()
            # In sudo mode because schedules are closed to accountants.
            self.env.ref(const.CATCH_UP_CRON).sudo()._trigger()

    @api.model
    def _release_before_uninstall(self):
        """Give up what is under way, as nobody will follow it any more.

        :return: What could not be stopped.
        :rtype: account.move.portal.attempt
        """
        for attempt in self.search([("is_open", "=", True)], order="id"):
            try:
                if not attempt._is_charge_unanswered():
                    attempt._cancel_attempt()
            except stripe.StripeError as error:
                kind = stripe_errors.classify(error)
                _logger.info("Payment %s not released: %s", attempt.reference, kind)
        left = self.search([("is_open", "=", True)])
        for attempt in left:
            for move in attempt.line_ids.move_id:
                move.message_post(
                    body=self.env._(
                        "The portal was uninstalled while a payment of %(amount)s was "
                        "under way (%(reference)s, %(provider_reference)s at "
                        "%(provider)s). Please check there what becomes of it.",
                        amount=attempt.currency_id.format(attempt.amount),
                        reference=attempt.reference,
                        provider_reference=attempt.transaction_id.provider_reference
                        or "-",
                        provider=attempt.provider_id.name,
                    )
                )
        return left

    def _release(self):
        """Give an attempt up whose invoices leave no reason for it, or warn staff.

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        if self.is_still_due:
            self.release_requested_on = False  # It was changed, and changed back.
            return
        if not self._is_charge_unanswered():
            self._cancel_attempt()
        if self.is_open and self.state != "done":
            self._report_late_release()

    def _report_late_release(self):
        """Warn staff of money that may come though the invoice was changed, once."""
        self.ensure_one()
        self._report(
            "late",
            self.env._(
                "A payment of %(amount)s can no longer be stopped",
                amount=self.currency_id.format(self.amount),
            ),
            self.env._(
                "It was under way (%(reference)s) when the invoice was changed, paid "
                "or cancelled, or when the payment provider was switched off. If the "
                "money arrives and is not due, refund it or match it with another "
                "invoice.",
                reference=self.reference,
            ),
        )

    # === BUSINESS METHODS - AMOUNT MISMATCH === #

    def _may_have_taken(self, payment_data):
        """Return whether the provider tells of money that was taken on the portal.

        :param dict payment_data: What the provider tells.
        :rtype: bool
        """
        if self.origin != "portal":
            return False
        intent = payment_data.get("payment_intent")
        return not intent or intent["status"] in stripe_rules.TAKING

    def _is_mismatch(self, taken):
        """Return whether an amount is not the one that was asked for.

        :param dict taken: As `payment.transaction._extract_amount_data` returns it.
        :rtype: bool
        """
        self.ensure_one()
        asked = self.transaction_id.amount
        if taken.get("precision_digits") is not None:
            # As core does: providers may know fewer decimals of a currency.
            asked = float_round(
                asked, taken["precision_digits"], rounding_method="DOWN"
            )
        return (
            taken["currency_code"] != self.currency_id.name
            or self.currency_id.compare_amounts(taken["amount"], asked) != 0
        )

    def _hold_for_review(self, taken):
        """Keep others from paying until staff have looked at it, and tell them, once.

        :param dict taken: As `payment.transaction._extract_amount_data` returns it.
        """
        self.ensure_one()
        if self.is_mismatched or self.state == "done":
            return
        is_comparable = taken["currency_code"] == self.currency_id.name
        self.transaction_id._set_pending(
            state_message=False, extra_allowed_states=("authorized", "cancel")
        )
        self.write(
            {
                "is_mismatched": True,
                "mismatched_amount": is_comparable and taken["amount"],
            }
        )
        self._report(
            "mismatch",
            self.env._(
                "Different amount charged: %(taken)s %(currency)s",
                taken=taken["amount"],
                currency=taken["currency_code"],
            ),
            self.env._(
                "%(amount)s was requested. The customer has been told not to pay "
                "again. Book the amount charged from the list of payments that need "
                "you (%(reference)s), or refund it, so that the invoice can be paid "
                "again.",
                amount=self.currency_id.format(self.amount),
                reference=self.reference,
            ),
        )

    def _is_on_hold(self):
        """Return whether this payment waits for staff because of its amount.

        :rtype: bool
        """
        self.ensure_one()
        return self.is_mismatched and self.state == "pending"

    def _is_waiting_for_staff(self):
        """Return whether the invoice cannot be paid until staff have decided.

        :rtype: bool
        """
        self.ensure_one()
        is_uncertain = self.state == "pending" and self.charge_is_uncertain
        return self._is_on_hold() or is_uncertain

    def _cancel_mismatch(self):
        """Give a payment up whose other amount was refunded to the customer."""
        self.ensure_one()
        self.transaction_id._set_canceled()
        self._set_open(False)
        self._resolve("mismatch", "refunded")

    def _divide_again(self):
        """Divide another amount than was asked for among the invoices."""
        self.ensure_one()
        if len(self.line_ids) > 1:
            shares = dict(self.line_ids.move_id._get_portal_shares(self.amount))
            for line in self.line_ids:
                line.amount = shares[line.move_id]

    def _book_mismatch(self):
        """Take what the provider took for what was asked for, and book it.

        :raise UserError: If the amount is right, or in another currency, or if Stripe
            cannot be asked.
        """
        self.ensure_one()
        self._lock()
        if not self._is_on_hold() or not self.mismatched_amount:
            raise UserError(self.env._("There is no different amount to book."))
        self.transaction_id.amount = self.mismatched_amount
        self._divide_again()
        self.is_mismatched = False
        if not self._is_known_to_stripe():
            self.transaction_id._set_done()
            self._book()
            return
        try:
            self._stripe_refresh()
        except stripe.StripeError as error:
            raise UserError(
                self.env._("Stripe cannot be reached. Please try again in a minute.")
            ) from error

    def _refund_taken(self):
        """Refund, through the provider, what was taken and is not due.

        It is all of it where nothing of it was due, and what nobody has booked.

        :raise UserError: If the provider does not refund it.
        """
        self.ensure_one()
        self._lock()
        if self._is_on_hold():
            if not self._is_known_to_stripe():
                raise UserError(
                    self.env._(
                        "Please refund this payment at %(provider)s.",
                        provider=self.provider_id.name,
                    )
                )
            self._stripe_refund_intent()
            return
        if self.state != "done" or self.provider_id.support_refund == "none":
            raise UserError(self.env._("This payment cannot be refunded from here."))
        taken = self.overpaid_amount or self.amount
        left = self.currency_id.round(taken - self._get_refunded_amount())
        if self.currency_id.compare_amounts(left, 0.0) <= 0:
            raise UserError(self.env._("This has already been refunded."))
        self.transaction_id._refund(amount_to_refund=left)

    def _get_credit_lines(self):
        """Return what of this payment's entry is the customer's credit still.

        :rtype: account.move.line
        """
        payment = self.transaction_id.payment_id
        return payment.move_id.line_ids.filtered(
            lambda line: (
                line.account_id == payment.destination_account_id
                and not line.reconciled
            )
        )

    # === BUSINESS METHODS - CHARGE OF A SAVED CARD === #

    def _is_charge_due(self):
        """Return whether a saved card is to be charged still.

        Not after a while: who waited in vain has paid in another way.

        :rtype: bool
        """
        self.ensure_one()
        return (
            self.state == "draft"
            and self.origin == "portal"
            and self.transaction_id.operation == "online_token"
            and not self.transaction_id.provider_reference
            and not self.charge_is_uncertain
            and not self.release_requested_on
            and not self._is_abandoned()
        )

    def _charge(self):
        """Charge a saved card, now that the attempt is on record.

        Whatever happens to this server, the attempt is there afterwards. Stripe is
        asked again then, under the same idempotency key, which makes no second charge.
        Other providers know no such key: they are asked once, see `_record_charge`,
        and where no answer came, staff find out.

        :raise stripe.StripeError: If Stripe cannot be asked, or does not say whether
            it has charged the card.
        """
        self.ensure_one()
        self._lock()
        balance = sum(self.line_ids.move_id.mapped("portal_balance_due"))
        if self.currency_id.compare_amounts(self.amount, balance) > 0:
            self._cancel_attempt()  # It was paid in another way meanwhile.
            return
        is_stripe = self.provider_id.code == "stripe"
        if not is_stripe:
            self._record_charge()
        try:
            self.transaction_id._charge_with_token()
        except UnansweredChargeError:
            _logger.warning("Payment %s: no answer to a charge", self.reference)
        if self.state == "error":
            self._cancel_attempt()  # A declined card keeps nobody out.
        if not is_stripe:
            self._record_charge_answer()

    def _record_charge(self):
        """Put on record, whatever comes, that a card is about to be charged.

        :raise UserError: If the provider cannot be asked, because it is disabled.
        """
        self.ensure_one()
        self.transaction_id._ensure_provider_is_not_disabled()
        self.charge_is_uncertain = True
        self._commit_charge()
        self._lock()  # Again: it ended with the database transaction.

    def _record_charge_answer(self):
        """Put on record, whatever comes of booking, what a provider has answered.

        One that has not decided yet will tell, and meanwhile it is uncertain still.
        """
        self.ensure_one()
        self.charge_is_uncertain = self.state == "draft"
        self._commit_charge()

    def _commit_charge(self):
        """Make what was done so far last."""
        # Money cannot be rolled back: what is known of it must not be either.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _is_charge_unanswered(self):
        """Return whether nobody here knows if a saved card was charged.

        :rtype: bool
        """
        self.ensure_one()
        return self.state == "draft" and self.charge_is_uncertain

    def _report_uncertain_charge(self):
        """Have staff find out whether a saved card was charged.

        Until then nobody is asked to pay again.
        """
        self.ensure_one()
        self.transaction_id._set_pending(state_message=False)
        self._report(
            "uncertain",
            self.env._(
                "Was the saved card charged? %(amount)s",
                amount=self.currency_id.format(self.amount),
            ),
            self.env._(
                "%(provider)s was asked to charge the card but did not answer. The "
                "customer has been told not to pay again. Look up %(reference)s at "
                "%(provider)s, then say in the list of payments that need you whether "
                "the card was charged.",
                provider=self.provider_id.name,
                reference=self.reference,
            ),
        )

    def _confirm_charge(self):
        """Book a payment of which staff have found out that the card was charged.

        :raise UserError: If nothing is uncertain about it.
        """
        self._end_uncertainty()
        self.transaction_id._set_done()
        self._book()

    def _release_charge(self):
        """Give a payment up of which staff have found out that nothing was charged.

        :raise UserError: If nothing is uncertain about it.
        """
        self._end_uncertainty()
        self.transaction_id._set_canceled()
        self._set_open(False)

    def _end_uncertainty(self):
        """Note that staff know whether the card was charged.

        :raise UserError: If nothing is uncertain about it.
        """
        self.ensure_one()
        self._lock()
        if self.state != "pending" or not self.charge_is_uncertain:
            raise UserError(
                self.env._("It is already known whether this card was charged.")
            )
        self.charge_is_uncertain = False

    # === BUSINESS METHODS - SCHEDULED CATCH-UP === #

    def _give_up(self):
        """Give an attempt up that the provider does not know any more.

        Another account's keys, or those of its other mode, were entered since it was
        started. What was paid there is not seen here.
        """
        self.ensure_one()
        if self.state in ("draft", "pending", "authorized"):
            self.transaction_id._set_canceled()
        self._set_open(False)
        self.review_due = False
        self._report(
            "gone",
            self.env._(
                "%(provider)s has no record of a payment of %(amount)s",
                provider=self.provider_id.name,
                amount=self.currency_id.format(self.amount),
            ),
            self.env._(
                "Payment %(reference)s was started with the keys of another account or "
                "mode. It has been given up here so that the invoice can be paid. "
                "Please check in that account whether it was paid "
                "(%(provider_reference)s).",
                reference=self.reference,
                provider_reference=self.transaction_id.provider_reference or "",
            ),
        )

    def _report_wrong_keys(self):
        """Have staff see to a provider's keys, once for all of its payments."""
        self.ensure_one()
        todos = self.env["account.move.portal.todo"]
        if todos.search_count(
            [
                ("kind", "=", "keys"),
                ("state", "=", "open"),
                ("attempt_id.transaction_id.provider_id", "=", self.provider_id.id),
            ],
            limit=1,
        ):
            return
        self._report(
            "keys",
            self.env._(
                "%(provider)s rejects the keys entered in Odoo",
                provider=self.provider_id.name,
            ),
            self.env._(
                "No payment can be started or tracked until an administrator enters "
                "the correct keys on the payment provider."
            ),
        )

    def _follow_error(self, error):
        """Do what an error of Stripe asks for, when nobody waits for the payment.

        :param stripe.StripeError error: The error.
        """
        self.ensure_one()
        follow = stripe_rules.get_error_rule(error).follow
        if follow:
            getattr(self, follow)()

    def _try_step(self, method, *args):
        """Run a step of the catch-up in a database transaction of its own.

        :param callable method: The step.
        :param args: Its arguments.
        :return: Whether it succeeded.
        :rtype: bool
        """
        try:
            method(*args)
            self.env.flush_all()
            self.env["ir.cron"]._commit_progress(1)
        except psycopg2.OperationalError as error:
            # Someone else is at it: the next run will see.
            self.env.cr.rollback()
            _logger.info("Payment %s not caught up: %s", self.reference, error)
            return False
        except stripe.StripeError as error:
            self.env.cr.rollback()
            rule = stripe_rules.get_error_rule(error)
            if rule.is_ours:
                _logger.exception("Payment %s could not be caught up", self.reference)
                return False
            kind = stripe_errors.classify(error)
            _logger.info("Payment %s not caught up: %s", self.reference, kind)
            return self._try_step(self._follow_error, error) and not rule.asks_again
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Payment %s could not be caught up", self.reference)
            return False
        return True

    @api.model
    def _catch_up_open_attempts(self):
        """Ask how each open attempt stands; give up those that were abandoned.

        And once more after a payment was booked, for what came to it before. Those come
        first that were not asked for the longest time. What does not fit into the time
        of a scheduled run is left to the next one, which follows at once.
        """
        domain = ["|", ("is_open", "=", True), ("review_due", "=", True)]
        for attempt in self.search(domain, order="asked_on NULLS FIRST, id"):
            if not attempt._is_to_be_asked():
                continue
            # On record whatever comes of it, so that none that fails keeps others back.
            attempt.asked_on = fields.Datetime.now()
            if self.env["ir.cron"]._commit_progress() < CATCH_UP_SECONDS:
                self.env.ref(const.CATCH_UP_CRON).sudo()._trigger()
                return
            if attempt.transaction_id.try_lock_for_update(allow_referencing=True):
                attempt._try_step(attempt._catch_up)

    def _is_to_be_asked(self):
        """Return whether the schedule is to ask for this attempt now.

        A debit takes days, and Stripe's events tell when it settles.

        :rtype: bool
        """
        self.ensure_one()
        is_patient = (
            self.state == "pending"
            and self._is_known_to_stripe()
            and not self.release_requested_on
        )
        if not (is_patient and self.asked_on):
            return True
        return self.asked_on <= fields.Datetime.now() - PENDING_PAUSE

    def _catch_up(self):
        """Bring one open attempt to where its provider has it."""
        self.ensure_one()
        if self.is_open and self.release_requested_on:
            self._release()
        elif self.provider_id.code == "stripe" and self._stripe_find_intent():
            self._stripe_refresh()
        elif self._is_charge_due():
            # The customer said Pay, and closed the page before it could follow.
            self._charge()
        elif (
            self._is_charge_unanswered()
            and self.transaction_id.create_date
            < fields.Datetime.now() - timedelta(minutes=ATTEMPT_MINUTES)
        ):
            self._report_uncertain_charge()
        self._book()
        if self.is_open and self._is_abandoned():
            self._cancel_attempt()

    # === BUSINESS METHODS - BOOKING === #

    def _book(self):
        """Book this payment if it is confirmed and not booked yet.

        A failure leaves it confirmed, for the scheduler to try again: what the
        customer paid is a fact, whatever keeps us from booking it.
        """
        self.ensure_one()
        if error := self._try_booking(self.transaction_id):
            self._report_unbooked(error)

    @api.model
    def _try_booking(self, tx):
        """Book a payment, or a refund of one, if it is confirmed and not booked yet.

        :param payment.transaction tx: The payment or refund.
        :return: Why it could not be booked; None if nothing is left to be booked.
        :rtype: Exception | None
        """
        if tx.state != "done" or tx.is_post_processed:
            return None
        try:
            with self.env.cr.savepoint():
                tx._post_process()
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # Someone else is booking it: to be run again.
        except Exception as error:
            self.env.invalidate_all()
            _logger.exception("Payment %s could not be booked yet", tx.reference)
            return error
        return None

    @contextmanager
    def _hide_changed_invoices(self):
        """Keep core from booking on invoices that are not what was to be paid.

        Those that staff have reset to draft were posted when the payment was started:
        whoever edits one is not to find it posted when the money comes. And what has
        become another's invoice takes nothing of it.
        """
        hidden = {}
        for attempt in self:
            tx = attempt.transaction_id
            if tx.state != "done":
                continue
            changed = attempt.line_ids.filtered(lambda line: not line.is_same_invoice)
            moves = tx.invoice_ids & changed.move_id
            if attempt.origin == "portal":
                moves |= tx.invoice_ids.filtered(lambda move: move.state == "draft")
            if moves:
                tx.invoice_ids -= moves
                hidden[tx] = moves
        yield
        for tx, moves in hidden.items():
            tx.invoice_ids += moves

    def _create_shared_payment(self, create_payment, **extra_create_values):
        """Create the payment of several invoices, and pay each by its share.

        Core matches in the order of due dates, whatever was ticked, and grants one
        discount at most. So it is given no invoices to match, but the discounts.

        :param callable create_payment: Core's method that creates a payment.
        :param dict extra_create_values: As of `_create_payment`.
        :return: The payment.
        :rtype: account.payment
        """
        self.ensure_one()
        tx = self.transaction_id
        moves = tx.invoice_ids
        # With the day on which the payment was started.
        lines = self.line_ids.filtered(lambda line: line.move_id in moves)
        write_offs = {
            line: line.move_id._get_portal_discount_lines(line.amount)
            for line in lines.sorted("id")
        }
        extra_create_values = {
            "invoice_ids": [Command.set(moves.ids)],
            "write_off_line_vals": [
                values for lines in write_offs.values() for values in lines
            ],
            **extra_create_values,
        }
        term_lines = moves.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        if term_lines:
            account = term_lines[0].account_id
            extra_create_values["destination_account_id"] = account.id
        tx.invoice_ids -= moves
        payment = create_payment(**extra_create_values)
        tx.invoice_ids += moves
        lines._match_with_payment(
            payment,
            {
                line: sum(values["amount_currency"] for values in lines)
                for line, lines in write_offs.items()
            },
        )
        return payment

    def _report_unbooked(self, error):
        """Give staff to do what keeps this payment from being booked, once.

        :param Exception error: Why it could not be booked.
        """
        self.ensure_one()
        self._report(
            "unbooked",
            self.env._("Online payment could not be booked"),
            self.env._(
                "%(amount)s was paid (%(reference)s). Odoo tries to book it again "
                "every few minutes. It fails for this reason: %(error)s",
                amount=self.currency_id.format(self.amount),
                reference=self.reference,
                error=str(error) or type(error).__name__,
            ),
        )

    def _get_due(self):
        """Return what is due of each attempt's invoices, before it is booked.

        :return: The amount by attempt; nothing of what is booked already.
        :rtype: dict[account.move.portal.attempt, float]
        """
        return {
            attempt: sum(
                # Of several, each takes its share, whatever the others leave.
                min(line.amount, line.move_id.portal_balance_due)
                if len(attempt.line_ids) > 1
                else line.move_id.portal_balance_due
                for line in attempt.line_ids
                if line.move_id.state == "posted" and line.is_same_invoice
            )
            for attempt in self
            if attempt.state == "done" and not attempt.transaction_id.payment_id
        }

    def _after_post_process(self, due):
        """Close an attempt of which nothing more can come.

        :param dict due: What was due before, see `_get_due`.
        """
        over = self.filtered(lambda attempt: attempt.state in ("done", "cancel"))
        over._set_open(False)
        for attempt in over:
            if attempt.state == "done":
                for kind in ("mismatch", "uncertain", "unbooked"):
                    attempt._resolve(kind, "matched")
                # The customer has tried again.
                for failed in attempt.line_ids.move_id.portal_attempt_line_ids:
                    failed.attempt_id._resolve("failed", "done")
            attempt._resolve("late", "released")
        for attempt, before in due.items():
            if attempt.transaction_id.payment_id:
                attempt.review_due = attempt._is_known_to_stripe()
                attempt._report_excess(before)

    def _report_excess(self, due):
        """Note what came though it was not due, and have staff settle it, once.

        :param float due: What was due of the invoices before it was booked.
        """
        self.ensure_one()
        excess = self.currency_id.round(self.amount - due)
        if self.currency_id.compare_amounts(excess, 0.0) <= 0:
            return
        self.overpaid_amount = excess
        moves = self.line_ids.move_id
        is_open = moves and all(move.state == "posted" for move in moves)
        is_same = all(self.line_ids.mapped("is_same_invoice"))
        values = {
            "excess": self.currency_id.format(excess),
            "amount": self.currency_id.format(self.amount),
            "reference": self.reference,
        }
        if not is_same:
            kind = "changed"
            summary = self.env._(
                "%(excess)s was paid for an invoice that has since changed",
                **values,
            )
        elif is_open:
            kind = "overpaid"
            summary = self.env._("%(excess)s was overpaid", **values)
        else:
            kind = "cancelled"
            summary = self.env._(
                "%(amount)s was paid for an invoice that is not open", **values
            )
        note = self.env._(
            "%(excess)s of payment %(reference)s is now the customer's credit, and the "
            "customer has been told so. Refund it, or match it with another invoice.",
            **values,
        )
        if not is_same:
            reason = self.env._(
                "The customer, currency or company of the invoice was changed while "
                "the payment was under way."
            )
            note = f"{reason} {note}"
        self._report(kind, summary, note)

    def _get_refunded_amount(self):
        """Return how much of this payment was refunded to the customer.

        :rtype: float
        """
        self.ensure_one()
        refunds = self.transaction_id.child_transaction_ids.filtered(
            lambda tx: tx.operation == "refund" and tx.state in ("pending", "done")
        )
        return -sum(refunds.mapped("amount"))

    # === BUSINESS METHODS - WHAT STAFF HAVE TO DO === #

    def _report(self, kind, summary, note, dispute=None):
        """Put this payment on the list of those that need staff, and tell one of them.

        Once for each reason, until it is settled. Only of a dispute staff hear each
        time that something happens to it.

        :param str kind: The reason: a key of `account.move.portal.todo.kind`.
        :param str summary: What it is about.
        :param str note: What there is to know.
        :param account.move.portal.dispute dispute: The dispute that it is about.
        """
        self.ensure_one()
        known = self.todo_ids.filtered(
            lambda todo: (
                todo.state == "open"
                and todo.kind == kind
                and todo.dispute_id == (dispute or todo.dispute_id.browse())
            )
        )
        if known and not dispute:
            return
        activity = self._schedule_activity(summary, note)
        values = {"summary": summary, "note": note, "activity_id": activity.id}
        if known:
            known.write(values)
            return
        self.env["account.move.portal.todo"].create(
            {
                "attempt_id": self.id,
                "dispute_id": dispute and dispute.id,
                "kind": kind,
                **values,
            }
        )

    def _resolve(self, kind, resolution):
        """Take this payment off the list: what it stood there for is over.

        :param str kind: The reason that is over.
        :param str resolution: How it was settled.
        """
        self.ensure_one()
        self.todo_ids.filtered(
            lambda todo: todo.kind == kind and todo.state == "open"
        ).write({"state": "done", "resolution": resolution})

    def _schedule_activity(self, summary, note):
        """Give whoever is responsible for the invoice something to do.

        One of them, so that it is not done twice; where there is nobody, it waits on
        the invoice for whoever takes it.

        :param str summary: What it is about.
        :param str note: What there is to know.
        :return: The activity; none where the invoice was deleted.
        :rtype: mail.activity
        """
        self.ensure_one()
        move = self.move_id
        if not move:
            return self.env["mail.activity"]
        # By OdooBot: it is often noticed in a request of a customer or of a provider,
        # who have no address from which the colleague could be mailed. And at once:
        # what scheduled code notifies of would wait for the mail queue, up to an hour.
        return (
            move.with_user(SUPERUSER_ID)
            .with_context(mail_notify_force_send=True)
            .activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=move._get_portal_staff()[:1].id,
                summary=summary,
                note=note,
            )
        )

    # === BUSINESS METHODS - PAYMENT STATUS === #

    def _get_payment_status(self):
        """Return how the payment went, as the customer is told.

        :return: `waiting`, `verify`, `processing`, `awaiting_transfer`, `paid`,
            `failed`, `cancelled`, `on_hold` or `reversed`.
        :rtype: str
        """
        self.ensure_one()
        if self.is_reversed:
            return "reversed"
        if self.state == "pending":
            if self._is_on_hold():
                return "on_hold"
            if self.provider_id.code in const.OFFLINE_PROVIDERS:
                return "awaiting_transfer"
            return "verify" if self.verification_url else "processing"
        # `paid` even if we cannot book it yet: the money came.
        return stripe_rules.ANSWERS[self.state]

    def _pays(self, move):
        """Return whether an invoice is one that this is to pay, as it stands now.

        :param account.move move: The invoice.
        :return: Not if it has become another's since this was started.
        :rtype: bool
        """
        lines = self.line_ids.filtered(lambda line: line.move_id == move)
        return bool(lines) and all(lines.mapped("is_same_invoice"))

    def _get_invoice_names(self):
        """Return the numbers of the invoices that this is to pay.

        :rtype: str
        """
        self.ensure_one()
        moves = self.line_ids.sorted("id").move_id or self.move_id
        return ", ".join(move.name or "" for move in moves)

    def _get_share(self, move):
        """Return what this is to pay of an invoice.

        :param account.move move: The invoice.
        :return: Zero if it is none of this payment's.
        :rtype: float
        """
        lines = self.line_ids.filtered(lambda line: line.move_id == move)
        return sum(lines.mapped("amount"))

    def _get_method_name(self):
        """Return how was paid, in the words of the payment screen.

        :rtype: str
        """
        self.ensure_one()
        tx = self.transaction_id
        name = tx.payment_method_id.name
        if tx.payment_method_code == "ach_direct_debit":
            name = self.env._("eCheck / Bank")
        digits = self.method_digits or tx.token_id.payment_details
        return f"{name} •••• {digits}" if digits else name

    def _is_bank_payment(self):
        """Return whether this payment takes days, as those by bank account do.

        :rtype: bool
        """
        self.ensure_one()
        method = self.transaction_id.primary_payment_method_id
        return method.code.endswith("direct_debit")

    # === BUSINESS METHODS - STRIPE: FINDING EACH OTHER === #

    @api.model
    def _stripe_find_payment(self, providers, event):
        """Return the portal payment that an event of Stripe is about.

        Who signed an event and whose payment it is about are two questions: several
        providers may stand for one account.

        :param payment.provider providers: Those of the account whose event it is.
        :param dict event: The event.
        :return: The payment; empty if it is not one of the portal's.
        :rtype: account.move.portal.attempt
        """
        about = event["data"]["object"]
        is_intent = about.get("object") == "payment_intent"
        intent_ref = about["id"] if is_intent else about.get("payment_intent")
        if not intent_ref or not isinstance(intent_ref, str):
            return self.browse()
        domain = Domain("transaction_id.provider_id", "in", providers.ids) & Domain(
            "origin", "=", "portal"
        )
        known = Domain("transaction_id.provider_reference", "=", intent_ref)
        if attempt := self.search(domain & known):
            return attempt
        if not is_intent:
            return self.browse()
        # The charge was made, and the server stopped before it could note the intent.
        attempt = self.search(
            domain
            & Domain("transaction_id.reference", "=", about.get("description"))
            & Domain("transaction_id.provider_reference", "=", False)
        )
        attempt.transaction_id.provider_reference = intent_ref
        return attempt

    @api.model
    def _stripe_find_described(self, event):
        """Return the portal payment that an event names, though it is not about it.

        Anybody may have made an intent of the same description.

        :param dict event: The event.
        :rtype: account.move.portal.attempt
        """
        reference = event["data"]["object"].get("description")
        if not isinstance(reference, str):
            return self.browse()
        return self.search(
            [("origin", "=", "portal"), ("transaction_id.reference", "=", reference)]
        )

    def _stripe_return(self, secret):
        """Follow a payment whose payer comes back from Stripe, or from a bank.

        :param str secret: What the address holds of the intent's secret.
        :return: Whether it proves that it is the payer who comes back.
        :rtype: bool
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        self._sync_with_provider()
        if not (secret and self._is_known_to_stripe()):
            return False
        known = self._stripe_refresh().get("client_secret") or ""
        return bool(known) and consteq(known.encode(), secret.encode())

    def _is_known_to_stripe(self):
        """Return whether this is a payment that Stripe can be asked for.

        :rtype: bool
        """
        self.ensure_one()
        is_stripe = self.provider_id.code == "stripe"
        return is_stripe and bool(self.transaction_id.provider_reference)

    def _stripe_find_intent(self):
        """Return whether this payment has an intent at Stripe.

        A saved card is charged in the same request that makes the intent: when its
        answer is lost, only Stripe knows.

        :rtype: bool
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        tx = self.transaction_id
        if not tx.provider_reference and tx.token_id:
            intents = self.provider_id._stripe_request(
                "GET",
                "payment_intents",
                {"customer": tx.token_id.provider_ref, "limit": 100},
            )["data"]
            tx.provider_reference = next(
                (
                    intent["id"]
                    for intent in intents
                    if intent["description"] == tx.reference
                ),
                False,
            )
        return bool(tx.provider_reference)

    # === BUSINESS METHODS - STRIPE: REQUESTS === #

    def _stripe_send(self, tx, method, endpoint, params):
        """Send a request of core's payment flow to Stripe, through its SDK.

        :param payment.transaction tx: For which it is: this payment or a refund of it.
        :param str method: The HTTP method.
        :param str endpoint: The path below `/v1/`.
        :param dict params: The parameters.
        :return: The object that Stripe answers with.
        :rtype: dict
        :raise stripe.StripeError: If Stripe may have charged a saved card, or not. It
            is to be asked again.
        :raise UserError: The same of a refund. Nothing is recorded, so that it is asked
            for again under the same reference, which makes no second refund.
        :raise ValidationError: If Stripe refuses.
        """
        params = stripe_params.prepare(tx, endpoint, params)
        if (method, endpoint) == ("POST", "refunds"):
            # So that it is known for ours when only a webhook tells of it.
            params = {**params, "metadata": {REFUND_MARK: tx.reference}}
        try:
            return tx.provider_id._stripe_request_for(
                tx.reference, method, endpoint, params
            )
        except stripe.StripeError as error:
            if isinstance(error, stripe_errors.UNDECIDED):
                if tx.operation == "online_token":
                    raise
                if tx.operation == "refund":
                    raise self._get_undecided_refund_error() from error
            raise self._stripe_get_refusal(error, tx) from error

    def _take_unanswered_refund(self, amount):
        """Return a refund that was asked for here, and whose answer was lost.

        Whoever repeats it means that one: it is not made twice, as they were told.

        :param float amount: The amount to refund, in the payment's currency.
        :return: The refund, for this once; empty if there is none of this amount.
        :rtype: payment.transaction
        """
        self.ensure_one()
        refund = self.unanswered_refund_ids.filtered(
            lambda tx: (
                tx.state in ("draft", "pending", "done")
                and self.currency_id.compare_amounts(-tx.amount, amount) == 0
            )
        )[:1]
        self.unanswered_refund_ids -= refund
        return refund

    def _get_undecided_refund_error(self):
        return UserError(
            self.env._(
                "The payment service has not confirmed the refund. Please try again in "
                "a minute. It will not be made twice."
            )
        )

    def _stripe_get_refusal(self, error, tx=None):
        """Return what core's payment flow expects to be raised when Stripe refuses.

        :param stripe.StripeError error: What the SDK raised.
        :param payment.transaction|None tx: What was refused: this payment if None.
        :rtype: ValidationError
        """
        if isinstance(error, stripe.APIConnectionError):
            message = self.env._(
                "Could not establish the connection to the payment provider."
            )
        else:
            reason = (error.json_body or {}).get("error") or {}
            message = decline_codes.explain(tx or self.transaction_id, reason)
        return ValidationError(message)

    # === BUSINESS METHODS - STRIPE: THE INTENT === #

    def _stripe_process_events(self, events):
        """Act on events of this payment that were not acted on before.

        :param list[dict] events: The events.
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        self._lock()
        recorder = self.env["payment.provider.event"]
        if any([recorder._record(self.transaction_id, event) for event in events]):
            self._stripe_refresh()

    def _stripe_refresh(self):
        """Ask Stripe how this payment stands, and follow.

        :return: The intent.
        :rtype: dict
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        intent = self.provider_id._stripe_request(
            "GET",
            f"payment_intents/{self.transaction_id.provider_reference}",
            {"expand": ["payment_method"]},
        )
        self._stripe_apply_intent(intent)
        return intent

    def _stripe_apply_intent(self, intent):
        """Bring this payment to the state of its intent.

        :param dict intent: The intent as Stripe has it now.
        """
        self.ensure_one()
        self._lock()
        tx = self.transaction_id
        if self._stripe_has_news(intent):
            before, data = self.state, {"reference": tx.reference}
            if self._stripe_is_refused(intent):
                message = decline_codes.explain(tx, intent["last_payment_error"])
                intent = {**intent, "last_payment_error": {"message": message}}
            StripeController._include_payment_intent_in_payment_data(intent, data)
            tx._process("stripe", data)
            if before == "pending" and self.state == "error":
                self._after_failure()
                self._report_failure()
        if self._is_on_hold() and _is_refunded(intent):
            self._cancel_mismatch()
        self._stripe_apply_method(intent)
        self._stripe_apply_verification(intent)
        if intent["status"] == "canceled":
            self._set_open(False)
        self._book()
        if tx.is_post_processed and self.state == "done":
            self._stripe_apply_reversals(intent)
            self.review_due = False

    def _report_failure(self):
        """Tell staff that money they were waiting for does not come, once.

        The invoice said for days that a payment is being processed.
        """
        self.ensure_one()
        self._report(
            "failed",
            self.env._(
                "A bank payment of %(amount)s has failed",
                amount=self.currency_id.format(self.amount),
            ),
            self.env._(
                "%(reference)s: %(reason)s The customer has been told and can pay "
                "again.",
                reference=self.reference,
                reason=self.transaction_id.state_message or "",
            ),
        )

    def _stripe_is_refused(self, intent):
        """Return whether Stripe says of an intent why it was refused.

        :param dict intent: The intent.
        :rtype: bool
        """
        is_open = intent["status"] == "requires_payment_method"
        return is_open and bool(intent["last_payment_error"])

    def _stripe_has_news(self, intent):
        """Return whether core has to hear how the intent stands.

        :param dict intent: The intent.
        :rtype: bool
        """
        if intent["status"] == "requires_payment_method":
            # Without an error the customer has not confirmed yet; core would take it
            # for a failure.
            return self.state in ("draft", "pending") and intent["last_payment_error"]
        if intent["status"] == "canceled":
            return self.state in ("draft", "pending", "authorized")
        return self.state != "done"

    def _stripe_apply_method(self, intent):
        """Note with which card or account is paid, for the answer and the receipt.

        :param dict intent: The intent, with its payment method.
        """
        method = intent.get("payment_method")
        details = method.get(method["type"]) if isinstance(method, dict) else None
        digits = (details or {}).get("last4")
        if digits and digits != self.method_digits:
            self.method_digits = digits

    def _stripe_apply_verification(self, intent):
        """Note whether the customer has a bank account to verify.

        Source: https://docs.stripe.com/payments/ach-direct-debit, micro-deposits.

        :param dict intent: The intent.
        """
        action = intent["next_action"] or {}
        details = action.get("verify_with_microdeposits") or {}
        url = details.get("hosted_verification_url") or False
        if url == self.verification_url:
            return
        self.verification_url = url
        if url:
            self.transaction_id._set_pending(state_message=False)
            self._after_verification_request()

    def _stripe_cancel_intent(self):
        """See to it, at Stripe, that nothing can come of this attempt any more.

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        try:
            intent = self.provider_id._stripe_request(
                "POST",
                f"payment_intents/{self.transaction_id.provider_reference}/cancel",
                {"cancellation_reason": "abandoned", "expand": ["payment_method"]},
            )
        except stripe.InvalidRequestError:
            # It is beyond that: paid, being processed, or cancelled before.
            self._stripe_refresh()
        else:
            self._stripe_apply_intent(intent)

    def _stripe_capture(self):
        """Take, as a whole, the money that the customer's bank has reserved.

        :raise ValidationError: If Stripe refuses, or cannot be reached.
        """
        self.ensure_one()
        self._lock()
        reference = self.transaction_id.provider_reference
        try:
            try:
                self.provider_id._stripe_request(
                    "POST", f"payment_intents/{reference}/capture"
                )
            except stripe.InvalidRequestError:
                # It may be beyond that: captured at Stripe, cancelled, or expired.
                self._stripe_refresh()
                if self.state == "authorized":
                    raise
            else:
                self._stripe_refresh()
        except stripe.StripeError as error:
            raise self._stripe_get_refusal(error, self.transaction_id) from error

    # === BUSINESS METHODS - STRIPE: REFUNDS === #

    def _stripe_refund_intent(self):
        """Refund what an intent took that was never booked, and give the payment up.

        :raise UserError: If Stripe refuses, or does not say whether it was made.
        """
        self.ensure_one()
        tx = self.transaction_id
        try:
            # The key is made of the reference: run again, it makes no second refund.
            self.provider_id._stripe_request_for(
                tx.reference,
                "POST",
                "refunds",
                {"payment_intent": tx.provider_reference},
            )
        except stripe_errors.UNDECIDED as error:
            raise self._get_undecided_refund_error() from error
        except stripe.StripeError as error:
            if stripe_errors.get_code(error) not in stripe_errors.DONE_CODES:
                raise UserError(str(self._stripe_get_refusal(error))) from error
        try:
            self._stripe_refresh()
        except stripe.StripeError as error:
            raise self._get_undecided_refund_error() from error

    def _stripe_apply_reversals(self, intent):
        """Follow what was refunded or charged back of a finished payment.

        :param dict intent: The intent, in an API version that lists its charges.
        """
        charges = intent["charges"]["data"]
        about = {"payment_intent": intent["id"], "limit": 100}
        is_refunded = any(charge["amount_refunded"] for charge in charges)
        # One may have come back.
        if is_refunded or self.transaction_id.child_transaction_ids:
            self._stripe_apply_refunds(
                self.provider_id._stripe_request("GET", "refunds", about)["data"]
            )
        if any(charge["disputed"] for charge in charges):
            disputes = self.provider_id._stripe_request("GET", "disputes", about)
            self._apply_disputes(disputes["data"])

    def _stripe_apply_refunds(self, refunds):
        """Follow the refunds of this payment, wherever they were made.

        :param list[dict] refunds: Stripe's refunds, newest first.
        """
        source = self.transaction_id
        known = {tx.provider_reference: tx for tx in source.child_transaction_ids}
        for refund in reversed(refunds):
            tx = known.get(refund["id"])
            if not tx:
                tx = StripeController._create_refund_tx_from_refund(source, refund)
                self._after_refund_creation(tx)
                if REFUND_MARK in (refund.get("metadata") or {}):
                    self.unanswered_refund_ids += tx
            if REFUND_STATES.get(refund["status"], "draft") == tx.state:
                continue
            data = {}
            StripeController._include_refund_in_payment_data(refund, data)
            tx._process("stripe", data)
            self._book_refund(tx)
            if tx.state == "error" and tx.payment_id:
                # The money came back to us after the refund was booked.
                self._reverse(tx, self.env._("The refund was returned."))
                self._after_refund_return(tx)

    def _book_refund(self, refund):
        """Book a refund of this payment.

        :param payment.transaction refund: The refund, in sudo mode.
        """
        self.ensure_one()
        if error := self._try_booking(refund):
            self._report_unbooked(error)

    def _match_refund(self, refund):
        """Take a refund that was just booked off what was too much.

        :param payment.transaction refund: The refund, in sudo mode.
        """
        self.ensure_one()
        credit = self.overpaid_amount and self._get_credit_lines()
        if not credit or refund.payment_id.state not in BOOKED_STATES:
            return
        lines = refund.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id == credit.account_id and not line.reconciled
        )
        if not lines:
            return
        left = -sum(credit.mapped("amount_residual_currency"))
        if self.currency_id.compare_amounts(-refund.amount, left) >= 0:
            for kind in const.CREDIT_KINDS:
                self._resolve(kind, "refunded")
        (credit + lines).reconcile()

    # === BUSINESS METHODS - STRIPE: DISPUTES AND RETURNS === #

    def _apply_disputes(self, disputes):
        """Follow the disputes of this payment: the books say where the money is.

        An inquiry moves no money; a dispute takes it at once; one that is won gives it
        back. Bank payments that come back after they settled are disputes as well. A
        payment may have several, of a part each or one after another: it is gone as
        long as one of them holds the whole of it. Staff book what is taken in part.

        Source: https://docs.stripe.com/disputes/how-disputes-work.

        :param list[dict] disputes: All of them as Stripe has them now, newest first.
        """
        self.ensure_one()
        rows = self.dispute_ids
        news = moved = rows.browse()
        known = {row.provider_ref: row for row in rows}
        kind = "return" if self._is_bank_payment() else "dispute"
        for dispute in reversed(disputes):
            values = rows._parse_dispute(dispute)
            row = known.get(dispute["id"])
            held = row.holds_money if row else False
            if not row:
                row = rows.create({"attempt_id": self.id, "kind": kind, **values})
            elif (row.status, held) == (values["status"], values["holds_money"]):
                continue
            else:
                row.write(values)
            news += row
            if row.holds_money != held:
                moved += row
        if not news:
            return
        self._book_disputes(moved)
        for row in news:
            self._report_dispute(row, row in moved)

    def _book_disputes(self, moved):
        """Reverse or reinstate the whole of this payment, as its disputes did.

        :param account.move.portal.dispute moved: Those that have just taken money or
            given it back, oldest first.
        """
        self.ensure_one()
        holders = self.dispute_ids.filtered(
            lambda row: row.holds_money and row._is_about_whole()
        )
        if self.is_reversed:
            if not holders:
                self._reinstate()
            return
        # What was left to staff once is left to them. And of what was refunded, the
        # refund's own entry has to stay.
        taker = (moved & holders)[-1:]
        if taker and not self._get_refunded_amount():
            self.is_reversed = True
            taker.reversal_move_id = self._reverse(self.transaction_id, taker.reason)
            self._after_failure()
            is_return = taker.kind == "return"
            self.transaction_id._notify_outcome("returned" if is_return else "disputed")

    def _reverse(self, tx, reason):
        """Reverse a booked payment by an entry of its own, and reopen the invoice.

        The entry of the payment stays, and so does what a bank statement was matched
        with: the money did come.

        :param payment.transaction tx: This payment, or a refund of it.
        :param str reason: Why, for the journal entry.
        :return: The reversal; empty where the payment has no entry.
        :rtype: account.move
        """
        self.ensure_one()
        payment = tx.payment_id
        reversal = payment.move_id.browse()
        if payment.move_id:
            lines = payment.move_id.line_ids
            lines.filtered(
                lambda line: line.account_id == payment.destination_account_id
            ).remove_move_reconcile()
            reversal = payment.move_id._reverse_moves(
                [
                    {
                        "date": self.company_id._get_portal_day(),
                        "ref": self.env._(
                            "Reversed: %(reference)s (%(reason)s)",
                            reference=tx.reference,
                            reason=reason,
                        ),
                    }
                ]
            )
            reversal._post(soft=False)
            self._reconcile_reversal(lines, reversal.line_ids)
        payment.action_reject()
        return reversal

    def _reconcile_reversal(self, lines, reversed_lines):
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

    def _reinstate(self):
        """Book the money that a dispute has reinstated as a new payment."""
        self.ensure_one()
        self.is_reversed = False
        tx = self.transaction_id
        tx.payment_id = False
        with self._hide_changed_invoices():
            tx.with_company(self.company_id)._create_payment()

    def _report_dispute(self, row, has_moved):
        """Give whoever is responsible for the invoice something to do.

        :param account.move.portal.dispute row: The dispute.
        :param bool has_moved: Whether it has just taken money or given it back.
        """
        self.ensure_one()
        is_booked = row._is_about_whole() and self.is_reversed == row.holds_money
        if row.holds_money and not (has_moved or is_booked):
            return  # They were asked to book it, once, when it was taken.
        amount = row.currency_id.format(row.amount)
        if row.status == "won":
            summary = self.env._("Dispute won: %(amount)s is back", amount=amount)
        elif not row.holds_money:
            summary = self.env._("Payment inquiry: %(amount)s", amount=amount)
        else:
            summary = self.env._("Payment reversed: %(amount)s", amount=amount)
        note = self.env._(
            "The customer's bank gave this reason: %(reason)s. The status of Stripe "
            "dispute %(dispute)s is “%(status)s”.",
            reason=row.reason,
            dispute=row.provider_ref,
            status=row.status,
        )
        if has_moved and not is_booked:
            note += " " + self.env._(
                "This was not booked. Please book %(amount)s of payment %(reference)s "
                "yourself.",
                amount=amount,
                reference=self.reference,
            )
        self._report("disputed", summary, note, dispute=row)

    # === HOOKS OF THE ROOMS ABOVE === #

    def _after_booking(self):
        """Do what follows once these are booked. Hook for the room `send`."""

    def _after_failure(self):
        """Do what follows when money did not arrive, or was returned by the bank.

        Hook for the room `send`.
        """

    def _check_refund(self, amount):
        """Check what was chosen for a refund that is asked for. Hook for `statement`.

        :param float amount: The amount to refund, in the payment's currency.
        :raise ValidationError: If it cannot be booked as chosen.
        """

    def _after_refund_creation(self, refund):
        """Do what follows once a refund is on record. Hook for the room `statement`.

        :param payment.transaction refund: The refund, not booked yet.
        """

    def _after_refund_return(self, refund):
        """Do what follows when a refund came back. Hook for the room `statement`.

        :param payment.transaction refund: The refund, whose booking is reversed.
        """

    def _after_verification_request(self):
        """Do what follows when a bank account is to be verified.

        Hook for the room `send`.
        """

    # === BUSINESS METHODS - STRIPE: CATCH-UP === #

    @api.model
    def _cron_catch_up(self):
        """Bring all portal payments to where Stripe has them.

        First by Stripe's events since the last one seen, which tell of what happened
        to finished payments as well; then each open attempt by itself.
        """
        # One that is switched off as well: what it took may be returned for months.
        providers = self.env["payment.provider"].search(
            [("code", "=", "stripe"), ("stripe_secret_key", "!=", False)]
        )
        for provider in providers:
            try:
                self._stripe_catch_up_events(provider)
            except stripe.StripeError as error:
                # Of one that is switched off the keys may well have been withdrawn.
                is_off = provider.state == "disabled"
                _logger.log(
                    logging.INFO if is_off else logging.WARNING,
                    "Stripe: the events could not be listed: %s",
                    error,
                )
        self._catch_up_open_attempts()

    @api.model
    def _stripe_catch_up_events(self, provider):
        """Act on the events that nobody has acted on.

        :param payment.provider provider: Whose events.
        :raise stripe.StripeError: If the events cannot be listed.
        """
        since = self._stripe_get_catch_up_start(provider)
        if not since:
            return
        events = provider._stripe_list_events(since)
        by_attempt = defaultdict(list)
        for event in reversed(events):  # Stripe lists the newest first.
            if attempt := self._stripe_find_payment(provider, event):
                by_attempt[attempt].append(event)
        # Not a generator: one failure must not keep the others back.
        results = [
            attempt._try_step(attempt._stripe_process_events, its_events)
            for attempt, its_events in by_attempt.items()
        ]
        if events and all(results):
            # What failed is asked for again: the mark stays before it.
            provider.stripe_events_seen_on = datetime.fromtimestamp(
                events[0]["created"], UTC
            ).replace(tzinfo=None)
            self.env["ir.cron"]._commit_progress()

    @api.model
    def _stripe_get_catch_up_start(self, provider):
        """Return since when events are to be asked for.

        :param payment.provider provider: Whose events.
        :return: The moment; nothing if no payment was ever started on the portal.
        :rtype: datetime | None
        """
        if seen := provider.stripe_events_seen_on:
            return seen - OVERLAP
        first = self.search(
            [
                ("transaction_id.provider_id", "=", provider.id),
                ("origin", "=", "portal"),
            ],
            order="id",
            limit=1,
        )
        return first and first.create_date - OVERLAP


def _is_refunded(intent):
    """Return whether all that an intent took was refunded.

    :param dict intent: The intent, in an API version that lists its charges.
    :rtype: bool
    """
    return any(charge["refunded"] for charge in intent["charges"]["data"])
