from odoo import fields, models


class AccountMovePortalAccess(models.AbstractModel):
    """An invoice's side of its links: who may open it, and the end of it."""

    _name = "account.move.portal.access"
    _description = "Invoice: who may open it on the portal"

    portal_link_ids = fields.One2many(
        comodel_name="account.move.portal.link",
        inverse_name="move_id",
        string="Portal links",
        readonly=True,
        copy=False,
    )
    portal_link_count = fields.Integer(compute="_compute_portal_link_count")
    portal_live_link_count = fields.Integer(compute="_compute_portal_link_count")

    # === COMPUTE METHODS === #

    def _compute_portal_link_count(self):
        links = self.env["account.move.portal.link"]
        domain = [("move_id", "in", self.ids)]
        counts = dict(links._read_group(domain, ["move_id"], ["__count"]))
        live_domain = [*domain, ("state", "=", "live")]
        live_counts = dict(links._read_group(live_domain, ["move_id"], ["__count"]))
        for move in self:
            move.portal_link_count = counts.get(move, 0)
            move.portal_live_link_count = live_counts.get(move, 0)

    # === CRUD METHODS === #

    def write(self, vals):
        """Override to close the links of an invoice that is cancelled."""
        result = super().write(vals)
        if vals.get("state") == "cancel":
            # In sudo mode because who may cancel the invoice closes its links.
            self.sudo().portal_link_ids._revoke("cancelled")
        return result

    # === ACTION METHODS === #

    def action_view_portal_links(self):
        """Open the list of this invoice's portal links.

        Note: `self.ensure_one()`

        :return: The action of the list.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Portal Links"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.link",
            "view_mode": "list,kanban,form",
            "mobile_view_mode": "kanban",
            "domain": [("move_id", "=", self.id)],
            "context": {"create": False},
        }

    def action_share_portal_link(self):
        """Open the window that makes a link to be handed over by other means.

        Note: `self.ensure_one()`

        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        self.ensure_one()
        self._check_portal_send()
        return self._get_portal_share_action()

    def action_revoke_portal_links(self):
        """Close all of the invoice's links."""
        self.portal_link_ids._revoke("staff")

    # === BUSINESS METHODS === #

    def _get_portal_share_action(self, link=None):
        """Return the window that shows a link's address.

        Note: `self.ensure_one()`

        :param account.move.portal.link link: The link; none to make one first.
        :rtype: dict
        """
        self.ensure_one()
        action = {
            "name": self.env._("Copy Portal Link"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.link.share",
            "view_mode": "form",
            "target": "new",
            "context": {"default_move_id": self.id},
        }
        if link:
            # Made here, where it is noted, and not by the browser.
            action["res_id"] = (
                self.env["account.move.portal.link.share"]
                .create({"move_id": self.id, "link_id": link.id})
                .id
            )
        return action
