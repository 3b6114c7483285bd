from odoo import fields, models


class ResPartner(models.Model):
    """A customer of whom no invoice is reminded of for a while."""

    _inherit = "res.partner"

    is_portal_on_hold = fields.Boolean(
        compute="_compute_is_portal_on_hold", export_string_translation=False
    )

    def _compute_is_portal_on_hold(self):
        # In sudo mode because of those who read contacts and nothing of holds.
        held = (
            self.env["account.move.portal.hold"]
            .sudo()
            ._search_in_force(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("company_id", "in", self.env.companies.ids),
                ]
            )
            .partner_id
        )
        for partner in self:
            partner.is_portal_on_hold = partner.commercial_partner_id.sudo() in held

    # === ACTION METHODS === #

    def action_portal_hold(self):
        """Open the window that puts these customers on hold.

        :return: The action of the window.
        :rtype: dict
        """
        return self.env["account.move.portal.hold.window"]._open(partners=self)

    def action_portal_release_hold(self):
        """End the holds of these customers in the companies at work."""
        self.env["account.move.portal.hold"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "in", self.env.companies.ids),
                ("released_on", "=", False),
            ]
        ).action_release()
