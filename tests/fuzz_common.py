import json
import random
from urllib.parse import urlencode

from odoo.tools import mute_logger

from .payment_common import PortalPaymentCommon

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
#: Halves of characters and NUL, as JSON writes them: such a body is no request at all.
BROKEN = ("\\u0000", "\\ud800")


class PortalFuzzCommon(PortalPaymentCommon):
    """Requests made of what a browser or Stripe sends, and of nonsense."""

    def setUp(self):
        super().setUp()
        # Always the same ones: a failure can be looked at again.
        self.random = random.Random(20)  # noqa: S311 - no secret is made of it.

    def _spoil(self, params):
        """Replace some of the values by nonsense."""
        for name in self.random.sample(list(params), self.random.randint(1, 4)):
            params[name] = self.random.choice(NONSENSE)
        return params

    @mute_logger(
        "odoo.http",
        "odoo.addons.payment_stripe.controllers.main",
        "odoo.addons.payment_stripe.models.payment_transaction",
    )
    def _fuzz(self, count):
        """Send requests to all addresses of the payment, and check the answers."""
        kinds = (self._fuzz_screen,) * 6 + (
            self._fuzz_webhook,
            self._fuzz_return,
            self._fuzz_page,
        )
        for number in range(count):
            send = self.random.choice(kinds)
            with self.subTest(number=number, kind=send.__name__):
                send()
        self.env.invalidate_all()
        taken = [tx for tx in self._get_transactions() if tx.state != "cancel"]
        self.assertLessEqual(len(taken), 1)

    def _fuzz_screen(self):
        """Send what the payment screen sends."""
        screen = self.random.choice(("transaction", "check", "country", "status"))
        params = self._spoil(
            {
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
        )
        response = self.url_open(self.link._get_path(screen), json={"params": params})
        text = json.dumps(params)
        what = f"{screen}: {text[:300]}"
        is_broken = any(broken in text for broken in BROKEN)
        self.assertEqual(response.status_code, 400 if is_broken else 200, what)
        if error := not is_broken and response.json().get("error"):
            self.assertTrue(
                error["data"]["name"].endswith(("ValidationError", "UserError")),
                f"{what}: {error['data']['debug']}",
            )

    def _fuzz_webhook(self):
        """Send what Stripe sends, signed or not."""
        intent = self._spoil(
            {
                "object": "payment_intent",
                "id": "pi_unknown",
                "description": self.invoice.name,
                "payment_intent": "pi_unknown",
                "status": "succeeded",
            }
        )
        event = {
            "id": f"evt_{self.random.random()}",
            "type": "payment_intent.succeeded",
            "created": 1,
            "data": {"object": intent},
        }
        if self.random.random() < 0.5:
            event[self.random.choice(list(event))] = self.random.choice(NONSENSE)
        payload = json.dumps(event)
        header = self._sign(payload) if self.random.random() < 0.7 else "t=1,v1=x"
        response = self._deliver(event, header=header)
        # Taken or not ours; no event; not signed by anybody.
        self.assertIn(response.status_code, (200, 400, 403), payload[:300])

    def _fuzz_return(self):
        """Come back from a bank with an address that someone has changed."""
        params = self._spoil(
            {
                "reference": self.invoice.name,
                "payment_intent": "pi_unknown",
                "payment_intent_client_secret": "pi_unknown_secret",
                "redirect_status": "succeeded",
            }
        )
        query = urlencode(
            {name: str(value) for name, value in params.items()}, errors="replace"
        )
        response = self.url_open(
            f"/payment/stripe/return?{query}", allow_redirects=False
        )
        self.assertIn(response.status_code, (302, 303), query[:300])

    def _fuzz_page(self):
        """Open a page with an address that someone has changed."""
        page = self.random.choice(("", "pay", "result", "receipt"))
        params = self._spoil(dict.fromkeys(("visit", "amount", "country_id", "p"), "1"))
        query = urlencode(
            {name: str(value) for name, value in params.items()}, errors="replace"
        )
        path = self.link._get_path(page) if page else self.link._get_path()
        response = self.url_open(f"{path}?{query}", allow_redirects=False)
        # The page; to another one, as nothing was paid; no receipt.
        expected = (200, 302, 303, 404) if page == "receipt" else (200, 302, 303)
        self.assertIn(response.status_code, expected, f"{page} {query[:300]}")
