"""Invoices that are hard to print: one of each kind, as data.

Each is a dictionary: ``lines`` (values of ``account.move.line``), ``move``,
``customer`` and ``company`` (values of these records), ``layout``, ``paper``,
``currency`` and ``lang``; what is not given is ordinary.
"""

import random

LAYOUTS = ("standard", "boxed", "bold", "striped", "bubble", "wave", "folder")

SCRIPTS = {
    "german": "Überprüfung der Straßenbeläge, Größe 3½″",
    "french": "Forfait d’entretien « tout compris » — 1ʳᵉ année",
    "polish": "Usługa serwisowa: źdźbło, ćma, żółw",
    "turkish": "İstanbul ılık ışık, ağaç ve şişe",
    "vietnamese": "Dịch vụ bảo trì hệ thống điện lạnh",
    "greek": "Υπηρεσίες συντήρησης κτιρίων Αθήνας",
    "russian": "Техническое обслуживание оборудования",
    "hebrew": "שירות תחזוקה שנתי (כולל חלקים) 24/7",
    "arabic": "خدمة الصيانة السنوية (شاملة القطع) 24/7",
    "mixed_bidi": "Model AX-300 [طراز جديد] 15% off (خصم)",
    "code": "SKU#[FURN_0096] {desk} <big> & “quoted” 50% @home *",
    "ligatures": "Office affluent fjord offline waffle ﬁrm ﬂat",
    "math": "Area ≤ 3 m² ± 0.5 × π ≈ 9.42, 5 µm, ½ + ¼",
    "accents_apart": "Cafe\u0301 cre\u0300me, A\u030angstro\u0308m",
    "invisible": "Zero\u200bwidth soft\u00adhyphen no\u00a0break \u200eleft\u200f",
}


def _line(name, price=100.0, quantity=1.0, **values):
    return {"name": name, "price_unit": price, "quantity": quantity, **values}


def _section(name, **values):
    return {"name": name, "display_type": "line_section", **values}


def _note(name):
    return {"name": name, "display_type": "line_note"}


def _articles(count):
    return [_line(f"Article {number:03}", 10.0 + number) for number in range(count)]


def _paragraphs(count):
    return "".join(
        f"<p>Clause {number:03} of the terms.</p>" for number in range(count)
    )


def _details(count, word="Detail"):
    return "<p>" + "<br/>".join(f"{word} {each}" for each in range(count)) + "</p>"


def _scripts():
    for index, (name, text) in enumerate(SCRIPTS.items()):
        yield (
            f"script_{name}",
            {
                "lines": [_line(text, 12.5, 2.0), _line("Article", 1.0)],
                "move": {"narration": f"<p>{_escaped(text)}</p>"},
                "customer": {"name": f"{text[:30]} Ltd"},
                "layout": LAYOUTS[index % len(LAYOUTS)],
            },
        )


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _lengths():
    for index, count in enumerate((1, 12, 17, 20, 23, 27, 45, 120)):
        yield (
            f"length_{count}",
            {
                "lines": _articles(count),
                "layout": LAYOUTS[index % len(LAYOUTS)],
            },
        )
    words = {
        "letters": "A" * 200,
        "address": "https://shop.example/" + "path" * 70,
        "german_word": "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3,
        "underscores": "_".join(["part"] * 60),
        "digits": "1234567890" * 15,
    }
    for index, (name, word) in enumerate(words.items()):
        yield (
            f"long_word_{name}",
            {
                "lines": [_line(word, 1234.56, 12.0), _line("Article", 5.0)],
                "move": {"narration": f"<p>{word}</p>", "ref": word[:60]},
                "layout": LAYOUTS[(index + 3) % len(LAYOUTS)],
            },
        )
    yield (
        "row_longer_than_a_sheet",
        {
            "lines": [
                _line("Article", 5.0),
                _line("\n".join(f"Step {number:03}" for number in range(130)), 77.0),
                _line("After it", 9.0),
            ],
        },
    )
    yield (
        "rows_of_ten_lines",
        {
            "lines": [
                _line(
                    "\n".join(f"Part {row}.{number}" for number in range(10)),
                    10.0 + row,
                )
                for row in range(12)
            ],
            "layout": "boxed",
        },
    )
    yield (
        "long_terms",
        {
            "lines": _articles(3),
            "move": {"narration": _paragraphs(150)},
        },
    )
    yield (
        "terms_of_one_paragraph",
        {
            "lines": _articles(15),
            "move": {
                "narration": f"<p>{'All work is guaranteed for two years. ' * 150}</p>"
            },
            "layout": "wave",
        },
    )


