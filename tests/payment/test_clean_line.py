from odoo.tests import TransactionCase, tagged

from ...tools.texts import clean_line

#: What is entered in one line, and what is kept of it.
CASES = {
    "control characters": ("Ann\x07 \x1bSmith\x7f", "Ann Smith"),
    "nothing but what cannot be seen": ("\u200b\x07\u2060\ufeff", ""),
    "zero width in a word": ("An\u200bn Smi\u00adth", "Ann Smith"),
    "directions": ("\u202eAnn\u202c \u2066Smith\u2069", "Ann Smith"),
    "blanks that pass for letters": ("\u3164Ann\u2800 \u115f", "Ann"),
    "white space of all kinds": (" Ann\t\n\u00a0\u2003Smith\u2028", "Ann Smith"),
    "NUL and half a character": ("A\0nn\ud800", "Ann"),
    "a joiner of Persian": ("می\u200cخواهم", "می\u200cخواهم"),
    "a joiner of Hindi": ("क\u094d\u200dष", "क\u094d\u200dष"),
    "joiners that join nothing": ("\u200dAnn\u200c \u200d", "Ann"),
    "accents and other letters": ("Ánn Ñandú 李 Ω", "Ánn Ñandú 李 Ω"),
    "combined marks": ("A\u0301nn", "A\u0301nn"),
}


@tagged("post_install", "-at_install")
class TestCleanLine(TransactionCase):
    """What cannot be seen is not kept of what strangers enter."""

    def test_s19_what_cannot_be_seen_is_not_kept(self):
        for name, (entered, kept) in CASES.items():
            with self.subTest(name):
                self.assertEqual(clean_line(entered), kept)
                self.assertEqual(clean_line(kept), kept)

    def test_s19_billing_information_is_clean(self):
        attempts = self.env["account.move.portal.attempt"]
        values = attempts._parse_billing(
            {"name": "\u200b\x07", "city": "Do\u200bver\x07", "zip": "\u200e19901"}
        )
        self.assertEqual(
            (values["name"], values["city"], values["zip"]), ("", "Dover", "19901")
        )
        errors = attempts._check_billing(values, {"name", "city"})
        self.assertEqual(errors.keys(), {"name"})
