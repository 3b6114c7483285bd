from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ...models.check import proof
from ...models.payment.payment_provider import EVENT_TYPES
from ..common import PortalMailCommon
from ..payment_common import PortalPaymentCommon


def level_of(findings, code):
    """Return the level of one of the findings."""
    [level] = [each.level for each in findings if each.code == code]
    return level


@tagged("post_install", "-at_install")
class TestCheckProof(PortalMailCommon, HttpCase):
    """A sample that is really sent, and a link that is really followed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._prepare_printing()
        cls.manager = new_test_user(
            cls.env,
            login="portal_manager",
            groups="account.group_account_manager",
            email="mona@company.example",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.checks = (
            cls.env["account.move.portal.check"]
            .with_user(cls.manager)
            .with_context(force_report_rendering=True)
        )

    def _prove(self):
        # In tests the server has another address than customers' links.
        self.env["ir.config_parameter"].set_param("web.base.url", self.base_url())
        self.env.flush_all()  # For the server, which has its own cache.
        with self.allow_requests(all_requests=True):
            return self.checks._prove(self.company)

    def _count(self):
        self.env.flush_all()
        models = ("account.move", "account.move.portal.link", "mail.mail")
        models += ("account.move.portal.delivery", "mail.message", "ir.attachment")
        return {
            model: self.env[model].sudo().search_count([("id", ">", 0)])
            for model in models
        }

    def test_b12_sample_arrives_and_leaves_no_trace(self):
        before = self._count()
        with self.mailbox() as mailbox:
            findings = self._prove()
        self.assertEqual(level_of(findings, "mail_connection"), "ok")
        self.assertEqual(level_of(findings, "sample_email"), "ok", findings)
        [message] = mailbox.messages
        self.assertEqual(message.envelope_to, ["mona@company.example"])
        self.assertEqual(self._count(), before)
        # No number was used.
        number = self.invoice.name
        following = self._create_portal_invoice().name
        self.assertEqual(
            int(following.rpartition("/")[2]), int(number.rpartition("/")[2]) + 1
        )
        hrefs = {each["href"] for each in message.links}
        [href] = [each for each in hrefs if "/portal/sample/" in each]
        self.assertFalse(
            [each for each in message.links if "/portal/invoice/" in each["href"]]
        )
        page = self.url_open(href)
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.company.name, page.text)

    def test_b12_link_of_the_sample_is_followed(self):
        with self.mailbox():
            self.assertEqual(level_of(self._prove(), "sample_link"), "ok")

    def test_b12_address_of_another_server_is_red(self):
        url = f"{self.base_url()}/web/login"
        with self.allow_requests(all_requests=True):
            findings = proof.prove_address(self.company.sudo(), url, "nonce-of-ours")
        self.assertEqual(level_of(findings, "sample_link"), "error")
        findings = proof.prove_address(
            self.company.sudo(), "http://127.0.0.1:9/portal/sample/x", "nonce"
        )
        self.assertEqual(level_of(findings, "sample_link"), "warning")

    def test_b12_refused_sample_is_red_and_says_why(self):
        before = self._count()
        with (
            self.mailbox(refuse_recipients={"mona@*": (550, "No such user")}),
            mute_logger("odoo.addons.base.models.ir_mail_server"),
        ):
            findings = self._prove()
        self.assertEqual(level_of(findings, "sample_email"), "error")
        self.assertEqual(self._count(), before)

    def test_b12_user_without_address_gets_no_sample(self):
        self.manager.email = False
        with self.mailbox() as mailbox:
            self.assertEqual(level_of(self._prove(), "sample_email"), "error")
        self.assertFalse(mailbox.messages)

    def test_b12_forged_sample_opens_nothing(self):
        url, _proof = self.checks._make_sample_url(self.company)
        path = url.removeprefix(self.company.get_base_url())
        signed = path.rpartition("/")[2]
        for wrong in (signed[:-4] + "AAAA", "x", "%C3%A9", "AQ", signed[:40]):
            with self.subTest(wrong):
                answer = self.url_open(f"/portal/sample/{wrong}")
                self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.url_open(path).status_code, 200)


@tagged("post_install", "-at_install")
class TestCheckStripe(PortalPaymentCommon):
    """What Stripe itself is asked."""

    def _prove(self):
        checks = self.env["account.move.portal.check"]
        return checks._run(proof.prove_stripe, self.company)

    def _set_webhook(self, **values):
        endpoint = {
            "url": self.provider._get_stripe_webhook_url(),
            "enabled_events": EVENT_TYPES,
            **values,
        }
        created = self.provider._stripe_request("POST", "webhook_endpoints", endpoint)
        return created["id"]

    def test_b12_account_that_takes_payments_is_green(self):
        findings = self._prove()
        self.assertEqual(level_of(findings, "stripe_account"), "ok")
        self.assertEqual(level_of(findings, "stripe_payment"), "ok")

    def test_b12_wrong_key_is_red(self):
        self.provider.stripe_secret_key = "sk_test_wrong"
        self.ledger_is_checked = False
        [finding] = self._prove()
        self.assertEqual((finding.code, finding.level), ("stripe_answer", "error"))

    def test_b12_webhook_is_read_at_stripe(self):
        self.assertEqual(level_of(self._prove(), "stripe_webhook"), "error")
        webhook = self._set_webhook(enabled_events=["charge.refunded"])
        self.assertEqual(level_of(self._prove(), "stripe_webhook"), "warning")
        self._set_webhook()
        self.assertEqual(level_of(self._prove(), "stripe_webhook"), "ok")
        endpoints = self.provider._stripe_request("GET", "webhook_endpoints")
        for endpoint in endpoints["data"]:
            self.provider._stripe_request(
                "POST", f"webhook_endpoints/{endpoint['id']}", {"disabled": True}
            )
        self.assertTrue(webhook)
        self.assertEqual(level_of(self._prove(), "stripe_webhook"), "error")

    def test_b12_no_trial_payment_with_live_keys(self):
        key = self.provider.stripe_secret_key
        with patch.object(type(self.provider), "_stripe_request") as request:
            request.return_value = {"id": "acct_1", "charges_enabled": True, "data": []}
            self.provider.write({"state": "enabled"})
            findings = self._prove()
        self.assertTrue(key)
        self.assertEqual(level_of(findings, "stripe_payment"), "unknown")
        methods = {call.args[0] for call in request.call_args_list}
        self.assertEqual(methods, {"GET"})
