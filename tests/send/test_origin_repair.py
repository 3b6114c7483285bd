from odoo.fields import Command

from ..origin_common import PortalOriginCommon


class TestAccountMoveSendPortalOriginRepair(PortalOriginCommon):
    """Invoices of repair orders, and of what was delivered."""

    application = "repair"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        warehouses = cls.system["stock.warehouse"]
        # A company that was there before the application has none.
        if not warehouses.search([("company_id", "=", cls.company.id)]):
            warehouses.create({"company_id": cls.company.id})

    def _create_repair(self):
        """Return a repair for which a part was needed, and its quotation."""
        repair = self.system["repair.order"].create(
            {
                "partner_id": self.customer.id,
                "user_id": self.salesperson.id,
                "move_ids": [
                    Command.create(
                        {
                            "repair_line_type": "add",
                            "product_id": self._create_thing(
                                type="consu", invoice_policy="order"
                            ).id,
                            "product_uom_qty": 1,
                        }
                    )
                ],
            }
        )
        repair.action_create_sale_order()
        repair.sale_order_id.action_confirm()
        return repair

    def test_s1_s11_invoice_of_a_repair_is_sent(self):
        invoice = self._create_repair().sale_order_id._create_invoices()
        self.assertEqual(invoice.amount_total, 50)
        self.assert_sent(self._send_with_all_documents(invoice), invoice)

    def test_s1_s3_s11_files_of_the_repair_are_sent(self):
        repair = self._create_repair()
        self._attach(repair, "photo.txt")
        invoice = repair.sale_order_id._create_invoices()
        # Whose files one may not read one cannot send.
        self.assertEqual(self._get_origins(invoice, self.biller), {})
        repairer = self._create_user("repair_user", "stock.group_stock_user")
        self.assertEqual(
            self._get_origins(invoice, repairer),
            {"photo.txt": f"Repair Order {repair.name}"},
        )
        mail = self._send_with_all_documents(invoice, repairer)
        self.assert_sent(mail, invoice, "photo.txt")

    def test_s1_s3_files_of_the_delivery_are_offered(self):
        order = self._create_sales_order(type="consu", is_storable=True)
        self._attach(order, "order.txt")
        self._attach(order.picking_ids, "delivery.txt")
        user = self._create_user(
            "delivery_user",
            "sales_team.group_sale_salesman_all_leads,stock.group_stock_user",
        )
        self.assertEqual(
            self._get_origins(order._create_invoices(), user),
            {
                "order.txt": f"Sales Order {order.name}",
                "delivery.txt": f"Transfer {order.picking_ids.name}",
            },
        )
