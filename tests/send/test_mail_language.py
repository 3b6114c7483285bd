import io

from pypdf import PdfReader

from odoo import SUPERUSER_ID
from odoo.tests import HttpCase

from ..send_common import PortalSendCommon


class TestPortalMailLanguage(PortalSendCommon, HttpCase):
    """One name and one language for each recipient, from the subject to the page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in ("fr_FR", "de_DE", "es_ES"):
            cls.env["res.lang"]._activate_lang(code)
        # Nobody of these is to be heard: neither staff nor the robot.
        cls.biller.lang = "es_ES"
        cls.env["res.users"].browse(SUPERUSER_ID).lang = "es_ES"

    def _get_page_lang(self, link):
        self.env.flush_all()
        page = self.url_open(link._get_path()).text
        return page.split('lang="')[1].split('"')[0]

    # === LANGUAGES === #

    def test_s6_customer_without_a_language_reads_the_companys_everywhere(self):
        self.customer.lang = False
        self.company.partner_id.lang = "de_DE"
        with self.mailbox() as mailbox:
            window, _action = self._send()
        [mail] = mailbox.messages
        self.assertEqual(window.lang, "de_DE")
        self.assertIn('lang="de-DE"', mail.html)
        self.assertIn("31.03.2099", mail.html)
        self.assertIn("31.03.2099", mail.text)
        self.assertEqual(self._get_page_lang(self._get_links()), "de-DE")
        [file] = mail.attachments
        document = PdfReader(io.BytesIO(file.content))
        self.assertEqual(document.root_object["/Lang"], "de-DE")

    def test_s6_answer_does_not_depend_on_who_asks(self):
        link = self._create_link()
        users = (self.biller, self.env.ref("base.public_user"), self.env.user)
        for customer, company, expected in (
            ("fr_FR", "de_DE", "fr_FR"),
            (False, "de_DE", "de_DE"),
            (False, False, "en_US"),
        ):
            self.customer.lang = customer
            self.company.partner_id.lang = company
            for user in users:
                with self.subTest(customer=customer, company=company, user=user.id):
                    asked = link.with_env(self.env(user=user.id, su=True, context={}))
                    self.assertEqual(asked._get_lang(), expected)

    def test_s6_language_that_is_switched_off_is_no_answer(self):
        self.customer.lang = "fr_FR"
        self.company.partner_id.lang = "de_DE"
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_lang SET active = FALSE WHERE code = 'fr_FR'")
        self.env.registry.clear_cache("stable")
        self.env.registry.clear_cache()
        self.env.invalidate_all()
        self.addCleanup(self.env.registry.clear_all_caches)
        self.assertEqual(self.invoice._get_portal_lang(), "de_DE")

    def test_s6_first_recipients_language_is_that_of_the_text(self):
        clerk = self.env["res.partner"].create(
            {
                "name": "Chloé",
                "parent_id": self.customer.id,
                "email": "chloe@customer.example",
                "lang": "fr_FR",
            }
        )
        link = self._create_link(email=clerk.email, partner_id=clerk.id)
        action = link.with_user(self.biller).action_send_again()
        windows = self.env[action["res_model"]].with_user(self.biller)
        window = windows.browse(action["res_id"])
        self.assertEqual(window.lang, "fr_FR")
        self.assertIn("31/03/2099", window.get_email_preview()["html"])
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertIn('lang="fr-FR"', mail.html)
        self.assertEqual(self._get_page_lang(link), "fr-FR")

    def test_s14_right_to_left_is_said_where_programs_keep_it(self):
        self.env["res.lang"]._activate_lang("ar_001")
        self.customer.lang = "ar_001"
        html = self._compose().get_email_preview()["html"]
        body = html[html.index("<body") :]
        self.assertRegex(body, '<div class="o_page"[^>]* lang="ar-001" dir="rtl"')
        self.assertRegex(body, '<table class="o_card"[^>]* dir="rtl"')
        self.assertRegex(body, '<a class="o_muted" dir="ltr"')

    # === NAMES === #

    def test_s6_draft_without_a_customer_names_nobody_false(self):
        draft = self.env["account.move"].create({"move_type": "out_invoice"})
        self.company.portal_mail_subject = "For {{customer_name}}: {{customer_company}}"
        window = self._open_window(draft)
        self.assertEqual(window.subject, "For Customer: Customer")
        self.assertIn("Dear Customer,", window.body)
        self.assertFalse(window.email_to)
        preview = window.get_email_preview()
        self.assertNotIn("False", preview["html"])
        self.assertNotIn("False", preview["attachments"][0])

    def test_s3_draft_without_a_customer_is_sent(self):
        draft = self.env["account.move"].create({"move_type": "out_invoice"})
        window = self._open_window(draft)
        window.confirm_invoice = "no"
        window.action_continue()
        window.email_to = "someone@x.example"
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertNotIn("False", mail.html + mail.text + mail.subject)

    def test_s5_contact_without_a_name_has_its_companys(self):
        contact = self.env["res.partner"].create(
            {
                "parent_id": self.customer.id,
                "type": "invoice",
                "email": "ap@customer.example",
            }
        )
        window = self._open_window(self._create_portal_invoice(partner_id=contact.id))
        self.assertEqual(window.email_to, '"Carla Customer" <ap@customer.example>')
        self.assertIn("Dear Carla Customer,", window.body)
        found = (
            self.env["res.partner"]
            .with_user(self.biller)
            .search_portal_recipients("ap@customer", False)
        )
        self.assertEqual(found[0]["formatted"], window.email_to)

    def test_s5_contacts_email_is_shown_as_it_stands(self):
        for email, expected in (
            ("typo@@typo", "typo@@typo"),
            ("Ann <ann@x.example>", '"Ann" <ann@x.example>'),
            (
                "ann@x.example; bob@x.example",
                '"Carla Customer" <ann@x.example>, "Carla Customer" <bob@x.example>',
            ),
            ("call me", "call me"),
        ):
            with self.subTest(email):
                self.customer.email = email
                window = self._open_window()
                self.assertEqual(window.email_to, expected)
                if "@x.example" not in email:
                    self.assertIn(f"“{email}” is not", window.recipients_problem)
                    self.assertIn("name@example.com", window.recipients_problem)

    def test_b2_answer_to_a_request_names_who_gets_it(self):
        contact = self.env["res.partner"].create(
            {
                "parent_id": self.customer.id,
                "type": "invoice",
                "email": "ap@customer.example",
                "lang": False,
            }
        )
        invoice = self._create_portal_invoice(partner_id=contact.id)
        link = self._create_link(invoice, email=contact.email, partner_id=contact.id)
        # In sudo mode because visitors ask, who have no rights on requests.
        requests_sudo = self.env["account.move.portal.link.request"].sudo()
        request_sudo = requests_sudo.create({"link_id": link.id, "move_id": invoice.id})
        values = request_sudo._prepare_delivery(contact.sudo())
        self.assertEqual(values["formatted"], '"Carla Customer" <ap@customer.example>')
        self.assertIn("Dear Carla Customer,", values["body"].striptags())
        self.assertEqual(values["lang"], "en_US")
