import base64

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open

from ...tools import email_addresses
from ..browser_common import PortalBrowserCase

WRONG = None
#: What was typed or pasted, and what it means: a name and an address for each entry,
#: or what was typed and `WRONG`.
CASES = [
    ("", []),
    (" , ; \n", []),
    ("ann@x.example", [("", "ann@x.example")]),
    ("Ann@X.Example", [("", "Ann@X.Example")]),
    ("Ann Doe <ann@x.example>", [("Ann Doe", "ann@x.example")]),
    ('"Ann Doe"<ann@x.example>', [("Ann Doe", "ann@x.example")]),
    ('"Doe, Ann" <ann@x.example>', [("Doe, Ann", "ann@x.example")]),
    ("<ann@x.example>", [("", "ann@x.example")]),
    ("ann@x.example,", [("", "ann@x.example")]),
    (
        "ann@x.example, bob@x.example;carl@x.example\ndora@x.example\teve@x.example",
        [("", f"{name}@x.example") for name in ("ann", "bob", "carl", "dora", "eve")],
    ),
    # A field of one line makes spaces of line breaks.
    ("ann@x.example bob@x.example", [("", "ann@x.example"), ("", "bob@x.example")]),
    ("ann@x.example / bob@x.example", [("", "ann@x.example"), ("", "bob@x.example")]),
    (
        "Ann <ann@x.example> Bob <bob@x.example>",
        [("Ann", "ann@x.example"), ("Bob", "bob@x.example")],
    ),
    # Outlook
    (
        "Doe, John <john@x.example>; Smith, Ann <ann@x.example>",
        [("Doe, John", "john@x.example"), ("Smith, Ann", "ann@x.example")],
    ),
    ("Moss, Mara <m@moss.example>", [("Moss, Mara", "m@moss.example")]),
    (
        "ann@x.example, Doe, John <john@x.example>, bob@x.example",
        [("", "ann@x.example"), ("Doe, John", "john@x.example"), ("", "bob@x.example")],
    ),
    (
        "Doe, John, Jr. <j@x.example>, Acme, Inc. <office@acme.example>",
        [("Doe, John, Jr.", "j@x.example"), ("Acme, Inc.", "office@acme.example")],
    ),
    ("'Doe, John' <john@x.example>", [("Doe, John", "john@x.example")]),
    ("'ann@x.example' <ann@x.example>", [("", "ann@x.example")]),
    ("ann@x.example <mailto:ann@x.example>", [("", "ann@x.example")]),
    ("ann@x.example<mailto:Ann@x.example>", [("", "Ann@x.example")]),
    ("Ann Doe [mailto:ann@x.example]", [("Ann Doe", "ann@x.example")]),
    ("mailto:ann@x.example?subject=Hello", [("", "ann@x.example")]),
    ("Doe, John\n\t<john@x.example>", [("Doe, John", "john@x.example")]),
    # Gmail
    (
        '"O\'Brien, Pat" <pat@x.example>, Zoë Müller <zoe@müller.example>,',
        [("O'Brien, Pat", "pat@x.example"), ("Zoë Müller", "zoe@müller.example")],
    ),
    ("Ann (Acme) <ann@x.example>", [("Ann (Acme)", "ann@x.example")]),
    ("ann@x.example (Ann Doe)", [("Ann Doe", "ann@x.example")]),
    # Apple Mail and the web: other quotes, other spaces, and what cannot be seen.
    ("“Doe, Ann” <ann@x.example>", [("Doe, Ann", "ann@x.example")]),
    ("„Doe, Ann“\xa0<ann@x.example>", [("Doe, Ann", "ann@x.example")]),
    ("\u202aann@x.example\u202c", [("", "ann@x.example")]),
    ("\ufeffAnn\u2009Doe <ann\u200b@x.example>", [("Ann Doe", "ann@x.example")]),
    # Control characters, of scanners and old programs, and marks of direction.
    ("An\x00n\x07 D\x1boe\x7f <a\x01nn@x.example>", [("Ann Doe", "ann@x.example")]),
    ("\u061cAnn\x90 Doe\u2066\u206f <ann@x.example>", [("Ann Doe", "ann@x.example")]),
    ("Ann\U000e0041 Doe\ufff9 <ann@x.example>", [("Ann Doe", "ann@x.example")]),
    (
        "ann@x.example\u2028bob@x.example\x0bcarl@x.example\x85dora@x.example",
        [("", f"{name}@x.example") for name in ("ann", "bob", "carl", "dora")],
    ),
    ("ann@x.example，bob@x.example；", [("", "ann@x.example"), ("", "bob@x.example")]),
    ("ann@x.example\r\nbob@x.example", [("", "ann@x.example"), ("", "bob@x.example")]),
    ("Please ask 'ann@x.example'.", [("Please ask 'ann@x.example'.", WRONG)]),
    ("“ann@x.example”", [("", "ann@x.example")]),
    # Quotes within names
    (
        'Bob "the builder" Jones <bob@x.example>',
        [('Bob "the builder" Jones', "bob@x.example")],
    ),
    (
        '"Bob \\"the builder\\" Jones" <bob@x.example>',
        [('Bob "the builder" Jones', "bob@x.example")],
    ),
    (
        '5" Pipes <five@x.example>, 6" Pipes <six@x.example>',
        [('5" Pipes', "five@x.example"), ('6" Pipes', "six@x.example")],
    ),
    (
        '"Doe, John <john@x.example>, "Smith, Ann" <ann@x.example>',
        [('"Doe, John', "john@x.example"), ("Smith, Ann", "ann@x.example")],
    ),
    ("Dwayne 'Rock' O'Neil <d@x.example>", [("Dwayne 'Rock' O'Neil", "d@x.example")]),
    ('"a\\\\b" <ann@x.example>', [("a\\b", "ann@x.example")]),
    # What is no address
    ("nobody-at-all", [("nobody-at-all", WRONG)]),
    (
        "nobody-at-all, ann@x.example",
        [("nobody-at-all", WRONG), ("", "ann@x.example")],
    ),
    ("Doe; John <john@x.example>", [("Doe", WRONG), ("John", "john@x.example")]),
    (
        'foo, "Ann" <ann@x.example>',
        [("foo", WRONG), ("Ann", "ann@x.example")],
    ),
    ("typo@@typo", [("typo@@typo", WRONG)]),
    ("Typo Inc <typo@@typo>", [("Typo Inc <typo@@typo>", WRONG)]),
    ("a b@x.example", [("a b@x.example", WRONG)]),
    ("a@b", [("a@b", WRONG)]),
    ("@x.example", [("@x.example", WRONG)]),
    ("ann@", [("ann@", WRONG)]),
    ("ann..doe@x.example", [("ann..doe@x.example", WRONG)]),
    (".ann@x.example", [(".ann@x.example", WRONG)]),
    ("ann@x..example", [("ann@x..example", WRONG)]),
    ("ann@-x.example", [("ann@-x.example", WRONG)]),
    ("zoë@x.example", [("zoë@x.example", WRONG)]),
    ("Ann <ann@x.example", [("Ann <ann@x.example", WRONG)]),
    ("Ann <the boss>", [("Ann <the boss>", WRONG)]),
    ("a@b@x.example", [("a@b@x.example", WRONG)]),
    ("ann@x.example bob", [("ann@x.example bob", WRONG)]),
    ("x" * 250 + "@x.example", [("x" * 250 + "@x.example", WRONG)]),
    # What is one, however odd
    ("o'brien+tag=1@sub.x-y.example", [("", "o'brien+tag=1@sub.x-y.example")]),
    ("ann@x.example.", [("", "ann@x.example")]),
    ("ann@例え.example", [("", "ann@例え.example")]),
]