def _letterheads():
    for layout in LAYOUTS:
        yield (
            f"tall_letterhead_{layout}",
            {
                "lines": _articles(30),
                "company": {
                    "company_details": _details(10),
                    "report_footer": _details(6, "Footer"),
                },
                "layout": layout,
                "paper": "us" if len(layout) % 2 else "euro",
            },
        )
    yield (
        "wide_details",
        {
            "lines": _articles(2),
            "company": {
                "company_details": f"<p>{'Harbour' * 20}<br/>12 Quay Street</p>",
                "report_footer": f"<p>{'Springfield ' * 60}</p>",
                "report_header": "<p>The best harbour in the whole of the country</p>",
            },
            "layout": "boxed",
        },
    )


def _amounts():
    currencies = ("VND", "JPY", "KWD", "EUR", "INR", "CLP", "CHF", "SAR", "GBP", "CZK")
    for index, currency in enumerate(currencies):
        price = 41634772867.0 if currency == "VND" else 32921810.7
        yield (
            f"currency_{currency}",
            {
                "lines": [_line("Article", price, 1.0), _line("Rebate", -12.0)],
                "currency": currency,
                "layout": LAYOUTS[index % len(LAYOUTS)],
            },
        )
    yield (
        "discounts",
        {
            "lines": [
                _line(f"Article {each}", 1234567.89, 1234.5, discount=12.345)
                for each in range(5)
            ],
        },
    )
    yield "many_decimals", {"lines": [_line("Fuel", 1.23456, 1234567.891)]}
    yield "zero", {"lines": [_line("Free sample", 0.0, 1.0)]}
    yield "same_lines", {"lines": [_line("Article", 10.0)] * 40, "layout": "bold"}


def _structures():
    yield (
        "sections",
        {
            "lines": [
                line
                for each in range(7)
                for line in (
                    _section(f"Section {each}"),
                    *_articles(5),
                    _note(f"N {each}"),
                )
            ],
        },
    )
    yield (
        "section_at_the_foot",
        {
            "lines": [*_articles(13), _section("Labour"), *_articles(4)],
            "layout": "folder",
        },
    )
    yield (
        "collapsed_sections",
        {
            "lines": [
                _section("Hidden lines", collapse_composition=True),
                *_articles(3),
                _section("Hidden prices", collapse_prices=True),
                *_articles(3),
            ],
        },
    )
    yield "long_note", {"lines": [*_articles(2), _note("Mind the gap. " * 80)]}


def _terms():
    yield (
        "pasted_layout",
        {
            "lines": _articles(2),
            "move": {
                "narration": '<div class="header">Terms A</div>'
                '<div class="article">Terms B</div><div class="footer">Terms C</div>'
            },
        },
    )
    yield (
        "pasted_position",
        {
            "lines": _articles(2),
            "move": {
                "narration": '<p style="position:fixed;top:0;left:0">Pinned</p>'
                '<p style="position:absolute;margin-top:-400px">Lifted</p>'
                '<p class="position-absolute top-0 start-0">By class</p>'
            },
            "layout": "striped",
        },
    )
    yield (
        "pasted_page",
        {
            "lines": _articles(2),
            "move": {
                "narration": '<div class="page">Page <span class="page">x</span> of '
                '<span class="topage">y</span></div><h1>Headline</h1><p>Text</p>'
            },
            "layout": "boxed",
        },
    )
    yield (
        "table_in_terms",
        {
            "lines": _articles(2),
            "move": {
                "narration": "<table><thead><tr><th>Rate</th><th>Days</th></tr></thead>"
                + "<tbody>"
                + "".join(
                    f"<tr><td>{each} %</td><td>{each}</td></tr>" for each in range(40)
                )
                + "</tbody></table>"
            },
        },
    )
    yield (
        "list_in_terms",
        {
            "lines": _articles(2),
            "move": {
                "narration": "<ol>"
                + "".join(
                    f"<li>Rule <b>{each}</b> of <i>many</i></li>" for each in range(30)
                )
                + "</ol><pre>"
                + "code " * 60
                + "</pre>"
            },
            "layout": "bubble",
        },
    )
    yield (
        "pasted_widths",
        {
            "lines": _articles(2),
            "move": {
                "narration": '<div style="width:3000px">Wide</div>'
                '<p style="white-space:nowrap">' + "never ends " * 60 + "</p>"
            },
        },
    )


