from urllib.parse import urlsplit

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..browser_common import DESKTOP, PortalBrowserCase
from ..common import PortalMailCommon
from ..development import Mailbox, expect
from ..payment_common import PortalPaymentCommon


def make_administrator(env, company):
    """Return a user who sets everything up, with the least rights for it."""
    return new_test_user(
        env,
        login="portal_administrator",
        groups="base.group_system,account.group_account_manager",
        email="ada@company.example",
        company_id=company.id,
        company_ids=[Command.set(company.ids)],
    )


@tagged("post_install", "-at_install")
class TestSetup(PortalMailCommon, PortalPaymentCommon):
    """The first steps, up to the first link in one's own inbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._prepare_printing()
        cls.administrator = make_administrator(cls.env, cls.company)
        cls.setups = (
            cls.env["account.move.portal.setup"]
            .with_user(cls.administrator)
            .with_context(force_report_rendering=True)
        )

    def _empty_stripe(self):
        self.provider.write(
            {
                "state": "disabled",
                "is_published": False,
                "stripe_publishable_key": False,
                "stripe_secret_key": False,
                "stripe_webhook_secret": False,
                "payment_method_ids": [Command.clear()],
            }
        )

    def test_b12_first_steps_lead_to_a_link_in_the_inbox(self):
        self._empty_stripe()
        self.company.country_id = self.env.ref("base.us")
        # Core's own client asks for the webhook; see `_build_request_url`.
        with Mailbox() as mailbox:
            setup = self.setups.create(
                {
                    "base_url": "https://pay.dunder-mifflin.com/",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": mailbox.smtp_port,
                    "smtp_encryption": "none",
                    "stripe_publishable_key": self.sandbox.publishable_key,
                    "stripe_secret_key": self.sandbox.secret_key,
                }
            )
            self.assertFalse(setup.mail_server_id)
            self.assertFalse(setup.has_stripe)
            provider = setup._find_stripe()
            action = setup.action_finish()
            check = self.env[action["res_model"]].browse(action["res_id"])
            levels = {each.code: each.level for each in check.line_ids}
            messages = check.line_ids.mapped("message")
            self.assertEqual(levels["sample_email"], "ok", messages)
            [message] = mailbox.messages
            self.assertEqual(message.envelope_to, ["ada@company.example"])
        self.assertEqual(provider.state, "test")
        self.assertTrue(provider.is_published)
        active = provider.payment_method_ids.filtered("active").mapped("code")
        self.assertLessEqual({"card", "ach_direct_debit"}, set(active))
        for code in ("web_address", "mail_server", "provider", "methods", "webhook"):
            self.assertIn(levels[code], ("ok", "unknown"), code)
        self.assertEqual(levels["stripe_webhook"], "ok")
        # What is secret is with those who use it, and nowhere else.
        self.assertFalse(setup.stripe_secret_key or setup.smtp_pass)

    def test_b12_steps_that_are_left_out_change_nothing(self):
        key = self.provider.stripe_secret_key
        server = self.env["ir.mail_server"].create(
            {"name": "Post", "smtp_host": "127.0.0.1", "smtp_port": 9}
        )
        setup = self.setups.create({"base_url": "https://pay.dunder-mifflin.com"})
        self.assertEqual(setup.mail_server_id, server)
        self.assertTrue(setup.has_stripe)
        setup._set_mail_server()
        setup._set_stripe()
        setup._set_text()
        self.assertEqual(self.env["ir.mail_server"].search([]), server)
        self.assertEqual(self.provider.stripe_secret_key, key)
        self.assertFalse(self.company.portal_mail_subject)

    def test_b12_one_key_alone_is_refused(self):
        setup = self.setups.create(
            {"base_url": "https://a.company.com", "stripe_secret_key": "sk_test_1"}
        )
        with self.assertRaises(UserError):
            setup._set_stripe()

    def test_b12_own_text_is_kept(self):
        setup = self.setups.create(
            {"base_url": "https://a.company.com", "subject": "Your invoice is here"}
        )
        setup._set_text()
        self.assertEqual(self.company.portal_mail_subject, "Your invoice is here")

    def test_b12_first_steps_are_for_administrators(self):
        with self.assertRaises(AccessError):
            self.setups.with_user(self.biller).create({"base_url": "https://x.y"})


@tagged("post_install", "-at_install")
class TestSetupBrowser(PortalMailCommon, PortalBrowserCase):
    """The same in Chromium, counted in clicks."""

    bundles = ("web.assets_web", "web.assets_web_print")

    def test_b12_ten_clicks_to_the_first_link(self):
        self._prepare_printing()
        administrator = make_administrator(self.env, self.company)
        self.env["ir.config_parameter"].set_param("web.base.url", self.base_url())
        with Mailbox() as mailbox, self.page(DESKTOP) as page:
            self.log_in(page, administrator)
            self.env.flush_all()
            xmlid = "account_payment_portal.account_move_portal_setup_action"
            page.goto(f"{self.base_url()}/odoo/action-{xmlid}")
            page.get_by_label("Web address").wait_for()
            clicks = 1  # That on Activate, which has led here.
            expect(page.get_by_label("Web address")).to_have_value(self.base_url())
            # Not the test's own address: while it answers, it answers nobody else.
            page.get_by_label("Web address").fill("https://pay.dunder-mifflin.com")
            page.get_by_label("SMTP server").fill("127.0.0.1")
            page.get_by_label("SMTP port").fill(str(mailbox.smtp_port))
            page.locator("[name=smtp_encryption] input").click()
            page.locator(".o_select_menu_item").get_by_text("None", exact=True).click()
            clicks += 2
            page.get_by_role("button", name="Save and Send Me a Sample").click()
            clicks += 1
            row = page.get_by_role("row").filter(has_text="Sample email")
            expect(row).to_contain_text("ada@company.example")
            expect(row).to_contain_text("OK")
            [message] = mailbox.messages
            hrefs = {each["href"] for each in message.links}
            [href] = [each for each in hrefs if "/portal/sample/" in each]
            self.assertTrue(href.startswith("https://pay.dunder-mifflin.com/"))
            page.goto(self.base_url() + urlsplit(href).path)
            clicks += 1
            expect(page.get_by_role("heading")).to_have_text("Your link works")
        self.assertLessEqual(clicks, 10)
