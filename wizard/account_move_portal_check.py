from odoo import api, models
from odoo.fields import Command

from .. import const
from ..models.send.account_move_portal_delivery import Handover


class AccountMovePortalCheck(models.TransientModel):
    """The sample that the self-check emails: what the window would send."""

    _inherit = "account.move.portal.check"

    @api.model
    def _send_sample(self, company, user, url):
        """Override to send what the window would."""
        result = super()._send_sample(company, user, url)
        move = self._make_sample_invoice(company.with_company(company), user)
        window = move.env["account.move.send.portal"].create(
            {"move_id": move.id, "email_to": user.email_formatted, "step": "compose"}
        )
        recipients, _malformed = window._get_recipients()
        no_files = move.env["ir.attachment"]
        [delivery] = window._make_preview_deliveries(recipients[:1], no_files)
        delivery.message_id = delivery._make_message_id(move.id)
        link = window._get_preview_link().with_context(
            **{const.CONTEXT_SAMPLE_URL: url}
        )
        values = delivery._get_mail_values(link, delivery, no_files)
        mail = move.env["mail.mail"].new({**values, "headers": "{}"})
        server, smtp_from = delivery._find_mail_server(mail)
        message, addresses = delivery._build_message(mail, server)
        message.add_attachment(
            window._get_preview_pdf(),
            maintype="application",
            subtype="pdf",
            filename=window._get_own_filenames()[0],
        )
        session = delivery._connect(server, smtp_from)
        context = delivery._get_server_context(
            mail.record_alias_domain_id, message["Return-Path"]
        )
        delivery._send_message(
            Handover(session, server, message, addresses, {}, context)
        )
        if session:
            session.quit()
        return result

    @api.model
    def _make_sample_invoice(self, company, user):
        """Make the invoice of the sample, which the caller undoes.

        It stays a draft: what is posted may be reported to others at once.

        :param res.company company: Whose invoice, in sudo mode.
        :param res.users user: Whom it is for.
        :rtype: account.move
        """
        line = {
            "name": self.env._("Sample"),
            "quantity": 1,
            "price_unit": 100,
            "tax_ids": [Command.clear()],
        }
        moves = company.env["account.move"].with_context(tracking_disable=True)
        return moves.create(
            {
                "move_type": "out_invoice",
                "company_id": company.id,
                "partner_id": user.partner_id.id,
                "invoice_line_ids": [Command.create(line)],
            }
        )
