"""Invoices to print, and a look into the files that come out."""

import base64
import io
import socket
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

from PIL import Image
from pypdf import PdfReader
from pypdf.generic import DecodedStreamObject, NameObject

from odoo import Command
from odoo.tests import tagged

from .common import AccountingCommon

REPORT = "account_payment_portal.report_invoice"
PAY_URL = "https://shop.example.com/portal/invoice/AbCdEf-0123456789"
LAYOUTS = ("standard", "boxed", "bold", "striped", "bubble", "wave", "folder")

#: What places and shows text in a page's content.
_TEXT_OPERATORS = frozenset(b"q Q cm BT ET Tf Tm Td Tj TJ Do".split())


def _only_text(content):
    """A page's content, as Qt writes it, less all but its text."""
    kept, operands = [], []
    for word in content.split():
        operands.append(word)
        if word[:1].isalpha():
            if word in _TEXT_OPERATORS:
                kept += operands
            operands = []
    return b" ".join(kept)


#: A program in the place of wkhtmltopdf, which changes each page before it is printed.
_FALSIFIER = """#!{python}
import pathlib, re, shlex, subprocess, sys

def change(html):
{change}

if "--version" in sys.argv:
    print("wkhtmltopdf 0.12.6{patched}")
    sys.exit()
real = subprocess.Popen(
    [{program!r}, "--read-args-from-stdin"], stdin=subprocess.PIPE, text=True
)
for line in sys.stdin:
    page = pathlib.Path(shlex.split(line)[-2])
    page.write_text(change(page.read_text()))
    real.stdin.write(line)
    real.stdin.flush()
real.stdin.close()
real.wait()
"""


@tagged("post_install", "-at_install")
class PdfCommon(AccountingCommon):
    """A company with a logo, an address and a footer, and its billing clerk."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls._offer_payment()
        cls.company.write(
            {
                "name": "Harbour Trading",
                "logo": base64.b64encode(cls._picture("#714b67", (300, 100))),
                "company_details": "<p>Harbour Trading<br/>12 Quay Street</p>",
                "report_footer": "<p>Registered in Springfield</p>",
                "external_report_layout_id": cls.env.ref(
                    "web.external_layout_standard"
                ).id,
                "paperformat_id": cls.env.ref("base.paperformat_euro").id,
            }
        )
        cls.env["ir.config_parameter"].set_param("web.base.url", "http://127.0.0.1:9")
        cls.clerk = cls.env["res.users"].create(
            {
                "name": "Billing Clerk",
                "login": "billing_clerk",
                "email": "clerk@example.com",
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
                "group_ids": [
                    Command.set(cls.env.ref("account.group_account_invoice").ids)
                ],
            }
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Gemini Furniture", "email": "gemini@example.com"}
        )
        cls.report = cls.env.ref("account_payment_portal.action_report_invoice")
        cls.tax = cls.company_data["default_tax_sale"]
        cls._prepare_printing()

    @staticmethod
    def _picture(color, size=(8, 8)):
        output = io.BytesIO()
        Image.new("RGB", size, color).save(output, "PNG")
        return output.getvalue()

    @classmethod
    def _invoice(cls, lines=2, post=True, **values):
        """A customer invoice with some numbered lines.

        :param int lines: how many.
        :rtype: account.move
        """
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_date": "2024-03-01",
                "invoice_date_due": "2099-03-31",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": cls.product.id,
                            "name": f"Article {number:03}",
                            "price_unit": 10.0 + number,
                            "tax_ids": [Command.set(cls.tax.ids)],
                        }
                    )
                    for number in range(1, lines + 1)
                ],
                **values,
            }
        )
        if post:
            move.action_post()
        return move

    def _reports(self, **context):
        """``ir.actions.report`` as the clerk has it, really converting."""
        return (
            self.env["ir.actions.report"]
            .with_user(self.clerk)
            .with_context(force_report_rendering=True, **context)
        )

    def _pdf(self, moves, **context):
        """The invoices' PDF as printed by the clerk, read.

        :rtype: pypdf.PdfReader
        """
        content, kind = self._reports(**context)._render_qweb_pdf(REPORT, moves.ids)
        self.assertEqual(kind, "pdf")
        return PdfReader(io.BytesIO(content))

    @staticmethod
    def _texts(reader):
        """The text of each sheet, blanks evened out.

        Nearly all of a sheet's content are lines and colours, which take pypdf three
        times as long as the text: they are left out.
        """
        texts = []
        for page in reader.pages:
            content = _only_text(page.get_contents().get_data())
            page[NameObject("/Contents")] = DecodedStreamObject()
            page["/Contents"].set_data(content)
            texts.append(" ".join(page.extract_text().split()))
        return texts

    @staticmethod
    def _links(reader):
        """The addresses of each sheet's links."""
        return [
            [
                note.get_object()["/A"]["/URI"]
                for note in page.get("/Annots", ())
                if note.get_object()["/Subtype"] == "/Link"
            ]
            for page in reader.pages
        ]

    @staticmethod
    def _image_sizes(resources):
        """Pixel sizes of all images, those inside of forms included."""
        sizes = []
        for image in resources.get("/XObject", {}).values():
            image = image.get_object()
            if image["/Subtype"] == "/Image":
                sizes.append((int(image["/Width"]), int(image["/Height"])))
            elif "/Resources" in image:
                sizes += PdfCommon._image_sizes(image["/Resources"].get_object())
        return sizes

    def _use_patched_qt(self):
        """Convert by the other kind of ``wkhtmltopdf``, which Debian does not have."""
        program = Path(sys.executable).with_name("wkhtmltopdf-pack")
        if not program.exists():
            self.skipTest("wkhtmltopdf with patched Qt is not here, or for x86-64 only")
        self._set_parameter("account_payment_portal.wkhtmltopdf", str(program))
        binary = self.env["ir.actions.report"]._pdf_binary()
        self.assertTrue(binary.patched)

    def _falsify(self, change):
        """Have the converter print pages other than it is given.

        :param str change: the body of a function that gets a page as ``html``, with the
            module ``re`` at hand, and returns the page to print.
        """
        real = self.env["ir.actions.report"]._pdf_binary()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = Path(folder.name, "wkhtmltopdf")
        program.write_text(
            _FALSIFIER.format(
                python=sys.executable,
                program=real.path,
                patched=" (with patched qt)" if real.patched else "",
                change=textwrap.indent(textwrap.dedent(change).strip(), "    "),
            )
        )
        program.chmod(0o700)
        self._set_parameter("account_payment_portal.wkhtmltopdf", str(program))

    def _set_parameter(self, name, value):
        self.env["ir.config_parameter"].set_param(name, value)


class NetworkTap:
    """A listener on loopback that counts who comes. Use as a context manager."""

    def __enter__(self):
        self.visits = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception):
        # Shutting a listener down wakes the thread that waits on it.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _listen(self):
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            self.visits.append(address)
            connection.close()
