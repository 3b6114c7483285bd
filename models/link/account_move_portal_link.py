import re
import secrets
import string
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.orm.models import NO_ACCESS
from odoo.tools import clean_context, consteq, email_normalize, format_datetime

from ...tools import sql

# Letters and digits only: mail programs take a dash or an underscore at the end of an
# address for the text's own, and messengers make italics of underscores.
TOKEN_ALPHABET = string.ascii_letters + string.digits
TOKEN_LENGTH = 44  # 261 random bits.
SELECTOR_LENGTH = 12  # 71 bits that find the row; the other 190 are compared.
# Older tokens have these as well.
TOKEN_PUNCTUATION = "-_"
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
# Spaces, line breaks, soft hyphens, marks of direction, and what else nobody sees.
_UNSEEN = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+"
)
#: What every screen of the portal needs of a link: read in the query that finds it.
SCREEN_FIELDS = (
    "account_partner_id",
    "audience",
    "company_id",
    "email",
    "expires_on",
    "move_id",
    "partner_id",
    "revocation_reason",
    "revoked_on",
    "sent_on",
    "token",
)
# What the customer's screens show; whatever is missing here costs one more query.
MOVE_FIELDS = (
    *("name", "state", "move_type", "payment_state", "currency_id", "company_id"),
    *("amount_total", "amount_residual", "invoice_date", "invoice_date_due"),
    *("partner_id", "commercial_partner_id", "invoice_user_id"),
    "invoice_payment_term_id",
)
COMPANY_FIELDS = (
    *("name", "parent_path", "partner_id", "primary_color", "uses_default_logo"),
    "portal_shows_account",
    *("active", "currency_id"),  # Of the parents; to compare amounts with limits.
    "write_date",  # The logo's address changes with it.
    "portal_allow_part_payment",
)
CURRENCY_FIELDS = ("name", "symbol", "position", "rounding", "decimal_places")
USER_FIELDS = ("active", "company_id", "partner_id", "share")
PARTNER_FIELDS = (
    *("name", "email", "phone", "lang", "tz"),
    *("street", "street2", "city", "zip", "state_id", "country_id"),
)
REVOCATION_REASONS = [
    ("staff", "Revoked by staff"),
    ("cancelled", "Invoice cancelled"),
    ("customer_changed", "Invoice given to another customer"),
    ("email_changed", "Email address changed"),
    ("bounced", "Email bounced"),
    ("copied_database", "Copied database"),
]
#: What users say of a link that they create; all else is the system's to say.
CREATE_FIELDS = {
    *("move_id", "email", "partner_id", "audience", "email_role", "expires_on"),
}


