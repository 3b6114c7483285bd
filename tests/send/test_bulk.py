from odoo.tests import Form

from ..send_common import PortalSendCommon


class TestPortalBulk(PortalSendCommon):
    """Many invoices, from the list to the customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = cls.env["res.partner"].create(
            [
                {"name": f"Customer {number}", "email": f"c{number}@customer.example"}
                for number in range(3)
            ]
        )
        cls.invoices = cls.env["account.move"].concat(
            *(cls._create_portal_invoice(partner_id=each.id) for each in cls.customers)
        )

    def _open_mass_window(self, invoices=None, **values):
        """Open the window on invoices, as the list's action does."""
        invoices = (invoices or self.invoices).with_user(self.biller)
        action = invoices.action_open_portal_mass_send()
        window = invoices.env[action["res_model"]].browse(action["res_id"])
        with Form(window) as form:
            for name, value in values.items():
                form[name] = value
        return window

    def _start(self, invoices=None, **values):
        action = self._open_mass_window(invoices, **values).action_send()
        return self.env[action["res_model"]].browse(action["res_id"])

    def test_b6_each_customer_gets_their_invoice_once(self):
        batch = self._start()
        with self.mailbox() as mailbox:
            self._send_due()
            self._send_due()
        self.assertEqual(
            sorted(mail.envelope_to[0] for mail in mailbox.messages),
            sorted(self.customers.mapped("email")),
            batch.delivery_ids.mapped("answer"),
        )
        self.assertEqual((batch.sent_count, batch.state), (3, "done"))
        for invoice, customer in zip(self.invoices, self.customers, strict=True):
            [mail] = [
                each
                for each in mailbox.messages
                if each.envelope_to == [customer.email]
            ]
            [link] = self._get_links(invoice)
            self.assertIn(link._get_url(), mail.html)
            self.assertEqual(
                mail.attachments[0].content, invoice.invoice_pdf_report_id.raw
            )
            self.assertTrue(invoice.is_move_sent)
