from odoo.fields import Command

from ..origin_common import PortalOriginCommon


class TestAccountMoveSendPortalOriginPointOfSale(PortalOriginCommon):
    """Invoices of point-of-sale orders: paid at the counter, or later."""

    application = "point_of_sale"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        methods = cls.system["pos.payment.method"].create(
            [
                {"name": "Customer Account", "split_transactions": True},
                {
                    "name": "Card Machine",
                    "journal_id": cls.company_data["default_journal_bank"].id,
                },
            ]
        )
        cls.on_account, cls.card = methods
        cls.shop = cls.system["pos.config"].create(
            {"name": "Shop", "payment_method_ids": [Command.set(methods.ids)]}
        )
        cls.shop.open_ui()

    def _create_order(self, payment_method):
        """Return an order for which the customer was given an invoice."""
        product = self._create_thing(available_in_pos=True)
        order = self.system["pos.order"].create(
            {
                "session_id": self.shop.current_session_id.id,
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "amount_total": 50,
                "amount_tax": 0,
                "amount_paid": 0,
                "amount_return": 0,
                "lines": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "qty": 1,
                            "price_unit": 50,
                            "price_subtotal": 50,
                            "price_subtotal_incl": 50,
                        }
                    )
                ],
            }
        )
        order.add_payment(
            {
                "pos_order_id": order.id,
                "payment_method_id": payment_method.id,
                "amount": 50,
            }
        )
        order.action_pos_order_paid()
        order.with_context(generate_pdf=False).action_pos_order_invoice()
        return order

    def test_s1_s11_invoice_on_account_is_sent_and_can_be_paid(self):
        invoice = self._create_order(self.on_account).account_move
        self.assertEqual(invoice.amount_residual, 50)
        self.assert_sent(self._send_with_all_documents(invoice), invoice)

    def test_s1_s3_s11_paid_invoice_is_sent_to_be_viewed_with_the_orders_files(self):
        order = self._create_order(self.card)
        self._attach(order, "receipt.txt")
        cashier = self._create_user("pos_user", "point_of_sale.group_pos_user")
        origins = self._get_origins(order.account_move, cashier)
        self.assertEqual(list(origins), ["receipt.txt"])
        self.assertIn(order.display_name, origins["receipt.txt"])
        invoice = order.account_move
        mail = self._send_with_all_documents(invoice, cashier)
        self.assert_sent(mail, invoice, "receipt.txt", button="View Invoice")
