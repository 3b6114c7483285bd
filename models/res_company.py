from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..mailing import addresses


class ResCompany(models.Model):
    _inherit = "res.company"

    portal_mail_cc = fields.Char(
        string="Portal mail: default CC",
        help="Who gets an open copy of each mail with a payment portal link.",
    )
    portal_mail_bcc = fields.Char(
        string="Portal mail: default BCC",
        help="Who gets a hidden copy of each mail with a payment portal link.",
    )
    portal_mail_subject = fields.Char(
        string="Portal mail: subject",
        help="Empty: the standard subject, in the customer's language.",
        translate=True,
    )
    portal_mail_body = fields.Html(
        string="Portal mail: text",
        help="Empty: the standard text, in the customer's language.",
        translate=True,
        sanitize_style=True,
    )
    portal_mail_size_limit = fields.Integer(
        string="Portal mail: largest size (MB)",
        help="Supporting documents that would make a mail larger than this many"
        " megabytes are offered on the portal page instead.",
        default=10,
        required=True,
    )

    _portal_mail_size_limit_positive = models.Constraint(
        "CHECK (portal_mail_size_limit > 0)",
        "The largest size of a mail has to be at least 1 MB.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("portal_mail_subject", "portal_mail_body")
    def _check_portal_mail_texts(self):
        for company in self:
            for text in (company.portal_mail_subject, company.portal_mail_body):
                self.env["account.move.portal.text"]._check(text)

    @api.constrains("portal_mail_cc", "portal_mail_bcc")
    def _check_portal_mail_addresses(self):
        for company in self:
            for text in (company.portal_mail_cc, company.portal_mail_bcc):
                if malformed := addresses.parse(text)[1]:
                    raise ValidationError(
                        self.env._(
                            "“%(address)s” is not an e-mail address.",
                            address=malformed[0],
                        )
                    )
