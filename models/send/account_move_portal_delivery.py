import hashlib
import logging
import re
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

import psycopg2
from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError
from odoo.fields import Command, Domain
from odoo.tools import email_normalize_all, formataddr
from odoo.tools.mail import (
    email_split_and_format_normalize,
    generate_tracking_message_id,
)

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ... import const
from ...tools import (
    email_addresses,
    inline_pictures,
    outgoing,
    smtp_connections,
    smtp_errors,
    smtp_limits,
    sql,
)
from ..link.account_move import is_staff

#: The tokens of links in a text.
PORTAL_TOKENS = re.compile(r"/portal/(?:invoice|account)/([\w-]{20,})")
PORTAL_TOKENS_IN_FILE = re.compile(PORTAL_TOKENS.pattern.encode())
_logger = logging.getLogger(__name__)
# Minutes after which an email that nobody works on counts as broken off.
ABANDONED_MINUTES = 1
# Seconds after which an email is tried again whose invoice was just being changed.
LOCKED_SECONDS = 20
#: The states in which a person may have an email sent once more.
REPEATABLE = ("refused", "uncertain", "cancelled", "skipped")
#: The states in which an email may have arrived: it proves something, for good.
PROVING = ("sent", "uncertain")
# How many rows are removed at a time.
RETENTION_BATCH = 5000
#: The template of the emails about a payment, by kind.
TEMPLATES = {
    "receipt": "account_payment_portal.mail_template_portal_receipt",
    "verification": "account_payment_portal.mail_template_portal_verify",
    "payment_failed": "account_payment_portal.mail_template_portal_payment_failed",
}


class Handover(NamedTuple):
    """All that is needed to hand an email over.

    :param smtplib.SMTP session: The connection to the mail server; None in tests.
    :param ir.mail_server server: The mail server; empty for that of the configuration.
    :param email.message.EmailMessage message: The email.
    :param list[str] recipients: The only addresses that get it.
    :param dict marks: What was known of its links before, by id.
    :param dict context: What core's mail servers take from the context.
    """

    session: object
    server: object
    message: object
    recipients: list
    marks: dict
    context: dict