class AccountMovePortalLink(models.Model):
    """The capability of one recipient to open one invoice, or a customer's account.

    Whoever holds its token can see this invoice and its documents and pay it, and
    nothing else. No login and no other record follows from it. The link to an account
    opens the open invoices that a customer has of one company.
    """

    _name = "account.move.portal.link"
    _description = "Invoice Portal Link"

    _rec_name = "email"
    _order = "id desc"
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        help="Empty for a link to a customer's account.",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    account_partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account of",
        help="The link shows the open invoices of this customer and of all contacts of "
        "the same commercial entity.",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        compute="_compute_company_id",
        store=True,
        index=True,
        precompute=True,
        readonly=False,
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Recipient",
        help="The contact who has this email address, if there is one.",
        readonly=True,
        index="btree_not_null",  # Looked up when a contact gets another address.
        ondelete="set null",
    )
    email = fields.Char(help="Empty for the link on the PDF.", readonly=True)
    role = fields.Selection(
        selection=[
            ("to", "To"),
            ("cc", "Cc"),
            ("bcc", "Bcc"),
            ("login", "Signed in"),
            ("copied", "Copied"),
            ("printed", "PDF"),
        ],
        help="How the recipient got the link: by email (To, Cc or Bcc), as a copy from "
        "staff, or printed on the PDF.",
        compute="_compute_role",
        store=True,
        readonly=True,
    )
    email_role = fields.Selection(
        selection=[
            ("to", "To"),
            ("cc", "Cc"),
            ("bcc", "Bcc"),
            ("login", "Signed in"),
        ],
        help="The recipient's place in the last email with the link, or that the "
        "customer signed in.",
        readonly=True,
        copy=False,
    )
    audience = fields.Selection(
        selection=[
            ("customer", "Customer"),
            ("document", "Anyone with the PDF"),
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
        help="The link stops working at this time. If empty, it never expires.",
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
            ("live", "Active"),
            ("expired", "Expired"),
            ("revoked", "Revoked"),
        ],
        compute="_compute_state",
        search="_search_state",
    )
    is_copyable = fields.Boolean(
        string="Copy", compute="_compute_is_copyable", export_string_translation=False
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
    _token_selector_unique = models.UniqueIndex("(token_selector)")
    _email_required = models.Constraint(
        "CHECK (email IS NOT NULL OR audience = 'document')",
        "A portal link needs the email address of its recipient.",
    )
    _opens_invoice_or_account = models.Constraint(
        "CHECK ((move_id IS NULL) != (account_partner_id IS NULL))",
        "A portal link opens an invoice or a customer's account.",
    )
    _account_of_recipient = models.Constraint(
        "CHECK (move_id IS NOT NULL"
        " OR (company_id IS NOT NULL AND audience != 'document'))",
        "A link to a customer's account belongs to one company and one recipient.",
    )

    # === COMPUTE METHODS === #

    @api.depends("email")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for link in self:
            link.display_name = link.email or self.env._("Printed on the PDF")

    @api.depends("move_id.company_id")
    def _compute_company_id(self):
        for link in self:
            # Of an account, it is given when the link is created.
            link.company_id = link.move_id.company_id or link.company_id

    @api.depends("token")
    def _compute_token_selector(self):
        for link in self:
            link.token_selector = link.token[:SELECTOR_LENGTH]

    @api.depends("audience", "email_role", "sent_on")
    def _compute_role(self):
        for link in self:
            if link.audience == "document":
                link.role = "printed"
            elif link.audience == "internal":
                link.role = link.email_role or "bcc"
            else:
                link.role = link.email_role or ("to" if link.sent_on else "copied")

    @api.depends("move_id", "company_id")
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

    @api.depends("state", "audience")
    def _compute_is_copyable(self):
        for link in self:
            link.is_copyable = link.state == "live" and link.audience != "document"

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

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to let users say whose the link is, and nothing of what happened.

        :raise AccessError: If a user may not edit the invoice, or forges something.
        """
        if self.env.su:
            return super().create(vals_list)
        links = self.with_context(clean_context(self.env.context))
        for vals in vals_list:
            links._check_create_values(vals)
        return super(AccountMovePortalLink, links).create(vals_list)

    @api.model
    def _check_create_values(self, vals):
        """Check what a user says of a new link.

        :param dict vals: The values.
        :raise AccessError: If they are not the user's to say.
        """
        move = self.env["account.move"].browse(vals.get("move_id") or [])
        move.check_access("write")
        email = email_normalize(vals.get("email"))
        partner = self.env["res.partner"].browse(vals.get("partner_id") or [])
        if (
            set(vals) - CREATE_FIELDS
            # The link on the PDF is made with the PDF.
            or vals.get("audience") == "document"
            or not email
            or (partner and email not in partner._get_portal_emails())
        ):
            raise AccessError(
                self.env._(
                    "You can only choose the recipient and the expiry date of a new "
                    "portal link."
                )
            )
        if not move:
            raise AccessError(
                self.env._(
                    "The link to a customer's account is created when it is sent."
                )
            )
        if move.move_type != "out_invoice":
            raise AccessError(move._explain_portal_send_refusal())

    def write(self, vals):
        """Override to let users change nothing but the expiry.

        :raise AccessError: If a user tries to reopen a link, or to move it.
        """
        if not self.env.su and set(vals) - {"expires_on"}:
            raise AccessError(
                self.env._("You can only change the expiry date of a portal link.")
            )
        before = {link: link.expires_on for link in self}
        result = super().write(vals)
        for link in self:
            # Of a PDF that was not sent, nobody has the link.
            is_known = link.audience != "document" or link.sent_on
            if before[link] != link.expires_on and is_known:
                link._log_expiry()
        return result

    # === ACTION METHODS === #

    def action_copy(self):
        """Show the link's address, to be copied.

        :return: The action of the window that shows it.
        :rtype: dict
        :raise UserError: If the link opens nothing any more.
        """
        self.ensure_one()
        self._check_live()
        return self.move_id._get_portal_share_action(self)

    def get_url_to_copy(self):
        """Return the link's address, for staff to hand it over, and note that.

        :rtype: str
        :raise AccessError: If the user may not edit the invoice.
        :raise UserError: If the link opens nothing any more, or is nobody's own.
        """
        self.ensure_one()
        self.move_id.check_access("write")
        self._check_live()
        if self.audience == "document":
            raise UserError(
                self.env._("This link is printed on the PDF. Create one to copy.")
            )
        self._log_fact(
            self.env._(
                "Portal link for %(recipient)s copied.", recipient=self.display_name
            )
        )
        return self._get_url()

    def action_revoke(self):
        """Close these links for good."""
        self._revoke("staff")

    # === BUSINESS METHODS - TOKENS === #

    @api.model
    def _make_token(self):
        """Return a token that nobody can guess.

        :rtype: str
        """
        return "".join(secrets.choice(TOKEN_ALPHABET) for _each in range(TOKEN_LENGTH))

    @api.model
    def _get_screen_move_fields(self):
        """Return what every screen of the portal needs of an invoice.

        :rtype: tuple[str]
        """
        return MOVE_FIELDS

    @api.model
    def _get_screen_fields(self):
        """Return what every screen of the portal needs of a link.

        It is read in the query that finds the link.

        :rtype: tuple[str]
        """
        return SCREEN_FIELDS

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
        token = self._clean_token(token)
        core = token.strip(TOKEN_PUNCTUATION)
        # An older token may begin with one or two of these itself.
        begin = token.find(core)
        selectors = {
            token[start : start + SELECTOR_LENGTH]
            for start in range(max(0, begin - 2), begin + 1)
        }
        # In sudo mode because the token is what authorizes a visitor.
        link_sudo = self.sudo().search_fetch(
            [("token_selector", "in", list(selectors))],
            self._get_screen_fields(),
            limit=1,
        )
        known = (link_sudo.token or "").strip(TOKEN_PUNCTUATION)
        return link_sudo if core and consteq(known, core) else link_sudo.browse()

    @api.model
    def _clean_token(self, text):
        """Return what may be a token, without what became of an address on its way.

        Mail programs break lines; people paste an address with the bracket, the quote
        or the full stop that stood beside it.

        :param str text: What a URL has in the token's place: anything at all.
        :return: Letters, digits, dashes and underscores; empty if there are none.
        :rtype: str
        """
        found = _TOKEN.search(_UNSEEN.sub("", text))
        return found.group() if found else ""

    def _fetch_for_screens(self, visitor):
        """Read what the customer's screens show: a query for each table.

        Read as they come up they would be more queries, each of all columns, of which
        these tables have hundreds.

        :param res.users visitor: The visitor; possibly the public user.
        """
        self.ensure_one()
        move = self.move_id
        move.fetch(self._get_screen_move_fields())
        self.company_id.fetch(COMPANY_FIELDS)
        move.currency_id.fetch(CURRENCY_FIELDS)
        users = move.env["res.users"].browse(visitor.id) | move.invoice_user_id
        users.fetch(USER_FIELDS)
        partners = (
            self.partner_id
            | self.account_partner_id
            | move.partner_id
            | move.commercial_partner_id
            | self.company_id.partner_id
            | users.partner_id
        )
        partners.fetch(PARTNER_FIELDS)

    # === BUSINESS METHODS - RECIPIENTS === #

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
    def _find_for_account(self, recipient, company, email=None):
        """Return the link that a contact has to its company's account; make it if need.

        :param res.partner recipient: The contact.
        :param res.company company: Whose invoices it opens.
        :param str|None email: At which of the contact's addresses; any if None.
        :return: The live link, in sudo mode; empty for a contact without an address.
        :rtype: account.move.portal.link
        """
        # In sudo mode because visitors and billers may not write links; the callers
        # have checked whose account it is.
        links_sudo = self.sudo()
        emails = [email] if email else recipient._get_portal_emails()
        if not emails:
            return links_sudo
        if found_sudo := links_sudo._find_account_link(recipient, company, emails):
            return found_sudo
        # One for each recipient: who comes second waits, is run again, and finds it.
        sql.lock(self.env.cr, recipient._table, recipient.id)
        return links_sudo.create(
            self._prepare_account_link(recipient, company, emails[0])
        )

    @api.model
    def _find_account_link(self, recipient, company, emails):
        """Return the link that a contact has to its company's account already.

        :param res.partner recipient: The contact.
        :param res.company company: Whose invoices it opens.
        :param list[str] emails: At which of the contact's addresses.
        :return: The live link, or an empty recordset.
        :rtype: account.move.portal.link
        """
        return self.search(
            [
                ("account_partner_id", "=", recipient.commercial_partner_id.id),
                ("company_id", "=", company.id),
                ("partner_id", "=", recipient.id),
                ("email", "in", emails),
                ("state", "=", "live"),
            ],
            limit=1,
        )

    @api.model
    def _prepare_account_link(self, recipient, company, email):
        """Prepare the values of a contact's link to its company's account.

        Only at an address that the contact has: no other is known to be entitled to
        see all invoices, whatever it was sent of them.

        :param res.partner recipient: The contact.
        :param res.company company: Whose invoices it opens.
        :param str email: The contact's address.
        :rtype: dict
        :raise ValueError: If it is not the contact's.
        """
        if email not in recipient._get_portal_emails():
            raise ValueError(f"{email} is no address of contact {recipient.id}.")
        return {
            "account_partner_id": recipient.commercial_partner_id.id,
            "company_id": company.id,
            "partner_id": recipient.id,
            "email": email,
        }

    @api.model
    def _prepare_link(self, move, email):
        """Prepare the values of a recipient's link.

        :param account.move move: The invoice.
        :param str email: The recipient's address.
        :rtype: dict
        """
        email = email_normalize(email)
        known = (move.partner_id | move.commercial_partner_id).filtered(
            lambda partner: email in partner._get_portal_emails()
        )
        if not known:  # One of the customer's people.
            known = known.search(
                [
                    ("commercial_partner_id", "in", move.commercial_partner_id.ids),
                    ("email_normalized", "=", email),
                ],
                limit=1,
            )
        return {"move_id": move.id, "email": email, "partner_id": known[:1].id}

    def _get_path(self, screen=""):
        """Return the path of one of the link's screens, from the site's root.

        :param str screen: `pay`, `result`, `pdf`…; empty for the page of the invoice,
            or of the account.
        :rtype: str
        """
        self.ensure_one()
        # In sudo mode because the token is hidden from everyone; the callers are
        # those who were given it, or who send it to its recipient.
        path = f"{self._get_root()}{self.sudo().token}"
        return f"{path}/{screen}" if screen else path

    def _get_root(self):
        """Return where the paths of such links begin.

        :rtype: str
        """
        self.ensure_one()
        return "/portal/account/" if self.account_partner_id else "/portal/invoice/"

    def _get_url(self):
        """Return the absolute URL of the link's page, to be put into a mail.

        :rtype: str
        """
        opened = self.move_id or self.account_partner_id
        return f"{opened.get_base_url()}{self._get_path()}"

    def _get_lang(self):
        """Return the code of the language in which to address the recipient.

        :rtype: str
        """
        self.ensure_one()
        if self.account_partner_id:
            recipient = self.partner_id or self.account_partner_id
            return recipient._get_portal_lang(self.company_id)
        return self.move_id._get_portal_lang(self.partner_id)

    def _is_customer(self, user):
        """Return whether a visitor is logged in as the customer.

        :param res.users user: The visitor; possibly the public user.
        :rtype: bool
        """
        self.ensure_one()
        customer = self.account_partner_id or self.move_id.commercial_partner_id
        return (
            not user._is_public() and user.partner_id.commercial_partner_id == customer
        )

    def _is_recipient_of_account(self):
        """Return whether the recipient belongs to the customer whose account it is.

        Contacts move from one company to another: with them goes no account.

        :rtype: bool
        """
        self.ensure_one()
        customer = self.account_partner_id
        recipient = self.partner_id or customer
        return customer.commercial_partner_id == customer and (
            recipient.commercial_partner_id == customer
        )

    def _is_account_of(self, move):
        """Return whether the link opens the account that an invoice belongs to.

        :param account.move move: The invoice.
        :rtype: bool
        """
        return bool(
            self.account_partner_id
            and move.commercial_partner_id == self.account_partner_id
            and move.company_id == self.company_id
        )

    # === BUSINESS METHODS - LIFE === #

    def _get_default_expiry(self):
        """Return when a new link of this invoice is to expire: the company's default.

        Counted from the due date, or from today for an invoice that is overdue: a link
        that is sent opens something.

        :return: The moment, in UTC; False for never.
        :rtype: datetime | bool
        """
        self.ensure_one()
        company = self.company_id or self.move_id.company_id
        if company.portal_link_expiry == "never":
            return False
        today = company._get_portal_day()
        start = max(self.move_id.invoice_date_due or today, today)
        last_day = start + timedelta(days=company.portal_link_expiry_days)
        return company._get_portal_day_end(last_day)

    def _is_live(self):
        """Return whether the link opens its invoice, or its account, now.

        :rtype: bool
        """
        self.ensure_one()
        return (
            not self.revoked_on
            and (not self.expires_on or self.expires_on > fields.Datetime.now())
            and (not self.account_partner_id or self._is_recipient_of_account())
        )

    def _is_cancelled(self):
        """Return whether the link opens nothing because its invoice was cancelled.

        :rtype: bool
        """
        self.ensure_one()
        return self.revocation_reason == "cancelled" and self.move_id.state == "cancel"

    def _check_live(self):
        """Check that these links open something.

        :raise UserError: If one of them does not.
        """
        for link in self:
            if link.state != "live":
                raise UserError(
                    self.env._(
                        "The link for %(recipient)s no longer works. Send a new one.",
                        recipient=link.display_name,
                    )
                )

    def _set_sent(self):
        """Note that the link is being sent, by the user, now."""
        self.move_id.check_access("write")
        # In sudo mode because users may not write a link, so that none reopens one.
        self.sudo().write(
            {"sent_on": fields.Datetime.now(), "sent_by_id": self.env.uid}
        )

    def _get_sent_marks(self):
        """Return when these links were last sent and by whom, to put it back.

        :return: The values by the id of the link.
        :rtype: dict[int, dict]
        """
        return {
            link.id: {
                "sent_on": link.sent_on,
                "sent_by_id": link.sent_by_id.id,
                "expires_on": link.expires_on,
            }
            for link in self
        }

    @api.model
    def _restore_sent_marks(self, marks):
        """Put back when links were last sent: what was tried since was refused.

        :param dict marks: What `_get_sent_marks` returned.
        """
        for link_id, values in marks.items():
            # In sudo mode because users may not write a link, so that none reopens one.
            self.sudo().browse(link_id).exists().write(values)

    def _revoke(self, reason):
        """Close these links, and note why on their invoices.

        :param str reason: A value of `revocation_reason`.
        :raise AccessError: If the user may not edit the invoices.
        """
        links = self.filtered(lambda link: not link.revoked_on)
        links.move_id.check_access("write")
        # In sudo mode because users may not write a link, so that none reopens one.
        links.sudo().write(
            {
                "revoked_on": fields.Datetime.now(),
                "revoked_by_id": self.env.uid,
                "revocation_reason": reason,
            }
        )
        for link in links:
            link._log_fact(
                self.env._(
                    "Portal link for %(recipient)s closed: %(reason)s.",
                    recipient=link.display_name,
                    reason=link._get_reason_label(),
                )
            )

    def _get_reason_label(self):
        """Return why the link was closed, in words.

        :rtype: str
        """
        field = self._fields["revocation_reason"]
        return dict(field._description_selection(self.env))[self.revocation_reason]

    @api.model
    def _close_for_changed_emails(self, left):
        """Close the links to addresses that contacts have left.

        Not the links to other addresses: a contact has those of all the contacts that
        were merged into it.

        :param dict left: By contact, the addresses that were its own until now.
        """
        # In sudo mode because who edits contacts need not have rights on invoices.
        links_sudo = self.sudo().search(
            Domain.OR(
                Domain("partner_id", "=", partner.id) & Domain("email", "in", emails)
                for partner, emails in left.items()
            )
            & Domain("revoked_on", "=", False)
        )
        links_sudo._revoke("email_changed")

    # === BUSINESS METHODS - NOTES ON THE INVOICE === #

    def _log_expiry(self):
        """Note on the invoice until when the link is valid now."""
        self.ensure_one()
        if self.expires_on:
            fact = self.env._(
                "Portal link for %(recipient)s is now valid until %(moment)s.",
                recipient=self.display_name,
                moment=format_datetime(self.env, self.expires_on),
            )
        else:
            fact = self.env._(
                "Portal link for %(recipient)s no longer expires.",
                recipient=self.display_name,
            )
        self._log_fact(fact)

    def _log_fact(self, fact):
        """Note on the invoice, or on the customer, what was done with the link.

        :param str fact: What was done, without the token.
        """
        self.ensure_one()
        # In sudo mode because a link is also closed by what others do: a mail that
        # bounces, a contact that changes.
        opened_sudo = (self.move_id or self.account_partner_id).sudo()
        opened_sudo._message_log(body=fact, author_id=self.env.user.partner_id.id)
