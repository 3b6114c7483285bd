from odoo import api, models


class ResCompany(models.Model):
    """The company's own texts of portal emails."""

    _inherit = "res.company"

    @api.constrains("portal_mail_subject", "portal_mail_body")
    def _check_portal_mail_texts(self):
        for company in self:
            for text in (company.portal_mail_subject, company.portal_mail_body):
                self.env["account.move.portal.text"]._check(text)
