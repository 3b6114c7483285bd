import re
from contextlib import suppress

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from odoo.addons.payment import utils as payment_utils

from ...tools import email_addresses

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


class AccountMovePortalAttempt(models.Model):
    """The billing information that the payer of an attempt has entered."""

    _inherit = "account.move.portal.attempt"

    billing = fields.Json(
        help="What the customer entered on the payment screen, by contact field.",
        readonly=True,
    )
    billing_differences = fields.Html(
        string="Entered differently", compute="_compute_billing_differences"
    )

    # === COMPUTE METHODS === #

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

    def action_update_contact(self):
        """Write what the customer entered into the contact.

        :raise UserError: If there is nothing to take over.
        """
        self.ensure_one()
        differences = self._get_billing_changes()
        if not differences:
            raise UserError(self.env._("The contact has these details already."))
        # As oneself: who may not edit contacts, may not do it here.
        self.transaction_id.partner_id.sudo(False).write(
            {name: entered for name, (_known, entered) in differences.items()}
        )

    # === BUSINESS METHODS === #

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
    def _get_form_defaults(self, link, last=None):
        """Return what the payment screen begins with.

        What the same browser has entered before need not be entered again; nor the
        amount, when nothing came of it. Others through whose hands the link goes begin
        with what the company knows of its customer, and with the link's own address,
        to which the receipt is to go.

        :param account.move.portal.link link: The link.
        :param account.move.portal.attempt last: The last payment of the same browser;
            none if None or empty.
        :return: The billing information, and the amount in the invoice's currency.
        :rtype: tuple[dict, float]
        """
        move, payer = link.move_id, link._get_payer(self.env.user)
        last = last or self.browse()
        known = self._get_billing_defaults(move.partner_id)
        if link.email:
            known["email"] = link.email
        amount = None
        if last.state in ("error", "cancel"):
            with suppress(ValidationError):  # Less may be left meanwhile.
                amount = move._check_portal_amount(last.amount, payer)
        return last.billing or known, amount or move._get_portal_amounts(payer)[0][0]

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
                # Neither NUL nor half a character can be kept.
                text = str(value).replace("\0", "").encode(errors="ignore").decode()
                # One more than may be: what is too long is said, not cut in silence.
                values[name] = " ".join(text.split())[: size + 1]
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
            name: self.env._("Please fill this in.")
            for name in required & BILLING_FIELDS.keys()
            if not values[name]
        }
        if values["email"] and not email_normalize(values["email"]):
            errors["email"] = self.env._("Please check the e-mail address.")
        for name, size in BILLING_FIELDS.items():
            if size and len(values[name]) > size:
                errors[name] = self.env._(
                    "Please use %(size)s characters at most.", size=size
                )
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
