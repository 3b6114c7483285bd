"""The add-on's texts in other languages: exported, merged, filled in and checked."""

from pathlib import Path

ADDON_ROOT = Path(__file__).resolve().parents[3]
FOLDER = ADDON_ROOT / "i18n"
TEMPLATE = FOLDER / "account_payment_portal.pot"
#: The languages that are kept complete, as Odoo names their files.
LANGUAGES = ("ar", "de", "es", "fr", "it", "nl", "pt_BR")
