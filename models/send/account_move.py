from odoo import api, fields, models
from odoo.fields import Command

from ... import const


class AccountMove(models.Model):
    """An invoice's emails, and its way into the window that sends them."""

    _inherit = "account.move"

    portal_delivery_ids = fields.One2many(
        comodel_name="account.move.portal.delivery",
        inverse_name="move_id",
        string="Portal emails",
        readonly=True,
        copy=False,
    )
    portal_delivery_count = fields.Integer(compute="_compute_portal_delivery_count")
    is_portal_send_default = fields.Boolean(
        compute="_compute_is_portal_send_default", export_string_translation=False
    )

    # === COMPUTE METHODS === #

    def _compute_portal_delivery_count(self):
        counts = dict(
            self.env["account.move.portal.delivery"]._read_group(
                [("move_id", "in", self.ids)], ["move_id"], ["__count"]
            )
        )
        for move in self:
            move.portal_delivery_count = counts.get(move, 0)

    @api.depends("can_send_portal_link", "company_id.portal_replaces_send")
    @api.depends_context("uid")
    def _compute_is_portal_send_default(self):
        may_send = self.env.user.has_group("account.group_account_invoice")
        for move in self:
            # In sudo mode because who sends invoices may not read all of a company.
            move.is_portal_send_default = (
                may_send
                and move.can_send_portal_link
                and move.company_id.sudo().portal_replaces_send
            )

    # === ACTION METHODS === #

    def action_invoice_sent(self):
        """Override of `account` to open our window where the company says so.

        :return: The action of the window.
        :rtype: dict
        """
        self.ensure_one()
        is_core_wanted = self.env.context.get(const.CONTEXT_CORE_SEND)
        if self.is_portal_send_default and not is_core_wanted:
            return self._open_portal_send()
        return super().action_invoice_sent()

    def action_open_core_send(self):
        """Open Odoo's own window to send this invoice.

        :return: The action of the window.
        :rtype: dict
        """
        return self.with_context(
            **{const.CONTEXT_CORE_SEND: True}
        ).action_invoice_sent()

    def action_open_portal_send(self):
        """Open the Email Payment Portal Link window on this invoice.

        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        return self._open_portal_send()

    def action_view_portal_deliveries(self):
        """Open the list of this invoice's emails.

        :return: The action of the list.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Portal Emails"),
            "type": "ir.actions.act_window",
            "res_model": "account.move.portal.delivery",
            "view_mode": "list,form",
            "domain": [("move_id", "=", self.id)],
            "context": {"hide_move": True},
        }

    # === BUSINESS METHODS === #

    def _open_portal_send(self, **values):
        """Open the Email Payment Portal Link window on this invoice.

        :param dict values: What the window is filled with, beside the defaults.
        :return: The action of the window.
        :rtype: dict
        :raise UserError: If there is no portal page for this document.
        """
        self.ensure_one()
        self._check_portal_send()
        window = self.env["account.move.send.portal"].create(
            {"move_id": self.id, **values}
        )
        return self._get_portal_send_action(window.id)

    def _get_portal_send_action(self, window_id):
        """Return the action that shows a window of this invoice.

        :param int window_id: The id of the `account.move.send.portal`.
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._(
                "Email Payment Portal Link: %(invoice)s",
                invoice=self._get_portal_number(),
            ),
            "type": "ir.actions.act_window",
            "res_model": "account.move.send.portal",
            "res_id": window_id,
            "views": [(False, "form")],
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _find_portal_recipient(self, email, formatted):
        """Return the contact who has a recipient's address, if there is one.

        Several may have it: the customer's own people go before others, and then who
        bears the name.

        :param str email: The normalized address.
        :param str formatted: The same with the name, as it was typed.
        :rtype: res.partner
        """
        self.ensure_one()
        # By the sender's own rights: others' contacts are none of theirs.
        partners = self.env["res.partner"].sudo(False)
        customer = partners.browse(self.partner_id.id)
        customer_sudo = customer.sudo()
        if (
            customer_sudo.email_normalized == email
            and customer_sudo.active
            and customer.has_access("read")
        ):
            return customer  # As for most emails: no search is needed.
        found = partners.search([("email_normalized", "=", email)])
        return found.sorted(
            lambda partner: (
                partner != self.partner_id,
                partner.commercial_partner_id != self.commercial_partner_id,
                partner.email_formatted != formatted,
            )
        )[:1]

    # === BUSINESS METHODS - MASS SENDING === #

    def action_open_portal_mass_send(self):
        """Open the window that sends many invoices at once.

        :return: The action of the window.
        :rtype: dict
        """
        window = self.env["account.move.send.portal.mass"].create(
            {"move_ids": [Command.set(self.ids)]}
        )
        return window._get_window()

    def _after_portal_confirmation(self):
        """Override to send what is sent as soon as it is confirmed."""
        result = super()._after_portal_confirmation()
        self._send_portal_at_confirmation()
        return result

    def _send_portal_at_confirmation(self):
        """Have the invoices sent whose customer or journal is marked so."""
        marked = self.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and not self.env.context.get(const.CONTEXT_NO_AUTO_SEND)
                and (
                    move.commercial_partner_id.portal_send_at_confirmation
                    or move.journal_id.portal_send_at_confirmation
                )
            )
        )
        for company, moves in marked.grouped("company_id").items():
            # In sudo mode because what is sent is written by the system alone.
            batches_sudo = self.env["account.move.portal.batch"].sudo()
            choice = batches_sudo._choose(moves)
            if choice.recipients:
                batches_sudo._start(
                    choice, {"company_id": company.id, "origin": "confirmation"}
                )
