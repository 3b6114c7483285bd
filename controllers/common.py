"""How every route of the portal finds its link, answers and records what happened."""

import functools
import secrets

from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import content_disposition, request

from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..tools import bot_detection, network, user_agents

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


# The largest id that PostgreSQL's `integer` holds.
MAX_ID = 2**31 - 1


# === WHAT VISITORS SEND === #


def parse_id(value):
    """Return an id as a visitor has sent it: anything at all.

    :param value: A number, or its digits.
    :return: The id; 0 for what cannot be one.
    :rtype: int
    """
    if isinstance(value, str) and value.isascii() and value.isdigit():
        # Python refuses to convert thousands of digits.
        value = int(value) if len(value) <= len(str(MAX_ID)) else 0
    is_id = type(value) is int and 0 < value <= MAX_ID  # `True` is an `int`, too.
    return value if is_id else 0


def is_storable(value):
    """Return whether what a visitor has sent is text that the database takes.

    :param value: Anything at all.
    :return: False for what is no text, has a NUL or half a character.
    :rtype: bool
    """
    try:
        return isinstance(value, str) and b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def is_json_storable(value):
    """Return whether all text in what was sent is text that the database takes.

    :param value: What the JSON is.
    :rtype: bool
    """
    waiting = [value]
    while waiting:  # It may be nested as deeply as it likes.
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and not is_storable(each):
            return False
    return True


# === ROUTES === #


def public_route(path=None, **routing):
    """Decorate a method as `http.route` does, for addresses that anybody may call.

    Core passes whatever is in the query to a function whose first parameter is named
    `self`: a parameter of that name would be an error of the server. What else JSON
    requests can do wrong is answered by `ir.http`.

    :param str|list[str]|None path: The address, or several; none for an override.
    :param dict routing: What else `http.route` takes.
    :return: The decorator.
    :rtype: callable
    """
    if path:
        routing = {"auth": "public", "sitemap": False, **routing}

    def decorate(method):
        endpoint = http.route(path, is_payment_portal=True, **routing)(method)

        @functools.wraps(endpoint)
        def guarded(controller, /, *args, **params):
            params.pop("self", None)
            return endpoint(controller, *args, **params)

        return guarded

    return decorate


def link_route(screen="", keeps_answer=False, opens=("invoice",), **routing):
    """Decorate the method that answers one of a link's addresses.

    It gets the live link that the token opens, in sudo mode, instead of the token.
    Where there is none, the failed look-up is recorded and the visitor told.

    :param str screen: What follows the token in the path; empty for the invoice page.
    :param bool keeps_answer: Whether it stays open, whatever becomes of the link, to
        the browser that has paid through it.
    :param tuple[str] opens: What links have this address: those to an `invoice`, those
        to an `account`.
    :param dict routing: What else `http.route` takes; `type` is `http` if not given.
    :return: The decorator.
    :rtype: callable
    """
    path = [
        f"/portal/{kind}/<string:token>" + (screen and f"/{screen}") for kind in opens
    ]
    is_page = routing.setdefault("type", "http") == "http"
    if is_page:
        routing.setdefault("methods", ["GET"])

    def decorate(method):
        def endpoint(self, token, **params):
            params.pop("link_sudo", None)  # Whoever asks does not choose the link.
            link_sudo = keeps_answer and get_payers_link(token)
            link_sudo = link_sudo or get_live_link(token)
            # A token opens at its own address what it is for, and nothing else.
            if link_sudo and request.httprequest.path.startswith(link_sudo._get_root()):
                return method(self, link_sudo, **params)
            if is_page:
                return render_unavailable(
                    link_sudo.browse() if link_sudo else get_closed_link(token)
                )
            raise ValidationError(request.env._("This link no longer works."))

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(endpoint, name, getattr(method, name))
        return public_route(path, **routing)(endpoint)

    return decorate


def get_live_link(token):
    """Return the live link of a token, in the language of its recipient.

    :param str token: The token as found in the URL.
    :return: The link in sudo mode, which the token authorizes; possibly empty.
    :rtype: account.move.portal.link
    """
    link_sudo = request.env["account.move.portal.link"]._find_live(token)
    if not link_sudo:
        record_failed_lookup(token)
        return link_sudo
    return prepare_link(link_sudo)


