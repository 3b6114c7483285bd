from odoo import api, fields, models
from odoo.tools import human_size


class AccountMoveSendPortalDocument(models.TransientModel):
    """A supporting document in the *Email Payment Portal Link* window."""

    _name = "account.move.send.portal.document"
    _description = "Supporting Document of a Payment Portal Link"
    _order = "id"

    wizard_id = fields.Many2one(
        comodel_name="account.move.send.portal", required=True, ondelete="cascade"
    )
    attachment_id = fields.Many2one(
        comodel_name="ir.attachment",
        string="Document",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    # As its user: else a line made by a call would tell the name of any file.
    name = fields.Char(related="attachment_id.name", related_sudo=False)
    size = fields.Char(compute="_compute_size")
    origin = fields.Char(string="From", readonly=True)
    is_included = fields.Boolean(string="Include", default=True)

    @api.depends("attachment_id")
    def _compute_size(self):
        for document in self:
            document.size = human_size(document.attachment_id.file_size)
