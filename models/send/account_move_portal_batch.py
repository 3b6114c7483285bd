from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_datetime

from ... import const
from ...tools import email_addresses, inline_pictures
from ...tools.inline_pictures import Picture


class Choice(NamedTuple):
    """Which invoices are sent, and which are not.

    :param dict recipients: Who gets the email, by invoice.
    :param dict left_out: The invoices that are not sent, by reason.
    """

    recipients: dict
    left_out: dict


class AccountMovePortalBatch(models.Model):
    """What one click or one schedule sends: emails, one row each.

    A batch knows who is to get what, and how far that has got. It sends nothing: each
    email is a delivery, which does that by itself.

    What one window sends is written when it is sent. Mass sending is decided on twice:
    when the invoices are chosen, and again when it is an email's turn, of which the
    text and the documents are made only then.
    """

    _name = "account.move.portal.batch"
    _description = "Invoice Portal Sending"
    _order = "id desc"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    origin = fields.Selection(
        selection=[
            ("window", "Sent from the invoice"),
            ("list", "Sent from the list"),
            ("confirmation", "Sent when confirmed"),
            ("reminder", "Reminders"),
        ],
        required=True,
        readonly=True,
        default="window",
    )
    is_paused = fields.Boolean(
        string="Paused", help="Nothing more is sent for now.", readonly=True
    )
    pause_reason = fields.Char(string="Why it is paused", readonly=True)
    held_until = fields.Datetime(
        string="Resumes on",
        help="The mail server accepted no emails. It is tried again at this time.",
        readonly=True,
    )
    scheduled_on = fields.Datetime(string="Scheduled for", readonly=True)
    done_on = fields.Datetime(string="Done", readonly=True)
    state = fields.Selection(
        selection=[
            ("scheduled", "Scheduled"),
            ("sending", "Sending"),
            ("paused", "Paused"),
            ("done", "Done"),
        ],
        compute="_compute_state",
    )
    # Of mass sending.
    subject = fields.Char(
        help="With placeholders. Empty: the company's, in the customer's language.",
        readonly=True,
    )
    body = fields.Html(
        string="Message",
        help="With placeholders. Empty: the company's, in the customer's language.",
        sanitize_style=True,
        readonly=True,
    )
    is_confirming = fields.Boolean(
        string="Drafts are confirmed",
        help="Each draft is confirmed just before it is sent.",
        readonly=True,
    )
    is_repeating = fields.Boolean(
        string="Include invoices already sent",
        help="Invoices the customer already has are sent again.",
        readonly=True,
    )
    is_with_documents = fields.Boolean(string="Supporting documents", readonly=True)
    delivery_ids = fields.One2many(
        comodel_name="account.move.portal.delivery",
        inverse_name="batch_id",
        readonly=True,
    )
    delivery_count = fields.Integer(string="All emails", compute="_compute_counts")
    sent_count = fields.Integer(string="Sent", compute="_compute_counts")
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    failed_count = fields.Integer(string="Not sent", compute="_compute_counts")
    refused_count = fields.Integer(string="Not delivered", compute="_compute_counts")
    uncertain_count = fields.Integer(string="Uncertain", compute="_compute_counts")
    skipped_count = fields.Integer(string="Skipped", compute="_compute_counts")

    # === COMPUTE METHODS === #

    @api.depends("origin", "create_date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["origin"]._description_selection(self.env))
        for batch in self:
            batch.display_name = f"{labels.get(batch.origin, '')} #{batch.id or ''}"

    @api.depends("delivery_ids.state")
    def _compute_counts(self):
        counts = {}
        for batch, state, count in self.env["account.move.portal.delivery"]._read_group(
            [("batch_id", "in", self.ids)], ["batch_id", "state"], ["__count"]
        ):
            counts.setdefault(batch.id, {})[state] = count
        for batch in self:
            states = counts.get(batch.id, {})
            batch.delivery_count = sum(states.values())
            batch.sent_count = states.get("sent", 0)
            batch.waiting_count = states.get("waiting", 0) + states.get("sending", 0)
            batch.refused_count = states.get("refused", 0)
            batch.uncertain_count = states.get("uncertain", 0)
            batch.skipped_count = states.get("skipped", 0)
            batch.failed_count = (
                batch.delivery_count - batch.sent_count - batch.waiting_count
            )

    @api.depends("is_paused", "done_on", "scheduled_on", "delivery_ids.state")
    def _compute_state(self):
        now = fields.Datetime.now()
        for batch in self:
            if not batch.waiting_count:
                batch.state = "done"
            elif batch.is_paused:
                batch.state = "paused"
            elif batch.scheduled_on and batch.scheduled_on > now:
                batch.state = "scheduled"
            else:
                batch.state = "sending"

    # === ACTION METHODS === #

    def action_pause(self):
        """Send nothing more of these batches until they are resumed."""
        self._set_paused(True)

    def action_resume(self):
        """Go on with what these batches have not sent yet."""
        self._set_paused(False)
        self.env["account.move.portal.delivery"]._wake_queue()

    def action_cancel(self):
        """Send nothing more of these batches: what waits is cancelled."""
        self.delivery_ids.filtered(lambda each: each.state == "waiting").action_cancel()
        # In sudo mode because what is sent is written by the system alone.
        for batch_sudo in self.sudo():
            batch_sudo._conclude()

    def action_retry(self):
        """Try once more what the mail server refused."""
        refused = self.delivery_ids.filtered(lambda each: each.state == "refused")
        # In sudo mode because what is sent is written by the system alone.
        self.sudo().done_on = False
        refused.action_repeat()

    def action_view_deliveries(self):
        """Open the list of these emails.

        :return: The action of the list.
        :rtype: dict
        """
        return {
            "name": self.env._("Portal Emails"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.delivery",
            "view_mode": "list,form",
            "domain": [("batch_id", "in", self.ids)],
            "context": {
                f"search_default_{name}": 1
                for name in [self.env.context.get("portal_filter")]
                if name
            },
        }

    def _get_batch_action(self):
        """Return the action that shows this sending.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.display_name,
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def _set_paused(self, is_paused):
        """Pause these batches, or let them go on.

        :param bool is_paused: Whether to pause.
        :raise AccessError: If the user may not edit the invoices.
        """
        self.delivery_ids.move_id.check_access("write")
        # In sudo mode because what is sent is written by the system alone.
        self.sudo().write(
            {"is_paused": is_paused, "pause_reason": False, "held_until": False}
        )

    # === BUSINESS METHODS - WHO GETS WHAT === #

    def _set_deliveries(self, move, recipients, content, unsettled=None):
        """Write who is to get the email of an invoice, in this order.

        Whoever has got it, or gets it later, stays; whoever is not named any more does
        not get it.

        :param account.move move: The invoice.
        :param list[Recipient] recipients: All recipients.
        :param dict content: The values that all their deliveries share.
        :param account.move.portal.delivery unsettled: Those that a person has to decide
            on first.
        :return: The deliveries that are to be sent now.
        :rtype: account.move.portal.delivery
        """
        self.ensure_one()
        deliveries = self._get_deliveries(move)
        known = {each.email: each for each in deliveries}
        thread_id = deliveries.sorted("id")[:1].message_id
        to_send = self.env["account.move.portal.delivery"]
        for sequence, recipient in enumerate(recipients):
            values = {
                **content,
                "sequence": sequence,
                "role": recipient.kind,
                "formatted": recipient.formatted,
            }
            delivery = known.pop(recipient.email, None)
            if delivery is None:
                delivery = to_send.create(
                    {
                        **values,
                        "batch_id": self.id,
                        "move_id": move.id,
                        "email": recipient.email,
                        "thread_id": thread_id,
                    }
                )
                # Answers to any of the emails find the invoice by the first one's.
                thread_id = thread_id or delivery.message_id
            elif delivery._is_settled() or delivery in (unsettled or ()):
                continue
            else:
                delivery.write(values)
                delivery._set_waiting()
            to_send |= delivery
        for delivery in known.values():
            if delivery.state in ("waiting", "refused"):
                delivery._set_cancelled()
        return to_send

    def _get_deliveries(self, move):
        """Return the deliveries of an invoice, in the order of their recipients.

        :param account.move move: The invoice.
        :rtype: account.move.portal.delivery
        """
        # Looked up, not taken from all of the batch: it can have thousands.
        deliveries = self.env["account.move.portal.delivery"]
        if not self:
            return deliveries
        return deliveries.search(
            [("batch_id", "=", self.id), ("move_id", "=", move.id)],
            order="sequence, id",
        )

    # === BUSINESS METHODS - WHICH INVOICES ARE SENT === #

    @api.model
    def _choose(self, moves, is_with_drafts=False, is_repeating=False):
        """Decide which invoices are sent, and why the others are not.

        :param account.move moves: The invoices.
        :param bool is_with_drafts: Whether drafts are sent, too.
        :param bool is_repeating: Whether those are sent again that were sent.
        :rtype: Choice
        """
        sent, queued = self._find_sent(moves)
        recipients, left_out, addresses, copies = {}, {}, {}, {}
        for move in moves:
            key = (move.partner_id, move.company_id)
            if key not in addresses:
                if move.company_id not in copies:
                    copies[move.company_id] = self._get_copies(move.company_id)
                addresses[key] = self._get_recipients(move, copies[move.company_id])
            found, malformed = addresses[key]
            has_recipient = any(each.kind == "to" for each in found)
            reasons = {
                "not_invoice": move.move_type != "out_invoice",
                "cancelled": move.state == "cancel",
                "draft": move.state == "draft" and not is_with_drafts,
                "paid": self._is_paid(move),
                "queued": move.id in queued,
                "sent": not is_repeating and (move.is_move_sent or move.id in sent),
                "bad_email": bool(malformed),
                "no_email": not has_recipient,
            }
            reason = next((name for name, applies in reasons.items() if applies), None)
            if reason:
                left_out.setdefault(reason, []).append(move.id)
            else:
                recipients[move] = found
        return Choice(
            recipients,
            {reason: moves.browse(ids) for reason, ids in left_out.items()},
        )

    @api.model
    def _get_recipients(self, move, copies=None):
        """Return who gets the email of an invoice if nobody says otherwise.

        :param account.move move: The invoice.
        :param tuple|None copies: What `_get_copies` says of the invoice's company,
            where many invoices are asked for; looked up if None.
        :return: The recipients, and what is no address.
        :rtype: tuple[list[Recipient], list[str]]
        """
        # In sudo mode because who may read an invoice may send it, whatever they may
        # read of its customer and its company.
        contact_sudo = move.sudo().partner_id
        if not contact_sudo.email:
            contact_sudo = contact_sudo.commercial_partner_id
        found, malformed = email_addresses.collect(
            {"to": contact_sudo._format_portal_addresses()}
        )
        copied, malformed_copies = copies or self._get_copies(move.company_id)
        known = {each.email for each in found}
        found += [each for each in copied if each.email not in known]
        return found, malformed + malformed_copies

    @api.model
    def _get_copies(self, company):
        """Return who gets a copy of each email of a company.

        :param res.company company: The company.
        :return: The recipients, and what is no address.
        :rtype: tuple[list[Recipient], list[str]]
        """
        # In sudo mode because billers may not read all of a company.
        company_sudo = company.sudo()
        return email_addresses.collect(
            {"cc": company_sudo.portal_mail_cc, "bcc": company_sudo.portal_mail_bcc}
        )

    @api.model
    def _is_paid(self, move):
        """Return whether nothing is due any more on an invoice.

        :param account.move move: The invoice.
        :rtype: bool
        """
        return move.state == "posted" and move.payment_state in (
            "paid",
            "in_payment",
            "reversed",
        )

    @api.model
    def _find_sent(self, moves):
        """Return which invoices were sent by us, and which wait.

        :param account.move moves: The invoices.
        :return: Their ids.
        :rtype: tuple[set[int], set[int]]
        """
        # In sudo mode because emails are the system's.
        deliveries_sudo = self.env["account.move.portal.delivery"].sudo()
        ours = {
            state: {move.id for move in moves}
            for state, moves in deliveries_sudo._read_group(
                [
                    ("move_id", "in", moves.ids),
                    ("kind", "=", "invoice"),
                    ("state", "in", ["sent", "waiting", "sending", "uncertain"]),
                    "|",
                    ("is_queued", "=", True),
                    ("state", "!=", "waiting"),
                ],
                ["state"],
                ["move_id:recordset"],
            )
        }
        sent = ours.get("sent", set()) | ours.get("uncertain", set())
        links = (
            self.env["account.move.portal.link"]
            .sudo()
            ._read_group(
                [
                    ("move_id", "in", moves.ids),
                    ("sent_on", "!=", False),
                    ("audience", "=", "customer"),
                    ("email", "!=", False),
                ],
                ["move_id"],
            )
        )
        sent |= {move.id for (move,) in links}
        return sent, ours.get("waiting", set()) | ours.get("sending", set())

    # === BUSINESS METHODS - MASS SENDING === #

    @api.model
    def _start(self, choice, values, due_on=False):
        """Have the emails of chosen invoices sent by the scheduler.

        Invoices that are not sent get a row, too: it says why.

        :param Choice choice: Which are sent, to whom, and which are not.
        :param dict values: Values of the batch.
        :param datetime.datetime|bool due_on: When, in UTC; False for now.
        :rtype: account.move.portal.batch
        """
        batch = self.create({**values, "scheduled_on": due_on})
        rows = [
            *batch._prepare_chosen(choice, due_on),
            *batch._prepare_left_out(choice),
        ]
        self.env["account.move.portal.delivery"].create(rows)
        if not batch._conclude():
            batch._notify_progress()
        self.env["account.move.portal.delivery"]._wake_queue(at=due_on or None)
        return batch

    def _prepare_chosen(self, choice, due_on):
        """Prepare the emails of the invoices that are sent.

        :param Choice choice: Which are sent, and to whom.
        :param datetime.datetime|bool due_on: When, in UTC; False for now.
        :return: Values of deliveries.
        :rtype: list[dict]
        """
        rows = []
        for move, recipients in choice.recipients.items():
            common = {
                "batch_id": self.id,
                "move_id": move.id,
                "is_mass": True,
                "is_queued": True,
                "retry_on": due_on,
                "expected_partner_id": move.partner_id.id,
                "expected_total": move.amount_total,
            }
            deliveries = self.env["account.move.portal.delivery"]
            thread_id = deliveries._make_message_id(move.id)
            for sequence, recipient in enumerate(recipients):
                own = (
                    {"thread_id": thread_id} if sequence else {"message_id": thread_id}
                )
                rows.append(
                    {
                        **common,
                        **own,
                        "sequence": sequence,
                        "role": recipient.kind,
                        "email": recipient.email,
                        "formatted": recipient.formatted,
                    }
                )
        return rows

    def _prepare_left_out(self, choice):
        """Prepare the rows that say why an invoice is not sent.

        :param Choice choice: Which are not, and why.
        :return: Values of deliveries.
        :rtype: list[dict]
        """
        rows = []
        for reason, moves in choice.left_out.items():
            explanation = self._explain(reason)
            rows += [
                {
                    "batch_id": self.id,
                    "move_id": move.id,
                    "is_mass": True,
                    "email": "",
                    # In sudo mode because who sends may not read all customers.
                    "formatted": move.sudo().partner_id.display_name or "-",
                    "state": "skipped",
                    "answer": explanation,
                }
                for move in moves
            ]
        return rows

    @api.model
    def _explain(self, reason):
        """Return why an invoice is not sent, in words.

        :param str reason: A key of `Choice.left_out`.
        :rtype: str
        """
        return {
            "not_invoice": self.env._("Not a customer invoice."),
            "cancelled": self.env._("The invoice is cancelled."),
            "draft": self.env._("The invoice is a draft."),
            "paid": self.env._("The invoice is paid."),
            "no_email": self.env._("The customer has no email address."),
            "bad_email": self.env._("The customer’s email address is not valid."),
            "queued": self.env._("It is waiting in another sending."),
            "sent": self.env._("It was already sent."),
        }[reason]

    def _find_reason_to_skip(self, delivery):
        """Return why an invoice that was chosen is not to be sent any more.

        :param account.move.portal.delivery delivery: The email, locked.
        :rtype: str | None
        """
        move = delivery.move_id
        if delivery.expected_partner_id != move.partner_id:
            return self.env._(
                "The invoice has been given another customer since it was selected."
            )
        if move.currency_id.compare_amounts(delivery.expected_total, move.amount_total):
            return self.env._("The total has changed since the invoice was selected.")
        if self._is_paid(move):
            return self._explain("paid")
        if not self._is_recipient(delivery.email, move):
            return self.env._(
                "The recipient’s address has changed since the invoice was selected."
            )
        if not self.is_repeating and self._was_sent_meanwhile(delivery):
            return self._explain("sent")
        return None

    def _is_recipient(self, email, move):
        """Return whether an address still gets the email of an invoice.

        :param str email: The address.
        :param account.move move: The invoice.
        :rtype: bool
        """
        recipients, _malformed = self._get_recipients(move, copies=([], []))
        if email in {each.email for each in recipients}:
            return True  # Most are: nothing has to be read of the company.
        copied, _malformed = self._get_copies(move.company_id)
        return email in {each.email for each in copied}

    def _was_sent_meanwhile(self, delivery):
        """Return whether an invoice was sent otherwise since it was chosen.

        :param account.move.portal.delivery delivery: The email.
        :rtype: bool
        """
        if delivery.move_id.is_move_sent:
            siblings = self._get_deliveries(delivery.move_id)
            if "sent" not in siblings.mapped("state"):
                return True  # By Odoo's own window, say.
        return bool(
            delivery.search_count(
                [
                    ("move_id", "=", delivery.move_id.id),
                    ("kind", "=", "invoice"),
                    ("email", "=", delivery.email),
                    ("state", "=", "sent"),
                    ("id", "!=", delivery.id),
                    ("sent_on", ">=", delivery.create_date),
                ],
                limit=1,
            )
        )

    def _fill_in(self, delivery):
        """Write the text of an email, and find its files, when it is its turn.

        :param account.move.portal.delivery delivery: The email, in sudo mode, as its
            sender.
        :raise UserError: If the invoice cannot be confirmed.
        """
        move = delivery.move_id
        if self.is_confirming and move.state == "draft":
            # By the sender's own rights.
            move.sudo(False).with_context(
                **{const.CONTEXT_NO_AUTO_SEND: True}
            ).action_post()
            if move.state == "draft":
                raise UserError(
                    self.env._("The invoice needs to be confirmed by a person.")
                )
        if delivery.subject:
            return
        lang = move._get_portal_lang()
        subject, body = self.env["account.move.portal.text"]._get_subject_and_body(
            move, lang, self.subject, self.body
        )
        values = {"lang": lang, "subject": subject, "body": body}
        attached, offered = self._split_documents(delivery)
        if move.state == "draft":
            attached = self._make_draft_pdf(delivery) + attached
        values["attachment_ids"] = [Command.set(attached.ids)]
        values["download_ids"] = [Command.set(offered.ids)]
        delivery.write(values)

    def _split_documents(self, delivery):
        """Return the supporting documents of an email, as the window on one has them.

        :param account.move.portal.delivery delivery: The email, in sudo mode, as its
            sender.
        :return: The files that go with it, and those too large for it, which only the
            page offers.
        :rtype: tuple[ir.attachment, ir.attachment]
        """
        files = self.env["ir.attachment"]
        if not self.is_with_documents:
            return files, files
        # What is left of the limit depends on how large they are.
        delivery._make_documents()
        # By the sender's own rights: what they may not read is not sent.
        sender = delivery.env["account.move.send"].sudo(False)
        move = delivery.move_id.sudo(False)
        found = sender._get_portal_documents(move)
        attached, offered = sender._split_portal_documents(
            move, files.concat(*found.values())
        )
        return attached.sudo(), offered.sudo()

    def _make_draft_pdf(self, delivery):
        """Return a PDF of a draft, which is nothing but a preview.

        :param account.move.portal.delivery delivery: The email of the draft.
        :return: The attachment; it goes with this email.
        :rtype: ir.attachment
        """
        move = delivery.move_id
        return self.env["ir.attachment"].create(
            {
                "name": move._get_portal_document_filename(),
                "raw": move._get_portal_document(),
                "mimetype": "application/pdf",
                "res_model": delivery._name,
                "res_id": delivery.id,
            }
        )

    # === BUSINESS METHODS - HOW FAR IT HAS GOT === #

    def _note_hold(self, until, reason):
        """Note that the mail server takes nothing, and what comes of it.

        :param datetime.datetime|None until: When it is tried again, in UTC; None if a
            person is to look at it first.
        :param str reason: What it said, in plain words.
        """
        self.ensure_one()
        self.write(
            {"held_until": until, "pause_reason": reason, "is_paused": not until}
        )
        if not until:
            self._notify(
                self.env._("%(sending)s was paused", sending=self.display_name),
                reason,
                "danger",
            )

    def _conclude(self):
        """Note that a batch is done, and tell who started it.

        :return: Whether it is done now, and was not before.
        :rtype: bool
        """
        self.ensure_one()
        waiting = self.env["account.move.portal.delivery"].search_count(
            [("batch_id", "=", self.id), ("state", "in", ["waiting", "sending"])],
            limit=1,
        )
        if waiting or self.done_on:
            return False
        self.write(
            {"done_on": fields.Datetime.now(), "held_until": False, "is_paused": False}
        )
        self.invalidate_recordset(["sent_count", "failed_count", "skipped_count"])
        if self.origin != "window":
            # What was skipped was known before, or is no fault.
            failed = self.failed_count - self.skipped_count
            self._notify(
                self.env._("%(sending)s is done", sending=self.display_name),
                self.env._(
                    "%(sent)s sent, %(failed)s failed, %(skipped)s skipped.",
                    sent=self.sent_count,
                    failed=failed,
                    skipped=self.skipped_count,
                ),
                "warning" if failed else "success",
            )
        return True

    def _notify(self, title, message, kind):
        """Tell who started this sending something, wherever they are in Odoo.

        :param str title: What happened.
        :param str message: More of it.
        :param str kind: `success`, `warning` or `danger`.
        """
        self.create_uid._bus_send(
            "simple_notification",
            {"title": title, "message": message, "type": kind, "sticky": True},
        )

    def _notify_progress(self):
        """Send those who look on how far this has got."""
        self.ensure_one()
        self.create_uid._bus_send(
            "account_payment_portal.batch", self._get_progress()[0]
        )

    @api.readonly
    def get_progress(self):
        """Return how far these batches have got.

        :return: A dict of each.
        :rtype: list[dict]
        """
        self.check_access("read")
        return self._get_progress()

    @api.model
    def get_running(self):
        """Return how far the user's own batches have got that are not done.

        :return: A dict of each.
        :rtype: list[dict]
        """
        if not self.has_access("read"):
            return []
        running = self.search(
            [
                ("create_uid", "=", self.env.uid),
                ("origin", "!=", "window"),
                ("done_on", "=", False),
            ],
            limit=10,
        )
        return running._get_progress()

    def _get_progress(self):
        """Return how far these batches have got.

        :return: A dict of each.
        :rtype: list[dict]
        """
        names = ("waiting_count", "sent_count", "refused_count", "uncertain_count")
        self.invalidate_recordset([*names, "skipped_count", "delivery_count", "state"])
        return [
            {
                "id": batch.id,
                "name": batch.display_name,
                "state": batch.state,
                "total": batch.delivery_count - batch.skipped_count,
                "sent": batch.sent_count,
                "waiting": batch.waiting_count,
                "failed": batch.refused_count + batch.uncertain_count,
                "seconds_left": batch._get_seconds_left(),
                "reason": batch._describe_hold(),
            }
            for batch in self
        ]

    def _get_seconds_left(self):
        """Return how long this will take at the pace of its last emails.

        :return: Seconds; None if that cannot be told.
        :rtype: int | None
        """
        last = self.env["account.move.portal.delivery"].search_fetch(
            [("batch_id", "=", self.id), ("state", "=", "sent")],
            ["sent_on"],
            order="sent_on desc",
            limit=50,
        )
        if self.state != "sending" or self.held_until or len(last) < 2:
            return None
        seconds = (last[0].sent_on - last[-1].sent_on).total_seconds() or 1
        return round(self.waiting_count * seconds / (len(last) - 1))

    def _describe_hold(self):
        """Say why nothing is sent at this moment.

        :return: Empty if something is.
        :rtype: str
        """
        if not self.pause_reason or not (self.is_paused or self.held_until):
            return ""
        if not self.held_until:
            return self.pause_reason
        return self.env._(
            "%(reason)s Trying again at %(time)s.",
            reason=self.pause_reason,
            time=format_datetime(self.env, self.held_until, dt_format="short"),
        )

    # === BUSINESS METHODS - THE PICTURES OF THE TEXT === #

    def _keep_pictures(self, body, readable):
        """Keep the pictures of a text, whatever becomes of where they were pasted.

        :param Markup body: The text. Its pictures are files on the server, or part of
            their addresses.
        :param readable: Function of attachments in sudo mode that returns those that
            the author of the text may read: no other file is ever sent.
        :return: The text, with the addresses of pictures that are this sending's own.
        :rtype: Markup
        """
        self.ensure_one()
        base_url, number = self.env["ir.attachment"].get_base_url(), 0

        def keep(source):
            nonlocal number
            number += 1
            picture = inline_pictures.read_data(source, number)
            if not picture:
                attachment = self.env["ir.attachment"].browse(
                    inline_pictures.get_attachment_id(source, base_url) or []
                )
                attachment = readable(attachment.exists())
                if not (attachment.mimetype or "").startswith("image/"):
                    return None
                picture = Picture(attachment.name, attachment.raw, attachment.mimetype)
            kept = self._keep_picture(picture)
            return f"/web/image/{kept.id}?access_token={kept.access_token}"

        return Markup(inline_pictures.replace_sources(str(body), keep))

    def _keep_picture(self, picture):
        """Return the file of a picture, which is this sending's own.

        :param Picture picture: The picture.
        :rtype: ir.attachment
        """
        attachments = self.env["ir.attachment"]
        values = {"res_model": self._name, "res_id": self.id}
        checksum = attachments._compute_checksum(picture.content)
        # The same text may be sent again, to who did not get it.
        known = attachments.search(
            [
                *((name, "=", value) for name, value in values.items()),
                ("checksum", "=", checksum),
            ],
            limit=1,
        )
        kept = known or attachments.create(
            {
                **values,
                "name": picture.name,
                "raw": picture.content,
                "mimetype": picture.mimetype,
            }
        )
        kept.generate_access_token()
        return kept

    def _get_pictures(self, html):
        """Return the pictures of an email that are this sending's own.

        :param str html: The email.
        :return: The pictures by the id of the attachment.
        :rtype: dict[int, Picture]
        """
        base_url = self.env["ir.attachment"].get_base_url()
        ids = {
            inline_pictures.get_attachment_id(source, base_url)
            for source in inline_pictures.get_sources(str(html))
        } - {None}
        own = self.env["ir.attachment"].browse(ids).exists()
        return {
            file.id: Picture(file.name, file.raw, file.mimetype)
            for file in own
            if self and (file.res_model, file.res_id) == (self._name, self.id)
        }

    # === BUSINESS METHODS - THE NOTE ON THE INVOICE === #

    def _post_note(self, move):
        """Tell staff on an invoice which emails left that they were not told of.

        Among them are those of an attempt that broke off before it could tell.

        :param account.move move: The invoice.
        """
        untold = self._get_deliveries(move).filtered(
            lambda each: each.state == "sent" and not each.is_noted
        )
        if not untold:
            return
        first = untold[0]
        author_id, email_from = first._get_author()
        # As core does it: the files are not to be read as new documents.
        message = move.with_context(
            disable_attachment_import=True, no_document=True
        ).message_post(
            author_id=author_id,
            email_from=email_from,
            message_id=first._get_thread_id(),
            subject=first.subject,
            body=Markup("%s<p><b>%s</b></p>%s")
            % (self._describe_recipients(untold), first.subject, first.body),
            # A note reaches staff only: it tells of blind copies, and the customer got
            # the mail itself. Core hides it from a customer with an account only if
            # it is a comment.
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            # Copies, so that the note shows what was sent whatever becomes of them.
            attachments=[
                (document.name, document.raw)
                for document in first._get_attachments() + first.download_ids
            ],
        )
        # The note's own: otherwise they were files of the invoice, to be offered once
        # more the next time. In sudo mode because only the system may move attachments.
        message.sudo().attachment_ids.write(
            {"res_model": message._name, "res_id": message.id}
        )
        untold.is_noted = True

    def _describe_recipients(self, deliveries):
        """Return the line of the note that names the recipients.

        :param account.move.portal.delivery deliveries: The emails that they got.
        :rtype: Markup
        """
        headings = {
            "to": self.env._("Payment portal link sent to"),
            "cc": self.env._("CC"),
            "bcc": self.env._("BCC (staff only)"),
        }
        return Markup().join(
            Markup("<p>%s: %s</p>") % (heading, names)
            for role, heading in headings.items()
            if (
                names := email_addresses.join(
                    deliveries.filtered(
                        lambda each, role=role: each.role == role
                    ).mapped("formatted")
                )
            )
        )

    # === RETENTION === #

    def _redact(self):
        """Remove what these sendings said, where all their emails were redacted."""
        kept = self.env["account.move.portal.delivery"]._read_group(
            [("batch_id", "in", self.ids), ("is_redacted", "=", False)], ["batch_id"]
        )
        redacted = self - self.browse().union(*(batch for [batch] in kept))
        redacted.write({"subject": False, "body": False})
        # Pictures in the text, and PDF files of drafts.
        self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", redacted.ids)]
        ).unlink()
