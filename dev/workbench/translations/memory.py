"""What Odoo itself says in a language."""

from pathlib import Path

import polib

#: Odoo's add-ons whose words count, those that know invoices best first.
MODULES = (
    *("account", "account_payment", "payment", "payment_stripe", "portal", "mail"),
    *("base_automation", "sale", "web", "base_setup", "base", "account_edi_ubl_cii"),
    *("website_payment", "website_sale", "payment_custom", "digest", "sms"),
)


def read_translations(addons, language):
    """Read Odoo's translations into one language.

    A text that differs in its last sign only, or in the case of its first letter
    only, is not the same text in all languages: it is left to a translator.

    :param list addons: The folders with Odoo's add-ons.
    :param str language: Such as `pt_BR`.
    :return: What Odoo says for each English text.
    :rtype: dict[str, str]
    """
    texts = {}
    for module in MODULES:
        for folder in addons:
            path = Path(folder) / module / "i18n" / f"{language}.po"
            if path.exists():
                for entry in polib.pofile(str(path)).translated_entries():
                    texts.setdefault(entry.msgid, entry.msgstr)
    return texts