def get_payers_link(token):
    """Return the link through which the present browser has paid, live or not.

    :param str token: The token as found in the URL.
    :return: The link in sudo mode, which the session authorizes; possibly empty.
    :rtype: account.move.portal.link
    """
    links = request.env["account.move.portal.link"]
    paid_id = request.session.get(PaymentPostProcessing.MONITORED_TX_ID_KEY)
    if not paid_id:
        return links
    # In sudo mode because customers have no rights on payments.
    paid_sudo = request.env["payment.transaction"].sudo().browse(paid_id).exists()
    link_sudo = links._find(token)
    if not link_sudo or paid_sudo.portal_link_id != link_sudo:
        return links
    return prepare_link(link_sudo)


def prepare_link(link_sudo):
    """Return a link in the company and the language of its recipient.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :rtype: account.move.portal.link
    """
    link_sudo._fetch_for_screens(request.env.user)
    return link_sudo.with_company(link_sudo.company_id).with_context(
        lang=link_sudo._get_lang()
    )


def get_closed_link(token):
    """Return the link of a token that opens nothing any more, to say why.

    :param str token: The token as found in the URL.
    :return: The link in sudo mode, whose seller its holder may know; possibly empty.
    :rtype: account.move.portal.link
    """
    link_sudo = request.env["account.move.portal.link"]._find(token)
    if link_sudo:
        link_sudo = link_sudo.with_company(link_sudo.company_id).with_context(
            lang=link_sudo._get_lang()
        )
    return link_sudo


# === ANSWERS === #


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


def render_unavailable(link_sudo=None, is_asked=False):
    """Render the answer to a link that opens nothing.

    Who comes with the right token is told whose link it was, and whom to ask; of the
    invoice only that it was cancelled. An unknown token names nobody, and what becomes
    of the wish for a new link is the same to all.

    :param account.move.portal.link|None link_sudo: The link of the token, in sudo mode.
    :param bool is_asked: Whether the visitor has just asked for a new link.
    :rtype: odoo.http.Response
    """
    if link_sudo and link_sudo._is_cancelled():
        template, status = "account_payment_portal.invoice_cancelled", 410
    else:
        template = "account_payment_portal.link_unavailable"
        status = 200 if is_asked else 404
    if not link_sudo and is_network_refused():
        status = 429
    values = {"token": request.params.get("token"), "is_asked": is_asked}
    if link_sudo:
        values["link_sudo"] = link_sudo
    return render(template, values, status=status)


def redirect_private(location):
    """Lead on from an address that holds a token, which nobody is to be told.

    :param str location: Where to.
    :rtype: odoo.http.Response
    """
    response = request.redirect(location)
    response.headers.update(PAGE_HEADERS)
    return response


def render_invoice_page(link_sudo, visit_sudo):
    """Render the invoice page.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :param account.move.portal.event visit_sudo: The visit; empty if none is recorded.
    :rtype: odoo.http.Response
    """
    move_sudo = link_sudo.move_id
    payer_sudo = link_sudo._get_payer(request.env.user)
    return render(
        "account_payment_portal.invoice_page",
        {
            "link_sudo": link_sudo,
            "move_sudo": move_sudo,
            "state": move_sudo._get_portal_invoice_status(),
            "is_payable": move_sudo._is_payable_on_portal(payer_sudo),
            "other_way_to_pay": move_sudo._get_portal_other_way_to_pay(payer_sudo),
            "visit_sudo": visit_sudo,
        },
    )


def make_document_response(link_sudo):
    """Show the invoice itself, at full size and by itself.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :rtype: odoo.http.Response
    """
    # In sudo mode because the token authorizes the invoice, of which the document
    # shows much: addresses, products, taxes.
    html = link_sudo.move_id._get_portal_document_html()
    return request.make_response(
        html,
        headers=[
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", DOCUMENT_POLICY),
            *PAGE_HEADERS.items(),
        ],
    )


