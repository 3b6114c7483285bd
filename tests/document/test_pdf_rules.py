"""The rules of the PDF package, without a converter."""

import re

import lxml.html

from odoo.tests import BaseCase, tagged

from ...pdf import (
    bidi,
    content_stream,
    css,
    geometry,
    html,
    pagination,
    qr,
    rich_text,
    visible_text,
)


def _element(text):
    return lxml.html.fragment_fromstring(text)


@tagged("post_install", "-at_install")
class TestCss(BaseCase):
    def _pruned(self, text, *tokens, **options):
        return css.prune(css.parse(text), frozenset(tokens), **options)

    def test_only_matching_rules_stay(self):
        for rule, tokens, stays in (
            ("p{color:red}", ("p",), True),
            ("p{color:red}", ("div",), False),
            (".a .b{color:red}", (".a", ".b"), True),
            (".a .b{color:red}", (".a",), False),
            ("#total td:first-child{color:red}", ("#total", "td"), True),
            (".a:not(.b){color:red}", (".a",), True),
            ("a:hover{color:red}", ("a",), False),
            ("*{color:red}", (), True),
            ('[dir="rtl"] p{color:red}', ("p",), True),
            ("@media print{.a{color:red}}", (".a",), True),
            ("@media print{.a{color:red}}", (".b",), False),
            ("@font-face{font-family:x;src:url(y)}", (), False),
            ("@import url(http://example.com/x.css);p{color:red}", ("p",), True),
        ):
            with self.subTest(rule=rule, tokens=tokens):
                pruned = self._pruned(rule, *tokens)
                self.assertEqual("color:red" in pruned, stays)
                self.assertNotIn("@import", pruned)

    def test_selectors_of_a_list_are_judged_one_by_one(self):
        self.assertEqual(self._pruned("p,ul{top:0}", "p"), "p{top:0}")

    def test_braces_and_semicolons_in_strings(self):
        rule = 'p::before{content:"};{"}'
        self.assertEqual(self._pruned(rule, "p"), rule)

    def test_variables_that_nothing_reads_go(self):
        pruned = self._pruned(":root{--a:1px;--b:var(--a);--c:3px}p{top:var(--b)}", "p")
        self.assertIn("--a:1px", pruned)
        self.assertNotIn("--c", pruned)

    def test_s7_colors_are_whole_numbers(self):
        for written, wanted in {
            "color:rgba(101.567, 88.7569, 142.743, 0.5)": (
                "color:rgba(102, 89, 143, 0.5)"
            ),
            "color:rgb(1.2,2,254.9)": "color:rgb(1,2,255)",
            "--x-rgb: 33.6, 37, 41;color:rgba(var(--x-rgb),1)": (
                "--x-rgb: 34, 37, 41;color:rgba(var(--x-rgb),1)"
            ),
            "color:rgb(10.5%, 20%, 30%)": "color:rgb(10.5%, 20%, 30%)",
            "width:calc(1.5px + 2px);color:rgb(33, 37, 41)": (
                "width:calc(1.5px + 2px);color:rgb(33, 37, 41)"
            ),
        }.items():
            self.assertEqual(self._pruned(f"p{{{written}}}", "p"), f"p{{{wanted}}}")

    def test_named_font_gets_a_generic_one(self):
        pruned = self._pruned("p{font-family:Open_Sans;top:0}", "p")
        self.assertEqual(pruned, "p{font-family:Open Sans,sans-serif;top:0}")

    def test_right_to_left(self):
        for left_to_right, right_to_left in (
            ("margin-left:1px", "margin-right:1px"),
            ("text-align:right", "text-align:left"),
            ("float:left", "float:right"),
            ("padding:1px 2px 3px 4px", "padding:1px 4px 3px 2px"),
            ("border-top-left-radius:1px", "border-top-right-radius:1px"),
            ("direction:ltr", "direction:rtl"),
            ("transform:translate(-50%, -50%)", "transform:translate(50%, -50%)"),
            ("color:red", "color:red"),
        ):
            with self.subTest(rule=left_to_right):
                self.assertEqual(css.mirror("p", left_to_right), right_to_left)
        kept = css.mirror(".o_force_ltr", "direction:ltr")
        self.assertEqual(kept, "direction:ltr")

    def test_addresses_are_resolved_or_dropped(self):
        text = "a{b:url(http://x/1.png)}c{d:url('data:image/png;base64,AA')}"
        self.assertEqual(
            css.replace_urls(text, lambda address: None),
            'a{b:none}c{d:url("data:image/png;base64,AA")}',
        )


