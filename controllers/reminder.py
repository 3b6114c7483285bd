from odoo import http

from .common import link_route, render


class PortalReminder(http.Controller):
    """Where a recipient declines reminders. Invoices are still sent."""

    @link_route("reminders", save_session=False)
    def portal_reminders(self, link_sudo, **_kwargs):
        """Ask whether reminders shall stop.

        What programs at the recipient's fetch must not stop anything.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The page.
        :rtype: odoo.http.Response
        """
        return self._render_page(link_sudo)

    # The token authorizes it: mail programs post it without a session (RFC 8058).
    @link_route("reminders", methods=["POST"], csrf=False, save_session=False)
    def portal_decline_reminders(self, link_sudo, **_kwargs):
        """Stop the reminders to the recipient of a link.

        :param account.move.portal.link link_sudo: The link, in sudo mode.
        :return: The page that says so.
        :rtype: odoo.http.Response
        """
        link_sudo._decline_reminders()
        return self._render_page(link_sudo)

    @staticmethod
    def _render_page(link_sudo):
        declines_sudo = link_sudo.env["account.move.portal.reminder.decline"]
        return render(
            "account_payment_portal.reminders_page",
            {
                "link_sudo": link_sudo,
                "is_declined": declines_sudo._is_declined(link_sudo),
            },
        )
