from odoo.tests import Form

from .common import PortalMailCommon

MAIL_LOGGERS = (
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.base.models.ir_mail_server",
)


class PortalSendCommon(PortalMailCommon):
    """Someone with the least rights who e-mails payment portal links."""

    #: Whether the invoice has its PDF already, for tests to which it does not matter:
    #: to make it takes longer than all the rest of sending.
    has_document = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._prepare_printing()
        if cls.has_document:
            windows = cls.env["account.move.send.portal"]
            windows.create({"move_id": cls.invoice.id})._prepare_documents()

    def _open_window(self, invoice=None, user=None):
        """Open the window on an invoice, as the button does."""
        user = user or self.biller
        # Odoo makes no PDF in tests unless told to.
        invoice = (
            (invoice or self.invoice)
            .with_user(user)
            .with_context(force_report_rendering=True)
        )
        action = invoice.action_open_portal_send()
        return invoice.env[action["res_model"]].browse(action["res_id"])

    def _compose(self, invoice=None, user=None, **values):
        """Open the window, fill it in, and save it as the web client does."""
        window = self._open_window(invoice, user)
        if window.step == "questions":
            window.action_continue()
        with Form(window) as form:
            for field, value in values.items():
                form[field] = value
        return window

    def _send(self, invoice=None, **values):
        """Open the window, fill it in, and send."""
        window = self._compose(invoice, **values)
        return window, window.action_send()

    def _get_links(self, invoice=None):
        """Return the recipients' links, without the one on the PDF."""
        return (invoice or self.invoice).portal_link_ids.filtered("email")

    def _get_notes(self, invoice=None):
        return (invoice or self.invoice).message_ids.filtered(
            lambda message: "Payment portal link sent" in (message.body or "")
        )

    def _count_traces(self, invoice=None):
        """Return what previews and a cancelled window must not change."""
        invoice = invoice or self.invoice
        self.env.flush_all()
        return {
            "links": len(invoice.portal_link_ids),
            "events": self.env["account.move.portal.event"].search_count([]),
            "notifications": self.env["account.move.portal.notification"].search_count(
                []
            ),
            "messages": len(invoice.message_ids),
            "mails": self.env["mail.mail"].search_count([]),
            "files": self.env["ir.attachment"].search_count(
                [("res_model", "=", "account.move"), ("res_field", "in", [False, None])]
            ),
            "pdf": bool(invoice.invoice_pdf_report_id),
            "sent": invoice.is_move_sent,
        }
