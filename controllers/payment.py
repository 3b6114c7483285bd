import logging
import re

import stripe

from odoo import http
from odoo.http import request

from odoo.addons.account_payment.controllers.payment import PaymentPortal
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from .common import (
    link_route,
    make_pdf_response,
    public_route,
    record_payment,
    redirect_private,
    render,
)
from .payment_screen import (
    PAYABLE,
    PortalPaymentScreen,
    get_own_payment,
    remember_payment,
)

_logger = logging.getLogger(__name__)


def get_last_payment(link_sudo):
    """Return the last payment that was started through a link.

    The link printed on the PDF goes from hand to hand: there it is the last one that
    this browser has started, as the answer names its payer and can cancel it.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :return: The payment, in sudo mode, or an empty recordset.
    :rtype: account.move.portal.attempt
    """
    if link_sudo.audience == "document":
        return get_own_payment(link_sudo)
    return link_sudo.env["account.move.portal.attempt"]._find_last(link_sudo)


class PortalInvoicePayment(PortalPaymentScreen):
    @link_route("check", opens=PAYABLE, type="jsonrpc")
    def portal_invoice_check(
        self, link_sudo, amount=None, billing=None, client_key="", **_kwargs
    ):
        """Tell what is wrong with a filled-in payment screen, before anything starts.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str amount: The amount as entered.
        :param dict billing: The billing information as entered.
        :param str client_key: The copy of the screen.
        :return: A message by field, and what to know of an attempt under way.
        :rtype: dict
        """
        attempts_sudo = link_sudo.env["account.move.portal.attempt"]
        choice = {
            "amount": amount,
            **self._read_portal_billing(link_sudo, billing),
            **self._get_portal_choice(link_sudo),
        }
        _amount, _billing, errors = attempts_sudo._read_choice(link_sudo, choice)
        chosen_sudo = attempts_sudo._get_chosen_moves(link_sudo, choice)
        attempt_sudo = attempts_sudo._find_open(chosen_sudo)[:1]
        return {
            "errors": errors,
            "attempt": {
                "is_this_screens": attempt_sudo.client_key == client_key,
                "message": attempt_sudo._get_progress_message(),
                "is_mine": attempt_sudo._is_cancellable(link_sudo),
            }
            if attempt_sudo
            else None,
        }

    def _read_portal_billing(self, link_sudo, billing):
        """Return the billing information as entered, and what its country requires.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param dict billing: The billing information as entered; none if the screen
            has no such block.
        :rtype: dict
        """
        if billing is None:
            return {"billing": None, "required": set()}
        attempts_sudo = link_sudo.env["account.move.portal.attempt"]
        country_id = attempts_sudo._parse_billing(billing)["country_id"]
        country_sudo = link_sudo.env["res.country"].browse(country_id or []).exists()
        return {
            "billing": billing,
            "required": self._get_portal_required_fields(country_sudo),
        }

    @link_route("transaction", opens=PAYABLE, type="jsonrpc")
    def portal_invoice_transaction(
        self,
        link_sudo,
        provider_id=None,
        payment_method_id=None,
        flow=None,
        token_id=None,
        amount=None,
        billing=None,
        client_key="",
        restart=False,
        tokenization_requested=False,
        **_kwargs,
    ):
        """Start a payment, or go on with the one that this screen has started.

        In which currency is paid, for whom, and where the customer goes next is the
        server's to say; so is whether the amount may be paid.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param int provider_id: The chosen provider, as a `payment.provider` id.
        :param int|None payment_method_id: The method, as a `payment.method` id.
        :param str flow: `direct`, `redirect` or `token`.
        :param int|None token_id: The saved method, as a `payment.token` id.
        :param str amount: The amount as entered; none is the usual one.
        :param dict billing: The billing information as entered.
        :param str client_key: The copy of the screen.
        :param bool restart: Whether an attempt before is to be cancelled.
        :param bool tokenization_requested: Whether to save the card, for its owner.
        :return: The values that the provider's form needs to go on.
        :rtype: dict
        :raise PortalPaymentValidationError: If it cannot be started.
        """
        attempts_sudo = link_sudo.env["account.move.portal.attempt"]
        client_key = re.sub(r"[^\w -]", "", str(client_key)[:64], flags=re.ASCII)
        values = attempts_sudo._start_portal_payment(
            link_sudo,
            {
                "provider_id": provider_id,
                "payment_method_id": payment_method_id,
                "token_id": token_id,
                "flow": flow,
                "amount": amount,
                **self._read_portal_billing(link_sudo, billing),
                **self._get_portal_choice(link_sudo),
                "client_key": client_key,
                "restart": bool(restart),
                "tokenization_requested": tokenization_requested,
            },
        )
        # What core does with what was started on its pages.
        attempt_sudo = attempts_sudo._find_last(link_sudo)
        PaymentPostProcessing.monitor_transaction(attempt_sudo.transaction_id)
        remember_payment(link_sudo, attempt_sudo)
        record_payment(link_sudo, flow)
        return values


