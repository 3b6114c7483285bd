from markupsafe import Markup

from odoo import api, fields, models

from ...tools import email_addresses, inline_pictures
from ...tools.inline_pictures import Picture


class AccountMovePortalBatch(models.Model):
    """What one click or one schedule sends: emails, one row each.

    A batch knows who is to get what, and how far that has got. It sends nothing: each
    email is a delivery, which does that by itself.
    """

    _name = "account.move.portal.batch"
    _description = "Invoice Portal Sending"
    _order = "id desc"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    origin = fields.Selection(
        selection=[("window", "Sent from the invoice")],
        required=True,
        readonly=True,
        default="window",
    )
    is_paused = fields.Boolean(
        string="Paused", help="Nothing more is sent for now.", readonly=True
    )
    delivery_ids = fields.One2many(
        comodel_name="account.move.portal.delivery",
        inverse_name="batch_id",
        readonly=True,
    )
    delivery_count = fields.Integer(string="All emails", compute="_compute_counts")
    sent_count = fields.Integer(string="Sent", compute="_compute_counts")
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    failed_count = fields.Integer(string="Not sent", compute="_compute_counts")

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
            batch.failed_count = (
                batch.delivery_count - batch.sent_count - batch.waiting_count
            )

    # === ACTION METHODS === #

    def action_pause(self):
        """Send nothing more of these batches until they are resumed."""
        self._set_paused(True)

    def action_resume(self):
        """Go on with what these batches have not sent yet."""
        self._set_paused(False)
        self.env["account.move.portal.delivery"]._wake_queue()

    def _set_paused(self, is_paused):
        """Pause these batches, or let them go on.

        :param bool is_paused: Whether to pause.
        :raise AccessError: If the user may not edit the invoices.
        """
        self.delivery_ids.move_id.check_access("write")
        # In sudo mode because what is sent is written by the system alone.
        self.sudo().is_paused = is_paused

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
        known = {each.email: each for each in self._get_deliveries(move)}
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
                        "thread_id": self._get_thread_id(move),
                    }
                )
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

    def _get_thread_id(self, move):
        """Return the Message-Id by which answers to these emails find the invoice.

        :param account.move move: The invoice.
        :return: That of the first email; False if there is none yet.
        :rtype: str | bool
        """
        return self._get_deliveries(move).sorted("id")[:1].message_id

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
