import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, config, mute_logger

from ... import const
from ...models.check import server, web_address
from ...models.check.account_move_portal_check import CHECKS
from ..common import PortalCommon


@tagged("post_install", "-at_install")
class TestCheck(PortalCommon):
    """Each check goes red where something is wrong, and green once it is mended."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            login="portal_manager",
            groups="account.group_account_manager",
            email="mona@company.example",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.checks = cls.env["account.move.portal.check"].with_user(cls.manager)
        others = cls.env["payment.provider"].sudo().search([]) - cls.provider
        others.write({"state": "disabled", "is_published": False})
        cls.provider.journal_id = cls.company_data["default_journal_bank"]
        cls.parameters = cls.env["ir.config_parameter"].sudo()

    def _find(self, code):
        """Return the level and the message of a check, as an accountant sees them."""
        self.env.flush_all()
        found = self.checks.get_status()["checks"]
        [one] = [each for each in found if each["code"] == code]
        return one["level"], one["message"]

    def _assert_level(self, code, level, text=""):
        found, message = self._find(code)
        self.assertEqual(found, level, message)
        self.assertIn(text, message)

    # === THE ADDRESS === #

    def test_b12_address_that_opens_nowhere_is_red(self):
        self.parameters.set_param("web.base.url.freeze", "True")
        for url in (
            "http://localhost:8069",
            "https://127.0.0.1",
            "https://192.168.1.20:8443",
            "https://[::1]",
            "https://odoo",
            "https://odoo.lan",
            "https://erp.local.",
        ):
            with self.subTest(url):
                self.parameters.set_param("web.base.url", url)
                self._assert_level("web_address", "error", url)
        self.parameters.set_param("web.base.url", "http://pay.dunder-mifflin.com")
        self._assert_level("web_address", "error", "not encrypted")
        self.parameters.set_param("web.base.url", "https://pay.dunder-mifflin.com")
        self._assert_level("web_address", "ok")

    def test_b12_address_that_a_login_changes_is_amber(self):
        self.parameters.set_param("web.base.url", "https://pay.dunder-mifflin.com")
        self.parameters.set_param("web.base.url.freeze", False)
        self._assert_level("web_address", "warning", "web.base.url.freeze")
        self.parameters.set_param("web.base.url.freeze", "True")
        self._assert_level("web_address", "ok")

    def test_b12_public_addresses_are_told_from_private_ones(self):
        for host in ("8.8.8.8", "2606:4700:4700::1111", "pay.company.com"):
            self.assertTrue(web_address.is_reachable(host), host)
        for host in ("10.1.2.3", "fd00::1", "localhost", "a.localhost", "pc.local"):
            self.assertFalse(web_address.is_reachable(host), host)

    # === EMAIL === #

    def _forget_mails(self):
        """Have no email of Odoo's own be late or failed."""
        # In sudo mode because emails are the system's.
        mails_sudo = self.env["mail.mail"].sudo()
        mails_sudo.search([("state", "!=", "sent")]).state = "sent"

    def _make_mail_server(self, **values):
        return self.env["ir.mail_server"].create(
            {"name": "Post", "smtp_host": "smtp.company.example", **values}
        )

    def test_b12_no_mail_server_is_red(self):
        self.env["ir.mail_server"].search([]).active = False
        self._assert_level("mail_server", "error", "Create one")
        self._make_mail_server()
        self._assert_level("mail_server", "ok", "Post")

    def test_b12_personal_mail_server_is_not_the_companys(self):
        self.env["ir.mail_server"].search([]).active = False
        self._make_mail_server(
            owner_user_id=self.manager.id, from_filter=self.manager.email
        )
        self._assert_level("mail_server", "error")

    def test_b12_sender_that_no_server_takes_is_amber(self):
        self.env["ir.mail_server"].search([]).active = False
        server = self._make_mail_server(from_filter="elsewhere.example")
        self._assert_level("sender", "warning", "billing@company.example")
        server.from_filter = "elsewhere.example,company.example"
        self._assert_level("sender", "ok")
        self.company.email = False
        self._assert_level("sender", "error", self.company.name)

    def test_b12_mail_server_that_is_left_alone_is_amber(self):
        mail_server = self._make_mail_server()
        budget = (
            self.env["account.move.portal.mail.budget"]
            .sudo()
            .create(
                {
                    "mail_server_id": mail_server.id,
                    "minute_limit": 7,
                    "held_until": fields.Datetime.now() + timedelta(minutes=5),
                    "hold_reason": "Too many login attempts",
                }
            )
        )
        self._assert_level("mail_limit", "warning", "Too many login attempts")
        budget.held_until = fields.Datetime.now() - timedelta(minutes=5)
        self._assert_level("mail_limit", "ok", "7")

    def test_b12_bounces_that_nobody_reads_are_not_green(self):
        self.env["fetchmail.server"].search([]).active = False
        self.company.alias_domain_id = False
        self._assert_level("bounces", "warning", "alias domain")
        self.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "mail.company.example", "bounce_alias": "back"}
        )
        self._assert_level("bounces", "unknown", "back@mail.company.example")
        incoming = self.env["fetchmail.server"].create(
            {"name": "In", "server_type": "imap", "state": "done"}
        )
        self._assert_level("bounces", "ok", "back@mail.company.example")
        incoming.write(
            {"error_date": fields.Datetime.now(), "error_message": "Login failed"}
        )
        self._assert_level("bounces", "warning", "Login failed")

    def test_b12_emails_that_do_not_leave_are_red(self):
        self._forget_mails()
        self._assert_level("mail_queue", "ok")
        # In sudo mode because emails are the system's.
        delivery = (
            self.env["account.move.portal.delivery"]
            .sudo()
            .create(
                {
                    "move_id": self.invoice.id,
                    "email": "carla@customer.example",
                    "formatted": "carla@customer.example",
                    "state": "waiting",
                    "is_queued": True,
                }
            )
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_portal_delivery"
            " SET create_date = create_date - interval '31 minutes' WHERE id = %s",
            [delivery.id],
        )
        self._assert_level("mail_queue", "error", "1")
        delivery.state = "cancelled"
        self._assert_level("mail_queue", "ok")

    def test_b12_failed_emails_of_odoo_are_amber(self):
        self._forget_mails()
        mail = self.env["mail.mail"].create({"state": "exception", "body_html": "x"})
        self._assert_level("mail_queue", "warning", "1 have failed")
        mail.state = "sent"
        self._assert_level("mail_queue", "ok")

    def test_b12_own_text_missing_in_a_language_is_amber(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.write({"lang": "fr_FR", "customer_rank": 1})
        self._assert_level("texts", "ok", "standard")
        texts = self.env["account.move.portal.text"]
        texts._set_unfilled(self.company, "en_US", "Your invoice", "<p>Please pay</p>")
        self._assert_level("texts", "warning", "French")
        texts._set_unfilled(self.company, "fr_FR", "Facture", "<p>Payez</p>")
        self._assert_level("texts", "ok")

    def test_b12_what_cannot_be_seen_is_never_green(self):
        self._assert_level("spam", "unknown", "DMARC")

    # === PAYMENT === #

    def test_b12_no_published_provider_is_red(self):
        self.provider.is_published = False
        self._assert_level("provider", "error", self.company.name)
        self.provider.is_published = True
        self._assert_level("provider", "ok", self.provider.name)

    def test_b12_currency_that_nobody_takes_is_amber(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        mine = self.invoice.currency_id
        self.provider.available_currency_ids = [Command.set(mine.ids)]
        self._assert_level("provider", "ok")
        self._create_portal_invoice(currency_id=euro.id)
        self._assert_level("provider", "warning", "EUR")
        self.provider.available_currency_ids = [Command.link(euro.id)]
        self._assert_level("provider", "ok", "EUR")

    def test_b12_keys_of_the_wrong_mode_are_red(self):
        for state, publishable, secret, level in (
            ("test", "pk_test_a", "sk_test_a", "warning"),
            ("test", "pk_live_a", "sk_live_a", "error"),
            ("enabled", "pk_test_a", "sk_test_a", "error"),
            ("enabled", "pk_live_a", "rk_test_a", "error"),
            ("enabled", "pk_live_a", "rk_live_a", "ok"),
        ):
            with self.subTest(state=state, keys=(publishable, secret)):
                self.provider.write(
                    {
                        "state": state,
                        "stripe_publishable_key": publishable,
                        "stripe_secret_key": secret,
                    }
                )
                self._assert_level("keys", level)

    def _record_event(self, user):
        return (
            self.env["payment.provider.event"]
            .with_user(user)
            .sudo()
            .create({"provider_id": self.provider.id, "event_ref": f"evt_{user.id}"})
        )

    def test_b12_webhook_without_secret_is_red(self):
        self.provider.stripe_webhook_secret = False
        self._assert_level("webhook", "error", "secret")
        self.provider.stripe_webhook_secret = "whsec_x"
        self._assert_level("webhook", "unknown", "yet")

    def test_b12_webhook_that_never_arrives_is_amber(self):
        self.provider.stripe_webhook_secret = "whsec_x"
        self._record_event(self.env.ref(const.CATCH_UP_CRON).user_id)
        self._assert_level("webhook", "warning", "ever been received")
        self._record_event(self.env.ref("base.public_user"))
        self._assert_level("webhook", "ok", "last event")

    def test_b12_silent_catch_up_is_amber_then_red(self):
        job = self.env.ref(const.CATCH_UP_CRON)
        now = fields.Datetime.now()
        for ago, level in (
            (timedelta(minutes=2), "ok"),
            (timedelta(minutes=45), "warning"),
            (timedelta(days=2), "error"),
        ):
            job.lastcall = now - ago
            self._assert_level("catch_up", level)

    def test_b12_methods_that_the_country_lacks_are_amber(self):
        card = self.env.ref("payment.payment_method_card")
        echeck = self.env.ref("payment.payment_method_ach_direct_debit")
        (card | echeck).active = True
        self.company.country_id = self.env.ref("base.us")
        self.provider.payment_method_ids = [Command.clear()]
        self._assert_level("methods", "error")
        self.provider.payment_method_ids = [Command.set(card.ids)]
        self._assert_level("methods", "warning", echeck.name)
        self.provider.payment_method_ids = [Command.link(echeck.id)]
        self._assert_level("methods", "ok", card.name)
        self._assert_level("wallets", "unknown", "Apple Pay")

    def test_b12_payments_that_cannot_be_booked_are_red(self):
        journal = self.company_data["default_journal_bank"]
        self._assert_level("journal", "ok", journal.name)
        for column, wrong, right in (
            ("active", False, True),
            ("default_account_id", None, journal.default_account_id.id),
        ):
            for value, level in ((wrong, "error"), (right, "ok")):
                with self.subTest(column, value=value):
                    self.env.flush_all()
                    # As after an import: Odoo's own forms do not allow it.
                    self.env.cr.execute(
                        SQL(
                            "UPDATE account_journal SET %s = %s WHERE id = %s",
                            SQL.identifier(column),
                            value,
                            journal.id,
                        )
                    )
                    self.env.invalidate_all()
                    self._assert_level("journal", level)

    # === THE SERVER === #

    def test_b12_jobs_that_do_not_run_are_red(self):
        jobs = server.get_jobs(self.env(su=True))
        jobs.write({"active": True, "failure_count": 0})
        jobs.nextcall = fields.Datetime.now() + timedelta(minutes=5)
        self._assert_level("jobs", "ok", str(len(jobs)))
        job = jobs[0]
        job.active = False
        self._assert_level("jobs", "error", job.name)
        job.write(
            {"active": True, "nextcall": fields.Datetime.now() - timedelta(hours=2)}
        )
        self._assert_level("jobs", "error", "max_cron_threads")
        job.write({"nextcall": fields.Datetime.now(), "failure_count": 2})
        self._assert_level("jobs", "warning", job.name)
        job.failure_count = 0
        self._assert_level("jobs", "ok")

    @mute_logger("odoo.addons.account_payment_portal.models.document.ir_actions_report")
    def test_b12_missing_converter_is_red(self):
        name = "account_payment_portal.wkhtmltopdf"
        self.parameters.set_param(name, "/nowhere/wkhtmltopdf")
        self._assert_level("converter", "error", "/nowhere/wkhtmltopdf")
        self.parameters.set_param(name, False)
        self._assert_level("converter", "ok", "wkhtmltopdf")

    def test_b12_language_without_font_is_red(self):
        self.env["res.lang"]._activate_lang("ja_JP")
        self.customer.write({"lang": "ja_JP", "customer_rank": 1})
        with patch.object(server, "list_font_languages", lambda: {"en", "fr"}):
            self._assert_level("fonts", "error", "Japanese")
        with patch.object(server, "list_font_languages", lambda: {"en", "ja"}):
            self._assert_level("fonts", "ok")
        with patch.object(server, "list_font_languages", lambda: None):
            self._assert_level("fonts", "unknown", "fontconfig")

    def test_b12_links_for_ever_are_amber(self):
        self.company.portal_link_expiry = "never"
        self._assert_level("periods", "warning")
        self.company.portal_link_expiry = "due_date"
        self._assert_level("periods", "ok")
        self.company.portal_event_months = 120
        self._assert_level("periods", "warning", "120")

    # === THE WHOLE === #

    def test_b12_status_is_json_for_those_who_administer(self):
        status = json.loads(json.dumps(self.checks.get_status()))
        self.assertEqual(status["company"], self.company.name)
        self.assertIn(status["level"], ("ok", "unknown", "warning", "error"))
        self.assertEqual({"code", "name", "level", "message"}, set(status["checks"][0]))
        with self.assertRaises(AccessError):
            self.checks.with_user(self.biller).get_status()

    def test_b12_nothing_that_is_secret_is_told(self):
        secrets = ("sk_test_hidden", "whsec_hidden")
        self.provider.stripe_secret_key, self.provider.stripe_webhook_secret = secrets
        told = json.dumps(self.checks.get_status())
        self.assertNotIn("sk_test_hidden", told)
        self.assertNotIn("whsec_h", told)

    def test_b12_check_that_breaks_keeps_no_other_back(self):
        def check_broken(company):
            company.env.cr.execute("SELECT nothing FROM nowhere")

        module = "odoo.addons.account_payment_portal.models.check"
        name = f"{module}.account_move_portal_check"
        with (
            patch(f"{name}.CHECKS", (check_broken, *CHECKS)),
            mute_logger("odoo.sql_db", name),
        ):
            status = self.checks.get_status()
        codes = {each["code"]: each["level"] for each in status["checks"]}
        self.assertEqual(codes["broken"], "unknown")
        self.assertIn("jobs", codes)

    def test_b12_page_shows_the_worst_first_and_opens_where_it_is_mended(self):
        self.provider.is_published = False
        action = self.checks.action_open()
        check = self.checks.browse(action["res_id"])
        self.assertEqual(check.level, "error")
        order = ["error", "warning", "unknown", "ok"]
        levels = check.line_ids.mapped("level")
        self.assertEqual(levels, sorted(levels, key=order.index))
        administrator = new_test_user(
            self.env,
            login="portal_administrator",
            groups="base.group_system,account.group_account_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        administrators = self.checks.with_user(administrator).with_company(self.company)
        check = administrators.browse(administrators.action_open()["res_id"])
        models = {}
        for line in check.line_ids.filtered("is_mendable"):
            models[line.code] = line.action_mend()["res_model"]
        self.assertEqual(models["provider"], "payment.provider")
        self.assertEqual(models["web_address"], "ir.config_parameter")
        self.assertEqual(models["mail_server"], "ir.mail_server")
        self.assertEqual(models["jobs"], "ir.cron")

    def test_b12_button_only_for_those_who_may_mend(self):
        check = self.checks.browse(self.checks.action_open()["res_id"])
        line = check.line_ids.filtered(lambda each: each.code == "jobs")
        self.assertFalse(line.is_mendable)
        with self.assertRaises(AccessError):
            line.write({"mended_in": "base.ir_cron_act"})

    def test_b12_checks_take_few_queries(self):
        self.checks.get_status()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.checks.get_status()
        self.assertLess(self.env.cr.sql_log_count - before, 120)

    # === THE WINDOW === #

    def _warn(self, user):
        window = (
            self.env["account.move.send.portal"]
            .with_user(user)
            .create({"move_id": self.invoice.id})
        )
        return window.setup_warnings, window.can_mend_setup

    def test_b12_window_warns_of_what_matters(self):
        self.parameters.set_param("web.base.url", "http://localhost:8069")
        self.provider.is_published = False
        warnings, can_mend = self._warn(self.biller)
        self.assertIn("http://localhost:8069", warnings)
        self.assertIn("No payment provider", warnings)
        self.assertFalse(can_mend)
        self.assertTrue(self._warn(self.manager)[1])
        self.parameters.set_param("web.base.url", "https://pay.dunder-mifflin.com")
        self.provider.is_published = True
        self._make_mail_server()
        self.assertFalse(self._warn(self.biller)[0])

    def test_b12_window_says_of_each_that_it_is_amiss(self):
        euro = self.env.ref("base.EUR")
        dollar = self.env.ref("base.USD")
        self.provider.is_published = True
        self._make_mail_server()
        self.parameters.set_param("web.base.url", "https://pay.dunder-mifflin.com")
        checks = self.env["account.move.portal.check"].with_user(self.biller)

        def find(currency=dollar):
            return " ".join(checks._get_window_warnings(self.company, currency))

        self.provider.available_currency_ids = dollar
        self.assertFalse(find())
        self.assertIn("EUR", find(euro))
        self.provider.available_currency_ids = dollar + euro
        self.assertFalse(find(euro))
        for url in ("http://pay.dunder-mifflin.com", "https://10.0.0.1", "https://["):
            self.parameters.set_param("web.base.url", url)
            self.assertIn(url, find())
        self.parameters.set_param("web.base.url", "https://pay.dunder-mifflin.com")
        self.env["ir.mail_server"].search([]).active = False
        with patch.dict(config.options, {"smtp_server": "localhost"}):
            self.assertIn("There is no outgoing mail server", find())
        with patch.dict(config.options, {"smtp_server": "smtp.example"}):
            self.assertFalse(find())

    def test_b12_window_where_all_is_well_asks_no_question(self):
        self.provider.is_published = True
        self._make_mail_server()
        self.parameters.set_param("web.base.url", "https://pay.dunder-mifflin.com")
        window = self.env["account.move.send.portal"].create(
            {"move_id": self.invoice.id}
        )
        self.assertFalse(window.setup_warnings)  # What is kept in memory is, now.
        window.flush_recordset()
        window.invalidate_recordset(["setup_warnings"])
        with self.assertQueryCount(0):
            self.assertFalse(window.setup_warnings)
