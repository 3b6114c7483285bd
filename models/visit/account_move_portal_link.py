from odoo import api, fields, models


class AccountMovePortalLink(models.Model):
    """A link's side of its visits: how often, and when."""

    _inherit = "account.move.portal.link"

    event_ids = fields.One2many(
        comodel_name="account.move.portal.event", inverse_name="link_id", readonly=True
    )
    view_count = fields.Integer(string="Views", compute="_compute_visits")
    download_count = fields.Integer(string="Downloads", compute="_compute_visits")
    print_count = fields.Integer(string="Prints", compute="_compute_visits")
    first_viewed_on = fields.Datetime(string="First view", compute="_compute_visits")
    last_viewed_on = fields.Datetime(string="Last view", compute="_compute_visits")
    # What is left of events that were removed after the company's time to keep them.
    past_view_count = fields.Integer(readonly=True, copy=False)
    past_download_count = fields.Integer(readonly=True, copy=False)
    past_print_count = fields.Integer(readonly=True, copy=False)
    past_first_viewed_on = fields.Datetime(readonly=True, copy=False)
    past_last_viewed_on = fields.Datetime(readonly=True, copy=False)

    # === COMPUTE METHODS === #

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

    # === BUSINESS METHODS === #

    def _get_reader_name(self):
        """Return who views the invoice through this link, as staff know them.

        :rtype: str
        """
        self.ensure_one()
        return self.partner_id.name or self.display_name
