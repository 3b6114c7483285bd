from odoo import http
from odoo.http import request

from ..tools import bot_detection
from .common import get_origin, get_request_facts, parse_id, public_route


class PortalInvoiceVisit(http.Controller):
    @public_route(
        ["/portal/invoice/<string:token>/seen", "/portal/account/<string:token>/seen"],
        type="jsonrpc",
        save_session=False,
    )
    def portal_invoice_seen(self, token, visit_id=None, proof="", **report):
        """Take the page's word that a person looks at it.

        :param str token: The token of the link.
        :param int visit_id: The id of the page's visit.
        :param str proof: The proof that the page was given.
        :param dict report: What the page has seen: `printed`, or what
            `bot_detection.Report` knows.
        :return: After how many seconds the page may report again, if at all.
        :rtype: float | None
        """
        link_sudo = request.env["account.move.portal.link"]._find_live(token)
        if not link_sudo:
            return None
        visit_id = parse_id(visit_id)
        events = request.env["account.move.portal.event"]
        if report.get("printed"):
            events._record_action(link_sudo, "printed", visit_id, str(proof), True)
            return None
        return events._record_view(
            link_sudo, visit_id, str(proof), bot_detection.Report.parse(report)
        )._get_seconds_to_retry()

    @public_route(
        [
            "/portal/invoice/<string:token>/terms",
            "/portal/account/<string:token>/terms",
        ],
        type="http",
        methods=["GET"],
        save_session=False,
    )
    def portal_invoice_honeypot(self, token, **_kwargs):
        """Catch who follows a link that no person can see.

        It says of which page it is: someone else's visit is none of its business.

        :param str token: The token of the link.
        :rtype: odoo.http.Response
        """
        link_sudo = request.env["account.move.portal.link"]._find_live(token)
        if link_sudo and request.httprequest.method != "HEAD":
            events = request.env["account.move.portal.event"]
            visit_sudo = events._find_visit(link_sudo, *get_origin())
            if visit_sudo:
                visit_sudo._record_honeypot()
            else:
                events._record(
                    link_sudo,
                    "honeypot",
                    "machine",
                    reason="honeypot",
                    **get_request_facts(),
                )
        return request.make_response("", status=204)
