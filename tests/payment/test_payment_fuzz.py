import random

from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..payment_common import PortalPaymentCommon

REQUESTS = 300
#: What no browser of ours sends.
NONSENSE = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**70,
    0.5,
    "",
    "0",
    "x",
    "\0",
    "\ud800",
    "9" * 5000,
    [],
    [[]],
    {},
    {"id": 1},
    {"country_id": []},
    {"country_id": "9" * 30, "state_id": {}, "email": ["x"], "name": {}},
)


class TestPaymentFuzz(PortalPaymentCommon, HttpCase):
    """Whatever is sent to the payment's addresses is answered, and no error of ours."""

    def setUp(self):
        super().setUp()
        # Always the same ones: a failure can be looked at again.
        self.random = random.Random(20)  # noqa: S311 - no secret is made of it.

    def _make_params(self):
        """Return what the screen sends, with some of it replaced by nonsense."""
        params = {
            "provider_id": self.provider.id,
            "payment_method_id": self.card.id,
            "token_id": None,
            "flow": "direct",
            "amount": "100",
            "billing": None,
            "client_key": "tab",
            "restart": False,
            "tokenization_requested": False,
            "country_id": self.env.ref("base.us").id,
        }
        for name in self.random.sample(list(params), self.random.randint(1, 4)):
            params[name] = self.random.choice(NONSENSE)
        return params

    @mute_logger("odoo.http")
    def test_b5_payment_screen_answers_whatever_is_sent(self):
        expected = ("ValidationError", "UserError")
        for number in range(REQUESTS):
            screen = self.random.choice(("transaction", "check", "country", "status"))
            params = self._make_params()
            response = self.url_open(
                self.link._get_path(screen), json={"params": params}
            )
            with self.subTest(number=number, screen=screen, params=str(params)[:300]):
                self.assertLess(response.status_code, 500)
                if response.status_code >= 400:
                    continue  # What is no request of a screen is refused as such.
                error = response.json().get("error")
                if error:
                    name = error["data"]["name"]
                    self.assertTrue(name.endswith(expected), error["data"]["debug"])
        self.env.invalidate_all()
        taken = [tx for tx in self._get_transactions() if tx.state != "cancel"]
        self.assertLessEqual(len(taken), 1)

    def test_s19_zero_is_no_amount(self):
        for zero in (0, 0.0, "0", "0.00"):
            answer = self.make_jsonrpc_request(
                self.link._get_path("check"), {"amount": zero}
            )
            with self.subTest(zero=zero):
                self.assertIn("above zero", answer["errors"]["amount"])
                self.assertIsNone(answer["attempt"])
