from unittest import SkipTest

from odoo.fields import Command
from odoo.tests import Form, new_test_user

from .send_common import PortalSendCommon


class PortalOriginCommon(PortalSendCommon):
    """Invoices that came from an application, which is optional.

    The tests of each application run where it is the only one, and where all are.
    """

    #: Technical name of the application without which the tests are skipped.
    application = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.application not in cls.env["ir.module.module"]._installed():
            raise SkipTest(f"not installed: {cls.application}")
        # What there was before: made by whoever might.
        cls.system = cls.env(su=True)

    @classmethod
    def _create_user(cls, login, groups):
        """Create someone with just the rights of invoicing and of one application."""
        return new_test_user(
            cls.env,
            login=login,
            groups=f"account.group_account_invoice,{groups}",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _create_thing(cls, **values):
        return cls.system["product.product"].create(
            {"name": "Thing", "list_price": 50, "taxes_id": False, **values}
        )

    @classmethod
    def _create_sales_order(cls, **product):
        product = {"invoice_policy": "order", **product}
        order = cls.system["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "user_id": cls.salesperson.id,
                "order_line": [
                    Command.create({"product_id": cls._create_thing(**product).id})
                ],
            }
        )
        order.action_confirm()
        return order

    def _attach(self, record, name):
        self.system["ir.attachment"].create(
            {"name": name, "raw": b"x", "res_model": record._name, "res_id": record.id}
        )

    def _get_origins(self, invoice, user):
        window = self._open_window(invoice, user)
        return {line.name: line.origin for line in window.document_ids}

    def _send_with_all_documents(self, invoice, user=None):
        """Confirm and send an invoice with its documents, as who uses the window.

        :return: The mail as the server received it.
        """
        window = self._open_window(invoice, user)
        with Form(window) as form:
            if window.document_ids:
                form.include_documents = "yes"
        if window.step == "questions":
            window.action_continue()
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        return mail

    def assert_sent(self, mail, invoice, *documents, button="View &amp; Pay Invoice"):
        """Check that a mail brings an invoice, and a link that opens it.

        :param mail: The mail as the server received it.
        :param account.move invoice: The invoice.
        :param str documents: Names of the supporting documents that come with it.
        :param str button: What the button says.
        """
        self.assertEqual((invoice.state, invoice.is_move_sent), ("posted", True))
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])
        self.assertIn(invoice.name, mail.subject)
        self.assertIn(button, mail.html)
        link = self._get_links(invoice)
        self.assertEqual({each["href"] for each in mail.links}, {link._get_url()})
        self.assertEqual(
            self.env["account.move.portal.link"]._find_live(link.sudo().token).move_id,
            invoice,
        )
        files = {each.name: each.content for each in mail.attachments}
        pdf = files.pop(invoice.invoice_pdf_report_id.name)
        self.assertTrue(pdf.startswith(b"%PDF-"))
        self.assertEqual(pdf, invoice.invoice_pdf_report_id.raw)
        self.assertEqual(set(files), set(documents))
