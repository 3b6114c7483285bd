from odoo import fields, models


class MailMail(models.Model):
    """An outgoing email with a plain text of its own."""

    _inherit = "mail.mail"

    portal_text = fields.Text(
        string="Plain Text",
        help="Shown by email programs that do not read HTML. If empty, it is made "
        "from the HTML.",
        copy=False,
    )

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Override of `mail` to send the plain text that was written, if one was.

        Core makes it of the HTML: layout, preheader and all, with numbered references.
        """
        outgoing = super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )
        if self.portal_text:
            for email in outgoing:
                email["body_alternative"] = self.portal_text
        return outgoing
