"""The check of PDFs alarms nobody without a reason."""

from odoo.tests import tagged

from ..pdf_corpus_common import PdfCorpusCommon


@tagged("post_install", "-at_install")
class TestPdfCorpusSoak(PdfCorpusCommon):
    def test_no_false_alarm_on_a_thousand_invoices(self):
        self._assert_no_false_alarm(1000)
