import hashlib
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import freezegun

from odoo import SUPERUSER_ID, fields
from odoo.fields import Command
from odoo.sql_db import Cursor
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.account_payment_portal.models.document.ir_actions_report import (
    PRINT_BUNDLES,
)
from odoo.addons.account_payment_portal.models.visit import account_move_portal_event
from odoo.addons.account_payment_portal.tools.bot_detection import Report
from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .development import Mailbox

#: How long a server may take to answer a request: no test is about that.
ANSWER_SECONDS = 180
# What a browser sends, as far as it matters.
BROWSER_HEADERS = {
    "User-Agent": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
    ),
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
}


@tagged("post_install", "-at_install")
class AccountingCommon(AccountTestInvoicingCommon):
    """Core's company with a chart of accounts."""

    @classmethod
    def setUpClass(cls):
        # Past core's own set-up: taxes, products, terms, partners and a user, of which
        # no test makes use, take longer than all the rest.
        super(AccountTestInvoicingCommon, cls).setUpClass()
        cls.maxDiff = None
        cls.company_data = cls.collect_company_accounting_data(cls.env.company)

    @classmethod
    def setup_independent_company(cls, **kwargs):
        # A chart of accounts takes seconds to load: test databases come with a company
        # that has one, as core's tests would make it.
        # In sudo mode because only those who may enter a company find it.
        prepared = (
            cls.env["res.company"].sudo().search([("name", "=", "company_1_data")])
        )
        if not prepared:
            return super().setup_independent_company(**kwargs)
        cls.env.user.company_ids |= prepared  # As creating it does.
        return prepared.with_env(cls.env)

    def url_open(self, url, *args, timeout=ANSWER_SECONDS, **kwargs):
        """Have core's 12 seconds last as long as a busy machine may take."""
        return super().url_open(url, *args, timeout=timeout, **kwargs)

    def make_jsonrpc_request(self, route, *args, timeout=ANSWER_SECONDS, **kwargs):
        """Have core's 12 seconds last as long as a busy machine may take."""
        return super().make_jsonrpc_request(route, *args, timeout=timeout, **kwargs)

    @classmethod
    def _offer_payment(cls):
        """Give the company's customers a way to pay."""
        # In sudo mode because the installed provider is another company's.
        template = cls.env.ref("payment.payment_provider_stripe").sudo()
        provider = template.copy({"company_id": cls.env.company.id})
        provider.write(
            {
                "stripe_publishable_key": "pk_test_portal",
                "stripe_secret_key": "sk_test_portal",
                "state": "test",
                "is_published": True,
            }
        )
        return provider

    @classmethod
    def _prepare_printing(cls):
        """Have the style sheets of PDF files compiled before the tests begin.

        Odoo keeps them as attachments, which would go with each test that makes them.
        """
        for bundle in PRINT_BUNDLES:
            cls.env["ir.actions.report"]._pdf_compiled(bundle)

    def _broken_layout(self, bad):
        """Have the printing of one invoice fail."""
        Move = type(self.env["account.move"])
        original = Move._get_move_lines_to_report

        def broken(move):
            if move.id == bad.id:
                raise ValueError("no lines today")
            return original(move)

        return patch.object(Move, "_get_move_lines_to_report", broken)


