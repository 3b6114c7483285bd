import secrets

from odoo import http
from odoo.http import content_disposition, request

from .visits import is_network_refused, note_action, note_miss, note_visit

PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
# Nothing but what this site serves itself; the company's colours by a nonce.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%(nonce)s'; "
    "img-src 'self' data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# The document brings its styles and images along and fetches nothing.
DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; frame-ancestors 'self'"
)


def get_live_link(token):
    """Return the live link of a token, in the language of its recipient.

    :param str token: The token as found in the URL.
    :return: The link in sudo mode, which the token authorizes; possibly empty.
    :rtype: account.move.portal.link
    """
    link_sudo = request.env["account.move.portal.link"]._find_live(token)
    if link_sudo:
        link_sudo._fetch_for_screens(request.env.user)
        link_sudo = link_sudo.with_company(link_sudo.company_id).with_context(
            lang=link_sudo._get_lang()
        )
    else:
        note_miss(token)
    return link_sudo


def render(template, values, status=200):
    """Render one of the portal's own pages, which load nothing from elsewhere.

    :param str template: The external id of the QWeb template.
    :param dict values: The rendering context; with `link_sudo` in its language.
    :param int status: The HTTP status.
    :rtype: odoo.http.Response
    """
    nonce = secrets.token_urlsafe(16)
    response = render_private(template, {**values, "nonce": nonce}, status=status)
    response.headers["Content-Security-Policy"] = PAGE_POLICY % {"nonce": nonce}
    return response


def render_private(template, values, status=200):
    """Render a page that is never to be cached, indexed or referred from.

    :param str template: The external id of the QWeb template.
    :param dict values: The rendering context; with `link_sudo` in its language.
    :param int status: The HTTP status.
    :rtype: odoo.http.Response
    """
    if link_sudo := values.get("link_sudo"):
        request.update_context(lang=link_sudo.env.lang)
    response = request.render(template, values, status=status)
    response.headers.update(PAGE_HEADERS)
    return response


def render_unavailable(is_asked=False):
    """Render the answer to an unknown, an expired and a revoked link alike.

    :param bool is_asked: Whether the visitor has just asked for a new link.
    :rtype: odoo.http.Response
    """
    status = 429 if is_network_refused() else 200 if is_asked else 404
    return render(
        "account_payment_portal.link_unavailable",
        {"token": request.params.get("token"), "is_asked": is_asked},
        status=status,
    )


class PortalInvoice(http.Controller):
    @http.route(
        "/portal/invoice/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,  # No cookie: the token is all that a visitor needs.
        sitemap=False,
    )
    def portal_invoice_page(self, token, **_kwargs):
        """Show the invoice to whoever holds its link.

        :param str token: The token of the link.
        :return: The page, or a friendly 404.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return render_unavailable()
        visit_sudo = note_visit(link_sudo)
        move_sudo = link_sudo.move_id
        return render(
            "account_payment_portal.invoice_page",
            {
                "link_sudo": link_sudo,
                "move_sudo": move_sudo,
                "state": move_sudo._get_portal_state(),
                "is_payable": move_sudo._is_payable_on_portal(),
                "visit_sudo": visit_sudo,
            },
        )

    @http.route(
        "/portal/invoice/<string:token>/document",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,  # No cookie: the token is all that a visitor needs.
        sitemap=False,
    )
    def portal_invoice_document(self, token, **_kwargs):
        """Show the invoice itself, at full size and by itself.

        :param str token: The token of the link.
        :return: The document in HTML, or a friendly 404.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return render_unavailable()
        if "visit" in request.params:
            note_action(link_sudo, "printed")
        # In sudo mode because the token authorizes the invoice, of which the document
        # shows much: addresses, products, taxes.
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
        "/portal/invoice/<string:token>/pdf",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,  # No cookie: the token is all that a visitor needs.
        sitemap=False,
    )
    def portal_invoice_pdf(self, token, **_kwargs):
        """Hand out the invoice's PDF.

        :param str token: The token of the link.
        :return: The file, or a friendly 404.
        :rtype: odoo.http.Response
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return render_unavailable()
        note_action(link_sudo, "downloaded")
        move_sudo = link_sudo.move_id
        return request.make_response(
            move_sudo._get_portal_document(),
            headers=[
                ("Content-Type", "application/pdf"),
                (
                    "Content-Disposition",
                    content_disposition(move_sudo._get_portal_document_filename()),
                ),
                *PAGE_HEADERS.items(),
            ],
        )

    @http.route(
        "/portal/invoice/<string:token>/new-link",
        type="http",
        auth="public",
        methods=["POST"],
        # The form is for people without a session; asking opens nothing by itself.
        csrf=False,
        save_session=False,
        sitemap=False,
    )
    def portal_invoice_new_link(self, token, **_kwargs):
        """Take the wish for a new link, and say the same whatever is true.

        :param str token: The token of a link that opens nothing any more.
        :rtype: odoo.http.Response
        """
        request.env["account.move.portal.link.request"]._record(token)
        note_miss(token)
        return render_unavailable(is_asked=True)
