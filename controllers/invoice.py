from odoo import http
from odoo.http import request

from .common import (
    link_route,
    make_document_response,
    make_file_response,
    make_pdf_response,
    parse_id,
    public_route,
    record_action,
    record_failed_lookup,
    record_visit,
    render_invoice_page,
    render_unavailable,
)

# Three pixels of a phone for each of the page's, at the size that the styles allow.
LOGO_SIZE = {"width": 576, "height": 168}


class PortalInvoice(http.Controller):
    # No cookie on any of these: the token is all that a visitor needs.

    @link_route(save_session=False)
    def portal_invoice_page(self, link_sudo, **_kwargs):
        """Show the invoice to whoever holds its link.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The page.
        :rtype: odoo.http.Response
        """
        return render_invoice_page(link_sudo, record_visit(link_sudo))

    @link_route("document", save_session=False)
    def portal_invoice_document(self, link_sudo, **_kwargs):
        """Show the invoice itself, at full size and by itself.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The document in HTML.
        :rtype: odoo.http.Response
        """
        if "visit" in request.params:
            record_action(link_sudo, "printed")
        return make_document_response(link_sudo)

    @link_route("pdf", save_session=False)
    def portal_invoice_pdf(self, link_sudo, **_kwargs):
        """Hand out the invoice's PDF.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The file.
        :rtype: odoo.http.Response
        """
        record_action(link_sudo, "downloaded")
        move_sudo = link_sudo.move_id
        return make_pdf_response(
            move_sudo._get_portal_document(), move_sudo._get_portal_document_filename()
        )

    # Not `<int:…>`, which fails on thousands of digits.
    @link_route("file/<string:document_id>")
    def portal_invoice_file(self, link_sudo, document_id, **_kwargs):
        """Hand out a supporting document.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str document_id: The file, as an `ir.attachment` id.
        :return: The file, or a friendly 404.
        :rtype: odoo.http.Response
        """
        document_sudo = link_sudo._get_document(parse_id(document_id))
        if not document_sudo:
            return render_unavailable()
        return make_file_response(document_sudo)

    @public_route(
        "/portal/invoice/<string:token>/new-link",
        type="http",
        methods=["POST"],
        # The form is for people without a session; asking opens nothing by itself.
        csrf=False,
        save_session=False,
    )
    def portal_invoice_new_link(self, token, **_kwargs):
        """Take a request for a new link, and say the same whatever is true.

        :param str token: The token of a link that opens nothing any more.
        :return: The answer.
        :rtype: odoo.http.Response
        """
        request.env["account.move.portal.link.request"]._record(token)
        record_failed_lookup(token)
        return render_unavailable(is_asked=True)

    @public_route(
        "/portal/logo/<string:company_id>",
        type="http",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def portal_logo(self, company_id, **_kwargs):
        """Hand out a company's logo; core's own is too small for a sharp screen.

        It may be kept for good: its address changes with the company.

        :param str company_id: The company, as a `res.company` id.
        :return: The image.
        :rtype: odoo.http.Response
        """
        # In sudo mode because a logo is on every letter; core shows it to all as well.
        companies_sudo = request.env["res.company"].sudo()
        company_sudo = companies_sudo.browse(parse_id(company_id)).exists()
        if not company_sudo.logo:
            raise request.not_found()
        stream = request.env["ir.binary"]._get_image_stream_from(
            company_sudo, "logo", **LOGO_SIZE
        )
        stream.public = True
        return stream.get_response(immutable=True)
