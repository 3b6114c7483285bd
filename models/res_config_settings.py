from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import html_normalize, is_html_empty


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    portal_link_expiry = fields.Selection(
        related="company_id.portal_link_expiry", readonly=False, required=True
    )
    portal_link_expiry_days = fields.Integer(
        related="company_id.portal_link_expiry_days", readonly=False
    )
    portal_event_months = fields.Integer(
        related="company_id.portal_event_months", readonly=False
    )
    portal_allow_part_payment = fields.Boolean(
        related="company_id.portal_allow_part_payment", readonly=False
    )
    portal_minimum_part_payment = fields.Monetary(
        related="company_id.portal_minimum_part_payment", readonly=False
    )
    portal_is_default_report = fields.Boolean(
        related="company_id.portal_is_default_report", readonly=False
    )
    portal_send_receipt = fields.Boolean(
        related="company_id.portal_send_receipt", readonly=False
    )
    portal_mail_cc = fields.Char(related="company_id.portal_mail_cc", readonly=False)
    portal_mail_bcc = fields.Char(related="company_id.portal_mail_bcc", readonly=False)
    portal_mail_size_limit = fields.Integer(
        related="company_id.portal_mail_size_limit", readonly=False
    )
    portal_mail_subject = fields.Char(
        string="Subject",
        compute="_compute_portal_mail_texts",
        inverse="_inverse_portal_mail_subject",
        readonly=False,
    )
    portal_mail_body = fields.Html(
        string="Text",
        compute="_compute_portal_mail_texts",
        inverse="_inverse_portal_mail_body",
        readonly=False,
        sanitize_style=True,
    )
    portal_mail_sample = fields.Html(
        string="Sample", compute="_compute_portal_mail_sample", sanitize=False
    )

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_portal_mail_texts(self):
        texts = self.env["account.move.portal.text"]
        for settings in self:
            company = settings.company_id
            settings.portal_mail_subject = (
                company.portal_mail_subject or texts._get_standard_subject()
            )
            body = company.portal_mail_body
            settings.portal_mail_body = (
                texts._get_standard_body() if is_html_empty(body) else body
            )

    def _inverse_portal_mail_subject(self):
        standard = self.env["account.move.portal.text"]._get_standard_subject()
        for settings in self:
            typed = (settings.portal_mail_subject or "").strip()
            own = typed if typed != standard else False
            if own != settings.company_id.portal_mail_subject:
                settings.company_id.portal_mail_subject = own

    def _inverse_portal_mail_body(self):
        standard = self.env["account.move.portal.text"]._get_standard_body()
        for settings in self:
            typed = settings.portal_mail_body
            is_standard = is_html_empty(typed) or _squeeze(typed) == _squeeze(standard)
            own = False if is_standard else typed
            if own != settings.company_id.portal_mail_body:
                settings.company_id.portal_mail_body = own

    @api.depends("company_id", "portal_mail_subject", "portal_mail_body")
    def _compute_portal_mail_sample(self):
        for settings in self:
            settings.portal_mail_sample = settings._render_portal_mail_sample()

    # === ACTION METHODS === #

    def action_translate_portal_mail(self):
        """Open the company's mail texts, to be translated.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Mails with a payment portal link"),
            "type": "ir.actions.act_window",
            "res_model": "res.company",
            "res_id": self.company_id.id,
            "views": [
                (
                    self.env.ref(
                        "account_payment_portal.res_company_view_form_portal_mail"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
        }

    # === BUSINESS METHODS === #

    def _render_portal_mail_sample(self):
        """Render the typed texts on the company's latest invoice.

        Note: `self.ensure_one()`

        :return: Subject and text, or what is wrong with them.
        :rtype: Markup
        """
        texts = self.env["account.move.portal.text"]
        move = self._get_portal_sample_invoice()
        subject, body = self.portal_mail_subject or "", self.portal_mail_body or ""
        try:
            for text in (subject, body):
                texts._check(text)
        except ValidationError as error:
            return Markup("<p class='text-danger fw-bold'>%s</p>") % str(error)
        if not move:
            return Markup("<p class='text-muted'>%s</p>") % self.env._(
                "There is no customer invoice yet to show a sample of."
            )
        return Markup("<p><b>%s</b></p>%s") % (
            texts._render(subject, move),
            texts._render(Markup(body), move),
        )

    def _get_portal_sample_invoice(self):
        """Return an invoice of the company to show what placeholders stand for.

        :rtype: account.move
        """
        # In sudo mode because who sets the texts need not be an accountant.
        return (
            self.env["account.move"]
            .sudo()
            .search(
                [
                    ("move_type", "=", "out_invoice"),
                    ("state", "=", "posted"),
                    ("company_id", "=", self.company_id.id),
                ],
                limit=1,
            )
        )


def _squeeze(html):
    """Return HTML in the one form in which equal texts are equal."""
    return "".join(html_normalize(str(html)).split())