@tagged("post_install", "-at_install")
class TestDisarm(BaseCase):
    """Nothing that runs or fetches is left, whatever it is wrapped in."""

    _HOSTILE = (
        "<script>alert(1)</script>",
        '<img src="http://evil.example/1.png"/>',
        '<img src="//evil.example/1.png"/>',
        '<img srcset="http://evil.example/1.png 2x"/>',
        '<link rel="stylesheet" href="http://evil.example/1.css"/>',
        '<base href="http://evil.example/"/>',
        '<meta http-equiv="refresh" content="0;url=http://evil.example"/>',
        '<iframe src="http://evil.example/"></iframe>',
        '<object data="http://evil.example/1.svg"></object>',
        '<embed src="http://evil.example/1.svg"/>',
        '<video poster="http://evil.example/1.png"></video>',
        '<input type="image" src="http://evil.example/1.png"/>',
        '<table background="http://evil.example/1.png"></table>',
        '<p style="background:url(http://evil.example/1.png)">x</p>',
        '<p style="background:u\\72l(http://evil.example/1.png)">x</p>',
        '<p style="background:ur/**/l(http://evil.example/1.png)">x</p>',
        "<style>p{background:url(http://evil.example/1.png)}</style>",
        '<style>@import "http://evil.example/1.css";</style>',
        '<svg><image xlink:href="http://evil.example/1.png"/></svg>',
        '<svg><use href="http://evil.example/1.svg#a"/></svg>',
        '<svg><rect fill="url(http://evil.example/1.svg#a)"/></svg>',
        "<p onclick=\"location='http://evil.example'\">x</p>",
        "<a href=\"javascript:location='http://evil.example'\">x</a>",
        '<a ping="http://evil.example/">x</a>',
        '<form action="http://evil.example/"><button>x</button></form>',
        '<img src="file:///etc/hostname"/>',
        "<!-- http://evil.example -->",
    )

    def test_hostile_markup(self):
        for markup in self._HOSTILE:
            with self.subTest(markup=markup):
                element = _element(f"<div><b>kept</b>{markup}</div>")
                html.disarm(element, lambda address: None)
                written = html.serialize(element)
                self.assertIn("<b>kept</b>", written)
                for trace in ("evil.example", "javascript:", "alert", "file:"):
                    self.assertNotIn(trace, written)

    def test_text_after_a_removed_element_stays(self):
        element = _element("<div>one<script>x</script> two</div>")
        html.disarm(element, lambda address: None)
        self.assertEqual(element.text_content(), "one two")

    def test_links_stay(self):
        element = _element('<div><a href="https://example.com/a?b=c">x</a></div>')
        html.disarm(element, lambda address: None)
        self.assertEqual(element[0].get("href"), "https://example.com/a?b=c")


@tagged("post_install", "-at_install")
class TestBidi(BaseCase):
    def test_each_word_stands_alone(self):
        element = _element("<p>مرجع الدفع: <b>INV/1</b> شكرا</p>")
        bidi.isolate_words(element)
        self.assertEqual(
            html.serialize(element),
            "<p><span>مرجع</span> <span>الدفع</span>: <b>INV/1</b> "
            "<span>شكرا</span></p>",
        )

    def test_other_scripts_are_left_alone(self):
        element = _element("<p>Total <b>5 €</b> à payer</p>")
        before = html.serialize(element)
        bidi.isolate_words(element)
        self.assertEqual(html.serialize(element), before)

    def test_brackets_belong_to_what_is_inside(self):
        """As in Unicode Standard Annex #9, rule N0; the marks are LRM and RLM."""
        left, right = "\u200e", "\u200f"
        for text, direction, arranged in (
            (
                "[A1] Desk (big)",
                "rtl",
                f"{right}[{right}A1{right}]{right} Desk {left}({left}big{left}){left}",
            ),
            ("[A1] Desk (big)", "ltr", "[A1] Desk (big)"),
            ("Total (net", "rtl", "Total (net"),
        ):
            with self.subTest(text=text, direction=direction):
                element = _element(f"<p>{text}</p>")
                bidi.arrange(element, direction)
                self.assertEqual(element.text_content(), arranged)

    def test_brackets_across_elements(self):
        element = _element("<p>Desk (<b>big</b>)</p>")
        bidi.arrange(element, "rtl")
        self.assertEqual(element.text_content(), "Desk \u200e(\u200ebig\u200e)\u200e")

    def test_each_line_of_an_address_has_its_own_direction(self):
        element = _element(
            "<div><address>12 Quay Street<br/>شارع النور</address></div>"
        )
        bidi.arrange(element, "rtl")
        [latin] = element.xpath(".//span[@dir='ltr']")
        self.assertEqual(latin.text, "12 Quay Street")


