"""What an invoice looks like in each of the layouts."""

from pypdf import PdfReader

from .pdf_common import PAY_URL, REPORT, PdfCommon

#: Width and height in points, by the end of the paper format's name.
PAPERS = {"euro": (595.3, 841.9), "us": (612.0, 792.0)}


class PdfLayoutCommon(PdfCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("ar_001")
        cls.arab = cls.customer.copy({"lang": "ar_001", "name": "شركة النور"})

    def _use(self, layout):
        template = self.env.ref(f"web.external_layout_{layout}")
        self.company.external_report_layout_id = template

    def _invoices(self, length):
        """A short invoice, one of who reads from the right, and a long one.

        :param int length: of the long one, in lines
        """
        from_the_right = self._invoice(20, partner_id=self.arab.id)
        return self._invoice(), from_the_right, self._invoice(length)

    def _assert_layout_on_paper(self, layout, paper, *invoices):
        self.company.paperformat_id = self.env.ref(f"base.paperformat_{paper}")
        for reader in self._assert_layout(layout, *invoices):
            self._assert_size(reader, *PAPERS[paper])

    def _assert_layout(self, layout, short, from_the_right, long):
        """Each of these invoices is complete in a layout; the long one may be missing.

        :return: the files
        """
        self._use(layout)
        files = self._files(short + from_the_right + long, PAY_URL)
        for reader in files.values():
            links = [url for page in self._links(reader) for url in page]
            self.assertEqual(links, [PAY_URL, PAY_URL])
        self._assert_short(short, files[short.id])
        self._assert_sheets(from_the_right, files[from_the_right.id], 2)
        self._assert_from_the_right(files[from_the_right.id])
        if long:
            self._assert_sheets(
                long, files[long.id], round(len(long.invoice_line_ids) / 22)
            )
        return files.values()

    def _assert_size(self, reader, width, height):
        for page in reader.pages:
            self.assertAlmostEqual(float(page.mediabox.width), width, 0)
            self.assertAlmostEqual(float(page.mediabox.height), height, 0)

    def _files(self, moves, url):
        """Each invoice's own file, all made in one go."""
        reports = self._reports(account_payment_portal_pay_url=url)
        streams, _kind = reports._pre_render_qweb_pdf(REPORT, moves.ids)
        return {
            res_id: PdfReader(stream["stream"]) for res_id, stream in streams.items()
        }

    def _assert_short(self, move, reader):
        """All of an invoice is on its only sheet."""
        (text,) = self._texts(reader)
        for part in (
            *("12 Quay Street", move.name, "Article 001", "Article 002"),
            *("Gemini Furniture", "Registered in Springfield"),
            *("Page 1 / 1", "Pay online"),
        ):
            self.assertIn(part.upper(), text.upper())
        sizes_found = self._image_sizes(reader.pages[0]["/Resources"])
        self.assertIn((300, 100), sizes_found, "the logo")

    def _assert_from_the_right(self, reader):
        """Amounts stand to the left of descriptions."""
        lefts = self._lefts(reader.pages[0], "Article 001", "11.00")
        self.assertGreater(lefts["Article 001"], lefts["11.00"])

    def _assert_sheets(self, move, reader, fewest):
        """Each sheet is complete, and all of the invoice stands on one of them.

        :param int fewest: of sheets; the roomiest layout takes two thirds more.
        """
        texts = self._texts(reader)
        self.assertIn(len(texts), range(fewest, fewest * 5 // 3 + 2))
        for number, (page, text) in enumerate(zip(reader.pages, texts, strict=True), 1):
            self.assertIn("Quay Street", text)
            self.assertIn("Registered in Springfield", text)
            self.assertIn(f"Page {number} / {len(texts)}", text)
            self.assertIn((300, 100), self._image_sizes(page["/Resources"]))
            heads = 1 if "Article" in text else 0
            self.assertEqual(text.upper().count("DESCRIPTION"), heads)
        whole = " ".join(texts)
        for name in move.invoice_line_ids.mapped("name"):
            self.assertEqual(whole.count(name), 1)
        for amount in (move.amount_untaxed, move.amount_tax, move.amount_total):
            self.assertIn(f"{amount:,.2f}", texts[-1])

    def _lefts(self, page, *wanted):
        """The x of the sheet's first text that holds each word, by pypdf's layout."""
        found = {}

        def note(text, user_matrix, text_matrix, _font, _size):
            text = " ".join(text.split())
            for word in wanted:
                if word in text:
                    left = user_matrix[0] * text_matrix[4] + user_matrix[4]
                    found.setdefault(word, left)

        page.extract_text(visitor_text=note)
        self.assertEqual(set(found), set(wanted))
        return found
