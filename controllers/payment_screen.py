"""The payment screen: what it shows, and what it may load from elsewhere."""

import json
import secrets
from functools import lru_cache

from markupsafe import Markup, escape

from odoo.http import request
from odoo.tools import is_html_empty

from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.payment.const import CURRENCY_MINOR_UNITS
from odoo.addons.payment_stripe import const as stripe_const
from odoo.addons.web.models.ir_http import IrHttp

from .common import (
    link_route,
    record_action,
    redirect_private,
    render,
    render_private,
)

#: The way to pay that has a form of ours.
ECHECK = "ach_direct_debit"
#: Where a browser keeps which payment it has started through which link.
SESSION_KEY = "account_payment_portal_payments"
# What the screen needs to know of each, in one query.
COUNTRY_FIELDS = ("name", "code", "state_required", "zip_required")
STATE_FIELDS = ("name", "code", "country_id")
# The forms of other providers load what they like, and OWL compiles at run time. What
# can be kept out is: another site's frame around the page.
PROVIDER_POLICY = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"


# === ANSWERS === #


def extend_policy(policy, sources):
    """Return a Content-Security-Policy that lets more in.

    :param str policy: The policy.
    :param dict[str, str] sources: More sources, by directive.
    :rtype: str
    """
    directives = dict(
        directive.strip().partition(" ")[::2] for directive in policy.split(";")
    )
    for name, more in sources.items():
        directives[name] = f"{directives.get(name, '')} {more}".strip()
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def get_session_info(lang):
    """Return what the scripts of Odoo's front end want to know of the session.

    As `web` gives it: `website` adds what there is to know of the website that a page
    belongs to, and fails for one that belongs to none.

    :param str lang: The language of the page, as a `res.lang` code.
    :rtype: dict
    """
    session_info = IrHttp.get_frontend_session_info(request.env["ir.http"])
    session_info["bundle_params"]["lang"] = lang
    # As `http_routing` adds it.
    return {**session_info, "translationURL": "/website/translations"}


@lru_cache(maxsize=64)
def write_choices(choices):
    """Return what a list has to choose from, none of it chosen.

    Not a loop of the template, and kept: there are many countries, and writing them
    would be a third of the server's work for the screen.

    :param choices: The id, code and name of each.
    :type choices: tuple[tuple[int, str, str]]
    :rtype: str
    """
    return "".join(
        f'<option value="{choice_id}" data-code="{escape(code)}">{escape(name)}'
        "</option>"
        for choice_id, code, name in choices
    )


def make_choices(choices, chosen_id):
    """Return what a list has to choose from.

    :param choices: The id, code and name of each.
    :type choices: tuple[tuple[int, str, str]]
    :param int|bool chosen_id: Which of them is chosen; falsy if none is.
    :rtype: markupsafe.Markup
    """
    option = f'<option value="{chosen_id}"'
    return Markup(write_choices(choices).replace(option, f"{option} selected", 1))


# === WHAT A BROWSER HAS STARTED === #


def remember_payment(link_sudo, attempt_sudo):
    """Note that this browser has started a payment through a link.

    Links are passed on, the one printed on the PDF above all: what a payer has entered
    is shown again in the payer's own browser only.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :param account.move.portal.attempt attempt_sudo: The payment, in sudo mode.
    """
    started = request.session.get(SESSION_KEY, {})
    request.session[SESSION_KEY] = {**started, str(link_sudo.id): attempt_sudo.id}


def get_own_payment(link_sudo):
    """Return the last payment that this browser has started through a link.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :return: The payment, in sudo mode; empty if there is none.
    :rtype: account.move.portal.attempt
    """
    attempt_id = request.session.get(SESSION_KEY, {}).get(str(link_sudo.id))
    # In sudo mode, as the link is, because customers have no rights on payments.
    attempts_sudo = link_sudo.env["account.move.portal.attempt"]
    if not attempt_id:
        return attempts_sudo
    return attempts_sudo.search(
        [("id", "=", attempt_id), ("link_id", "=", link_sudo.id)]
    )


