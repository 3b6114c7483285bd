from odoo import http
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.http import request

from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from .portal import get_live_link, render, render_private, render_unavailable
from .visits import note_action


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
        note_action(link_sudo, "pay_opened")
        return render_private(
            "account_payment_portal.payment_page",
            {
                "link_sudo": link_sudo,
                "move_sudo": move_sudo,
                "res_company": move_sudo.company_id,
                **self._get_portal_payment_form_values(link_sudo),
            },
        )

    def _get_portal_payment_form_values(self, link_sudo):
        """Return the parameters of core's payment form for an invoice's balance.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :rtype: dict
        """
        move_sudo = link_sudo.move_id
        values = self._get_common_page_view_values(
            invoices_data={
                "partner": move_sudo.partner_id,
                "company": move_sudo.company_id,
                # What a provider's limit is compared with: what is to be paid.
                "total_amount": move_sudo.amount_residual,
                "currency": move_sudo.currency_id,
                "amount_residual": move_sudo.amount_residual,
                "transaction_route": link_sudo._get_path("transaction"),
                "landing_route": link_sudo._get_path("result"),
            },
            # The link's token, in the path, is what authorizes the request.
            access_token="",
        )
        payer_sudo = link_sudo._get_payer(request.env.user)
        values.update(
            amount=move_sudo.amount_residual,
            partner_id=payer_sudo.id,
            company_mismatch=not self._can_partner_pay_in_company(
                payer_sudo, move_sudo.company_id
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
        "/portal/invoice/<string:token>/transaction",
        type="jsonrpc",
        auth="public",
        sitemap=False,
    )
    def portal_invoice_transaction(
        self, token, provider_id, payment_method_id, flow, token_id=None, **kwargs
    ):
        """Create a payment attempt on the balance due.

        What is paid, in which currency, for whom, and where the customer goes next is
        the server's to say; whatever the browser says of it is ignored.

        :param str token: The token of the link.
        :param int provider_id: The chosen provider, as a `payment.provider` id.
        :param int|None payment_method_id: The method, as a `payment.method` id.
        :param str flow: `direct`, `redirect` or `token`.
        :param int|None token_id: The saved method, as a `payment.token` id.
        :param dict kwargs: What else core's form sends.
        :return: The values that the provider's form needs to go on.
        :rtype: dict
        :raise ValidationError: If there is nothing to pay, or no such way to pay it.
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            raise ValidationError(request.env._("This link is not valid any more."))
        move_sudo = link_sudo.move_id
        move_sudo._lock_for_portal_payment()
        if not move_sudo._is_payable_on_portal():
            raise ValidationError(
                request.env._(
                    "There is nothing to pay on this invoice, or a payment of it is "
                    "in progress. Please reload the page."
                )
            )
        self._check_portal_payment_option(
            link_sudo, provider_id, payment_method_id, token_id
        )
        tx_sudo = self._create_transaction(
            provider_id=provider_id,
            payment_method_id=payment_method_id,
            token_id=token_id,
            amount=move_sudo.amount_residual,
            currency_id=move_sudo.currency_id.id,
            partner_id=link_sudo._get_payer(request.env.user).id,
            flow=flow,
            tokenization_requested=bool(
                kwargs.get("tokenization_requested")
                and link_sudo._is_customer(request.env.user)
            ),
            landing_route=link_sudo._get_path("result"),
            custom_create_values={
                "invoice_ids": [Command.set(move_sudo.ids)],
                "portal_link_id": link_sudo.id,
            },
        )
        return tx_sudo._get_processing_values()

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

    @http.route(
        "/portal/invoice/<string:token>/result",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def portal_invoice_result(self, token, **_kwargs):
        """Answer how the last payment through this link went.

        :param str token: The token of the link.
        :return: The answer; the invoice page when nothing was paid.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return render_unavailable()
        # In sudo mode because customers have no rights on transactions.
        tx_sudo = link_sudo.env["payment.transaction"].search(
            [("portal_link_id", "=", link_sudo.id)], order="id desc", limit=1
        )
        if not tx_sudo:
            return request.redirect(link_sudo._get_path())
        return render(
            "account_payment_portal.result_page",
            {
                "link_sudo": link_sudo,
                "move_sudo": link_sudo.move_id,
                "tx_sudo": tx_sudo,
            },
        )


class PortalPostProcessing(PaymentPostProcessing):
    @http.route()
    def display_status(self, **kwargs):
        """Override of `payment` to answer on the portal what was paid on the portal."""
        tx_sudo = self._get_monitored_transaction()
        if tx_sudo.portal_link_id:
            return request.redirect(tx_sudo.landing_route)
        return super().display_status(**kwargs)
