"""The page of a customer's account, and the payment of what is ticked there."""

import csv
import io
from urllib.parse import urlencode

from odoo.exceptions import ValidationError
from odoo.http import content_disposition, request

from .common import (
    PAGE_HEADERS,
    is_storable,
    link_route,
    make_pdf_response,
    parse_id,
    record_action,
    record_visit,
    redirect_private,
    render,
    render_unavailable,
)
from .payment import PortalInvoicePayment

#: What the page's address may ask for.
QUERY = ("currency", "show", "sort", "search", "page")
#: What a spreadsheet would take for a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class PortalAccountPayment(PortalInvoicePayment):
    # === ROUTES === #

    @link_route(opens=("account",))
    def portal_account_page(self, link_sudo, **query):
        """Show what is open to whoever holds the link to an account.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param dict query: What of it, see `QUERY`.
        :rtype: odoo.http.Response
        """
        visit_sudo = record_visit(link_sudo)
        return self._render_account_page(link_sudo, query, visit_sudo)

    # Without a CSRF token: it starts nothing, and leads to the payment screen, which
    # says what is paid.
    @link_route("choose", methods=["POST"], csrf=False, opens=("account",))
    def portal_account_choose(self, link_sudo, what="", **entered):
        """Go on to the payment screen with what was ticked.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str what: `all`, `overdue`, `ticked` or `spread`.
        :param dict entered: The fields of the page's form, by name.
        :return: The payment screen; the page again where something is wrong.
        :rtype: odoo.http.Response
        """
        currency = self._find_currency(link_sudo, entered)
        ticked = [parse_id(one) for one in request.httprequest.form.getlist("tick")]
        parts = {one: entered.get(f"part_{one}") for one in ticked}
        try:
            chosen = link_sudo._choose_from_account(
                what,
                ticked,
                {
                    **parts,
                    "spread": entered.get("spread"),
                    "use_credit": entered.get("use_credit"),
                },
                currency,
            )
        except ValidationError as error:
            return self._render_account_page(
                link_sudo,
                entered,
                link_sudo.env["account.move.portal.event"],
                problem=str(error),
                ticked=ticked,
                entered=entered,
            )
        query = urlencode({"choice": link_sudo._format_choice(*chosen)})
        visit = self._get_visit_of_request()
        return redirect_private(f"{link_sudo._get_path('pay')}?{query}{visit}")

    @link_route("pdf/<string:move_id>", save_session=False, opens=("account",))
    def portal_account_pdf(self, link_sudo, move_id, **_kwargs):
        """Hand out the PDF of one of the account's invoices or credit notes.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str move_id: The document, as an `account.move` id.
        :return: The file, or a friendly 404.
        :rtype: odoo.http.Response
        """
        move_sudo = link_sudo._get_account_document(parse_id(move_id))
        if not move_sudo:
            return render_unavailable()
        visit_sudo = record_action(link_sudo, "downloaded")
        visit_sudo._record_account_document(move_sudo)
        return make_pdf_response(
            move_sudo._get_portal_document(), move_sudo._get_portal_document_filename()
        )

    # By POST because it makes the account's link where there is none, and shows its
    # address: scanners and prefetchers follow links, but send no forms. Without a CSRF
    # token: another site that sends the form cannot read where it leads.
    @link_route("account", methods=["POST"], csrf=False, save_session=False)
    def portal_invoice_account(self, link_sudo, **_kwargs):
        """Lead from the page of one invoice to all of its customer's.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The account; the invoice page where the link does not lead there.
        :rtype: odoo.http.Response
        """
        if not link_sudo._leads_to_account():
            return redirect_private(link_sudo._get_path())
        account_sudo = link_sudo._find_for_account(
            link_sudo.partner_id, link_sudo.company_id, link_sudo.email
        )
        return redirect_private(account_sudo._get_path())

    @link_route("statement", save_session=False, opens=("account",))
    def portal_account_statement(self, link_sudo, **_kwargs):
        """Hand out the statement as a PDF.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :rtype: odoo.http.Response
        """
        record_action(link_sudo, "downloaded")
        return self._make_statement_response(link_sudo)

    @link_route("statement/print", save_session=False, opens=("account",))
    def portal_account_print(self, link_sudo, **_kwargs):
        """Show the statement as a PDF, to be printed.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :rtype: odoo.http.Response
        """
        record_action(link_sudo, "printed")
        return self._make_statement_response(link_sudo, "inline")

    def _make_statement_response(self, link_sudo, disposition="attachment"):
        """Hand out the statement.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param str disposition: `attachment` to save it, `inline` to show it.
        :rtype: odoo.http.Response
        """
        name, content = link_sudo._make_statement_pdf(
            link_sudo.account_partner_id, link_sudo.company_id, link_sudo._get_lang()
        )
        return make_pdf_response(content, f"{name}.pdf", disposition)

    @link_route("csv", save_session=False, opens=("account",))
    def portal_account_csv(self, link_sudo, **_kwargs):
        """Hand out the open items for the payer's bookkeeping.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The file, in UTF-8 with the mark that spreadsheets look for.
        :rtype: odoo.http.Response
        """
        record_action(link_sudo, "downloaded")
        file = io.StringIO()
        writer = csv.writer(file)
        for row in link_sudo._get_statement_rows():
            writer.writerow([self._make_inert(cell) for cell in row])
        return request.make_response(
            file.getvalue().encode("utf-8-sig"),
            headers=[
                ("Content-Type", "text/csv; charset=utf-8"),
                (
                    "Content-Disposition",
                    content_disposition(f"{link_sudo._get_statement_name()}.csv"),
                ),
                *PAGE_HEADERS.items(),
            ],
        )

    # === THE PAGE === #

    def _render_account_page(self, link_sudo, query, visit_sudo, **values):
        """Render the account.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param dict query: What of it is asked for.
        :param account.move.portal.event visit_sudo: The visit; empty if none is
            recorded.
        :param dict values: `problem`, what was wrong with what was `entered`, and
            which invoices were `ticked`.
        :rtype: odoo.http.Response
        """
        query = {
            name: query[name]
            for name in QUERY
            if query.get(name) and is_storable(query[name])
        }

        def address(**changes):
            asked = {name: one for name, one in {**query, **changes}.items() if one}
            path = link_sudo._get_path()
            return f"{path}?{urlencode(asked)}" if asked else path

        sort = query.get("sort", "due")

        def sorting_address(name):
            return address(sort=f"-{name}" if sort == name else name, page=None)

        return render(
            "account_payment_portal.account_page",
            {
                "link_sudo": link_sudo,
                "visit_sudo": visit_sudo,
                "query": query,
                "address": address,
                "sorting": {sort.removeprefix("-"): "descending"}
                if sort.startswith("-")
                else {sort: "ascending"},
                "sorting_address": sorting_address,
                "problem": "",
                "ticked": (),
                "entered": {},
                **link_sudo._get_account_page(query),
                **values,
            },
            status=422 if values.get("problem") else 200,
        )

    def _find_currency(self, link_sudo, entered):
        """Return the currency of the page that was posted.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :param dict entered: The fields of the page's form, by name.
        :rtype: res.currency
        """
        name = entered.get("currency")
        # In sudo mode because currencies are closed to the public.
        currencies_sudo = link_sudo.env["res.currency"]
        if not is_storable(name):
            return link_sudo.company_id.currency_id
        found_sudo = currencies_sudo.search([("name", "=", name)], limit=1)
        return found_sudo or link_sudo.company_id.currency_id

    def _get_visit_of_request(self):
        """Return what the next address has to say of the visit that led to this one.

        :rtype: str
        """
        # As for one invoice: without what was ticked before.
        query = PortalInvoicePayment._get_portal_visit_query(self)
        return query.replace("?", "&")

    def _make_inert(self, cell):
        """Return what a spreadsheet takes for text, whatever an invoice is called.

        :param cell: A value.
        :rtype: str
        """
        text = str(cell)
        is_formula = isinstance(cell, str) and text.startswith(FORMULA_SIGNS)
        return f"'{text}" if is_formula else text

    # === THE PAYMENT SCREEN === #

    def _get_portal_choice(self, link_sudo):
        """Override to say what was ticked, which stands in the screen's address."""
        if not link_sudo.account_partner_id:
            return super()._get_portal_choice(link_sudo)
        choice = request.httprequest.args.get("choice", "")
        shares, credit_shares = link_sudo._parse_choice(choice)
        return {"shares": shares, "credit_shares": credit_shares}

    def _is_portal_bill_payable(self, link_sudo):
        """Override: what was ticked can be paid, as it stands."""
        if not link_sudo.account_partner_id:
            return super()._is_portal_bill_payable(link_sudo)
        try:
            link_sudo._check_account_shares(**self._get_portal_choice(link_sudo))
        except ValidationError:
            return False
        return True

    def _get_portal_bill(self, link_sudo):
        """Override to return what was ticked."""
        if not link_sudo.account_partner_id:
            return super()._get_portal_bill(link_sudo)
        choice = self._get_portal_choice(link_sudo)
        shares, credit_shares = choice["shares"], choice["credit_shares"]
        moves_sudo = link_sudo.env["account.move"].concat(*shares)
        total = moves_sudo.currency_id.round(sum(shares.values()))
        return {
            "move_sudo": moves_sudo[:1],
            "moves_sudo": moves_sudo,
            "shares": shares,
            "credit_shares": credit_shares,
            "portal_amounts": [(total, "")],
            "is_amount_editable": False,
        }

    def _get_portal_visit_query(self, visit_sudo=None):
        """Override to say what was ticked, too."""
        query = super()._get_portal_visit_query(visit_sudo)
        choice = request.httprequest.args.get("choice", "")
        if not choice.replace("-", "").replace(".", "").isdigit():
            return query
        return f"{query}{'&' if query else '?'}choice={choice}"
