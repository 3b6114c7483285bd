from markupsafe import Markup

from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import html2plaintext, mute_logger

from ..send_common import PortalSendCommon


class TestAccountMovePortalText(PortalSendCommon):
    """The company's defaults: placeholders, their checks, the settings screen."""

    def setUp(self):
        super().setUp()
        # Core warns of cash-basis taxes whenever the settings are opened here.
        muted = mute_logger("odoo.tests.form.onchange")
        muted.__enter__()
        self.addCleanup(muted.__exit__, None, None, None)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Who sets up, without the right to edit templates that hold code.
        cls.administrator = new_test_user(
            cls.env,
            login="portal_administrator",
            groups="base.group_system,account.group_account_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.administrator.write(
            {"group_ids": [(3, cls.env.ref("mail.group_mail_template_editor").id)]}
        )
        cls.texts = cls.env["account.move.portal.text"]

    def _save_settings(self, **values):
        settings = Form(
            self.env["res.config.settings"]
            .with_user(self.administrator)
            .with_company(self.company)
        )
        for field, value in values.items():
            settings[field] = value
        record = settings.save()
        record.execute()
        return record

    def test_s6_every_placeholder_is_explained_and_has_a_value(self):
        explained = self.texts.get_placeholders()
        self.invoice.ref = "PO 7"
        self.salesperson.phone = "+1 555 0100"
        values = self.texts._get_values(self.invoice)
        self.assertEqual(set(explained), set(values))
        self.assertTrue(all(explained.values()))
        self.assertTrue(all(values.values()), values)

    def test_s6_values_are_escaped_in_html_and_not_in_text(self):
        self.customer.name = "Smith <b>& Sons</b>"
        html = self.texts._render(Markup("<p>{{customer_name}}</p>"), self.invoice)
        self.assertEqual(html, "<p>Smith &lt;b&gt;&amp; Sons&lt;/b&gt;</p>")
        text = self.texts._render("{{customer_name}}", self.invoice)
        self.assertEqual(text, "Smith <b>& Sons</b>")

    def test_s6_value_that_looks_like_a_placeholder_is_none(self):
        self.customer.name = "{{company_name}}"
        text = self.texts._render("{{customer_name}}", self.invoice)
        self.assertEqual(text, "{{company_name}}")

    def test_s6_defaults_are_saved_by_company(self):
        self._save_settings(
            portal_mail_cc="archive@company.example",
            portal_mail_subject="Bill {{invoice_number}}",
            portal_mail_size_limit=5,
        )
        self.assertEqual(self.company.portal_mail_subject, "Bill {{invoice_number}}")
        self.assertEqual(self.company.portal_mail_size_limit, 5)
        self.assertEqual(self._open_window().subject, f"Bill {self.invoice.name}")
        other = self.env["res.company"].create({"name": "Other"})
        self.assertFalse(other.portal_mail_subject)
        self.assertFalse(other.portal_mail_cc)

    def test_s6_standard_text_that_is_saved_unchanged_stays_standard(self):
        settings = self._save_settings(portal_mail_size_limit=7)
        self.assertIn("{{invoice_number}}", settings.portal_mail_subject)
        self.assertIn("{{customer_name}}", settings.portal_mail_body)
        self.assertFalse(self.company.portal_mail_subject)
        self.assertFalse(self.company.portal_mail_body)

    def test_s6_unknown_placeholder_is_refused_by_name(self):
        for values in (
            {"portal_mail_subject": "{{invoice_nubmer}}"},
            {"portal_mail_body": "<p>{{ <b>invoice_nubmer</b> }}</p>"},
        ):
            with self.assertRaisesRegex(ValidationError, "{{invoice_nubmer}}"):
                self._save_settings(**values)

    def test_s6_code_is_refused(self):
        for code in ("object.company_id.name", "7 * 7", "env['res.users']"):
            with self.assertRaises(ValidationError):
                self._save_settings(portal_mail_subject="{{" + code + "}}")

    def test_s6_qweb_is_text(self):
        self._save_settings(portal_mail_body="<p><t t-out='7 * 191'>x</t> yes</p>")
        body = self._open_window().body
        self.assertNotIn("1337", body)
        self.assertIn("yes", body)

    def test_s6_sample_shows_values_and_mistakes_while_typing(self):
        settings = Form(
            self.env["res.config.settings"]
            .with_user(self.administrator)
            .with_company(self.company)
        )
        settings.portal_mail_subject = "Bill {{invoice_number}}"
        self.assertIn(f"Bill {self.invoice.name}", settings.portal_mail_sample)
        settings.portal_mail_subject = "Bill {{nonsense}}"
        self.assertIn("{{nonsense}}", settings.portal_mail_sample)
        self.assertIn("is not a placeholder", settings.portal_mail_sample)

    def test_s6_malformed_copy_address_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "nobody-at-all"):
            self._save_settings(portal_mail_bcc="a@x.example, nobody-at-all")

    # === LANGUAGES === #

    def _translate(self, lang, **texts):
        """Press *Translate* in the settings, and write the texts of a language."""
        action = self._save_settings().action_translate_portal_mail()
        window = Form(
            self.env[action["res_model"]]
            .with_user(self.administrator)
            .with_context(**action["context"])
        )
        window.lang = lang
        for name, text in texts.items():
            window[name] = text
        window.save().action_save()

    def _get_texts(self, lang):
        """Return what the window is filled with for a customer of a language."""
        self.customer.lang = lang
        window = self._open_window()
        return window.subject, html2plaintext(window.body)

    def test_s6_texts_are_translated_from_the_settings(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._save_settings(
            portal_mail_subject="Bill {{invoice_number}}",
            portal_mail_body="<p>Pay <b>{{balance_due}}</b></p><p>Thank you</p>",
        )
        number = self.invoice.name
        english = (f"Bill {number}", "Pay *$\xa0100.00*\nThank you")
        # Until it is translated, what the company says in English goes for all.
        self.assertEqual(self._get_texts("fr_FR")[0], f"Bill {number}")
        self._translate(
            "fr_FR",
            subject="Facture {{invoice_number}}",
            body="<p>À payer : {{balance_due}}</p>",
        )
        self.assertEqual(
            self._get_texts("fr_FR"),
            (f"Facture {number}", "À payer : $\xa0100,00"),
        )
        self.assertEqual(self._get_texts("en_US"), english)
        # Saving the settings once more, in English, leaves the French alone.
        self._save_settings(portal_mail_size_limit=9)
        self.assertEqual(self._get_texts("fr_FR")[0], f"Facture {number}")

    def test_s6_text_in_one_language_leaves_the_others_standard(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        standard = self._get_texts("en_US")
        self._translate("fr_FR", subject="Facture", body="<p>Payez !</p>")
        self.assertEqual(self._get_texts("fr_FR"), ("Facture", "Payez !"))
        self.assertEqual(self._get_texts("en_US"), standard)
        self._save_settings(portal_mail_size_limit=9)
        self.assertEqual(self._get_texts("fr_FR"), ("Facture", "Payez !"))
        self._translate("fr_FR", subject=False, body=False)
        self.assertFalse(self.company.with_context(lang="fr_FR").portal_mail_subject)

    def test_s6_unknown_placeholder_in_a_translation_is_refused_by_name(self):
        with self.assertRaisesRegex(ValidationError, "{{numero}}"):
            self._translate("en_US", subject="Facture {{numero}}")

    def test_s6_code_in_a_stored_text_is_taken_out(self):
        self.company.portal_mail_body = "<p>Hi</p><script>alert(1)</script>"
        self.assertEqual(self._open_window().body, "<p>Hi</p>")
