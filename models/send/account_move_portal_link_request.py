from odoo import fields, models
from odoo.tools import formataddr


class AccountMovePortalLinkRequest(models.Model):
    """The email that answers a request for a new link."""

    _inherit = "account.move.portal.link.request"

    delivery_ids = fields.One2many(
        comodel_name="account.move.portal.delivery",
        inverse_name="request_id",
        string="Emails",
    )

    def _send_fresh_link(self, recipient):
        """Override to have a fresh link emailed.

        :param res.partner recipient: The contact.
        """
        result = super()._send_fresh_link(recipient)
        delivery = self._find_uncertain_delivery(recipient)
        if delivery:  # Who asks again did not get it: the same once more.
            delivery.request_id = self
            delivery._set_waiting(is_queued=True)
        else:
            delivery = delivery.create(self._prepare_delivery(recipient))
        delivery._wake_queue()
        return result

    def _find_uncertain_delivery(self, recipient):
        """Return the email with a fresh link that may have arrived, or not.

        :param res.partner recipient: The contact.
        :return: The latest whose link still works; empty if there is none.
        :rtype: account.move.portal.delivery
        """
        deliveries = self.env["account.move.portal.delivery"].search(
            [
                ("move_id", "=", self.move_id.id),
                ("kind", "=", "new_link"),
                ("email", "=", recipient._get_portal_emails()[0]),
                ("state", "=", "uncertain"),
                ("link_id.state", "=", "live"),
            ],
            limit=1,
        )
        return deliveries

    def _prepare_delivery(self, recipient):
        """Prepare the values of the email with a fresh link.

        :param res.partner recipient: The contact.
        :return: The values of a delivery.
        :rtype: dict
        """
        lang = self.move_id._get_portal_lang(recipient)
        move = self.move_id.with_context(lang=lang)
        email = recipient._get_portal_emails()[0]
        return {
            "kind": "new_link",
            "request_id": self.id,
            "move_id": move.id,
            "email": email,
            "formatted": formataddr((recipient._get_portal_name(), email)),
            "is_queued": True,
            "lang": lang,
            "subject": move.env._(
                "%(company)s: Your new link to invoice %(number)s",
                company=move.company_id.name,
                number=move.name,
            ),
            "body": move.env["ir.qweb"]._render(
                "account_payment_portal.mail_new_link_text",
                {"move": move, "recipient": recipient},
                lang=lang,
                minimal_qcontext=True,
            ),
        }
