from odoo import http
from odoo.http import request

from .common import (
    make_document_response,
    make_file_response,
    make_pdf_response,
    parse_id,
    public_route,
    render,
    render_invoice_page,
    render_unavailable,
)


def get_preview(signed):
    """Return the window and the link of a preview, for the user who is logged in.

    :param str signed: The signed part of the address.
    :return: The window, and the link that is never stored, in sudo mode and in the
        customer's language; both empty if the address opens nothing.
    :rtype: tuple[account.move.send.portal, account.move.portal.link]
    """
    window = request.env["account.move.send.portal"]._find_preview(signed)
    if not window:
        return window, request.env["account.move.portal.link"]
    link_sudo = window._get_preview_link()
    return window, link_sudo.with_company(link_sudo.move_id.company_id).with_context(
        lang=link_sudo._get_lang()
    )


def preview_route(screen=""):
    """Decorate the method that answers one of a preview's addresses.

    It gets the window and the link instead of the signed part of the address.

    :param str screen: What follows that part; empty for the invoice page.
    :return: The decorator.
    :rtype: callable
    """

    def decorate(method):
        def endpoint(self, signed, **params):
            for name in ("window", "link_sudo"):  # Whoever asks does not choose them.
                params.pop(name, None)
            window, link_sudo = get_preview(signed)
            if not window:
                return render_unavailable()
            return method(self, window, link_sudo, **params)

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(endpoint, name, getattr(method, name))
        return public_route(
            "/portal/invoice/preview/<string:signed>" + (screen and f"/{screen}"),
            type="http",
            auth="user",
            methods=["GET"],
        )(endpoint)

    return decorate


class PortalInvoicePreview(http.Controller):
    """The customer's screens for staff, before anything is sent.

    Nothing is recorded, and nothing can be paid.
    """

    @preview_route()
    def portal_preview_page(self, window, link_sudo, **_kwargs):
        """Show the invoice page as the customer will see it.

        :param account.move.send.portal window: The window.
        :param account.move.portal.link link_sudo: The link that is never stored.
        :return: The page.
        :rtype: odoo.http.Response
        """
        return render_invoice_page(link_sudo, request.env["account.move.portal.event"])

    @preview_route("document")
    def portal_preview_document(self, window, link_sudo, **_kwargs):
        """Show the invoice itself, at full size and by itself.

        :param account.move.send.portal window: The window.
        :param account.move.portal.link link_sudo: The link that is never stored.
        :return: The document in HTML.
        :rtype: odoo.http.Response
        """
        return make_document_response(link_sudo)

    @preview_route("pdf")
    def portal_preview_pdf(self, window, link_sudo, show=None, **_kwargs):
        """Hand out the PDF, or show it as the attachment that it will be.

        :param account.move.send.portal window: The window.
        :param account.move.portal.link link_sudo: The link that is never stored.
        :param str|None show: Set to show it in the browser.
        :return: The file.
        :rtype: odoo.http.Response
        """
        if show:
            filename = window._get_own_filenames()[0]
            return make_pdf_response(window._get_preview_pdf(), filename, "inline")
        filename = link_sudo.move_id._get_portal_document_filename()
        return make_pdf_response(window._get_preview_pdf(), filename)

    @preview_route("file/<string:document_id>")
    def portal_preview_file(self, window, link_sudo, document_id, **_kwargs):
        """Hand out a supporting document.

        :param account.move.send.portal window: The window.
        :param account.move.portal.link link_sudo: The link that is never stored.
        :param str document_id: The file, as an `ir.attachment` id.
        :return: The file, or a friendly 404.
        :rtype: odoo.http.Response
        """
        document_sudo = link_sudo._get_document(parse_id(document_id))
        if not document_sudo:
            return render_unavailable()
        return make_file_response(document_sudo)

    @preview_route("pay")
    def portal_preview_pay(self, window, link_sudo, **_kwargs):
        """Say that nothing can be paid in a preview.

        :param account.move.send.portal window: The window.
        :param account.move.portal.link link_sudo: The link that is never stored.
        :return: The page.
        :rtype: odoo.http.Response
        """
        return render(
            "account_payment_portal.preview_payment", {"link_sudo": link_sudo}
        )
