import re
import secrets

from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import request

from odoo.addons.account_payment.controllers.payment import PaymentPortal
from odoo.addons.account_payment.controllers.portal import PortalAccount

from .portal import get_live_link, render_private, render_unavailable
from .visits import note_action, note_payment

#: The way to pay that has a form of ours.
ECHECK = "ach_direct_debit"


class PortalInvoicePayment(PortalAccount):
    @http.route(
        "/portal/invoice/<string:token>/pay",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,  # The screen is built on core's front end.
        multilang=False,
        sitemap=False,
    )
    def portal_invoice_pay(self, token, **_kwargs):
        """Show the payment screen.

        :param str token: The token of the link.
        :return: The screen; the invoice page when there is nothing to pay.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return render_unavailable()
        move_sudo = link_sudo.move_id
        if not move_sudo._is_payable_on_portal():
            return request.redirect(link_sudo._get_path())
        visit_sudo = note_action(link_sudo, "pay_opened")
        return render_private(
            "account_payment_portal.payment_page",
            {
                "link_sudo": link_sudo,
                "move_sudo": move_sudo,
                "res_company": move_sudo.company_id,
                "visit_sudo": visit_sudo,
                "form_key": secrets.token_urlsafe(12),
                "portal_amounts": move_sudo._get_portal_amounts(),
                **self._get_portal_billing_values(link_sudo),
                **self._get_portal_payment_form_values(link_sudo),
                # So that whoever pays is known to come from the page.
                "transaction_route": link_sudo._get_path("transaction")
                + visit_sudo._get_visit_query(),
            },
        )

    def _get_portal_billing_values(self, link_sudo):
        """Return the parameters of the billing block, and the amount to begin with.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :rtype: dict
        """
        tx_sudo = link_sudo.env["payment.transaction"]
        billing, amount = tx_sudo._get_portal_form_defaults(link_sudo)
        countries_sudo = link_sudo.env["res.country"].search([])
        country_sudo = countries_sudo.browse(billing["country_id"] or [])
        return {
            "billing": billing,
            "portal_amount": amount,
            "countries_sudo": countries_sudo,
            "country_sudo": country_sudo,
            "required_fields": self._get_portal_required_fields(country_sudo),
        }

    def _get_portal_required_fields(self, country_sudo):
        """Return what a billing address needs: Odoo's own rules of addresses.

        Not the phone number, without which an invoice can be paid.

        :param res.country country_sudo: The country, in sudo mode.
        :rtype: set[str]
        """
        return {"name", "email"} | self._get_mandatory_address_fields(country_sudo)

    def _get_portal_payment_form_values(self, link_sudo):
        """Return the parameters of core's payment form for an invoice's balance.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :rtype: dict
        """
        move_sudo = link_sudo.move_id
        amount = move_sudo._get_portal_amounts()[0][0]
        values = self._get_common_page_view_values(
            invoices_data={
                "partner": move_sudo.partner_id,
                "company": move_sudo.company_id,
                # What a provider's limit is compared with: what is to be paid.
                "total_amount": amount,
                "currency": move_sudo.currency_id,
                "amount_residual": amount,
                "transaction_route": link_sudo._get_path("transaction"),
                "landing_route": link_sudo._get_path("result"),
            },
            # The link's token, in the path, is what authorizes the request.
            access_token="",
        )
        payer_sudo = link_sudo._get_payer(request.env.user)
        values.update(
            amount=amount,
            partner_id=payer_sudo.id,
            company_mismatch=not self._can_partner_pay_in_company(
                payer_sudo, move_sudo.company_id
            ),
            # Cards first, then bank accounts, then whatever else is enabled.
            payment_methods_sudo=values["payment_methods_sudo"].sorted(
                lambda method: (method.code != "card", method.code != ECHECK)
            ),
        )
        if not link_sudo._is_customer(request.env.user):
            # A link opens the invoice, not the customer's saved cards.
            values.update(
                tokens_sudo=values["tokens_sudo"].browse(),
                show_tokenize_input_mapping=dict.fromkeys(
                    values["show_tokenize_input_mapping"], False
                ),
            )
        return values

    @http.route(
        "/portal/invoice/<string:token>/country",
        type="jsonrpc",
        auth="public",
        readonly=True,
        sitemap=False,
    )
    def portal_invoice_country(self, token, country_id):
        """Tell what addresses look like in a country.

        :param str token: The token of the link.
        :param int country_id: The country, as a `res.country` id.
        :return: Its states, and the names of the fields that are required.
        :rtype: dict
        """
        link_sudo = get_live_link(token)
        country_sudo = link_sudo.env["res.country"].browse(int(country_id)).exists()
        return {
            "states": [(state.id, state.name) for state in country_sudo.state_ids],
            "required": sorted(self._get_portal_required_fields(country_sudo)),
        }

    @http.route(
        "/portal/invoice/<string:token>/check",
        type="jsonrpc",
        auth="public",
        sitemap=False,
    )
    def portal_invoice_check(
        self, token, amount=None, billing=None, form_key="", **_kwargs
    ):
        """Tell what is wrong with a filled-in payment screen, before anything starts.

        :param str token: The token of the link.
        :param str amount: The amount as entered.
        :param dict billing: The billing information as entered.
        :param str form_key: The copy of the screen.
        :return: A message by field, and what to know of an attempt under way.
        :rtype: dict
        """
        link_sudo = self._get_payable_link(token)
        _amount, _billing, errors = self._read_portal_form(link_sudo, amount, billing)
        attempt_sudo = link_sudo.move_id._get_portal_open_attempt()
        return {
            "errors": errors,
            "attempt": attempt_sudo
            and {
                "is_this_screens": attempt_sudo.portal_form_key == form_key,
                "message": attempt_sudo._get_portal_progress_message(),
                "is_mine": attempt_sudo._is_portal_restartable(link_sudo),
            },
        }

    def _get_payable_link(self, token):
        """Return the live link of a token.

        :param str token: The token of the link.
        :rtype: account.move.portal.link
        :raise ValidationError: If there is none.
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            raise ValidationError(request.env._("This link is not valid any more."))
        return link_sudo

    def _read_portal_form(self, link_sudo, amount, billing):
        """Return what a customer entered, and what is wrong with it.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str amount: The amount as entered.
        :param dict billing: The billing information as entered; none if the screen
            has no such block.
        :return: The amount, the billing information, a message by field.
        :rtype: tuple[float, dict, dict[str, str]]
        """
        tx_sudo = link_sudo.env["payment.transaction"]
        if billing is None:
            billing = tx_sudo._get_portal_billing_defaults(link_sudo.move_id.partner_id)
            errors = {}
        else:
            billing = tx_sudo._parse_portal_billing(billing)
            errors = tx_sudo._check_portal_billing(
                billing,
                self._get_portal_required_fields(
                    tx_sudo.env["res.country"]
                    .browse(billing["country_id"] or [])
                    .exists()
                ),
            )
        try:
            amount = link_sudo.move_id._check_portal_amount(amount)
        except ValidationError as error:
            errors["amount"] = str(error)
        return amount, billing, errors

    @http.route(
        "/portal/invoice/<string:token>/transaction",
        type="jsonrpc",
        auth="public",
        sitemap=False,
    )
    def portal_invoice_transaction(
        self,
        token,
        provider_id,
        payment_method_id,
        flow,
        token_id=None,
        amount=None,
        billing=None,
        form_key="",
        restart=False,
        tokenization_requested=False,
        **_kwargs,
    ):
        """Start a payment, or go on with the one that this screen has started.

        In which currency is paid, for whom, and where the customer goes next is the
        server's to say; so is whether the amount may be paid.

        :param str token: The token of the link.
        :param int provider_id: The chosen provider, as a `payment.provider` id.
        :param int|None payment_method_id: The method, as a `payment.method` id.
        :param str flow: `direct`, `redirect` or `token`.
        :param int|None token_id: The saved method, as a `payment.token` id.
        :param str amount: The amount as entered; none is the usual one.
        :param dict billing: The billing information as entered.
        :param str form_key: The copy of the screen.
        :param bool restart: Whether an attempt before is to be called off.
        :param bool tokenization_requested: Whether to save the card, for its owner.
        :return: The values that the provider's form needs to go on.
        :rtype: dict
        :raise ValidationError: If there is nothing to pay, or no such way to pay it.
        """
        link_sudo = self._get_payable_link(token)
        move_sudo = link_sudo.move_id
        form_key = re.sub(r"[^\w -]", "", str(form_key)[:64], flags=re.ASCII)
        entered = (link_sudo, amount, billing)
        amount, billing, errors = self._read_portal_form(*entered)
        option = {
            "provider_id": provider_id,
            "payment_method_id": payment_method_id,
            "token_id": token_id,
        }
        chosen = {
            **option,
            "amount": amount,
            "portal_billing": billing,
            "portal_link_id": link_sudo.id,
        }
        resumed = not errors and move_sudo._resume_portal_payment(form_key, chosen)
        if resumed:
            return resumed
        move_sudo._make_way_for_portal_payment(link_sudo, form_key, bool(restart))
        # Again, as an attempt before may have turned out to be paid: less is due then.
        amount, billing, errors = self._read_portal_form(*entered)
        if errors:
            raise ValidationError("\n".join(errors.values()))
        self._check_portal_payment_option(link_sudo, **option)
        tx_sudo = self._create_portal_transaction(
            link_sudo,
            **option,
            amount=amount,
            flow=flow,
            tokenization_requested=tokenization_requested,
            custom_create_values=move_sudo._prepare_portal_transaction_values(
                link_sudo, form_key, billing
            ),
        )
        tx_sudo._portal_begin()
        note_payment(link_sudo, flow)
        return tx_sudo._get_processing_values()

    def _create_portal_transaction(self, link_sudo, tokenization_requested, **values):
        """Create a payment; a saved card is charged once it is on record, see `status`.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param bool tokenization_requested: Whether to save the card, for its owner.
        :param dict values: What else core's method takes.
        :rtype: payment.transaction
        """
        user = request.env.user
        request.update_context(delay_token_charge=True)
        return self._create_transaction(
            currency_id=link_sudo.move_id.currency_id.id,
            partner_id=link_sudo._get_payer(user).id,
            tokenization_requested=(
                tokenization_requested and link_sudo._is_customer(user)
            ),
            landing_route=link_sudo._get_path("result"),
            **values,
        )

    def _check_portal_payment_option(
        self, link_sudo, provider_id, payment_method_id, token_id
    ):
        """Check that the chosen way to pay is one that the screen offered.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param int provider_id: The provider, as a `payment.provider` id.
        :param int|None payment_method_id: The method, as a `payment.method` id.
        :param int|None token_id: The saved method, as a `payment.token` id.
        :raise ValidationError: If it is not.
        """
        offered = self._get_portal_payment_form_values(link_sudo)
        for chosen, ids in [
            (provider_id, offered["providers_sudo"].ids),
            (payment_method_id, [False, None, *offered["payment_methods_sudo"].ids]),
            (token_id, [False, None, *offered["tokens_sudo"].ids]),
        ]:
            if chosen not in ids:
                raise ValidationError(
                    request.env._("This way to pay is not available any more.")
                )


class CoreInvoicePayment(PaymentPortal):
    def _process_transaction(self, partner_id, currency_id, invoice_ids, *args, **kw):
        """Override of `account_payment`: not while the portal takes a payment.

        :raise ValidationError: If one is under way there, of any of the invoices.
        """
        # In sudo mode because who holds a link to an invoice need not be its customer.
        moves_sudo = request.env["account.move"].sudo().browse(invoice_ids)
        for move_sudo in moves_sudo.sorted("id"):  # All lock them in the same order.
            move_sudo._make_way_for_core_payment()
        return super()._process_transaction(
            partner_id, currency_id, invoice_ids, *args, **kw
        )
