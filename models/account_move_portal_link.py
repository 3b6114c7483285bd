import secrets

from odoo import api, fields, models
from odoo.tools import consteq

TOKEN_BYTES = 33  # 264 random bits, 44 characters in URL-safe base64.
SELECTOR_LENGTH = 12  # 72 bits that find the row; the other 192 are compared.


class AccountMovePortalLink(models.Model):
    """One recipient's door to one invoice.

    A link is a capability: whoever holds its token may see this invoice and its
    documents and pay it, and nothing else. No login and no other record follows
    from it.
    """

    _name = "account.move.portal.link"
    _description = "Invoice Portal Link"
    _rec_name = "email"
    _order = "id desc"

    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="move_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Recipient",
        help="The contact who has this e-mail address, if there is one.",
        readonly=True,
        ondelete="set null",
    )
    email = fields.Char(string="E-mail", required=True, readonly=True)
    audience = fields.Selection(
        selection=[("customer", "Customer"), ("internal", "Internal")],
        help="Visits through an internal link never count as the customer's.",
        required=True,
        readonly=True,
        default="customer",
    )
    token = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: secrets.token_urlsafe(TOKEN_BYTES),
        groups="base.group_system",
    )
    token_selector = fields.Char(
        compute="_compute_token_selector",
        store=True,
        groups="base.group_system",
    )
    sent_on = fields.Datetime(readonly=True, copy=False)
    sent_by_id = fields.Many2one(
        comodel_name="res.users", string="Sent by", readonly=True, copy=False
    )
    expires_on = fields.Datetime(
        help="From this moment on the link opens nothing. Empty: it never expires."
    )
    revoked_on = fields.Datetime(readonly=True, copy=False)
    event_ids = fields.One2many(
        comodel_name="account.move.portal.event", inverse_name="link_id", readonly=True
    )
    view_count = fields.Integer(string="Views", compute="_compute_views")
    first_viewed_on = fields.Datetime(compute="_compute_views")
    last_viewed_on = fields.Datetime(compute="_compute_views")

    _token_selector_unique = models.UniqueIndex("(token_selector)")

    # === COMPUTE METHODS === #

    @api.depends("token")
    def _compute_token_selector(self):
        for link in self:
            link.token_selector = link.token[:SELECTOR_LENGTH]

    @api.depends("event_ids")
    def _compute_views(self):
        views = {
            link: (count, first, last)
            for link, count, first, last in self.env[
                "account.move.portal.event"
            ]._read_group(
                [("link_id", "in", self.ids), ("kind", "=", "viewed")],
                groupby=["link_id"],
                aggregates=["__count", "create_date:min", "create_date:max"],
            )
        }
        for link in self:
            count, first, last = views.get(link, (0, False, False))
            link.view_count = count
            link.first_viewed_on = first
            link.last_viewed_on = last

    # === ACTION METHODS === #

    def action_revoke(self):
        """Close these links for good."""
        self.filtered(
            lambda link: not link.revoked_on
        ).revoked_on = fields.Datetime.now()

    # === BUSINESS METHODS === #

    @api.model
    def _find_live(self, token):
        """Return the live link that a token opens.

        The row is found by the token's first part; the whole token is then compared
        in constant time, so that answering times tell nothing about the rest. An
        expired, a revoked and an unknown link look the same to the caller.

        :param str token: The token as found in a URL: anything at all.
        :return: The link, in sudo mode, or an empty recordset.
        :rtype: account.move.portal.link
        """
        # In sudo mode because the token is what authorizes a visitor.
        link_sudo = self.sudo().search(
            [("token_selector", "=", token[:SELECTOR_LENGTH])], limit=1
        )
        # Bytes, because the comparison refuses text that is not ASCII.
        if not consteq((link_sudo.token or "").encode(), token.encode()):
            return link_sudo.browse()
        return link_sudo.filtered(lambda link: link._is_live())

    def _is_live(self):
        """Return whether the link opens its invoice now.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return not self.revoked_on and (
            not self.expires_on or self.expires_on > fields.Datetime.now()
        )

    def _get_path(self, screen=""):
        """Return the path of one of the link's screens, from the site's root.

        Note: `self.ensure_one()`

        :param str screen: `pay`, `result`, `pdf`…; empty for the invoice page.
        :rtype: str
        """
        self.ensure_one()
        # In sudo mode because the token is hidden from everyone; the callers are
        # those who were given it, or who send it to its recipient.
        path = f"/portal/invoice/{self.sudo().token}"
        return f"{path}/{screen}" if screen else path

    def _get_url(self):
        """Return the absolute URL of the invoice page, to be put into a mail.

        Note: `self.ensure_one()`

        :rtype: str
        """
        return f"{self.move_id.get_base_url()}{self._get_path()}"

    def _get_lang(self):
        """Return the code of the language in which to address the recipient.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        return (
            self.partner_id.lang or self.move_id.partner_id.lang or self.env.user.lang
        )

    def _is_customer(self, user):
        """Return whether a visitor is logged in as the invoice's customer.

        Note: `self.ensure_one()`

        :param res.users user: The visitor; possibly the public user.
        :rtype: bool
        """
        self.ensure_one()
        return (
            not user._is_public()
            and user.partner_id.commercial_partner_id
            == self.move_id.commercial_partner_id
        )

    def _get_payer(self, user):
        """Return the contact for whom a visitor pays.

        Not just anyone who is logged in: the payment has to settle this customer's
        account, whoever makes it.

        Note: `self.ensure_one()`

        :param res.users user: The visitor; possibly the public user.
        :rtype: res.partner
        """
        return user.partner_id if self._is_customer(user) else self.move_id.partner_id
