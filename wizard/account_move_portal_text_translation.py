from odoo import api, fields, models


class AccountMovePortalTextTranslation(models.TransientModel):
    """The window in which a company's mail texts are written in any language."""

    _name = "account.move.portal.text.translation"
    _description = "Translation of Invoice Portal Emails"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, ondelete="cascade"
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
    )
    subject = fields.Char(compute="_compute_texts", store=True, readonly=False)
    body = fields.Html(
        string="Text",
        compute="_compute_texts",
        store=True,
        readonly=False,
        sanitize_style=True,
    )

    @api.depends("company_id", "lang")
    def _compute_texts(self):
        texts = self.env["account.move.portal.text"]
        for translation in self:
            translation.subject, translation.body = texts._get_unfilled(
                translation.company_id, translation.lang
            )

    def action_save(self):
        """Keep the texts in this language.

        Note: `self.ensure_one()`

        :return: The action that closes the window.
        :rtype: dict
        :raise ValidationError: If there is an unknown placeholder.
        """
        self.ensure_one()
        self.env["account.move.portal.text"]._set_unfilled(
            self.company_id, self.lang, self.subject, self.body
        )
        return {"type": "ir.actions.act_window_close"}