def summarize(entries):
    """Return entries, of either side, as they stand in the table.

    :param entries: Triples of text, name and address.
    """
    return [(name, email) if email else (text, WRONG) for text, name, email in entries]


@tagged("post_install", "-at_install")
class TestEmailAddresses(TransactionCase):
    """The server reads lists of addresses as the table says."""

    def test_s11_address_is_shown_as_people_read_it(self):
        for formatted, shown in {
            '"Moss, Mara" <m@moss.example>': "Moss, Mara · m@moss.example",
            "ann@x.example": "ann@x.example",
            "Moss; Mara": "Moss; Mara",
            "-": "-",
        }.items():
            self.assertEqual(email_addresses.label(formatted), shown)

    def test_s5_lists_are_read_as_people_and_programs_write_them(self):
        for text, expected in CASES:
            with self.subTest(text):
                self.assertEqual(summarize(email_addresses.split(text)), expected)

    def test_s5_addresses_that_are_read_are_odoos_too(self):
        for text, expected in CASES:
            with self.subTest(text):
                addresses, malformed = email_addresses.parse(text)
                self.assertEqual(
                    list(addresses),
                    [email.lower() for _name, email in expected if email],
                )
                self.assertEqual(
                    malformed, [name for name, email in expected if not email]
                )
                # What the window keeps is read as the same again.
                joined = email_addresses.join([*malformed, *addresses.values()])
                self.assertEqual(email_addresses.parse(joined), (addresses, malformed))

    def test_s5_to_goes_before_cc_before_bcc(self):
        recipients, malformed = email_addresses.collect(
            {
                "to": "Doe, Ann <ann@x.example>; bob@x.example",
                "cc": "BOB@x.example, nonsense",
                "bcc": "ann@x.example, carl@x.example",
            }
        )
        self.assertEqual(
            [(each.kind, each.formatted) for each in recipients],
            [
                ("to", '"Doe, Ann" <ann@x.example>'),
                ("to", "bob@x.example"),
                ("bcc", "carl@x.example"),
            ],
        )
        self.assertEqual(malformed, ["nonsense"])


class TestEmailAddressesBrowser(PortalBrowserCase):
    """The browser reads them as the same table says."""

    def test_s5_browser_reads_lists_as_the_server_does(self):
        path = "account_payment_portal/static/src/compose/address_list.js"
        with file_open(path, "rb") as script:
            module = base64.b64encode(script.read()).decode()
        with self.page() as page:
            results = page.evaluate(
                """async ([url, texts]) => {
                    const {parseList, formatList} = await import(url);
                    const flat = (entries) =>
                        entries.map(({text, name, email}) => [text, name, email]);
                    return texts.map((text) => {
                        const entries = parseList(text);
                        const again = parseList(formatList(entries));
                        return [flat(entries), flat(again)];
                    });
                }""",
                [
                    f"data:text/javascript;base64,{module}",
                    [text for text, _expected in CASES],
                ],
            )
        for (text, expected), (entries, again) in zip(CASES, results, strict=True):
            with self.subTest(text):
                self.assertEqual(summarize(entries), expected)
                self.assertEqual(summarize(again), expected)