def _languages():
    for index, lang in enumerate(("ar_001", "de_DE", "fr_FR", "he_IL", "ja_JP")):
        yield (
            f"language_{lang}",
            {
                "lines": [
                    _line("[FURN_0096] Desk (big)", 1234.5, 2.0),
                    _line("خدمة (2024) رقم 15", 99.0),
                ],
                "customer": {"lang": lang, "street": "12 Long Road, 3rd floor"},
                "layout": LAYOUTS[index % len(LAYOUTS)],
            },
        )


def cases():
    """All invoices, by name.

    :rtype: dict[str, dict]
    """
    return {
        name: case
        for part in (
            *(_scripts, _lengths, _letterheads, _amounts),
            *(_structures, _terms, _languages),
        )
        for name, case in part()
    }


_CURRENCIES = ("USD", "EUR", "JPY", "KWD", "INR", "CHF", "VND")
_LANGUAGES = ("en_US", "ar_001", "de_DE", "fr_FR", "he_IL")
_DETAILS = (
    "<p>Blue Ridge Supplies<br/>12 Quay Street<br/>Springfield</p>",
    _details(6),
    _details(11),
    "<p>Harbour Trading</p>",
)


def generated(count, seed=0):
    """Ordinary and odd invoices of all layouts and languages, drawn by lot.

    :param int count: how many.
    :param int seed: the same seed draws the same invoices.
    :return: generator of cases.
    """
    lot = random.Random(seed)
    texts = [*SCRIPTS.values(), "Consulting", "Delivery and installation", "W" * 60]
    for _number in range(count):
        lines = []
        for _line_number in range(lot.choice((1, 2, 3, 5, 8, 14, 25, 40))):
            if lot.random() < 0.1:
                lines.append(_section(lot.choice(texts)[:40]))
            elif lot.random() < 0.05:
                lines.append(_note(" ".join(lot.choices(texts, k=4))))
            else:
                lines.append(
                    _line(
                        " ".join(lot.choices(texts, k=lot.randint(1, 3))),
                        round(lot.uniform(0.01, 10 ** lot.randint(1, 6)), 2),
                        float(lot.randint(1, 120)),
                        discount=lot.choice((0.0, 0.0, 0.0, 12.5)),
                    )
                )
        terms = " ".join(lot.choices(texts, k=lot.randint(0, 60)))
        yield {
            "lines": [*lines, _line("Freight", 1.0)],
            "move": {
                "narration": f"<p>{_escaped(terms)}</p>" if terms else False,
                "ref": lot.choice((False, "PO 4711/2024", "R" * 40)),
            },
            "customer": {
                "name": lot.choice(texts)[:50],
                "street": lot.choice(("7 Long Road", "شارع النور 12", "Hauptstraße 3")),
                "lang": lot.choice(_LANGUAGES),
            },
            "company": {
                "company_details": lot.choice(_DETAILS),
                "report_footer": lot.choice(
                    ("<p>Registered in Springfield</p>", _details(6, "Footer"), False)
                ),
            },
            "layout": lot.choice(LAYOUTS),
            "paper": lot.choice(("euro", "us")),
            "currency": lot.choice(_CURRENCIES),
        }
