import time

from odoo import http
from odoo.http import request

from ..visitor import agents, grading, network


def get_request_facts():
    """Return what is kept of the current request with what it does.

    :return: The network and the class of device.
    :rtype: dict
    """
    httprequest = request.httprequest
    return {
        "network": network.shorten(httprequest.remote_addr),
        "device": agents.get_device(httprequest.headers.get("User-Agent") or ""),
    }


def grade_request(link_sudo):
    """Return what the current request looks like, before any proof.

    :param account.move.portal.link link_sudo: The link that it came through.
    :return: Values of `account.move.portal.event`: `visitor` and `reason`.
    :rtype: dict
    """
    if request.env.user._is_internal():
        return {"visitor": "staff", "reason": "staff"}
    if link_sudo.audience == "internal":
        return {"visitor": "staff", "reason": "internal"}
    grade = grading.grade_request(request.httprequest.headers)
    return {"visitor": grade.visitor, "reason": grade.reason}


def note_visit(link_sudo):
    """Record that the current request asks for the invoice page.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :return: The event; empty for a request that fetches nothing.
    :rtype: account.move.portal.event
    """
    events = request.env["account.move.portal.event"]
    if request.httprequest.method == "HEAD":
        return events
    return events._record_visit(
        link_sudo, **grade_request(link_sudo), **get_request_facts()
    )


def note_action(link_sudo, kind):
    """Record that the current request comes from one of the page's buttons.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :param str kind: What the button does: `downloaded`, `printed` or `pay_opened`.
    :return: The visit of the page that proves to be the origin; empty if none does.
    :rtype: account.move.portal.event
    """
    events = request.env["account.move.portal.event"]
    if request.httprequest.method == "HEAD":
        return events
    grade = grade_request(link_sudo)
    if grade["visitor"] == "unproven":
        has_script = bool(request.params.get("script"))
        visit_sudo = events._record_action(link_sudo, kind, *get_origin(), has_script)
        if visit_sudo:
            return visit_sudo
    events._record(link_sudo, kind, **grade, **get_request_facts())
    return events


def note_payment(link_sudo, flow):
    """Record that somebody starts to pay, whom a page that was open led here.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :param str flow: How: `direct` and `token` are filled in here, `redirect` is but
        one more button.
    """
    if grade_request(link_sudo)["visitor"] == "unproven":
        how = "action" if flow == "redirect" else "payment"
        request.env["account.move.portal.event"]._record_view(
            link_sudo, *get_origin(), grading.Report(how)
        )


def get_origin():
    """Return which visit the current request says to come from.

    :return: The visit's id and the proof that its page was given; 0 and anything where
        it says none.
    :rtype: tuple[int, str]
    """
    # Of the address, whatever the request's type is.
    visit = request.httprequest.args.get("visit", "")
    visit_id, _dash, proof = visit.partition("-")
    return int(visit_id) if visit_id.isdecimal() else 0, proof


def note_miss(token):
    """Record that the current request's token opens nothing, and answer slowly.

    :param str token: The token: unknown, expired or revoked.
    """
    misses = request.env["account.move.portal.miss"]
    facts = get_request_facts()
    count = misses._record(facts["network"])
    if misses._is_refused(count):
        return
    link_sudo = request.env["account.move.portal.link"]._find(token)
    if link_sudo and request.httprequest.method != "HEAD":
        request.env["account.move.portal.event"]._record(
            link_sudo,
            "refused",
            grade_request(link_sudo)["visitor"],
            reason=link_sudo.state,
            **facts,
        )
    time.sleep(misses._get_delay(count))


def is_network_refused():
    """Return whether the current request's network has guessed too often.

    :rtype: bool
    """
    misses = request.env["account.move.portal.miss"]
    return misses._is_refused(misses._count(get_request_facts()["network"]))


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
        :param dict report: What the page has seen: `how`, `driven`, `pressed`,
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
            link_sudo, visit_id, str(proof), grading.Report.parse(report)
        )._get_seconds_to_retry()

    @http.route(
        "/portal/invoice/<string:token>/terms",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
    )
    def portal_invoice_trap(self, token, **_kwargs):
        """Catch who follows a link that no person can see.

        :param str token: The token of the link.
        :rtype: odoo.http.Response
        """
        link_sudo = request.env["account.move.portal.link"]._find_live(token)
        if link_sudo and request.httprequest.method != "HEAD":
            request.env["account.move.portal.event"]._record(
                link_sudo,
                "trapped",
                "machine",
                reason="trap",
                **get_request_facts(),
            )
        return request.make_response("", status=204)
