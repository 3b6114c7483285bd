import hashlib
from collections import Counter

import pytz

from odoo import models
from odoo.tools import format_datetime


class AccountMovePortalEvidence(models.AbstractModel):
    """What can be shown of an invoice: sent to whom, seen and paid when."""

    _name = "account.move.portal.evidence"
    _description = "Invoice: evidence of the portal"

    def _get_portal_evidence(self):
        """Return what happened on the portal, in order.

        Requests of programs and of staff are counted, not listed: they prove nothing.

        Note: `self.ensure_one()`

        :return: `zone`, the `entries` (each with `when`, `who`, `what`, `detail`), the
            number of requests `not_counted`, and the `fingerprint` of the PDF.
        :rtype: dict
        :raise AccessError: For those who may not see who opens the invoice: a customer
            may print any report of an invoice of theirs.
        """
        self.ensure_one()
        self.check_access("read")
        self.env["account.move.portal.event"].check_access("read")
        # In sudo mode because auditors have no rights on payments and files.
        move_sudo = self.sudo()
        links = move_sudo.portal_link_ids.sorted("id")
        events = links.event_ids.sorted("id")
        # What has the same second stays in the order in which it was recorded.
        facts = [fact for link in links for fact in link._get_evidence()]
        facts += [event._get_evidence() for event in events if event._is_evidence()]
        document = move_sudo.invoice_pdf_report_id.raw
        return {
            "zone": self._get_portal_zone(),
            "entries": [
                {**fact, "when": self._format_portal_moment(fact["when"])}
                for fact in sorted(facts, key=lambda fact: fact["when"])
            ],
            "not_counted": Counter(
                (event.visitor) for event in events if event.kind == "opened"
            ),
            "fingerprint": document and hashlib.sha256(document).hexdigest(),
        }

    def _get_portal_zone(self):
        """Return the time zone in which times are told.

        :rtype: str
        """
        zone = self.env.user.tz or self.company_id.partner_id.tz
        return zone if zone in pytz.all_timezones_set else "UTC"

    def _format_portal_moment(self, moment):
        """Return a moment in the time zone of the evidence, to the second.

        :param datetime moment: The moment, in UTC.
        :rtype: str
        """
        return format_datetime(
            self.env,
            moment,
            tz=self._get_portal_zone(),
            dt_format="yyyy-MM-dd HH:mm:ss",
        )
