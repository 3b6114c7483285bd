import logging

import stripe

from odoo import http
from odoo.http import content_disposition, request

from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from .portal import PAGE_HEADERS, get_live_link, render, render_unavailable

_logger = logging.getLogger(__name__)


def get_last_payment(link_sudo):
    """Return the last payment that was started through a link.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :return: The payment, in sudo mode, or an empty recordset.
    :rtype: payment.transaction
    """
    # In sudo mode, as the link is, because customers have no rights on transactions.
    return link_sudo.env["payment.transaction"].search(
        [("portal_link_id", "=", link_sudo.id)], order="id desc", limit=1
    )


class PortalPaymentResult(http.Controller):
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
        tx_sudo = get_last_payment(link_sudo)
        if not tx_sudo:
            return request.redirect(link_sudo._get_path())
        return render(
            "account_payment_portal.result_page",
            {
                "link_sudo": link_sudo,
                "move_sudo": link_sudo.move_id,
                "tx_sudo": tx_sudo,
                "answer": tx_sudo._get_portal_answer(),
            },
        )

    @http.route(
        "/portal/invoice/<string:token>/status",
        type="jsonrpc",
        auth="public",
        sitemap=False,
    )
    def portal_invoice_status(self, token):
        """Tell how the payment stands, after asking whoever knows.

        :param str token: The token of the link.
        :return: The kind of answer that the result page gives.
        :rtype: str
        """
        link_sudo = get_live_link(token)
        tx_sudo = link_sudo and get_last_payment(link_sudo)
        if not tx_sudo:
            return ""
        try:
            tx_sudo._portal_hurry()
        except stripe.StripeError:
            # The page asks again, and so does the scheduler.
            request.env.cr.rollback()
        return tx_sudo._get_portal_answer()

    # Without a session's token against forgery: who knows the path may do it.
    @http.route(
        "/portal/invoice/<string:token>/restart",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        sitemap=False,
    )
    def portal_invoice_restart(self, token, **_kwargs):
        """Call off a payment that waits for its payer, to pay in another way.

        :param str token: The token of the link.
        :return: The payment screen; the answer again where it cannot be called off.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return render_unavailable()
        tx_sudo = get_last_payment(link_sudo)
        if tx_sudo.portal_open_move_id and tx_sudo._is_portal_restartable(link_sudo):
            try:
                tx_sudo._portal_release()
            except stripe.StripeError:
                _logger.info("Payment %s could not be called off", tx_sudo.reference)
        screen = "result" if tx_sudo.portal_open_move_id else "pay"
        return request.redirect(link_sudo._get_path(screen))

    @http.route(
        "/portal/invoice/<string:token>/receipt",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def portal_invoice_receipt(self, token, **_kwargs):
        """Hand out the receipt of the last payment through this link.

        :param str token: The token of the link.
        :return: The file; the answer page where there is no receipt.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return render_unavailable()
        tx_sudo = get_last_payment(link_sudo)
        # A payment that was captured in parts has several, and no receipt.
        if not tx_sudo.payment_id or tx_sudo._get_portal_answer() != "paid":
            return request.redirect(link_sudo._get_path("result"))
        name, content = tx_sudo._get_portal_receipt()
        return request.make_response(
            content,
            headers=[
                ("Content-Type", "application/pdf"),
                ("Content-Disposition", content_disposition(name)),
                *PAGE_HEADERS.items(),
            ],
        )


class PortalPostProcessing(PaymentPostProcessing):
    @http.route()
    def display_status(self, **kwargs):
        """Override of `payment` to answer on the portal what was paid on the portal."""
        tx_sudo = self._get_monitored_transaction()
        if tx_sudo.portal_link_id:
            return request.redirect(tx_sudo.landing_route)
        return super().display_status(**kwargs)
