from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_normalize


def is_staff(user):
    """Return whether a user is internal and can be notified.

    :param res.users user: Perhaps someone who has left, a customer or OdooBot.
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
        """Override to close the links of an invoice that is cancelled or changes hands.

        A link shows its holder whatever the invoice says of its customer: another
        contact of the same company is no other customer.
        """
        customers = {}
        if "partner_id" in vals:
            customers = {move: move.commercial_partner_id for move in self}
        result = super().write(vals)
        # In sudo mode because who may edit or cancel the invoice closes its links.
        for move_sudo in self.sudo() if customers else ():
            customer = customers[move_sudo]
            if customer and customer != move_sudo.commercial_partner_id:
                move_sudo.portal_link_ids._revoke("customer_changed")
        if vals.get("state") == "cancel":
            self.sudo().portal_link_ids._revoke("cancelled")
        return result

    def _post(self, soft=True):
        """Override of `account` to tell the other rooms what was confirmed."""
        posted = super()._post(soft)
        posted._after_portal_confirmation()
        return posted

    def _after_portal_confirmation(self):
        """Do what follows when these entries were confirmed. To be overridden."""

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
                "Only customer invoices have a payment portal page. “%(document)s” is "
                "not one.",
                document=self.display_name,
            )
        return self.env._(
            "“%(document)s” is cancelled, so there is nothing to send.",
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

    # === BUSINESS METHODS - THE LINKS OF THOSE WHO COME BY OTHER WAYS === #

    def _get_portal_link_of_user(self, user):
        """Return the personal link of a customer who is signed in: no second login.

        :param res.users user: The visitor; possibly the public user.
        :return: The link, in sudo mode; empty for whoever is not the customer.
        :rtype: account.move.portal.link
        """
        self.ensure_one()
        # In sudo mode because customers have no rights on links.
        links_sudo = self.env["account.move.portal.link"].sudo()
        partner_sudo = user.sudo().partner_id
        email = email_normalize(user.email) or email_normalize(user.login)
        if (
            user._is_public()
            or not email
            or partner_sudo.commercial_partner_id != self.commercial_partner_id
        ):
            return links_sudo
        return links_sudo._find_for_recipient(self, email) or links_sudo.create(
            {
                "move_id": self.id,
                "email": email,
                "partner_id": partner_sudo.id,
                "email_role": "login",
            }
        )

    def _get_portal_link_of_anyone(self):
        """Return the link of whoever has the invoice's address in core's portal.

        It is as good as the one on the PDF: it may have been handed on.

        :return: The link, in sudo mode; empty if staff have closed it.
        :rtype: account.move.portal.link
        """
        self.ensure_one()
        if link_sudo := self._get_portal_printed_links()[:1]:
            return self._open_portal_printed_link(link_sudo)
        # In sudo mode because visitors have no rights on links.
        links_sudo = self.env["account.move.portal.link"].sudo()
        closed = links_sudo.search_count(
            [
                ("move_id", "=", self.id),
                ("audience", "=", "document"),
                ("revocation_reason", "=", "staff"),
            ],
            limit=1,
        )
        if closed:
            return links_sudo
        return links_sudo.create({"move_id": self.id, "audience": "document"})

    # === BUSINESS METHODS - WHAT THE PAGE SAYS === #

    @api.model
    def _get_portal_open_domain(self, customers):
        """Return which invoices are open in the accounts of customers.

        :param res.partner customers: The customers, each a commercial entity.
        :rtype: Domain
        """
        return (
            Domain("commercial_partner_id", "in", customers.ids)
            & Domain("state", "=", "posted")
            & Domain("move_type", "=", "out_invoice")
            & Domain("amount_residual", ">", 0)
        )

    def _get_portal_installments(self):
        """Return the installments of the invoice, the first one first.

        :return: `date`, `amount`, what is `left` of it in the invoice's currency, and
            whether it `is_overdue`; nothing where all is due at once.
        :rtype: list[dict]
        """
        self.ensure_one()
        if not self.invoice_payment_term_id or self.state != "posted":
            return []  # Most invoices: nothing to look up.
        lines = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        if len(lines) < 2:
            return []
        today = self.company_id._get_portal_day()
        return [
            {
                "date": line.date_maturity,
                "amount": abs(line.amount_currency),
                "left": abs(line.amount_residual_currency),
                "is_overdue": line.date_maturity < today and not line.reconciled,
            }
            for line in lines.sorted("date_maturity")
        ]

    def _get_portal_due_date(self):
        """Return when the invoice, or the next installment of it, is due.

        :rtype: datetime.date | bool
        """
        self.ensure_one()
        open_dates = [
            installment["date"]
            for installment in self._get_portal_installments()
            if not self.currency_id.is_zero(installment["left"])
        ]
        return open_dates[0] if open_dates else self.invoice_date_due

    def _get_portal_credited_amount(self):
        """Return how much of the invoice was credited, and not paid.

        :return: The amount in the invoice's currency.
        :rtype: float
        """
        self.ensure_one()
        content = (self.invoice_payments_widget or {}).get("content", [])
        return sum(entry["amount"] for entry in content if entry["is_refund"])

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

    def _get_portal_customer_name(self, recipient=None):
        """Return the name by which to address the customer.

        :param res.partner recipient: The contact who reads; the invoice's if None.
        :return: Never empty: a draft may be without a customer, and a contact without
            a name.
        :rtype: str
        """
        self.ensure_one()
        contact = self.partner_id if recipient is None else recipient
        return (
            contact._get_portal_name()
            or self.partner_id._get_portal_name()
            or self.env._("Customer")
        )

    def _get_portal_lang(self, recipient=None):
        """Return the code of the language in which to address a recipient.

        The one answer for email, page, document and receipt: it depends on records
        only, never on who happens to ask.

        :param res.partner recipient: The contact who reads; nobody in particular if
            None or empty.
        :rtype: str
        """
        self.ensure_one()
        move_sudo = self.sudo()  # Because visitors and billers may not read all this.
        languages = self.env["res.lang"]
        # As one set of records, so that all are read at once.
        for partner_sudo in (
            (recipient or self.env["res.partner"]).sudo()
            | move_sudo.partner_id
            | move_sudo.commercial_partner_id
            | move_sudo.company_id.partner_id
        ):
            # One that is switched off is no answer any more.
            if partner_sudo.lang and languages._get_data(code=partner_sudo.lang):
                return partner_sudo.lang
        return languages.get_installed()[0][0]

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
