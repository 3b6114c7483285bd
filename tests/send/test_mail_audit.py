import re
from base64 import b64encode
from urllib.parse import urlsplit

from lxml import html

from odoo import SUPERUSER_ID
from odoo.tests import HttpCase
from odoo.tools import file_open, mute_logger

from ...const import TRIGGER_PAYMENT
from ...tools import plain_text
from ..common import AccountingCommon
from ..notification_common import PortalNotificationCommon
from ..payment_common import PortalPaymentCommon
from ..send_common import MAIL_LOGGERS, PortalSendCommon

BASE_URL = "https://odoo.company.example"
#: Gmail clips what is larger, and with it what stands at the end.
GMAIL_LIMIT = 102 * 1024
#: What no reader is to see: of templates, of Python, of a converter to plain text.
DEBRIS = re.compile(
    r"\bFalse\b|\bNone\b|\{\{|\}\}|<t\b|t-out|\[\d+\]|\*\w|account\.move\("
)


class PortalMailAuditCommon(PortalSendCommon):
    """What is true of every email, whoever reads it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        # What is private is not reached from a customer's mailbox.
        parameters = cls.env["ir.config_parameter"]
        parameters.set_param("web.base.url", BASE_URL)
        parameters.set_param("web.base.url.freeze", "True")
        with file_open("account/static/description/icon.png", "rb") as logo:
            cls.company.logo = b64encode(logo.read())
        cls.company.write(
            {"phone": "+1 555 0100", "website": "https://company.example"}
        )

    # === THE AUDIT === #

    def _audit_head(self, mail, recipient):
        self.assertEqual(mail.envelope_to, [recipient])
        self.assertIn(mail.sender.address.split("@")[1], ("company.example",))
        self.assertRegex(mail.header("Message-Id").strip(), r"^<[^<>\s]+@[^<>\s]+>$")
        self.assertTrue(mail.subject.strip())
        self.assertLess(len(mail.html.encode()), GMAIL_LIMIT)
        self.assertNotIn("<script", mail.html)

    def _audit_words(self, mail):
        for text in (mail.subject, plain_text.from_html(mail.html), mail.text):
            self.assertNotRegex(text, DEBRIS)

    def _audit(self, mail, recipient, lang="en-US"):
        """Check what goes for each email.

        :param mail: The email, as the server received it.
        :param str recipient: The only address that may get it.
        :param str lang: The language in which it is to be written.
        """
        self._audit_head(mail, recipient)
        document = html.fromstring(mail.html)
        self._audit_language(document, lang)
        self._audit_addresses(document)
        self._audit_words(mail)
        self._audit_plain_text(mail, document)

    def _audit_language(self, document, lang):
        """Gmail takes away what stands on html and body."""
        self.assertEqual(document.get("lang"), lang)
        [page] = document.xpath("//body/*[1]")
        self.assertEqual((page.get("lang"), page.get("dir")), (lang, "ltr"))

    def _audit_addresses(self, document):
        for address in document.xpath("//@href | //@src"):
            parts = urlsplit(address)
            self.assertIn(parts.scheme, ("https", "mailto", "cid"), address)
            self.assertNotRegex(
                parts.hostname or "", r"^(localhost|127\.|10\.|192\.168\.|.*\.local$)"
            )
        for link in document.xpath("//a"):
            self.assertTrue(link.text_content().strip())
        for picture in document.xpath("//img"):
            self.assertIsNotNone(picture.get("alt"))

    def _audit_plain_text(self, mail, document):
        """It is written: it says the same, has the same links, and no debris."""
        self.assertTrue(mail.text.strip())
        self.assertNotIn("logo", mail.text.lower())
        for link in document.xpath("//a[starts-with(@href, 'http')]/@href"):
            self.assertIn(link, mail.text)
        self.assertIn("\n-- \n", mail.text, "the signature")
        self.assertIn(self.company.name, mail.text.rpartition("-- \n")[2])
        self.assertLess(max(map(len, re.findall("\n+", mail.text))), 3)


class TestPortalMailAudit(PortalMailAuditCommon, PortalPaymentCommon, HttpCase):
    """Every email that the add-on can send customers, as the mail server received it.

    What staff are told is audited below.
    """

    def test_s14_invoice_to_each_recipient(self):
        with self.mailbox() as mailbox:
            self._send(
                email_to='carla@customer.example, "Doe, John" <john@x.example>',
                email_cc="cecil@x.example",
                email_bcc="boss@company.example",
            )
        self.assertEqual(len(mailbox.messages), 4)
        ids = {mail.header("Message-Id") for mail in mailbox.messages}
        self.assertEqual(len(ids), 4, "one for each email")
        for mail in mailbox.messages:
            self._audit(mail, mail.envelope_to[0])
            [link] = self._get_links().filtered(
                lambda link, mail=mail: [link.email] == mail.envelope_to
            )
            self.assertIn(link._get_url(), mail.text)
            document = html.fromstring(mail.html)
            [preheader] = document.find_class("o_preheader")
            self.assertIn("Due date: 03/31/2099", preheader.text_content())
            self.assertNotIn(mail.subject, preheader.text_content())
            # Outlook knows the padding of a cell, and none of a link.
            [button] = document.xpath("//td[contains(@class, 'o_button')]")
            self.assertIn("mso-padding-alt: 14px 32px", button.get("style"))
            self.assertEqual(
                button.get("bgcolor"), self.company._get_portal_colors()[0]
            )

    def test_s14_plain_text_of_the_invoice(self):
        with self.mailbox() as mailbox:
            self._send(
                body="<p>Dear Carla,</p><p>All is <b>new</b>:</p><ul><li>one</li>"
                '<li>see <a href="https://x.example/a">here</a></li></ul>'
            )
        [mail] = mailbox.messages
        self.assertEqual(
            mail.text.replace("\xa0", " ").strip().split("\n"),
            [
                *("Dear Carla,", "", "All is new:", ""),
                *("- one", "- see here (https://x.example/a)", ""),
                f"Invoice: {self.invoice.name}",
                *("Balance due: $ 100.00", "Due date: 03/31/2099", ""),
                *("View & Pay Invoice:", self._get_links()._get_url(), ""),
                *("-- ", self.company.name, "+1 555 0100"),
                *("billing@company.example", "https://company.example"),
            ],
        )

    def test_s3_draft(self):
        draft = self._create_portal_invoice(post=False)
        window = self._open_window(draft)
        window.confirm_invoice = "no"
        window.action_continue()
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self._audit(mail, "carla@customer.example")
        self.assertIn("It is for your information only", mail.text)
        self.assertNotIn("Pay Invoice", mail.text + mail.html)

    def test_b2_new_link(self):
        link = self._create_link(expires_on="2020-03-02 00:00:00")
        # In sudo mode because visitors ask, who have no rights on requests.
        requests_sudo = self.env["account.move.portal.link.request"].sudo()
        request_sudo = requests_sudo.create(
            {"link_id": link.id, "move_id": self.invoice.id}
        )
        with self.mailbox() as mailbox:
            request_sudo._send_fresh_link(self.customer.sudo())
            self._send_due()
        [mail] = mailbox.messages
        self._audit(mail, "carla@customer.example")
        self.assertIn("Your earlier link no longer works.", mail.text)

    def test_b10_account_statement(self):
        self._create_portal_invoice(60.0, invoice_date_due="2020-03-10")
        self._create_portal_invoice(15.0, move_type="out_refund")
        for lang, code in (("en_US", "en-US"), ("fr_FR", "fr-FR")):
            self.customer.lang = lang
            customer = self.customer.with_user(self.biller)
            action = customer.action_email_account_statement()
            window = customer.env[action["res_model"]].browse(action["res_id"])
            with self.subTest(lang), self.mailbox() as mailbox:
                window.action_send()
                self._send_due()
                [mail] = mailbox.messages
                self._audit(mail, "carla@customer.example", code)
                [preheader] = html.fromstring(mail.html).find_class("o_preheader")
                self.assertNotIn(mail.subject, preheader.text_content())

    def test_b9_b4_emails_to_the_payer(self):
        tx = self._create_attempt()
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        attempt = tx.portal_attempt_id
        attempt.verification_url = "https://payments.example/verify/1"
        for kind in ("verification", "payment_failed"):
            attempt._queue_payer_email(kind)
        recipient = tx.partner_email
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertEqual(len(mailbox.messages), 3)
        texts = ""
        for mail in mailbox.messages:
            self._audit(mail, recipient)
            texts += " ".join(mail.text.split())
        for sentence in (
            "Thank you. We have received your payment of",
            "We cannot take the payment until this is done.",
            "https://payments.example/verify/1",
            "did not go through, and the invoice is still unpaid.",
        ):
            self.assertIn(sentence, texts)

    def test_s14_translated(self):
        self.customer.lang = "fr_FR"
        with self.mailbox() as mailbox:
            self._send()
        [mail] = mailbox.messages
        self._audit(mail, "carla@customer.example", "fr-FR")


class TestPortalStaffMailAudit(PortalMailAuditCommon, PortalNotificationCommon):
    """What staff are told by email, as the mail server received it."""

    def _tell(self):
        """Run the rules that are due, and send the emails that they queued."""
        self._run_notifications()
        self.env.flush_all()
        self.env["mail.mail"].search([("state", "=", "outgoing")]).send()

    def _audit_staff(self, mail, recipient, lang="en-US"):
        """Check what goes for each email to staff, which core's layout holds."""
        self._audit_head(mail, recipient)
        document = html.fromstring(mail.html)
        self._audit_addresses(document)
        self._audit_words(mail)
        self.assertIn("\n-- \n" + self.company.name, mail.text)
        # No customer's way in: whoever is told may forward it.
        self.assertNotIn("/portal/invoice/", mail.html + mail.text)
        self.assertIn(self.invoice.name, mail.subject + mail.text)
        # Core's layout writes it as Odoo does.
        self.assertEqual(document.get("lang", lang).replace("_", "-"), lang)

    def test_s12_s13_emails_of_the_installed_rules(self):
        self.salesperson.notification_type = "email"
        self._record_view(self._create_link())
        self._queue_payment()
        self._create_rule(
            trigger=TRIGGER_PAYMENT,
            portal_payment_event="problem",
            portal_recipient="salesperson",
        )
        for outcome in ("failed", "returned", "disputed"):
            self._queue_payment(outcome=outcome)
        with self.mailbox() as mailbox:
            self._tell()
        self.assertEqual(len(mailbox.messages), 5)
        for mail in mailbox.messages:
            self._audit_staff(mail, "sally@company.example")
            [button] = [
                address
                for address in html.fromstring(mail.html).xpath("//a/@href")
                if f"res_id={self.invoice.id}" in address
            ]
            self.assertTrue(button.startswith(BASE_URL))
            self.assertIn(f"View Invoice:\n{button}", mail.text)

    def test_s12_emails_to_addresses_without_a_login(self):
        self.viewed_rule.write(
            {"portal_recipient": "emails", "portal_emails": "boss@company.example"}
        )
        self._record_view(self._create_link())
        with self.mailbox() as mailbox:
            self._tell()
        [mail] = mailbox.messages
        self._audit_staff(mail, "boss@company.example")

    def test_s12_email_in_the_readers_language(self):
        self.salesperson.write({"notification_type": "email", "lang": "fr_FR"})
        self._record_view(self._create_link())
        with self.mailbox() as mailbox:
            self._tell()
        [mail] = mailbox.messages
        self._audit_staff(mail, "sally@company.example", "fr-FR")

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_email_of_an_activity_about_what_was_not_delivered(self):
        self.salesperson.notification_type = "email"
        # What nobody asked for is from Odoo's own user, as all of its activities are.
        self.env.ref("base.partner_root").email = "odoo@company.example"
        delivery_sudo = (
            self.env["account.move.portal.delivery"]
            .with_user(SUPERUSER_ID)  # Nobody who works here wanted it by a click.
            .create(
                {
                    "move_id": self.invoice.id,
                    "email": "carla@customer.example",
                    "formatted": '"Carla" <carla@customer.example>',
                    "subject": "Your invoice",
                    "body": "<p>Here it is.</p>",
                    "lang": "en_US",
                    "is_queued": True,
                }
            )
        )
        with self.mailbox(refuse_recipients={"carla@*": (550, "No")}) as mailbox:
            self._send_due()
            self._tell()
        self.assertEqual(delivery_sudo.state, "refused")
        self.assertEqual(self.invoice.activity_ids.user_id, self.salesperson)
        [mail] = mailbox.messages
        self._audit_head(mail, "sally@company.example")
        self._audit_addresses(html.fromstring(mail.html))
        self.assertIn(self.invoice.name, mail.subject + mail.text)
        self.assertNotIn("/portal/invoice/", mail.html + mail.text)


