import threading
import uuid
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.account_payment_portal.models.payment_provider import (
    STRIPE_SANDBOX_PARAMETER,
)

from stripe_sandbox import StripeSandbox

ATTEMPTS = 20


@tagged("post_install", "-at_install", "portal_race")
class TestPaymentRace(BaseCase):
    """Real transactions on the real database, at the same time.

    What is made here is committed, and taken away again afterwards.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.sandbox = StripeSandbox()
        self.sandbox.start()
        self.addCleanup(self.sandbox.stop)
        self.addCleanup(self._take_away)
        self._do(self._make)

    def _do(self, work):
        """Do some work as a request of Odoo's server does, retries included."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            result = retrying(lambda: work(env), env)
            # Its own cursor, and what a request does.
            cr.commit()  # pylint: disable=invalid-commit
            return result

    def _make(self, env):
        mark = uuid.uuid4().hex[:8]
        env["ir.config_parameter"].set_param(STRIPE_SANDBOX_PARAMETER, self.sandbox.url)
        company = env["res.company"].create(
            {
                "name": f"Race {mark}",
                "country_id": env.ref("base.us").id,
                "currency_id": env.ref("base.USD").id,
            }
        )
        env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )
        env = env(context={"allowed_company_ids": company.ids})
        env["res.users"].browse(SUPERUSER_ID).company_ids += company
        provider = env.ref("payment.payment_provider_stripe").copy(
            {"company_id": company.id}
        )
        card = env.ref("payment.payment_method_card")
        provider.write(
            {
                "payment_method_ids": [Command.link(card.id)],
                "stripe_publishable_key": self.sandbox.publishable_key,
                "stripe_secret_key": self.sandbox.secret_key,
                "stripe_webhook_secret": self.sandbox.webhook_secret,
                "state": "test",
            }
        )
        provider.journal_id = env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
        )
        partner = env["res.partner"].create(
            {"name": f"Race {mark}", "email": f"{mark}@customer.example"}
        )
        invoice = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 100.0, "tax_ids": []})
                ],
            }
        )
        invoice.action_post()
        links = env["account.move.portal.link"].create(
            [
                {"move_id": invoice.id, "email": f"{number}-{mark}@customer.example"}
                for number in range(2)
            ]
        )
        self.company_id, self.provider_id = company.id, provider.id
        self.invoice_id, self.link_ids = invoice.id, links.ids
        self.partner_id, self.card_id = partner.id, card.id

    def _take_away(self):
        def work(env):
            env["ir.config_parameter"].set_param(STRIPE_SANDBOX_PARAMETER, False)
            company = env["res.company"].browse(self.company_id)
            moves = env["account.move"].search([("company_id", "=", company.id)])
            env.cr.execute("SET session_replication_role = replica")
            for table, column in self._get_company_tables(env):
                env.cr.execute(f'DELETE FROM "{table}" WHERE "{column}" = {company.id}')
            env.cr.execute(
                "DELETE FROM mail_message WHERE model = 'account.move' "
                "AND res_id = ANY(%s)",
                [moves.ids],
            )
            for table, column in [
                ("account_move_portal_notification", "move_id"),
                ("account_invoice_transaction_rel", "invoice_id"),
                ("account_move_portal_event", "move_id"),
            ]:
                env.cr.execute(
                    f'DELETE FROM "{table}" WHERE "{column}" = ANY(%s)', [moves.ids]
                )
            env.cr.execute(
                "DELETE FROM payment_provider_event WHERE provider_id = %s",
                [self.provider_id],
            )
            partners = [self.partner_id, company.partner_id.id]
            env.cr.execute("DELETE FROM res_partner WHERE id = ANY(%s)", [partners])
            env.cr.execute(
                "DELETE FROM res_company_users_rel WHERE cid = %s", [company.id]
            )
            env.cr.execute("DELETE FROM res_company WHERE id = %s", [company.id])
            env.cr.execute("SET session_replication_role = DEFAULT")
            env.invalidate_all(flush=False)

        self._do(work)
        self.registry.clear_all_caches()

    def _get_company_tables(self, env):
        """Return the tables that hold records of a company."""
        for model in env.values():
            field = model._fields.get("company_id")
            if (
                model._auto
                and not model._abstract
                and field
                and field.store
                and field.type == "many2one"
            ):
                yield model._table, "company_id"

    # === What is done at the same time === #

    def _at_once(self, *works):
        """Do some works at the same time, each in a transaction of its own.

        :return: Their results, or the exceptions that they ended with.
        """
        results = [None] * len(works)
        start = threading.Barrier(len(works))

        def run(index, work):
            start.wait(30)
            try:
                results[index] = self._do(work)
            except Exception as error:  # noqa: BLE001 - to be looked at.
                results[index] = error

        threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
        with mute_logger("odoo.sql_db", "odoo.addons.payment.models"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(120)
        return results

    def _start(self, number):
        """Return what the controller does for one customer out of many."""

        def work(env):
            link = env["account.move.portal.link"].browse(self.link_ids[number % 2])
            move = link.move_id.with_company(self.company_id)
            move._make_way_for_portal_payment(link, f"tab {number}")
            tx_model = env["payment.transaction"]
            commands = [Command.set(move.ids)]
            tx = tx_model.create(
                {
                    "provider_id": self.provider_id,
                    "payment_method_id": self.card_id,
                    "amount": 100.0,
                    "currency_id": move.currency_id.id,
                    "partner_id": self.partner_id,
                    "operation": "online_direct",
                    "invoice_ids": commands,
                    "portal_link_id": link.id,
                    "portal_move_id": move.id,
                    "portal_form_key": f"tab {number}",
                    "reference": tx_model._compute_reference(
                        "stripe", invoice_ids=commands
                    ),
                }
            )
            tx._portal_begin()
            tx._get_processing_values()
            return tx.id, tx.provider_reference

        return work

    def _refresh(self, tx_id):
        def work(env):
            env["payment.transaction"].browse(tx_id)._stripe_refresh()

        return work

    @contextmanager
    def _look(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _confirm(self, intent):
        provider_url = f"payment_intents/{intent}/confirm"

        def work(env):
            env["payment.provider"].browse(self.provider_id)._stripe_request(
                "POST", provider_url, {"payment_method": "pm_card_visa"}
            )

        self._do(work)

    def test_b3_of_many_attempts_at_once_one_is_started(self):
        results = self._at_once(*(self._start(number) for number in range(ATTEMPTS)))
        started = [result for result in results if isinstance(result, tuple)]
        refused = [result for result in results if isinstance(result, Exception)]
        self.assertEqual(len(started), 1, results)
        for error in refused:
            self.assertRegex(str(error), "started|in progress", repr(error))
        intents = self.sandbox.objects("payment_intent")
        self.assertEqual(len(intents), 1)
        self._confirm(started[0][1])
        self._do(self._refresh(started[0][0]))
        with self._look() as env:
            txs = env["payment.transaction"].search(
                [("portal_move_id", "=", self.invoice_id)]
            )
            self.assertEqual(txs.mapped("state"), ["done"])
            self.assertEqual(len(txs.payment_id), 1)
            self.assertEqual(txs.portal_move_id.amount_residual, 0.0)

    def test_b5_webhook_return_and_catch_up_at_once_book_once(self):
        tx_id, intent = self._do(self._start(0))
        self._confirm(intent)
        [event] = [
            event
            for event in self.sandbox.objects("event")
            if event["type"] == "payment_intent.succeeded"
        ]

        def webhook(env):
            env["payment.transaction"].browse(tx_id)._stripe_take_events([event])

        def browser(env):
            env["payment.transaction"].browse(tx_id)._portal_hurry()

        def core_poll(env):
            tx = env["payment.transaction"].browse(tx_id)
            if not tx.is_post_processed and tx.state == "done":
                tx._post_process()

        def catch_up(env):
            env["payment.provider"].browse(self.provider_id)._stripe_catch_up_events()

        works = [webhook, webhook, browser, browser, core_poll, catch_up]
        for result in self._at_once(*works):
            self.assertIsNone(result, repr(result))
        with self._look() as env:
            tx = env["payment.transaction"].browse(tx_id)
            payments = env["account.payment"].search(
                [("payment_transaction_id", "=", tx_id)]
            )
            notified = env["account.move.portal.notification"].search(
                [("transaction_id", "=", tx_id)]
            )
            self.assertEqual((tx.state, len(payments)), ("done", 1))
            self.assertEqual(tx.portal_move_id.amount_residual, 0.0)
            self.assertEqual(len(notified.automation_id), len(notified))
            self.assertEqual(tx.portal_receipt_state, "waiting")
