"""Invoices that are hard to print: all of each is on its sheets, and can be read."""

import unicodedata
from collections import Counter

from odoo.tests import tagged
from odoo.tools.misc import formatLang

from ..pdf_corpus import cases
from ..pdf_corpus_common import PdfCorpusCommon


def _letters(text):
    """A text's letters, figures and signs, whatever their form and order."""
    plain = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKD", text).casefold()
    )
    return Counter(
        each
        for each in plain
        if unicodedata.category(each)[0] in "LNS" and each.isprintable()
    )


@tagged("post_install", "-at_install")
class TestPdfCorpus(PdfCorpusCommon):
    """Compared with the records' values, not with the pages that were printed."""

    def _assert_complete(self, move, reader):
        text = " ".join(self._texts(reader))
        printed = _letters(text)
        for line in move.invoice_line_ids:
            if (
                not line.display_type == "product"
                or line.parent_id.collapse_composition
            ):
                continue
            # Letters that are joined have no name of their own in the file.
            lost = _letters(line.name) - printed
            self.assertLessEqual(lost.total(), len(line.name) // 4, line.name)
            if line.parent_id.collapse_prices:
                continue
            for number in (line.quantity, line.price_subtotal):
                self._assert_number(move, number, printed)
        for amount in (move.amount_untaxed, move.amount_tax, move.amount_total):
            self._assert_number(move, amount, printed)
        self.assertFalse(_letters(move.name) - printed)
        self.assertFalse(_letters(move.partner_id.name[:8]) - printed)

    def _assert_number(self, move, number, printed):
        lang_env = self.env(context={"lang": move.partner_id.lang or "en_US"})
        if number:
            digits = Counter(
                each for each in formatLang(lang_env, number) if each.isdigit()
            )
            self.assertFalse(digits - printed, number)

    def test_all_of_it_is_printed(self):
        for name, move, reader, warnings in self._print_each(cases()):
            with self.subTest(name=name):
                self._assert_complete(move, reader)
                self.assertFalse(warnings)

    def test_no_false_alarm(self):
        self._assert_no_false_alarm(6)

    def test_corpus_is_large(self):
        self.assertGreaterEqual(len(cases()), 60)
