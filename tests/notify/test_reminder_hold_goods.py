from odoo.fields import Command
from odoo.tests import Form

from ..origin_common import PortalOriginCommon


class TestReminderHoldGoods(PortalOriginCommon):
    """Nobody is reminded to pay for goods that are not there, or are coming back."""

    application = "repair"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        warehouses = cls.system["stock.warehouse"]
        # A company that was there before the application has none.
        if not warehouses.search([("company_id", "=", cls.company.id)]):
            warehouses.create({"company_id": cls.company.id})
        cls.order = cls._create_sales_order(type="consu")
        cls.invoice = cls._create_invoice(cls.order)
        cls.other = cls._create_portal_invoice()

    @classmethod
    def _create_invoice(cls, order):
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice

    def _get_codes(self, invoice=None):
        """Return why not, as a biller sees it who has no rights on stock or sales."""
        self.env.flush_all()
        self.env.invalidate_all()
        moves = ((invoice or self.invoice) + self.other).with_user(self.biller)
        holds = self.env["account.move.portal.hold"].with_user(self.biller)
        reasons = holds._get_reasons(moves)
        # What was bought in no such order is no matter.
        self.assertFalse(reasons[self.other.id])
        return [reason.code for reason in reasons[moves[0].id]]

    def _deliver(self, picking, quantity=1):
        picking.move_ids.quantity = quantity
        picking.with_context(skip_backorder=True).button_validate()

    def test_b11_goods_that_are_not_delivered(self):
        self.assertEqual(self._get_codes(), ["not_delivered"])
        self._deliver(self.order.picking_ids)
        self.assertEqual(self.order.picking_ids.state, "done")
        self.assertEqual(self._get_codes(), [])

    def test_b11_rest_that_is_not_delivered(self):
        order = self._create_sales_order(type="consu")
        order.order_line.product_uom_qty = 3
        invoice = self._create_invoice(order)
        picking = order.picking_ids
        self._deliver(picking)
        backorder = order.picking_ids - picking
        self.assertTrue(backorder, "the rest comes later")
        self.assertEqual(self._get_codes(invoice), ["not_delivered"])
        backorder.action_cancel()
        self.assertEqual(self._get_codes(invoice), [])

    def test_b11_goods_that_are_coming_back(self):
        picking = self.order.picking_ids
        self._deliver(picking)
        window = Form(
            self.system["stock.return.picking"].with_context(
                active_id=picking.id, active_model="stock.picking"
            )
        ).save()
        window.product_return_moves.quantity = 1
        action = window.action_create_returns()
        returned = self.system["stock.picking"].browse(action["res_id"])
        self.assertEqual(self._get_codes(), ["returned"])
        self._deliver(returned)
        self.assertEqual(self._get_codes(), [])

    def test_b11_repair_that_is_not_done(self):
        repair = self.system["repair.order"].create(
            {
                "partner_id": self.customer.id,
                "move_ids": [
                    Command.create(
                        {
                            "repair_line_type": "add",
                            "product_id": self._create_thing(
                                type="service", invoice_policy="order"
                            ).id,
                            "product_uom_qty": 1,
                        }
                    )
                ],
            }
        )
        repair.action_create_sale_order()
        order = repair.sale_order_id
        order.order_line = [
            Command.create(
                {
                    "product_id": self._create_thing(
                        type="service", invoice_policy="order"
                    ).id
                }
            )
        ]
        order.action_confirm()
        invoice = self._create_invoice(order)
        self.assertIn("repair", self._get_codes(invoice))
        repair.state = "done"
        self.assertNotIn("repair", self._get_codes(invoice))
