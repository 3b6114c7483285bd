import json
import logging
from random import Random

from odoo.tools import mute_logger

from .common import BROWSER_HEADERS, PortalCommon

DIGITS = "9" * 5000
# What is put wherever something is expected.
ODD_TEXTS = [
    *("", "0", "1", "-1", "1.5", "1e400", "NaN", "true", "None", "[]", "{}", DIGITS),
    *(
        "\0",
        "a\0b",
        "é",
        "٣",
        "\ud83d\ude00",
        "%00",
        "%ff%fe",
        "../../etc",
        "//",
        "x" * 3000,
    ),
    *(
        "' OR 1=1 --",
        "<script>",
        "{{7*7}}",
        "\r\nX: y",
        "1-",
        "-1-x",
        f"{DIGITS}-{DIGITS}",
    ),
]
ODD_VALUES = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**31,
        2**63,
        2**70,
        1.5,
        1e300,
        [],
        {},
        [[]],
        {"a": {}},
    ),
    *("\0", "\ud800", "é", "1", "abc", "9" * 400, "1e400", "0", ["1"], {"0": "1"}),
]
ODD_BODIES = [
    *(
        b"",
        b"null",
        b"[]",
        b"1",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b"[" * 200000,
        b'{"params": 1}',
    ),
    *(b'{"params": [1, 2]}', b'{"params": null}', b'{"params": {"amount": NaN}}'),
    *(b'{"params": {"proof": "\\ud800"}}', b'{"params": {"x": ' + b"9" * 5000 + b"}}"),
    *(b'{"params": {"amount": 1e999}}', b'{"params": {"client_key": "\\u0000"}}'),
]
PARAMETERS = [
    *("self", "token", "link_sudo", "controller", "visit", "script", "show", "args"),
    *("document_id", "company_id", "kwargs", "params", "cls", "signed", "window"),
    *("reference", "payment_intent", "x[]", "é", "__class__"),
]
JSON_PARAMETERS = [
    *("self", "token", "link_sudo", "visit_id", "proof", "how", "pressed", "front"),
    *("printed", "webdriver", "country_id", "amount", "billing", "client_key", "flow"),
    *("provider_id", "payment_method_id", "token_id", "restart", "context"),
    *("tokenization_requested", "controller", "inputs", "focused", "scrolled"),
]
PAGES = ["", "document", "file/1", "terms", "pay", "result", "receipt", "new-link"]
PAGES += ["restart", "seen", "pdf", "pay/form"]
CALLS = ["seen", "country", "check", "transaction", "status"]


