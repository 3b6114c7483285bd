import requests

from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..process_common import DEADLINE, PortalProcessCase


class TestPaymentAttemptRace(PortalProcessCase):
    """Payments of invoices that they share, started at the same time."""

    def setUp(self):
        super().setUp()
        self.paths = [self._do(self._create_links)[0] for _invoice in range(3)]
        self.move_ids = [self._do(self._find_move_id, path) for path in self.paths]

    @classmethod
    def _do(cls, work, *args):
        return super()._do(lambda env: work(env, *args))

    def _find_move_id(self, env, path):
        link = env["account.move.portal.link"]._find_live(path.rpartition("/")[2])
        return link.move_id.id

    # === What is started === #

    def _pay(self, *numbers):
        """Start a payment of some of the invoices, as another worker does.

        :return: The id of the transaction; nothing if it was refused.
        """
        move_ids = [self.move_ids[number] for number in numbers]

        def start(env):
            values = {
                "provider_id": self.provider_id,
                "payment_method_id": self.card_id,
                "amount": 100.0 * len(move_ids),
                "currency_id": env.ref("base.USD").id,
                "partner_id": self.partner_id,
                "operation": "online_direct",
                "invoice_ids": [Command.set(move_ids)],
            }
            return env["payment.transaction"].create(values).id

        try:
            return self._do(start)
        except ValidationError:
            return None

    def _pay_on_portal(self, number, key="tab"):
        answer = self._call(
            f"{self.paths[number]}/transaction",
            provider_id=self.provider_id,
            payment_method_id=self.card_id,
            flow="direct",
            client_key=key,
        )
        return answer.get("result")

    def _pay_on_core_page(self, number, token):
        answer = self._call(
            f"/invoice/transaction/{self.move_ids[number]}",
            access_token=token,
            provider_id=self.provider_id,
            payment_method_id=self.card_id,
            token_id=None,
            amount=100.0,
            flow="direct",
            tokenization_requested=False,
            landing_route="/my",
        )
        return answer.get("result")

    def _get_token(self, number):
        return self._do(
            lambda env: (
                env["account.move"].browse(self.move_ids[number])._portal_ensure_token()
            )
        )

    # === What came of it === #

    def _look_at_open(self):
        """Return which invoices are kept by which attempt, whole attempts only."""
        with self._look() as env:
            attempts = env["account.move.portal.attempt"].search(
                [("move_id", "in", self.move_ids), ("is_open", "=", True)]
            )
            kept = []
            for attempt in attempts:
                self.assertTrue(all(attempt.line_ids.mapped("is_open")), "whole")
                kept += attempt.line_ids.move_id.ids
            self.assertEqual(len(kept), len(set(kept)), "one open attempt an invoice")
            closed = env["account.move.portal.attempt"].search(
                [("move_id", "in", self.move_ids), ("is_open", "=", False)]
            )
            self.assertFalse(any(closed.line_ids.mapped("is_open")))
            return {
                tuple(self.move_ids.index(move.id) for move in attempt.line_ids.move_id)
                for attempt in attempts
            }

    def _assert_nothing_broke(self, results):
        broken = [result for result in results if isinstance(result, Exception)]
        self.assertFalse(broken)

    def test_b3_shared_invoices_have_one_open_attempt_each(self):
        wanted = [(0, 1), (1, 2), (2,), (0,), (2, 0), (0, 1, 2)]
        results = self._at_once(
            *(lambda some=some: self._pay(*some) for some in wanted)
        )
        self._assert_nothing_broke(results)
        started = {
            tuple(sorted(some))
            for some, result in zip(wanted, results, strict=True)
            if result
        }
        self.assertTrue(started)
        self.assertEqual(
            {tuple(sorted(some)) for some in self._look_at_open()}, started
        )

    def test_b3_payments_of_invoices_that_share_nothing_all_start(self):
        results = self._at_once(*(lambda one=one: self._pay(one) for one in range(3)))
        self.assertTrue(all(isinstance(result, int) for result in results), results)
        self.assertEqual(self._look_at_open(), {(0,), (1,), (2,)})

    def test_b3_cores_tabs_and_the_portals_start_one_payment(self):
        token = self._get_token(0)
        results = self._at_once(
            *(lambda: self._pay_on_core_page(0, token),) * 3,
            *(lambda key=key: self._pay_on_portal(0, f"tab {key}") for key in range(3)),
            lambda: self._pay(0, 1),
        )
        self._assert_nothing_broke(results)
        started = [result for result in results if result]
        self.assertEqual(len(started), 1, results)
        self.assertEqual(len(self._look_at_open()), 1)

    def test_b3_declined_payment_of_two_invoices_makes_way_once(self):
        both = self._pay(0, 1)
        self._do(
            lambda env: env["payment.transaction"].browse(both)._set_error("Declined")
        )
        results = self._at_once(
            *(lambda key=key: self._pay_on_portal(0, f"tab {key}") for key in range(3)),
            *(lambda key=key: self._pay_on_portal(1, f"tab {key}") for key in range(3)),
        )
        self._assert_nothing_broke(results)
        self.assertTrue(any(results[:3]) or any(results[3:]))
        self.assertLessEqual(len([one for one in results[:3] if one]), 1)
        self.assertLessEqual(len([one for one in results[3:] if one]), 1)
        with self._look() as env:
            attempt = env["payment.transaction"].browse(both).portal_attempt_id
            self.assertFalse(attempt.is_open)
        self._look_at_open()

    def test_b3_overdue_page_and_portal_start_one_payment_an_invoice(self):
        day = "2020-03-31"
        self._do(
            lambda env: (
                env["account.move"]
                .browse(self.move_ids[:2])
                .write({"invoice_date_due": day})
            )
        )
        session = self._log_in()

        def pay_overdue():
            response = session.post(
                f"{self.url}/invoice/transaction/overdue",
                json={
                    "params": {
                        "payment_reference": "overdue",
                        "provider_id": self.provider_id,
                        "payment_method_id": self.card_id,
                        "token_id": None,
                        "amount": 200.0,
                        "flow": "direct",
                        "tokenization_requested": False,
                        "landing_route": "/my",
                    }
                },
                timeout=DEADLINE,
            )
            return response.json().get("result")

        results = self._at_once(
            pay_overdue, *(lambda one=one: self._pay_on_portal(one) for one in range(3))
        )
        self._assert_nothing_broke(results)
        self.assertNotIsInstance(results[0], requests.RequestException)
        self.assertTrue(results[3], "of the third invoice nothing was overdue")
        if results[0]:
            self.assertTrue(results[0]["client_secret"], results[0])
            self.assertFalse(results[1] or results[2])
        else:
            self.assertTrue(results[1] or results[2])
        self._look_at_open()
