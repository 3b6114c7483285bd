import secrets

from odoo import http
from odoo.http import content_disposition, request

from ..models.base_automation import VIEWED

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
PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Moz")


def get_live_link(token):
    """Return the live link of a token, in the language of its recipient.

    :param str token: The token as found in the URL.
    :return: The link in sudo mode, which the token authorizes; possibly empty.
    :rtype: account.move.portal.link
    """
    link_sudo = request.env["account.move.portal.link"]._find_live(token)
    if link_sudo:
        link_sudo = link_sudo.with_company(link_sudo.company_id).with_context(
            lang=link_sudo._get_lang()
        )
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


def render_unavailable():
    """Render the answer to an unknown, an expired and a revoked link alike.

    :rtype: odoo.http.Response
    """
    return render("account_payment_portal.link_unavailable", {}, status=404)


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
        visit_sudo = request.env["account.move.portal.event"]
        if request.httprequest.method != "HEAD":
            visit_sudo = visit_sudo._record_visit(link_sudo, self._get_visitor())
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
        "/portal/invoice/<string:token>/seen",
        type="jsonrpc",
        auth="public",
        sitemap=False,
    )
    def portal_invoice_seen(self, token, visit_id, proof):
        """Take the page's word that a person looks at it.

        :param str token: The token of the link.
        :param int visit_id: The id of the page's visit.
        :param str proof: The proof that the page was given.
        """
        link_sudo = get_live_link(token)
        if not link_sudo:
            return
        view_sudo = request.env["account.move.portal.event"]._record_view(
            link_sudo, int(visit_id), str(proof)
        )
        if view_sudo.is_first_view:
            request.env["base.automation"]._queue_portal_notifications(
                VIEWED, link_sudo.move_id, event_id=view_sudo.id
            )

    def _get_visitor(self):
        """Return what the current request looks like, before any proof.

        :return: A value of `account.move.portal.event.visitor`.
        :rtype: str
        """
        if request.env.user._is_internal():
            return "staff"
        headers = request.httprequest.headers
        if (
            request.env["ir.http"].is_a_bot()
            or "Odoo-Link-Preview" in headers
            or any("prefetch" in headers.get(header, "") for header in PREFETCH_HEADERS)
        ):
            return "machine"
        return "unproven"
