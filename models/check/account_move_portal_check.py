import logging
import secrets

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools.misc import hash_sign, verify_hash_signed

from . import mail, payments, proof, server, web_address
from .finding import ERROR, LEVELS, UNKNOWN, Finding, get_worst

_logger = logging.getLogger(__name__)
SAMPLE_SCOPE = "account_payment_portal-sample"
SAMPLE_HOURS = 24
#: What is looked at, in the order in which it is shown. None of it waits for others.
CHECKS = (
    web_address.check_web_address,
    mail.check_mail_server,
    mail.check_sender,
    mail.check_mail_limit,
    mail.check_bounces,
    mail.check_mail_queue,
    mail.check_texts,
    mail.check_spam,
    payments.check_provider,
    payments.check_keys,
    payments.check_webhook,
    payments.check_catch_up,
    payments.check_methods,
    payments.check_journal,
    server.check_jobs,
    server.check_converter,
    server.check_fonts,
    server.check_periods,
)


class AccountMovePortalCheck(models.TransientModel):
    """A look at all that has to be right for customers to view and pay invoices.

    Each check is a function that returns what it has found. Nothing here keeps anybody
    from working: a check that fails says so, and the others go on.
    """

    _name = "account.move.portal.check"
    _description = "Payment Portal Check"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    line_ids = fields.One2many(
        comodel_name="account.move.portal.check.line",
        inverse_name="check_id",
        readonly=True,
    )
    level = fields.Selection(
        selection=[(level, level) for level in LEVELS], compute="_compute_lines"
    )
    problem_count = fields.Integer(compute="_compute_lines")
    warning_count = fields.Integer(compute="_compute_lines")

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_display_name(self):
        for check in self:
            check.display_name = self.env._("Payment Portal")

    @api.depends("line_ids")
    def _compute_lines(self):
        for check in self:
            levels = check.line_ids.mapped("level")
            check.level = max(levels, key=LEVELS.index, default="ok")
            check.problem_count = levels.count("error")
            check.warning_count = levels.count("warning")

    # === ACTION METHODS === #

    @api.model
    def action_open(self):
        """Look at everything, and show what was found.

        :return: The action of the window.
        :rtype: dict
        """
        self.check_access("read")
        # In sudo mode because nobody but the checks says what was found.
        check = self.sudo().create({}).sudo(self.env.su)
        check._show(check._find(check.company_id))
        return check._get_window()

    def action_repeat(self):
        """Look at everything again.

        :rtype: dict
        """
        return self.action_open()

    def action_prove(self):
        """Try out what can be tried out: mail a sample, and ask Stripe.

        :return: The action of the window.
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        findings = self._find(self.company_id)
        self._show([*self._prove(self.company_id), *findings])
        return self._get_window()

    # === MONITORING === #

    @api.model
    def get_status(self):
        """Return what was found in the user's company, for a program that watches.

        :return: The worst `level`, when (`checked_on`, UTC), and the `checks`: `code`,
            `name`, `level` (ok, unknown, warning, error) and `message` of each.
        :rtype: dict
        :raise AccessError: If the user is not an administrator of invoicing.
        """
        self.check_access("read")
        findings = self._find(self.env.company)
        return {
            "level": get_worst(findings),
            "checked_on": fields.Datetime.to_string(fields.Datetime.now()),
            "company": self.env.company.name,
            "checks": [
                {
                    "code": each.code,
                    "name": each.name,
                    "level": each.level,
                    "message": each.message,
                }
                for each in findings
            ],
        }

    # === BUSINESS METHODS === #

    @api.model
    def _find(self, company):
        """Return what all checks find.

        :param res.company company: The company.
        :rtype: list[Finding]
        """
        findings = []
        for check in CHECKS:
            findings += self._run(check, company)
        return findings

    @api.model
    def _run(self, check, company, *args):
        """Return what one check finds; it may fail without keeping others back.

        :param callable check: The check.
        :param res.company company: The company.
        :param args: What else the check takes.
        :rtype: list[Finding]
        """
        # In sudo mode because who looks after invoices may not read keys and jobs; the
        # findings tell none of them.
        company_sudo = company.sudo()
        try:
            with self.env.cr.savepoint():
                return check(company_sudo, *args)
        except Exception as error:  # Of whatever kind: the others go on.
            _logger.exception("The check %s failed", check.__name__)
            code = check.__name__.partition("_")[2]
            message = self.env._("This could not be checked: %s", type(error).__name__)
            return [Finding(code, code, UNKNOWN, message)]

    @api.model
    def _prove(self, company):
        """Return what is found when it is tried out.

        :param res.company company: The company.
        :rtype: list[Finding]
        """
        url, nonce = self._make_sample_url(company)
        return [
            *self._run(mail.check_mail_connection, company),
            *self._run(proof.prove_email, company, self.env.user, url),
            *self._run(proof.prove_address, company, url, nonce),
            *self._run(proof.prove_stripe, company),
        ]

    @api.model
    def _send_sample(self, company, user, url):
        """Make an invoice to a user, and all that leads to its email, and send that.

        Hook for the window, which makes it as the customer gets it.

        :param res.company company: Whose invoice, in sudo mode.
        :param res.users user: Who gets it.
        :param str url: Where its button leads.
        :raise Exception: Whatever went wrong.
        """

    @api.model
    def _make_sample_url(self, company):
        """Return an address that proves to lead to this database.

        :param res.company company: Whose address.
        :return: The address, and what its page tells.
        :rtype: tuple[str, str]
        """
        nonce = secrets.token_hex(8)
        # In sudo mode to read the database's secret.
        signed = hash_sign(
            self.env(su=True),
            SAMPLE_SCOPE,
            [company.id, nonce],
            expiration_hours=SAMPLE_HOURS,
        )
        return f"{company.get_base_url()}/portal/sample/{signed}", nonce

    @api.model
    def _read_sample(self, signed):
        """Return what a sample's address was signed with.

        :param str signed: The last part of the address.
        :return: The company, in sudo mode, and what its page tells; nothing if the
            address is not ours or too old.
        :rtype: tuple[res.company, str] | None
        """
        try:
            # In sudo mode to read the database's secret.
            values = verify_hash_signed(self.env(su=True), SAMPLE_SCOPE, signed)
        except ValueError:
            values = None
        if not values:
            return None
        # In sudo mode because the address authorizes the company's name.
        return self.env["res.company"].sudo().browse(values[0]).exists(), values[1]

    @api.model
    def _get_window_warnings(self, company, currency):
        """Return what who is about to send an invoice should know.

        The window is opened many times a day, and all is well then: so each check is
        asked in the cheapest way first, and only problems are described.

        :param res.company company: Whose invoice.
        :param res.currency currency: In which it is.
        :rtype: list[str]
        """
        # In sudo mode because who sends invoices may not read servers and providers.
        company_sudo, currency_sudo = company.sudo(), currency.sudo()
        findings = []
        if not web_address.opens_everywhere(company_sudo.get_base_url()):
            findings += web_address.check_web_address(company_sudo)
        if not mail.has_mail_server(company_sudo):
            findings += mail.check_mail_server(company_sudo)
        providers_sudo = self.env["payment.provider"].sudo()
        if not providers_sudo._can_take_portal_payments(company_sudo, currency_sudo):
            findings += payments.check_provider(company_sudo, currency_sudo)
        return [
            each.message
            for each in findings
            if each.level == ERROR or (each.code, each.level) == ("provider", "warning")
        ]

    def _show(self, findings):
        """Show what was found, the worst first.

        :param list[Finding] findings: The findings.
        """
        # In sudo mode because nobody but the checks says what was found.
        self.sudo().line_ids = [
            Command.clear(),
            *(
                Command.create(
                    {
                        "code": each.code,
                        "name": each.name,
                        "level": each.level,
                        "message": each.message,
                        "mended_in": each.mended_in,
                        "res_model": each.record[0] if each.record else False,
                        "res_id": each.record[1] if each.record else False,
                    }
                )
                for each in sorted(findings, key=lambda each: -LEVELS.index(each.level))
            ),
        ]

    def _get_window(self):
        """Return the action that shows this.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Payment Portal"),
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "current",
        }
