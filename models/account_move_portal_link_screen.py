from odoo import models

# What the customer's screens show; whatever is missing here costs one more query.
MOVE_FIELDS = (
    *("name", "state", "move_type", "payment_state", "currency_id", "company_id"),
    *("amount_total", "amount_residual", "invoice_date", "invoice_date_due"),
    *("partner_id", "commercial_partner_id", "invoice_user_id"),
)
COMPANY_FIELDS = (
    *("name", "partner_id", "primary_color", "uses_default_logo"),
    "write_date",  # The logo's address changes with it.
)
CURRENCY_FIELDS = ("name", "symbol", "position", "rounding", "decimal_places")
USER_FIELDS = ("active", "company_id", "partner_id", "share")
PARTNER_FIELDS = ("name", "email", "phone", "lang", "tz")


class AccountMovePortalLinkScreen(models.AbstractModel):
    """What a link's screens read, all at once."""

    _name = "account.move.portal.link.screen"
    _description = "Invoice Portal Link: what its screens read"

    def _fetch_for_screens(self, visitor):
        """Read what the customer's screens show: a query for each table.

        Read as they come up they would be more queries, each of all columns, of which
        these tables have hundreds.

        Note: `self.ensure_one()`

        :param res.users visitor: The visitor; possibly the public user.
        """
        self.ensure_one()
        move = self.move_id
        move.fetch(MOVE_FIELDS)
        move.company_id.fetch(COMPANY_FIELDS)
        move.currency_id.fetch(CURRENCY_FIELDS)
        users = move.env["res.users"].browse(visitor.id) | move.invoice_user_id
        users.fetch(USER_FIELDS)
        partners = (
            self.partner_id
            | move.partner_id
            | move.commercial_partner_id
            | move.company_id.partner_id
            | users.partner_id
        )
        partners.fetch(PARTNER_FIELDS)