@tagged("post_install", "-at_install")
class PortalCommon(AccountingCommon):
    """A company, its salesperson, its biller, a customer and an open invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._stop_clock()
        cls.company = cls.company_data["company"]
        cls.company.email = "billing@company.example"
        cls.provider = cls._offer_payment()
        cls.salesperson = new_test_user(
            cls.env,
            login="portal_salesperson",
            groups="base.group_user,account.group_account_invoice",
            name="Sally Sales",
            email="sally@company.example",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            notification_type="inbox",
        )
        # The least that lets one work with invoices.
        cls.biller = new_test_user(
            cls.env,
            login="portal_biller",
            groups="account.group_account_invoice",
            name="Bill Biller",
            email="bill@company.example",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Carla Customer",
                "email": "carla@customer.example",
                "street": "1 Long Street",
                "city": "Dover",
                "zip": "19901",
                "country_id": cls.env.ref("base.us").id,
                "state_id": cls.env.ref("base.state_us_8").id,
                "lang": "en_US",
            }
        )
        cls.invoice = cls._create_portal_invoice()

    @classmethod
    def _stop_clock(cls):
        """Let time stand still, but for :meth:`_pass_time` and ``freeze_time``.

        It stands where that of ``create_date`` does: when the transaction, and with it
        the class, began. How long anything takes on this machine is then no matter.
        """
        began, read_clock = cls.env.cr.now(), fields.Datetime.now
        # Odoo's has no fractions of a second; it is never before what has happened.
        now = began.replace(microsecond=0) + timedelta(seconds=1)

        def read_stopped_clock(*_args):
            return read_clock() if freezegun.api.freeze_factories else now

        cls.startClassPatcher(
            patch.object(fields.Datetime, "now", staticmethod(read_stopped_clock))
        )
        stopped = SQL(f"'{now}'::timestamp")
        cls.startClassPatcher(patch.object(account_move_portal_event, "CLOCK", stopped))

    @classmethod
    def _create_portal_invoice(cls, price=100.0, post=True, **values):
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_user_id": cls.salesperson.id,
                "invoice_date": "2020-03-01",
                "invoice_date_due": "2099-03-31",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Consulting",
                            "quantity": 1,
                            "price_unit": price,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
                **values,
            }
        )
        if post:
            invoice.action_post()
        return invoice

    @classmethod
    def _create_link(cls, invoice=None, **values):
        # In sudo mode because users say nothing of what happened to a link.
        link_sudo = (
            cls.env["account.move.portal.link"]
            .sudo()
            .create(
                {
                    "move_id": (invoice or cls.invoice).id,
                    "email": "carla@customer.example",
                    "partner_id": cls.customer.id,
                    **values,
                }
            )
        )
        return link_sudo.sudo(cls.env.su)

    @classmethod
    def _record_sent(cls, link, content=None, **values):
        """Have an email with a link been sent.

        :param bytes content: The PDF that went with it, if one did.
        :param dict values: Other values of the email.
        :return: The email, in sudo mode.
        """
        documents = [
            Command.create(
                {
                    "move_id": link.move_id.id,
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
            )
            for content in filter(None, [content])
        ]
        # In sudo mode because nobody writes what was sent.
        delivery_sudo = (
            cls.env["account.move.portal.delivery"]
            .sudo()
            .create(
                {
                    "move_id": link.move_id.id,
                    "link_id": link.id,
                    "email": link.email,
                    "formatted": link.email,
                    "role": "bcc" if link.audience == "internal" else "to",
                    "state": "sent",
                    "sent_on": fields.Datetime.now(),
                    "document_ids": documents,
                    **values,
                }
            )
        )
        cls.env["account.move.portal.event"]._record_sent(delivery_sudo)
        return delivery_sudo

    @contextmanager
    def _capture_statements(self):
        """Collect what is asked of the database, but for tests' own savepoints."""
        statements = []
        execute = Cursor.execute

        def record(cursor, query, *args, **kwargs):
            code = getattr(query, "code", query).strip()
            if "SAVEPOINT" not in code:
                statements.append(code)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", record):
            yield statements

    @contextmanager
    def _no_commit(self):
        """Keep what the scheduler does within the test's transaction."""
        with patch.object(self.env.cr, "commit", lambda: None):
            yield

    def _run_notifications(self):
        """Run what is due, as the scheduler would."""
        with self._no_commit():
            self.env["account.move.portal.notification"].with_user(
                SUPERUSER_ID
            )._run_due()

    def _send_due(self):
        """Send the emails that are due, as the scheduler would."""
        self.env.flush_all()
        with self._no_commit():
            # Odoo makes no PDF in tests unless told to.
            self.env["account.move.portal.delivery"].with_user(
                SUPERUSER_ID
            ).with_context(force_report_rendering=True)._run_due()
        self.env.invalidate_all()

    def _get_staff_messages(self, invoice, user):
        """Return the messages about an invoice that notified a user."""
        # In sudo mode because only those notified may see such a message.
        return (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", "account.move"),
                    ("res_id", "=", invoice.id),
                    ("notified_partner_ids", "in", user.partner_id.ids),
                ]
            )
        )

    # === VISITS === #

    @classmethod
    def _pass_time(cls, seconds):
        """Let time pass: everything that happened is that much longer ago."""
        cls.env.flush_all()
        interval = f"{seconds} seconds"
        for table, column in [
            ("account_move_portal_event", "create_date"),
            ("account_move_portal_link", "create_date"),
            ("account_move_portal_link", "sent_on"),
            ("account_move_portal_failed_lookup", "failed_on"),
            ("account_move_portal_link_request", "create_date"),
            ("account_move_portal_link_request", "retry_on"),
            ("account_move_portal_notification", "retry_on"),
            ("account_move_portal_delivery", "retry_on"),
            ("account_move_portal_delivery", "claimed_on"),
            ("account_move_portal_delivery", "sent_on"),
            ("account_move_portal_mail_budget", "held_until"),
            ("account_move_portal_mail_permit", "taken_on"),
        ]:
            cls.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s = %s - %s::interval",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    SQL.identifier(column),
                    interval,
                )
            )
        cls.env.cr.execute(
            "UPDATE account_move_portal_event SET period = period - %s",
            [round(seconds / 1800)],
        )
        cls.env.invalidate_all()

    @classmethod
    def _record_visit(cls, link, visitor="unverified", reason="browser", **request):
        """Open a link's page."""
        return cls.env["account.move.portal.event"]._record_visit(
            link.sudo(), visitor, reason=reason, **request
        )

    @classmethod
    def _record_view(cls, link, visit=None, how="interaction", **report):
        """Look at a link's page as a person does."""
        if visit is None:
            visit = cls._record_visit(link)
            cls._pass_time(5)
        return cls.env["account.move.portal.event"]._record_view(
            link.sudo(), visit.id, visit._get_visit_proof(), Report(how, **report)
        )


class PortalMailCommon(PortalCommon):
    """The same with a real SMTP server, to which Odoo really delivers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo sends nothing during tests unless told to.
        cls.startClassPatcher(
            patch.object(IrMail_Server, "_disable_send", lambda self: False)
        )
        cls.env["ir.mail_server"].search([]).active = False

    @contextmanager
    def mailbox(self, **behaviour):
        """Run an SMTP server, known to Odoo, that behaves as told."""
        with Mailbox(**behaviour) as mailbox:
            server = self.env["ir.mail_server"].create(
                {
                    "name": "Mailbox",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": mailbox.smtp_port,
                    "smtp_encryption": "none",
                }
            )
            try:
                yield mailbox
            finally:
                server.active = False
