"""The template of translations has the texts that users read, and no others."""

import os
from unittest.mock import patch

import polib

from odoo.modules.module import get_module_path
from odoo.tests import BaseCase, TransactionCase, tagged
from odoo.tools.translate import TranslationModuleReader

MODULE = "account_payment_portal"
#: Folders of a clone that no user reads anything of; of links in them there is no end.
TOOLS = ("dev", "tests")


def _walk_module(path, _walk=os.walk, **options):
    """Walk the add-on's own folders alone, of all that Odoo would look through."""
    root = os.path.join(path, MODULE)
    if os.path.isdir(root):
        for folder, names, files in _walk(root, **options):
            names[:] = [name for name in names if name[0] != "." and name not in TOOLS]
            yield folder, names, files


def _read(name):
    return polib.pofile(os.path.join(get_module_path(MODULE), "i18n", name))


@tagged("post_install", "-at_install")
class TestTranslationTemplate(TransactionCase):
    def test_b15_template_is_current(self):
        with patch("odoo.tools.translate.os.walk", _walk_module):
            reader = TranslationModuleReader(self.env.cr, [MODULE])
        texts = {source for _module, _type, _name, _id, source, *_more in reader}
        self.assertGreater(len(texts), 1000)
        written = {entry.msgid for entry in _read(f"{MODULE}.pot")}
        self.assertFalse(texts - written, "run `make translations`")
        self.assertFalse(written - texts, "run `make translations`")


@tagged("post_install", "-at_install")
class TestTranslations(BaseCase):
    def test_b15_each_language_is_complete(self):
        written = {entry.msgid for entry in _read(f"{MODULE}.pot")}
        for language in ("fr", "de", "es", "it", "nl", "pt_BR", "ar"):
            with self.subTest(language):
                entries = _read(f"{language}.po")
                translated = {
                    each.msgid
                    for each in entries
                    if each.msgstr and not each.fuzzy and not each.obsolete
                }
                self.assertEqual(translated, written)
