from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResConfigSettings(models.TransientModel):
    """The texts of portal emails, in the settings."""

    _inherit = "res.config.settings"

    portal_mail_subject = fields.Char(
        string="Subject",
        compute="_compute_portal_mail_texts",
        inverse="_inverse_portal_mail_texts",
        readonly=False,
    )
    portal_mail_body = fields.Html(
        string="Text",
        compute="_compute_portal_mail_texts",
        inverse="_inverse_portal_mail_texts",
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
            settings.portal_mail_subject, settings.portal_mail_body = (
                texts._get_unfilled(settings.company_id, self._get_portal_mail_lang())
            )

    def _inverse_portal_mail_texts(self):
        texts = self.env["account.move.portal.text"]
        for settings in self:
            texts._set_unfilled(
                settings.company_id,
                self._get_portal_mail_lang(),
                settings.portal_mail_subject,
                settings.portal_mail_body,
            )

    @api.depends("company_id", "portal_mail_subject", "portal_mail_body")
    def _compute_portal_mail_sample(self):
        for settings in self:
            settings.portal_mail_sample = settings._render_portal_mail_sample()

    # === ACTION METHODS === #

    def action_translate_portal_mail(self):
        """Open the company's mail texts in another language.

        :rtype: dict
        """
        self.ensure_one()
        mine = self._get_portal_mail_lang()
        others = [
            lang for lang, _name in self.env["res.lang"].get_installed() if lang != mine
        ]
        return {
            "name": self.env._("Translate Payment Portal Emails"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.text.translation",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_company_id": self.company_id.id,
                "default_lang": (others or [mine])[0],
            },
        }

    # === BUSINESS METHODS === #

    def _get_portal_mail_lang(self):
        """Return the language in which the texts are set: the user's.

        :rtype: str
        """
        return self.env.lang or "en_US"

    def _render_portal_mail_sample(self):
        """Render the typed texts on the company's latest invoice.

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
