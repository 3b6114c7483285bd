"""All that is hard to print is printed, and nobody is alarmed without a reason."""

from odoo.tests import tagged

from ..pdf_corpus import cases
from ..pdf_corpus_common import PdfCorpusCommon


@tagged("post_install", "-at_install")
class TestPdfCorpusSoak(PdfCorpusCommon):
    def test_all_of_it_is_printed(self):
        self._assert_each_complete(cases())

    def test_no_false_alarm_on_a_thousand_invoices(self):
        self._assert_no_false_alarm(1000)
