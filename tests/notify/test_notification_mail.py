import stripe

from odoo.fields import Command

from ..development import Mailbox
from ..process_common import PortalProcessCase

#: Seconds within which an email has to be out.
A_MINUTE = 60


class TestPortalNotificationMail(PortalProcessCase):
    """What is mailed without anybody waiting for it: out within a minute.

    Odoo's own scheduler runs, and core's mail queue is not due for a day: whatever
    leaves was woken. Staff have their notifications by email, which is the default.
    """

    cron_threads = 1

    @classmethod
    def _make(cls, env):
        cls.mailbox = Mailbox()
        cls.mailbox.start()
        cls.addClassCleanup(cls.mailbox.stop)
        result = super()._make(env)
        company = env["res.company"].browse(cls.company_id)
        company.email = f"billing@{cls.mark}.example"
        seller = env["res.users"].create(
            {
                "login": f"seller-{cls.mark}",
                "name": "Sally Sales",
                "email": f"sally@{cls.mark}.example",
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [
                    Command.link(env.ref("account.group_account_invoice").id)
                ],
            }
        )
        assert seller.notification_type == "email"
        cls.seller_id = seller.id
        cls.server_id = (
            env["ir.mail_server"]
            .create(
                {
                    "name": "Mailbox",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": cls.mailbox.smtp_port,
                    "smtp_encryption": "none",
                    "sequence": -1,
                }
            )
            .id
        )
        env.cr.execute(
            "UPDATE ir_cron SET nextcall = nextcall + interval '1 day' WHERE id = %s",
            [env.ref("mail.ir_cron_mail_scheduler_action").id],
        )
        return result

    @classmethod
    def _delete_all(cls, env):
        env["ir.mail_server"].browse(cls.server_id).unlink()
        env.cr.execute(
            "UPDATE ir_cron SET nextcall = nextcall - interval '1 day' WHERE id = %s",
            [env.ref("mail.ir_cron_mail_scheduler_action").id],
        )
        result = super()._delete_all(env)
        env.cr.execute("SET session_replication_role = replica")
        env.cr.execute("DELETE FROM res_users WHERE id = %s", [cls.seller_id])
        env.cr.execute("SET session_replication_role = DEFAULT")
        return result

    @classmethod
    def _create_links(cls, env):
        paths = super()._create_links(env)
        for path in paths:
            link = env["account.move.portal.link"]._find_live(path.rpartition("/")[2])
            link.move_id.invoice_user_id = cls.seller_id
        return paths

    def _wait_for_mail(self, address, subject=""):
        """Wait for an email at the mail server: core's digests may come before it."""
        self.mailbox.wait_for(
            predicate=lambda mail: (
                mail.envelope_to == [address] and subject in mail.subject
            ),
            timeout=A_MINUTE,
        )

    def test_s13_b9_payment_is_told_and_receipted_within_a_minute(self):
        path, _other = self._do(self._create_links)
        client = stripe.StripeClient(
            self.sandbox.secret_key, base_addresses={"api": self.sandbox.url}
        ).v1
        reference = self._call(
            f"{path}/transaction",
            provider_id=self.provider_id,
            payment_method_id=self.card_id,
            flow="direct",
            client_key="tab",
        )["result"]["reference"]
        [intent] = [
            each
            for each in self.sandbox.objects("payment_intent")
            if each["description"].startswith(reference)
        ]
        client.payment_intents.confirm(intent["id"], {"payment_method": "pm_card_visa"})
        self.assertEqual(self._call(f"{path}/status")["result"], "paid")
        self._wait_for_mail(f"sally@{self.mark}.example", "Payment received")
        self._wait_for_mail(f"{self.mark}@customer.example", "Receipt")
        self._wait_for(lambda: self._get_receipt_state(reference) == "sent")

    def _get_receipt_state(self, reference):
        with self._look() as env:
            return (
                env["payment.transaction"]
                .search([("reference", "=", reference)])
                .portal_receipt_state
            )

    def test_s13_no_receipt_is_said_to_be_sent_before_it_is(self):
        path, _other = self._do(self._create_links)
        with self.mailbox.hold():
            self._do(lambda env: self._request_new_link(env, path))
            self._wait_for(lambda: "sending" in self._get_states())
            self.assertNotIn("sent", self._get_states())
        self._wait_for_mail(f"{self.mark}@customer.example")
        self._wait_for(lambda: self._get_states() == {"sent"})

    def _request_new_link(self, env, path):
        token = path.rpartition("/")[2]
        link = env["account.move.portal.link"]._find_live(token)
        link.expires_on = "2020-01-01 00:00:00"
        env["account.move.portal.link.request"]._record(token)

    def _get_states(self):
        with self._look() as env:
            return set(
                env["account.move.portal.delivery"]
                .search(
                    [
                        ("company_id", "=", self.company_id),
                        ("kind", "=", "new_link"),
                    ]
                )
                .mapped("state")
            )
