import stripe

from odoo.exceptions import ValidationError
from odoo.fields import Command

from ... import const
from ..payment_common import VISA
from ..process_common import PortalProcessCase


class TestPaymentSharesRace(PortalProcessCase):
    """Payments of several invoices by share, started or booked at the same time."""

    def setUp(self):
        super().setUp()
        self.move_ids = [self._do(self._create_invoice) for _number in range(3)]

    def _create_invoice(self, env):
        path = self._create_links(env)[0]
        link = env["account.move.portal.link"]._find_live(path.rpartition("/")[2])
        return link.move_id.id

    def _start(self, shares):
        """Start a payment as another worker does.

        :param dict shares: The amount by the number of the invoice.
        :return: The id of the transaction; nothing if it was refused.
        """
        lines = {self.move_ids[number]: share for number, share in shares.items()}
        values = {
            "provider_id": self.provider_id,
            "payment_method_id": self.card_id,
            "amount": sum(lines.values()),
            "partner_id": self.partner_id,
            "operation": "online_direct",
            "invoice_ids": [Command.set(list(lines))],
            "portal_attempt_ids": [
                Command.create(
                    {
                        "origin": "portal",
                        "line_ids": [
                            Command.create({"move_id": move_id, "amount": share})
                            for move_id, share in lines.items()
                        ],
                    }
                )
            ],
        }

        def start(env):
            currency = env.ref("base.USD")
            txs = env["payment.transaction"]
            return txs.create({**values, "currency_id": currency.id}).id

        try:
            return self._do(start)
        except ValidationError:
            return None

    def _book(self, tx_id):
        """Book a payment as whichever of return, webhook and catch-up comes first."""

        def book(env):
            attempt = env["payment.transaction"].browse(tx_id).portal_attempt_id
            attempt._lock()
            attempt._book()
            return True

        return self._do(book)

    def _set_done(self, tx_id):
        self._do(lambda env: env["payment.transaction"].browse(tx_id)._set_done() and 1)

    def _get_residuals(self):
        with self._look() as env:
            return env["account.move"].browse(self.move_ids).mapped("amount_residual")

    def _assert_nothing_broke(self, results):
        broken = [result for result in results if isinstance(result, Exception)]
        self.assertFalse(broken)

    def test_b3_of_overlapping_sets_none_share_an_invoice(self):
        wanted = [
            {0: 10.0, 1: 100.0},
            {1: 99.99, 2: 0.01},
            {2: 100.0},
            {2: 50.0, 0: 50.0},
            {0: 1.0, 1: 2.0, 2: 3.0},
        ]
        results = self._at_once(
            *(lambda shares=shares: self._start(shares) for shares in wanted)
        )
        self._assert_nothing_broke(results)
        started = [
            shares for shares, result in zip(wanted, results, strict=True) if result
        ]
        kept = [number for shares in started for number in shares]
        self.assertTrue(started)
        self.assertEqual(len(kept), len(set(kept)), "one open attempt an invoice")
        # What was started is booked, all of it and nothing else.
        for tx_id in filter(None, results):
            self._set_done(tx_id)
        self._assert_nothing_broke(
            self._at_once(
                *(
                    lambda tx_id=tx_id: self._book(tx_id)
                    for tx_id in filter(None, results)
                )
            )
        )
        paid = {number: share for one in started for number, share in one.items()}
        self.assertEqual(
            self._get_residuals(),
            [round(100.0 - paid.get(number, 0.0), 2) for number in range(3)],
        )

    def test_b10_payment_that_several_workers_book_is_booked_once(self):
        tx_id = self._start({0: 33.33, 1: 100.0, 2: 0.01})
        self._set_done(tx_id)
        results = self._at_once(*(lambda: self._book(tx_id),) * 4)
        self._assert_nothing_broke(results)
        self.assertEqual(self._get_residuals(), [66.67, 0.0, 99.99])
        with self._look() as env:
            tx = env["payment.transaction"].browse(tx_id)
            payments = env["account.payment"].search(
                [("payment_transaction_id", "=", tx_id)]
            )
            self.assertEqual(payments, tx.payment_id)
            self.assertFalse(any(tx.portal_attempt_id.line_ids.mapped("is_open")))
            partials = env["account.partial.reconcile"].search(
                [("credit_move_id.move_id", "=", payments.move_id.id)]
            )
            self.assertEqual(sorted(partials.mapped("amount")), [0.01, 33.33, 100.0])

    def test_b10_refunds_at_once_never_reopen_the_same_share(self):
        tx_id = self._start({0: 30.0, 1: 100.0})
        self._do(lambda env: self._charge(env["payment.transaction"].browse(tx_id)))

        def refund(env):
            tx = env["payment.transaction"].browse(tx_id)
            [_first, line] = tx.portal_attempt_id.line_ids.sorted("id")
            chosen = {const.CONTEXT_REOPENED: {line.id: 60.0}}
            return tx.with_context(**chosen)._refund(60.0).id

        results = self._at_once(*(lambda: self._do(refund),) * 2)
        refused = [one for one in results if isinstance(one, ValidationError)]
        self.assertEqual(len(refused), 1, results)
        self.assertIn("40.00 at most", str(refused[0]))
        self.assertEqual(len(self.sandbox.objects("refund")), 1)
        self.assertEqual(self._get_residuals(), [70.0, 60.0, 100.0])

    def _charge(self, tx):
        """Have the customer's card charged, and book it."""
        tx._get_processing_values()
        stripe.StripeClient(
            self.sandbox.secret_key, base_addresses={"api": self.sandbox.url}
        ).v1.payment_intents.confirm(tx.provider_reference, VISA)
        tx.portal_attempt_id._stripe_refresh()
        return True
