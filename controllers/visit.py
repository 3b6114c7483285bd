from odoo import http
from odoo.http import request

from ..tools import bot_detection
from .common import get_request_facts


class PortalInvoiceVisit(http.Controller):
    @http.route(
        "/portal/invoice/<string:token>/seen",
        type="jsonrpc",
        auth="public",
        save_session=False,
        sitemap=False,
    )
    def portal_invoice_seen(self, token, visit_id, proof, **report):
        """Take the page's word that a person looks at it.

        :param str token: The token of the link.
        :param int visit_id: The id of the page's visit.
        :param str proof: The proof that the page was given.
        :param dict report: What the page has seen: `how`, `webdriver`, `pressed`,
            `printed`.
        :return: After how many seconds the page may report again, if at all.
        :rtype: float | None
        """
        link_sudo = request.env["account.move.portal.link"]._find_live(token)
        if not link_sudo or not isinstance(visit_id, int):
            return None
        events = request.env["account.move.portal.event"]
        if report.get("printed"):
            events._record_action(link_sudo, "printed", visit_id, str(proof), True)
            return None
        return events._record_view(
            link_sudo, visit_id, str(proof), bot_detection.Report.parse(report)
        )._get_seconds_to_retry()

    @http.route(
        "/portal/invoice/<string:token>/terms",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
    )
    def portal_invoice_honeypot(self, token, **_kwargs):
        """Catch who follows a link that no person can see.

        :param str token: The token of the link.
        :rtype: odoo.http.Response
        """
        link_sudo = request.env["account.move.portal.link"]._find_live(token)
        if link_sudo and request.httprequest.method != "HEAD":
            request.env["account.move.portal.event"]._record(
                link_sudo,
                "honeypot",
                "machine",
                reason="honeypot",
                **get_request_facts(),
            )
        return request.make_response("", status=204)
