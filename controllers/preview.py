from odoo import http
from odoo.http import content_disposition, request

from .portal import (
    DOCUMENT_POLICY,
    PAGE_HEADERS,
    get_live_link,
    render,
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


def make_file_response(document_sudo):
    """Hand out a supporting document, to be saved and never to be cached.

    :param ir.attachment document_sudo: The file, in sudo mode.
    :rtype: odoo.http.Response
    """
    return request.make_response(
        document_sudo.raw,
        headers=[
            ("Content-Type", document_sudo.mimetype),
            ("Content-Disposition", content_disposition(document_sudo.name)),
            ("Content-Security-Policy", "sandbox"),
            *PAGE_HEADERS.items(),
        ],
    )


class PortalInvoiceDocuments(http.Controller):
    @http.route(
        "/portal/invoice/<string:token>/file/<int:document_id>",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def portal_invoice_file(self, token, document_id, **_kwargs):
        """Hand out a supporting document.

        :param str token: The token of the link.
        :param int document_id: The id of the file, as an `ir.attachment` id.
        :return: The file, or a friendly 404.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        document_sudo = link_sudo and link_sudo._get_document(document_id)
        if not document_sudo:
            return render_unavailable()
        return make_file_response(document_sudo)


class PortalInvoicePreview(http.Controller):
    """The customer's screens for staff, before anything is sent.

    Nothing is recorded, and nothing can be paid.
    """

    @http.route(
        "/portal/invoice/preview/<string:signed>",
        type="http",
        auth="user",
        methods=["GET"],
        sitemap=False,
    )
    def portal_preview_page(self, signed, **_kwargs):
        """Show the invoice page as the customer will see it.

        :param str signed: The signed part of the address.
        :return: The page, or a friendly 404.
        :rtype: odoo.http.Response
        """
        _window, link_sudo = get_preview(signed)
        if not link_sudo:
            return render_unavailable()
        move_sudo = link_sudo.move_id
        return render(
            "account_payment_portal.invoice_page",
            {
                "link_sudo": link_sudo,
                "move_sudo": move_sudo,
                "state": move_sudo._get_portal_state(),
                "is_payable": move_sudo._is_payable_on_portal(),
                "visit_sudo": request.env["account.move.portal.event"],
            },
        )

    @http.route(
        "/portal/invoice/preview/<string:signed>/document",
        type="http",
        auth="user",
        methods=["GET"],
        sitemap=False,
    )
    def portal_preview_document(self, signed, **_kwargs):
        """Show the invoice itself, at full size and by itself.

        :param str signed: The signed part of the address.
        :return: The document in HTML, or a friendly 404.
        :rtype: odoo.http.Response
        """
        _window, link_sudo = get_preview(signed)
        if not link_sudo:
            return render_unavailable()
        # In sudo mode as on the customer's page.
        html = link_sudo.env["ir.actions.report"]._portal_render_document_html(
            link_sudo.move_id
        )
        return request.make_response(
            html,
            headers=[
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", DOCUMENT_POLICY),
                *PAGE_HEADERS.items(),
            ],
        )

    @http.route(
        "/portal/invoice/preview/<string:signed>/pdf",
        type="http",
        auth="user",
        methods=["GET"],
        sitemap=False,
    )
    def portal_preview_pdf(self, signed, show=None, **_kwargs):
        """Hand out the PDF, or show it as the attachment that it will be.

        :param str signed: The signed part of the address.
        :param str|None show: Set to show it in the browser.
        :return: The file, or a friendly 404.
        :rtype: odoo.http.Response
        """
        window, link_sudo = get_preview(signed)
        if not window:
            return render_unavailable()
        filename = (
            window._get_own_filenames()[0]
            if show
            else link_sudo.move_id._get_portal_document_filename()
        )
        return request.make_response(
            window._get_preview_pdf(),
            headers=[
                ("Content-Type", "application/pdf"),
                (
                    "Content-Disposition",
                    content_disposition(filename, "inline" if show else "attachment"),
                ),
                *PAGE_HEADERS.items(),
            ],
        )

    @http.route(
        "/portal/invoice/preview/<string:signed>/file/<int:document_id>",
        type="http",
        auth="user",
        methods=["GET"],
        sitemap=False,
    )
    def portal_preview_file(self, signed, document_id, **_kwargs):
        """Hand out a supporting document.

        :param str signed: The signed part of the address.
        :param int document_id: The id of the file, as an `ir.attachment` id.
        :return: The file, or a friendly 404.
        :rtype: odoo.http.Response
        """
        _window, link_sudo = get_preview(signed)
        document_sudo = link_sudo and link_sudo._get_document(document_id)
        if not document_sudo:
            return render_unavailable()
        return make_file_response(document_sudo)

    @http.route(
        "/portal/invoice/preview/<string:signed>/pay",
        type="http",
        auth="user",
        methods=["GET"],
        sitemap=False,
    )
    def portal_preview_pay(self, signed, **_kwargs):
        """Say that nothing can be paid in a preview.

        :param str signed: The signed part of the address.
        :return: The page, or a friendly 404.
        :rtype: odoo.http.Response
        """
        _window, link_sudo = get_preview(signed)
        if not link_sudo:
            return render_unavailable()
        return render(
            "account_payment_portal.preview_payment", {"link_sudo": link_sudo}
        )
