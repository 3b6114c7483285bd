from odoo import models

EVIDENCE_KINDS = (
    "sent",
    "paid",
    "payment_failed",
    "payment_returned",
    "payment_disputed",
    "refused",
)


class AccountMovePortalEventEvidence(models.AbstractModel):
    """What an event says in the evidence of its invoice."""

    _name = "account.move.portal.event.evidence"
    _description = "Invoice Portal Event: evidence"

    def _is_evidence(self):
        """Return whether the event shows what a person did, or what was sent or paid.

        Note: `self.ensure_one()`

        :rtype: bool
        """
        self.ensure_one()
        if self.link_id.audience == "internal":
            return False
        if self.kind in EVIDENCE_KINDS:
            return True
        # The page's script tells of the view; of the button it only says "pressed".
        is_person = self.visitor == "person" or (
            self.visitor == "unproven"
            and self.kind != "opened"
            and "viewed" in self.visit_id.follow_up_ids.mapped("kind")
        )
        return is_person and self.kind != "opened"

    def _get_evidence(self):
        """Return the event in words.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        return {
            "when": self.create_date,
            "who": self.link_id.display_name,
            "what": self._get_label("kind"),
            "detail": " · ".join(filter(None, self._get_evidence_details())),
        }

    def _get_evidence_details(self):
        """Return what else there is to say of the event."""
        if self.kind == "sent":
            return [
                self.env._(
                    "by %(user)s, handed over to the mail server",
                    user=self.create_uid.name,
                ),
                self.message_id,
                self.document_sha256
                and self.env._("PDF SHA-256 %(hash)s", hash=self.document_sha256),
            ]
        if tx := self.transaction_id:
            return [
                tx.currency_id.format(tx.amount),
                tx.payment_method_id.name,
                tx.reference,
                tx.provider_reference,
            ]
        return [
            self._get_label("reason"),
            self._get_label("device"),
            self.network,
        ]

    def _get_label(self, name):
        """Return the words of a selection's value."""
        return dict(self._fields[name]._description_selection(self.env)).get(self[name])
