from odoo import models

from ..mailing import addresses
from ..mailing.addresses import Recipient


class AccountMoveSendPortal(models.TransientModel):
    """What became of the window's mails: how far each has got, and who is told."""

    # One job a file; together they are one window.
    # pylint: disable=consider-merging-classes-inherited
    _inherit = "account.move.send.portal"

    # === BUSINESS METHODS - EACH MAIL === #

    def _get_deliveries(self):
        """Return how far the mail of each address has got.

        :return: By address: its `state`, `trying` or `sent`; the recipient's `kind` and
            `formatted` address; the `link_id`, whether the link `is_new`, and the
            `marks` of when it was sent before; and of a mail that was sent its
            `message_id`, whether it `is_posted` in the chatter, and whether it
            `is_put_off` by the limit of a personal mail server.
        :rtype: dict[str, dict]
        """
        # In sudo mode because it is hidden: it says which links are sent, and removed.
        return self.sudo().deliveries or {}

    def _get_delivery(self, recipient):
        """Return how far the mail of a recipient has got.

        :param Recipient recipient: The recipient.
        :return: What `_get_deliveries` tells; empty if it was not tried.
        :rtype: dict
        """
        return self._get_deliveries().get(recipient.email, {})

    def _note(self, recipient, **delivery):
        """Write how far the mail of a recipient has got.

        :param Recipient recipient: The recipient.
        :param delivery: What has changed of what `_get_deliveries` tells.
        """
        # In sudo mode because it is hidden: it says which links are sent, and removed.
        self.sudo().deliveries = {
            **self._get_deliveries(),
            recipient.email: {
                **self._get_delivery(recipient),
                "kind": recipient.kind,
                "formatted": recipient.formatted,
                **delivery,
            },
        }

    def _note_success(self, recipient, link, documents, message_id):
        """Write that the mail server took the mail of a recipient.

        :param Recipient recipient: The recipient.
        :param account.move.portal.link link: The recipient's link.
        :param tuple documents: The files that were attached, and those only offered.
        :param str message_id: The id of the mail.
        """
        link._record_sent(message_id, documents[0])
        self._note(recipient, state="sent", message_id=message_id, is_posted=False)
        for printed_sudo in self.move_id._get_portal_printed_links():
            self.move_id._open_portal_printed_link(printed_sudo)
        if self.move_id.state == "posted":
            # In sudo mode as core does it: the mark is the system's.
            self.move_id.sudo().is_move_sent = True

    def _note_failure(self, recipient, link, uncertain):
        """Write that the mail of a recipient was not taken: its link was not sent.

        :param Recipient recipient: The recipient.
        :param account.move.portal.link link: The recipient's link: kept only where the
            mail may have arrived after all, or where there was one before.
        :param bool uncertain: Whether it may.
        """
        delivery = self._get_delivery(recipient)
        link._restore_sent_marks(delivery["marks"])
        if uncertain:
            return
        if delivery["is_new"]:
            # In sudo mode because links are evidence; this one never left the house.
            link.sudo().unlink()
        # In sudo mode because it is hidden: it says which links are sent, and removed.
        self.sudo().deliveries = {
            email: delivery
            for email, delivery in self._get_deliveries().items()
            if email != recipient.email
        }

    def _get_delivered(self):
        """Return the formatted address of each who got the mail, by address.

        :rtype: dict[str, str]
        """
        return {
            email: delivery["formatted"]
            for email, delivery in self._get_deliveries().items()
            if delivery["state"] == "sent"
        }

    # === BUSINESS METHODS - ALL MAILS === #

    def _post_messages(self, documents):
        """Tell staff on the invoice of each mail that they were not told of.

        Among them are those of an attempt that broke off before it could tell.

        :param tuple documents: The files that were attached, and those only offered.
        """
        untold = {}
        for email, delivery in self._get_deliveries().items():
            if delivery["state"] == "sent" and not delivery["is_posted"]:
                untold.setdefault(delivery["message_id"], []).append(
                    Recipient(delivery["kind"], email, delivery["formatted"])
                )
        for message_id, reached in untold.items():
            self._post_message(reached, documents, message_id)
            for recipient in reached:
                self._note(recipient, is_posted=True)

    def _conclude_delivery(self, failures):
        """Tell the user how it went.

        :param dict failures: Why some did not get the mail, by address.
        :return: A confirmation, or the window again.
        :rtype: dict
        """
        self.write(
            {
                "delivery_state": "none" if failures else "sent",
                "failure": self._describe_failures(failures),
            }
        )
        return self._get_window() if failures else self._confirm()

    def _describe_failures(self, failures):
        """Say who did not get the mail, and why.

        :param dict failures: The reason for each address.
        :rtype: str
        """
        return "\n".join(f"{email}: {reason}" for email, reason in failures.items())

    def _confirm(self):
        """Return the confirmation that closes the window.

        :rtype: dict
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Payment portal link sent"),
                "message": self._describe_delivered(),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _describe_delivered(self):
        """Say who got the mail, and who gets it later.

        :rtype: str
        """
        delivered = self._get_delivered()
        put_off = {
            email: formatted
            for email, formatted in delivered.items()
            if self._get_deliveries()[email].get("is_put_off")
        }
        left = [delivered[email] for email in delivered if email not in put_off]
        sentences = []
        if left:
            sentences.append(
                self.env._("Sent to %(recipients)s.", recipients=addresses.join(left))
            )
        if put_off:
            sentences.append(
                self.env._(
                    "Your own mail server takes only so many e-mails a minute. In a"
                    " minute or two the e-mail will leave to %(recipients)s.",
                    recipients=addresses.join(put_off.values()),
                )
            )
        return " ".join(sentences)
