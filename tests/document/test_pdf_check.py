"""Files that are wrong do not leave, or not without a word."""

import textwrap

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...pdf.errors import DocumentConversionError
from ..pdf_common import REPORT, PdfCommon

_LOGGER = "odoo.addons.account_payment_portal.models.document.ir_actions_report"

# The page of the invoice itself, not that of its header and footer.
_ONLY_ARTICLE = """
if 'class="o_portal_sheet"' in html or "Article" not in html:
    return html
"""


@tagged("post_install", "-at_install")
class TestPdfCheck(PdfCommon):
    """The converter is made to print something else than it was given."""

    def _assert_refused(self, change, words, text=None, lines=4, **values):
        """The invoice has no file, and staff are told why; another one has.

        :param str words: what is wrong.
        :param str text: the text that is named, if it is certain which.
        """
        move, other = self._invoice(lines, **values), self._invoice(1)
        other.invoice_line_ids.name = "Something else"
        self._falsify(_ONLY_ARTICLE + textwrap.dedent(change))
        with (
            mute_logger(_LOGGER),
            self.assertRaises(DocumentConversionError) as caught,
        ):
            self._reports()._pre_render_qweb_pdf(REPORT, (move + other).ids)
        self.assertEqual(list(caught.exception.failures), move.ids)
        message = str(caught.exception)
        self.assertIn(move.name, message)
        self.assertRegex(message, words)
        if text:
            self.assertIn(text, message)
        self.assertIn(other.id, caught.exception.prepared.contents)

    def _warnings(self, change, **values):
        """What staff are told of a file that they may send.

        :rtype: list[str]
        """
        move = self._invoice(**values)
        if change:
            self._falsify(_ONLY_ARTICLE + textwrap.dedent(change))
        with mute_logger(_LOGGER):
            self.assertTrue(self._pdf(move).pages)
        return self._reports()._get_pdf_warnings(move).get(move.id, [])

    # --- Nothing is wrong

    def test_faultless_file_has_no_warnings(self):
        values = {"narration": "<p>Terms and conditions</p>"}
        self.assertEqual(self._warnings("", **values), [])
        self.assertEqual(self._warnings("return html", **values), [])

    # --- Refused

    def test_missing_row(self):
        self._assert_refused(
            """
            row = r"<tr[^>]*>(?:(?!</tr>).)*Article 003.*?</tr>"
            return re.sub(row, "", html, flags=re.DOTALL)
            """,
            "is missing",
            "13.00",
        )

    def test_missing_row_like_another_one(self):
        line = Command.create({"name": "Article", "price_unit": 10, "tax_ids": False})
        self._assert_refused(
            """
            row = r"<tr[^>]*>(?:(?!</tr>).)*Article.*?</tr>"
            return re.sub(row, "", html, count=1, flags=re.DOTALL)
            """,
            "is missing",
            "10.00",
            invoice_line_ids=[line, line, line],
        )

    def test_other_amount(self):
        self._assert_refused(
            'return html.replace("13.00", "18.00")', "is missing", "13.00"
        )

    def test_missing_total(self):
        self._assert_refused(
            """
            row = r'<tr class="o_total">.*?</tr>'
            return re.sub(row, "", html, flags=re.DOTALL)
            """,
            "is missing",
            "57.50",
        )

    def test_missing_number(self):
        self._assert_refused(
            'return re.sub("INV/[0-9/]+", "", html)', "is missing", "INV/"
        )

    def test_cut_document(self):
        """As if a page were lost: nothing after the first rows is printed."""
        self._assert_refused(
            """
            cut = html.index("Article 020")
            return html[:cut] + "</td></tr></tbody></table></body></html>"
            """,
            "is missing",
            lines=40,
        )

    def test_no_text(self):
        self._assert_refused(
            'return re.sub("<body.*</body>", "<body></body>", html, flags=re.DOTALL)',
            "there is nothing on it",
        )

    def test_rows_off_the_left_edge(self):
        # The digits of a date must not make up for those of a price.
        for due in ("2028-01-01", "2028-11-28", "2028-12-31"):
            with self.subTest(due):
                self._assert_table_refused("-700px", invoice_date_due=due)

    def test_rows_off_the_right_edge(self):
        self._assert_table_refused("1500px")

    def _assert_table_refused(self, left, **values):
        self._assert_refused(
            f"""
            style = "<style>.o_main_table{{position:relative;left:{left}}}</style>"
            return html.replace("</head>", style + "</head>")
            """,
            "is not on the sheet|is missing",
            **values,
        )

    def test_rows_above_the_sheet(self):
        self._assert_refused(
            """
            style = "<style>.article{position:relative;top:-330px}</style>"
            return html.replace("</head>", style + "</head>")
            """,
            "is not on the sheet|is missing",
        )

    def test_clipped_amounts(self):
        self._assert_refused(
            """
            style = "<style>.o_price_total{max-width:9px;width:9px;overflow:hidden}"
            style += ".o_price_total span{display:block;width:9px;overflow:hidden}"
            return html.replace("</head>", style + "</style></head>")
            """,
            "is not on the sheet",
        )

    def test_row_over_another(self):
        self._assert_refused(
            """
            style = "<style>tbody tr:nth-child(3) td span"
            style += "{position:relative;top:-38px}</style>"
            return html.replace("</head>", style + "</head>")
            """,
            "printed over something else",
        )

    def test_covered_total(self):
        self._assert_refused(
            """
            cover = '<div style="position:absolute;top:0;left:0;right:0;'
            cover += 'height:900px;z-index:99;background:#fff"></div></body>'
            return html.replace("</body>", cover).replace(
                'class="o_body_pdf', 'style="position:relative" class="o_body_pdf'
            )
            """,
            "printed over something else",
        )

    def test_lost_sheet_of_headers(self):
        """Headers of one sheet less than the invoice has."""
        move = self._invoice(40)
        self._falsify(
            """
            sheets = html.split('<div class="o_portal_sheet"')
            if len(sheets) > 2:
                del sheets[-1]
            return '<div class="o_portal_sheet"'.join(sheets)
            """
        )
        with mute_logger(_LOGGER), self.assertRaisesRegex(UserError, "cannot be read"):
            self._pdf(move)

    def test_header_upon_the_lines(self):
        """A header that grows after it was measured."""
        move = self._invoice(40)
        self._falsify(
            """
            if html.count('class="o_portal_sheet"') < 2:
                return html
            style = "<style>.header{padding-top:200px!important}</style>"
            return html.replace("</head>", style + "</head>")
            """
        )
        with (
            mute_logger(_LOGGER),
            self.assertRaisesRegex(UserError, "printed over something else"),
        ):
            self._pdf(move)

    def test_no_room_between_header_and_footer(self):
        lines = "<br/>".join(f"Line {number}" for number in range(70))
        self.company.company_details = f"<p>{lines}</p>"
        with mute_logger(_LOGGER), self.assertRaisesRegex(UserError, "leave no room"):
            self._pdf(self._invoice())

    # --- Warned

    def test_missing_terms(self):
        [warning] = self._warnings(
            'return html.replace("Deliveries on Tuesdays", "")',
            narration="<p>Deliveries on Tuesdays</p>",
        )
        self.assertIn("“Deliveries on Tuesdays” is missing", warning)

    def test_terms_cut_off(self):
        warnings = self._warnings(
            """
            style = "<style>[name=comment]{position:relative;left:-60px}</style>"
            return html.replace("</head>", style + "</head>")
            """,
            narration="<p>Deliveries on Tuesdays</p>",
        )
        self.assertIn("“Deliveries on Tuesdays” is cut off on the PDF.", warnings)

    def test_text_in_the_margin(self):
        warnings = self._warnings(
            """
            style = "<style>#informations{position:relative;left:-28px}</style>"
            return html.replace("</head>", style + "</head>")
            """
        )
        self.assertIn("“Invoice Date” is in the margin of the PDF.", warnings)

    def test_terms_over_other_text(self):
        warnings = self._warnings(
            """
            style = "<style>[name=comment] p+p{margin-top:-20px}</style>"
            return html.replace("</head>", style + "</head>")
            """,
            narration="<p>Deliveries on Tuesdays</p><p>Not on a Monday</p>",
        )
        self.assertTrue(
            any("printed over something else" in each for each in warnings), warnings
        )

    def test_lost_glyph(self):
        """A character that no font has: a box is printed, or nothing."""
        [warning] = self._warnings(
            r'return html.replace("Tuesdays", "Tuesday\U0010fffd")',
            narration="<p>Deliveries on Tuesdays</p>",
        )
        self.assertIn("s", warning)

    def test_missing_font_is_named(self):
        [warning] = self._warnings("", narration="<p>\U00013000 \ue123</p>")
        self.assertIn("no font for “\U00013000", warning)
        self.assertIn("Debian package fonts-", warning)

    def test_warnings_are_those_of_the_last_file(self):
        move = self._invoice(narration="<p>\ue123</p>")
        reports = self._reports()
        with mute_logger(_LOGGER):
            reports._render_qweb_pdf(REPORT, move.ids)
        self.assertTrue(reports._get_pdf_warnings(move))
        move.narration = "<p>Plain</p>"
        reports._render_qweb_pdf(REPORT, move.ids)
        self.assertFalse(reports._get_pdf_warnings(move))
