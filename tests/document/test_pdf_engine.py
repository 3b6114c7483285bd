"""The self-contained engine: hostile input, broken programs, batches."""

import copy
import io
import os
import stat
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from pypdf import PdfReader

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...pdf import converter, pipeline
from ...pdf.core_bridge import Result, by_record
from ...pdf.errors import DocumentConversionError
from ..pdf_common import REPORT, NetworkTap, PdfCommon

_MODEL_LOGGER = "odoo.addons.account_payment_portal.models.document.ir_actions_report"
_PROGRAM_LOGGER = "odoo.addons.account_payment_portal.pdf.program"


@tagged("post_install", "-at_install")
class TestPdfEngine(PdfCommon):
    def _temporary_folder(self):
        """A folder for temporary files that nobody else uses in the meantime."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.startPatcher(patch.object(tempfile, "tempdir", folder.name))
        return Path(folder.name)

    def _program(self, script):
        """Use a shell script in place of wkhtmltopdf."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "wkhtmltopdf")
        path.write_text(
            '#!/bin/sh\n[ "$1" = --version ] && echo "wkhtmltopdf 0.12.6" && exit\n'
            f"{script}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self._set_parameter("account_payment_portal.wkhtmltopdf", str(path))

    # --- Several documents of one record

    def test_parts_of_a_record_keep_title_and_language(self):
        move = self._invoice()
        part, _kind = self._reports()._render_qweb_pdf(REPORT, move.ids)
        results = [Result(move.id, part, None) for _number in range(2)]
        reader = PdfReader(io.BytesIO(by_record(results)[move.id]))
        self.assertEqual(len(reader.pages), 2)
        self.assertEqual(reader.metadata.title, f"Invoice {move.name}")
        self.assertEqual(reader.trailer["/Root"]["/Lang"], "en-US")
        for page in reader.pages:
            self.assertIn(move.name, page.extract_text())

    # --- Which engine

    def test_core_reports_keep_core_engine(self):
        self.assertEqual(self.report.pdf_engine, "self_contained")
        core = self.env.ref("account.account_invoices")
        self.assertEqual(core.pdf_engine, "wkhtmltopdf")
        self.assertEqual(
            self.env["ir.actions.report"].new({}).pdf_engine, core.pdf_engine
        )

    def test_other_reports_can_use_the_engine(self):
        report = self.env.ref("account.account_invoices_without_payment")
        report.pdf_engine = "self_contained"
        content, _kind = self._reports()._render_qweb_pdf(
            report.report_name, self._invoice().ids
        )
        self.assertTrue(content.startswith(b"%PDF"))

    def test_report_saved_as_attachment(self):
        self.report.write(
            {"attachment": "object.name + '.pdf'", "attachment_use": True}
        )
        moves = self._invoice() + self._invoice()
        reports = self._reports()
        first, _kind = reports._render_qweb_pdf(REPORT, moves.ids)
        saved = self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "in", moves.ids)]
        )
        self.assertEqual(
            sorted(saved.mapped("name")),
            sorted(f"{name}.pdf" for name in moves.mapped("name")),
        )
        # The second time nothing is converted: a broken program is not noticed.
        self._program("exit 1")
        second, _kind = reports._render_qweb_pdf(REPORT, moves.ids)
        self.assertEqual(len(first), len(second))

    # --- A closed converter

    def test_converter_opens_no_connection(self):
        with NetworkTap() as tap:
            url = tap.url
            self._set_parameter("web.base.url", url)
            move = self._invoice(
                narration=f'<p>See <img src="{url}/note.png"/></p>', post=False
            )
            # Past the field's own sanitizing, as an import or a module would write it.
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE account_move SET narration = jsonb_build_object('en_US', %s)"
                " WHERE id = %s",
                [
                    f'<link rel="stylesheet" href="{url}/a.css"/>'
                    f'<style>@import "{url}/b.css";p{{background:url({url}/c.png)}}'
                    f'</style><img src="{url}/d.png"/><iframe src="{url}/e"></iframe>'
                    f'<object data="{url}/f.svg"></object><script src="{url}/g.js">'
                    f'</script><p style="background:u\\72l({url}/h.png)">Thanks</p>'
                    f'<svg><image xlink:href="{url}/i.png"/></svg>',
                    move.id,
                ],
            )
            move.invalidate_recordset()
            move.action_post()
            (text,) = self._texts(self._pdf(move))
            self.assertIn("Thanks", text)
            page = self._reports()._portal_render_document_html(
                move.with_user(self.clerk)
            )
            self.assertEqual(tap.visits, [])
        self.assertNotIn(url, page)

    def test_converter_itself_is_closed(self):
        """Even a page that was not disarmed reaches neither network nor disk."""
        reports = self.env["ir.actions.report"]
        with NetworkTap() as tap, tempfile.NamedTemporaryFile(suffix=".html") as secret:
            secret.write(b"<p>the secret</p>")
            secret.flush()
            page = converter.Page(
                f'<html><body>Hello<img src="{tap.url}/1.png"/>'
                f'<iframe src="file://{secret.name}"></iframe>'
                f'<iframe src="{tap.url}/2"></iframe></body></html>',
                595,
                842,
            )
            with converter.Converter(reports._pdf_binary(), 20, 20) as running:
                path = running.result(running.submit(page))
                if isinstance(path, str):
                    content = Path(path).read_bytes()
                    self.assertNotIn("secret", self._texts_of(content))
            self.assertEqual(tap.visits, [])

    def _texts_of(self, content):
        return " ".join(self._texts(PdfReader(io.BytesIO(content))))

    def test_images_are_read_with_the_reader_s_rights(self):
        move = self._invoice()
        secret, *own = (
            self.env["ir.attachment"].create(
                {
                    "name": "picture.png",
                    "raw": self._picture("#123456", (width, 17)),
                    "res_model": model,
                    "res_id": res_id,
                }
            )
            for width, (model, res_id) in enumerate(
                [("ir.cron", 1), *[(move._name, move.id)] * 3], 31
            )
        )
        move.narration = "".join(
            f'<p><img src="{address}"/></p>'
            for address in (
                f"/web/image/{secret.id}",
                f"/web/image/{own[0].id}",
                f"/web/image/{own[1].id}-abc123/picture.png",
                f"http://127.0.0.1:9/web/content/{own[2].id}",
            )
        )
        sizes = self._image_sizes(self._pdf(move).pages[0]["/Resources"])
        self.assertNotIn((31, 17), sizes)
        for width in (32, 33, 34):
            self.assertIn((width, 17), sizes)

    # --- Broken programs

    @mute_logger(_MODEL_LOGGER, _PROGRAM_LOGGER)
    def test_program_missing(self):
        self._set_parameter(
            "account_payment_portal.wkhtmltopdf", "/nowhere/wkhtmltopdf"
        )
        with self.assertRaisesRegex(UserError, "/nowhere/wkhtmltopdf"):
            self._pdf(self._invoice())

    @mute_logger(_MODEL_LOGGER, _PROGRAM_LOGGER)
    def test_program_too_old(self):
        self._program("exit 1")
        path = Path(
            self.env["ir.config_parameter"].get_param(
                "account_payment_portal.wkhtmltopdf"
            )
        )
        path.write_text('#!/bin/sh\necho "wkhtmltopdf 0.11.0"\n')
        with self.assertRaisesRegex(UserError, "0.12 or newer"):
            self._pdf(self._invoice())

    @mute_logger(_MODEL_LOGGER, _PROGRAM_LOGGER)
    def test_program_that_hangs(self):
        self._program("sleep 600")
        self._set_parameter("account_payment_portal.pdf_timeout", "0.5")
        folder = self._temporary_folder()
        move = self._invoice()
        start = time.monotonic()
        with self.assertRaises(DocumentConversionError) as caught:
            self._pdf(move)
        self.assertLess(time.monotonic() - start, 300)
        self.assertIn(move.name, str(caught.exception))
        self.assertIn("did not finish in time", str(caught.exception))
        self.assertEqual(list(folder.glob("odoo-pdf-*")), [])

    @mute_logger(_MODEL_LOGGER, _PROGRAM_LOGGER)
    def test_program_that_crashes(self):
        self._program("kill -SEGV $$")
        folder = self._temporary_folder()
        move = self._invoice()
        with self.assertRaises(DocumentConversionError) as caught:
            self._pdf(move)
        self.assertIn(move.name, str(caught.exception))
        self.assertIn("ended unexpectedly", str(caught.exception))
        self.assertEqual(list(folder.glob("odoo-pdf-*")), [])

    @mute_logger(_MODEL_LOGGER, _PROGRAM_LOGGER, "pypdf._reader")
    def test_program_that_writes_rubbish(self):
        self._program(
            'while read -r line; do eval set -- "$line"; for last; do :; done;'
            ' echo rubbish > "$last"; echo Done >&2; done'
        )
        with self.assertRaisesRegex(UserError, "cannot be read"):
            self._pdf(self._invoice())

    # --- Batches

    def test_batch_is_one_process(self):
        moves = self.env["account.move"].concat(*(self._invoice() for _ in range(5)))
        real = self.env["ir.actions.report"]._pdf_binary().path
        log = tempfile.NamedTemporaryFile()
        self.addCleanup(log.close)
        self._program(f'echo started >> "{log.name}"\nexec "{real}" "$@"')
        # The first time, its scale is measured.
        self._pdf(moves[0])
        Path(log.name).write_text("")
        folder = self._temporary_folder()
        streams, _kind = self._reports()._pre_render_qweb_pdf(REPORT, moves.ids)
        self.assertEqual(list(streams), moves.ids)
        self.assertEqual(Path(log.name).read_text().split(), ["started"])
        self.assertEqual(list(folder.glob("odoo-pdf-*")), [], "all is tidied up")
        for move in moves:
            text = self._texts_of(streams[move.id]["stream"].getvalue())
            self.assertIn(move.name, text)
            self.assertIn("Page 1 / 1", text)

    @mute_logger(_MODEL_LOGGER, _PROGRAM_LOGGER)
    def test_bad_template_fails_alone_and_the_rest_is_not_converted_again(self):
        good, bad, other = (self._invoice() for _ in range(3))
        with (
            self._broken_layout(bad),
            self.assertRaises(DocumentConversionError) as caught,
        ):
            self._reports()._pre_render_qweb_pdf(REPORT, (good + bad + other).ids)
        self._assert_only(caught.exception, bad, good + other)
        # From here on, converting would fail.
        self._set_parameter("account_payment_portal.wkhtmltopdf", "/nowhere")
        reports = self._reports(account_payment_portal_pdf=caught.exception.prepared)
        for rest in (good + other, good):
            streams, _kind = reports._pre_render_qweb_pdf(REPORT, rest.ids)
            self.assertEqual(list(streams), rest.ids)
            for move in rest:
                content = streams[move.id]["stream"].getvalue()
                self.assertIn(move.name, self._texts_of(content))

    @mute_logger(_MODEL_LOGGER, _PROGRAM_LOGGER)
    def test_crashing_document_fails_alone(self):
        good, bad, other = (self._invoice() for _ in range(3))
        bad.narration = "<p>explosive</p>"
        real = self.env["ir.actions.report"]._pdf_binary().path
        # Hands each line over, until one names a page with the fatal word.
        self._program(
            'while read -r line; do eval set -- "$line"; for last; do :; done;'
            ' page="${last%.pdf}.html"; grep -q explosive "$page" && kill -SEGV $$;'
            f' echo "$line" | "{real}" --read-args-from-stdin 2>/dev/null;'
            " echo Done >&2; done"
        )
        with self.assertRaises(DocumentConversionError) as caught:
            self._reports()._pre_render_qweb_pdf(REPORT, (good + bad + other).ids)
        self._assert_only(caught.exception, bad, good + other)

    def test_memory_of_a_batch_is_bounded(self):
        """However long a batch is, a few pages are under way, not all."""
        report, move = self.report, self._invoice()
        reports = self._reports()
        [document], _failures = reports._pdf_documents(report, move.ids, {})
        taken, ahead, length = 0, [], 20

        def jobs():
            nonlocal taken
            for _number in range(length):
                taken += 1
                yield copy.deepcopy(document), {"title": "", "author": ""}

        style = reports._pdf_style(report, move)
        with converter.Converter(reports._pdf_binary(), 20, 60) as running:
            results = pipeline.Pipeline(running, style).run(jobs())
            for done, result in enumerate(results, 1):
                self.assertFalse(result.failure)
                ahead.append(taken - done)
        self.assertEqual(len(ahead), length)
        self.assertLess(max(ahead), 6)

    def _converted_pages(self, move):
        """How many pages the converter gets for an invoice."""
        pages, submit = [], converter.Converter.submit

        def noted(running, page):
            pages.append(page)
            return submit(running, page)

        with patch.object(converter.Converter, "submit", noted):
            self._pdf(move)
        return len(pages)

    def test_header_and_footer_are_converted_once(self):
        self.company.report_footer = "Registered in Springfield"
        self.assertEqual(self._converted_pages(self._invoice()), 2)
        self.assertEqual(self._converted_pages(self._invoice()), 1)
        self.company.report_footer = "Registered in Shelbyville"
        move = self._invoice()
        self.assertEqual(self._converted_pages(move), 2)
        self.assertIn("Shelbyville", self._texts(self._pdf(move))[0])

    @mute_logger(_MODEL_LOGGER)
    def test_header_and_footer_that_lack_letters_are_not_kept(self):
        # Its font may be installed by the next time.
        self.company.report_footer = "Registered in \U00016a40"
        move = self._invoice()
        self.assertEqual(self._converted_pages(move), 2)
        self.assertTrue(self.env["ir.actions.report"]._get_pdf_warnings(move))
        self.assertEqual(self._converted_pages(self._invoice()), 2)

    def _assert_only(self, error, bad, good):
        self.assertEqual(list(error.failures), bad.ids)
        self.assertIn(bad.name, str(error))
        for move in good:
            self.assertNotIn(move.name, str(error))
            content = error.prepared.contents[move.id]
            self.assertIn(move.name, self._texts_of(content))

    def test_duplicated_records(self):
        move = self._invoice()
        content, _kind = self._reports()._render_qweb_pdf(REPORT, [move.id, move.id])
        self.assertIn(move.name, self._texts_of(content))

    def test_proxy_settings_of_the_server_are_not_handed_on(self):
        with patch.dict(os.environ, {"http_proxy": "http://127.0.0.1:9"}):
            self.assertEqual(len(self._pdf(self._invoice()).pages), 1)

    def test_styles_follow_the_company(self):
        move = self._invoice()
        reports = self._reports()
        self.company.primary_color = "#0a0b0c"
        self.env["ir.attachment"].sudo().regenerate_assets_bundles()
        page = reports._portal_render_document_html(move.with_user(self.clerk))
        self.assertIn("#0a0b0c", page.lower())
        self.company.primary_color = "#0d0e0f"
        self.env["ir.attachment"].sudo().regenerate_assets_bundles()
        page = reports._portal_render_document_html(move.with_user(self.clerk))
        self.assertIn("#0d0e0f", page.lower())
        self.assertNotIn("#0a0b0c", page.lower())

    def test_printing_needs_access(self):
        outsider = self.env["res.users"].create(
            {
                "name": "Outsider",
                "login": "outsider",
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
            }
        )
        move = self._invoice()
        reports = self._reports().with_user(outsider)
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            reports._render_qweb_pdf(REPORT, move.ids)
