"""Invoices that are hard to print, as records."""

from odoo import Command
from odoo.tools import mute_logger

from .pdf_common import PdfCommon
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

    def _assert_no_false_alarm(self, count):
        """Invoices that are right are made without a refusal or a warning.

        :param int count: how many of them
        """
        for number, case in enumerate(generated(count)):
            with self.subTest(number=number), self.env.cr.savepoint() as savepoint:
                self._use(case)
                move = self._create(case)
                with mute_logger(LOGGER):
                    self._pdf(move)
                warnings = self._reports()._get_pdf_warnings(move).get(move.id, [])
                # Which fonts there are is the server's affair.
                self.assertFalse([each for each in warnings if "font" not in each])
                savepoint.rollback()
