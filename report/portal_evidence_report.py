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
            number of requests `not_counted`, the `documents` that were sent (each with
            `number` and `hash`) and the number of the one on file, `current`.
        :rtype: dict
        :raise AccessError: For those who may not see who opens the invoice.
        """
        move.check_access("read")
        self.env["account.move.portal.event"].check_access("read")
        # In sudo mode because auditors have no rights on payments and files.
        move_sudo = move.sudo()
        events_sudo = move_sudo.env["account.move.portal.event"]
        links = move_sudo.portal_link_ids.sorted("id")
        # What happened at links to the customer's account says of which invoice.
        at_accounts = events_sudo.search(
            [("move_id", "=", move.id), ("link_id", "not in", links.ids)]
        )
        events = (links.event_ids | at_accounts).sorted("id")
        document = move_sudo.invoice_pdf_report_id.raw
        current = document and hashlib.sha256(document).hexdigest()
        documents = self._number_documents(events, current)
        # What has the same second stays in the order in which it was recorded.
        facts = [fact for link in links for fact in self._get_link_facts(link)]
        facts += [
            self._get_event_fact(event, documents)
            for event in events
            if self._is_evidence(event)
        ]
        facts += self._get_delivery_facts(move_sudo)
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
            "documents": [
                {"number": number, "hash": digest}
                for digest, number in documents.items()
            ],
            "current": documents.get(current),
        }

    @api.model
    def _number_documents(self, events, current):
        """Number the PDF files that were sent, and the one on file: each once.

        :param account.move.portal.event events: The invoice's events, in order.
        :param str|None current: The SHA-256 of the file on file.
        :return: The numbers, from 1 on, by SHA-256.
        :rtype: dict[str, int]
        """
        hashes = [*map(self._get_fingerprint, events), current]
        return {
            digest: number
            for number, digest in enumerate(dict.fromkeys(filter(None, hashes)), 1)
        }

    @api.model
    def _get_fingerprint(self, event):
        """Return the SHA-256 of the invoice's PDF that was sent.

        :param account.move.portal.event event: The event.
        :return: None if none was, or the event is of another kind.
        :rtype: str | None
        """
        documents = event.delivery_id.document_ids.filtered(
            lambda document: document.move_id == event.move_id
        )
        return documents[:1].sha256 or None

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
        facts = [
            {
                "when": link.create_date,
                "who": self._get_link_name(link),
                "what": self.env._("Link created"),
                "detail": link.create_uid.name,
            }
        ]
        if link.revoked_on:
            facts.append(
                {
                    "when": link.revoked_on,
                    "who": self._get_link_name(link),
                    "what": self.env._("Link closed"),
                    "detail": link._get_reason_label(),
                }
            )
        return facts

    # === EMAILS === #

    @api.model
    def _get_delivery_facts(self, move):
        """Return in words which emails did not leave, or may not have arrived.

        Of those that did, the events of their links tell when.

        :param account.move move: The invoice, in sudo mode.
        :return: The facts, each with `when`, `who`, `what` and `detail`.
        :rtype: list[dict]
        """
        deliveries = move.env["account.move.portal.delivery"].search(
            [
                ("move_id", "=", move.id),
                ("state", "in", ["refused", "uncertain"]),
            ],
            order="id",
        )
        labels = {
            "refused": self.env._("Email not delivered"),
            "uncertain": self.env._("Email that may not have arrived"),
        }
        return [
            {
                "when": delivery.claimed_on or delivery.create_date,
                "who": delivery.email,
                "what": labels[delivery.state],
                "detail": " · ".join(
                    filter(None, [delivery.answer, delivery.message_id])
                ),
            }
            for delivery in deliveries
        ]

    @api.model
    def _get_link_name(self, link):
        """Return whose link it is, and how they came by it.

        :param account.move.portal.link link: The link.
        :rtype: str
        """
        if link.role in ("to", "printed"):
            return link.display_name
        labels = dict(link._fields["role"]._description_selection(self.env))
        if link.audience == "internal":
            labels["bcc"] = self.env._("blind copy")
        return self.env._(
            "%(recipient)s (%(role)s)",
            recipient=link.display_name,
            role=labels[link.role],
        )

    # === EVENTS === #

    @api.model
    def _is_evidence(self, event):
        """Return whether an event shows what a person did, or what was sent or paid.

        :param account.move.portal.event event: The event.
        :rtype: bool
        """
        if event.kind in const.EVIDENCE_EVENTS:
            return True
        # Visits through internal links, and refusals, prove nothing.
        if event.link_id.audience == "internal" or event.kind == "refused":
            return False
        # The page's script tells of the view; of the button it only says "pressed".
        is_person = event.visitor == "person" or (
            event.visitor == "unverified"
            and event.kind != "opened"
            and "viewed" in event.visit_id.follow_up_ids.mapped("kind")
        )
        return is_person and event.kind != "opened"

    @api.model
    def _get_event_fact(self, event, documents):
        """Return an event in words.

        :param account.move.portal.event event: The event.
        :param dict documents: The numbers of the PDF files, by SHA-256.
        :return: `when`, `who`, `what` and `detail`.
        :rtype: dict
        """
        return {
            "when": event.create_date,
            "who": self._get_link_name(event.link_id),
            "what": self._get_event_label(event, "kind"),
            "detail": " · ".join(
                filter(None, self._get_event_details(event, documents))
            ),
        }

    @api.model
    def _get_event_details(self, event, documents):
        """Return what else there is to say of an event.

        :param account.move.portal.event event: The event.
        :param dict documents: The numbers of the PDF files, by SHA-256.
        :rtype: list[str | bool]
        """
        if event.kind == "sent":
            fingerprint = self._get_fingerprint(event)
            return [
                self.env._(
                    "by %(user)s, accepted by the mail server",
                    user=event.create_uid.name,
                ),
                event.delivery_id.message_id,
                fingerprint
                and self.env._("with PDF %(number)s", number=documents[fingerprint]),
            ]
        if tx := event.transaction_id:
            shares = tx.portal_attempt_id.line_ids.filtered(
                lambda line: line.move_id == event.move_id
            )
            return [
                # Of several invoices that were paid at once, what this one got.
                tx.currency_id.format(shares.amount if shares else tx.amount),
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
