import ast

from odoo.tests import BaseCase, tagged
from odoo.tools import file_open

from ...tools import amounts


@tagged("post_install", "-at_install")
class TestAmountCases(BaseCase):
    def test_s19_amounts_are_read_as_they_are_written(self):
        with file_open("account_payment_portal/static/tests/amount_cases.js") as file:
            text = file.read()
        cases = ast.literal_eval(
            text[text.index("= [") + 2 :].strip().rstrip(";").replace("null", "None")
        )
        for separator, point, entered, amount in cases:
            with self.subTest(entered, separator=separator, point=point):
                read = amounts.normalize(entered, separator, point)
                self.assertEqual(float(read) if read else None, amount)