@tagged("post_install", "-at_install")
class TestVisibleText(BaseCase):
    def test_what_is_the_same_when_printed(self):
        for written, printed in (
            ("Straße", "STRASSE"),
            ("office", "o\ufb03ce"),
            ("Café", "CAFE\u0301"),
            ("long-word in two", "longword intwo"),
            ("soft\u00adhyphen\u200f", "softhyphen"),
            ("لا", "\ufefb"),
            ("(big)", ")big("),
            ("ışık", "IŞIK"),
            ("½", "1⁄2"),
        ):
            with self.subTest(written=written):
                self.assertEqual(
                    sorted(visible_text.fold(written)),
                    sorted(visible_text.fold(printed)),
                )
        self.assertNotEqual(visible_text.fold("10.00"), visible_text.fold("1.000"))

    def test_hidden_text_is_none(self):
        for hidden in (
            'class="d-none"',
            'style="color:red;display: none"',
            'style="visibility:hidden"',
            'style="opacity:0"',
            "hidden",
        ):
            with self.subTest(hidden=hidden):
                element = _element(f"<div>a<p {hidden}>b<b>c</b></p>d<br/>e</div>")
                self.assertEqual(visible_text.blocks(element), ["a", "d", "e"])
        element = _element('<div style="opacity:0.5">a</div>')
        self.assertEqual(visible_text.blocks(element), ["a"])


@tagged("post_install", "-at_install")
class TestRichText(BaseCase):
    def test_classes_of_layouts_go(self):
        for name in ("header", "article", "page", "position-fixed", "o_total_table"):
            tamed = rich_text.tame(f'<p class="{name} text-center">x</p>')
            self.assertEqual(tamed, '<p class="text-center">x</p>')

    def test_styles_that_move_go(self):
        for style in (
            *("position:fixed", "margin-top:-9px", "float:left", "width:900px"),
            *("transform:scale(9)", "height:9px", "white-space:nowrap", "z-index:9"),
        ):
            tamed = rich_text.tame(f'<p style="{style};color:red">x</p>')
            self.assertEqual(tamed, '<p style="color:red">x</p>')

    def test_style_sheets_and_names_go(self):
        tamed = rich_text.tame('<style>p{top:0}</style><p id="total" name="a">x</p> y')
        self.assertEqual(tamed, "<p>x</p> y")

    def test_looks_stay(self):
        text = '<p style="text-align:right;font-weight:bold"><i>x</i></p>'
        self.assertEqual(rich_text.tame(text), text)


@tagged("post_install", "-at_install")
class TestSplit(BaseCase):
    def test_pasted_parts_are_no_parts(self):
        [document] = html.split(
            '<main><div class="header">A</div><div class="article">B'
            '<div class="header">C</div><div class="article">D</div></div>'
            '<div class="footer">E<div class="footer">F</div></div></main>',
            "account.move",
        )
        self.assertEqual(document.article.text_content(), "BCD")
        self.assertEqual([each.text_content() for each in document.headers], ["A"])
        self.assertEqual([each.text_content() for each in document.footers], ["EF"])

    def test_picture_of_more_than_ten_million_characters(self):
        picture = f'<img src="data:image/png;base64,{"A" * 11_000_000}"/>'
        [document] = html.split(
            f'<main>{picture}<div class="article"><p>Total</p></div></main>', "x"
        )
        self.assertIn("Total", document.article.text_content())


@tagged("post_install", "-at_install")
class TestContent(BaseCase):
    def test_items_and_their_places(self):
        stream = (
            b"q 2 0 0 -2 10 100 cm 1 0 0 scn 0 0 5 5 re f "
            b"BT /F1 10 Tf 1 0 0 -1 0 0 Tm 3 -20 Td <0001> Tj ET "
            b"q 4 0 0 4 1 1 cm /Im1 Do Q q 1 w Q Q"
        )
        content = content_stream.read(stream)
        path, text, image = content.items
        self.assertEqual(path[:1] + path[3:7], ("path", 10.0, 90.0, 20.0, 100.0))
        self.assertEqual(path.color, (1.0, 0.0, 0.0))
        self.assertEqual(text.kind, "text")
        self.assertTrue(text.bottom < 60.0 < text.top)
        self.assertEqual(image.name, "/Im1")
        self.assertEqual(image[3:7], (12.0, 90.0, 20.0, 98.0))
        self.assertEqual(content.words[image.start : image.start + 2], ["q", "4"])
        [void] = content.voids
        self.assertEqual(content.words[slice(*void)], ["q", "1", "w", "Q"])
        rest = b" ".join(piece for _item, piece in content.pieces([text]))
        self.assertEqual(
            [item.kind for item in content_stream.read(rest).items], ["text"]
        )
        self.assertEqual(rest.count(b"q"), rest.count(b"Q"))


