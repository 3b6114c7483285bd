from odoo import api, fields, models
from odoo.tools import human_size


class AccountMovePortalLink(models.Model):
    """The supporting documents that a link offers beside its invoice."""

    _inherit = "account.move.portal.link"

    document_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="account_move_portal_link_document_rel",
        string="Supporting documents",
        help="Files offered on the invoice page in addition to the invoice.",
        readonly=True,
        copy=False,
    )
    # For the page of an invoice without any, which most are: it need not look.
    has_documents = fields.Boolean(compute="_compute_has_documents", store=True)

    @api.depends("document_ids")
    def _compute_has_documents(self):
        for link in self:
            link.has_documents = bool(link.document_ids)

    @api.model
    def _get_screen_fields(self):
        """Override to read whether there are documents in the same query."""
        return (*super()._get_screen_fields(), "has_documents")

    @api.model
    def _get_screen_move_fields(self):
        """Override to read which version of the document was sent."""
        return (*super()._get_screen_move_fields(), "portal_document_version")

    def _get_document(self, document_id):
        """Return a supporting document that this link opens.

        :param int document_id: The id found in the URL: anything at all.
        :return: The file, in sudo mode; empty if the link does not offer it.
        :rtype: ir.attachment
        """
        self.ensure_one()
        # In sudo mode because the link is what authorizes its visitor.
        return (
            self.sudo()
            .document_ids.filtered(lambda document: document._origin.id == document_id)
            ._origin
        )

    @api.model
    def _format_size(self, size):
        """Return the size of a file as people read it.

        :param int size: The number of bytes.
        :rtype: str
        """
        return human_size(size)