class PortalPaymentScreen(PortalAccount):
    # === ROUTES === #

    @link_route("pay")
    def portal_invoice_pay(self, link_sudo, **_kwargs):
        """Show the payment screen.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The screen; the invoice page when there is nothing to pay.
        :rtype: odoo.http.Response
        """
        payer_sudo = link_sudo._get_payer(request.env.user)
        if not link_sudo.move_id._is_payable_on_portal(payer_sudo):
            return redirect_private(link_sudo._get_path())
        visit_sudo = record_action(link_sudo, "pay_opened")
        return self._render_payment_screen(link_sudo, visit_sudo=visit_sudo)

    # Without a session's token against forgery: it shows what was posted, and starts
    # nothing.
    @link_route("pay/form", methods=["GET", "POST"], csrf=False)
    def portal_invoice_pay_form(self, link_sudo, payment_option="", **entered):
        """Go on from the payment screen to the form of another provider.

        A post and not a link, so that no address holds what was entered.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str payment_option: The chosen way to pay, as on the screen.
        :param dict entered: The fields of the screen, by name.
        :return: The provider's form; the screen again, with what was entered, where
            something is wrong with it or where its script was needed and did not load.
        :rtype: odoo.http.Response
        """
        move_sudo = link_sudo.move_id
        if not move_sudo._is_payable_on_portal(link_sudo._get_payer(request.env.user)):
            return redirect_private(link_sudo._get_path())
        if request.httprequest.method != "POST":
            return redirect_private(link_sudo._get_path("pay"))
        attempts_sudo = link_sudo.env["account.move.portal.attempt"]
        amount, billing, errors = attempts_sudo._read_choice(
            link_sudo,
            {
                "amount": entered.get("amount"),
                **self._read_portal_billing(link_sudo, entered),
            },
        )
        form_values = self._get_portal_payment_form_values(link_sudo)
        option = next(
            (
                option
                for option in self._get_portal_payment_options(link_sudo, form_values)
                if option["id"] == payment_option and option["kind"] == "provider"
            ),
            None,
        )
        if errors or not option:
            return self._render_payment_screen(
                link_sudo,
                visit_sudo=link_sudo.env["account.move.portal.event"],
                billing=billing,
                entered_amount=entered.get("amount"),
                errors=errors,
                is_script_missing=not errors,
                chosen_option=payment_option,
            )
        return self._render_provider_page(
            link_sudo, {**form_values, "amount": amount}, option, billing, entered
        )

    @link_route("country", type="jsonrpc")
    def portal_invoice_country(self, link_sudo, country_id=None, **_kwargs):
        """Tell what addresses look like in a country.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param int country_id: The country, as a `res.country` id.
        :return: Its states, their codes, and the names of the fields that are required.
        :rtype: dict
        """
        attempts_sudo = link_sudo.env["account.move.portal.attempt"]
        billing = attempts_sudo._parse_billing({"country_id": country_id})
        country_sudo = link_sudo.env["res.country"]._get_portal_country(
            billing["country_id"]
        )
        states_sudo = country_sudo.state_ids
        return {
            "states": [(state.id, state.name) for state in states_sudo],
            "codes": {state.id: state.code for state in states_sudo},
            "required": sorted(self._get_portal_required_fields(country_sudo)),
        }

    # === THE SCREEN === #

    def _render_payment_screen(self, link_sudo, visit_sudo, **values):
        """Render the payment screen, which loads Stripe's script and nothing else.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param account.move.portal.event visit_sudo: The visit of the invoice page that
            led here; empty if none did.
        :param dict values: What the template takes beyond what begins a payment:
            `billing`, `entered_amount`, `errors`, `is_script_missing`, `chosen_option`.
        :rtype: odoo.http.Response
        """
        move_sudo = link_sudo.move_id
        billing_values = self._get_portal_billing_values(
            link_sudo, values.pop("billing", None)
        )
        form_values = self._get_portal_payment_form_values(link_sudo)
        query = visit_sudo._get_visit_query() or self._get_portal_visit_query()
        screen = {
            "link_sudo": link_sudo,
            "move_sudo": move_sudo,
            "visit_sudo": visit_sudo,
            "client_key": secrets.token_urlsafe(12),
            "portal_amounts": move_sudo._get_portal_amounts(
                link_sudo._get_payer(request.env.user)
            ),
            "payment_options": self._get_portal_payment_options(link_sudo, form_values),
            "currency": form_values["currency"],
            "sdk_url": link_sudo.env["payment.provider"]._stripe_get_sdk_url(),
            # So that whoever pays is known to come from the page.
            "transaction_route": link_sudo._get_path("transaction") + query,
            "form_route": link_sudo._get_path("pay/form") + query,
            "errors": {},
            **billing_values,
            **values,
        }
        offered = [option["id"] for option in screen["payment_options"]]
        if screen.get("chosen_option") not in offered:
            screen["chosen_option"] = next(iter(offered), None)
        screen["has_stripe"] = any("stripe" in opt for opt in screen["payment_options"])
        screen["authorization"] = move_sudo._get_portal_authorization(
            Markup('<b id="echeck_amount">%s</b>')
            % move_sudo.currency_id.format(screen["portal_amount"])
        )
        response = render("account_payment_portal.payment_page", screen)
        if screen["has_stripe"]:
            response.headers["Content-Security-Policy"] = extend_policy(
                response.headers["Content-Security-Policy"],
                link_sudo.env["payment.provider"]._stripe_get_policy_sources(),
            )
        return response

    def _render_provider_page(self, link_sudo, form_values, option, billing, entered):
        """Render the form of a provider that has one of its own.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param dict form_values: As `_get_portal_payment_form_values` returns them, with
            the amount that was entered.
        :param dict option: The way to pay, as `_get_portal_payment_options` returns it.
        :param dict billing: What was entered, as parsed.
        :param dict entered: The fields of the screen, by name.
        :rtype: odoo.http.Response
        """
        transaction_path = link_sudo._get_path("transaction")
        values = {
            **self._get_core_form_values(link_sudo, form_values["amount"]),
            **form_values,
            # Core gives it to pages of its front end only.
            "is_html_empty": is_html_empty,
            "link_sudo": link_sudo,
            "move_sudo": link_sudo.move_id,
            "option": option,
            "payment_methods_sudo": option["method_sudo"],
            "tokens_sudo": form_values["tokens_sudo"].browse(),
            "transaction_route": transaction_path + self._get_portal_visit_query(),
            "entered": json.dumps(
                {
                    "amount": entered.get("amount"),
                    "billing": billing,
                    "client_key": entered.get("client_key", ""),
                    "restart": bool(entered.get("restart")),
                }
            ),
            "session_info": get_session_info(link_sudo.env.lang),
            "nonce": secrets.token_urlsafe(16),
        }
        response = render_private("account_payment_portal.provider_page", values)
        response.headers["Content-Security-Policy"] = PROVIDER_POLICY
        return response

    def _get_portal_visit_query(self):
        """Return what the address of the current request says of its visit.

        :return: The query, to be added to another address; possibly empty.
        :rtype: str
        """
        visit = request.httprequest.args.get("visit", "")
        return f"?visit={visit}" if visit.replace("-", "").isalnum() else ""

    def _get_portal_billing_values(self, link_sudo, billing=None):
        """Return the parameters of the billing block, and the amount to begin with.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param dict billing: What was entered, if something was, as parsed.
        :rtype: dict
        """
        attempts_sudo = link_sudo.env["account.move.portal.attempt"]
        known, amount = attempts_sudo._get_form_defaults(
            link_sudo, get_own_payment(link_sudo)
        )
        billing = billing or known
        countries_sudo = link_sudo.env["res.country"]
        country_sudo = countries_sudo._get_portal_country(billing["country_id"])
        country_sudo.fetch(COUNTRY_FIELDS)
        states_sudo = link_sudo.env["res.country.state"].search_fetch(
            [("country_id", "in", country_sudo.ids)], STATE_FIELDS
        )
        states = tuple((state.id, state.code, state.name) for state in states_sudo)
        required = self._get_portal_required_fields(country_sudo)
        return {
            "billing": billing,
            "is_billing_complete": not attempts_sudo._check_billing(billing, required),
            "portal_amount": amount,
            "countries": make_choices(
                countries_sudo._get_portal_choices(), country_sudo.id
            ),
            "country_sudo": country_sudo,
            "states": make_choices(states, billing["state_id"]),
            "required_fields": required,
        }

    def _get_portal_required_fields(self, country_sudo):
        """Return what a billing address needs: Odoo's own rules of addresses.

        Not the phone number, without which an invoice can be paid.

        :param res.country country_sudo: The country, in sudo mode.
        :rtype: set[str]
        """
        return {"name", "email"} | self._get_mandatory_address_fields(country_sudo)

    def _get_portal_payment_options(self, link_sudo, form_values):
        """Return the ways to pay, in the order in which they are offered.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param dict form_values: As `_get_portal_payment_form_values` returns them.
        :return: Of each: its `id` on the screen, `kind` (`token`; `echeck` and
            `element`, which the screen has a form for; `provider`, which has one of
            its own), the records, and what Stripe's script needs to know.
        :rtype: list[dict]
        """
        options = [
            {
                "id": f"token-{token_sudo.id}",
                "kind": "token",
                "token_sudo": token_sudo,
                "method_sudo": token_sudo.payment_method_id,
                "provider_sudo": token_sudo.provider_id,
            }
            for token_sudo in form_values["tokens_sudo"]
        ]
        for method_sudo in form_values["payment_methods_sudo"]:
            # As core's form chooses among several providers of one method.
            provider_sudo = method_sudo.provider_ids.filtered(
                lambda provider: provider in form_values["providers_sudo"]
            )[:1]
            option = {
                "id": f"method-{provider_sudo.id}-{method_sudo.id}",
                "kind": "provider",
                "method_sudo": method_sudo,
                "provider_sudo": provider_sudo,
                "can_be_saved": method_sudo.support_tokenization
                and form_values["show_tokenize_input_mapping"][provider_sudo.id],
            }
            if provider_sudo.code == "stripe":
                is_echeck = method_sudo.code == ECHECK
                option["kind"] = "echeck" if is_echeck else "element"
                option["stripe"] = self._get_portal_stripe_values(
                    provider_sudo, method_sudo, form_values
                )
            options.append(option)
        return options

    def _get_portal_stripe_values(self, provider_sudo, method_sudo, form_values):
        """Return what Stripe's script needs to know of a way to pay.

        :param payment.provider provider_sudo: The provider, in sudo mode.
        :param payment.method method_sudo: The method, in sudo mode.
        :param dict form_values: As `_get_portal_payment_form_values` returns them.
        :return: The values, in JSON.
        :rtype: str
        """
        # Core's, which other modules extend. Of no contact, whose address it would give
        # as well: that is not for everybody who has the link.
        values = json.loads(
            provider_sudo._stripe_get_inline_form_values(
                form_values["amount"],
                form_values["currency"],
                False,
                False,
                payment_method_sudo=method_sudo,
            )
        )
        mapping = values["payment_methods_mapping"]
        return json.dumps(
            {
                "key": values["publishable_key"],
                "apiVersion": stripe_const.API_VERSION,
                "currency": values["currency_name"],
                "captureMethod": values["capture_method"],
                "isSaved": values["is_tokenization_required"],
                "type": mapping.get(method_sudo.code, method_sudo.code),
                "minorDigits": self._get_portal_minor_digits(form_values["currency"]),
            }
        )

    def _get_portal_minor_digits(self, currency):
        """Return how many digits Stripe's unit of a currency is away from ours.

        :param res.currency currency: The currency.
        :rtype: int
        """
        return stripe_const.CURRENCY_DECIMALS.get(
            currency.name,
            CURRENCY_MINOR_UNITS.get(currency.name, currency.decimal_places),
        )

    def _get_portal_payment_form_values(self, link_sudo):
        """Return what a payment begins with: the balance, and the ways to pay it.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: Of the parameters of core's payment form those that the screen needs.
        :rtype: dict
        """
        move_sudo = link_sudo.move_id
        payer_sudo = link_sudo._get_payer(request.env.user)
        amount = move_sudo._get_portal_amounts(payer_sudo)[0][0]
        providers_sudo, methods_sudo = link_sudo.env[
            "payment.provider"
        ]._get_portal_options(
            move_sudo.company_id, payer_sudo, move_sudo.currency_id, amount
        )
        return {
            "amount": amount,
            "currency": move_sudo.currency_id,
            "partner_id": payer_sudo.id,
            "providers_sudo": providers_sudo,
            # Cards first, then bank accounts, then whatever else is enabled.
            "payment_methods_sudo": methods_sudo.sorted(
                lambda method: (method.code != "card", method.code != ECHECK)
            ),
            **self._get_portal_saving_values(link_sudo, payer_sudo, providers_sudo),
        }

    def _get_core_form_values(self, link_sudo, amount):
        """Return the other parameters of core's payment form.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param float amount: What is to be paid, with which providers' limits are
            compared, in the invoice's currency.
        :rtype: dict
        """
        move_sudo = link_sudo.move_id
        values = self._get_common_page_view_values(
            invoices_data={
                "partner": move_sudo.partner_id,
                "company": move_sudo.company_id,
                "total_amount": amount,
                "currency": move_sudo.currency_id,
                "amount_residual": amount,
                "transaction_route": link_sudo._get_path("transaction"),
                "landing_route": link_sudo._get_path("result"),
            },
            # The link's token, in the path, is what authorizes the request.
            access_token="",
        )
        # Core asks whether whoever is logged in may pay the company: see `_get_payer`.
        return {**values, "company_mismatch": False}

    def _get_portal_saving_values(self, link_sudo, payer_sudo, providers_sudo):
        """Return which saved ways to pay are offered, and which may be saved.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param res.partner payer_sudo: For whom is paid, in sudo mode.
        :param payment.provider providers_sudo: The offered providers, in sudo mode.
        :rtype: dict
        """
        tokens_sudo = link_sudo.env["payment.token"]
        if not link_sudo._is_customer(request.env.user):
            # A link opens the invoice, not the customer's saved cards.
            return {
                "tokens_sudo": tokens_sudo,
                "show_tokenize_input_mapping": dict.fromkeys(providers_sudo.ids, False),
            }
        return {
            "tokens_sudo": tokens_sudo._get_available_tokens(
                providers_sudo.ids, payer_sudo.id
            ),
            "show_tokenize_input_mapping": self._compute_show_tokenize_input_mapping(
                providers_sudo
            ),
        }
