from odoo import api, models
from odoo.exceptions import UserError

from ...tools import smtp_errors


class AccountMovePortalLinkRequest(models.Model):
    """The email that answers a request for a new link."""

    _inherit = "account.move.portal.link.request"

    def _send_fresh_link(self, recipient):
        """Override to email a fresh link.

        :param res.partner recipient: The contact.
        :raise Exception: What the mail server, or the way to it, had against it.
        """
        result = super()._send_fresh_link(recipient)
        move = self.move_id.with_context(lang=recipient.lang or self.env.lang)
        link = self._get_fresh_link(recipient)
        mail = self.env["mail.mail"].create(self._prepare_mail(move, link, recipient))
        try:
            mail.send(raise_exception=True)
        except Exception as error:
            if not smtp_errors.is_uncertain(error):
                raise
            # The mail may have arrived: its link goes on to work, and into the next.
            mail.unlink()
            self.fresh_link_id = link
            self._record_refusal(error)
            return result
        if mail.exists() and mail.state == "exception":
            raise UserError(mail.failure_reason or "")
        self.state = "sent"
        link._log_fact(
            move.env._(
                "A visitor asked for a new portal link; it was sent to %(recipient)s.",
                recipient=link.email,
            )
        )
        return result

    @api.model
    def _prepare_mail(self, move, link, recipient):
        """Prepare the values of the mail with a fresh link.

        :param account.move move: The invoice, in the recipient's language.
        :param account.move.portal.link link: The link.
        :param res.partner recipient: The contact.
        :return: The values of the `mail.mail`.
        :rtype: dict
        """
        subject = move.env._(
            "%(company)s: your new link to invoice %(number)s",
            company=move.company_id.name,
            number=move.name,
        )
        body = move.env["ir.qweb"]._render(
            "account_payment_portal.mail_new_link_text",
            {"move": move, "recipient": recipient},
            lang=move.env.lang,
            minimal_qcontext=True,
        )
        return {
            "model": "account.move",
            "res_id": move.id,
            "subject": subject,
            "email_from": move.company_id.email_formatted,
            "email_to": recipient.email_formatted,
            "auto_delete": True,  # It holds the recipient's token.
            "body_html": link._render_mail(subject, body),
        }
