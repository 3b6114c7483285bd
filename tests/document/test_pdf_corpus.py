"""Invoices that are hard to print: a sample of them."""

from odoo.tests import tagged

from ..pdf_corpus import cases
from ..pdf_corpus_common import PdfCorpusCommon


@tagged("post_install", "-at_install")
class TestPdfCorpus(PdfCorpusCommon):
    def test_all_of_it_is_printed(self):
        # Of each kind some; `soak_pdf_corpus.py` prints all.
        self._assert_each_complete(dict(list(cases().items())[::3]))

    def test_no_false_alarm(self):
        self._assert_no_false_alarm(6)

    def test_corpus_is_large(self):
        self.assertGreaterEqual(len(cases()), 60)
