from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.account_payment.controllers.portal import PortalAccount

from .common import parse_id, public_route, redirect_private

#: What core's emails and campaigns add to the address of an invoice.
TRACKING = ("pid", "hash")


class CustomerInvoice(PortalAccount):
    """Core's page of an invoice, for customers with a login and for its own emails."""

    @public_route()
    def portal_my_invoice_detail(
        self, invoice_id, access_token=None, report_type=None, download=False, **kw
    ):
        """Override of `account` to lead to the invoice's page on the payment portal.

        Files, returns of payments and all other documents stay core's.
        """
        is_core = any(
            name not in TRACKING and not name.startswith("utm_") for name in kw
        )
        if not (report_type or download or is_core):
            path = self._find_portal_path(invoice_id, access_token)
            if path:
                return redirect_private(path)
        return super().portal_my_invoice_detail(
            invoice_id,
            access_token=access_token,
            report_type=report_type,
            download=download,
            **kw,
        )

    def _prepare_my_invoices_values(self, *args, **kwargs):
        """Override of `account` to lead to all open invoices, to be paid at once."""
        values = super()._prepare_my_invoices_values(*args, **kwargs)
        # In sudo mode to see in which companies there are invoices of theirs.
        partner_sudo = request.env.user.partner_id.sudo()
        values["portal_account_companies"] = (
            partner_sudo._get_portal_account_companies()
        )
        return values

    # Not below `/my/invoices/`, where core looks for an invoice.
    @public_route("/my/account/<string:company_id>", auth="user", type="http")
    def portal_my_account(self, company_id, **_kwargs):
        """Lead a customer who is signed in to the account.

        By POST because it makes the account's link where there is none: browsers fetch
        links ahead. GET is what comes back from the login page: to the button.

        :param str company_id: Whose invoices, as a `res.company` id.
        :rtype: odoo.http.Response
        """
        if request.httprequest.method != "POST":
            return redirect_private("/my/invoices")
        # In sudo mode because customers have no rights on links, and to see which
        # companies have invoices of theirs.
        partner_sudo = request.env.user.partner_id.sudo()
        company_sudo = partner_sudo._get_portal_account_companies().filtered(
            lambda company: company.id == parse_id(company_id)
        )
        links_sudo = partner_sudo.env["account.move.portal.link"]
        link_sudo = company_sudo and links_sudo._find_for_account(
            partner_sudo, company_sudo
        )
        if not link_sudo:
            return redirect_private("/my/invoices")
        return redirect_private(link_sudo._get_path())

    def _find_portal_path(self, invoice_id, access_token):
        """Return where on the payment portal a visitor of core's page belongs.

        :param int invoice_id: The invoice, as an `account.move` id.
        :param str|None access_token: Core's token, if the address has one.
        :return: The path; None where core's page is the right one.
        :rtype: str | None
        """
        try:
            move_sudo = self._document_check_access(
                "account.move", invoice_id, access_token
            )
        except (AccessError, MissingError):
            return None
        if not move_sudo.can_send_portal_link:
            return None
        user = request.env.user
        if user._is_internal():
            return self._find_preview_path(move_sudo)
        link_sudo = move_sudo._get_portal_link_of_user(user)
        if not link_sudo and access_token:
            link_sudo = move_sudo._get_portal_link_of_anyone()
        return link_sudo._get_path() if link_sudo else None

    def _find_preview_path(self, move_sudo):
        """Return the preview of the invoice's page, which is never counted.

        :param account.move move_sudo: The invoice, in sudo mode.
        :return: The path; None for those who may not send the invoice.
        :rtype: str | None
        """
        windows = request.env["account.move.send.portal"]
        move = move_sudo.sudo(False)
        if not (windows.has_access("create") and move.has_access("write")):
            return None
        return windows.create({"move_id": move.id}).action_preview_portal()["url"]