class Failures(logging.Handler):
    """Keeps what is logged as an error, or with a traceback."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        """Keep a line."""
        if record.levelno >= logging.ERROR or record.exc_info:
            self.lines.append(self.format(record))


class PortalRouteCommon(PortalCommon):
    """Whatever is sent to whichever public address: an answer, never a failure."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        revoked = cls._create_link()
        revoked.sudo().action_revoke()
        links = [
            cls._create_link(),
            cls._create_link(email=False, audience="document"),
            cls._create_link(expires_on="2020-01-01 00:00:00"),
            revoked,
        ]
        cls.tokens = [link.sudo().token for link in links]

    def _choose_path(self, random, screens):
        token = random.choice([*self.tokens, *self.tokens[:2] * 3])
        token = random.choice(["", "", "", "", "(", "%20", "-", "%00"]) + token
        token += random.choice(["", "", "", "", ".", "%3E", "%E2%80%8B", "=", ")"])
        if random.random() < 0.1:
            token = self._quote(random.choice(ODD_TEXTS)) or "x"
        screen = random.choice(screens)
        if screen.startswith("file") and random.random() < 0.7:
            screen = f"file/{self._quote(random.choice(ODD_TEXTS)) or 0}"
        return f"/portal/invoice/{token}" + (screen and f"/{screen}")

    def _quote(self, text):
        encoded = text.encode(errors="surrogatepass").replace(b"/", b"%2F")
        return "".join(
            chr(byte) if 32 < byte < 127 and byte not in b"?#" else f"%{byte:02X}"
            for byte in encoded
        )

    def _make_query(self, random):
        names = random.sample(PARAMETERS, random.randint(0, 3))
        return "&".join(
            f"{self._quote(name)}={self._quote(random.choice(ODD_TEXTS))}"
            for name in names
        )

    def _make_body(self, random):
        if random.random() < 0.3:
            return random.choice(ODD_BODIES)
        params = {
            name: random.choice(ODD_VALUES)
            for name in random.sample(JSON_PARAMETERS, random.randint(0, 6))
        }
        if random.random() < 0.5:
            params.update(
                provider_id=self.provider.id,
                payment_method_id=random.choice(self.provider.payment_method_ids.ids),
                flow=random.choice(["direct", "token", "redirect", "other", None]),
            )
        return json.dumps({"jsonrpc": "2.0", "method": "call", "params": params})

    def _make_event(self, random):
        if random.random() < 0.3:
            return random.choice(ODD_BODIES)
        pick = random.choice
        event = {
            "id": pick(["evt_1", *ODD_VALUES]),
            "type": pick(["payment_intent.succeeded", "charge.refunded", *ODD_VALUES]),
            "data": pick(
                [
                    *ODD_VALUES[:5],
                    {"object": pick(ODD_VALUES)},
                    {
                        "object": {
                            "id": pick(ODD_VALUES),
                            "description": pick(ODD_VALUES),
                        }
                    },
                    {"object": {"id": "pi_1", "description": pick(ODD_VALUES)}},
                ]
            ),
        }
        return json.dumps(event)

    def _make_request(self, random):
        """Return the method, the address, the body and the headers of a request."""
        headers = random.choice([BROWSER_HEADERS, {"User-Agent": "x"}, {}])
        is_json = {**headers, "Content-Type": "application/json"}
        kind = random.random()
        if kind < 0.45:
            path = self._choose_path(random, PAGES)
            method = random.choice(["GET"] * 6 + ["POST", "HEAD", "PUT", "OPTIONS"])
            return method, path, None, headers
        if kind < 0.8:
            path = self._choose_path(random, CALLS)
            return "POST", path, self._make_body(random), is_json
        if kind < 0.9:
            signature = random.choice(
                ["", "t=1,v1=x", "é", "x" * 9000, "t=,v1=", "t=a"]
            )
            is_json["Stripe-Signature"] = signature.encode()
            path = "/payment/stripe/webhook"
            return "POST", path, self._make_event(random), is_json
        if kind < 0.93:
            return "GET", "/payment/stripe/return", None, headers
        if kind < 0.95:
            return "GET", "/payment/status", None, headers
        if kind < 0.97:
            odd = self._quote(random.choice(ODD_TEXTS)) or "x"
            return "GET", f"/portal/invoice/preview/{odd}", None, headers
        odd = self._quote(random.choice([*ODD_TEXTS, str(self.company.id)])) or "x"
        return "GET", f"/portal/logo/{odd}", None, headers

    # That a route is asked for something else than it offers, and a payment cannot be
    # made, is told in the log without a traceback.
    @mute_logger(
        "odoo.http",
        "odoo.addons.payment_stripe.models.payment_transaction",
    )
    @mute_logger("odoo.addons.payment_stripe.controllers.main")
    def _send_whatever(self, total):
        """Send requests made of oddities, and check the answers.

        :param int total: How many.
        """
        # Always the same ones: a failure can be looked at again.
        random, counts = Random(19), {}
        failures, root = Failures(), logging.getLogger()
        root.addHandler(failures)
        self.addCleanup(root.removeHandler, failures)
        for number in range(total):
            method, path, body, headers = self._make_request(random)
            url = f"{path}?{self._make_query(random)}"
            response = self.opener.request(
                method,
                self.base_url() + url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=120,
            )
            told = f"{number}: {method} {url[:200]} {(body or '')[:300]!r}"
            self.assertLess(response.status_code, 500, f"{told}\n{response.text[:500]}")
            self.assertFalse(failures.lines, told)
            kind = response.status_code // 100
            counts[kind] = counts.get(kind, 0) + 1
        self.assertGreater(counts[2], total / 5, "it gets as far as our own code")
        self.assertGreater(counts[4], total / 20)
