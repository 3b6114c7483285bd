from odoo import models
from odoo.orm.models import parse_read_group_spec
from odoo.tools import SQL


class AccountMovePortalMedian(models.AbstractModel):
    """Reports whose durations are summed up by their median.

    One invoice that lies about for a year moves an average, and tells nothing.
    """

    _name = "account.move.portal.median"
    _description = "Invoice Portal Medians"

    def _read_group_select(self, aggregate_spec, query):
        """Override of `base` to add the aggregator `median`."""
        if aggregate_spec == "__count":
            return super()._read_group_select(aggregate_spec, query)
        name, property_name, function = parse_read_group_spec(aggregate_spec)
        if function != "median" or property_name:
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %s)",
            self._field_to_sql(self._table, name, query),
        )