def make_pdf_response(content, filename, disposition="attachment"):
    """Hand out a PDF that is never to be cached.

    :param bytes content: The content of the file.
    :param str filename: Its name.
    :param str disposition: `attachment` to save it, `inline` to show it.
    :rtype: odoo.http.Response
    """
    return request.make_response(
        content,
        headers=[
            ("Content-Type", "application/pdf"),
            ("Content-Disposition", content_disposition(filename, disposition)),
            *PAGE_HEADERS.items(),
        ],
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


# === WHAT IS RECORDED OF A REQUEST === #


def get_request_facts():
    """Return what is kept of the current request with what it does.

    :return: The network and the class of device.
    :rtype: dict
    """
    httprequest = request.httprequest
    return {
        "network": network.shorten(httprequest.remote_addr),
        "device": user_agents.get_device(httprequest.headers.get("User-Agent") or ""),
    }


def judge_request(link_sudo):
    """Return what the current request looks like, before any proof.

    :param account.move.portal.link link_sudo: The link that it came through.
    :return: Values of `account.move.portal.event`: `visitor` and `reason`.
    :rtype: dict
    """
    if request.env.user._is_internal():
        return {"visitor": "staff", "reason": "staff"}
    if link_sudo.audience == "internal":
        return {"visitor": "staff", "reason": "internal"}
    grade = bot_detection.judge_request(request.httprequest.headers)
    return {"visitor": grade.visitor, "reason": grade.reason}


def record_visit(link_sudo):
    """Record that the current request asks for the invoice page.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :return: The event; empty for a request that fetches nothing.
    :rtype: account.move.portal.event
    """
    events = request.env["account.move.portal.event"]
    if request.httprequest.method == "HEAD":
        return events
    return events._record_visit(
        link_sudo,
        **judge_request(link_sudo),
        **get_request_facts(),
        is_navigated=bot_detection.find_click(request.httprequest.headers, False)
        is True,
    )


def record_action(link_sudo, kind):
    """Record that the current request comes from one of the page's buttons.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :param str kind: What the button does: `downloaded`, `printed` or `pay_opened`.
    :return: The visit of the page that proves to be the origin; empty if none does.
    :rtype: account.move.portal.event
    """
    events = request.env["account.move.portal.event"]
    if request.httprequest.method == "HEAD":
        return events
    grade = judge_request(link_sudo)
    if grade["visitor"] == "unverified":
        has_script = bool(request.params.get("script"))
        visit_sudo = events._record_action(
            link_sudo, kind, *get_origin(), has_script, find_click(link_sudo)
        )
        if visit_sudo:
            return visit_sudo
    events._record(link_sudo, kind, **grade, **get_request_facts())
    return events


def find_click(link_sudo):
    """Return whether the browser vouches for a click that led to the current request.

    :param account.move.portal.link link_sudo: The link that it came through.
    :return: None if it cannot.
    :rtype: bool | None
    """
    # Also behind a proxy that does not say that its side of the line is encrypted.
    addresses = (request.httprequest.url, link_sudo._get_url())
    is_secure = any(address.startswith("https://") for address in addresses)
    return bot_detection.find_click(request.httprequest.headers, is_secure)


def record_payment(link_sudo, flow):
    """Record that someone starts to pay, whom a page that was open led here.

    :param account.move.portal.link link_sudo: The link, in sudo mode.
    :param str flow: How: `direct` and `token` are filled in here, `redirect` is but
        one more button.
    """
    if judge_request(link_sudo)["visitor"] == "unverified":
        how = "action" if flow == "redirect" else "payment"
        request.env["account.move.portal.event"]._record_view(
            link_sudo, *get_origin(), bot_detection.Report(how)
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
    return parse_id(visit_id), proof


def record_failed_lookup(token):
    """Record that the current request's token opens nothing.

    Who has the token of a link that was closed does not guess.

    :param str token: The token: unknown, expired or revoked.
    """
    facts = get_request_facts()
    link_sudo = request.env["account.move.portal.link"]._find(token)
    if not link_sudo:
        request.env["account.move.portal.failed.lookup"]._record(facts["network"])
    elif request.httprequest.method != "HEAD":
        request.env["account.move.portal.event"]._record_refused(
            link_sudo, judge_request(link_sudo)["visitor"], **facts
        )


def is_network_refused():
    """Return whether the current request's network has guessed too often.

    :rtype: bool
    """
    lookups = request.env["account.move.portal.failed.lookup"]
    return lookups._is_refused(lookups._count(get_request_facts()["network"]))
