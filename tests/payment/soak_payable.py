from odoo.tests import HttpCase

from ..payable_common import PayableCommon


class TestPayableSoak(PayableCommon, HttpCase):
    """Page, email, PDF, screen and preview, asked in every cell of the matrix."""

    def test_s18_page_email_pdf_screen_and_preview_agree(self):
        self._check_cells(lambda _number: True)
