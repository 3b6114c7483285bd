from ..origin_common import PortalOriginCommon


class TestAccountMoveSendPortalOriginSale(PortalOriginCommon):
    """Invoices of sales orders."""

    application = "sale"

    def test_s1_s3_s11_invoice_of_a_sales_order_is_sent_with_its_files(self):
        order = self._create_sales_order(type="service")
        self._attach(order, "order.txt")
        invoice = order._create_invoices()
        self.assertEqual(
            self._get_origins(invoice, self.biller),
            {"order.txt": f"Sales Order {order.name}"},
        )
        mail = self._send_with_all_documents(invoice)
        self.assert_sent(mail, invoice, "order.txt")
