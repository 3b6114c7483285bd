"""Make a document readable on a screen of any width."""

import re

# The table of lines becomes a list where it has no room, each value with its heading.
STYLES = """
html,body{background:#fff!important;height:auto}
body.o_portal_document{max-width:60rem;margin:0 auto;padding:1rem;overflow-x:hidden;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.o_portal_document img{max-width:100%;height:auto}
.o_portal_document .header,.o_portal_document .footer{position:relative}
.o_portal_document .o_report_layout_background{background-image:none!important}
.o_portal_document :is(td,th,p,span,div){overflow-wrap:anywhere}
.o_portal_document .text-nowrap{overflow-wrap:normal}
@media (max-width:640px){
.o_portal_document :is(.row,.d-flex){flex-wrap:wrap}
.o_portal_document :is(.row)>[class*="col"]{flex:1 1 9rem;max-width:100%;width:auto;margin-inline-start:0}
.o_portal_document :is(.w-50,.mw-50){width:auto!important;max-width:100%!important}
.o_portal_document .address.row>[name]{flex-basis:100%}
.o_portal_document #right-elements{float:none!important;width:100%!important;margin-inline:0!important}
.o_portal_lines,.o_portal_lines :is(tbody,tr,td){display:block}
.o_portal_lines thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.o_portal_lines tr{padding:.5rem 0;border-bottom:1px solid #dee2e6}
.o_portal_lines td{border:0;padding:.1rem .25rem;text-align:start!important;width:auto;min-width:0;max-width:none}
.o_portal_lines td[data-label]{display:flex!important;justify-content:space-between;gap:1rem}
.o_portal_lines td[data-label]::before{content:attr(data-label);opacity:.75}
.o_portal_lines td.d-md-none{display:none!important}
.o_portal_lines td:empty{display:none!important}
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
    heads = [" ".join(head.text_content().split()) for head in table.iterfind("thead/tr/th")]
    for head in table.iterfind("thead/tr/th"):
        head.set("role", "columnheader")
    for row in table.iter("tr"):
        row.set("role", "row")
    for row in table.iterfind("tbody/tr"):
        cells = row.findall("td")
        for number, cell in enumerate(cells):
            cell.set("role", "cell")
            if number and len(cells) == len(heads):
                cell.set("data-label", heads[number])
