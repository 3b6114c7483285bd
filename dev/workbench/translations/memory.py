"""What Odoo itself says in a language."""

from pathlib import Path

import polib

#: Odoo's add-ons whose words count, those that know invoices best first.
MODULES = (
    *("account", "account_payment", "payment", "payment_stripe", "portal", "mail"),
    *("base_automation", "sale", "web", "base_setup", "base", "account_edi_ubl_cii"),
    *("website_payment", "website_sale", "payment_custom", "digest", "sms"),
)


class Memory:
    """Odoo's translations into one language.

    :param list addons: The folders with Odoo's add-ons.
    :param str language: Such as `pt_BR`.
    """

    def __init__(self, addons, language):
        self.texts = {}
        for module in MODULES:
            for folder in (Path(each) for each in addons):
                for path in (
                    folder / module / "i18n" / f"{language}.po",
                    folder.parent / "addons" / module / "i18n" / f"{language}.po",
                ):
                    if path.exists():
                        self._read(path)
                        break

    def _read(self, path):
        for entry in polib.pofile(str(path)):
            if entry.translated() and not entry.obsolete:
                self.texts.setdefault(entry.msgid, entry.msgstr)

    def get(self, text):
        """Return what Odoo says for an English text.

        A text that differs in its last sign only, or in the case of its first letter
        only, is not the same text in all languages: it is left to a translator.

        :param str text: The text.
        :return: The translation; None if Odoo has no such text.
        :rtype: str | None
        """
        return self.texts.get(text)
