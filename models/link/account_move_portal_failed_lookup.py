from datetime import timedelta

from odoo import api, fields, models

WINDOW_MINUTES = 10
# Misses of one network in that time from which on it is answered slowly, and refused.
SLOW_FROM = 10
REFUSED_FROM = 40
SLOWEST_SECONDS = 1.0


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

        :param str network: The network, as `visitor.network.shorten` says it.
        :return: How many misses it has now.
        :rtype: int
        """
        count = self._count(network)
        if count < REFUSED_FROM:
            # In sudo mode because visitors have no rights on this.
            self.sudo().create({"network": network, "failed_on": fields.Datetime.now()})
        return count + 1

    @api.model
    def _count(self, network):
        since = fields.Datetime.now() - timedelta(minutes=WINDOW_MINUTES)
        # In sudo mode because visitors have no rights on this.
        return self.sudo().search_count(
            [("network", "=", network), ("failed_on", ">", since)], limit=REFUSED_FROM
        )

    @api.model
    def _is_refused(self, count):
        """Return whether so many misses are answered with a refusal.

        :param int count: The misses of a network, the current one included.
        :rtype: bool
        """
        return count >= REFUSED_FROM

    @api.model
    def _get_delay(self, count):
        """Return how long to wait before an answer: more with each miss, up to a limit.

        A refusal is immediate: waiting costs us a worker.

        :param int count: The misses of a network, the current one included.
        :return: Seconds.
        :rtype: float
        """
        if count <= SLOW_FROM or self._is_refused(count):
            return 0.0
        return min(SLOWEST_SECONDS, 0.1 * (count - SLOW_FROM))

    @api.autovacuum
    def _gc_failed_lookups(self):
        """Forget what does not count any more."""
        since = fields.Datetime.now() - timedelta(minutes=WINDOW_MINUTES)
        misses = self.search([("failed_on", "<=", since)], limit=10000)
        misses.unlink()
        return len(misses), len(misses) == 10000
