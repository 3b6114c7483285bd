from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user

from .send_common import PortalSendCommon


class TestAccountMoveSendPortalOrigin(PortalSendCommon, HttpCase):
    """Invoices that came from other applications; each test needs its application.

    Without any of them all tests of this class are skipped, and all others run.
    """

    def setUp(self):
        super().setUp()
        # What there was before: made by whoever might.
        self.system = self.env(su=True)

    def _need(self, *modules):
        installed = self.system["ir.module.module"]._installed()
        if missing := [module for module in modules if module not in installed]:
            self.skipTest(f"not installed: {', '.join(missing)}")

    def _create_user(self, login, groups):
        """Create someone with just the rights of invoicing and of one application."""
        return new_test_user(
            self.env,
            login=login,
            groups=f"account.group_account_invoice,{groups}",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )

    def _attach(self, record, name):
        self.system["ir.attachment"].create(
            {"name": name, "raw": b"x", "res_model": record._name, "res_id": record.id}
        )

    def _create_order(self, **product):
        return self.system["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "user_id": self.salesperson.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.system["product.product"]
                            .create(
                                {
                                    "name": "Thing",
                                    "invoice_policy": "order",
                                    "list_price": 50,
                                    "taxes_id": False,
                                    **product,
                                }
                            )
                            .id
                        }
                    )
                ],
            }
        )

    def _get_origins(self, invoice, user):
        window = self._open_window(invoice, user)
        return {line.name: line.origin for line in window.document_ids}

    def test_s1_s3_sales_order_and_delivery(self):
        self._need("sale_stock")
        order = self._create_order(type="consu", is_storable=True)
        order.action_confirm()
        self._attach(order, "order.txt")
        self._attach(order.picking_ids, "delivery.txt")
        invoice = order._create_invoices()
        user = self._create_user(
            "sale_stock",
            "sales_team.group_sale_salesman_all_leads,stock.group_stock_user",
        )
        self.assertEqual(
            self._get_origins(invoice, user),
            {
                "order.txt": f"Sales Order {order.name}",
                "delivery.txt": f"Transfer {order.picking_ids.name}",
            },
        )

    def test_s1_invoice_of_an_order_is_sent(self):
        self._need("sale")
        order = self._create_order(type="service")
        order.action_confirm()
        invoice = order._create_invoices()
        window = self._open_window(invoice)
        window.action_continue()
        self.assertEqual(invoice.state, "posted")
        with self.mailbox() as mailbox:
            window.action_send()
        self.assertIn("View &amp; Pay Invoice", mailbox.messages[0].html)

    def test_s1_s3_project_and_task(self):
        self._need("sale_project")
        order = self._create_order(type="service", service_tracking="task_in_project")
        order.action_confirm()
        self._attach(order.tasks_ids, "task.txt")
        self._attach(order.project_ids, "project.txt")
        invoice = order._create_invoices()
        user = self._create_user("project_user", "project.group_project_manager")
        origins = self._get_origins(invoice, user)
        self.assertEqual(set(origins), {"task.txt", "project.txt"})
        self.assertIn("Task", origins["task.txt"])
        self.assertIn("Project", origins["project.txt"])

    def test_s1_s3_repair(self):
        self._need("repair")
        order = self._create_order(type="service")
        order.action_confirm()
        repair = self.system["repair.order"].create(
            {"partner_id": self.customer.id, "sale_order_id": order.id}
        )
        self._attach(repair, "photo.txt")
        invoice = order._create_invoices()
        user = self._create_user("repair_user", "stock.group_stock_user")
        self.assertEqual(
            self._get_origins(invoice, user),
            {"photo.txt": f"Repair Order {repair.name}"},
        )
        # Whose files one may not read one cannot send.
        self.assertFalse(self.biller.has_group("stock.group_stock_user"))
        self.assertEqual(self._get_origins(invoice, self.biller), {})

    def test_s1_s3_point_of_sale(self):
        self._need("point_of_sale")
        config = self.system["pos.config"].create({"name": "Shop"})
        config.open_ui()
        order = self.system["pos.order"].create(
            {
                "session_id": config.current_session_id.id,
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "amount_total": 100,
                "amount_tax": 0,
                "amount_paid": 0,
                "amount_return": 0,
                "account_move": self.invoice.id,
            }
        )
        self._attach(order, "receipt.txt")
        user = self._create_user("pos_user", "point_of_sale.group_pos_user")
        origins = self._get_origins(self.invoice, user)
        self.assertEqual(list(origins), ["receipt.txt"])
        self.assertIn(order.display_name, origins["receipt.txt"])
