from odoo import api, models

from ... import const
from ...pdf import rich_text


class IrQwebFieldHtml(models.AbstractModel):
    """What people wrote, inside a document."""

    _inherit = "ir.qweb.field.html"

    @api.model
    def value_to_html(self, value, options):
        """Override of `base` to keep what was pasted in its place in our documents."""
        content = super().value_to_html(value, options)
        if content and self.env.context.get(const.CONTEXT_DOCUMENT):
            return rich_text.tame(content)
        return content
