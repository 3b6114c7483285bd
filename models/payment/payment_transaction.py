import logging
import re
from contextlib import suppress
from datetime import timedelta

import psycopg2
import requests
import stripe
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize, float_round

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment.const import CURRENCY_MINOR_UNITS
from odoo.addons.payment_stripe import const as stripe_const
from odoo.addons.payment_stripe.controllers.main import StripeController

from ... import const
from ...tools import sql

_logger = logging.getLogger(__name__)
#: How long a started attempt keeps others out while nothing comes of it. Twice what
#: 3-D Secure takes at most.
ATTEMPT_MINUTES = 15
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
#: Stripe's states of an intent that has taken money, or is about to.
TAKING = ("processing", "requires_capture", "succeeded")
#: Stripe's states of a dispute that leaves, or has given back, the money.
GIVEN_BACK = ("won", "warning_closed")
#: States of our transactions by Stripe's states of a refund.
REFUND_STATES = {
    "pending": "pending",
    "succeeded": "done",
    "failed": "error",
    "canceled": "cancel",
}
#: Answers that leave open whether the request was fulfilled.
UNDECIDED = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.IdempotencyError,
    stripe.RateLimitError,
)


class UnansweredCharge(Exception):
    """A provider was asked to charge a card, and did not say whether it has."""


