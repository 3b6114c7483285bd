from odoo.tests import HttpCase

from ..matrix_common import OUTCOMES, STAGES, PortalMatrixCommon


class TestPaymentMatrix(PortalMatrixCommon, HttpCase):
    """Whatever staff do, wherever the payment stands: a sample of all cells.

    Each action and each stage is in it; `soak_payment_matrix.py` plays all.
    """

    def test_s22_staffs_actions_and_payments_under_way(self):
        for number, action in enumerate(OUTCOMES):
            stage = STAGES[number % len(STAGES)]
            with self.subTest(action=action, stage=stage):
                self._play(action, stage)

    def test_s22_staffs_actions_without_entries(self):
        self._book_without_entries()
        for number, action in enumerate(OUTCOMES):
            stage = STAGES[(3 * number + 4) % len(STAGES)]
            with self.subTest(action=action, stage=stage):
                self._play(action, stage)