class PortalPaymentResult(http.Controller):
    @link_route("result", keeps_answer=True, opens=PAYABLE)
    def portal_invoice_result(self, link_sudo, **_kwargs):
        """Answer how the last payment through this link went.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The answer; the invoice page when nothing was paid.
        :rtype: odoo.http.Response
        """
        attempt_sudo = get_last_payment(link_sudo)
        if not attempt_sudo:
            return redirect_private(link_sudo._get_path())
        # Other providers confirm a payment and leave it to whoever comes next to book.
        attempt_sudo._book()
        return render(
            "account_payment_portal.result_page",
            {
                "link_sudo": link_sudo,
                "move_sudo": attempt_sudo.move_id,
                "attempt_sudo": attempt_sudo,
                "tx_sudo": attempt_sudo.transaction_id,
                "answer": attempt_sudo._get_payment_status(),
            },
        )

    @link_route("status", type="jsonrpc", keeps_answer=True, opens=PAYABLE)
    def portal_invoice_status(self, link_sudo, **_kwargs):
        """Tell how the payment stands, after asking whoever knows.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The kind of answer that the result page gives.
        :rtype: str
        """
        attempt_sudo = get_last_payment(link_sudo)
        if not attempt_sudo:
            return ""
        try:
            attempt_sudo._sync_with_provider()
        except stripe.StripeError:
            # The page asks again, and so does the scheduler.
            request.env.cr.rollback()
        return attempt_sudo._get_payment_status()

    # Without a session's token against forgery: who knows the path may do it.
    @link_route("restart", methods=["POST"], csrf=False, opens=PAYABLE)
    def portal_invoice_restart(self, link_sudo, **_kwargs):
        """Cancel a payment that waits for its payer, to pay in another way.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The payment screen; the answer again where it cannot be cancelled.
        :rtype: odoo.http.Response
        """
        attempt_sudo = get_last_payment(link_sudo)
        if attempt_sudo.is_open and attempt_sudo._is_cancellable(link_sudo):
            try:
                attempt_sudo._cancel_attempt()
            except stripe.StripeError:
                _logger.info("Payment %s not cancelled", attempt_sudo.reference)
        if attempt_sudo.is_open:
            return redirect_private(link_sudo._get_path("result"))
        return redirect_private(self._get_pay_path(link_sudo, attempt_sudo))

    def _get_pay_path(self, link_sudo, attempt_sudo):
        """Return where to pay once more what a payment was to pay.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param account.move.portal.attempt attempt_sudo: The payment, in sudo mode.
        :rtype: str
        """
        return link_sudo._get_path("pay") + attempt_sudo._get_choice_query()

    @link_route("receipt", keeps_answer=True, opens=PAYABLE)
    def portal_invoice_receipt(self, link_sudo, **_kwargs):
        """Hand out the receipt of the last payment through this link.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The file; the answer page where there is no receipt.
        :rtype: odoo.http.Response
        """
        attempt_sudo = get_last_payment(link_sudo)
        # A payment that was captured in parts has several, and no receipt.
        tx_sudo = attempt_sudo.transaction_id
        if not tx_sudo.payment_id or attempt_sudo._get_payment_status() != "paid":
            return redirect_private(link_sudo._get_path("result"))
        name, content = attempt_sudo._get_receipt()
        return make_pdf_response(content, name)


class CoreInvoicePayment(PaymentPortal):
    def _process_transaction(
        self, partner_id, currency_id, invoice_ids, payment_reference, **kwargs
    ):
        """Override of `account_payment`: one payment of an invoice at a time.

        :raise PortalPaymentValidationError: If one of them is under way.
        """
        # In sudo mode because who holds a link to an invoice need not be its customer.
        moves_sudo = request.env["account.move"].sudo().browse(invoice_ids)
        attempts_sudo = moves_sudo.env["account.move.portal.attempt"]
        attempts_sudo._supersede_for_core(moves_sudo, kwargs.get("amount"))
        return super()._process_transaction(
            partner_id, currency_id, invoice_ids, payment_reference, **kwargs
        )


class PortalPostProcessing(PaymentPostProcessing):
    @public_route()
    def display_status(self, **kwargs):
        """Override of `payment` to answer on the portal what was paid on the portal."""
        tx_sudo = self._get_monitored_transaction()
        if tx_sudo.portal_link_id:
            return redirect_private(tx_sudo.landing_route)
        return super().display_status(**kwargs)