class PaymentTransaction(models.Model):
    """A payment made on the portal: at most one per invoice may be under way.

    Of Stripe's events none tells the state of a payment: it tells that there is
    something to ask for. So events may be lost, repeated, late and in any order.
    """

    _inherit = "payment.transaction"

    portal_link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        string="Portal link",
        help="The link through which the customer started this payment.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    portal_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Paid on the portal",
        help="The invoice on whose portal page this payment was started.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    portal_open_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Open attempt on",
        help="Set as long as this attempt may still take money: from its start until "
        "it is booked, or until the provider has ruled it out. An invoice has one.",
        readonly=True,
        ondelete="set null",
    )
    portal_client_key = fields.Char(
        help="The copy of the payment screen in which this payment was started.",
        readonly=True,
    )
    portal_verification_url = fields.Char(
        string="Bank account verification",
        help="Where the customer confirms the amounts that Stripe sent to the bank.",
        readonly=True,
    )
    portal_authorization = fields.Text(
        string="Debit authorization",
        help="What the customer authorized, word by word, as NACHA asks for.",
        readonly=True,
    )
    portal_is_mismatched = fields.Boolean(
        string="Amount differs",
        help="The provider took another amount than was asked for.",
        readonly=True,
    )
    portal_mismatched_amount = fields.Monetary(
        string="Amount taken",
        help="What the provider took. Nothing if it was in another currency.",
        readonly=True,
    )
    portal_charge_is_uncertain = fields.Boolean(
        string="Charge uncertain",
        help="The provider was asked to charge a saved card, and its answer is not on "
        "record. Such a card is not charged again.",
        readonly=True,
    )
    portal_billing = fields.Json(
        help="What the customer entered on the payment screen, by contact field.",
        readonly=True,
    )
    portal_billing_differences = fields.Html(
        string="Entered differently",
        compute="_compute_portal_billing_differences",
    )
    portal_is_reversed = fields.Boolean(
        string="Taken back",
        help="The bank has taken the money back: the invoice is open again.",
        readonly=True,
    )
    portal_disputes = fields.Json(
        help="What was heard of each dispute: its status, and whether it holds money.",
        readonly=True,
    )
    portal_dispute_ref = fields.Char(string="Dispute", readonly=True)
    portal_dispute_status = fields.Char(string="Dispute status", readonly=True)
    portal_reversal_move_id = fields.Many2one(
        comodel_name="account.move", string="Reversal entry", readonly=True
    )
    # Decided by the database: whoever looked before starting may have looked too early.
    _one_open_attempt = models.UniqueIndex(
        "(portal_open_move_id) WHERE portal_open_move_id IS NOT NULL",
        "A payment of this invoice is in progress. Please reload the page.",
    )

    # === COMPUTE METHODS === #

    @api.depends("portal_billing", "partner_id")
    def _compute_portal_billing_differences(self):
        labels = self.env["res.partner"].fields_get(BILLING_FIELDS, ["string"])
        for tx in self:
            rows = [
                Markup("<li>%s: <s>%s</s> <b>%s</b></li>")
                % (
                    labels[name]["string"],
                    tx._get_portal_billing_text(name, known),
                    tx._get_portal_billing_text(name, entered),
                )
                for name, (known, entered) in tx._get_portal_differences().items()
            ]
            tx.portal_billing_differences = (
                Markup("<ul>%s</ul>") % Markup().join(rows) if rows else False
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `payment` to keep what the customer entered on the form."""
        txs = super().create(vals_list)
        for tx in txs.filtered("portal_billing"):
            tx.write(tx._get_portal_partner_values())
        return txs

    # === ACTION METHODS === #

    def action_update_portal_contact(self):
        """Write what the customer entered into the contact.

        :raise UserError: If there is nothing to take over.
        """
        self.ensure_one()
        differences = self._get_portal_differences()
        if not differences:
            raise UserError(self.env._("The contact has these details already."))
        # As oneself: who may not edit contacts, may not do it here.
        self.partner_id.sudo(False).write(
            {name: entered for name, (_known, entered) in differences.items()}
        )

    def action_book_portal_mismatch(self):
        """Take what the provider took for what was asked for, and book it.

        :raise UserError: If the amount is right, or in another currency, or if Stripe
            cannot be asked.
        """
        self.ensure_one()
        self.check_access("write")
        if not self._is_portal_on_hold() or not self.portal_mismatched_amount:
            raise UserError(self.env._("There is no other amount that can be booked."))
        # In sudo mode because the provider's keys are closed to accountants.
        tx_sudo = self.sudo()
        tx_sudo.write(
            {"amount": self.portal_mismatched_amount, "portal_is_mismatched": False}
        )
        if not tx_sudo._is_known_to_stripe():
            tx_sudo._set_done()
            tx_sudo._portal_book()
            return
        try:
            tx_sudo._stripe_refresh()
        except stripe.StripeError as error:
            raise UserError(
                self.env._("Stripe cannot be reached. Please try again in a minute.")
            ) from error

    def action_portal_charge_was_made(self):
        """Book a payment of which staff have found out that the card was charged.

        :raise UserError: If nothing is uncertain about it.
        """
        tx_sudo = self._portal_resolve_charge()
        tx_sudo._set_done()
        tx_sudo._portal_book()

    def action_portal_charge_was_not_made(self):
        """Give a payment up of which staff have found out that nothing was charged.

        :raise UserError: If nothing is uncertain about it.
        """
        tx_sudo = self._portal_resolve_charge()
        tx_sudo._set_canceled()
        tx_sudo.portal_open_move_id = False

    def _portal_resolve_charge(self):
        """Note that staff know whether the card was charged.

        :return: This payment, in sudo mode.
        :rtype: payment.transaction
        :raise UserError: If nothing is uncertain about it.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "pending" or not self.portal_charge_is_uncertain:
            raise UserError(self.env._("It is known whether this card was charged."))
        # In sudo mode because booking reads what is closed to accountants.
        tx_sudo = self.sudo()
        tx_sudo.portal_charge_is_uncertain = False
        return tx_sudo

    # === BUSINESS METHODS - BILLING INFORMATION === #

    @api.model
    def _get_portal_billing_defaults(self, partner):
        """Return the billing information to begin with.

        :param res.partner partner: The invoice's contact.
        :rtype: dict
        """
        values = {
            name: partner[name].id if size is None else partner[name] or ""
            for name, size in BILLING_FIELDS.items()
        }
        values["name"] = partner.name or partner.commercial_partner_id.name or ""
        return values

    @api.model
    def _get_portal_form_defaults(self, link):
        """Return what the payment screen begins with.

        What was entered through the same link before need not be entered again; nor
        the amount, when nothing came of it.

        :param account.move.portal.link link: The link.
        :return: The billing information, and the amount in the invoice's currency.
        :rtype: tuple[dict, float]
        """
        move = link.move_id
        last = self.search([("portal_link_id", "=", link.id)], order="id desc", limit=1)
        known = self._get_portal_billing_defaults(move.partner_id)
        amount = None
        if last.state in ("error", "cancel"):
            with suppress(ValidationError):  # Less may be left meanwhile.
                amount = move._check_portal_amount(last.amount)
        return last.portal_billing or known, amount or move._get_portal_amounts()[0][0]

    @api.model
    def _parse_portal_billing(self, entered):
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
                # Neither NUL nor half a character can be kept.
                text = str(value).replace("\0", "").encode(errors="ignore").decode()
                values[name] = " ".join(text.split())[:size]
        return values

    @api.model
    def _check_portal_billing(self, values, required):
        """Return what is wrong with billing information.

        :param dict values: As parsed.
        :param set[str] required: The fields that the country's addresses need.
        :return: A message by field.
        :rtype: dict[str, str]
        """
        errors = {
            name: self.env._("Please fill this in.")
            for name in required & BILLING_FIELDS.keys()
            if not values[name]
        }
        if values["email"] and not email_normalize(values["email"]):
            errors["email"] = self.env._("Please check the e-mail address.")
        # In sudo mode because address data is closed to the public.
        country = self.env["res.country"].sudo().browse(values["country_id"] or [])
        state = self.env["res.country.state"].sudo().browse(values["state_id"] or [])
        if country and not country.exists():
            errors["country_id"] = self.env._("Please choose a country.")
        elif state and (not state.exists() or state.country_id != country):
            errors["state_id"] = self.env._("Please choose a state of this country.")
        if sum(char.isdigit() for char in values["phone"]) > 20:
            errors["phone"] = self.env._("Please check the phone number.")
        return errors

    def _get_portal_partner_values(self):
        """Return the billing information under core's field names of a payment.

        :rtype: dict
        """
        self.ensure_one()
        entered = self.portal_billing
        return {
            "partner_name": entered["name"],
            "partner_email": entered["email"] or False,
            "partner_address": payment_utils.format_partner_address(
                entered["street"], entered["street2"]
            ),
            "partner_zip": entered["zip"],
            "partner_city": entered["city"],
            "partner_state_id": entered["state_id"],
            "partner_country_id": entered["country_id"],
            "partner_phone": entered["phone"],
        }

    def _get_portal_differences(self):
        """Return in what the entered billing information differs from the contact's.

        :return: The contact's value and the entered one, by field.
        :rtype: dict[str, tuple]
        """
        self.ensure_one()
        known = self._get_portal_billing_defaults(self.partner_id)
        entered = self.portal_billing or known
        # In the order of the form: the database keeps none.
        return {
            name: (known[name], entered[name])
            for name in BILLING_FIELDS
            if (entered[name] or "") != (known[name] or "")
        }

    def _get_portal_billing_text(self, name, value):
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

    def _portal_begin(self):
        """Put a new payment on record as the one that is under way on its invoice."""
        self.ensure_one()
        values = {}
        if self.provider_code not in const.OFFLINE_PROVIDERS:
            values["portal_open_move_id"] = self.portal_move_id.id
        if self.payment_method_code == "ach_direct_debit":
            values["portal_authorization"] = (
                self.portal_move_id._get_portal_authorization(
                    self.currency_id.format(self.amount)
                )
            )
        self.write(values)
        self.env.flush_all()  # Before the provider is asked for anything.

    def _sync_with_provider(self):
        """Find out how this payment stands, now that the customer waits for it.

        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        if self._is_portal_charge_due():
            self._portal_charge()
        elif self.state == "draft" and self._is_known_to_stripe():
            self._stripe_refresh()
        self._portal_book()

    def _is_portal_abandoned(self):
        """Return whether an attempt was started long ago and nothing came of it.

        :rtype: bool
        """
        self.ensure_one()
        return (
            self.state in ("draft", "error")
            and self.create_date < self._get_portal_attempt_limit()
            and not self._is_portal_charge_unanswered()
        )

    @api.model
    def _get_portal_attempt_limit(self):
        """Return since when an attempt must have been started to keep others out.

        :rtype: datetime
        """
        return fields.Datetime.now() - timedelta(minutes=ATTEMPT_MINUTES)

    @api.model
    def _portal_find_core_attempt(self, move):
        """Return the last payment of an invoice under way on core's own pages.

        What comes of it cannot be asked for: core keeps no reference of a draft.

        :param account.move move: The invoice.
        :return: The payment; empty if there is none.
        :rtype: payment.transaction
        """
        return self.search(
            [
                ("invoice_ids", "in", move.ids),
                ("portal_move_id", "=", False),
                ("state", "=", "draft"),
                ("operation", "not in", ["refund", "validation"]),
                ("provider_id.code", "not in", const.OFFLINE_PROVIDERS),
                ("create_date", ">=", self._get_portal_attempt_limit()),
            ],
            order="id desc",
            limit=1,
        )

    def _portal_cancel_attempt(self):
        """Give an attempt up, so that nothing can come of it any more.

        Afterwards the attempt is open still if that was not possible.

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        self._portal_lock()
        if self.provider_code == "stripe" and self._stripe_find_intent():
            return self._stripe_cancel_intent()
        if self.state == "draft":
            self._set_canceled()
        if self.state in ("cancel", "error"):
            self.portal_open_move_id = False

    def _portal_supersede(self, link, client_key, restart=False):
        """Give this attempt up for another one, or refuse.

        :param account.move.portal.link link: Through which the other one is started.
        :param str client_key: The copy of the screen in which it is started.
        :param bool restart: Whether the customer asks to start over.
        :raise ValidationError: If this attempt has to be waited for.
        """
        self.ensure_one()
        try:
            if self._is_known_to_stripe():
                self._stripe_refresh()  # It may have failed, or succeeded, meanwhile.
            if self._portal_may_be_superseded(link, client_key, restart):
                self._portal_cancel_attempt()
        except stripe.StripeError as error:
            raise self._get_portal_unreachable_error() from error
        if self.portal_open_move_id:
            raise ValidationError(self._get_portal_progress_message())

    def _portal_may_be_superseded(self, link, client_key, restart):
        """Return whether this attempt may be given up for another one.

        :param account.move.portal.link link: Through which the other one is started.
        :param str client_key: The copy of the screen in which it is started.
        :param bool restart: Whether the customer asks to start over.
        :rtype: bool
        """
        self.ensure_one()
        if self.state in ("error", "cancel") or self._is_portal_abandoned():
            return True
        if not self._is_portal_cancellable(link):
            return False
        return restart or (
            self.state == "draft" and self.portal_client_key == client_key
        )

    def _is_portal_cancellable(self, link):
        """Return whether who holds a link may call this attempt off.

        :param account.move.portal.link link: The link.
        :rtype: bool
        """
        self.ensure_one()
        if self._is_portal_charge_unanswered():
            return False
        return self.portal_link_id == link and (
            self.state == "draft"
            or (self.state == "pending" and bool(self.portal_verification_url))
        )

    def _is_portal_repeated(self, client_key, values):
        """Return whether starting a payment is but a repetition of this attempt.

        :param str client_key: The copy of the screen in which it is started.
        :param dict values: What identifies it: the method, the amount, the billing,
            the link.
        :rtype: bool
        """
        self.ensure_one()
        method = self.token_id or self.payment_method_id
        return (
            self.state == "draft"
            and self.operation in ("online_direct", "online_token")
            and self.portal_client_key == client_key
            and self.portal_link_id.id == values["portal_link_id"]
            and self.provider_id.id == values["provider_id"]
            and method.id == (values["token_id"] or values["payment_method_id"])
            and bool(self.token_id) == bool(values["token_id"])
            and self.currency_id.compare_amounts(self.amount, values["amount"]) == 0
            and self.portal_billing == values["portal_billing"]
        )

    def _get_portal_repeated_values(self, client_key, values):
        """Return what the form needs to go on with this attempt, if it repeats it.

        :param str client_key: The copy of the screen in which it is started.
        :param dict values: What identifies it: the method, the amount, the billing.
        :return: The processing values; nothing if it is another attempt, or if this
            one has failed meanwhile.
        :rtype: dict | None
        :raise ValidationError: If Stripe cannot be asked.
        """
        self.ensure_one()
        if not self._is_portal_repeated(client_key, values):
            return None
        try:
            processing_values = self._get_processing_values()
        except stripe.StripeError as error:
            raise self._get_portal_unreachable_error() from error
        return None if self.state in ("error", "cancel") else processing_values

    def _get_portal_unreachable_error(self):
        """Return what to raise when Stripe cannot be asked.

        :rtype: ValidationError
        """
        return ValidationError(
            self.env._(
                "The payment service cannot be reached, so nothing was charged. "
                "Please try again in a minute."
            )
        )

    def _get_portal_progress_message(self):
        """Return why no other payment can be started now, in words for customers.

        :rtype: str
        """
        self.ensure_one()
        amount = self.currency_id.format(self.amount)
        since = fields.Datetime.now() - self.create_date
        minutes = max(0, int(since.total_seconds() // 60))
        if self.state == "draft" and not self.portal_move_id:
            return self.env._(
                "A payment of %(amount)s was started elsewhere %(minutes)s minutes ago "
                "and is not finished. Please finish it where you started it, or wait "
                "%(wait)s minutes and try again.",
                amount=amount,
                minutes=minutes,
                wait=max(ATTEMPT_MINUTES - minutes, 1),
            )
        if self.state == "draft" and not self.portal_charge_is_uncertain:
            return self.env._(
                "A payment of %(amount)s was started %(minutes)s minutes ago and is "
                "not finished. Please finish it where you started it, or wait a few "
                "minutes and try again.",
                amount=amount,
                minutes=minutes,
            )
        if self.portal_verification_url:
            return self.env._(
                "A bank payment of %(amount)s waits for the verification of the bank "
                "account.",
                amount=amount,
            )
        return self.env._(
            "A payment of %(amount)s is being processed already. Please do not pay "
            "again.",
            amount=amount,
        )

    def _is_portal_payment(self):
        """Return whether this is a payment made on the portal, or a refund of one.

        :rtype: bool
        """
        self.ensure_one()
        return bool((self.source_transaction_id or self).portal_move_id)

    def _portal_lock(self):
        """Keep others from this payment until the end of the database transaction.

        It is an update, so that whoever waited is run again and sees what was done.
        """
        self.ensure_one()
        sql.lock(self.env.cr, self._table, self.id)

    # === BUSINESS METHODS - REQUESTS TO PROVIDERS === #

    def _send_api_request(self, method, endpoint, *, params=None, data=None, **kwargs):
        """Override of `payment` to send what concerns the portal through Stripe's SDK.

        Here and not on the provider: other payments keep core's own way, with which
        other modules and core's tests reckon. And no answer to a charge is not a
        refusal: core takes it for one, and the customer would be told that nothing was
        charged.

        :raise UnansweredCharge: If another provider may have charged a saved card.
        :raise stripe.StripeError: If Stripe may have charged a saved card, or not. It
            is to be asked again.
        :raise UserError: The same of a refund. Nothing is recorded, so that it is asked
            for again under the same reference, which makes no second refund.
        """
        if self.provider_code == "stripe" and self._is_portal_payment():
            return self._stripe_send_portal_request(method, endpoint, params or data)
        try:
            return super()._send_api_request(
                method, endpoint, params=params, data=data, **kwargs
            )
        except ValidationError as error:
            if self._is_portal_charge_unanswered() and _is_undecided(error.__context__):
                raise UnansweredCharge from error
            raise

    def _stripe_send_portal_request(self, method, endpoint, params):
        """Send a request of core's payment flow to Stripe, through its SDK.

        :param str method: The HTTP method.
        :param str endpoint: The path below `/v1/`.
        :param dict params: The parameters.
        :return: The object that Stripe answers with.
        :rtype: dict
        :raise stripe.StripeError: See `_send_api_request`.
        :raise UserError: See `_send_api_request`.
        :raise ValidationError: If Stripe refuses.
        """
        try:
            return self.provider_id._stripe_request_for(
                self.reference, method, endpoint, params
            )
        except stripe.StripeError as error:
            if isinstance(error, UNDECIDED):
                if self.operation == "online_token":
                    raise
                if self.operation == "refund":
                    raise self._get_undecided_refund_error() from error
            raise self._stripe_get_refusal(error) from error

    def _get_undecided_refund_error(self):
        return UserError(
            self.env._(
                "The payment service has not said whether the refund was made. Please "
                "try again in a minute: it will not be made twice."
            )
        )

    def _stripe_get_refusal(self, error):
        """Return what core's payment flow expects to be raised when Stripe refuses.

        :param stripe.StripeError error: What the SDK raised.
        :rtype: ValidationError
        """
        if isinstance(error, stripe.CardError):
            message = error.user_message  # Written for the holder of the card.
        elif isinstance(error, stripe.APIConnectionError):
            message = self.env._(
                "Could not establish the connection to the payment provider."
            )
        else:
            message = self.env._(
                "The payment provider rejected the request.\n%(reason)s",
                reason=error.user_message or "",
            )
        return ValidationError(message)

    def _stripe_create_intent(self):
        """Override of `payment_stripe` to keep the intent's id from the beginning.

        Without it an attempt could be neither asked for nor cancelled. An attempt that
        has an intent continues with it.
        """
        if self.portal_move_id and self.provider_reference:
            return self._stripe_refresh()
        intent = super()._stripe_create_intent()
        if self.portal_move_id and intent:
            self.provider_reference = intent["id"]
        return intent

    def _refund(self, amount_to_refund=None):
        """Override of `payment` so that Stripe's word of a refund waits for its record.

        Otherwise the webhook would take a refund that is being made here for one made
        at Stripe, and record it a second time.
        """
        if self._is_portal_payment():
            self._portal_lock()
        return super()._refund(amount_to_refund=amount_to_refund)

    def _capture(self, amount_to_capture=None):
        """Override of `payment`: Stripe captures a portal payment as a whole.

        Core would make a transaction of its own for it, with the payment, of which
        neither the receipt nor the notifications nor a dispute would know.

        :raise ValidationError: If Stripe refuses, or cannot be reached.
        """
        self.ensure_one()
        asked = amount_to_capture or self.amount
        is_whole = self.currency_id.compare_amounts(asked, self.amount) == 0
        if not (self.provider_code == "stripe" and self.portal_move_id and is_whole):
            return super()._capture(amount_to_capture=amount_to_capture)
        self._ensure_provider_is_not_disabled()
        try:
            self._stripe_capture()
        except stripe.StripeError as error:
            raise self._stripe_get_refusal(error) from error
        return self

    # === BUSINESS METHODS - STATES === #

    def _set_pending(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment`: on the portal a failed attempt may be resumed."""
        if self.portal_move_id:
            extra_allowed_states += ("error",)
        return super()._set_pending(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _set_done(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment` so that money that came is never turned away.

        An attempt that was given up here may still be paid at a provider that cannot
        be told. And booking does not wait for a browser or for the next interval.
        """
        if self.portal_move_id:
            extra_allowed_states += ("cancel",)
            # In sudo mode because schedules are closed to customers.
            self.env.ref("payment.cron_post_process_payment_tx").sudo()._trigger()
        return super()._set_done(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _set_error(self, state_message, extra_allowed_states=()):
        """Override of `payment` to tell that a payment failed."""
        txs = super()._set_error(
            state_message, extra_allowed_states=extra_allowed_states
        )
        txs._notify_outcome("failed")
        return txs

    def _process(self, provider_code, payment_data):
        """Override of `payment` to leave to staff what differs in its amount."""
        if not self:
            tx = self._search_by_reference(provider_code, payment_data)
            return tx and tx._process(provider_code, payment_data)
        if self._may_portal_have_taken(payment_data):
            taken = self._extract_amount_data(payment_data) or {}
            if taken.get("amount") and self._is_portal_mismatch(taken):
                self._portal_hold_for_review(taken)
                return self
        return super()._process(provider_code, payment_data)

    def _may_portal_have_taken(self, payment_data):
        """Return whether the provider tells of money that was taken on the portal.

        :param dict payment_data: What the provider tells.
        :rtype: bool
        """
        self.ensure_one()
        if not self.portal_move_id or self.operation == "refund":
            return False
        intent = payment_data.get("payment_intent")
        return not intent or intent["status"] in TAKING

    def _is_portal_mismatch(self, taken):
        """Return whether an amount is not the one that was asked for.

        :param dict taken: As `_extract_amount_data` returns it.
        :rtype: bool
        """
        self.ensure_one()
        asked = self.amount
        if taken.get("precision_digits") is not None:
            # As core does: providers may know fewer decimals of a currency.
            asked = float_round(
                asked, taken["precision_digits"], rounding_method="DOWN"
            )
        return (
            taken["currency_code"] != self.currency_id.name
            or self.currency_id.compare_amounts(taken["amount"], asked) != 0
        )

    def _portal_hold_for_review(self, taken):
        """Keep others from paying until staff have looked at it, and tell them, once.

        :param dict taken: As `_extract_amount_data` returns it.
        """
        self.ensure_one()
        if self.portal_is_mismatched or self.state == "done":
            return
        is_comparable = taken["currency_code"] == self.currency_id.name
        self._set_pending(
            state_message=False, extra_allowed_states=("authorized", "cancel")
        )
        self.write(
            {
                "portal_is_mismatched": True,
                "portal_mismatched_amount": is_comparable and taken["amount"],
            }
        )
        self._schedule_activity(
            self.env._(
                "Payment of another amount: %(taken)s %(currency)s",
                taken=taken["amount"],
                currency=taken["currency_code"],
            ),
            self.env._(
                "%(amount)s were asked for. The customer has been told not to pay "
                "again. Book what was taken from the transaction %(reference)s, or "
                "refund it at the payment provider: then the invoice can be paid "
                "again.",
                amount=self.currency_id.format(self.amount),
                reference=self.reference,
            ),
        )

    def _is_portal_on_hold(self):
        """Return whether this payment waits for staff because of its amount.

        :rtype: bool
        """
        self.ensure_one()
        return self.portal_is_mismatched and self.state == "pending"

    def _portal_cancel_mismatch(self):
        """Give a payment up whose other amount was given back to the customer."""
        self.ensure_one()
        self._set_canceled()
        self.portal_open_move_id = False

    # === BUSINESS METHODS - CHARGE OF A SAVED CARD === #

    def _is_portal_charge_due(self):
        """Return whether a saved card is to be charged still.

        Not after a while: who waited in vain has paid in another way.

        :rtype: bool
        """
        self.ensure_one()
        return (
            self.state == "draft"
            and self.operation == "online_token"
            and not self.provider_reference
            and not self.portal_charge_is_uncertain
            and not self._is_portal_abandoned()
        )

    def _portal_charge(self):
        """Charge a saved card, now that the attempt is on record.

        Whatever happens to this server, the attempt is there afterwards. Stripe is
        asked again then, under the same idempotency key, which makes no second charge.
        Other providers know no such key: they are asked once, see
        `_portal_record_charge`, and where no answer came, staff find out.

        :raise stripe.StripeError: If Stripe cannot be asked, or does not say whether
            it has charged the card.
        """
        self.ensure_one()
        self._portal_lock()
        balance = self.portal_move_id.portal_balance_due
        if self.currency_id.compare_amounts(self.amount, balance) > 0:
            self._portal_cancel_attempt()  # It was paid in another way meanwhile.
            return
        if self.provider_code != "stripe":
            self._portal_record_charge()
        try:
            self._charge_with_token()
        except UnansweredCharge:
            _logger.warning("Payment %s: no answer to a charge", self.reference)
        if self.state == "error":
            self._portal_cancel_attempt()  # A declined card keeps nobody out.
        if self.provider_code != "stripe":
            self._portal_record_charge_answer()

    def _portal_record_charge(self):
        """Put on record, whatever comes, that a card is about to be charged.

        :raise UserError: If the provider cannot be asked, because it is disabled.
        """
        self.ensure_one()
        self._ensure_provider_is_not_disabled()
        self.portal_charge_is_uncertain = True
        self._portal_commit()
        self._portal_lock()  # Again: it ended with the database transaction.

    def _portal_record_charge_answer(self):
        """Put on record, whatever comes of booking, what a provider has answered.

        One that has not decided yet will tell, and meanwhile it is uncertain still.
        """
        self.ensure_one()
        self.portal_charge_is_uncertain = self.state == "draft"
        self._portal_commit()

    def _portal_commit(self):
        """Make what was done so far last."""
        # Money cannot be rolled back: what is known of it must not be either.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _is_portal_charge_unanswered(self):
        """Return whether nobody here knows if a saved card was charged.

        :rtype: bool
        """
        self.ensure_one()
        return self.state == "draft" and self.portal_charge_is_uncertain

    def _portal_report_uncertain_charge(self):
        """Have staff find out whether a saved card was charged.

        Until then nobody is asked to pay again.
        """
        self.ensure_one()
        self._set_pending(state_message=False)
        self._schedule_activity(
            self.env._(
                "Was the saved card charged? %(amount)s",
                amount=self.currency_id.format(self.amount),
            ),
            self.env._(
                "%(provider)s was asked to charge the card, and no answer came. The "
                "customer is told not to pay again. Please look for %(reference)s at "
                "%(provider)s, and say on the transaction of this name whether the "
                "card was charged.",
                provider=self.provider_id.name,
                reference=self.reference,
            ),
        )

    # === BUSINESS METHODS - STRIPE === #

    @api.model
    def _stripe_find_payment(self, provider, event):
        """Return the portal payment that an event of Stripe is about.

        :param payment.provider provider: Whose event it is.
        :param dict event: The event.
        :return: The payment; empty if it is not one of the portal's.
        :rtype: payment.transaction
        """
        about = event["data"]["object"]
        is_intent = about["object"] == "payment_intent"
        intent_ref = about["id"] if is_intent else about.get("payment_intent")
        if not intent_ref:
            return self.browse()
        domain = Domain(
            [
                ("provider_id", "=", provider.id),
                ("portal_move_id", "!=", False),
                ("operation", "!=", "refund"),
            ]
        )
        if tx := self.search(domain & Domain("provider_reference", "=", intent_ref)):
            return tx
        if not is_intent:
            return tx
        # The charge was made, and the server stopped before it could note the intent.
        tx = self.search(
            domain
            & Domain("reference", "=", about.get("description"))
            & Domain("provider_reference", "=", False)
        )
        tx.provider_reference = intent_ref
        return tx

    def _is_known_to_stripe(self):
        """Return whether this is a payment that Stripe can be asked for.

        :rtype: bool
        """
        self.ensure_one()
        return self.provider_code == "stripe" and bool(self.provider_reference)

    def _stripe_find_intent(self):
        """Return whether this payment has an intent at Stripe.

        A saved card is charged in the same request that makes the intent: when its
        answer is lost, only Stripe knows.

        :rtype: bool
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        if not self.provider_reference and self.token_id:
            intents = self.provider_id._stripe_request(
                "GET",
                "payment_intents",
                {"customer": self.token_id.provider_ref, "limit": 100},
            )["data"]
            self.provider_reference = next(
                (
                    intent["id"]
                    for intent in intents
                    if intent["description"] == self.reference
                ),
                False,
            )
        return bool(self.provider_reference)

    def _stripe_process_events(self, events):
        """Act on events of this payment that were not acted on before.

        :param list[dict] events: The events.
        :raise stripe.StripeError: If Stripe cannot be asked.
        """
        self.ensure_one()
        self._portal_lock()
        recorder = self.env["payment.provider.event"]
        if any([recorder._record(self, event) for event in events]):
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
            f"payment_intents/{self.provider_reference}",
            {"expand": ["payment_method"]},
        )
        self._stripe_apply_intent(intent)
        return intent

    def _stripe_apply_intent(self, intent):
        """Bring this payment to the state of its intent.

        :param dict intent: The intent as Stripe has it now.
        """
        self.ensure_one()
        self._portal_lock()
        if self._stripe_has_news(intent):
            before, data = self.state, {"reference": self.reference}
            StripeController._include_payment_intent_in_payment_data(intent, data)
            self._process("stripe", data)
            if before == "pending" and self.state == "error":
                self._after_portal_failure()
        if self._is_portal_on_hold() and _is_refunded(intent):
            self._portal_cancel_mismatch()
        self._stripe_apply_verification(intent)
        if intent["status"] == "canceled":
            self.portal_open_move_id = False
        self._portal_book()
        if self.is_post_processed and self.state == "done":
            self._stripe_apply_reversals(intent)

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

    def _stripe_apply_verification(self, intent):
        """Note whether the customer has a bank account to verify.

        Source: https://docs.stripe.com/payments/ach-direct-debit, micro-deposits.

        :param dict intent: The intent.
        """
        action = intent["next_action"] or {}
        details = action.get("verify_with_microdeposits") or {}
        url = details.get("hosted_verification_url") or False
        if url == self.portal_verification_url:
            return
        self.portal_verification_url = url
        if url:
            self._set_pending(state_message=False)
            self._after_portal_verification_request()

    def _stripe_cancel_intent(self):
        """See to it, at Stripe, that nothing can come of this attempt any more.

        :raise stripe.StripeError: If Stripe cannot be reached.
        """
        self.ensure_one()
        try:
            intent = self.provider_id._stripe_request(
                "POST",
                f"payment_intents/{self.provider_reference}/cancel",
                {"cancellation_reason": "abandoned", "expand": ["payment_method"]},
            )
        except stripe.InvalidRequestError:
            # It is beyond that: paid, being processed, or cancelled before.
            self._stripe_refresh()
        else:
            self._stripe_apply_intent(intent)

    def _stripe_capture(self):
        """Take, as a whole, the money that the customer's bank has reserved.

        :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
        """
        self.ensure_one()
        self._portal_lock()
        try:
            self.provider_id._stripe_request(
                "POST", f"payment_intents/{self.provider_reference}/capture"
            )
        except stripe.InvalidRequestError:
            # It may be beyond that: captured at Stripe, cancelled, or expired.
            self._stripe_refresh()
            if self.state == "authorized":
                raise
        else:
            self._stripe_refresh()

    def _stripe_apply_reversals(self, intent):
        """Follow what was given or taken back of a finished payment.

        :param dict intent: The intent, in an API version that lists its charges.
        """
        charges = intent["charges"]["data"]
        about = {"payment_intent": intent["id"], "limit": 100}
        is_refunded = any(charge["amount_refunded"] for charge in charges)
        if is_refunded or self.child_transaction_ids:  # One may have come back.
            self._stripe_apply_refunds(
                self.provider_id._stripe_request("GET", "refunds", about)["data"]
            )
        if any(charge["disputed"] for charge in charges):
            disputes = self.provider_id._stripe_request("GET", "disputes", about)
            self._portal_apply_disputes(disputes["data"])

    def _stripe_apply_refunds(self, refunds):
        """Follow the refunds of this payment, wherever they were made.

        :param list[dict] refunds: Stripe's refunds, newest first.
        """
        known = {tx.provider_reference: tx for tx in self.child_transaction_ids}
        for refund in reversed(refunds):
            tx = known.get(refund["id"])
            if not tx:
                tx = StripeController._create_refund_tx_from_refund(self, refund)
            if REFUND_STATES.get(refund["status"], "draft") == tx.state:
                continue
            data = {}
            StripeController._include_refund_in_payment_data(refund, data)
            tx._process("stripe", data)
            tx._portal_book()
            if tx.state == "error" and tx.payment_id:
                # The money came back to us after the refund was booked.
                tx._portal_reverse(self.env._("The refund came back."))

    # === BUSINESS METHODS - SCHEDULED CATCH-UP === #

    def _portal_try(self, method, *args):
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
        except (psycopg2.OperationalError, stripe.APIConnectionError) as error:
            # Somebody else is at it, or Stripe is away: the next run will see.
            self.env.cr.rollback()
            _logger.info("Payment %s not caught up: %s", self.reference, error)
            return False
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Payment %s could not be caught up", self.reference)
            return False
        return True

    @api.model
    def _portal_catch_up_open_attempts(self):
        """Ask how each open attempt stands; give up those that were abandoned."""
        for tx in self.search([("portal_open_move_id", "!=", False)], order="id"):
            if tx.try_lock_for_update(allow_referencing=True):
                tx._portal_try(tx._portal_catch_up)

    def _portal_catch_up(self):
        """Bring one open attempt to where its provider has it."""
        self.ensure_one()
        if self.provider_code == "stripe" and self._stripe_find_intent():
            self._stripe_refresh()
        elif self._is_portal_charge_due():
            # The customer said Pay, and closed the page before it could follow.
            self._portal_charge()
        elif (
            self._is_portal_charge_unanswered()
            and self.create_date < self._get_portal_attempt_limit()
        ):
            self._portal_report_uncertain_charge()
        self._portal_book()
        if self.portal_open_move_id and self._is_portal_abandoned():
            self._portal_cancel_attempt()

    # === BUSINESS METHODS - BOOKING === #

    def _portal_book(self):
        """Book this payment if it is confirmed and not booked yet.

        A failure leaves it confirmed, for the scheduler to try again: what the
        customer paid is a fact, whatever keeps us from booking it.
        """
        self.ensure_one()
        if self.state != "done" or self.is_post_processed:
            return
        try:
            with self.env.cr.savepoint():
                self._post_process()
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # Somebody else is booking it: to be run again.
        except Exception:
            self.env.invalidate_all()
            _logger.exception("Payment %s could not be booked yet", self.reference)
            self._report_unbooked()

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment` to book as of the start of the payment.

        See `account.move._is_eligible_for_early_payment_discount`.
        """
        if self.portal_move_id:
            self = self.with_context(
                **{
                    const.CONTEXT_STARTED_ON: self.company_id._get_portal_day(
                        self.create_date
                    )
                }
            )
        return super()._create_payment(**extra_create_values)

    def _report_unbooked(self):
        """Give staff to do what keeps this payment from being booked, once."""
        self.ensure_one()
        summary = self.env._("Online payment could not be booked")
        if summary in self.portal_move_id.activity_ids.mapped("summary"):
            return
        self._schedule_activity(
            summary,
            self.env._(
                "%(amount)s were paid (%(reference)s). Odoo tries to book it again "
                "every few minutes. Please see what keeps it from doing so, such as a "
                "locked period or a journal without accounts.",
                amount=self.currency_id.format(self.amount),
                reference=self.reference,
            ),
        )

    def _post_process(self):
        """Override of `payment` to close the attempt and to tell who wants to know."""
        for tx in self.filtered("portal_move_id"):
            tx._portal_lock()
        result = super()._post_process()
        over = self.filtered(lambda tx: tx.state in ("done", "cancel"))
        over.filtered("portal_open_move_id").portal_open_move_id = False
        for tx in self.filtered(lambda tx: tx.state == "done" and tx.payment_id):
            tx._notify_outcome("received")
            tx._after_portal_booking()
        return result

    def _get_portal_paid_invoices(self):
        """Return the customer invoices that this payment pays.

        :rtype: account.move
        """
        self.ensure_one()
        if self.operation in ("refund", "validation"):
            return self.env["account.move"]
        return self.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")

    # === BUSINESS METHODS - DISPUTES AND RETURNS === #

    def _portal_apply_disputes(self, disputes):
        """Follow the disputes of this payment: the books say where the money is.

        An inquiry moves no money; a dispute takes it at once; one that is won gives it
        back. Bank payments that come back after they settled are disputes as well. A
        payment may have several, of a part each or one after another: it is gone as
        long as one of them holds the whole of it. Staff book what is taken in part.

        Source: https://docs.stripe.com/disputes/how-disputes-work.

        :param list[dict] disputes: All of them as Stripe has them now, newest first.
        """
        self.ensure_one()
        known = self.portal_disputes or {}
        found = {
            dispute["id"]: {
                "status": dispute["status"],
                "holds_money": _holds_money(dispute),
            }
            for dispute in disputes
        }
        news = [one for one in disputes if known.get(one["id"]) != found[one["id"]]]
        if not news:
            return
        self.write(
            {
                "portal_disputes": {**known, **found},
                "portal_dispute_ref": news[0]["id"],
                "portal_dispute_status": news[0]["status"],
            }
        )
        moved = [
            one
            for one in news
            if known.get(one["id"], {}).get("holds_money", False) != _holds_money(one)
        ]
        self._portal_book_disputes(disputes, moved)
        for dispute in reversed(news):
            self._schedule_dispute_activity(dispute, dispute in moved)

    def _portal_book_disputes(self, disputes, moved):
        """Take back, or give back, the whole of this payment, as its disputes did.

        :param list[dict] disputes: All disputes.
        :param list[dict] moved: Those that have just taken money or given it back.
        """
        self.ensure_one()
        holders = [
            one for one in disputes if _holds_money(one) and self._is_portal_whole(one)
        ]
        if self.portal_is_reversed:
            if not holders:
                self._portal_reinstate()
            return
        # What was left to staff once is left to them. And of what was refunded, the
        # refund's own entry has to stay.
        takers = [one for one in holders if one in moved]
        if takers and not self._get_portal_refunded_amount():
            self._portal_reverse(_get_reason(takers[0]))
            # Bank debits are returned: the rules of the ACH network know no dispute.
            is_return = self._is_portal_bank_payment()
            self._notify_outcome("returned" if is_return else "disputed")

    def _is_portal_whole(self, dispute):
        """Return whether a dispute is about the whole of this payment.

        :param dict dispute: The dispute.
        :rtype: bool
        """
        self.ensure_one()
        currency = self.currency_id
        return (
            dispute["currency"].upper() == currency.name
            and currency.compare_amounts(_get_amount(dispute), self.amount) == 0
        )

    def _portal_reverse(self, reason):
        """Reverse the booked payment, by an entry of its own, and reopen the invoice.

        The entry of the payment stays, and so does what a bank statement was matched
        with: the money did come.

        :param str reason: Why, for the journal entry.
        """
        self.ensure_one()
        payment = self.payment_id
        self.portal_is_reversed = True
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
            self._after_portal_failure()

    def _get_portal_refunded_amount(self):
        """Return how much of this payment was given back to the customer.

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

    def _portal_reinstate(self):
        """Book the money that a dispute has given back as a new payment."""
        self.ensure_one()
        self.write({"portal_is_reversed": False, "payment_id": False})
        self.with_company(self.company_id)._create_payment()

    def _schedule_dispute_activity(self, dispute, has_moved):
        """Give whoever is responsible for the invoice something to do.

        :param dict dispute: The dispute.
        :param bool has_moved: Whether it has just taken money or given it back.
        """
        self.ensure_one()
        is_whole = self._is_portal_whole(dispute)
        is_booked = is_whole and self.portal_is_reversed == _holds_money(dispute)
        if _holds_money(dispute) and not (has_moved or is_booked):
            return  # They were asked to book it, once, when it was taken.
        amount = self._format_portal_disputed(dispute)
        if dispute["status"] == "won":
            summary = self.env._("Dispute won: %(amount)s is back", amount=amount)
        elif not _holds_money(dispute):
            summary = self.env._("Payment questioned: %(amount)s", amount=amount)
        else:
            summary = self.env._("Payment taken back: %(amount)s", amount=amount)
        note = self.env._(
            "The customer's bank says: %(reason)s. Stripe's dispute %(dispute)s is "
            "in the state “%(status)s”.",
            reason=_get_reason(dispute),
            dispute=dispute["id"],
            status=dispute["status"],
        )
        if has_moved and not is_booked:
            note += " " + self.env._(
                "This was not booked: please book %(amount)s of the payment "
                "%(reference)s yourself.",
                amount=amount,
                reference=self.reference,
            )
        self._schedule_activity(summary, note)

    def _format_portal_disputed(self, dispute):
        """Return the amount of a dispute, for people.

        :param dict dispute: The dispute.
        :rtype: str
        """
        self.ensure_one()
        amount, currency_name = _get_amount(dispute), dispute["currency"].upper()
        if currency_name != self.currency_id.name:
            return f"{amount} {currency_name}"
        return self.currency_id.format(amount)

    # === BUSINESS METHODS - WHO IS TOLD === #

    def _notify_outcome(self, outcome):
        """Record what came of these payments, and queue the rules that want to know.

        Once for each outcome of a payment, however often it is called.

        :param str outcome: `received`, `failed`, `returned` or `disputed`.
        """
        for tx in self:
            # In sudo mode because the payment comes from a customer or a provider.
            link_sudo = tx.portal_link_id.sudo()
            for move in tx._get_portal_paid_invoices():
                if link_sudo.move_id == move:
                    link_sudo.env["account.move.portal.event"]._record_payment(
                        link_sudo, const.OUTCOME_EVENTS[outcome], tx
                    )
                tx._after_portal_outcome(move, outcome)

    def _after_portal_outcome(self, move, outcome):
        """Tell who wants to know of this payment. Hook for the room `notify`.

        :param account.move move: The invoice that it pays.
        :param str outcome: A key of `const.OUTCOME_EVENTS`.
        """

    def _after_portal_booking(self):
        """Do what follows once these payments are booked. Hook for the room `send`."""

    def _after_portal_failure(self):
        """Do what follows when money did not arrive, or was returned by the bank.

        Hook for the room `send`.
        """

    def _after_portal_verification_request(self):
        """Do what follows when a bank account is to be verified.

        Hook for the room `send`.
        """

    def _schedule_activity(self, summary, note):
        """Give whoever is responsible for the invoice something to do.

        One of them, so that it is not done twice; where there is nobody, it waits on
        the invoice for whoever takes it.

        :param str summary: What it is about.
        :param str note: What there is to know.
        """
        self.ensure_one()
        move = self.portal_move_id
        move.activity_schedule(
            "mail.mail_activity_data_warning",
            user_id=move._get_portal_staff()[:1].id,
            summary=summary,
            note=note,
        )

    # === BUSINESS METHODS - PAYMENT STATUS === #

    def _get_portal_payment_status(self):
        """Return how the payment went, as the customer is told.

        :return: `waiting`, `verify`, `processing`, `paid`, `promised`, `failed`,
            `cancelled`, `on_hold` or `reversed`.
        :rtype: str
        """
        self.ensure_one()
        if self.portal_is_reversed:
            return "reversed"
        if self.state == "pending":
            if self._is_portal_on_hold():
                return "on_hold"
            if self.provider_code in const.OFFLINE_PROVIDERS:
                return "awaiting_transfer"
            return "verify" if self.portal_verification_url else "processing"
        return {
            "draft": "waiting",
            "authorized": "processing",
            "done": "paid" if self.is_post_processed else "processing",
            "cancel": "cancelled",
            "error": "failed",
        }[self.state]

    def _get_portal_method_name(self):
        """Return how was paid, in the words of the payment screen.

        :rtype: str
        """
        self.ensure_one()
        if self.payment_method_code == "ach_direct_debit":
            return self.env._("eCheck / Bank")
        return self.payment_method_id.name

    def _is_portal_bank_payment(self):
        """Return whether this payment takes days, as those by bank account do.

        :rtype: bool
        """
        self.ensure_one()
        return self.primary_payment_method_id.code.endswith("direct_debit")


def _is_undecided(cause):
    """Return whether a failed request may have been fulfilled all the same.

    :param Exception cause: Why core gave the request up.
    :rtype: bool
    """
    if isinstance(cause, requests.HTTPError):
        return cause.response.status_code >= 500
    # Without a connection nothing was asked for.
    return isinstance(cause, requests.RequestException) and not isinstance(
        cause, requests.ConnectTimeout
    )


def _holds_money(dispute):
    """Return whether a dispute has taken money and not given it back.

    Not by the sum of its entries: they are in the currency of the account, at the
    exchange rates of their days.

    :param dict dispute: The dispute as Stripe has it now.
    :rtype: bool
    """
    return dispute["status"] not in GIVEN_BACK and any(
        entry["amount"] < 0 for entry in dispute["balance_transactions"]
    )


def _get_amount(dispute):
    """Return the amount of a dispute in the major unit of its currency.

    :param dict dispute: The dispute.
    :rtype: float
    """
    name = dispute["currency"].upper()
    digits = stripe_const.CURRENCY_DECIMALS.get(name, CURRENCY_MINOR_UNITS.get(name, 2))
    return dispute["amount"] / 10**digits


def _get_reason(dispute):
    """Return why a payment is disputed, in words.

    :param dict dispute: The dispute.
    :rtype: str
    """
    return (dispute["reason"] or "").replace("_", " ")


def _is_refunded(intent):
    """Return whether all that an intent took was given back.

    :param dict intent: The intent, in an API version that lists its charges.
    :rtype: bool
    """
    return any(charge["refunded"] for charge in intent["charges"]["data"])
