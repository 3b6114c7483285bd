from odoo import fields, models


class AccountMovePortalDeliveryDocument(models.Model):
    """The fingerprint of a PDF that went with an email.

    It is what proves which PDF a recipient got, when the email's files are long gone:
    nothing else is kept of them.
    """

    _name = "account.move.portal.delivery.document"
    _description = "Invoice Portal Email Document"
    _order = "id"
    _rec_name = "sha256"

    delivery_id = fields.Many2one(
        comodel_name="account.move.portal.delivery",
        string="Email",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        help="Empty for what belongs to no single invoice, such as an account "
        "statement.",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    sha256 = fields.Char(
        string="PDF fingerprint",
        help="SHA-256 of the PDF.",
        required=True,
        readonly=True,
    )
