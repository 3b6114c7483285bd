import base64
import re

from odoo import api, fields, models
from odoo.fields import Command
from odoo.orm.models import NO_ACCESS
from odoo.tools.misc import hash_sign, verify_hash_signed

from ..mailing.addresses import Recipient

PREVIEW_SCOPE = "account_payment_portal-preview"
PREVIEW_HOURS = 1
# When a file, or one embedded in it, was made (ISO 32000-1, 7.9.4).
_PDF_DATES = re.compile(rb"/(?:Creation|Mod)Date\s*\([^)]*\)")


class AccountMoveSendPortal(models.TransientModel):
    """What the user sees before sending: PDF, mail and page, without any trace.

    The previews go through the code that makes the real things, with a link that is
    never stored: its address is signed, opens for this user only, and for a short time.
    """

    # One job a file; together they are one window.
    # pylint: disable=consider-merging-classes-inherited
    _inherit = "account.move.send.portal"

    previewed_pdf = fields.Binary(
        help="The PDF that the user was shown.", attachment=False, readonly=True
    )
    printed_token = fields.Char(
        help="Of the link on the PDF, which opens nothing before the PDF is sent.",
        readonly=True,
        default=lambda self: self._make_token(),
        groups=NO_ACCESS,
    )

    # === ACTION METHODS === #

    def action_preview_pdf(self):
        """Open the PDF that will be attached, in a new tab.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        return self._open_tab("pdf?show=1")

    def action_preview_portal(self):
        """Open the page as the customer will see it, in a new tab.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        return self._open_tab("")

    def _open_tab(self, screen):
        """Return the action that opens a screen of the preview in a new tab.

        :param str screen: The screen; empty for the invoice page.
        :rtype: dict
        """
        return {
            "type": "ir.actions.act_url",
            "url": self._get_preview_link()._get_path(screen),
            "target": "new",
        }

    def get_email_preview(self):
        """Return the mail as the first recipient will get it.

        Note: `self.ensure_one()`

        :return: The mail's `html`, the lines of its head, and its files' names.
        :rtype: dict
        """
        self.ensure_one()
        recipients, _malformed = self._get_recipients()
        first = recipients[0] if recipients else Recipient("to", "", "")
        attached, offered = self._split_documents()
        values = self._get_mail_values(
            self._get_preview_link(),
            first,
            recipients,
            (attached.browse(), offered.sudo()),
            self._make_message_id(),
        )
        # In sudo mode because mails are the system's. Never stored.
        mail_sudo = self.env["mail.mail"].sudo().new({**values, "email_to": "x@x.x"})
        [outgoing] = mail_sudo._prepare_outgoing_list()
        lists = {
            kind: [each.formatted for each in recipients if each.kind == kind]
            for kind in ("to", "cc", "bcc")
        }
        return {
            "html": outgoing["body"],
            "subject": outgoing["subject"] or "",
            "from": values["email_from"],
            "attachments": [*self._get_own_filenames(), *attached.mapped("name")],
            "downloads": offered.mapped("name"),
            **lists,
        }

    # === BUSINESS METHODS - THE LINK === #

    @api.model
    def _make_token(self):
        """Return a token for the link on the PDF.

        :rtype: str
        """
        return self.env["account.move.portal.link"]._make_token()

    def _get_preview_link(self):
        """Return a link that is not there: it opens the preview, and leaves no trace.

        Note: `self.ensure_one()`

        :return: A new record in sudo mode, never stored.
        :rtype: account.move.portal.link
        """
        self.ensure_one()
        # In sudo mode to read the database's secret, and the token.
        signed = hash_sign(
            self.env(su=True),
            PREVIEW_SCOPE,
            [self.id, self.env.uid],
            expiration_hours=PREVIEW_HOURS,
        )
        return (
            self.env["account.move.portal.link"]
            .sudo()
            .new(
                {
                    "move_id": self.move_id.id,
                    "email": self.env.user.email or "",
                    "audience": "internal",
                    "token": f"preview/{signed}",
                    "document_ids": [Command.set(self._get_included().ids)],
                }
            )
        )

    @api.model
    def _find_preview(self, signed):
        """Return the window whose preview a signed address opens for this user.

        :param str signed: The last part of the address: anything at all.
        :return: The window; empty if there is none, or not for this user any more.
        :rtype: account.move.send.portal
        """
        try:
            # In sudo mode to read the database's secret.
            values = verify_hash_signed(self.env(su=True), PREVIEW_SCOPE, signed)
        except ValueError:
            return self.browse()
        window_id, user_id = values or (0, 0)
        if user_id != self.env.uid:
            return self.browse()
        windows = self.browse(window_id).exists()._filtered_access("read")
        # What the preview shows, it shows in sudo mode.
        return windows.filtered(lambda window: window.move_id.has_access("read"))

    # === BUSINESS METHODS - THE PDF === #

    def _get_preview_pdf(self):
        """Return the invoice's PDF, the very bytes that will be attached.

        Note: `self.ensure_one()`

        :rtype: bytes
        :raise UserError: If it cannot be made.
        """
        self.ensure_one()
        move = self.move_id
        if move.state == "draft" or move.invoice_pdf_report_id:
            return move._get_portal_document()
        # Made by all that makes the real one, and undone.
        with self.env.cr.savepoint() as savepoint:
            documents_sudo = self.with_context(
                account_payment_portal_preview=True
            )._make_own_documents()
            content = documents_sudo[:1].raw
            savepoint.rollback()
        self.previewed_pdf = base64.b64encode(content)
        return content

    def _link_invoice_documents(self, invoices_data):
        """Override of `account` to attach the very file that the user was shown.

        It is made anew all the same: if the invoice has changed since, so has the file.
        Where nothing but the time in it differs, the one that was shown is taken.
        """
        if shown := self.previewed_pdf and base64.b64decode(self.previewed_pdf):
            for data in invoices_data.values():
                values = data.get("pdf_attachment_values")
                if values and _PDF_DATES.sub(b"", values["raw"]) == _PDF_DATES.sub(
                    b"", shown
                ):
                    values["raw"] = shown
        result = super()._link_invoice_documents(invoices_data)
        # In sudo mode because the token is hidden. From here on it is the link's alone.
        for window_sudo in self.sudo():
            window_sudo.printed_token = self._make_token()
        return result

    def _get_portal_tokens(self):
        """Override: the link that the preview shows is the one that is sent."""
        # In sudo mode because the token is hidden from everyone.
        return {window.move_id.id: window.printed_token for window in self.sudo()}

    def _call_web_service_before_invoice_pdf_render(self, invoices_data):
        """Override of `account` to tell nobody of a document that is only a preview."""
        if self.env.context.get("account_payment_portal_preview"):
            return None
        return super()._call_web_service_before_invoice_pdf_render(invoices_data)

    def _call_web_service_after_invoice_pdf_render(self, invoices_data):
        """Override of `account` to tell nobody of a document that is only a preview."""
        if self.env.context.get("account_payment_portal_preview"):
            return None
        return super()._call_web_service_after_invoice_pdf_render(invoices_data)
