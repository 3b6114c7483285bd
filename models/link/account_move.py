from odoo import api, fields, models
from odoo.exceptions import UserError


def is_staff(user):
    """Return whether a user is one of the house who can be told something.

    :param res.users user: Perhaps somebody who has left, a customer or OdooBot.
    :rtype: bool
    """
    return user.active and user._is_internal()


class AccountMove(models.Model):
    """An invoice's side of its links: who can open it, and whom to ask about it."""

    _inherit = "account.move"

    can_send_portal_link = fields.Boolean(
        compute="_compute_can_send_portal_link", export_string_translation=False
    )
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

    @api.depends("move_type", "state")
    def _compute_can_send_portal_link(self):
        for move in self:
            move.can_send_portal_link = (
                move.move_type == "out_invoice" and move.state in ("draft", "posted")
            )

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

    def _get_portal_share_action(self, link=None):
        """Return the window that shows a link's address.

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

    # === BUSINESS METHODS - WHETHER THERE IS A PORTAL PAGE === #

    def _check_portal_send(self):
        """Check that the portal link of each document may be sent.

        :raise UserError: For anything but draft and posted customer invoices.
        """
        for move in self:
            if not move.can_send_portal_link:
                raise UserError(move._explain_portal_send_refusal())

    def _explain_portal_send_refusal(self):
        """Return why the portal link of the document cannot be sent.

        :rtype: str
        """
        self.ensure_one()
        if self.move_type != "out_invoice":
            return self.env._(
                "Only a customer invoice has a payment portal page; “%(document)s” is"
                " not one.",
                document=self.display_name,
            )
        return self.env._(
            "“%(document)s” is cancelled: there is nothing to send.",
            document=self.display_name,
        )

    # === BUSINESS METHODS - THE LINK ON THE PDF === #

    def _get_portal_printed_links(self):
        """Return the links that are on the PDF files of these invoices.

        One that has expired is among them: it opens again when the file is sent again.

        :return: The links, in sudo mode; the latest first.
        :rtype: account.move.portal.link
        """
        # In sudo mode because an invoice's PDF shows the link to whoever may read it.
        return (
            self.env["account.move.portal.link"]
            .sudo()
            .search(
                [
                    ("move_id", "in", self.ids),
                    ("audience", "=", "document"),
                    ("revoked_on", "=", False),
                ]
            )
        )

    def _plan_portal_printed_links(self, tokens=None):
        """Return the link for the PDF of each invoice that can be paid online.

        Nothing is stored: a file that is only looked at leaves no link behind.

        :param dict|None tokens: Tokens of new links, by the id of the invoice; a new
            one is made where there is none.
        :return: By invoice: the link that there is, or a new record, in sudo mode.
        :rtype: dict[account.move, account.move.portal.link]
        """
        tokens = tokens or {}
        printed = self.filtered(lambda move: move._is_portal_link_printed())
        links_sudo = printed._get_portal_printed_links()
        existing = {link.move_id.id: link for link in reversed(links_sudo)}
        return {
            move: existing.get(move.id)
            or links_sudo.new(
                {
                    "move_id": move.id,
                    "audience": "document",
                    "token": tokens.get(move.id) or links_sudo._make_token(),
                }
            )
            for move in printed
        }

    def _is_portal_link_printed(self):
        """Return whether the PDF has a link to pay online.

        Hook for the room `payment`: where nothing can be paid, nothing is printed.

        :rtype: bool
        """
        return True

    def _open_portal_printed_link(self, link_sudo):
        """Make the link on the invoice's PDF open something.

        :param account.move.portal.link link_sudo: The link, as it was planned.
        :return: The link, as it is stored.
        :rtype: account.move.portal.link
        """
        self.ensure_one()
        if not link_sudo.id:
            return link_sudo.create(
                {
                    "move_id": self.id,
                    "audience": "document",
                    "token": link_sudo.token,
                }
            )
        if not link_sudo._is_live():
            link_sudo.expires_on = link_sudo._get_default_expiry()
        return link_sudo

    def _set_portal_print_sent(self):
        """Note that the PDF files of these invoices are being sent now."""
        for link_sudo in self._get_portal_printed_links():
            link_sudo.move_id._open_portal_printed_link(link_sudo)
            link_sudo._set_sent()

    # === BUSINESS METHODS - WHOM THE INVOICE CONCERNS === #

    def _get_portal_number(self):
        """Return the invoice's number as customers are to read it.

        :rtype: str
        """
        self.ensure_one()
        if self.state == "draft":
            return self.env._("Draft")
        return self.name

    def _get_portal_contact(self):
        """Return whom a customer may ask about the invoice.

        :return: The salesperson; the company where there is none to write to.
        :rtype: res.partner
        """
        self.ensure_one()
        salesperson = self.invoice_user_id
        if salesperson.active and salesperson.email:
            return salesperson.partner_id
        return self.company_id.partner_id

    def _get_portal_lang(self, recipient=None):
        """Return the code of the language in which to address a recipient.

        :param res.partner recipient: The contact who reads; nobody in particular if
            None or empty.
        :rtype: str
        """
        self.ensure_one()
        recipient = recipient or self.env["res.partner"]
        return recipient.lang or self.partner_id.lang or self.env.user.lang

    def _get_portal_staff(self, preferred=("invoice_user_id", "create_uid")):
        """Return who is told of the invoice: the first of these who still work here.

        Those preferred, the invoice's followers, the administrators of invoicing. The
        salesperson may have left, and an import, a scheduled action or a customer may
        have made the invoice.

        :param tuple preferred: The invoice's fields with users to come first.
        :return: The users, in sudo mode; nobody, if there is not even an administrator.
        :rtype: res.users
        """
        self.ensure_one()
        move_sudo = self.sudo()  # Because it may be a customer who makes staff hear.
        for users in (
            *(move_sudo[name] for name in preferred),
            move_sudo.message_partner_ids.user_ids,
        ):
            if staff := users.filtered(is_staff):
                return staff
        return move_sudo._get_portal_administrators()

    def _get_portal_administrators(self):
        """Return the administrators of invoicing in the invoice's company.

        :rtype: res.users
        """
        group = self.env.ref("account.group_account_manager")
        return (
            self.env["res.users"]
            .search(
                [
                    ("all_group_ids", "in", group.ids),
                    ("company_ids", "in", self.company_id.ids),
                ]
            )
            .filtered(is_staff)
        )