@tagged("post_install", "-at_install")
class TestPagination(BaseCase):
    def _sheets(self, blocks, lines, height, bottom, tables=()):
        sheets = pagination.paginate(blocks, lines, list(tables), height, bottom)
        return [(sheet.top, sheet.bottom) for sheet in sheets]

    def test_what_fits_is_one_sheet(self):
        self.assertEqual(self._sheets([], [(0, 90)], 100, 90), [(0.0, 90)])

    def test_no_line_is_cut(self):
        lines = [(top, top + 28) for top in range(0, 300, 30)]
        sheets = self._sheets([], lines, 100, 298)
        self.assertEqual(sheets, [(0.0, 90), (90, 180), (180, 270), (270, 298)])

    def test_block_is_kept_whole(self):
        lines = [(top, top + 9) for top in range(0, 150, 10)]
        self.assertEqual(
            self._sheets([(70, 130)], lines, 100, 149), [(0.0, 70), (70, 149)]
        )

    def test_block_taller_than_a_sheet_is_cut_between_lines(self):
        lines = [(top, top + 9) for top in range(0, 250, 10)]
        sheets = self._sheets([(0, 250)], lines, 95, 249)
        self.assertEqual(sheets, [(0.0, 90), (90, 180), (180, 249)])

    def test_one_solid_thing_is_cut_at_last(self):
        self.assertEqual(
            self._sheets([], [(0, 250)], 100, 250),
            [(0.0, 100.0), (100.0, 200.0), (200.0, 250)],
        )

    def test_row_that_goes_on_keeps_clear_of_the_head(self):
        table = pagination.Table(0, 20, 320)
        lines = [(0, 20), *((top, top + 10) for top in range(20, 320, 10))]
        first, *rest = pagination.paginate(
            [], lines, [table], 100, 320, rows=[(20, 320)]
        )
        self.assertFalse(first.gap)
        for sheet in rest:
            self.assertEqual(sheet.table, table)
            self.assertGreater(sheet.gap, 0)
            self.assertLessEqual(20 + sheet.gap + sheet.bottom - sheet.top, 100.5)

    def test_head_takes_its_room(self):
        table = pagination.Table(0, 20, 320)
        rows = [(top, top + 20) for top in range(20, 320, 20)]
        sheets = pagination.paginate([], [(0, 20), *rows], [table], 100, 400)
        self.assertEqual(
            [(sheet.top, sheet.bottom, bool(sheet.table)) for sheet in sheets],
            [
                (0.0, 100, False),
                (100, 180, True),
                (180, 260, True),
                (260, 340, True),
                (340, 400, False),
            ],
        )


@tagged("post_install", "-at_install")
class TestGeometry(BaseCase):
    def test_sheet_sizes(self):
        for values, options, landscape, width, height in (
            ({"format": "A4"}, {}, False, 210, 297),
            ({"format": "Letter"}, {}, False, 215.9, 279.4),
            ({"format": "A4", "orientation": "Landscape"}, {}, False, 297, 210),
            ({"format": "A4"}, {}, True, 297, 210),
            ({"format": "A4"}, {"data-report-landscape": "True"}, False, 297, 210),
            (
                {"format": "custom", "page_width": 80, "page_height": 120},
                {},
                False,
                80,
                120,
            ),
            ({"format": False}, {}, False, 210, 297),
        ):
            with self.subTest(values=values, landscape=landscape):
                place = geometry.from_paperformat(values, options, landscape)
                self.assertAlmostEqual(place.width / geometry.MM, width, 3)
                self.assertAlmostEqual(place.height / geometry.MM, height, 3)

    def test_report_goes_before_format(self):
        place = geometry.from_paperformat(
            {"format": "A4", "margin_top": 40, "dpi": 90},
            {"data-report-margin-top": "10", "data-report-dpi": "96"},
        )
        self.assertAlmostEqual(place.top, 10 * geometry.MM, 3)
        self.assertAlmostEqual(place.scale, 0.6, 6)


@tagged("post_install", "-at_install")
class TestQr(BaseCase):
    def _drawn(self, text):
        """The code's modules, as they are drawn."""
        drawing = qr.draw(text)
        size = int(re.search(r'viewBox="0 0 (\d+) \1"', drawing)[1])
        rows = [[" "] * size for _row in range(size)]
        for x, y, width in re.findall(r"M(\d+) (\d+)\.5h(\d+)", drawing):
            start = int(x)
            rows[int(y)][start : start + int(width)] = "#" * int(width)
        return ["".join(row) for row in rows]

    def test_finders_are_in_three_corners(self):
        rows = self._drawn("https://shop.example.com/portal/invoice/" + "AbCd" * 11)
        finder = ["#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #"]
        finder.append(finder[0])
        self.assertEqual([row[:7] for row in rows[:7]], finder)
        self.assertEqual([row[-7:] for row in rows[:7]], finder)
        self.assertEqual([row[:7] for row in rows[-7:]], finder)
        self.assertNotEqual([row[-7:] for row in rows[-7:]], finder)

    def test_same_text_is_drawn_the_same(self):
        self.assertEqual(self._drawn("one"), self._drawn("one"))
        self.assertNotEqual(self._drawn("one"), self._drawn("two"))
