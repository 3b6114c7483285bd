from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.http import request
from odoo.tools import is_html_empty

from ..models.check.payments import BANK_METHODS


class AccountMovePortalSetup(models.TransientModel):
    """The first steps after the installation, on one page.

    What is there already is shown and left alone. At the end a sample is emailed to
    whoever took the steps, and the self-check says what is still missing.
    """

    _name = "account.move.portal.setup"
    _description = "Payment Portal: First Steps"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    # 1. Address.
    base_url = fields.Char(
        string="Web address",
        help="The address customers use to reach this Odoo. Links begin with it.",
        required=True,
        default=lambda self: self._get_default_base_url(),
    )
    # 2. Email.
    company_email = fields.Char(related="company_id.email", readonly=False)
    mail_server_id = fields.Many2one(
        comodel_name="ir.mail_server", compute="_compute_mail_server_id"
    )
    smtp_host = fields.Char(string="SMTP server")
    smtp_port = fields.Integer(string="SMTP port", default=587)
    smtp_encryption = fields.Selection(
        selection=lambda self: (
            self.env["ir.mail_server"]
            ._fields["smtp_encryption"]
            ._description_selection(self.env)
        ),
        string="Connection encryption",
        required=True,
        default="starttls",
    )
    smtp_user = fields.Char(string="Username")
    smtp_pass = fields.Char(string="Password")
    # 3. Stripe, and 4. its methods.
    has_stripe = fields.Boolean(compute="_compute_has_stripe")
    stripe_publishable_key = fields.Char(string="Publishable key")
    stripe_secret_key = fields.Char(string="Secret key")
    accepts_cards = fields.Boolean(string="Cards", default=True)
    bank_method_id = fields.Many2one(
        comodel_name="payment.method", compute="_compute_bank_method_id"
    )
    accepts_bank = fields.Boolean(string="Bank accounts", default=True)
    # 5. Text.
    subject = fields.Char(default=lambda self: self._get_text()[0])
    body = fields.Html(
        string="Message", default=lambda self: self._get_text()[1], sanitize_style=True
    )

    # === DEFAULTS AND COMPUTE METHODS === #

    @api.model
    def _get_default_base_url(self):
        """Return the address under which the user is here.

        :rtype: str
        """
        if request:
            return request.httprequest.url_root.rstrip("/")
        return self.env.company.get_base_url()

    @api.model
    def _get_text(self):
        """Return the text of emails as it is, in the user's language.

        :return: The subject and the body.
        :rtype: tuple[str, str]
        """
        texts = self.env["account.move.portal.text"]
        return texts._get_unfilled(self.env.company, self.env.lang or "en_US")

    @api.depends("company_id")
    def _compute_mail_server_id(self):
        servers = self.env["ir.mail_server"].search(
            [("owner_user_id", "=", False)], limit=1
        )
        self.mail_server_id = servers

    @api.depends("company_id")
    def _compute_has_stripe(self):
        for setup in self:
            setup.has_stripe = bool(setup._find_stripe().stripe_secret_key)

    @api.depends("company_id")
    def _compute_bank_method_id(self):
        methods = self.env["payment.method"].with_context(active_test=False)
        for setup in self:
            code = BANK_METHODS.get(setup.company_id.country_id.code)
            setup.bank_method_id = code and methods.search(
                [("code", "=", code)], limit=1
            )

    # === ACTION METHODS === #

    def action_finish(self):
        """Do what was entered, email a sample, and show what is still missing.

        :return: The action of the self-check.
        :rtype: dict
        """
        self.ensure_one()
        self._set_address()
        self._set_mail_server()
        self._set_stripe()
        self._set_text()
        checks = self.env["account.move.portal.check"].with_company(self.company_id)
        check = checks.browse(checks.action_open()["res_id"])
        return check.action_prove()

    def action_start_onboarding(self):
        """Have Stripe itself guide through the opening of an account.

        :return: Core's action.
        :rtype: dict
        """
        self.ensure_one()
        self._set_address()
        self._set_mail_server()
        self._set_text()
        return self._ensure_stripe().action_start_onboarding()

    # === BUSINESS METHODS === #

    def _set_address(self):
        """Have links begin with the address, whoever logs in where."""
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("web.base.url", self.base_url.strip().rstrip("/"))
        parameters.set_param("web.base.url.freeze", "True")

    def _set_mail_server(self):
        """Make the mail server, if one was entered."""
        if self.mail_server_id or not self.smtp_host:
            return
        self.env["ir.mail_server"].create(
            {
                "name": self.smtp_host,
                "smtp_host": self.smtp_host,
                "smtp_port": self.smtp_port,
                "smtp_encryption": self.smtp_encryption,
                "smtp_user": self.smtp_user,
                "smtp_pass": self.smtp_pass,
            }
        )
        # It is known now, and its password is not needed twice.
        self.smtp_pass = False

    def _find_stripe(self):
        """Return the company's Stripe provider.

        :rtype: payment.provider
        """
        return self.env["payment.provider"].search(
            [("code", "=", "stripe"), ("company_id", "=", self.company_id.id)], limit=1
        )

    def _ensure_stripe(self):
        """Return the company's Stripe provider; it is made if there is none.

        :rtype: payment.provider
        """
        if provider := self._find_stripe():
            return provider
        # In sudo mode because the installed one may be another company's.
        template_sudo = self.env.ref("payment.payment_provider_stripe").sudo()
        copied = template_sudo.copy({"company_id": self.company_id.id})
        return copied.with_env(self.env)

    def _set_stripe(self):
        """Enable Stripe with the keys and the methods that were entered.

        :raise UserError: If only one key was entered.
        """
        keys = (self.stripe_publishable_key, self.stripe_secret_key)
        if not any(keys):
            return
        if not all(keys):
            raise UserError(self.env._("Enter both of Stripe's keys, or none."))
        provider, methods = self._ensure_stripe(), self.env["payment.method"]
        if self.accepts_cards:
            methods |= self.env.ref("payment.payment_method_card")
        if self.accepts_bank:
            methods |= self.bank_method_id
        is_test = "_test_" in self.stripe_secret_key
        provider.write(
            {
                "stripe_publishable_key": self.stripe_publishable_key.strip(),
                "stripe_secret_key": self.stripe_secret_key.strip(),
                "state": "test" if is_test else "enabled",
                "is_published": True,
                "payment_method_ids": [Command.link(each.id) for each in methods],
            }
        )
        methods.active = True
        # They are with the provider now.
        self.write({"stripe_publishable_key": False, "stripe_secret_key": False})
        if not provider.stripe_webhook_secret:
            # The self-check says that it is missing, and what to do.
            with suppress(UserError), self.env.cr.savepoint():
                provider.action_stripe_create_webhook()

    def _set_text(self):
        """Keep the text, if it was changed."""
        if is_html_empty(self.body) or not self.subject:
            return
        subject, body = self._get_text()
        if (self.subject, self.body) != (subject, body):
            self.env["account.move.portal.text"]._set_unfilled(
                self.company_id,
                self.env.lang or "en_US",
                self.subject,
                self.body,
            )
