from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty


class AccountMovePortalStatementWindow(models.TransientModel):
    """The *Email Account Statement* window, on one customer or on many.

    Each customer gets one email that leads to the account. Nothing is sent while the
    user waits: the scheduler does it.
    """

    _name = "account.move.portal.statement.window"
    _description = "Email Account Statement"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    partner_ids = fields.Many2many(
        comodel_name="res.partner",
        relation="account_move_portal_statement_window_partner_rel",
        string="Customers",
        readonly=True,
    )
    move_ids = fields.Many2many(
        comodel_name="account.move",
        relation="account_move_portal_statement_window_move_rel",
        string="Invoices",
        help="The selected invoices.",
        readonly=True,
    )
    is_one = fields.Boolean(compute="_compute_summary")
    contact_ids = fields.Many2many(
        comodel_name="res.partner", compute="_compute_contacts"
    )
    recipient_id = fields.Many2one(
        comodel_name="res.partner",
        string="To",
        help="Only contacts of the customer can be sent a link that opens all of the"
        " customer's invoices.",
        compute="_compute_recipient_id",
        store=True,
        readonly=False,
    )
    is_with_invoices = fields.Boolean(
        string="Attach the invoices",
        help="As far as the size limit of emails allows. All of them are on the page.",
    )
    is_adjusting = fields.Boolean(string="Change the subject and message")
    subject = fields.Char()
    body = fields.Html(string="Message", sanitize_style=True)
    # The summary.
    customer_count = fields.Integer(string="To be sent", compute="_compute_summary")
    amounts = fields.Char(string="Balance due", compute="_compute_summary")
    invoice_count = fields.Integer(string="Open invoices", compute="_compute_summary")
    left_out = fields.Text(string="Not sent", compute="_compute_summary")

    # === COMPUTE METHODS === #

    @api.depends("partner_ids", "company_id")
    def _compute_contacts(self):
        for window in self:
            customer = window._get_only_customer()
            window.contact_ids = customer and customer._get_portal_account_contacts(
                window.company_id
            )

    @api.depends("partner_ids", "company_id")
    def _compute_recipient_id(self):
        for window in self:
            customer = window._get_only_customer()
            window.recipient_id = customer and customer._get_portal_account_recipient(
                window.company_id
            )

    def _get_only_customer(self):
        """Return the customer, if there is but one.

        :rtype: res.partner
        """
        customers = self.partner_ids._origin
        return customers if len(customers) == 1 else customers.browse()

    @api.depends("partner_ids", "company_id")
    def _compute_summary(self):
        for window in self:
            choice = window._choose()
            moves = self.env["account.move"].concat(*choice.moves.values())
            window.is_one = len(window.partner_ids) == 1
            window.customer_count = len(choice.recipients)
            window.invoice_count = len(moves)
            window.amounts = ", ".join(
                currency.format(sum(of_one.mapped("portal_balance_due")))
                for currency, of_one in moves.grouped("currency_id").items()
            )
            window.left_out = "\n".join(
                "{} {}".format(
                    self.env["account.move.portal.batch"]._explain_account(reason),
                    ", ".join(customers.mapped("display_name")),
                )
                for reason, customers in choice.left_out.items()
            )

    # === ONCHANGE METHODS === #

    @api.onchange("is_adjusting")
    def _onchange_is_adjusting(self):
        """Start from what the email says otherwise."""
        if self.is_adjusting and not self.subject:
            self.subject = self.env._(
                "%(company)s: Account statement", company=self.company_id.name
            )
            self.body = Markup("<p>%s</p>") % self.env._(
                "Please find attached your account statement. You can view, download or"
                " pay your open invoices online with the button below."
            )

    # === ACTION METHODS === #

    def action_send(self):
        """Have each customer emailed by the scheduler, as soon as possible.

        :return: The action that shows how far it has got.
        :rtype: dict
        :raise UserError: If there is nobody to write to, or nothing to say.
        """
        self.ensure_one()
        choice = self._choose()
        for moves in choice.moves.values():
            moves.check_access("write")
        if not choice.recipients:
            raise UserError(
                self.env._("No one can be emailed. %(why)s", why=self.left_out or "")
            )
        if self.is_adjusting and (
            not (self.subject or "").strip() or is_html_empty(self.body)
        ):
            raise UserError(self.env._("Enter a subject and a message first."))
        # In sudo mode because what is sent is written by the system alone.
        batch_sudo = (
            self.env["account.move.portal.batch"]
            .sudo()
            ._start_accounts(
                choice,
                self._get_batch_values(),
                attached=self._get_attached(choice),
            )
        )
        return batch_sudo.sudo(False)._get_batch_action()

    def get_email_preview(self):
        """Return the email as the first customer will get it.

        :return: What the preview on one invoice is; empty if nobody gets one.
        :rtype: dict
        """
        self.ensure_one()
        choice = self._choose()
        if not choice.recipients:
            return {}
        return self.env["account.move.portal.batch"]._preview_account(
            next(iter(choice.recipients)),
            choice,
            self._get_batch_values(),
            self._get_attached(choice),
        )

    # === BUSINESS METHODS === #

    def _get_batch_values(self):
        """Return what the emails share.

        :return: Values of a batch.
        :rtype: dict
        """
        return {
            "company_id": self.company_id.id,
            "origin": "statement",
            "subject": self.subject if self.is_adjusting else False,
            "body": self.body if self.is_adjusting else False,
        }

    def _get_attached(self, choice):
        """Return the invoices that go with the emails.

        :param AccountChoice choice: Who is emailed.
        :rtype: account.move
        """
        if not self.is_with_invoices:
            return self.env["account.move"]
        return self.move_ids or self.env["account.move"].concat(*choice.moves.values())

    def _choose(self):
        """Return who is emailed, and who is not.

        :rtype: AccountChoice
        """
        # While the window is being filled in, they are not the records themselves.
        batches = self.env["account.move.portal.batch"]
        choice = batches._choose_accounts(self.partner_ids._origin, self.company_id)
        recipient = self.recipient_id._origin
        if len(self.partner_ids) == 1 and recipient and choice.recipients:
            [customer] = choice.recipients
            if recipient in self.contact_ids._origin:
                choice.recipients[customer] = batches._get_account_recipients(recipient)
        return choice
