"""Invoices that are hard to print, as records."""

import unicodedata
from collections import Counter

from pypdf import PdfReader

from odoo import Command
from odoo.tools import mute_logger
from odoo.tools.misc import formatLang

from .pdf_common import REPORT, PdfCommon
from .pdf_corpus import generated

LOGGER = "odoo.addons.account_payment_portal.models.document.ir_actions_report"


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


class PdfCorpusCommon(PdfCommon):
    """Compared with the records' values, not with the pages that were printed."""

    def _create(self, case):
        partner = {
            "name": "Gemini Furniture",
            "city": "Dover",
            **case.get("customer", {}),
        }
        if partner.get("lang"):
            self.env["res.lang"]._activate_lang(partner["lang"])
        values = dict(case.get("move", {}))
        if case.get("currency"):
            currency = self.env.ref(f"base.{case['currency']}")
            currency.active = True
            values["currency_id"] = currency.id
        taxes = {"tax_ids": [Command.set(self.tax.ids)]}
        return self._invoice(
            partner_id=self.env["res.partner"].create(partner).id,
            invoice_line_ids=[
                Command.create(line if line.get("display_type") else {**taxes, **line})
                for line in case["lines"]
            ],
            **values,
        )

    def _use(self, case):
        self.company.write(
            {
                "external_report_layout_id": self.env.ref(
                    f"web.external_layout_{case.get('layout', 'standard')}"
                ).id,
                "paperformat_id": self.env.ref(
                    f"base.paperformat_{case.get('paper', 'euro')}"
                ).id,
                **case.get("company", {}),
            }
        )

    def _print_each(self, cases):
        """Print invoices, those of the same company settings in one go.

        :param dict cases: The invoices, by any key.
        :return: The key, the invoice, its file, and the warnings that staff get of it.
        :rtype: Iterator[tuple[Any, account.move, pypdf.PdfReader, list[str]]]
        """
        settings = {}
        for key, case in cases.items():
            used = (case.get("layout"), case.get("paper"), repr(case.get("company")))
            settings.setdefault(used, {})[key] = case
        for group in settings.values():
            with self.env.cr.savepoint() as savepoint:
                self._use(next(iter(group.values())))
                moves = {key: self._create(case) for key, case in group.items()}
                ids = [move.id for move in moves.values()]
                with mute_logger(LOGGER):
                    streams = self._reports()._render_qweb_pdf_prepare_streams(
                        REPORT, {"report_type": "pdf"}, res_ids=ids
                    )
                found = self._reports()._get_pdf_warnings(
                    self.env["account.move"].browse(ids)
                )
                for key, move in moves.items():
                    reader = PdfReader(streams[move.id]["stream"])
                    # Which fonts there are is the server's affair.
                    warnings = [
                        each for each in found.get(move.id, []) if "font" not in each
                    ]
                    yield key, move, reader, warnings
                savepoint.rollback()

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

    def _assert_each_complete(self, cases):
        """All of each invoice is on its sheets, and can be read.

        :param dict cases: The invoices, by name.
        """
        for name, move, reader, warnings in self._print_each(cases):
            with self.subTest(name=name):
                self._assert_complete(move, reader)
                self.assertFalse(warnings)

    def _assert_no_false_alarm(self, count):
        """Invoices that are right are made without a refusal or a warning.

        :param int count: how many of them
        """
        cases = dict(enumerate(generated(count)))
        for number, _move, _reader, warnings in self._print_each(cases):
            with self.subTest(number=number):
                self.assertFalse(warnings)