class TestPlainText(AccountingCommon):
    """HTML that people wrote, read without HTML."""

    def test_s14_html_is_read_as_one_would_type_it(self):
        for content, expected in (
            (False, ""),
            ("  ", ""),
            ("<p>One</p><p>Two</p>", "One\n\nTwo"),
            ("<div>One</div><div>Two</div>", "One\nTwo"),
            ("One<br>Two<br/><br/>Three", "One\nTwo\n\nThree"),
            ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
            ("<p>One<br></p><p>Two</p>", "One\n\nTwo"),
            ("<p>A\n  b&nbsp;c</p>", "A b\xa0c"),
            ("<p>So <b>bold</b>, <i>so</i> good</p>", "So bold, so good"),
            ('<a href="https://x.example">here</a>', "here (https://x.example)"),
            ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
            ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
            ('<a href="#top">up</a>', "up"),
            ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n- c"),
            ("<p>x</p><ol><li>a</li><li>b</li></ol><p>y</p>", "x\n\n1. a\n2. b\n\ny"),
            (
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                "a b\nc",
            ),
            ('<p>Look <img src="x" alt="a map"></p>', "Look a map"),
            ("<style>p {}</style><p>&lt;b&gt; &amp; é 漢</p><!-- no -->", "<b> & é 漢"),
            ("just text", "just text"),
        ):
            with self.subTest(content):
                self.assertEqual(plain_text.from_html(content), expected)
