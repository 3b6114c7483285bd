from odoo.tests import HttpCase

from ..matrix_common import OUTCOMES, STAGES, PortalMatrixCommon


class TestPaymentMatrix(PortalMatrixCommon, HttpCase):
    """Whatever staff do, wherever the payment stands: a sample of all cells.

    Each action is in it, and each stage twice; `soak_payment_matrix.py` plays all.
    """

    def test_s22_staffs_actions_and_payments_under_way(self):
        for number, action in enumerate(OUTCOMES):
            stage = STAGES[number % len(STAGES)]
            with self.subTest(action=action, stage=stage):
                self._play(action, stage)

    def test_s22_staffs_actions_without_entries(self):
        self._book_without_entries()
        for number, stage in enumerate(STAGES):
            action = list(OUTCOMES)[(3 * number + 1) % len(OUTCOMES)]
            with self.subTest(action=action, stage=stage):
                self._play(action, stage)
