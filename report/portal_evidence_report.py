import hashlib
from collections import Counter

import pytz

from odoo import api, models
from odoo.tools import format_datetime

from .. import const


class ReportPortalEvidence(models.AbstractModel):
    """What can be shown of an invoice: sent to whom, seen and paid when."""

    _name = "report.account_payment_portal.report_portal_evidence"
    _description = "Evidence of the Invoice Portal"

    @api.model
    def _get_report_values(self, docids, data=None):
        """Return what the report shows; see `base`.

        :param list[int] docids: The ids of the invoices.
        :param dict data: The options of the report; not used.
        :rtype: dict
        :raise AccessError: For those who may not see who opens the invoices: a customer
            may print any report of an invoice of theirs.
        """
        moves = self.env["account.move"].browse(docids)
        return {
            "doc_ids": docids,
            "doc_model": "account.move",
            "docs": moves,
            "evidence_by_move": {move: self._get_evidence(move) for move in moves},
        }

    @api.model
    def _get_evidence(self, move):
        """Return what happened on the portal, in order.

        Requests of programs and of staff are counted, not listed: they prove nothing.

        :param account.move move: The invoice.
        :return: `zone`, the `entries` (each with `when`, `who`, `what`, `detail`), the
            number of requests `not_counted`, and the `fingerprint` of the PDF.
        :rtype: dict
        :raise AccessError: For those who may not see who opens the invoice.
        """
        move.check_access("read")
        self.env["account.move.portal.event"].check_access("read")
        # In sudo mode because auditors have no rights on payments and files.
        move_sudo = move.sudo()
        links = move_sudo.portal_link_ids.sorted("id")
        events = links.event_ids.sorted("id")
        # What has the same second stays in the order in which it was recorded.
        facts = [fact for link in links for fact in self._get_link_facts(link)]
        facts += [
            self._get_event_fact(event) for event in events if self._is_evidence(event)
        ]
        document = move_sudo.invoice_pdf_report_id.raw
        zone = self._get_zone(move_sudo)
        return {
            "zone": zone,
            "entries": [
                {**fact, "when": self._format_moment(fact["when"], zone)}
                for fact in sorted(facts, key=lambda fact: fact["when"])
            ],
            "not_counted": Counter(
                event.visitor for event in events if event.kind == "opened"
            ),
            "fingerprint": document and hashlib.sha256(document).hexdigest(),
        }

    # === TIMES === #

    @api.model
    def _get_zone(self, move):
        """Return the time zone in which times are given.

        :param account.move move: The invoice.
        :rtype: str
        """
        zone = self.env.user.tz or move.company_id.partner_id.tz
        return zone if zone in pytz.all_timezones_set else "UTC"

    @api.model
    def _format_moment(self, moment, zone):
        """Return a moment in the time zone of the evidence, to the second.

        :param datetime.datetime moment: The moment, in UTC.
        :param str zone: The time zone.
        :rtype: str
        """
        return format_datetime(
            self.env, moment, tz=zone, dt_format="yyyy-MM-dd HH:mm:ss"
        )

    # === LINKS === #

    @api.model
    def _get_link_facts(self, link):
        """Return in words when a link was created and closed.

        :param account.move.portal.link link: The link.
        :return: The facts, each with `when`, `who`, `what` and `detail`.
        :rtype: list[dict]
        """
        if link.audience == "internal":
            return []
        facts = [
            {
                "when": link.create_date,
                "who": link.display_name,
                "what": self.env._("Link made"),
                "detail": link.create_uid.name,
            }
        ]
        if link.revoked_on:
            facts.append(
                {
                    "when": link.revoked_on,
                    "who": link.display_name,
                    "what": self.env._("Link closed"),
                    "detail": link._get_reason_label(),
                }
            )
        return facts

    # === EVENTS === #

    @api.model
    def _is_evidence(self, event):
        """Return whether an event shows what a person did, or what was sent or paid.

        :param account.move.portal.event event: The event.
        :rtype: bool
        """
        if event.link_id.audience == "internal":
            return False
        if event.kind in const.EVIDENCE_EVENTS:
            return True
        # The page's script tells of the view; of the button it only says "pressed".
        is_person = event.visitor == "person" or (
            event.visitor == "unverified"
            and event.kind != "opened"
            and "viewed" in event.visit_id.follow_up_ids.mapped("kind")
        )
        return is_person and event.kind != "opened"

    @api.model
    def _get_event_fact(self, event):
        """Return an event in words.

        :param account.move.portal.event event: The event.
        :return: `when`, `who`, `what` and `detail`.
        :rtype: dict
        """
        return {
            "when": event.create_date,
            "who": event.link_id.display_name,
            "what": self._get_event_label(event, "kind"),
            "detail": " · ".join(filter(None, self._get_event_details(event))),
        }

    @api.model
    def _get_event_details(self, event):
        """Return what else there is to say of an event.

        :param account.move.portal.event event: The event.
        :rtype: list[str | bool]
        """
        if event.kind == "sent":
            return [
                self.env._(
                    "by %(user)s, handed over to the mail server",
                    user=event.create_uid.name,
                ),
                event.message_id,
                event.document_sha256
                and self.env._("PDF SHA-256 %(hash)s", hash=event.document_sha256),
            ]
        if tx := event.transaction_id:
            return [
                tx.currency_id.format(tx.amount),
                tx.payment_method_id.name,
                tx.reference,
                tx.provider_reference,
            ]
        return [
            self._get_event_label(event, "reason"),
            self._get_event_label(event, "device"),
            event.network,
        ]

    @api.model
    def _get_event_label(self, event, name):
        """Return the words of a selection's value.

        :param account.move.portal.event event: The event.
        :param str name: The name of the field.
        :rtype: str | None
        """
        labels = dict(event._fields[name]._description_selection(self.env))
        return labels.get(event[name])
