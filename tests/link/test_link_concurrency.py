from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import DummyRLock, Registry
from odoo.service.model import retrying
from odoo.sql_db import db_connect
from odoo.tests import BaseCase, get_db_name, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ...models.link import (
    account_move_portal_failed_lookup as failed_lookups,
)
from ...tools.bot_detection import Report

WORKERS = 16


@tagged("post_install", "-at_install")
class TestPortalConcurrency(BaseCase):
    """Simultaneous transactions, each on a connection of its own, really committed."""

    def setUp(self):
        super().setUp()
        # Odoo holds it while it runs tests by itself: no thread could begin.
        self.patch(Registry, "_lock", DummyRLock())
        self.rows = []
        self.addCleanup(self._clean_up)
        with self._transaction() as env:
            self._create_invoice(env)

    @contextmanager
    def _transaction(self):
        with db_connect(get_db_name()).cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _run(self, function, *args):
        """Run a function as a request is run: again, where it met another one."""
        with self._transaction() as env:
            return retrying(partial(function, env, *args), env)

    def _run_together(self, function, arguments):
        with mute_logger("odoo.sql_db", "odoo.service.model"):
            with ThreadPoolExecutor(WORKERS) as pool:
                futures = [
                    pool.submit(self._run, function, *each) for each in arguments
                ]
                return [future.result() for future in futures]

    def _create_invoice(self, env):
        journal = env["account.journal"].create(
            {"name": "Portal race", "type": "sale", "code": "PRACE"}
        )
        partner = env["res.partner"].create({"name": "Racer"})
        salesperson = new_test_user(
            env,
            login="portal_race",
            groups="account.group_account_invoice",
            notification_type="inbox",
        )
        move = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "journal_id": journal.id,
                "partner_id": partner.id,
                "invoice_user_id": salesperson.id,
            }
        )
        link = env["account.move.portal.link"].create(
            {"move_id": move.id, "email": "racer@customer.example"}
        )
        self.move_id, self.link_id = move.id, link.id
        self.rows += [move, journal, partner, salesperson, salesperson.partner_id]

    def _clean_up(self):
        with self._transaction() as env:
            env["account.move.portal.failed.lookup"].search(
                [("network", "=", "race")]
            ).unlink()
            for record in self.rows:
                record.with_env(env).exists().unlink()

    def _open(self, env, count, network=""):
        events = env["account.move.portal.event"]
        link = env["account.move.portal.link"].browse(self.link_id)
        visits = events.browse()
        for number in range(count):
            visits |= events._record_visit(
                link, "unverified", network=network or f"198.51.{number}.0/24"
            )
        env.flush_all()
        env.cr.execute(
            SQL(
                "UPDATE account_move_portal_event "
                "SET create_date = create_date - interval '1 minute' WHERE id IN %s",
                tuple(visits.ids),
            )
        )
        return visits.ids

    @staticmethod
    def _view(env, visit_id):
        visit = env["account.move.portal.event"].browse(visit_id)
        view = visit._record_view(
            visit.link_id, visit.id, visit._get_visit_proof(), Report("interaction")
        )
        return view.kind

    def _read_views(self):
        with self._transaction() as env:
            return env["account.move.portal.event"].search_read(
                [("link_id", "=", self.link_id), ("kind", "=", "viewed")],
                ["is_first_view", "is_first_of_link", "is_repeated"],
            )

    def test_b1_fifty_views_at_once_are_fifty_events_and_one_first_view(self):
        with self._transaction() as env:
            visit_ids = self._open(env, 50)
        kinds = self._run_together(self._view, [(each,) for each in visit_ids])
        self.assertEqual(kinds, ["viewed"] * 50)
        views = self._read_views()
        self.assertEqual(len(views), 50)
        self.assertEqual(sum(view["is_first_view"] for view in views), 1)
        self.assertEqual(sum(view["is_first_of_link"] for view in views), 1)
        self.assertEqual(sum(view["is_repeated"] for view in views), 0)
        with self._transaction() as env:
            rule = env.ref("account_payment_portal.base_automation_portal_viewed")
            notifications = env["account.move.portal.notification"].search(
                [("move_id", "=", self.move_id), ("automation_id", "=", rule.id)]
            )
            self.assertEqual(len(notifications), 1)

    def test_b1_tabs_opened_at_once_are_one_view(self):
        with self._transaction() as env:
            visit_ids = self._open(env, 8, network="203.0.113.0/24")
        self._run_together(self._view, [(each,) for each in visit_ids])
        views = self._read_views()
        self.assertEqual(len(views), 8)
        self.assertEqual(sum(not view["is_repeated"] for view in views), 1)

    def test_s12_notification_is_queued_and_run_once(self):
        with self._transaction() as env:
            [visit_id] = self._open(env, 1)
        self._run(self._view, visit_id)
        with self._transaction() as env:
            event_id = (
                env["account.move.portal.event"]
                .search([("link_id", "=", self.link_id), ("kind", "=", "viewed")])
                .id
            )

        def queue(env):
            move = env["account.move"].browse(self.move_id)
            return (
                env["base.automation"]
                ._queue_portal_notifications(
                    "on_portal_viewed", move, event_id=event_id
                )
                .ids
            )

        self.assertFalse(any(self._run_together(queue, [()] * 20)))

        def run(env):
            env["account.move.portal.notification"]._run_due()

        with self.assertRaises(SystemExit), self._transaction() as env:
            self._get_notifications(env)._process_due()
            self.assertEqual(self._count_told(env), 1)
            raise SystemExit("The server is restarted.")
        self._run_together(run, [()] * 8)
        with self._transaction() as env:
            notifications = self._get_notifications(env)
            self.assertEqual(notifications.mapped("state"), ["done"])
            self.assertEqual(notifications.mapped("attempts"), [1])
            self.assertEqual(self._count_told(env), 1)

    def _get_notifications(self, env):
        return env["account.move.portal.notification"].search(
            [("move_id", "=", self.move_id)]
        )

    def _count_told(self, env):
        """Return how often the salesperson was told of the invoice."""
        return env["mail.message"].search_count(
            [
                ("model", "=", "account.move"),
                ("res_id", "=", self.move_id),
                ("notified_partner_ids", "!=", False),
            ]
        )

    def test_b2_rate_limit_holds_for_all_workers_together(self):
        def miss(env):
            return env["account.move.portal.failed.lookup"]._record("race")

        counts = self._run_together(miss, [()] * (failed_lookups.REFUSED_FROM + 30))
        with self._transaction() as env:
            model = env["account.move.portal.failed.lookup"]
            self.assertTrue(model._is_refused(model._count("race")))
            stored = model.search_count([("network", "=", "race")])
        self.assertLessEqual(stored, failed_lookups.REFUSED_FROM + WORKERS)
        self.assertTrue(model._is_refused(max(counts)))
