from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize


class AccountMovePortalLinkShare(models.TransientModel):
    """The window from which staff copy a link, to hand it over by other means."""

    _name = "account.move.portal.link.share"
    _inherit = ["account.move.portal.window"]
    _description = "Copy Invoice Portal Link"
    _shown_fields = ("move_id", "link_id")

    link_id = fields.Many2one(
        comodel_name="account.move.portal.link", readonly=True, ondelete="cascade"
    )
    email = fields.Char(
        string="For",
        help="The email address of the person this link is for. No email is sent.",
        compute="_compute_email",
        store=True,
        readonly=False,
    )
    # Not stored: the token is in one place only.
    url = fields.Char(string="Portal link", compute="_compute_url", exportable=False)

    @api.depends("move_id", "link_id")
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.link_id.email or wizard.move_id.partner_id.email

    @api.depends("link_id")
    def _compute_url(self):
        for wizard in self:
            link = wizard.link_id
            # Only in a window that was noted, not in one that a browser makes up.
            is_shown = wizard.id and link.move_id == wizard.move_id
            wizard.url = link._get_url() if is_shown and link.state == "live" else False

    @api.model_create_multi
    def create(self, vals_list):
        """Override to note on the invoice whose link was shown to whom."""
        wizards = super().create(vals_list)
        for wizard in wizards.filtered("link_id"):
            wizard._log_copy()
        return wizards

    def write(self, vals):
        """Override to note whose link the window shows from now on."""
        result = super().write(vals)
        if vals.get("link_id"):
            for wizard in self:
                wizard._log_copy()
        return result

    def action_create_link(self):
        """Make the recipient's link, or take the one there is, and show it.

        :return: The action of this window.
        :rtype: dict
        :raise UserError: If there is no address, or no portal page.
        """
        self.ensure_one()
        self.move_id.check_access("write")
        self.move_id._check_portal_send()
        email = email_normalize(self.email)
        if not email:
            raise UserError(
                self.env._(
                    "Enter the email address of the person this link is for. No email "
                    "is sent; the address only identifies whose link it is."
                )
            )
        links = self.env["account.move.portal.link"]
        link = links._find_for_recipient(self.move_id, email) or links.create(
            links._prepare_link(self.move_id, email)
        )
        return self.move_id._get_portal_share_action(link)

    def _log_copy(self):
        """Note on the invoice that someone was shown a link.

        :raise AccessError: If the user may not, or the link is another invoice's.
        """
        self.ensure_one()
        self.move_id.check_access("write")
        if self.link_id.move_id != self.move_id:
            raise AccessError(self.env._("This link belongs to another invoice."))
        self.link_id._log_fact(
            self.env._(
                "Portal link for %(recipient)s shown for copying.",
                recipient=self.link_id.display_name,
            )
        )