class AccountMovePortalDelivery(models.Model):
    """One email to one recipient, and what became of it.

    An email cannot be undone when a transaction is. So all that can fail comes
    first: documents, text, the connection to the mail server. What the email depends
    on, its link above all, is committed with the state *sending* right before it is
    handed over, and its outcome right after: no recipient holds a dead link, and nobody
    is sent the email a second time unasked. What broke off in between is *uncertain*,
    until a person decides.

    A row is delivered while a user waits, or by the scheduler when it is due.
    """

    _name = "account.move.portal.delivery"
    _inherit = ["account.move.portal.queue"]
    _description = "Invoice Portal Email"
    _rec_name = "formatted"
    _order = "id desc"
    _queue_cron = "account_payment_portal.ir_cron_send_portal_deliveries"
    #: How long to wait after each refusal that may pass, until it is the last.
    _queue_retry_minutes = (5, 30, 120)

    # What, to whom.
    batch_id = fields.Many2one(
        comodel_name="account.move.portal.batch",
        string="Sending",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="move_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(
        selection=[
            ("invoice", "Invoice"),
            ("new_link", "New link"),
            ("receipt", "Receipt"),
            ("verification", "Bank account verification"),
            ("payment_failed", "Payment failed"),
        ],
        string="Content",
        required=True,
        readonly=True,
        default="invoice",
    )
    role = fields.Selection(
        selection=[("to", "To"), ("cc", "CC"), ("bcc", "BCC")],
        required=True,
        readonly=True,
        default="to",
    )
    sequence = fields.Integer(readonly=True)
    email = fields.Char(
        help="The address only. It identifies the recipient.",
        required=True,
        readonly=True,
        index=True,
    )
    formatted = fields.Char(
        string="Recipient", help="The address with the name.", required=True
    )
    link_id = fields.Many2one(
        comodel_name="account.move.portal.link",
        string="Portal link",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    is_new_link = fields.Boolean(
        help="The link was created for this email and is removed if the email is "
        "refused.",
        readonly=True,
    )
    transaction_id = fields.Many2one(
        comodel_name="payment.transaction",
        string="Payment",
        help="The payment that the email is about.",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    request_id = fields.Many2one(
        comodel_name="account.move.portal.link.request",
        help="The request for a new link that the email answers.",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize_style=True)
    lang = fields.Char(string="Language", readonly=True)
    attachment_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="account_move_portal_delivery_attachment_rel",
        string="Attached",
        help="Files sent with the email in addition to the invoice's own documents.",
        readonly=True,
        copy=False,
    )
    download_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="account_move_portal_delivery_download_rel",
        string="Offered on the page",
        readonly=True,
        copy=False,
    )
    message_id = fields.Char(
        string="Message-Id", required=True, readonly=True, copy=False, index=True
    )
    thread_id = fields.Char(
        string="Thread's Message-Id",
        help="Message-Id of the first email of the sending, if different. Replies are "
        "matched to the invoice by it.",
        readonly=True,
    )
    # What became of it.
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("sending", "Sending"),
            ("sent", "Sent"),
            ("refused", "Not delivered"),
            ("uncertain", "Uncertain"),
            ("skipped", "Skipped"),
            ("cancelled", "Cancelled"),
        ],
        help="Sent means the mail server accepted the email. Uncertain means the "
        "connection was lost while sending, so it may have arrived.",
        required=True,
        readonly=True,
        index=True,
        default="waiting",
    )
    is_queued = fields.Boolean(
        string="Sent by the scheduler",
        help="If not, it is only sent while the user waits.",
        readonly=True,
    )
    retry_on = fields.Datetime(string="Due", readonly=True)
    # Mass sending: decided on twice, when it is chosen and when it is sent.
    is_mass = fields.Boolean(
        string="Mass sending",
        help="Part of a mass sending. Emails that someone is waiting for go first.",
        readonly=True,
    )
    expected_partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Chosen for",
        help="The customer when the invoice was selected. It is not sent to anyone "
        "else.",
        readonly=True,
        ondelete="set null",
    )
    expected_total = fields.Float(
        string="Total when chosen",
        help="In the invoice's currency. An invoice that changed is not sent.",
        digits=0,
        readonly=True,
    )
    claimed_on = fields.Datetime(help="When sending was last started.", readonly=True)
    sent_on = fields.Datetime(readonly=True)
    answer = fields.Char(
        string="Mail server's answer",
        help="Why it was not delivered, is uncertain, or was skipped.",
        readonly=True,
    )
    is_noted = fields.Boolean(
        help="The sending is noted on the invoice.", readonly=True
    )
    document_ids = fields.One2many(
        comodel_name="account.move.portal.delivery.document",
        inverse_name="delivery_id",
        help="The fingerprints of the PDF files that went with it.",
        readonly=True,
        # The evidence tells, to whom may see it.
        groups=fields.NO_ACCESS,
    )
    is_redacted = fields.Boolean(
        string="Contents removed",
        help="The retention period for its contents is over. Recipient, time, "
        "Message-Id and PDF fingerprint are kept with the invoice.",
        readonly=True,
    )
    _once_per_recipient = models.UniqueIndex("(batch_id, move_id, email)")
    _by_due = models.Index("(is_mass, batch_id, move_id) WHERE state = 'waiting'")
    _by_claim = models.Index("(move_id) WHERE state = 'sending'")
    _one_receipt = models.UniqueIndex("(transaction_id) WHERE kind = 'receipt'")

    # === COMPUTE METHODS === #

    @api.depends("formatted")
    def _compute_display_name(self):
        for delivery in self:
            delivery.display_name = email_addresses.label(delivery.formatted or "")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to give each email a Message-Id of its own, for good."""
        for values in vals_list:
            values.setdefault("message_id", self._make_message_id(values["move_id"]))
        return super().create(vals_list)

    def _check_access(self, operation):
        """Override to show what was sent of an invoice to who may read the invoice."""
        result = super()._check_access(operation)
        if self.env.su or not self:
            return result
        allowed = self - result[0] if result else self
        # In sudo mode to learn the invoices, whose own rights then decide.
        moves = allowed.sudo().move_id.with_env(self.env)
        readable = moves._filtered_access("read")
        hidden = allowed.sudo().filtered(lambda each: each.move_id not in readable)
        if not hidden:
            return result
        forbidden = hidden.with_env(self.env) | (result[0] if result else self.browse())
        return forbidden, lambda: AccessError(
            self.env._("You can only see emails of invoices that you have access to.")
        )

    @api.model
    def _search(self, domain, *args, bypass_access=False, **kwargs):
        """Override to find only the emails of invoices that the user may read."""
        if not (self.env.su or bypass_access):
            readable = self.env["account.move"]._search([])
            domain = Domain(domain) & Domain("move_id", "in", readable)
        return super()._search(domain, *args, bypass_access=bypass_access, **kwargs)

    # === ACTION METHODS === #

    def action_cancel(self):
        """Do not send these emails any more, as far as they wait."""
        self.move_id.check_access("write")
        # In sudo mode because what is sent is written by the system alone.
        waiting_sudo = self.sudo().filtered(lambda each: each.state == "waiting")
        # What a lane is about to send at this moment leaves.
        for delivery_sudo in waiting_sudo.try_lock_for_update(allow_referencing=True):
            delivery_sudo._set_cancelled()

    def action_repeat(self):
        """Send these emails once more, as far as they did not arrive for sure."""
        self.move_id.check_access("write")
        # In sudo mode because what is sent is written by the system alone.
        for delivery_sudo in self.sudo():
            # Of one that was redacted, there is nothing left to send.
            if delivery_sudo.state in REPEATABLE and not delivery_sudo.is_redacted:
                delivery_sudo._set_waiting(is_queued=True)
        self._wake_queue()

    # === BUSINESS METHODS - TRANSITIONS === #

    def _set_waiting(self, is_queued=False, due_on=False):
        """Have this email sent, for the first time or again.

        One that may have arrived keeps its Message-Id, so that who has it already is
        not shown it twice, and its link.

        :param bool is_queued: Whether by the scheduler; else while a user waits.
        :param datetime.datetime|bool due_on: When, in UTC; False for now.
        """
        self.write(
            {
                "state": "waiting",
                "is_queued": is_queued,
                "retry_on": due_on,
                "attempts": 0,
                "answer": False,
            }
        )

    def _set_sending(self):
        """Claim this email: from here on it may leave."""
        self.write(
            {
                "state": "sending",
                "claimed_on": fields.Datetime.now(),
                "attempts": self.attempts + 1,
            }
        )

    def _set_sent(self):
        """Note that the mail server accepted this email."""
        self.write(
            {
                "state": "sent",
                "sent_on": fields.Datetime.now(),
                "retry_on": False,
                "answer": False,
            }
        )
        if self.is_mass and self.batch_id.held_until:
            self.batch_id.write({"held_until": False, "pause_reason": False})
        self._after_sent()

    def _set_refused(self, answer, marks, is_passing=False):
        """Note that this email did not leave: neither did its link.

        :param str answer: Why, in plain words.
        :param dict marks: What was known of the links before, by id.
        :param bool is_passing: Whether it may be taken later.
        """
        self._undo_links(marks)
        self.answer = answer
        if is_passing and self.is_queued and self._retry_later():
            self.state = "waiting"
            return
        self.state = "refused"
        self._after_refused()

    def _set_uncertain(self, answer, marks=None):
        """Note that this email may have arrived, or not: its link goes on to work.

        :param str answer: Why, in plain words.
        :param dict marks: What was known of the links before, by id; None if nobody
            knows any more.
        """
        if marks is not None:
            # Not when they expire: they may have arrived.
            self.link_id._restore_sent_marks(
                {
                    link_id: {name: values[name] for name in ("sent_on", "sent_by_id")}
                    for link_id, values in marks.items()
                }
            )
        elif self.is_new_link:
            self.link_id.sent_on = False
        self.write({"state": "uncertain", "answer": answer, "is_new_link": False})
        self._after_uncertain()

    def _set_skipped(self, reason):
        """Note that there is no use in this email any more.

        :param str reason: Why, in plain words.
        """
        self.write({"state": "skipped", "answer": reason})

    def _set_cancelled(self):
        """Note that this email is not to be sent."""
        self.write({"state": "cancelled", "is_queued": False, "retry_on": False})

    # === BUSINESS METHODS - WHAT FOLLOWS FROM AN OUTCOME === #

    def _after_sent(self):
        """Do what follows when the mail server has accepted this email."""
        if self.kind == "invoice":
            self._record_on_link()
            if self.move_id.state == "posted" and not self.move_id.is_move_sent:
                self.move_id.with_context(**const.NO_LINE_CHANGES).is_move_sent = True
        self._answer_request()

    def _record_on_link(self):
        """Note among the events of the link that the mail server has the email."""
        self.env["account.move.portal.event"]._record_sent(self)

    def _after_refused(self):
        """Do what follows when this email was refused for good."""
        if self.request_id:
            self._answer_request()
        elif self.is_queued:
            self._schedule_activity(self.env._("An email was not delivered"))

    def _after_uncertain(self):
        """Tell staff that this email may not have arrived."""
        self._log_fact(
            self.env._(
                "The email to %(recipient)s may not have arrived: %(reason)s",
                recipient=self.formatted,
                reason=self.answer,
            )
        )
        if self.is_queued:
            self._schedule_activity(self.env._("An email may not have arrived"))
        self._answer_request()

    def _answer_request(self):
        """Note at the request for a new link what became of this email."""
        for request in self.request_id:
            if self.state == "sent":
                request._record_answer(self.link_id)
            elif self.state == "refused":
                request._record_refusal(self.answer)
            else:  # Perhaps it was: it counts as an answer, and is told as it is.
                request.state = "sent"

    def _log_fact(self, fact):
        """Note something on the invoice.

        :param str fact: What there is to know, without a token.
        """
        self.move_id._message_log(body=fact, author_id=self._get_sender().partner_id.id)

    def _schedule_activity(self, summary):
        """Give whoever is responsible for the email something to do.

        :param str summary: What it is about.
        """
        move, sender = self.move_id, self._get_sender()
        staff = sender if is_staff(sender) else move._get_portal_staff()[:1]
        move.activity_schedule(
            "mail.mail_activity_data_warning",
            user_id=staff.id,
            summary=summary,
            # Not as text: what stands in <> would be taken for HTML.
            note=Markup("<p>%s: %s</p>") % (self.formatted, self.answer),
        )
        self._wake_mail_queue()

    # === BUSINESS METHODS - SENDING === #

    @api.model
    def _get_due_domain(self):
        """Override: the scheduler sends what was given to it, of no paused batch."""
        return [
            *super()._get_due_domain(),
            ("is_queued", "=", True),
            "|",
            ("batch_id", "=", False),
            ("batch_id.is_paused", "=", False),
        ]

    @api.model
    def _run_due(self):
        """Override to look after what broke off first, and to send in lanes."""
        self.env["account.move.portal.lane"]._run()

    @api.model
    def _wake_queue(self, at=None):
        """Override to have all lanes run: Odoo runs each on one worker at a time."""
        action = self.env.ref(self._queue_cron).sudo().ir_actions_server_id
        # In sudo mode because schedules are the system's. Those that were added or
        # switched off by an administrator, too.
        lanes_sudo = (
            self.env["ir.cron"]
            .sudo()
            .search(
                [
                    ("ir_actions_server_id.model_id", "=", action.model_id.id),
                    ("ir_actions_server_id.code", "=", action.code),
                ]
            )
        )
        for lane_sudo in lanes_sudo:
            lane_sudo._trigger(at=at)
        self.env["account.move.portal.lane"]._wake_jobs(len(lanes_sudo), at)

    def _process_due(self, run=None):
        """Send this email on behalf of whoever wanted it, and tell staff.

        :param LaneRun|None run: What the lane knows that sends it.
        """
        self.ensure_one()
        delivery_sudo = self._with_sender()
        delivery_sudo._deliver(run)
        if run:
            run.unnoted_ids.append(self.id)
        else:
            delivery_sudo._post_note_of_all()

    def _with_sender(self):
        """Return these emails as their sender has them, who is one and the same.

        :rtype: account.move.portal.delivery
        """
        sender = self._get_sender()
        # In sudo mode because it is the scheduler that sends.
        return (
            self.with_user(sender)
            .sudo()
            .with_company(self.company_id)
            .with_context(lang=sender.lang)
        )

    def _post_notes(self):
        """Tell staff on the invoices of these emails what left.

        :raise psycopg2.OperationalError: If someone else does so at this moment.
        """
        for of_sender in self.grouped(
            lambda each: (each._get_sender(), each.company_id)
        ).values():
            for delivery_sudo in of_sender._with_sender():
                try:
                    with self.env.cr.savepoint():
                        delivery_sudo._post_note_of_all()
                except psycopg2.OperationalError:
                    raise
                except Exception:  # noqa: BLE001 - what has left, has left all the same.
                    _logger.exception(
                        "No note on an email: %s", delivery_sudo.display_name
                    )

    def _post_note_of_all(self):
        """Tell staff on the invoice what left, when the last email of it has."""
        waiting = self._get_siblings().filtered(
            lambda each: each.state in ("waiting", "sending")
        )
        if self.batch_id and not waiting:
            self.batch_id._post_note(self.move_id)

    @api.model
    def _recover_abandoned(self):
        """Find the emails on which nobody works any more, and tell staff.

        :return: Those.
        :rtype: account.move.portal.delivery
        """
        before = fields.Datetime.now() - timedelta(minutes=ABANDONED_MINUTES)
        abandoned = self.search(
            [("state", "=", "sending"), ("claimed_on", "<", before)]
        )
        abandoned = abandoned._set_abandoned()
        for delivery in abandoned:
            if not delivery.is_queued:  # Its user waits no more.
                delivery._schedule_activity(self.env._("An email may not have arrived"))
        untold = self.search(
            [
                ("batch_id", "!=", False),
                ("state", "=", "sent"),
                ("is_noted", "=", False),
                ("sent_on", "<", before),
            ],
            limit=100,
        )
        for delivery in untold.try_lock_for_update(allow_referencing=True):
            delivery._post_note_of_all()
        if abandoned or untold:
            self._commit()
        return abandoned

    def _set_abandoned(self):
        """Note that these emails broke off while they were handed over.

        Whoever hands an email over holds a lock on its row until the outcome is noted,
        and loses it with the process.

        :return: Those that had; the others are still being sent.
        :rtype: account.move.portal.delivery
        """
        abandoned = self.try_lock_for_update(allow_referencing=True)
        abandoned.invalidate_recordset(["state"])
        abandoned = abandoned.filtered(lambda each: each.state == "sending")
        for delivery in abandoned:
            delivery._set_uncertain(
                self.env._(
                    "Odoo was interrupted while sending the email, so it may have "
                    "arrived. Check with the recipient, or send it again. The link "
                    "stays the same."
                )
            )
        return abandoned

    def _deliver(self, run=None):
        """Send this email now, if it is still wanted, and note what became of it.

        :param LaneRun|None run: What the lane knows that sends it.
        :raise psycopg2.Error: If the database fails before anything has left.
        """
        self.ensure_one()
        if reason := self._find_reason_to_skip():
            self._set_skipped(reason)
            return
        try:
            with self.env.cr.savepoint():  # What fails here leaves no trace.
                handover = self._prepare_handover(run)
        except psycopg2.Error:
            raise  # Run again by Odoo where that helps: nothing has left.
        except Exception as error:  # noqa: BLE001 - any document or text may fail.
            self._record_failure(error, run=run)
            self._commit()
            return
        if handover is None:
            self._commit()
            return
        try:
            self._set_sending()
            self._commit()
            self._hand_over(handover, run)
        finally:
            if not run:
                smtp_connections.close(handover.session)

    def _find_reason_to_skip(self):
        """Return why there is no use in sending this email any more.

        :rtype: str | None
        """
        if self._is_with_link() and not self.move_id.can_send_portal_link:
            return self.move_id._explain_portal_send_refusal()
        if self.is_mass and self.kind == "invoice":
            return self.batch_id._find_reason_to_skip(self)
        return None

    def _prepare_handover(self, run=None):
        """Make all that is needed to hand the email over; what can fail, fails here.

        :param LaneRun|None run: What the lane knows that sends it.
        :return: What is handed over; None if the limit of a personal mail server put
            it off.
        :rtype: Handover | None
        """
        found = None
        if self.is_mass:
            found = self._find_mass_server()
            if run and (due_on := self._find_time_to_wait(found[0])):
                self._put_off_until(due_on, run)
                return None
            # Only now: what it says is true when it leaves.
            self.batch_id._fill_in(self)
        self._make_documents()
        links, marks = self._prepare_links()
        mail = self._make_mail()
        server, smtp_from = found or self._find_mail_server(mail)
        if server.owner_user_id and not mail._split_by_delayed_batch(server):
            due_on = mail.scheduled_date
            self._undo_links(marks)
            self._set_waiting(is_queued=True, due_on=due_on)
            self._wake_queue(at=due_on + timedelta(seconds=59))
            return None
        is_counted = not run or self.is_mass
        if not is_counted and (due_on := self._find_time_to_wait(server)):
            mail.filtered("id").unlink()
            self._undo_links(marks)
            self._put_off_until(due_on, run)
            return None
        message, recipients = self._build_message(mail, server)
        context = self._get_server_context(
            mail.record_alias_domain_id, message["Return-Path"]
        )
        mail.filtered("id").unlink()  # It holds the recipient's token.
        self._note_documents()
        self._check_message(message, recipients, links)
        session = self._connect(server, smtp_from, run)
        # Before the email leaves: programs at the recipient's open the link while it
        # arrives.
        for link in links:
            link._set_sent()
        self.env.flush_all()
        return Handover(session, server, message, recipients, marks, context)

    def _note_documents(self):
        """Note the fingerprint of each PDF that goes with this email."""
        self.document_ids.unlink()  # Of an earlier try.
        self.env["account.move.portal.delivery.document"].create(
            [
                {
                    "delivery_id": self.id,
                    "move_id": move.id,
                    "sha256": hashlib.sha256(document.raw).hexdigest(),
                }
                for move, document in self._get_documents().items()
            ]
        )

    def _get_documents(self):
        """Return the PDF of each invoice that goes with this email. To be extended.

        :return: By invoice; by no invoice what is none's own.
        :rtype: dict[account.move, ir.attachment]
        """
        if not self._is_with_link():
            return {}
        documents = self._get_attachments().filtered(
            lambda file: file.mimetype == "application/pdf"
        )
        return {self.move_id: documents[0]} if documents else {}

    def _find_mass_server(self):
        """Return the mail server that this email will go through, before it is made.

        :return: As `_find_mail_server`.
        :rtype: tuple[ir.mail_server, str]
        """
        mail = self.env["mail.mail"].new(
            {
                "email_from": self._get_author()[1],
                "record_alias_domain_id": self._get_alias_domain().id,
            }
        )
        return self._find_mail_server(mail)

    def _find_time_to_wait(self, server):
        """Return when the limits of a mail server let this email go, if not now.

        :param ir.mail_server server: The server; empty for that of the configuration.
        :return: When, in UTC; None if now.
        :rtype: datetime.datetime | None
        """
        budget = self.env["account.move.portal.mail.budget"]._get_for(server)
        return budget._take_permit(is_urgent=not self.is_mass)

    def _put_off_until(self, due_on, run):
        """Have this email wait for its mail server, and its sending with it.

        :param datetime.datetime due_on: Until when, in UTC.
        :param LaneRun run: What the lane knows that sends it.
        """
        if self.is_mass:
            run.held[self.batch_id.id] = due_on
        else:
            self.retry_on = due_on
            self._wake_queue(at=due_on)

    def _check_message(self, message, recipients, links):
        """Check on the message itself that nothing in it is another customer's.

        :param email.message.EmailMessage message: The email as it leaves.
        :param list[str] recipients: The only addresses that get it.
        :param account.move.portal.link links: What leaves with it.
        :raise ValueError: If there is.
        """
        if not self._is_with_link():
            return
        if recipients != [self.email]:
            raise ValueError(f"The email is for {self.email} only, not {recipients}.")
        shown = self._get_siblings().filtered(lambda each: each.role != "bcc") | self
        named = set(email_normalize_all(", ".join(shown.mapped("formatted"))))
        if strangers := outgoing.get_addressees(message) - named:
            raise ValueError(f"The email names others: {', '.join(strangers)}.")
        # In sudo mode because tokens are hidden.
        known = set(links.sudo().mapped("token"))
        for text in outgoing.get_texts(message):
            for token in PORTAL_TOKENS.findall(text):
                if token not in known and self._is_of_another(token):
                    raise ValueError("The email has the link of another recipient.")
        if self.is_mass:  # Else a person chose the files, from the invoice's sources.
            self._check_attached(outgoing.get_attached(message))

    def _check_attached(self, attached):
        """Check that each file of an email is one of this invoice.

        :param list[Attached] attached: The files, read from the message.
        :raise ValueError: If one is not.
        """
        own = self._get_attachments().filtered(self._is_file_of_invoice)
        contents, names = set(own.mapped("raw")), set(own.mapped("name"))
        for file in attached:
            if file.content is None:
                is_own = file.name in names
            else:
                is_own = file.content in contents
            if not is_own or self._is_pdf_of_another(file):
                raise ValueError(
                    f"The email has a file that is not of this invoice: {file.name}."
                )

    def _is_file_of_invoice(self, file):
        """Return whether a file is of this invoice, or of what it came from.

        :param ir.attachment file: The file.
        :rtype: bool
        """
        if file.res_model == self._name:
            return file.res_id == self.id
        sources = self.env["account.move.send"]._get_portal_document_sources(
            self.move_id
        )
        return any(
            file.res_model == source._name and file.res_id in source.ids
            for source in sources
        )

    def _is_pdf_of_another(self, file):
        """Return whether another invoice's link is printed on a PDF.

        PDF files are made for many invoices at once: each has a link of its own.

        :param Attached file: The file.
        :rtype: bool
        """
        if file.mimetype != "application/pdf":
            return False
        # In sudo mode because tokens are hidden.
        links_sudo = self.env["account.move.portal.link"].sudo()
        content = outgoing.read_pdf_links(file.content)
        tokens = {token.decode() for token in PORTAL_TOKENS_IN_FILE.findall(content)}
        own = self._get_moves_of_files()
        return any(
            link_sudo and link_sudo.move_id not in own
            for link_sudo in map(links_sudo._find, tokens)
        )

    def _get_moves_of_files(self):
        """Return the invoices whose files may go with this email. To be extended.

        :rtype: account.move
        """
        return self.move_id

    def _is_of_another(self, token):
        """Return whether a link is not this recipient's.

        A person may have written a link to another invoice of the same recipient.

        :param str token: The token of the link.
        :rtype: bool
        """
        # In sudo mode because tokens are hidden.
        link_sudo = self.link_id.sudo()._find(token)
        return self.is_mass or bool(link_sudo and link_sudo.email != self.email)

    def _hand_over(self, handover, run=None):
        """Hand the email over to the mail server, and note its answer.

        :param Handover handover: What is handed over.
        :param LaneRun|None run: What the lane knows that sends it.
        """
        try:
            self._lock_what_is_written()
            self._check_claim()
            if self.is_mass and (reason := self._find_reason_to_skip()):
                self._undo_links(handover.marks)
                self._set_skipped(reason)
                self._commit()
                return
            self._send_message(handover)
        except Exception as error:  # noqa: BLE001 - whatever it is, the link goes.
            failure = error
            if run and self._is_for_new_connection(error, handover, run):
                self._note(lambda each: each._set_begun_anew(handover.marks))
            else:
                self._note(
                    lambda each: each._record_failure(failure, handover.marks, run)
                )
            if run:
                run.connections.drop(handover.session)
        else:
            self._note(lambda each: each._set_sent())
            if run:
                self._release_server(handover.server)

    def _is_for_new_connection(self, error, handover, run):
        """Return whether the server only wants a new connection for the next emails.

        :param Exception error: What it said.
        :param Handover handover: What was handed over.
        :param LaneRun run: What the lane knows.
        :rtype: bool
        """
        return run.connections.is_reused(
            handover.session
        ) and smtp_limits.is_end_of_connection(error)

    def _set_begun_anew(self, marks):
        """Have this email sent again at once: nothing of it has left.

        :param dict marks: What was known of the links before, by id.
        """
        self._undo_links(marks)
        self.write({"state": "waiting", "attempts": self.attempts - 1})

    def _release_server(self, server):
        """Note that a mail server takes emails again, if it did not.

        :param ir.mail_server server: The server.
        """
        budgets = self.env["account.move.portal.mail.budget"]
        held = budgets.search(
            [("mail_server_id", "=", server.id), ("hold_count", ">", 0)]
        )
        if held:
            with held._own_transaction() as own:
                own._release()

    def _lock_what_is_written(self):
        """Let nobody else write what is written once the email has left.

        Otherwise their change would undo ours, and Odoo would run all of it again.
        Whoever was first makes it fail here, where nothing has left. Visits are
        recorded all the same: they only refer to the link.

        :raise LockError: If someone else is writing it at this moment.
        """
        # First this row, which is read only then: it says whether it is still ours.
        self.lock_for_update(allow_referencing=True)
        self.invalidate_recordset(["state"])
        for records in (self.move_id, self._get_links_to_send()):
            records.lock_for_update(allow_referencing=True)

    def _check_claim(self):
        """Check that the email is still ours to send.

        :raise LockError: If it was taken for one that broke off.
        """
        if self.state != "sending":
            raise LockError(self.env._("Someone else is sending this email."))

    def _send_message(self, handover):
        """Hand a message over.

        :param Handover handover: What is handed over.
        :raise Exception: What the mail server, or the way to it, had against it.
        """
        servers = self.env["ir.mail_server"].with_context(
            **handover.context, send_validated_to=handover.recipients
        )
        servers.send_email(handover.message, smtp_session=handover.session)

    def _note(self, outcome):
        """Write what became of the email, and commit it.

        If the database has gone away meanwhile, it is written through another
        connection: what the mail server said is known now, and never again.

        :param outcome: Function of the delivery that writes it.
        """
        try:
            outcome(self)
            self._commit()
        except psycopg2.Error:
            if not sql.can_commit():
                raise
            # Lets go of what is locked, as far as the connection is still there.
            with suppress(psycopg2.Error):
                self.env.cr.rollback()
            with self.env.registry.cursor() as cr:
                outcome(self.with_env(self.env(cr=cr)))

    def _record_failure(self, error, marks=None, run=None):
        """Note why the email did not leave, or may not have.

        :param Exception error: What was raised.
        :param dict marks: What was known of the links before, by id; None if the email
            was not begun to be handed over.
        :param LaneRun|None run: What the lane knows that sent it.
        """
        is_handed_over = marks is not None
        if isinstance(error, LockError) and run:
            self._undo_links(marks or {})
            self._set_waiting(is_queued=True, due_on=fields.Datetime.now())
            self.retry_on += timedelta(seconds=LOCKED_SECONDS)
            self._wake_queue(at=self.retry_on)
            return
        if not smtp_errors.is_refusal(error):
            _logger.error(
                "An email of %s failed", self.move_id.display_name, exc_info=error
            )
            answer = self.env._(
                "The email could not be made: %(reason)s",
                reason=str(error) or type(error).__name__,
            )
        else:
            answer = smtp_errors.explain(self.env, error)
        if is_handed_over and smtp_errors.is_uncertain(error):
            self._set_uncertain(answer, marks)
            return
        if run and self.is_mass and smtp_limits.is_server_wide(error):
            self._undo_links(marks or {})
            self.write({"state": "waiting", "answer": answer})
            self._hold_server(answer, run)
            return
        if not is_handed_over:
            self.attempts += 1
        self._set_refused(
            answer,
            marks or {},
            is_passing=smtp_errors.is_refusal(error)
            and not smtp_errors.is_permanent(error),
        )

    def _hold_server(self, answer, run):
        """Give a mail server that takes nothing a rest, and this sending with it.

        :param str answer: What it said, in plain words.
        :param LaneRun run: What the lane knows that sent it.
        """
        server = run.server
        budget = self.env["account.move.portal.mail.budget"]._get_for(server)
        until = budget._hold(answer)
        if until:
            run.held[self.batch_id.id] = until
        self.batch_id._note_hold(until, answer)

    @api.model
    def _commit(self):
        """Make what was done so far last, whatever comes."""
        if sql.can_commit():
            # A mail that left cannot be rolled back: what it needs must not be either.
            self.env.cr.commit()  # pylint: disable=invalid-commit
        else:
            self.env.flush_all()

    # === BUSINESS METHODS - THE EMAIL === #

    @api.model
    def _make_message_id(self, move_id):
        """Return an id by which answers to an email find the invoice.

        :param int move_id: The id of the invoice.
        :rtype: str
        """
        return generate_tracking_message_id(f"{move_id}-account.move")

    def _get_thread_id(self):
        """Return the Message-Id of the first email of the sending.

        :rtype: str
        """
        return self.thread_id or self.message_id

    def _is_settled(self):
        """Return whether the email has left, or the scheduler sees to it.

        :rtype: bool
        """
        return self.state in ("sent", "sending") or (
            self.state == "waiting" and self.is_queued
        )

    def _get_siblings(self):
        """Return all emails of this invoice in this sending, this one included.

        :rtype: account.move.portal.delivery
        """
        if not self.batch_id:
            return self
        return self.batch_id._get_deliveries(self.move_id).filtered(
            lambda each: each.state not in ("cancelled", "skipped")
        )

    def _make_mail(self):
        """Return the email as core's model.

        :return: A new record, or one that the caller removes: it holds a token.
        :rtype: mail.mail
        """
        if self.kind in TEMPLATES:
            return self._make_mail_of_template(self.env.ref(TEMPLATES[self.kind]))
        values = self._get_mail_values(
            self.link_id, self._get_siblings(), self._get_attachments()
        )
        return self.env["mail.mail"].new(values)

    def _make_mail_of_template(self, template):
        """Return the email that a template says, in the payer's language.

        :param mail.template template: A template on payments.
        :rtype: mail.mail
        """
        transaction = self.transaction_id
        mail_id = template.send_mail(
            transaction.id,
            email_layout_xmlid="account_payment_portal.mail_payer_layout",
            email_values={
                "email_to": self.formatted,
                "recipient_ids": [],
                "message_id": self.message_id,
                "portal_text": transaction.portal_attempt_id._render_payer_text(
                    template
                ),
            },
        )
        return self.env["mail.mail"].browse(mail_id)

    def _get_mail_values(self, link, siblings, attachments):
        """Return the values of the email.

        All recipients see the same To and Cc, and nobody sees Bcc; the mail server is
        told of this one recipient only.

        :param account.move.portal.link link: The recipient's own link.
        :param account.move.portal.delivery siblings: The emails of all recipients.
        :param ir.attachment attachments: The files to be attached.
        :return: The values of a `mail.mail`.
        :rtype: dict
        """
        move = self.move_id
        author_id, email_from = self._get_author()
        texts = self.env["account.move.portal.text"]
        body = self._get_mail_body(link)
        content = (body, self.lang, self.download_ids.mapped("name"))
        return {
            "message_id": self.message_id,
            "references": self.thread_id,
            "author_id": author_id,
            "email_from": email_from,
            "reply_to": self._get_reply_to(email_from),
            "subject": self.subject,
            "body_html": texts._render_mail(link, self.subject, *content),
            "portal_text": texts._render_mail_text(link, *content),
            "email_to": self.formatted,
            "headers": repr(self._get_headers(siblings)),
            "attachment_ids": attachments.ids,
            "record_company_id": move.company_id.id,
            "record_alias_domain_id": self._get_alias_domain().id,
        }

    def _get_mail_body(self, link):
        """Return the text of the email. To be extended.

        :param account.move.portal.link link: The recipient's own link.
        :rtype: Markup
        """
        return self.body

    def _get_headers(self, siblings):
        """Return the headers that tell each recipient of the others.

        :param account.move.portal.delivery siblings: The emails of all recipients.
        :rtype: dict
        """
        shown = {
            role: email_addresses.join(
                each.formatted for each in siblings if each.role == role
            )
            for role in ("to", "cc")
        }
        headers = {"X-Forge-To": shown["to"]}
        if shown["cc"]:
            headers["Cc"] = shown["cc"]
        return headers

    def _get_sender(self):
        """Return on whose behalf the email is sent.

        :rtype: res.users
        """
        return self.create_uid or self.env.user

    def _get_author(self):
        """Return whom the email is from.

        :return: The id of the contact, and the formatted address.
        :rtype: tuple[int, str]
        """
        move = self.move_id
        if self.kind == "new_link":  # No one of the company has written it.
            email_from = move.company_id.email_formatted
            return move._message_compute_author(email_from=email_from)
        # In sudo mode to read of the salesperson what a mail signature tells.
        contact = move.sudo()._get_portal_contact()
        author = contact if contact.email else self._get_sender().partner_id
        email_from = formataddr((author.name, author.email or ""))
        # Without an address it is nobody's; else there is no one to be looked for.
        return author.id if author.email else False, email_from

    def _get_reply_to(self, email_from):
        """Return where the customer's answer goes.

        :param str email_from: The formatted address of the sender.
        :rtype: str
        """
        move = self.move_id
        return move._notify_get_reply_to(default=email_from)[move.id]

    def _get_alias_domain(self):
        """Return the domain of the addresses that take answers and bounces.

        :rtype: mail.alias.domain
        """
        move = self.move_id
        return move._mail_get_alias_domains(default_company=move.company_id)[move.id]

    # === BUSINESS METHODS - DOCUMENTS === #

    def _make_documents(self):
        """Make the invoice's own documents, if they were not yet.

        :raise UserError: If they cannot be made.
        """
        if self._needs_document():
            self.env["account.move.send"]._make_portal_documents(self.move_id)

    def _needs_document(self):
        """Return whether the invoice's own documents are still to be made.

        :rtype: bool
        """
        move = self.move_id
        return (
            self.kind == "invoice"
            and move.state == "posted"
            and not move.invoice_pdf_report_id
        )

    def _make_documents_at_once(self):
        """Make the documents of these emails' invoices, as far as that is possible.

        What fails is told when it is each one's turn.
        """
        # In sudo mode because it is the scheduler that sends.
        for sender, deliveries in self.grouped(lambda each: each._get_sender()).items():
            moves_sudo = deliveries.move_id.with_user(sender).sudo()
            for company, of_company in moves_sudo.grouped("company_id").items():
                self.env["account.move.send"].with_user(sender).sudo().with_company(
                    company
                ).with_context(lang=sender.lang)._make_portal_documents_at_once(
                    of_company
                )

    def _get_attachments(self):
        """Return the files that go with the email: the invoice's own, and others.

        :rtype: ir.attachment
        """
        if self.kind != "invoice":
            return self.attachment_ids
        own = self.env["account.move.send"]._get_portal_own_documents(self.move_id)
        return own + (self.attachment_ids - own)

    def _get_files(self):
        """Return files that are made for this email alone.

        :return: Each with its name, content and type.
        :rtype: list[tuple[str, bytes, str]]
        """
        if self.kind == "receipt":
            name, content = self.transaction_id.portal_attempt_id._get_receipt()
            return [(name, content, "application/pdf")]
        return []

    # === BUSINESS METHODS - THE LINK OF THE RECIPIENT === #

    def _prepare_links(self):
        """Find or make the recipient's link, and have all that leaves open something.

        :return: The links, and what was known of them before.
        :rtype: tuple[account.move.portal.link, dict]
        """
        if not self._is_with_link():
            return self.env["account.move.portal.link"], {}
        known = self._find_link()
        self.is_new_link = not known
        self.link_id = known or known.create(self._get_link_values())
        self.link_id.email_role = self.role
        self.link_id.document_ids |= self._get_supporting_documents()
        links = self._get_links_to_send()
        marks = links._get_sent_marks()
        for link in links:
            if link.audience == "document":
                self.move_id._open_portal_printed_link(link)
        return links, marks

    def _is_with_link(self):
        """Return whether the email leads to the invoice page by a link of its own.

        :rtype: bool
        """
        return self.kind in ("invoice", "new_link")

    def _find_link(self):
        """Return the recipient's link that works already.

        The first is that of an email that may have arrived. A blind copy gets a link
        of its own: it is internal; and so does who asks for a new one.

        :return: The link; empty if there is none.
        :rtype: account.move.portal.link
        """
        link = self.link_id.filtered(
            lambda link: (
                link.move_id == self.move_id
                and link.email == self.email
                and link._is_live()
            )
        )
        if not link and self.kind == "invoice" and self.role != "bcc":
            link = link._find_for_recipient(self.move_id, self.email)
        return link

    def _get_link_values(self):
        """Return the values of the recipient's new link.

        A blind copy is internal: visits through it count as no one's.

        :rtype: dict
        """
        return {
            **self.link_id._prepare_link(self.move_id, self.email),
            "partner_id": self.move_id._find_portal_recipient(
                self.email, self.formatted
            ).id,
            "audience": "internal" if self.role == "bcc" else "customer",
            "email_role": self.role,
        }

    def _get_supporting_documents(self):
        """Return what the invoice page offers beside the invoice.

        :rtype: ir.attachment
        """
        attached = self.attachment_ids.filtered(
            lambda file: file.res_model not in (self.batch_id._name, self._name)
        )
        return attached | self.download_ids

    def _get_links_to_send(self):
        """Return what leaves with the email: the recipient's link, and the PDF's.

        :rtype: account.move.portal.link
        """
        if self.kind != "invoice":
            return self.link_id
        return self.link_id | self.move_id._get_portal_printed_links()

    def _undo_links(self, marks):
        """Have the links open what they did before: the email did not leave.

        :param dict marks: What was known of them, by id.
        """
        if self.is_new_link:
            # A new link was never sent.
            self.link_id.unlink()
            self.is_new_link = False
        self.env["account.move.portal.link"]._restore_sent_marks(marks)

    # === BUSINESS METHODS - CORE'S MAIL SERVERS === #

    def _get_mail_servers(self, mail):
        """Return core's mail servers, for the addresses of a mail's company.

        :param mail.mail mail: The mail.
        :rtype: ir.mail_server
        """
        context = self._get_server_context(mail.record_alias_domain_id)
        return self.env["ir.mail_server"].with_context(**context)

    def _get_server_context(self, domain, bounce_address=None):
        """Return what core's mail servers take from the context.

        :param mail.alias.domain domain: The domain of the company's addresses, if any.
        :param str bounce_address: Where bounces go.
        :rtype: dict
        """
        if not domain:
            return {}
        return {
            "domain_notifications_email": domain.default_from_email,
            "domain_bounce_address": bounce_address or domain.bounce_email,
        }

    def _find_mail_server(self, mail):
        """Return the mail server that core would take for a mail.

        Personal ones send what their owner sends.

        :param mail.mail mail: The mail.
        :return: The server, empty for the one that Odoo was started with, and the
            sender's address for it.
        :rtype: tuple[ir.mail_server, str]
        """
        if mail.mail_server_id:
            return mail.mail_server_id, mail.email_from
        servers = self._get_mail_servers(mail)
        domain = servers._find_mail_server_allowed_domain()  # Those of everybody.
        parameters = self.env["ir.config_parameter"]
        if not parameters.get_param("mail.disable_personal_mail_servers", False):
            domain |= Domain("owner_user_id", "=", self._get_sender().id)
        allowed = servers.search(domain, order="sequence, id")
        email_from = _get_first_address(mail.email_from)
        server, smtp_from = servers._find_mail_server(email_from, allowed)
        return server or servers.browse(), smtp_from

    def _connect(self, server, smtp_from, run=None):
        """Connect to a mail server, or raise as core does.

        :param ir.mail_server server: The server; empty for that of the configuration.
        :param str smtp_from: The sender's address.
        :param LaneRun|None run: What the lane knows; it keeps connections.
        :rtype: smtplib.SMTP | None
        :raise MailDeliveryException: If it cannot be reached or lets nobody in.
        """

        def connect():
            return self.env["ir.mail_server"]._connect__(
                mail_server_id=server.id, smtp_from=smtp_from
            )

        try:
            if not run:
                return connect()
            run.server = server
            return run.connections.take((server.id, smtp_from), connect)
        except Exception as error:
            raise MailDeliveryException(
                self.env._("The mail server cannot be reached."), error
            ) from error

    def _build_message(self, mail, server):
        """Return the message of a mail, as it is handed over.

        :param mail.mail mail: The mail.
        :param ir.mail_server server: The mail server.
        :return: The message, and the only addresses that get it.
        :rtype: tuple[email.message.EmailMessage, list[str]]
        """
        [prepared] = mail._prepare_outgoing_list(mail_server=server)
        files = [*prepared["attachments"], *self._get_files()]
        message = self._get_mail_servers(mail)._build_email__(
            email_from=_get_first_address(prepared["email_from"]),
            email_to=prepared["email_to"],
            subject=prepared["subject"],
            body=prepared["body"],
            body_alternative=prepared["body_alternative"],
            email_cc=prepared["email_cc"],
            reply_to=prepared["reply_to"],
            # A name with a line break is no name in an email (RFC 5322, 2.2).
            attachments=[(" ".join(name.split()), *file) for name, *file in files],
            message_id=prepared["message_id"],
            references=prepared["references"],
            object_id=prepared["object_id"],
            subtype="html",
            subtype_alternative="plain",
            headers=prepared["headers"],
        )
        pictures = self.batch_id._get_pictures(prepared["body"])
        inline_pictures.embed(message, pictures, self.move_id.get_base_url())
        return message, prepared["email_to_normalized"]

    # === RETENTION === #

    @api.autovacuum
    def _gc_deliveries(self):
        """Remove what is kept no longer, as long as visits are; give up what is left.

        An email that may have arrived is evidence as long as its invoice is there: of
        it, only what it said goes.
        """
        yesterday = fields.Datetime.now() - timedelta(days=1)
        # Of a window that was closed, or whose server stopped.
        self.search(
            [
                ("state", "=", "waiting"),
                ("is_queued", "=", False),
                ("write_date", "<", yesterday),
            ],
            limit=RETENTION_BATCH,
        ).write({"state": "cancelled"})
        done, has_more = 0, False
        # Each company says how long; there are few.
        companies = self.env["res.company"].search([])  # pylint: disable=no-search-all
        for company in companies:
            before = fields.Datetime.now() - relativedelta(
                months=company.portal_event_months
            )
            old = self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "not in", ["waiting", "sending"]),
                    ("is_redacted", "=", False),
                    ("create_date", "<", before),
                ],
                limit=RETENTION_BATCH,
            )
            done += len(old)
            has_more = has_more or len(old) == RETENTION_BATCH
            proving = old.filtered(lambda each: each.state in PROVING)
            proving._redact()
            (old - proving).unlink()
        self.env["account.move.portal.batch"].search(
            [("delivery_ids", "=", False), ("create_date", "<", yesterday)],
            limit=RETENTION_BATCH,
        ).unlink()
        return done, has_more

    def _redact(self):
        """Remove what these emails said; what they prove stays.

        That is to which address each went and when, by whose order, with which link,
        Message-Id and PDF, and what the mail server answered.
        """
        for delivery in self:
            delivery.formatted = delivery.email
        self.write(
            {
                "subject": False,
                "body": False,
                "attachment_ids": [Command.clear()],
                "download_ids": [Command.clear()],
                "is_redacted": True,
            }
        )
        # Files that were made for these emails alone.
        self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        ).unlink()
        self.batch_id._redact()


def _get_first_address(addresses):
    """Return the address that core takes for the sender's, if there are several.

    :param str addresses: The formatted address, as it may stand in a template.
    :rtype: str
    """
    return [*email_split_and_format_normalize(addresses), addresses][0]
