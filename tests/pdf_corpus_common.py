"""Invoices that are hard to print, as records."""

from pypdf import PdfReader

from odoo import Command
from odoo.tools import mute_logger

from .pdf_common import REPORT, PdfCommon
from .pdf_corpus import generated

LOGGER = "odoo.addons.account_payment_portal.models.document.ir_actions_report"


class PdfCorpusCommon(PdfCommon):
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

    def _assert_no_false_alarm(self, count):
        """Invoices that are right are made without a refusal or a warning.

        :param int count: how many of them
        """
        cases = dict(enumerate(generated(count)))
        for number, _move, _reader, warnings in self._print_each(cases):
            with self.subTest(number=number):
                self.assertFalse(warnings)
