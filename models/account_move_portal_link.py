import secrets
from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.orm.models import NO_ACCESS
from odoo.tools import consteq, email_normalize

TOKEN_BYTES = 33  # 264 random bits, 44 characters in URL-safe base64.
SELECTOR_LENGTH = 12  # 72 bits that find the row; the other 192 are compared.
#: What every screen of the portal needs of a link: read in the query that finds it.
SCREEN_FIELDS = (
    "audience",
    "company_id",
    "email",
    "expires_on",
    "has_documents",
    "move_id",
    "partner_id",
    "revoked_on",
    "sent_on",
    "token",
)
REVOCATION_REASONS = [
    ("staff", "Revoked by staff"),
    ("cancelled", "Invoice cancelled"),
    ("email_changed", "E-mail address changed"),
    ("bounced", "E-mail bounced"),
    ("copied_database", "Copied database"),
]


class AccountMovePortalLink(models.Model):
    """One recipient's door to one invoice.

    A link is a capability: whoever holds its token may see this invoice and its
    documents and pay it, and nothing else. No login and no other record follows
    from it.
    """

    _name = "account.move.portal.link"
    _inherit = [
        "account.move.portal.link.customer",
        "account.move.portal.link.screen",
        "account.move.portal.link.staff",
    ]
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
        index="btree_not_null",  # Looked up when a contact gets another address.
        ondelete="set null",
    )
    email = fields.Char(
        string="E-mail", help="None for the link on the PDF.", readonly=True
    )
    audience = fields.Selection(
        selection=[
            ("customer", "Customer"),
            ("document", "Whoever has the PDF"),
            ("internal", "Internal"),
        ],
        help="Visits through an internal link never count as the customer's.",
        required=True,
        readonly=True,
        default="customer",
    )
    token = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self._make_token(),
        # Not even administrators: it would get into exports and screenshots.
        groups=NO_ACCESS,
    )
    token_selector = fields.Char(
        compute="_compute_token_selector",
        store=True,
        groups=NO_ACCESS,
    )
    sent_on = fields.Datetime(readonly=True, copy=False)
    sent_by_id = fields.Many2one(
        comodel_name="res.users", string="Sent by", readonly=True, copy=False
    )
    expires_on = fields.Datetime(
        help="From this moment on the link opens nothing. Empty: it never expires.",
        compute="_compute_expires_on",
        store=True,
        readonly=False,
        precompute=True,
    )
    revoked_on = fields.Datetime(readonly=True, copy=False)
    revoked_by_id = fields.Many2one(
        comodel_name="res.users", string="Revoked by", readonly=True, copy=False
    )
    revocation_reason = fields.Selection(
        selection=REVOCATION_REASONS, readonly=True, copy=False
    )
    state = fields.Selection(
        selection=[
            ("live", "Live"),
            ("expired", "Expired"),
            ("revoked", "Revoked"),
        ],
        compute="_compute_state",
        search="_search_state",
    )
    event_ids = fields.One2many(
        comodel_name="account.move.portal.event", inverse_name="link_id", readonly=True
    )
    view_count = fields.Integer(string="Views", compute="_compute_visits")
    download_count = fields.Integer(string="Downloads", compute="_compute_visits")
    print_count = fields.Integer(string="Prints", compute="_compute_visits")
    first_viewed_on = fields.Datetime(string="First view", compute="_compute_visits")
    last_viewed_on = fields.Datetime(string="Last view", compute="_compute_visits")
    amount_paid = fields.Monetary(
        string="Paid", help="Through this link.", compute="_compute_amount_paid"
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
    # What is left of events that were removed after the company's time to keep them.
    past_view_count = fields.Integer(readonly=True, copy=False)
    past_download_count = fields.Integer(readonly=True, copy=False)
    past_print_count = fields.Integer(readonly=True, copy=False)
    past_first_viewed_on = fields.Datetime(readonly=True, copy=False)
    past_last_viewed_on = fields.Datetime(readonly=True, copy=False)

    _token_selector_unique = models.UniqueIndex("(token_selector)")

    _email_required = models.Constraint(
        "CHECK (email IS NOT NULL OR audience = 'document')",
        "A portal link needs the e-mail address of its recipient.",
    )

    # === COMPUTE METHODS === #

    @api.depends("email")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for link in self:
            link.display_name = link.email or self.env._("Printed on the PDF")

    @api.depends("token")
    def _compute_token_selector(self):
        for link in self:
            link.token_selector = link.token[:SELECTOR_LENGTH]

    @api.depends("move_id")
    def _compute_expires_on(self):
        for link in self:
            link.expires_on = link._get_default_expiry()

    @api.depends("expires_on", "revoked_on")
    def _compute_state(self):
        for link in self:
            if link.revoked_on:
                link.state = "revoked"
            else:
                link.state = "live" if link._is_live() else "expired"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        domains = {
            "revoked": Domain("revoked_on", "!=", False),
            "expired": Domain("revoked_on", "=", False)
            & Domain("expires_on", "<=", now),
            "live": Domain("revoked_on", "=", False)
            & (Domain("expires_on", "=", False) | Domain("expires_on", ">", now)),
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    @api.depends("event_ids")
    def _compute_visits(self):
        totals = self.env["account.move.portal.event"]._get_totals(self)
        for link in self:
            kinds = totals.get(link, {})
            count, first, last = kinds.get("viewed", (0, False, False))
            link.view_count = link.past_view_count + count
            link.first_viewed_on = link.past_first_viewed_on or first
            link.last_viewed_on = last or link.past_last_viewed_on
            link.download_count = (
                link.past_download_count + kinds.get("downloaded", (0,))[0]
            )
            link.print_count = link.past_print_count + kinds.get("printed", (0,))[0]

    def _compute_amount_paid(self):
        # In sudo mode because billers have no rights on transactions.
        paid = dict(
            self.env["payment.transaction"]
            .sudo()
            ._read_group(
                [
                    ("portal_link_id", "in", self.ids),
                    ("state", "=", "done"),
                    ("operation", "!=", "refund"),
                ],
                groupby=["portal_link_id"],
                aggregates=["amount:sum"],
            )
        )
        for link in self:
            link.amount_paid = paid.get(link.sudo(), 0.0)

    # === CRUD METHODS === #

    def write(self, vals):
        """Override to let users change nothing but the expiry.

        :raise AccessError: If a user tries to open a door again, or to move it.
        """
        if not self.env.su and set(vals) - {"expires_on"}:
            raise AccessError(
                self.env._("Of a portal link, only the expiry can be changed.")
            )
        before = {link: link.expires_on for link in self}
        result = super().write(vals)
        for link in self:
            if before[link] != link.expires_on:
                link._log_expiry()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _make_token(self):
        """Return a token that nobody can guess.

        :rtype: str
        """
        return secrets.token_urlsafe(TOKEN_BYTES)

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
        return self._find(token).filtered(lambda link: link._is_live())

    @api.model
    def _find(self, token):
        """Return the link of a token, whether or not it opens anything.

        :param str token: The token as found in a URL: anything at all.
        :return: The link, in sudo mode, or an empty recordset.
        :rtype: account.move.portal.link
        """
        # PostgreSQL cannot be asked for a NUL, of which no token has any.
        selector = token[:SELECTOR_LENGTH].replace("\0", "")
        # In sudo mode because the token is what authorizes a visitor.
        link_sudo = self.sudo().search_fetch(
            [("token_selector", "=", selector)], SCREEN_FIELDS, limit=1
        )
        # Bytes, because the comparison refuses text that is not ASCII.
        if not consteq((link_sudo.token or "").encode(), token.encode()):
            return link_sudo.browse()
        return link_sudo

    @api.model
    def _find_for_recipient(self, move, email):
        """Return the link that a recipient has for an invoice already.

        :param account.move move: The invoice.
        :param str email: The recipient's address.
        :return: The live link, or an empty recordset.
        :rtype: account.move.portal.link
        """
        return self.search(
            [
                ("move_id", "=", move.id),
                ("email", "=", email_normalize(email)),
                ("audience", "=", "customer"),
                ("state", "=", "live"),
            ],
            limit=1,
        )

    @api.model
    def _prepare_link(self, move, email):
        """Prepare the values of a recipient's link.

        :param account.move move: The invoice.
        :param str email: The recipient's address.
        :rtype: dict
        """
        email = email_normalize(email)
        known = move.partner_id | move.commercial_partner_id
        return {
            "move_id": move.id,
            "email": email,
            "partner_id": known.filtered(
                lambda partner: email in partner._get_portal_emails()
            )[:1].id,
        }

    def _get_default_expiry(self):
        """Return when a new link of this invoice is to expire: the company's default.

        Counted from the due date, or from today for an invoice that is overdue: a link
        that is sent opens something.

        Note: `self.ensure_one()`

        :return: The moment, in UTC; False for never.
        :rtype: datetime | bool
        """
        self.ensure_one()
        company = self.move_id.company_id
        if company.portal_link_expiry == "never":
            return False
        today = fields.Date.context_today(self)
        start = max(self.move_id.invoice_date_due or today, today)
        last_day = start + timedelta(days=company.portal_link_expiry_days)
        return datetime.combine(last_day + timedelta(days=1), time.min)

    def _is_live(self):
        """Return whether the link opens its invoice now.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        return not self.revoked_on and (
            not self.expires_on or self.expires_on > fields.Datetime.now()
        )
