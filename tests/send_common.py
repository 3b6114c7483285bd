from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, Form
from odoo.tests.common import get_db_name

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from ..tools import sql
from .common import PortalMailCommon
from .development import Mailbox

MAIL_LOGGERS = (
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.base.models.ir_mail_server",
)


class PortalSendCommon(PortalMailCommon):
    """Someone with the least rights who emails payment portal links."""

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


class PortalSendProcessCase(BaseCase):
    """A window whose sending is committed to the real database.

    A draft is sent, because it can be removed afterwards without a trace.
    """

    def setUp(self):
        super().setUp()
        # Odoo holds it while it runs tests by itself: no thread could begin.
        self.patch(Registry, "_lock", DummyRLock())
        self.registry = Registry(get_db_name())
        self.mailbox = Mailbox()
        self.mailbox.start()
        self.addCleanup(self.mailbox.stop)
        self.delivery_class = self.registry["account.move.portal.delivery"]
        self.startPatcher(
            patch.object(IrMail_Server, "_disable_send", lambda *args: False)
        )
        self.startPatcher(patch.object(sql, "can_commit", lambda: True))
        with self._transaction() as env:
            self.ids = self._create_all(env)
        self.addCleanup(self._remove_all)

    def _start_over(self):
        """Have a new invoice in a new window."""
        self._remove_all()
        with self._transaction() as env:
            self.ids = self._create_all(env)

    @contextmanager
    def _transaction(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _create_all(self, env):
        partner = env["res.partner"].create(
            {"name": "Race", "email": "race@customer.example"}
        )
        move = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_line_ids": [
                    (0, 0, {"name": "x", "price_unit": 1, "tax_ids": False})
                ],
            }
        )
        server = env["ir.mail_server"].create(
            {
                "name": "Race",
                "smtp_host": "127.0.0.1",
                "smtp_port": self.mailbox.smtp_port,
                "smtp_encryption": "none",
                "sequence": -1,
            }
        )
        window = env["account.move.send.portal"].create({"move_id": move.id})
        return {each._name: each.id for each in (window, move, server, partner)}

    def _remove_all(self):
        with self._transaction() as env:
            env["account.move.portal.delivery"].search(
                [("move_id", "=", self.ids["account.move"])]
            ).batch_id.unlink()
            for model, record_id in self.ids.items():
                env[model].browse(record_id).exists().unlink()

    def _get_window(self, env):
        return env["account.move.send.portal"].browse(
            self.ids["account.move.send.portal"]
        )

    def _get_links(self, env):
        return self._get_window(env).move_id.portal_link_ids.filtered("email")

    def _get_deliveries(self, env):
        return self._get_window(env)._get_deliveries()
