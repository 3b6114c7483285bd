from datetime import timedelta

from odoo import api, fields, models

WINDOW_MINUTES = 10
# Failed look-ups of one network in that time from which on it is refused.
REFUSED_FROM = 40


class AccountMovePortalFailedLookup(models.Model):
    """A request with a token that opens nothing: kept to see who is guessing.

    In the database, so that all workers on all hosts count together; only inserted, so
    that simultaneous ones do not wait for each other. A network that is refused adds
    no rows, so that nobody can fill the table.
    """

    _name = "account.move.portal.failed.lookup"
    _description = "Invoice Portal Failed Look-up"
    _log_access = False

    network = fields.Char(required=True)
    failed_on = fields.Datetime(required=True)
    _network_failed_on_idx = models.Index("(network, failed_on)")

    @api.model
    def _record(self, network):
        """Record that a network came with a token that opens nothing.

        :param str network: The network, as `tools.network.shorten` says it; empty if
            it is not known: then it may be anybody's, and counts against nobody.
        :return: How many failed look-ups it has now.
        :rtype: int
        """
        if not network:
            return 0
        count = self._count(network)
        if count < REFUSED_FROM:
            # In sudo mode because visitors have no rights on this.
            self.sudo().create({"network": network, "failed_on": fields.Datetime.now()})
        return count + 1

    @api.model
    def _count(self, network):
        if not network:
            return 0
        since = fields.Datetime.now() - timedelta(minutes=WINDOW_MINUTES)
        # In sudo mode because visitors have no rights on this.
        return self.sudo().search_count(
            [("network", "=", network), ("failed_on", ">", since)], limit=REFUSED_FROM
        )

    @api.model
    def _is_refused(self, count):
        """Return whether so many failed look-ups are answered with a refusal.

        :param int count: The failed look-ups of a network, the current one included.
        :rtype: bool
        """
        return count >= REFUSED_FROM

    @api.autovacuum
    def _gc_failed_lookups(self):
        """Forget what does not count any more."""
        since = fields.Datetime.now() - timedelta(minutes=WINDOW_MINUTES)
        lookups = self.search([("failed_on", "<=", since)], limit=10000)
        lookups.unlink()
        return len(lookups), len(lookups) == 10000
