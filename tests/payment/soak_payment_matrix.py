from odoo.tests import HttpCase

from ..matrix_common import OUTCOMES, STAGES, PortalMatrixCommon


class TestPaymentMatrixSoak(PortalMatrixCommon, HttpCase):
    """All cells of the matrix, with entries and without."""

    def _play_all(self):
        for action in OUTCOMES:
            for stage in STAGES:
                with self.subTest(action=action, stage=stage):
                    self._play(action, stage)
            self._analyze_books()

    def test_s22_all_actions_at_all_stages(self):
        self._play_all()

    def test_s22_all_actions_at_all_stages_without_entries(self):
        self._book_without_entries()
        self._play_all()
