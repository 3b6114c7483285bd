"""Make a document readable on a screen of any width."""

import re

# First what holds at any width: headers and footers in the flow, with the shapes of
# core's layouts behind them. Then the phone: columns below each other, and the table
# of lines as a list in which each value has its heading.
STYLES = """
html,body{background:#fff!important;height:auto}
body.o_portal_document{max-width:60rem;margin:0 auto;padding:1rem;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.o_portal_document :is(td,th,p,span,div,a){overflow-wrap:anywhere}
.o_portal_document .text-nowrap{overflow-wrap:normal}
.o_portal_document img{max-width:100%;height:auto}
.o_portal_document pre{white-space:pre-wrap;overflow-wrap:anywhere}
.o_portal_document .o_report_layout_background{background-image:none!important}
.o_portal_document>.article{margin-top:0!important}
.o_portal_document>.article>.pt-2{margin-top:0!important}
.o_portal_document>:is(.header,.footer){position:relative!important;z-index:0;
overflow:hidden;height:auto!important;margin:0 -1rem!important;padding:1rem!important}
.o_portal_document>.header{margin-top:-1rem!important}
.o_portal_document>.header>svg.w-100{height:100%!important}
.o_portal_document>.footer>svg{position:absolute;inset:0 0 auto;z-index:-1}
.o_portal_document>.footer>.o_footer_content{position:static!important;margin:0!important}
.o_portal_document .o_folder_header_container{position:static!important}
.o_portal_document .o_folder_header_container svg{display:none!important}
.o_portal_document .o_folder_adaptative_shape{height:auto!important}
.o_portal_document .o_folder_title{margin:0!important;white-space:normal!important}
.o_portal_document>.header:has(.o_folder_title){display:flex;
flex-direction:column-reverse;gap:1rem}
@media (max-width:640px){
.o_portal_document :is(.row,.d-flex){flex-wrap:wrap}
.o_portal_document .row>[class*="col"]{flex:1 1 9rem;max-width:100%;width:auto;
margin-inline-start:0}
.o_portal_document :is(.w-50,.mw-50){width:auto!important;max-width:100%!important}
.o_portal_document .d-flex>.text-end{text-align:start!important}
.o_portal_document .address.row>[name]{flex-basis:100%}
.o_portal_document #right-elements{float:none!important;width:100%!important;
margin-inline:0!important}
.o_portal_document .article>.o_ignore_layout_styling :is(tbody,tr,td),
.o_portal_document .article>.o_ignore_layout_styling{display:block}
.o_portal_document .article>.o_ignore_layout_styling h2{white-space:normal!important;
text-align:start!important}
.o_portal_lines,.o_portal_lines :is(tbody,tr,td){display:block}
.o_portal_lines thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;
overflow:hidden}
.o_portal_lines tr{padding:.5rem .25rem;border-bottom:1px solid #dee2e6!important}
.o_portal_lines td{border:0!important;padding:.1rem 0!important;
text-align:start!important;width:auto;min-width:0;max-width:none}
.o_portal_lines td[data-label]{display:flex!important;flex-wrap:wrap;
justify-content:space-between;gap:0 1rem}
.o_portal_document :is(.o_portal_lines,.o_total_table,#right-elements) .text-nowrap,
.o_portal_document :is(.o_portal_lines,.o_total_table) td{white-space:normal!important;
overflow-wrap:anywhere;min-width:0;max-width:100%!important}
.o_portal_document .o_total_table :is(tbody,tr){display:block}
.o_portal_document .o_total_table tr{display:flex;flex-wrap:wrap;
justify-content:space-between}
.o_portal_document .o_total_table,.o_portal_document .o_total_table tbody{display:block}
.o_portal_document .o_total_table td{flex:0 1 auto;border:0!important}
.o_portal_document .o_total_table td:last-child{margin-inline-start:auto}
.o_portal_document .article table:not(.o_portal_lines,.o_total_table,
.o_ignore_layout_styling){display:block;max-width:100%;overflow-x:auto}
.o_portal_lines td[data-label]::before{content:attr(data-label);opacity:.75}
.o_portal_lines td.d-md-none,.o_portal_lines td.o_portal_blank{display:none!important}
}
"""
_NARROW_ONLY = re.compile(r"\bd-none d-md-table-cell\b")


def adapt(article):
    """Show all columns at any width, and name each value by its column.

    Core hides prices and taxes on a phone; here the same is to be read as in the PDF.

    :param etree._Element article: changed in place.
    """
    for cell in article.iter("td", "th"):
        classes = cell.get("class") or ""
        cell.set("class", _NARROW_ONLY.sub("", classes).strip())
    for table in article.iter("table"):
        if table.get("name") == "invoice_line_table":
            _label(table)


def _label(table):
    table.set("class", f"{table.get('class') or ''} o_portal_lines".strip())
    table.set("role", "table")
    heads = table.findall("thead/tr/th")
    labels = {head.get("name"): " ".join(head.text_content().split()) for head in heads}
    for head in heads:
        head.set("role", "columnheader")
    for row in table.iter("tr"):
        row.set("role", "row")
    for row in table.iterfind("tbody/tr"):
        cells = row.findall("td")
        for number, cell in enumerate(cells):
            cell.set("role", "cell")
            if not cell.text_content().strip() and cell.find(".//img") is None:
                cell.set("class", f"{cell.get('class') or ''} o_portal_blank".strip())
                continue
            label = labels.get(_column(cell))
            if not label and number and len(cells) == len(heads):
                label = labels.get(heads[number].get("name"))
            if label:
                cell.set("data-label", label)


# The heading of a column by the name of its cells, in ordinary lines and in those that
# stand for a whole section.
_COLUMNS = {
    "td_quantity": "th_quantity",
    "td_price_unit": "th_priceunit",
    "td_discount": "th_discount",
    "td_taxes": "th_taxes",
    "td_subtotal": "th_subtotal",
}


def _column(cell):
    """The name of the heading of a cell's column, or None."""
    name = (cell.get("name") or "").removesuffix("_grouped")
    if name not in _COLUMNS and "o_price_total" in (cell.get("class") or ""):
        return "th_subtotal"
    return _COLUMNS.get(name)
