from ..origin_common import PortalOriginCommon


class TestAccountMoveSendPortalOriginSaleProject(PortalOriginCommon):
    """Invoices of what was recorded on a project's timesheet."""

    application = "sale_timesheet"

    def _create_timesheet_order(self):
        """Return an order of hours, two of which were worked on its task."""
        order = self._create_sales_order(
            type="service",
            service_tracking="task_in_project",
            service_type="timesheet",
            invoice_policy="delivery",
        )
        self.system["account.analytic.line"].create(
            {
                "name": "Work",
                "project_id": order.project_ids.id,
                "task_id": order.tasks_ids.id,
                "unit_amount": 2,
                "employee_id": self.system["hr.employee"].create({"name": "Emil"}).id,
            }
        )
        return order

    def test_s1_s11_invoice_of_a_timesheet_is_sent(self):
        order = self._create_timesheet_order()
        invoice = order._create_invoices()
        self.assertTrue(invoice.timesheet_ids)
        self.assertEqual(invoice.amount_total, 100, "two hours of 50 each")
        self.assert_sent(self._send_with_all_documents(invoice), invoice)

    def test_s1_s3_s11_files_of_project_and_task_are_sent(self):
        order = self._create_timesheet_order()
        self._attach(order.tasks_ids, "task.txt")
        self._attach(order.project_ids, "project.txt")
        invoice = order._create_invoices()
        manager = self._create_user("project_user", "project.group_project_manager")
        origins = self._get_origins(invoice, manager)
        self.assertEqual(set(origins), {"task.txt", "project.txt"})
        self.assertIn("Task", origins["task.txt"])
        self.assertIn("Project", origins["project.txt"])
        mail = self._send_with_all_documents(invoice, manager)
        self.assert_sent(mail, invoice, "task.txt", "project.txt")
