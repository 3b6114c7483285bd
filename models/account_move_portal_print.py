from odoo import models


class AccountMovePortalPrint(models.AbstractModel):
    """The link that is printed on an invoice's PDF: one for all who have the file.

    One file goes to several recipients, is forwarded, and is kept: what it leads to is
    a link of the document, and nobody's in particular.
    """

    _name = "account.move.portal.print"
    _description = "Invoice: the link on its PDF"

    def _get_portal_printed_links(self):
        """Return the links that are on the PDF files of these invoices.

        One that has expired is among them: it opens again when the file is sent again.

        :return: The links, in sudo mode; the latest first.
        :rtype: account.move.portal.link
        """
        # In sudo mode because an invoice's PDF shows the link to whoever may read it.
        return (
            self.env["account.move.portal.link"]
            .sudo()
            .search(
                [
                    ("move_id", "in", self.ids),
                    ("audience", "=", "document"),
                    ("revoked_on", "=", False),
                ]
            )
        )

    def _plan_portal_printed_links(self, tokens=None):
        """Return the link for the PDF of each invoice that can be paid online.

        Nothing is stored: a file that is only looked at leaves no link behind.

        :param dict|None tokens: Tokens of new links, by the id of the invoice; a new
            one is made where there is none.
        :return: By invoice: the link that there is, or a new record, in sudo mode.
        :rtype: dict[account.move, account.move.portal.link]
        """
        tokens = tokens or {}
        payable = self.filtered(lambda move: move._is_payable_on_portal())
        links_sudo = payable._get_portal_printed_links()
        existing = {link.move_id.id: link for link in reversed(links_sudo)}
        return {
            move: existing.get(move.id)
            or links_sudo.new(
                {
                    "move_id": move.id,
                    "audience": "document",
                    "token": tokens.get(move.id) or links_sudo._make_token(),
                }
            )
            for move in payable
        }

    def _open_portal_printed_link(self, link_sudo):
        """Make the link on the invoice's PDF open something.

        Note: `self.ensure_one()`

        :param account.move.portal.link link_sudo: The link, as it was planned.
        :return: The link, as it is stored.
        :rtype: account.move.portal.link
        """
        self.ensure_one()
        if not link_sudo.id:
            return link_sudo.create(
                {
                    "move_id": self.id,
                    "audience": "document",
                    "token": link_sudo.token,
                }
            )
        if not link_sudo._is_live():
            link_sudo.expires_on = link_sudo._get_default_expiry()
        return link_sudo

    def _note_portal_print_sent(self):
        """Note that the PDF files of these invoices are being sent now."""
        for link_sudo in self._get_portal_printed_links():
            link_sudo.move_id._open_portal_printed_link(link_sudo)
            link_sudo._set_sent()
