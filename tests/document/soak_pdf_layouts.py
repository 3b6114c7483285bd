"""Each layout on each paper, with a long invoice each time."""

import itertools

from odoo.tests import tagged

from ..pdf_common import LAYOUTS
from ..pdf_layout_common import PAPERS, PdfLayoutCommon


@tagged("post_install", "-at_install")
class TestPdfLayoutsSoak(PdfLayoutCommon):
    def test_each_layout_on_each_paper(self):
        invoices = self._invoices(200)
        for layout, paper in itertools.product(LAYOUTS, PAPERS):
            with self.subTest(layout=layout, paper=paper):
                self._assert_layout_on_paper(layout, paper, *invoices)
